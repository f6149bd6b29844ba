package optim

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

// valley is Rosenbrock's function of two parameters, whose least is at (1, 1), and how often
// it was evaluated.
type valley struct {
	x, y        autograd.Variable
	tape        *autograd.Tape
	evaluations int
	losses      []float64
}

func newValley(dtype autograd.DType) *valley {
	return &valley{
		x:    autograd.Parameter(autograd.New([]float64{-1.2}).AsType(dtype)),
		y:    autograd.Parameter(autograd.Scalar(1.0).AsType(dtype)),
		tape: autograd.NewTape(autograd.TapeConfig{}),
	}
}

func (v *valley) evaluate() (float64, autograd.Gradients) {
	v.evaluations++
	v.tape.Reset()
	x, y := v.tape.Watch(v.x), v.tape.Watch(v.y)
	loss := x.SubScalar(1).Square().Add(y.Sub(x.Square()).Square().MulScalar(100)).Sum()
	v.losses = append(v.losses, loss.Item())
	return loss.Item(), loss.Backward()
}

func TestLBFGSMinimize(t *testing.T) {
	for dtype, tolerance := range map[autograd.DType]float64{autograd.Float64: 1e-8, autograd.Float32: 2e-3} {
		v := newValley(dtype)
		optimizer := NewLBFGS(named(v.x, v.y), LBFGSConfig{Iterations: 1})
		before := math.Inf(1)
		for range 60 {
			loss, err := optimizer.Minimize(v.evaluate)
			if err != nil {
				t.Fatal(err)
			}
			if !(loss <= before) {
				t.Errorf("%v: the loss rose from %v to %v", dtype, before, loss)
			}
			before = loss
		}
		if x, y := v.x.Item(), v.y.Item(); !(math.Abs(x-1) <= tolerance && math.Abs(y-1) <= tolerance) {
			t.Errorf("%v: ended at (%v, %v), want (1, 1)", dtype, x, y)
		}
	}
	v := newValley(autograd.Float64)
	if loss, err := NewLBFGS(named(v.x, v.y), LBFGSConfig{Iterations: 100}).Minimize(v.evaluate); err != nil || !(loss < 1e-12) || v.evaluations > 80 {
		t.Errorf("in one call: %v, %v after %d evaluations", loss, err, v.evaluations)
	}
}

// On a quadratic function of n dimensions it needs hardly more than n steps.
func TestLBFGSOfQuadratic(t *testing.T) {
	const n = 12
	w := autograd.Parameter(autograd.Zeros(autograd.Float64, n))
	scale := autograd.Arange(autograd.Float64, 1, n+1, 1)
	target := scale.Sin()
	tape := autograd.NewTape(autograd.TapeConfig{})
	steps := 0
	optimizer := NewLBFGS(named(w), LBFGSConfig{Iterations: 1})
	for ; steps < 3*n && target.Sub(w.Detach()).Norm().Item() > 1e-6; steps++ {
		_, err := optimizer.Minimize(func() (float64, autograd.Gradients) {
			tape.Reset()
			loss := tape.Watch(w).Sub(target).Square().Mul(scale).Sum()
			return loss.Item(), loss.Backward()
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if steps > 2*n {
		t.Errorf("%d steps were not enough", steps)
	}
}

// Steps of a fixed rate go the same way: the first is that of gradient descent.
func TestLBFGSStep(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1, 1}))
	optimizer := NewLBFGS(named(w), LBFGSConfig{LR: 0.5})
	step := func() {
		loss := autograd.NewTape(autograd.TapeConfig{}).Watch(w).Square().Mul(autograd.New([]float64{1, 0.125})).Sum()
		optimizer.Step(loss.Backward())
	}
	step() // gradient [2, 0.25], no element moves by more than 0.5
	if err := compare(w.Floats(), []float64{0.5, 1 - 0.0625}); err != nil {
		t.Error(err)
	}
	for range 40 {
		step()
	}
	if most := vector([]autograd.Variable{w}).greatest(); !(most < 1e-6) {
		t.Errorf("after 40 more steps the greatest element is %v", most)
	}
}

// Where the loss is not finite the search comes back.
func TestLBFGSComesBackFromNaN(t *testing.T) {
	w := autograd.Parameter(autograd.Scalar(1e-3))
	tape := autograd.NewTape(autograd.TapeConfig{})
	loss, err := NewLBFGS(named(w), LBFGSConfig{LR: 1000, Iterations: 50}).Minimize(func() (float64, autograd.Gradients) {
		tape.Reset()
		x := tape.Watch(w)
		loss := x.Sub(x.Log()).Sub(autograd.Scalar(2.0).Sub(x).Log()) // least at 2−√2, NaN beyond 2
		return loss.Item(), loss.Backward()
	})
	if err != nil || !(math.Abs(w.Item()-(2-math.Sqrt2)) < 1e-5) {
		t.Errorf("ended at %v with loss %v, %v", w.Item(), loss, err)
	}
}

func TestLBFGSErrors(t *testing.T) {
	w, other := parameters(2, 1)
	optimizer := NewLBFGS(named(w), LBFGSConfig{})
	of := func(loss float64, w autograd.Variable) func() (float64, autograd.Gradients) {
		return func() (float64, autograd.Gradients) {
			return loss, gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{1})
		}
	}
	if loss, err := optimizer.Minimize(of(math.NaN(), w)); err == nil || !strings.Contains(err.Error(), "NaN") || !math.IsNaN(loss) || w.Item() != 2 {
		t.Errorf("a loss of NaN: got %v and %v, the parameter is %v", loss, err, w.Item())
	}
	// The gradient is wrong: the loss does not fall.
	if loss, err := optimizer.Minimize(of(1, w)); loss != 1 || err != nil || w.Item() != 2 {
		t.Errorf("a loss that does not fall: got %v and %v, the parameter is %v", loss, err, w.Item())
	}
	for _, call := range []func(){
		func() { optimizer.Minimize(of(1, other)) },
		func() {
			optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{other}, []float64{1}))
		},
	} {
		var e *autograd.ValueError
		if err := autograd.Try(call); !errors.As(err, &e) || !strings.Contains(e.Reason, "another model") {
			t.Errorf("another model's gradients: got %v", err)
		}
	}
}

// What is restored goes on to the same bits, also when the memory is full.
func TestLBFGSRestore(t *testing.T) {
	config := LBFGSConfig{Iterations: 1, History: 3}
	for _, at := range []int{0, 1, 2, 5, 9} {
		v, w := newValley(autograd.Float64), newValley(autograd.Float64)
		whole := NewLBFGS(named(v.x, v.y), config)
		minimize := func(o *LBFGS, v *valley, n int) {
			for range n {
				if _, err := o.Minimize(v.evaluate); err != nil {
					t.Fatal(err)
				}
			}
		}
		minimize(whole, v, at)
		resumed := NewLBFGS(named(w.x, w.y), config)
		minimize(resumed, w, 2)
		w.x.CopyFrom(v.x)
		w.y.CopyFrom(v.y)
		if err := resumed.Restore(saved(whole)); err != nil {
			t.Fatal(err)
		}
		v.losses, w.losses = nil, nil
		minimize(whole, v, 6)
		minimize(resumed, w, 6)
		bits := func(o *LBFGS) map[string]string {
			bits := map[string]string{}
			for name, v := range o.State() {
				bits[name] = fmt.Sprintf("%x", v.Floats())
			}
			return bits
		}
		if diff := cmp.Diff(bits(whole), bits(resumed)); diff != "" || !slices.Equal(v.losses, w.losses) {
			t.Errorf("saved after %d steps: losses %v, resumed %v (-whole +resumed):\n%s", at, v.losses, w.losses, diff)
		}
	}
}

// The memory is the last steps and what they did to the gradient.
func TestLBFGSMemory(t *testing.T) {
	const history = 3
	v := newValley(autograd.Float64)
	o := NewLBFGS(named(v.x, v.y), LBFGSConfig{Iterations: 1, History: history})
	type point struct{ x, y, gradX, gradY float64 }
	var points []point
	for range 8 {
		_, grads := v.evaluate()
		points = append(points, point{v.x.Item(), v.y.Item(), grads.Of(v.x).Item(), grads.Of(v.y).Item()})
		if _, err := o.Minimize(v.evaluate); err != nil {
			t.Fatal(err)
		}
		state := saved(o)
		pairs := int(state["lbfgs.history"].Item())
		if want := min(history, len(points)-1); pairs != want {
			t.Fatalf("%d pairs after %d steps, want %d", pairs, len(points), want)
		}
		for i := range pairs { // the last step is not among them yet
			at := len(points) - pairs + i
			p, q, n := points[at-1], points[at], fmt.Sprint(i)
			got := []float64{
				state["a.old_stps."+n].Item(), state["b.old_stps."+n].Item(), state["a.old_dirs."+n].Item(), state["b.old_dirs."+n].Item(),
			}
			if err := compare(got, []float64{q.x - p.x, q.y - p.y, q.gradX - p.gradX, q.gradY - p.gradY}); err != nil {
				t.Errorf("after %d steps, pair %d: %v", len(points), i, err)
			}
		}
	}
}

func TestLBFGSRestoreErrors(t *testing.T) {
	v := newValley(autograd.Float64)
	o := NewLBFGS(named(v.x, v.y), LBFGSConfig{Iterations: 4, History: 3})
	if _, err := o.Minimize(v.evaluate); err != nil {
		t.Fatal(err)
	}
	state := saved(o)
	before := fmt.Sprint(state)
	changed := maps.Clone(state)
	delete(changed, "a.old_stps.1")
	delete(changed, "b.step")
	changed["b.d"] = autograd.New([]float64{1, 2})
	changed["b.old_dirs.7"] = changed["b.prev_grad"]
	want := StateError{
		Missing: []string{"b.step", "a.old_stps.1"}, Unknown: []string{"b.old_dirs.7"}, Wrong: []string{"b.d (float64 [2], expected float64 [])"},
	}
	var e *StateError
	if err := o.Restore(changed); !errors.As(err, &e) {
		t.Fatalf("got %v, expected a StateError", err)
	}
	if diff := cmp.Diff(want, *e); diff != "" || fmt.Sprint(saved(o)) != before {
		t.Errorf("(-want +got):\n%s", diff)
	}
	changed = maps.Clone(state)
	changed["lbfgs.history"] = autograd.Scalar(1e9)
	if err := o.Restore(changed); !errors.As(err, &e) || !strings.Contains(err.Error(), "from 0 to 3") {
		t.Errorf("a memory of a billion steps: got %v", err)
	}
}
