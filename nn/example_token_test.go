package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

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

// The sum of the rows of two tokens, and of one.
func ExampleEmbeddingBag_Lookup() {
	bag := nn.NewEmbeddingBag(rand.New(rand.NewPCG(1, 2)), 3, 2, nn.EmbeddingBagConfig{Mode: nn.BagSum, DType: autograd.Float64})
	bag.Weight.CopyFrom(autograd.New([]float64{1, 10, 2, 20, 3, 30}, 3, 2))
	fmt.Println(bag.Lookup(nil, [][]int{{0, 2}, {1}}).Floats())
	// Output:
	// [4 40 2 20]
}
