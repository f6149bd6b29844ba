package gradcheck_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/internal/operations"
)

// Right gradients pass, whatever the seed: a false alarm would teach people to ignore
// the checker.

type v = autograd.Variable

func of(f func(x v) v) autograd.Func { return func(xs variables) v { return f(xs[0]) } }

// allFunctions are the operations and compositions of them: the same Variable in several
// places, in none, and functions of several steps.
func allFunctions() []operations.Row {
	return append(operations.Table(),
		operations.Row{Name: "x·x", F: of(func(x v) v { return x.Mul(x) })},
		operations.Row{Name: "x used five times", F: of(func(x v) v { return x.Mul(x).Add(x.Sin().Mul(x)).Sub(x) })},
		operations.Row{Name: "one input unused", F: func(xs variables) v { return xs[1].Exp() }, Shapes: [][][]int{{{2}, {3}}}},
		operations.Row{Name: "identity", F: of(func(x v) v { return x })},
		operations.Row{Name: "no elements", F: of(func(x v) v { return x.Exp().Sum() }), Shapes: [][][]int{{{0, 3}}}},
		operations.Row{Name: "network", F: func(xs variables) v {
			h := autograd.Linear(xs[0], xs[1], xs[2]).Tanh()
			return autograd.SoftmaxCrossEntropy(h.MatMul(xs[3]), []int{0, 1}).Mean()
		}, Shapes: [][][]int{{{2, 3}, {3, 3}, {3}, {3, 2}}}},
	)
}

func TestRightGradientsPass(t *testing.T) {
	for _, f := range allFunctions() {
		t.Run(f.Name, func(t *testing.T) {
			variants := f.Variants()
			for seed := range seeds(24) {
				config := gradcheck.Config{
					Seed: seed, Kinks: f.Kinks, ForwardMode: true,
					SecondOrder: seed%8 == 0,
					Mode:        gradcheck.Full + gradcheck.Mode(seed%4/3),
				}
				checkRight(t, f.F, f.Inputs(seed, variants[int(seed)%len(variants)]), config)
			}
		})
	}
}

// seeds is how many seeds to try: fewer where time is short.
func seeds(many uint64) uint64 {
	if testing.Short() {
		return (many + 7) / 8
	}
	return many
}

// checkRight fails unless the check passes with nothing unreliable.
func checkRight(t *testing.T, f autograd.Func, inputs variables, config gradcheck.Config) {
	t.Helper()
	report, err := gradcheck.Check(f, inputs, config)
	var e *gradcheck.Error
	switch {
	case errors.As(err, &e) && e.Report.Skipped > 0 && e.Report.Checked == 0:
		// All elements happened to be near a kink.
	case err != nil:
		t.Fatalf("%s, shapes %s: %v", name(config), shapes(inputs), err)
	case report.Unreliable > 0:
		t.Fatalf("%s, shapes %s: %v", name(config), shapes(inputs), report)
	}
}

func name(o gradcheck.Config) string {
	return fmt.Sprintf("seed %d, %v, second order %v", o.Seed, o.Mode, o.SecondOrder)
}

func shapes(xs variables) string {
	s := make([][]int, len(xs))
	for i, x := range xs {
		s[i] = x.Shape()
	}
	return fmt.Sprint(s)
}

// Maximum, Minimum, Max, Min and Where of random numbers meet no kink but by chance;
// the same goes for the sizes of functions: large and small values pass as well.
func TestRightGradientsOfAnySizePass(t *testing.T) {
	tests := []struct {
		name string
		f    autograd.Func
		xs   []float64
	}{
		{"square", func(xs variables) v { return xs[0].Square() }, []float64{1e6, -3e8, 1e-9, 0, 1e150}},
		{"exp", func(xs variables) v { return xs[0].Exp() }, []float64{-300, -30, 0, 30, 300}},
		{"sin far out", func(xs variables) v { return xs[0].Sin() }, []float64{120, -1000, 1e5}},
		{"log of small numbers", func(xs variables) v { return xs[0].Log() }, []float64{1e-8, 1e-3, 1e3, 1e-100}},
		{"sqrt of small numbers", func(xs variables) v { return xs[0].Sqrt() }, []float64{1e-12, 1e-4, 1e8}},
		{"reciprocal", func(xs variables) v { return xs[0].PowScalar(-1) }, []float64{1e-5, -1e-2, 1e4}},
		{"steep", func(xs variables) v { return xs[0].MulScalar(1000).Tanh() }, []float64{0, 1e-4, -2e-3, 5e-3}},
		{"oscillating", func(xs variables) v { return xs[0].MulScalar(5000).Sin() }, []float64{0.3, 2, -1}},
		{"huge result", func(xs variables) v { return xs[0].MulScalar(1e200) }, []float64{1, -2}},
		{"tiny result", func(xs variables) v { return xs[0].MulScalar(1e-200) }, []float64{1, -2}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			checkRight(t, test.f, variables{autograd.New(test.xs)}, gradcheck.Config{Mode: gradcheck.Full})
		})
	}
}
