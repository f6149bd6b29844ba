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

// What the engine refuses comes out as an error that says where.
func TestEnginePanicsBecomeErrors(t *testing.T) {
	identity := func(vjp func(xs variables, y, g autograd.Variable) variables) autograd.Func {
		f := &autograd.Function{
			Name:    "identity",
			Forward: func(xs variables) autograd.Variable { return xs[0].Clone() },
			VJP:     vjp,
		}
		return func(xs variables) autograd.Variable { return f.Apply(xs[0]) }
	}
	x := normal(rand.New(rand.NewPCG(0, 5)), 2, 3)
	tests := []struct {
		name   string
		f      autograd.Func
		inputs variables
		config gradcheck.Config
		says   string
		as     any // target for errors.As
	}{
		{
			name: "gradient of another shape",
			f: identity(func(xs variables, y, g autograd.Variable) variables {
				return variables{g.T()}
			}),
			says: "backward pass of the function", as: new(*autograd.ShapeError),
		},
		{
			name: "gradient of another type",
			f: identity(func(xs variables, y, g autograd.Variable) variables {
				return variables{g.AsType(autograd.Float32)}
			}),
			says: "backward pass of the function", as: new(*autograd.DTypeError),
		},
		{
			name: "too few gradients",
			f:    identity(func(xs variables, y, g autograd.Variable) variables { return nil }),
			says: "backward pass of the function", as: new(*autograd.ValueError),
		},
		{
			name: "rule on slices differentiated again",
			f: identity(func(xs variables, y, g autograd.Variable) variables {
				return variables{g.Clone()}
			}),
			config: gradcheck.Config{SecondOrder: true},
			says:   "computing the gradient, to be differentiated again", as: new(*autograd.TapeError),
		},
		{
			name: "forward panics",
			f:    func(xs variables) autograd.Variable { return xs[0].MatMul(xs[0]) },
			says: "computing the function", as: new(*autograd.ShapeError),
		},
		{
			name: "float32 result",
			f:    func(xs variables) autograd.Variable { return xs[0].AsType(autograd.Float32) },
			says: "result is float32 although the inputs are float64",
		},
		{
			name: "invalid result",
			f:    func(xs variables) autograd.Variable { return autograd.Variable{} },
			says: "result is not a usable Variable",
		},
		{
			name: "result on another tape",
			f: func(xs variables) autograd.Variable {
				return autograd.NewTape(autograd.TapeConfig{}).Watch(xs[0].Clone()).Exp()
			},
			says: "another tape",
		},
		{
			name: "shape depends on values",
			f: func(xs variables) autograd.Variable {
				if xs[0].At(0, 0) == x.At(0, 0) {
					return xs[0].Exp()
				}
				return xs[0].Exp().Sum()
			},
			says: "change with the inputs",
		},
		{
			name:   "float32 input",
			f:      func(xs variables) autograd.Variable { return xs[0].Exp() },
			inputs: variables{autograd.Ones(autograd.Float32, 2)},
			says:   "x is float32: differences need float64",
		},
		{
			name:   "invalid input",
			f:      func(xs variables) autograd.Variable { return xs[0].Exp() },
			inputs: variables{x, {}},
			config: gradcheck.Config{Names: []string{"weight", "bias"}},
			says:   "bias is not a usable Variable",
		},
		{
			name:   "tolerance out of range",
			f:      func(xs variables) autograd.Variable { return xs[0].Exp() },
			config: gradcheck.Config{RTol: -1},
			says:   "Config.RTol is -1",
		},
		{
			name:   "NaN tolerance",
			f:      func(xs variables) autograd.Variable { return xs[0].Exp() },
			config: gradcheck.Config{ATol: math.NaN()},
			says:   "Config.ATol is NaN",
		},
		{
			name:   "step out of range",
			f:      func(xs variables) autograd.Variable { return xs[0].Exp() },
			config: gradcheck.Config{Step: 2},
			says:   "Config.Step is 2",
		},
		{
			name:   "unknown mode",
			f:      func(xs variables) autograd.Variable { return xs[0].Exp() },
			config: gradcheck.Config{Mode: 9},
			says:   "Config.Mode is 9",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if test.inputs == nil {
				test.inputs = variables{x}
			}
			report, err := gradcheck.Check(test.f, test.inputs, test.config)
			if report != nil || err == nil {
				t.Fatalf("got report %v and error %v, expected only an error", report, err)
			}
			if !strings.Contains(err.Error(), test.says) {
				t.Errorf("error %q lacks %q", err, test.says)
			}
			if test.as != nil && !errors.As(err, test.as) {
				t.Errorf("error %v does not wrap a %T", err, test.as)
			}
		})
	}
}
