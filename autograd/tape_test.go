package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
)

// vector is a float64 constant with one axis.
func vector(values ...float64) autograd.Variable { return autograd.New(values) }

func TestMisuseOfTapesPanics(t *testing.T) {
	w := autograd.Parameter(vector(1, 2))
	tests := []struct {
		name string
		f    func()
		want string
	}{
		{"two tapes", func() {
			autograd.NewTape(autograd.TapeConfig{}).Const(vector(1)).Add(autograd.NewTape(autograd.TapeConfig{}).Const(vector(1)))
		}, "two different tapes"},
		{"watch recorded", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			tape.Watch(tape.Watch(w).Square())
		}, "recorded on a tape already"},
		{"use after Reset", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			y := tape.Watch(w).Square()
			tape.Reset()
			y.Sum()
		}, "Reset"},
		{"use after Rewind", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			mark := tape.Mark()
			y := tape.Watch(w).Square()
			tape.Rewind(mark)
			y.Item()
		}, "Reset or rewound"},
		{"use after Reset though the memory is in use again", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			y := tape.Watch(w).Square()
			tape.Reset()
			tape.Watch(w).Square()
			y.Float64s()
		}, "Reset"},
		{"gradients after Reset", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			grads := tape.Watch(w).Square().Sum().Backward()
			tape.Reset()
			grads.Of(w)
		}, "Reset"},
		{"rewind to a stale mark", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			tape.Watch(w).Square()
			mark := tape.Mark()
			tape.Reset()
			tape.Rewind(mark)
		}, "reset behind it"},
		{"Backward off any tape", func() { vector(1).Square().Sum().Backward() }, "nothing was recorded"},
		{"Backward on a NoGrad tape", func() {
			autograd.NewTape(autograd.TapeConfig{NoGrad: true}).Const(vector(1)).Mul(vector(2)).Backward()
		}, "NoGrad"},
		{"Backward of a constant", func() { autograd.NewTape(autograd.TapeConfig{}).Const(vector(1)).Backward() }, "does not depend"},
		{"Grad of a constant", func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x := tape.Const(vector(1))
			autograd.Grad(x.Mul(tape.Watch(vector(2))), x)
		}, "constant"},
		{"Grad of a Variable never on the tape", func() {
			autograd.Grad(autograd.NewTape(autograd.TapeConfig{}).Watch(w).Sum(), vector(1))
		}, "never on the tape"},
		{"the zero Variable", func() { w.Add(autograd.Variable{}) }, "zero Variable"},
		{"RetainGrad of a constant", func() { vector(1).RetainGrad() }, "not recorded"},
		{"Hook on a constant", func() { vector(1).Hook(nil) }, "not recorded"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := autograd.Try(test.f)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestDetachStopsTheGradient(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(vector(3))
	y := x.Mul(x.Square().Detach()).Sum() // x·stop(x²)
	if got := y.Backward().Of(x).Item(); got != 9 {
		t.Errorf("gradient %v, want 9", got)
	}
}

func TestWatchAndConst(t *testing.T) {
	w := autograd.Parameter(vector(2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	if first := tape.Watch(w); first != tape.Watch(w) {
		t.Error("watching twice gives two leaves")
	}
	y := tape.Const(w).Mul(w).Sum() // the first factor is held constant
	grads := y.Backward()
	if got := grads.Of(w).Item(); got != 2 {
		t.Errorf("gradient %v, want 2", got)
	}
	if grads.Of(tape.Watch(w)) != grads.Of(w) {
		t.Error("the leaf and its parameter have different gradients")
	}
}

func TestGradientsOfUnusedParameter(t *testing.T) {
	w, unused := autograd.Parameter(vector(1)), autograd.Parameter(vector(1, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	grads := tape.Watch(w).Square().Sum().Backward()
	if diff := cmp.Diff([]float64{0, 0}, grads.Of(unused).Float64s()); diff != "" {
		t.Error(diff)
	}
	if _, ok := grads.Lookup(unused); ok {
		t.Error("Lookup finds a gradient of a parameter that was not used")
	}
}

func TestGradientsAccumulateOverTapes(t *testing.T) {
	w := autograd.Parameter(vector(1, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	var total autograd.Gradients
	for i := range 3 {
		total.Accumulate(tape.Const(vector(float64(i), 1)).Mul(w).Sum().Backward())
		tape.Reset()
	}
	total.Scale(0.5)
	if diff := cmp.Diff([]float64{1.5, 1.5}, total.Of(w).Float64s()); diff != "" {
		t.Error(diff)
	}
	if got, want := total.Norm(), 1.5*math.Sqrt2; math.Abs(got-want) > 1e-15 {
		t.Errorf("norm %v, want %v", got, want)
	}
}

// A sum that is reset begins anew, in the memory that it has.
func TestGradientsReset(t *testing.T) {
	w, v := autograd.Parameter(vector(1, 2)), autograd.Parameter(vector(3))
	tape := autograd.NewTape(autograd.TapeConfig{})
	var total autograd.Gradients
	step := func(k float64) {
		total.Reset()
		for range 2 {
			y := tape.Watch(w).MulScalar(k).Sum()
			if k > 1 {
				y = y.Add(tape.Watch(v).Sum())
			}
			total.Accumulate(y.Backward())
			tape.Reset()
		}
	}
	step(1)
	first := total.Of(w)
	for _, k := range []float64{2, 3, 1, 3} {
		step(k)
		if got := total.Of(w); !cmp.Equal([]float64{2 * k, 2 * k}, got.Float64s()) || got != first || (total.Len() == 2) != (k > 1) {
			t.Errorf("%v: got %v of %d gradients, in the same memory %v", k, got, total.Len(), got == first)
		}
	}
	if _, ok := total.Lookup(v); !ok {
		t.Error("there is no gradient of the second parameter")
	}
	grads := tape.Watch(w).Sum().Backward()
	again := grads
	if grads.Reset(); grads.Len() != 0 || again.Len() != 1 {
		t.Error("gradients on a tape are the tape's")
	}
	tape.Reset()
	if race.Enabled {
		return
	}
	if allocs := testing.AllocsPerRun(20, func() { step(2) }); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

// Two leaves may get the very same upstream gradient; changing one must not change
// the other.
func TestGradientsShareNoMemory(t *testing.T) {
	a, b := autograd.Parameter(vector(1)), autograd.Parameter(vector(2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	upstream := vector(1)
	grads := tape.Watch(a).Add(b).BackwardWith(upstream)
	grads.Of(a).Float64s()[0] = 7
	if got := grads.Of(b).Item(); got != 1 || upstream.Item() != 1 {
		t.Errorf("gradient of b became %v, upstream %v", got, upstream.Item())
	}
}

func TestRetainGradAndHooks(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(vector(2))
	var seen float64
	h := x.Square().RetainGrad().Hook(func(g autograd.Variable) autograd.Variable {
		seen = g.Item()
		return g.MulScalar(10)
	})
	grads := h.MulScalar(3).Sum().Backward()
	if seen != 3 || grads.Of(h).Item() != 30 || grads.Of(x).Item() != 120 {
		t.Errorf("hook saw %v, retained %v, x has %v; want 3, 30, 120", seen, grads.Of(h), grads.Of(x))
	}
	observed := x.Square().Hook(func(g autograd.Variable) autograd.Variable { return autograd.Variable{} })
	if got := observed.Sum().Backward().Of(x).Item(); got != 4 {
		t.Errorf("an observing hook changed the gradient to %v, want 4", got)
	}
}

func TestRewindKeepsWhatCameBefore(t *testing.T) {
	w := autograd.Parameter(vector(3))
	tape := autograd.NewTape(autograd.TapeConfig{})
	y := tape.Watch(w).Square()
	mark := tape.Mark()
	for range 100 {
		if got := y.Mul(w).Sum().Backward().Of(w).Item(); got != 27 {
			t.Fatalf("gradient %v, want 27", got)
		}
		tape.Rewind(mark)
	}
	if got := y.Sum().Backward().Of(w).Item(); got != 6 {
		t.Errorf("gradient %v after rewinding, want 6", got)
	}
}

func TestRandomSourceIsTheTapes(t *testing.T) {
	draw := func(tape *autograd.Tape) []float64 {
		return []float64{tape.Rand().Float64(), tape.Rand().Float64()}
	}
	a, b, c := autograd.NewTape(autograd.TapeConfig{Seed: 1}), autograd.NewTape(autograd.TapeConfig{Seed: 1}), autograd.NewTape(autograd.TapeConfig{Seed: 2})
	first := draw(a)
	if diff := cmp.Diff(first, draw(b)); diff != "" {
		t.Errorf("equal seeds differ: %s", diff)
	}
	if cmp.Equal(first, draw(c)) {
		t.Error("different seeds agree")
	}
	if cmp.Equal(first, draw(a)) {
		t.Error("the source repeats itself")
	}
}

func TestTapesShareParametersAcrossGoroutines(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	w := autograd.Parameter(autograd.Normal(rng, autograd.Float64, 0, 1, 8, 8))
	x := autograd.Normal(rng, autograd.Float64, 0, 1, 4, 8)
	results := make([][]float64, 8)
	var wait sync.WaitGroup
	for i := range results {
		wait.Go(func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			for range 10 {
				grads := tape.Const(x).MatMul(w).Tanh().Sum().Backward()
				results[i] = grads.Of(w).Clone().Float64s()
				tape.Reset()
			}
		})
	}
	wait.Wait()
	for i, got := range results {
		if diff := cmp.Diff(results[0], got); diff != "" {
			t.Errorf("goroutine %d: %s", i, diff)
		}
	}
}

func TestTryPassesOtherPanics(t *testing.T) {
	defer func() {
		if r := recover(); r != "other" {
			t.Errorf("recovered %v", r)
		}
	}()
	autograd.Try(func() { panic("other") })
}

// product is a function that returns what operations panic with.
func product(a, b autograd.Variable) (value float64, err error) {
	defer autograd.Catch(&err)
	return autograd.Dot(a, b).Item(), nil
}

func TestCatch(t *testing.T) {
	if value, err := product(vector(1, 2), vector(3, 4)); value != 11 || err != nil {
		t.Errorf("got %v and %v", value, err)
	}
	var shape *autograd.ShapeError
	if _, err := product(vector(1, 2), vector(3)); !errors.As(err, &shape) {
		t.Errorf("got %v, want a ShapeError", err)
	}
	defer func() {
		if r := recover(); r != "other" {
			t.Errorf("recovered %v", r)
		}
	}()
	func() (err error) {
		defer autograd.Catch(&err)
		panic("other")
	}()
}

func ExampleCatch() {
	product := func(a, b autograd.Variable) (c autograd.Variable, err error) {
		defer autograd.Catch(&err)
		return a.MatMul(b), nil
	}
	_, err := product(autograd.Ones(autograd.Float64, 2, 3), autograd.Ones(autograd.Float64, 2, 3))
	fmt.Println(err)
	// Output:
	// autograd: matmul of [2 3] and [2 3]: the inner sizes differ
}

func TestTapeIsUsableAfterAPanic(t *testing.T) {
	w := autograd.Parameter(vector(1, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	broken := &autograd.Function{
		Name:    "broken",
		Forward: func(xs []autograd.Variable) autograd.Variable { return xs[0].Square() },
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			return []autograd.Variable{g.Sum()}
		},
	}
	err := autograd.Try(func() { broken.Apply(tape.Watch(w)).Sum().Backward() })
	var shape *autograd.ShapeError
	if !errors.As(err, &shape) || shape.Op != "broken" {
		t.Fatalf("got %v, want a ShapeError of broken", err)
	}
	tape.Reset()
	if diff := cmp.Diff([]float64{2, 4}, tape.Watch(w).Square().Sum().Backward().Of(w).Float64s()); diff != "" {
		t.Error(diff)
	}
}

// A second goroutine on a tape whose backward pass is under way is told.
func TestTapeOfTwoGoroutines(t *testing.T) {
	w := autograd.Parameter(vector(1, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	mark := tape.Mark()
	inside, done := make(chan struct{}), make(chan struct{})
	y := tape.Watch(w).Square().Hook(func(autograd.Variable) autograd.Variable {
		close(inside)
		<-done
		return autograd.Variable{}
	})
	loss := y.Sum()
	go func() {
		defer close(done)
		<-inside
		for name, f := range map[string]func(){
			"Backward": func() { loss.Backward() },
			"Grad":     func() { autograd.Grad(loss, w) },
			"Reset":    tape.Reset,
			"Rewind":   func() { tape.Rewind(mark) },
			"Commit":   tape.Commit,
		} {
			var tapeError *autograd.TapeError
			if err := autograd.Try(f); !errors.As(err, &tapeError) || !strings.Contains(err.Error(), "another goroutine") {
				t.Errorf("%s: got %v", name, err)
			}
		}
	}()
	if diff := cmp.Diff([]float64{2, 4}, loss.Backward().Of(w).Floats()); diff != "" {
		t.Error(diff)
	}
	tape.Reset()
}

func ExampleTape() {
	w := autograd.Parameter(autograd.New([]float64{1, 2, 3}))
	tape := autograd.NewTape(autograd.TapeConfig{})
	for range 2 {
		loss := tape.Const(autograd.New([]float64{1, 0, 1})).Mul(w).Sum().Square()
		grads := loss.Backward()
		fmt.Println(loss.Item(), grads.Of(w).Float64s())
		tape.Reset()
	}
	// Output:
	// 16 [8 0 8]
	// 16 [8 0 8]
}

// A tape that is reseeded draws what one with that seed draws.
func TestReseed(t *testing.T) {
	fresh, used := autograd.NewTape(autograd.TapeConfig{Seed: 7}), autograd.NewTape(autograd.TapeConfig{Seed: 3})
	used.Rand().Uint64()
	used.Reseed(7)
	for range 3 {
		if want, got := fresh.Rand().Uint64(), used.Rand().Uint64(); got != want {
			t.Fatalf("drew %d, want %d", got, want)
		}
	}
}

func TestTapeTellsWhatItHolds(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	if !tape.Recording() || autograd.NewTape(autograd.TapeConfig{NoGrad: true}).Recording() {
		t.Error("a tape records, one with NoGrad does not")
	}
	x := tape.Watch(autograd.New([]float64{1, 2, 3}))
	before := tape.Len()
	x.Exp().Square()
	if got := tape.Len() - before; got != 2 {
		t.Errorf("two operations made %d Variables", got)
	}
	used, peak, held := tape.MemoryUsage()
	if used < 2*3*8 || peak < used || held < peak {
		t.Errorf("in use %d, peak %d, held %d", used, peak, held)
	}
	tape.Reset()
	tape.ResetPeakMemory()
	if used, peak, kept := tape.MemoryUsage(); tape.Len() != 0 || used != 0 || peak != 0 || kept != held {
		t.Errorf("after Reset: %d Variables, in use %d, peak %d, held %d", tape.Len(), used, peak, kept)
	}
}
