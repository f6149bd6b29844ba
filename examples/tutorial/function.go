package main

import (
	"fmt"
	"io"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// onOurTape is f(a, b) = a·b + sin a, and its gradient, by the tape of tape.go.
func onOurTape(a, b float64) (value, gradA, gradB float64) {
	tape := &Tape{}
	x, y := tape.New(a), tape.New(b)
	f := x.Mul(y).Add(x.Sin())
	grads := f.Backward()
	return f.Float(), grads[x.index], grads[y.index]
}

// onChainrule is the same by chainrule.
func onChainrule(a, b float64) (value, gradA, gradB float64) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x, y := tape.Watch(autograd.Scalar(a)), tape.Watch(autograd.Scalar(b))
	f := x.Mul(y).Add(x.Sin())
	grads := f.Backward()
	return f.Item(), grads.Of(x).Item(), grads.Of(y).Item()
}

// compareFunction prints both, and is an error where they differ.
func compareFunction(w io.Writer) error {
	const a, b = 2, 3
	ours := [3]float64{}
	theirs := [3]float64{}
	ours[0], ours[1], ours[2] = onOurTape(a, b)
	theirs[0], theirs[1], theirs[2] = onChainrule(a, b)
	fmt.Fprintf(w, "f(a, b) = a·b + sin a at (%v, %v)\n", a, b)
	for i, name := range []string{"f", "∂f/∂a = b + cos a", "∂f/∂b = a"} {
		fmt.Fprintf(w, "  %-18s our tape %.15f, chainrule %.15f\n", name, ours[i], theirs[i])
		if !(math.Abs(ours[i]-theirs[i]) <= 1e-15*math.Abs(theirs[i])) {
			return fmt.Errorf("%s: %v and %v differ", name, ours[i], theirs[i])
		}
	}
	return nil
}

// secondDerivative is what our tape cannot do: its slopes are numbers, and where they came
// from is on no tape. In chainrule a backward pass consists of operations too.
func secondDerivative(w io.Writer) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.Scalar(2.0))
	f := x.Sin()
	first := autograd.Grad(f, x)[0]
	second := autograd.Grad(first, x)[0]
	fmt.Fprintf(w, "sin″ 2 = %.15f by chainrule, −sin 2 = %.15f\n", second.Item(), -math.Sin(2))
}
