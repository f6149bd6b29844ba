package nn_test

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Elements are dropped in training only.
func ExampleDropout() {
	x := autograd.Ones(autograd.Float64, 8)
	for _, training := range []bool{true, false} {
		tape := autograd.NewTape(autograd.TapeConfig{Training: training, Seed: 1})
		fmt.Println(nn.Dropout{}.Forward(tape.Const(x)).Floats())
	}
	// Output:
	// [2 0 0 0 0 0 0 2]
	// [1 1 1 1 1 1 1 1]
}

// Whole channels are dropped, here of two elements each.
func ExampleDropout1d() {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 1})
	x := tape.Const(autograd.Ones(autograd.Float64, 1, 3, 2))
	fmt.Println(nn.Dropout1d{}.Forward(x).Floats())
	// Output:
	// [2 2 0 0 0 0]
}

// The others are scaled, so that the expected value stays.
func ExampleDropout2d() {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 1})
	x := tape.Const(autograd.Ones(autograd.Float64, 2, 2, 1, 2))
	fmt.Println(nn.Dropout2d{P: 0.2}.Forward(x).Floats())
	// Output:
	// [1.25 1.25 0 0 0 0 1.25 1.25]
}

// Of volumes.
func ExampleDropout3d() {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 1})
	x := tape.Const(autograd.Ones(autograd.Float64, 1, 3, 1, 2, 2))
	fmt.Println(nn.Dropout3d{}.Forward(x).Floats())
	// Output:
	// [2 2 2 2 0 0 0 0 0 0 0 0]
}

// What is dropped becomes what SELU tends to on the left, scaled so that mean and
// variance stay.
func ExampleAlphaDropout() {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 1})
	x := tape.Const(autograd.Normal(rand.New(rand.NewPCG(1, 2)), autograd.Float64, 0, 1, 1000, 100))
	y := nn.AlphaDropout{P: 0.2}.Forward(x)
	fmt.Printf("%.1f %.1f\n", math.Abs(y.Mean().Item()), y.Var().Item())
	// Output:
	// 0.0 1.0
}
