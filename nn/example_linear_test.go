package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Three features become two. Weights are drawn from the random source; here they are set.
func ExampleLinear() {
	linear := nn.NewLinear(rand.New(rand.NewPCG(1, 2)), 3, 2, nn.LinearConfig{DType: autograd.Float64})
	linear.Weight.CopyFrom(autograd.New([]float64{1, 0, 0, 0, 1, 1}, 2, 3))
	linear.Bias.CopyFrom(autograd.New([]float64{10, 20}))
	x := autograd.New([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	fmt.Println(linear.Forward(x))
	// Output:
	// float64 [2 2] linear
	// [[11 25]
	//  [14 31]]
}

// A score for two vectors, such as of a question and an answer.
func ExampleBilinear() {
	bilinear := nn.NewBilinear(rand.New(rand.NewPCG(1, 2)), 2, 2, 1, nn.BilinearConfig{NoBias: true, DType: autograd.Float64})
	bilinear.Weight.CopyFrom(autograd.New([]float64{1, 0, 0, 1}, 1, 2, 2)) // of the dot product
	a, b := autograd.New([]float64{1, 2}, 1, 2), autograd.New([]float64{3, 4}, 1, 2)
	fmt.Println(bilinear.ForwardPair(a, b).Floats())
	// Output:
	// [11]
}

// The Euclidean distance, and that of the sum of differences.
func ExamplePairwiseDistance() {
	a, b := autograd.New([]float64{0, 0}, 1, 2), autograd.New([]float64{3, 4}, 1, 2)
	fmt.Printf("%.3f %.3f\n", nn.PairwiseDistance{}.ForwardPair(a, b).Floats(), nn.PairwiseDistance{P: 1}.ForwardPair(a, b).Floats())
	// Output:
	// [5.000] [7.000]
}

// The cosine of the angle does not depend on lengths.
func ExampleCosineSimilarityLayer() {
	a := autograd.New([]float64{1, 0, 1, 1}, 2, 2)
	b := autograd.New([]float64{0, 5, 3, 3}, 2, 2)
	fmt.Printf("%.3f\n", nn.CosineSimilarityLayer{}.ForwardPair(a, b).Floats())
	// Output:
	// [0.000 1.000]
}
