package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// cube is x³, with rules written in operations.
var cube = &autograd.Function{
	Name:    "cube",
	Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Square().Mul(xs[0]) },
	VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
		return []autograd.Variable{g.Mul(xs[0].Square().MulScalar(3))}
	},
	JVP: func(xs []autograd.Variable, y autograd.Variable, ts []autograd.Variable) autograd.Variable {
		return ts[0].Mul(xs[0].Square().MulScalar(3))
	},
}

func TestFunctionOfAnyOrder(t *testing.T) {
	x := autograd.New([]float64{0.5, -1.5, 2})
	f := func(xs []autograd.Variable) autograd.Variable { return cube.Apply(xs[0]) }
	gradcheck.TestWith(t, gradcheck.Config{SecondOrder: true, ForwardMode: true}, f, x)

	tape := autograd.NewTape(autograd.TapeConfig{})
	x = tape.Watch(x)
	d := cube.Apply(x).Sum()
	for _, want := range [][]float64{{0.75, 6.75, 12}, {3, -9, 12}, {6, 6, 6}} {
		grad := autograd.Grad(d, x)[0]
		if diff := cmp.Diff(want, grad.Float64s()); diff != "" {
			t.Error(diff)
		}
		d = grad.Sum()
	}
}

// A rule on slices serves first-order gradients, and says so where more is wanted.
func TestFunctionOnSlices(t *testing.T) {
	halve := &autograd.Function{
		Name: "halve",
		Forward: func(xs []autograd.Variable) autograd.Variable {
			y := xs[0].Clone()
			for i := range y.Float64s() {
				y.Float64s()[i] /= 2
			}
			return y
		},
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			half := g.Clone()
			for i := range half.Float64s() {
				half.Float64s()[i] /= 2
			}
			return []autograd.Variable{half}
		},
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.New([]float64{1, 3}))
	y := halve.Apply(x).Square().Sum()
	if diff := cmp.Diff([]float64{0.5, 1.5}, y.Backward().Of(x).Float64s()); diff != "" {
		t.Error(diff)
	}
	var tapeError *autograd.TapeError
	if err := autograd.Try(func() { autograd.Grad(y, x) }); !errors.As(err, &tapeError) || tapeError.Op != "halve" {
		t.Errorf("got %v, want a TapeError of halve", err)
	}
	if err := autograd.Try(func() {
		autograd.JVP(of(func(x autograd.Variable) autograd.Variable { return halve.Apply(x) }), []autograd.Variable{x.Clone()}, []autograd.Variable{x.Clone()})
	}); err == nil || !strings.Contains(err.Error(), "JVP") {
		t.Errorf("got %v, want an error about the missing JVP", err)
	}
}

func TestFunctionRejectsWrongRules(t *testing.T) {
	type vars = []autograd.Variable
	vjp := func(grads ...autograd.Variable) func(vars, autograd.Variable, autograd.Variable) vars {
		return func(vars, autograd.Variable, autograd.Variable) vars { return grads }
	}
	jvp := func(tangent autograd.Variable) func(vars, autograd.Variable, vars) autograd.Variable {
		return func(vars, autograd.Variable, vars) autograd.Variable { return tangent }
	}
	forward := func(xs vars) autograd.Variable { return xs[0].MulScalar(2) }
	two, three := autograd.Ones(autograd.Float64, 2), autograd.Ones(autograd.Float64, 3)
	narrow := autograd.Ones(autograd.Float32, 2)
	for _, test := range []struct {
		name     string
		function autograd.Function
		forward  bool // in forward mode
		want     string
	}{
		{"no forward", autograd.Function{VJP: vjp(two)}, false, "needs Forward and VJP"},
		{"no rule", autograd.Function{Forward: forward}, false, "needs Forward and VJP"},
		{"too many gradients", autograd.Function{Forward: forward, VJP: vjp(two, two)}, false, "2 gradients for 1 operand"},
		{"gradient of another shape", autograd.Function{Forward: forward, VJP: vjp(three)}, false, "another shape than operand 0"},
		{"gradient of another type", autograd.Function{Forward: forward, VJP: vjp(narrow)}, false, "another type than operand 0"},
		{"tangent of another shape", autograd.Function{Forward: forward, VJP: vjp(two), JVP: jvp(three)}, true, "JVP returned a tangent of another shape"},
		{"tangent of another type", autograd.Function{Forward: forward, VJP: vjp(two), JVP: jvp(narrow)}, true, "JVP returned a tangent of another type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := &test.function
			f.Name = "wrong"
			apply := func(xs vars) autograd.Variable { return f.Apply(xs[0]) }
			err := autograd.Try(func() {
				if test.forward {
					autograd.JVP(apply, vars{two}, vars{two})
				} else {
					autograd.VJP(apply, vars{two}, two)
				}
			})
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "wrong") {
				t.Errorf("got %v, want an error of the function that says %q", err, test.want)
			}
		})
	}
	// The zero Variable is a tangent of zero.
	zero := &autograd.Function{Name: "zero", Forward: forward, VJP: vjp(autograd.Variable{}), JVP: jvp(autograd.Variable{})}
	_, tangent := autograd.JVP(func(xs vars) autograd.Variable { return zero.Apply(xs[0]) }, vars{two}, vars{two})
	if diff := cmp.Diff([]float64{0, 0}, tangent.Float64s()); diff != "" {
		t.Error(diff)
	}
}

func ExampleFunction() {
	// The straight-through estimator: rounding whose derivative is taken to be 1.
	round := &autograd.Function{
		Name: "round",
		Forward: func(xs []autograd.Variable) autograd.Variable {
			y := xs[0].Clone()
			for i, v := range y.Float64s() {
				y.Float64s()[i] = math.Round(v)
			}
			return y
		},
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			return []autograd.Variable{g}
		},
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.New([]float64{0.4, 1.7}))
	y := round.Apply(x).Square()
	fmt.Println(y.Float64s(), y.Sum().Backward().Of(x).Float64s())
	// Output:
	// [0 4] [0 4]
}
