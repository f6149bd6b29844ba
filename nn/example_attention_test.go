package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

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

// Two sequences, the second of which is two positions shorter than the first.
func ExampleTransformerEncoderLayer_Encode() {
	layer := nn.NewTransformerEncoderLayer(rand.New(rand.NewPCG(1, 2)), 8, 2, nn.TransformerConfig{FeedForward: 16})
	x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 1, 2, 4, 8)
	keep := autograd.New([]float32{1, 1, 1, 1, 1, 1, 0, 0}, 2, 4)
	fmt.Println(layer.Encode(x, nn.AttentionInput{KeyKeep: keep}).Shape())
	// Output:
	// [2 4 8]
}

// A stack of layers in which no position sees what is after it.
func ExampleTransformerEncoder_Encode() {
	encoder := nn.NewTransformerEncoder(rand.New(rand.NewPCG(1, 2)), 2, 8, 4, nn.TransformerConfig{FeedForward: 32})
	x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 1, 2, 5, 8)
	fmt.Println(encoder.Encode(x, nn.AttentionInput{Causal: true}).Shape())
	// Output:
	// [2 5 8]
}

// Three positions of a translation, which see those before them and the whole of the
// seven of the text.
func ExampleTransformerDecoderLayer_Decode() {
	layer := nn.NewTransformerDecoderLayer(rand.New(rand.NewPCG(1, 2)), 8, 2, nn.TransformerConfig{FeedForward: 16})
	rng := rand.New(rand.NewPCG(3, 4))
	translation, text := autograd.Normal(rng, autograd.Float32, 0, 1, 1, 3, 8), autograd.Normal(rng, autograd.Float32, 0, 1, 1, 7, 8)
	y := layer.Decode(translation, text, nn.DecoderInput{Self: nn.AttentionInput{Causal: true}})
	fmt.Println(y.Shape())
	// Output:
	// [1 3 8]
}
