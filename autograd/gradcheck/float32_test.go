package gradcheck_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

func narrow(xs variables) variables {
	ys := make(variables, len(xs))
	for i, x := range xs {
		ys[i] = x.AsType(autograd.Float32)
	}
	return ys
}

func TestFloat32OperationsPass(t *testing.T) {
	for _, f := range allFunctions() {
		t.Run(f.Name, func(t *testing.T) {
			variants := f.Variants()
			for seed := range seeds(20) {
				xs := narrow(f.Inputs(seed, variants[int(seed)%len(variants)]))
				if _, err := gradcheck.CheckFloat32(f.F, xs, gradcheck.Config{Seed: seed}); err != nil {
					t.Fatalf("seed %d, shapes %s: %v", seed, shapes(xs), err)
				}
			}
		})
	}
}

// What is as good as float32 can be passes: the bound grows with the sensitivity to the
// inputs and with the size of the other elements.
func TestFloat32BoundIsFair(t *testing.T) {
	tests := []struct {
		name string
		f    autograd.Func
		xs   []float32
	}{
		{"sin far out", func(xs variables) v { return xs[0].MulScalar(1.1).Sin() }, []float32{1234.5, -5678.9, 20001.3}},
		{"difference", func(xs variables) v { return xs[0].Sum().Sub(xs[0].Abs().Sum()).Exp() }, []float32{5, 7, 1, 0.1}},
		{"exp", func(xs variables) v { return xs[0].Exp() }, []float32{80, -80, 0}},
		{"underflow", func(xs variables) v { return xs[0].Exp() }, []float32{-120, -115}},
		{"sums that cancel", func(xs variables) v {
			rng := rand.New(rand.NewPCG(0, 15))
			a, b := normal(rng, 1000).AsType(xs[0].DType()), normal(rng, 1000).AsType(xs[0].DType())
			return xs[0].Mul(a).Add(xs[0].Mul(b))
		}, autograd.Normal(rand.New(rand.NewPCG(0, 14)), autograd.Float32, 0, 1, 1000).Float32s()},
		{"pole", func(xs variables) v { return xs[0].SubScalar(1).PowScalar(-1) }, []float32{1.0001, 0.9999}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := gradcheck.CheckFloat32(test.f, variables{autograd.New(test.xs)}, gradcheck.Config{}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestFloat32ErrorsAreCaught(t *testing.T) {
	// inFloat32 is the identity with a gradient that is changed only in float32.
	inFloat32 := func(change func(g []float32)) autograd.Func {
		f := &autograd.Function{
			Name:    "identity",
			Forward: func(xs variables) v { return xs[0].Clone() },
			VJP: func(xs variables, y, g v) variables {
				c := g.Clone()
				if g.DType() == autograd.Float32 {
					change(c.Float32s())
				}
				return variables{c}
			},
		}
		return func(xs variables) v { return f.Apply(xs[0]) }
	}
	some, small := []float32{1, -0.5, 0.03, 1e-6}, []float32{1e-6, 2e-6, -1e-6, 3e-6}
	tests := []struct {
		name string
		f    autograd.Func
		x    []float32
		says string
	}{
		{"one gradient off by a ten-thousandth", inFloat32(func(g []float32) { g[2] *= 1.0001 }), some, "at x[2] = 0.03"},
		{"NaN", inFloat32(func(g []float32) { g[1] = float32(math.NaN()) }), some, "float32   NaN"},
		{"infinite", inFloat32(func(g []float32) { g[1] = float32(math.Inf(-1)) }), some, "float32   -Inf"},
		{"cancellation", func(xs variables) v { return xs[0].AddScalar(1).Log() }, small, "y["},
		{"overflow", func(xs variables) v { return xs[0].AddScalar(90).Exp().Log() }, some, "float32   +Inf"},
		{"overflow also of float64 nearby", func(xs variables) v { return xs[0].Exp() }, []float32{709.78265}, "float32   +Inf"},
		{"result in float64", func(xs variables) v { return xs[0].AsType(autograd.Float64).Exp() }, some, string(gradcheck.SameType)},
		{"result in float32", func(xs variables) v { return xs[0].AsType(autograd.Float32).Exp() }, some, string(gradcheck.SameType)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report, err := gradcheck.CheckFloat32(test.f, variables{autograd.New(test.x)}, gradcheck.Config{})
			checkCaught(t, report, err)
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("the report lacks %q:\n%v", test.says, err)
			}
		})
	}
}

func TestFloat32Options(t *testing.T) {
	f := func(xs variables) v { return xs[0].AddScalar(1).Log() }
	x := autograd.New([]float32{1, 2, 3e-7})
	report, err := gradcheck.CheckFloat32(f, variables{x}, gradcheck.Config{ATol: 1e-5, Skip: func(i, k int) bool { return k == 1 }})
	if err != nil {
		t.Fatal(err)
	}
	if report.Skipped != 1 || report.Checked != 5 {
		t.Errorf("expected 1 skipped and 5 checked: %v", report)
	}
	for _, test := range []struct {
		name   string
		f      autograd.Func
		inputs variables
		config gradcheck.Config
		says   string
	}{
		{"float64 input", f, variables{autograd.New([]float64{1})}, gradcheck.Config{}, "x is float64, expected float32"},
		{"invalid input", f, variables{{}}, gradcheck.Config{}, "x is not a usable Variable"},
		{"tolerance out of range", f, variables{x}, gradcheck.Config{RTol: 2}, "Config.RTol is 2"},
		{"forward panics", func(xs variables) v { return xs[0].T() }, variables{x}, gradcheck.Config{}, "computing the function in float64"},
		{"invalid result", func(xs variables) v { return v{} }, variables{x}, gradcheck.Config{}, "not a usable Variable"},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := gradcheck.CheckFloat32(test.f, test.inputs, test.config)
			var e *gradcheck.Error
			if report != nil || err == nil || errors.As(err, &e) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got report %v and error %v, expected an error with %q", report, err, test.says)
			}
		})
	}
}
