package gradcheck_test

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// A hand-written operation with a factor missing in its backward rule.
func ExampleCheck() {
	square := &autograd.Function{
		Name:    "square",
		Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Mul(xs[0]) },
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			return []autograd.Variable{g.Mul(xs[0])} // should be g·2x
		},
	}
	x := autograd.New([]float64{0.5, -1.25})
	_, err := gradcheck.Check(func(xs []autograd.Variable) autograd.Variable {
		return square.Apply(xs[0]).Sum()
	}, []autograd.Variable{x}, gradcheck.Config{})
	fmt.Println(err)
	// Output:
	// gradcheck: 2 of 2 derivatives wrong, full Jacobian 1×2, seed 0
	//   ∂y/∂x[1] at x[1] = -1.25
	//       analytic  -1.25
	//       numeric   -2.5 ± 8e-13 (six points, steps 9.8e-04 and 4.9e-04)
	//       difference 1.2e+00 (allowed 2.5e-07), relative 5.0e-01
	//   ∂y/∂x[0] at x[0] = 0.5
	//       analytic  0.5
	//       numeric   1 ± 8e-13 (six points, steps 9.8e-04 and 4.9e-04)
	//       difference 5.0e-01 (allowed 1.0e-07), relative 5.0e-01
	//   pattern: the gradient of x is 0.5 times what it should be in every wrong entry
}

// What passes, too, can be looked at. A kink is pointed out, and is not an error.
func ExampleCheck_kink() {
	x := autograd.New([]float64{-1, 0, 1})
	report, err := gradcheck.Check(func(xs []autograd.Variable) autograd.Variable {
		return xs[0].ReLU()
	}, []autograd.Variable{x}, gradcheck.Config{})
	fmt.Println(err)
	fmt.Println(report)
	// Output:
	// <nil>
	// gradcheck: 8 derivatives right, 1 unreliable, full Jacobian 3×3, seed 0
	//   unreliable: ∂y[1]/∂x[1] at x[1] = 0: kink or jump
}

// A rule that detaches what it should not has right first derivatives only.
func ExampleOptions_secondOrder() {
	exp := &autograd.Function{
		Name:    "exp",
		Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Exp() },
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			return []autograd.Variable{g.Mul(y.Detach())}
		},
	}
	f := func(xs []autograd.Variable) autograd.Variable { return exp.Apply(xs[0]) }
	x := autograd.Scalar(0.0)
	_, err := gradcheck.Check(f, []autograd.Variable{x}, gradcheck.Config{})
	fmt.Println("first order:", err)
	report, _ := gradcheck.Check(f, []autograd.Variable{x}, gradcheck.Config{SecondOrder: true})
	for _, e := range report.WrongEntries {
		fmt.Printf("second order: with respect to %s: analytic %.3g, |error| is %.0f %% of it\n",
			e.Input, e.Analytic, 100*e.RelError())
	}
	for _, p := range report.Patterns {
		fmt.Println(p)
	}
	// Output:
	// first order: <nil>
	// second order: with respect to x: analytic 0, |error| is 100 % of it
	// the gradient of x is 0 in every wrong entry: a term is missing, or no path leads from the result to x
}

// float32 is compared with float64 rather than with differences. Here the logarithm of
// 1+x loses what x has of small digits.
func ExampleCheckFloat32() {
	x := autograd.New([]float32{1e-6})
	report, err := gradcheck.CheckFloat32(func(xs []autograd.Variable) autograd.Variable {
		return xs[0].AddScalar(1).Log()
	}, []autograd.Variable{x}, gradcheck.Config{})
	fmt.Println("failed:", err != nil)
	for _, e := range report.WrongEntries {
		fmt.Printf("%s%v is %.1e in float32 and %.1e in float64\n", e.Output, e.OutputIndex, e.Analytic, e.Numeric)
	}
	// Output:
	// failed: true
	// y[0] is 9.5e-07 in float32 and 1.0e-06 in float64
}

// straight is a model with two parameters.
type straight struct{ slope, offset autograd.Variable }

func (s straight) Params() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		_ = yield("slope", s.slope) && yield("offset", s.offset)
	}
}

// All parameters of a model are checked by name, and its inputs, in float64.
func ExampleCheckModel() {
	model := straight{
		slope:  autograd.Parameter(autograd.Scalar[float32](0.8)),
		offset: autograd.Parameter(autograd.Scalar[float32](0.1)),
	}
	report, err := gradcheck.CheckModel(gradcheck.Model{
		Params: model.Params(),
		Inputs: []autograd.Variable{autograd.New([]float32{1, 2, 3})},
		Data:   []autograd.Variable{autograd.New([]float32{1, 3, 2})}, // targets
		Forward: func(_ *autograd.Tape, xs []autograd.Variable) autograd.Variable {
			predicted := xs[0].Mul(model.slope).Add(model.offset)
			return predicted.Sub(xs[1]).Square().Mean()
		},
	}, gradcheck.Config{})
	fmt.Println(report, err)
	// Output:
	// gradcheck: 5 derivatives right, full Jacobian 1×5, seed 0 <nil>
}
