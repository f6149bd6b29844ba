package optim_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// The least of Rosenbrock's banana function is at (1, 1).
func ExampleNewAdam() {
	x := autograd.Parameter(autograd.Scalar(-1.0))
	y := autograd.Parameter(autograd.Scalar(2.0))
	params := func(yield func(string, autograd.Variable) bool) {
		_ = yield("x", x) && yield("y", y)
	}
	optimizer := optim.NewAdam(params, optim.AdamConfig{LR: 0.05})
	tape := autograd.NewTape(autograd.TapeConfig{})
	for range 5000 {
		x, y := tape.Watch(x), tape.Watch(y)
		valley := y.Sub(x.Square()).Square().MulScalar(100)
		loss := x.SubScalar(1).Square().Add(valley)
		optimizer.Step(loss.Backward())
		tape.Reset()
	}
	fmt.Printf("%.3f %.3f\n", x.Item(), y.Item())
	// Output: 1.000 1.000
}

func ExampleClipGradNorm() {
	w := autograd.Parameter(autograd.New([]float64{3, 4}))
	tape := autograd.NewTape(autograd.TapeConfig{})
	grads := tape.Watch(w).Square().Sum().Backward()
	fmt.Println("norm", optim.ClipGradNorm(grads, 1))
	fmt.Printf("%.3f\n", grads.Of(w))
	// Output:
	// norm 10
	// float64 [2]
	// [0.600 0.800]
}
