package nn_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Layers one after the other; parameters have the number of their layer in front.
func ExampleSequential() {
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.Sequential{nn.Flatten{}, nn.NewLinear(rng, 784, 32, nn.LinearConfig{}), nn.ReLU{}, nn.NewLinear(rng, 32, 10, nn.LinearConfig{})}
	fmt.Println(model.Forward(autograd.Zeros(autograd.Float32, 16, 28, 28)).Shape())
	for name, w := range nn.Params(model) {
		fmt.Println(name, w.Shape())
	}
	// Output:
	// [16 10]
	// 1.weight [32 784]
	// 1.bias [32]
	// 3.weight [10 32]
	// 3.bias [10]
}

// An operation, or a function of one's own, as a layer.
func ExampleFunc() {
	model := nn.Sequential{
		nn.Func(autograd.Variable.Exp),
		nn.Func(func(x autograd.Variable) autograd.Variable { return x.MulScalar(2) }),
	}
	fmt.Println(model.Forward(autograd.New([]float64{0})).Floats())
	// Output:
	// [2]
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
