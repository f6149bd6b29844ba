package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// What is made of one position at a time is what the whole sequence gives.
func ExampleMultiheadAttention_Next() {
	attention := nn.NewMultiheadAttention(rand.New(rand.NewPCG(1, 2)), 4, 2, nn.MultiheadAttentionConfig{})
	x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 1, 1, 3, 4)
	whole, _ := attention.Attend(x, x, x, nn.AttentionInput{Causal: true})

	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	var cache nn.AttentionCache
	for i := range 3 {
		y, next := attention.Next(tape.Const(x.Slice(1, i, i+1)), cache, nn.AttentionInput{})
		fmt.Printf("position %d: %.3f, in the whole sequence %.3f\n", i, y.At(0, 0, 0), whole.At(0, i, 0))
		cache = next.Clone() // off the tape
		tape.Reset()
	}
	// Output:
	// position 0: -0.071, in the whole sequence -0.071
	// position 1: -0.276, in the whole sequence -0.276
	// position 2: -0.245, in the whole sequence -0.245
}

// A stack that goes on with a sequence from what it has seen.
func ExampleTransformerDecoder_Next() {
	decoder := nn.NewTransformerDecoder(rand.New(rand.NewPCG(1, 2)), 2, 8, 4, nn.TransformerConfig{FeedForward: 32})
	memory := autograd.Ones(autograd.Float32, 1, 7, 8)
	y, caches := decoder.Next(autograd.Ones(autograd.Float32, 1, 4, 8), memory, nil, nn.DecoderInput{})
	fmt.Println(y.Shape(), caches[1].Self.Len(), caches[1].Memory.Len())
	y, caches = decoder.Next(autograd.Ones(autograd.Float32, 1, 1, 8), memory, caches, nn.DecoderInput{})
	fmt.Println(y.Shape(), caches[1].Self.Len(), caches[1].Memory.Len())
	// Output:
	// [1 4 8] 4 7
	// [1 1 8] 5 7
}

// Encoder and decoder: parameters have PyTorch's names.
func ExampleTransformer_Run() {
	transformer := nn.NewTransformer(rand.New(rand.NewPCG(1, 2)), 1, 1, 8, 2, nn.TransformerConfig{FeedForward: 32})
	source, target := autograd.Ones(autograd.Float32, 2, 7, 8), autograd.Ones(autograd.Float32, 2, 5, 8)
	fmt.Println(transformer.Run(source, target, nn.TransformerInput{Target: nn.AttentionInput{Causal: true}}).Shape())
	for name, w := range nn.Params(transformer) {
		if w.Rank() == 2 {
			fmt.Println(name, w.Shape())
		}
	}
	// Output:
	// [2 5 8]
	// encoder.layers.0.self_attn.in_proj_weight [24 8]
	// encoder.layers.0.self_attn.out_proj.weight [8 8]
	// encoder.layers.0.linear1.weight [32 8]
	// encoder.layers.0.linear2.weight [8 32]
	// decoder.layers.0.self_attn.in_proj_weight [24 8]
	// decoder.layers.0.self_attn.out_proj.weight [8 8]
	// decoder.layers.0.multihead_attn.in_proj_weight [24 8]
	// decoder.layers.0.multihead_attn.out_proj.weight [8 8]
	// decoder.layers.0.linear1.weight [32 8]
	// decoder.layers.0.linear2.weight [8 32]
}

// The modules of a list are called by who holds it, as it likes.
func ExampleModuleList() {
	rng := rand.New(rand.NewPCG(1, 2))
	blocks := nn.ModuleList[*nn.Linear]{nn.NewLinear(rng, 3, 3, nn.LinearConfig{}), nn.NewLinear(rng, 3, 3, nn.LinearConfig{})}
	x := autograd.Ones(autograd.Float32, 1, 3)
	for _, block := range blocks {
		x = x.Add(block.Forward(x).ReLU())
	}
	fmt.Println(x.Shape())
	for name := range nn.Params(blocks) {
		fmt.Println(name)
	}
	// Output:
	// [1 3]
	// 0.weight
	// 0.bias
	// 1.weight
	// 1.bias
}

// Modules by name.
func ExampleModuleMap() {
	rng := rand.New(rand.NewPCG(1, 2))
	heads := nn.ModuleMap[nn.Layer]{
		"variance": nn.Sequential{nn.NewLinear(rng, 3, 1, nn.LinearConfig{}), nn.Softplus{}},
		"mean":     nn.NewLinear(rng, 3, 1, nn.LinearConfig{}),
	}
	fmt.Println(heads["mean"].Forward(autograd.Ones(autograd.Float32, 5, 3)).Shape())
	for name := range nn.Params(heads) {
		fmt.Println(name)
	}
	// Output:
	// [5 1]
	// mean.weight
	// mean.bias
	// variance.0.weight
	// variance.0.bias
}
