package optim_test

import (
	"fmt"
	"maps"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// The least of Rosenbrock's banana function is at (1, 1).
func ExampleNewAdam() {
	x := autograd.Parameter(autograd.Scalar(-1.0))
	y := autograd.Parameter(autograd.Scalar(2.0))
	params := map[string]autograd.Variable{"x": x, "y": y}
	optimizer := optim.NewAdam(maps.All(params), optim.AdamConfig{LR: 0.05})
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

// The head of a model learns ten times as fast as the rest, and biases do not decay.
func ExampleGroup() {
	weights := map[string]autograd.Variable{
		"body.weight": autograd.Parameter(autograd.Zeros(autograd.Float32, 4, 4)),
		"head.weight": autograd.Parameter(autograd.Zeros(autograd.Float32, 2, 4)),
		"head.bias":   autograd.Parameter(autograd.Zeros(autograd.Float32, 2)),
	}
	params := maps.All(weights)
	head := optim.Filter(params, func(name string, _ autograd.Variable) bool { return name == "head.weight" })
	optimizer := optim.NewAdamW(params, optim.AdamConfig{LR: 1e-4}, optim.Group{Params: head, LR: 1e-3}, optim.NoDecay(params))
	for _, group := range optimizer.Groups() {
		for name := range group.Params {
			fmt.Println(name, group.LR, group.WeightDecay)
		}
	}
	// Output:
	// body.weight 0.0001 0.01
	// head.weight 0.001 0.01
	// head.bias 0.0001 0
}

func ExampleSchedule() {
	w := autograd.Parameter(autograd.Scalar(1.0))
	optimizer := optim.NewSGD(maps.All(map[string]autograd.Variable{"w": w}), optim.SGDConfig{LR: 0.1})
	schedule := optim.Warmup(1, optim.StepDecay(2, 0.1))
	for step := range 5 {
		schedule.Set(step, optimizer.Groups()...)
		fmt.Printf("%.3f ", optimizer.Groups()[0].Rate())
	}
	// Output: 0.050 0.100 0.100 0.010 0.010
}

func ExamplePlateau() {
	w := autograd.Parameter(autograd.Scalar(1.0))
	optimizer := optim.NewSGD(maps.All(map[string]autograd.Variable{"w": w}), optim.SGDConfig{LR: 0.1})
	plateau := optim.NewPlateau(optim.PlateauConfig{Patience: 1})
	for epoch, loss := range []float64{3, 2, 2.5, 2.1, 1.9} {
		if plateau.Observe(loss) {
			plateau.Set(optimizer.Groups()...)
			fmt.Println("the rate after epoch", epoch, "is", optimizer.Groups()[0].Rate())
		}
	}
	// Output: the rate after epoch 3 is 0.010000000000000002
}

// Rosenbrock's banana function again, with second derivatives as the steps show them.
func ExampleLBFGS_Minimize() {
	x := autograd.Parameter(autograd.Scalar(-1.0))
	y := autograd.Parameter(autograd.Scalar(2.0))
	optimizer := optim.NewLBFGS(maps.All(map[string]autograd.Variable{"x": x, "y": y}), optim.LBFGSConfig{Iterations: 100})
	tape := autograd.NewTape(autograd.TapeConfig{})
	_, err := optimizer.Minimize(func() (float64, autograd.Gradients) {
		tape.Reset()
		x, y := tape.Watch(x), tape.Watch(y)
		valley := y.Sub(x.Square()).Square().MulScalar(100)
		loss := x.SubScalar(1).Square().Add(valley)
		return loss.Item(), loss.Backward()
	})
	fmt.Printf("%.6f %.6f %v\n", x.Item(), y.Item(), err)
	// Output: 1.000000 1.000000 <nil>
}

// A step with three tokens of a table of a million: it visits their rows alone.
func ExampleNewSparseAdam() {
	table := autograd.Parameter(autograd.Zeros(autograd.Float32, 1_000_000, 2))
	optimizer := optim.NewSparseAdam(maps.All(map[string]autograd.Variable{"table": table}), optim.SparseAdamConfig{LR: 0.1})
	tape := autograd.NewTape(autograd.TapeConfig{})
	for range 10 {
		tape.Reset()
		x := autograd.SparseEmbedding(tape.Watch(table), []int{17, 4, 17})
		optimizer.Step(x.SubScalar(1).Square().Sum().Backward())
	}
	fmt.Printf("%.2f %.2f %.2f\n", table.At(17, 0), table.At(4, 1), table.At(5, 0))
	// Output:
	// 0.92 0.92 0.00
}
