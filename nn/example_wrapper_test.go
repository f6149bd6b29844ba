package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// A block of a residual network, in which the shortcut goes through a 1×1 convolution.
func ExampleResidual() {
	rng := rand.New(rand.NewPCG(1, 2))
	block := &nn.Residual{
		Inner: nn.Sequential{
			nn.NewConv2d(rng, 3, 8, []int{3}, nn.ConvConfig{Same: true}),
			nn.ReLU{},
			nn.NewConv2d(rng, 8, 8, []int{3}, nn.ConvConfig{Same: true}),
		},
		Shortcut: nn.NewConv2d(rng, 3, 8, []int{1}, nn.ConvConfig{}),
	}
	fmt.Println(block.Forward(autograd.Ones(autograd.Float32, 2, 3, 6, 6)).Shape())
	for name := range nn.Params(block) {
		fmt.Println(name)
	}
	// Output:
	// [2 8 6 6]
	// inner.0.weight
	// inner.0.bias
	// inner.2.weight
	// inner.2.bias
	// shortcut.weight
	// shortcut.bias
}

// A layer whose weight is trained as a length and a direction.
func ExampleNewWeightNorm() {
	linear := nn.NewLinear(rand.New(rand.NewPCG(1, 2)), 2, 1, nn.LinearConfig{DType: autograd.Float64})
	linear.Weight.CopyFrom(autograd.New([]float64{3, 4}, 1, 2))
	layer := nn.NewWeightNorm(linear, nn.WeightNormConfig{})
	for name, w := range nn.Params(layer) {
		fmt.Println(name, w.Floats())
	}
	fmt.Println(layer.Forward(autograd.New([]float64{1, 1}, 1, 2)).Item())
	// Output:
	// bias [0]
	// weight_g [5]
	// weight_v [3 4]
	// 7
}

// A layer that stretches nothing: its weight is divided by its greatest singular value, to
// which the vectors come near in training.
func ExampleNewSpectralNorm() {
	rng := rand.New(rand.NewPCG(1, 2))
	linear := nn.NewLinear(rng, 2, 2, nn.LinearConfig{NoBias: true, DType: autograd.Float64})
	linear.Weight.CopyFrom(autograd.New([]float64{4, 0, 0, 2}, 2, 2))
	layer := nn.NewSpectralNorm(rng, linear, nn.SpectralNormConfig{})
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	for range 50 {
		tape.Reset()
		layer.Forward(tape.Const(autograd.Ones(autograd.Float64, 1, 2)))
		tape.Commit()
	}
	fmt.Printf("%.3f\n", layer.Forward(autograd.Ones(autograd.Float64, 1, 2)).Floats())
	// Output:
	// [1.000 0.500]
}

// Sines and cosines of the position, of growing wavelengths.
func ExampleSinusoidalPositions() {
	positions := nn.NewSinusoidalPositions(100, 4, nn.PositionsConfig{})
	fmt.Printf("%.3f\n", positions.Forward(autograd.Zeros(autograd.Float32, 3, 4)))
	// Output:
	// float32 [3 4]
	// [[ 0.000  1.000  0.000  1.000]
	//  [ 0.841  0.540  0.010  1.000]
	//  [ 0.909 -0.416  0.020  1.000]]
}

// A vector for each position, which is trained.
func ExampleLearnedPositions() {
	positions := nn.NewLearnedPositions(rand.New(rand.NewPCG(1, 2)), 100, 4, nn.PositionsConfig{})
	fmt.Println(positions.Weight.Shape())
	fmt.Println(positions.Forward(autograd.Zeros(autograd.Float32, 2, 3, 4)).Shape())
	// Output:
	// [100 4]
	// [2 3 4]
}

// What two vectors have in common after they were turned depends on how far apart they are.
func ExampleRotaryPositions() {
	rotary := nn.NewRotaryPositions(100, 4, nn.PositionsConfig{})
	x := rotary.Forward(autograd.Ones(autograd.Float32, 100, 4))
	for _, pair := range [][2]int{{0, 3}, {90, 93}, {0, 50}} {
		fmt.Printf("%d and %d: %.3f\n", pair[0], pair[1], x.Index(pair[0]).Mul(x.Index(pair[1])).Sum().Item())
	}
	// Output:
	// 0 and 3: 0.019
	// 90 and 93: 0.019
	// 0 and 50: 3.685
}

// All weights of a model, but for those of one layer, and all biases.
func ExampleInitialize() {
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.NewTransformerEncoder(rng, 2, 4, 2, nn.TransformerConfig{FeedForward: 8})
	nn.Initialize(rng, model,
		nn.InitRule{Name: "layers.*.norm?.weight", Init: nn.Ones},
		nn.InitRule{Name: "layers.1.linear2.weight", Init: nn.Zeros},
		nn.InitRule{Name: "**.weight", Init: nn.Orthogonal(1)},
		nn.InitRule{Name: "**.*bias", Init: nn.Constant(0.1)},
	)
	fmt.Printf("%.1f %.1f\n", model.Layers[1].Linear2.Weight.At(0, 0), model.Layers[0].Linear2.Bias.At(0))
	w := model.Layers[0].Linear2.Weight // [4, 8]
	fmt.Printf("%.3f %.3f\n", w.Index(0).Square().Sum().Item(), max(0, w.Index(0).Mul(w.Index(1)).Sum().Item()))
	// Output:
	// 0.0 0.1
	// 1.000 0.000
}
