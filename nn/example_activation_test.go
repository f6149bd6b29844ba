package nn_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// A layer with an option, and the same by default.
func ExampleLeakyReLU() {
	x := autograd.New([]float64{-2, 3})
	fmt.Println(nn.LeakyReLU{}.Forward(x).Floats(), nn.LeakyReLU{Slope: 0.5}.Forward(x).Floats())
	// Output:
	// [-0.02 3] [-1 3]
}

// Elements are dropped in training only.
func ExampleDropout() {
	x := autograd.Ones(autograd.Float64, 8)
	for _, training := range []bool{true, false} {
		tape := autograd.NewTape(autograd.TapeConfig{Training: training, Seed: 1})
		fmt.Println(nn.Dropout{}.Forward(tape.Const(x)).Floats())
	}
	// Output:
	// [0 0 2 2 0 0 0 2]
	// [1 1 1 1 1 1 1 1]
}
