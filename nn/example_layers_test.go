package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// In training a batch is normalized by its own mean and variance, and running averages
// move towards them when the step is committed, as trainers do.
func ExampleBatchNorm2d() {
	norm := nn.NewBatchNorm2d(1, nn.BatchNormConfig{Momentum: 0.5})
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	x := tape.Const(autograd.New([]float32{1, 3, 5, 7}, 1, 1, 2, 2))
	fmt.Printf("%.3f\n", norm.Forward(x).Floats())
	tape.Commit()
	fmt.Println(norm.RunningMean.Item(), norm.NumBatchesTracked)
	// Output:
	// [-1.342 -0.447 0.447 1.342]
	// 2 1
}

// Two sequences, of four steps and of one, side by side; the second is padded.
func ExampleLSTM_Run() {
	lstm := nn.NewLSTM(rand.New(rand.NewPCG(1, 2)), 3, 2, nn.LSTMConfig{Bidirectional: true})
	x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 1, 2, 4, 3)
	y, state := lstm.Run(x, nn.LSTMInput{Lengths: []int{4, 1}})
	fmt.Println("outputs:", y.Shape())
	fmt.Println("final states:", state.H.Shape(), state.C.Shape())
	fmt.Println("of padding:", y.At(1, 2, 0), y.At(1, 3, 3))
	// Output:
	// outputs: [2 4 4]
	// final states: [2 2 2] [2 2 2]
	// of padding: 0 0
}

// Attention of a sequence to itself, each position to what is not after it.
func ExampleMultiheadAttention_Attend() {
	attention := nn.NewMultiheadAttention(rand.New(rand.NewPCG(1, 2)), 4, 2, nn.MultiheadAttentionConfig{})
	x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 1, 1, 3, 4)
	y, weights := attention.Attend(x, x, x, nn.AttentionInput{Causal: true, NeedWeights: true})
	fmt.Println(y.Shape())
	fmt.Println("the first position sees itself:", weights.At(0, 0, 0), weights.At(0, 0, 1), weights.At(0, 0, 2))
	// Output:
	// [1 3 4]
	// the first position sees itself: 1 0 0
}

// Tokens become rows of a table; 0 is padding.
func ExampleEmbedding_Lookup() {
	embedding := nn.NewEmbedding(rand.New(rand.NewPCG(1, 2)), 1000, 8, nn.EmbeddingConfig{Padding: []int{0}})
	tape := autograd.NewTape(autograd.TapeConfig{})
	tokens := []int{17, 4, 0, 17, 9, 9}
	x := embedding.Lookup(tape, tokens, 2, 3)
	fmt.Println(x.Shape())
	fmt.Println("padding:", x.At(0, 2, 0))
	// Output:
	// [2 3 8]
	// padding: 0
}

// Only the new head of a model is trained; files have all of it, under the same names.
func ExampleFrozen() {
	rng := rand.New(rand.NewPCG(1, 2))
	pretrained := nn.NewLinear(rng, 784, 64, nn.LinearConfig{})
	model := nn.Sequential{nn.Frozen(pretrained), nn.ReLU{}, nn.NewLinear(rng, 64, 10, nn.LinearConfig{})}
	for name, w := range nn.Params(model) {
		fmt.Println("trained:", name, w.Shape())
	}
	for name, w := range nn.Buffers(model) {
		fmt.Println("kept:", name, w.Shape())
	}
	// Output:
	// trained: 2.weight [10 64]
	// trained: 2.bias [10]
	// kept: 0.weight [64 784]
	// kept: 0.bias [64]
}

// A stack of layers in which no position sees what is after it.
func ExampleTransformerEncoder_Encode() {
	encoder := nn.NewTransformerEncoder(rand.New(rand.NewPCG(1, 2)), 2, 8, 4, nn.TransformerConfig{FeedForward: 32})
	x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 1, 2, 5, 8)
	fmt.Println(encoder.Encode(x, nn.AttentionInput{Causal: true}).Shape())
	// Output:
	// [2 5 8]
}
