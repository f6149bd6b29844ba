package optim

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
)

// each runs a test for every variant of every optimizer.
func each(t *testing.T, test func(t *testing.T, make maker)) {
	for _, o := range table {
		for variant, make := range o.variants {
			t.Run(o.constructor+" "+variant, func(t *testing.T) { test(t, make) })
		}
	}
}

// The bowl Σ (w − target)² has its bottom at target.
func TestDescent(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			target := autograd.New([]float64{0.5, -0.25, 0.125}).AsType(dtype)
			w := autograd.Parameter(autograd.Zeros(dtype, 3))
			optimizer := make(named(w))
			tape := autograd.NewTape(autograd.TapeConfig{})
			distance := func() float64 { return target.Sub(w.Detach()).Norm().Item() }
			before := distance()
			for range 200 {
				optimizer.Step(tape.Watch(w).Sub(target).Square().Sum().Backward())
				tape.Reset()
			}
			if after := distance(); !(after < before/1.3) {
				t.Errorf("%v: the distance went from %v to %v", dtype, before, after)
			}
		}
	})
}

func TestFloat32FollowsFloat64(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		rng := rand.New(rand.NewPCG(1, 2))
		start := autograd.Normal(rng, autograd.Float32, 0, 1, 1000)
		narrow, wide := autograd.Parameter(start), autograd.Parameter(start.AsType(autograd.Float64))
		a, b := make(named(narrow)), make(named(wide))
		tape := autograd.NewTape(autograd.TapeConfig{})
		for range 20 {
			grad := autograd.Normal(rng, autograd.Float32, 0, 1, 1000).Floats()
			a.Step(gradients(tape, []autograd.Variable{narrow}, grad))
			b.Step(gradients(tape, []autograd.Variable{wide}, grad))
			tape.Reset()
		}
		for i, got := range narrow.Floats() {
			if want := wide.Float64s()[i]; !(math.Abs(got-want) <= 1e-5*max(1, math.Abs(want))) {
				t.Fatalf("element %d is %v, in float64 %v", i, got, want)
			}
		}
	})
}

// A parameter without a gradient stays as it is, and its later steps are as if the
// others had not been.
func TestParametersWithoutGradient(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		start := []float64{1, -2}
		often, seldom, alone := autograd.Parameter(autograd.New(start)), autograd.Parameter(autograd.New(start)), autograd.Parameter(autograd.New(start))
		both, one := make(named(often, seldom)), make(named(alone))
		tape := autograd.NewTape(autograd.TapeConfig{})
		for i := range 6 {
			if i%2 == 0 {
				before := seldom.Floats()
				both.Step(gradients(tape, []autograd.Variable{often}, []float64{1, 1}))
				if diff := cmp.Diff(before, seldom.Floats()); diff != "" {
					t.Errorf("step %d changed a parameter without a gradient (-before +after):\n%s", i, diff)
				}
				continue
			}
			both.Step(gradients(tape, []autograd.Variable{often, seldom}, []float64{1, 1}, []float64{-1, 2}))
			one.Step(gradients(tape, []autograd.Variable{alone}, []float64{-1, 2}))
		}
		if diff := cmp.Diff(alone.Floats(), seldom.Floats()); diff != "" {
			t.Errorf("steps without a gradient left a trace (-without +with):\n%s", diff)
		}
	})
}

// A parameter that two names stand for gets one step, not two.
func TestSharedParameter(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		once, twice := autograd.Parameter(autograd.New([]float64{1})), autograd.Parameter(autograd.New([]float64{1}))
		make(named(once)).Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{once}, []float64{3}))
		make(named(twice, twice)).Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{twice}, []float64{3}))
		if once.Item() != twice.Item() {
			t.Errorf("got %v, want %v", twice.Item(), once.Item())
		}
	})
}

// The rate in force is LR·Factor of the group.
func TestRates(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		w := autograd.Parameter(autograd.New([]float64{1, 2}))
		optimizer := make(named(w))
		group := optimizer.Groups()[0]
		if !(group.LR > 0) || group.Factor != 1 {
			t.Errorf("at first the group is %+v", group)
		}
		step := func() []float64 {
			optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{3, 4}))
			return w.Floats()
		}
		group.Factor = 0
		if diff := cmp.Diff([]float64{1, 2}, step()); diff != "" {
			t.Errorf("a step with factor 0 moved (-want +got):\n%s", diff)
		}
		group.Factor = 0.5
		if group.LR, group.Factor = 0, 1; group.Rate() != 0 {
			t.Errorf("the rate is %v", group.Rate())
		}
		if diff := cmp.Diff([]float64{1, 2}, step()); diff != "" {
			t.Errorf("a step of rate 0 moved (-want +got):\n%s", diff)
		}
		group.LR = 0.5
		if got := step(); !(got[0] < 1) {
			t.Errorf("with rate %v the parameter is %v", group.Rate(), got)
		}
	})
}

func TestStepsDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	each(t, func(t *testing.T, make maker) {
		rng := rand.New(rand.NewPCG(1, 2))
		var ws []autograd.Variable
		var values [][]float64
		for _, shape := range [][]int{{3}, {17}, {100_000}, {30, 40}, {300, 400}} {
			ws = append(ws, autograd.Parameter(autograd.Zeros(autograd.Float32, shape...)))
			values = append(values, autograd.Normal(rng, autograd.Float64, 0, 1, ws[len(ws)-1].Size()).Float64s())
		}
		optimizer := make(named(ws...))
		grads := gradients(autograd.NewTape(autograd.TapeConfig{}), ws, values...)
		optimizer.Step(grads)
		if n := testing.AllocsPerRun(20, func() {
			ClipGradNorm(grads, 1)
			ClipEachGradNorm(grads, 0.5)
			ClipGradValue(grads, 0.1)
			optimizer.Step(grads)
		}); n != 0 {
			t.Errorf("%v allocations a step", n)
		}
	})
}

func TestClipGradNorm(t *testing.T) {
	for _, test := range []struct {
		name       string
		grad, want []float64
		limit      float64
		norm       float64
	}{
		{"above", []float64{3, 4}, []float64{3 / (5 + 1e-6), 4 / (5 + 1e-6)}, 1, 5},
		{"below", []float64{3, 4}, []float64{3, 4}, 5.1, 5},
		{"zero", []float64{0, 0}, []float64{0, 0}, 1e-9, 0},
		{"no limit", []float64{3, 4}, []float64{3, 4}, math.Inf(1), 5},
		{"infinite", []float64{3, math.Inf(-1)}, []float64{3, math.Inf(-1)}, 1, math.Inf(1)},
		{"NaN", []float64{3, math.NaN()}, []float64{3, math.NaN()}, 1, math.NaN()},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := autograd.Parameter(autograd.New([]float64{0, 0}))
			grads := gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, test.grad)
			norm := ClipGradNorm(grads, test.limit)
			if norm != test.norm && !(math.IsNaN(norm) && math.IsNaN(test.norm)) {
				t.Errorf("the norm is %v, want %v", norm, test.norm)
			}
			for i, got := range grads.Of(w).Floats() {
				if want := test.want[i]; !(math.Abs(got-want) <= 1e-15) && got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
					t.Errorf("element %d is %v, want %v", i, got, want)
				}
			}
		})
	}
}

// Gradients whose squares overflow or underflow are clipped as all others.
func TestClipGradNormOfExtremes(t *testing.T) {
	for _, test := range []struct {
		dtype       autograd.DType
		size, limit float64
	}{
		{autograd.Float32, 1e30, 1}, {autograd.Float32, 1e30, 1e-12}, {autograd.Float32, 1e-30, 1e-31}, {autograd.Float32, 1e-30, 1},
		{autograd.Float64, 1e200, 1}, {autograd.Float64, 1e-200, 1e-201}, {autograd.Float64, 1e-200, 1},
	} {
		w, v := autograd.Parameter(autograd.Zeros(test.dtype, 2)), autograd.Parameter(autograd.Zeros(test.dtype, 2))
		for _, each := range []bool{false, true} {
			values := []float64{test.size, -test.size}
			grads := gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w, v}, values, values)
			clip, want := ClipGradNorm, 2*test.size
			if each {
				clip, want = ClipEachGradNorm, math.Sqrt2*test.size
			}
			close := func(got, want float64) bool { return math.Abs(got-want) <= 3e-6*want }
			if got := clip(grads, test.limit); !close(got, want) {
				t.Errorf("%v of %v, each %v: the norm is %v, want %v", test.dtype, test.size, each, got, want)
			}
			element := min(test.size, test.size*(test.limit/want))
			for _, x := range append(grads.Of(w).Floats(), grads.Of(v).Floats()...) {
				if !close(math.Abs(x), element) {
					t.Errorf("%v of %v, limit %v, each %v: an element is %v, want ±%v", test.dtype, test.size, test.limit, each, x, element)
				}
			}
		}
	}
}

// Gradients are limited one by one.
func TestClipEachGradNorm(t *testing.T) {
	w, v := autograd.Parameter(autograd.New([]float64{0, 0})), autograd.Parameter(autograd.New([]float64{0, 0}))
	grads := gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w, v}, []float64{3, 4}, []float64{0.3, 0.4})
	if got := ClipEachGradNorm(grads, 1); got != 5 {
		t.Errorf("the greatest norm is %v, want 5", got)
	}
	if err := compare(grads.Of(w).Floats(), []float64{3 / (5 + 1e-6), 4 / (5 + 1e-6)}); err != nil {
		t.Error(err)
	}
	if diff := cmp.Diff([]float64{0.3, 0.4}, grads.Of(v).Floats()); diff != "" {
		t.Errorf("a gradient within the limit changed (-want +got):\n%s", diff)
	}
	grads = gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w, v}, []float64{math.NaN(), 4}, []float64{0.3, 0.4})
	if got := ClipEachGradNorm(grads, 1); !math.IsNaN(got) {
		t.Errorf("the greatest norm is %v, want NaN", got)
	}
}

func TestClipGradValue(t *testing.T) {
	for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
		w := autograd.Parameter(autograd.Zeros(dtype, 6))
		grads := gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{0.25, -0.25, 3, -3, math.Inf(1), math.NaN()})
		ClipGradValue(grads, 0.5)
		got := grads.Of(w).Floats()
		if diff := cmp.Diff([]float64{0.25, -0.25, 0.5, -0.5, 0.5}, got[:5]); diff != "" || !math.IsNaN(got[5]) {
			t.Errorf("%v: got %v", dtype, got)
		}
	}
}

func TestMisusePanics(t *testing.T) {
	w, v := parameters(1, 2)
	grads := func() autograd.Gradients {
		return gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{1})
	}
	stepWith := func(change func(g *Group)) func() {
		return func() {
			optimizer := NewAdam(named(w), AdamConfig{})
			change(optimizer.Groups()[0])
			optimizer.Step(grads())
		}
	}
	for _, test := range []struct {
		name string
		call func()
		want string
	}{
		{"no parameters", func() { NewAdam(named(), AdamConfig{}) }, "no parameters"},
		{"a constant", func() { NewSGD(named(autograd.New([]float64{1})), SGDConfig{}) }, `"a" is not a parameter`},
		{"the zero Variable", func() { NewSGD(named(autograd.Variable{}), SGDConfig{}) }, `"a" is not a parameter`},
		{"one name for two", func() {
			NewSGD(func(yield func(string, autograd.Variable) bool) { _ = yield("x", w) && yield("x", v) }, SGDConfig{})
		}, `"x"`},
		{"SGD's dampening", func() { NewSGD(named(w), SGDConfig{Dampening: 2}) }, "SGDConfig.Dampening is 2"},
		{"SGD's momentum", func() { NewSGD(named(w), SGDConfig{Momentum: 1}) }, "SGDConfig.Momentum is 1"},
		{"Nesterov without momentum", func() { NewSGD(named(w), SGDConfig{Nesterov: true}) }, "Nesterov"},
		{"Nesterov with dampening", func() { NewSGD(named(w), SGDConfig{Momentum: 0.9, Dampening: 0.1, Nesterov: true}) }, "Nesterov"},
		{"a parameter in two groups", func() {
			NewAdam(named(w, v), AdamConfig{}, Group{Params: named(w, v)}, Group{Params: named(v)})
		}, `"b" is in group 1 and in another`},
		{"a group with another's parameter", func() { NewAdam(named(w), AdamConfig{}, Group{Params: named(v)}) }, "not one of"},
		{"a group without Params", func() { NewAdam(named(w), AdamConfig{}, Group{LR: 1}) }, "no Params"},
		{"another model's gradients", func() { NewAdam(named(v), AdamConfig{}).Step(grads()) }, "another model"},
		{"a live rate", stepWith(func(g *Group) { g.LR = math.NaN() }), "LR NaN"},
		{"a live factor", stepWith(func(g *Group) { g.Factor = math.Inf(1) }), "Factor +Inf"},
		{"a live decay", stepWith(func(g *Group) { g.WeightDecay = None }), "WeightDecay -1"},
		{"a live momentum that there is not", func() {
			optimizer := NewAdagrad(named(w), AdagradConfig{})
			optimizer.Groups()[0].Momentum = 0.5
			optimizer.Step(grads())
		}, "does not have"},
		{"a group's decay that there is not", func() { NewRprop(named(w), RpropConfig{}, Group{Params: named(w), WeightDecay: 0.5}) }, "does not have"},
		{"a live momentum", stepWith(func(g *Group) { g.Momentum = 1 }), "Momentum 1"},
		{"ClipGradNorm", func() { ClipGradNorm(grads(), 0) }, "limit"},
		{"ClipEachGradNorm", func() { ClipEachGradNorm(grads(), -1) }, "limit"},
		{"ClipGradValue", func() { ClipGradValue(grads(), math.NaN()) }, "limit"},
		{"StepDecay", func() { StepDecay(0, 0.5) }, "number of steps is 0"},
		{"Exponential", func() { Exponential(math.NaN()) }, "gamma is NaN"},
		{"OneCycle", func() { OneCycle(OneCycleConfig{}) }, "Steps is 0"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var e *autograd.ValueError
			if err := autograd.Try(test.call); !errors.As(err, &e) || !strings.Contains(e.Reason, test.want) {
				t.Errorf("got %v, expected a ValueError with %q", err, test.want)
			}
		})
	}
}

// Gradients of nothing, and gradients of others besides its own, are nothing to complain
// about.
func TestOtherGradients(t *testing.T) {
	w, v := parameters(1, 2)
	optimizer := NewSGD(named(w), SGDConfig{LR: 1})
	optimizer.Step(autograd.Gradients{})
	if w.Item() != 1 {
		t.Errorf("a step without gradients led to %v", w.Item())
	}
	optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w, v}, []float64{1}, []float64{1}))
	if w.Item() != 0 || v.Item() != 2 {
		t.Errorf("got %v and %v, want 0 and 2", w.Item(), v.Item())
	}
}

// The first step of Adam is of the size of the rate, whatever the gradient's.
func TestAdamDefaults(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{0, 0}))
	optimizer := NewAdam(named(w), AdamConfig{})
	optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{1e-3, -1e3}))
	for i, want := range []float64{-1e-3 / (1 + 1e-5), 1e-3} {
		if got := w.Float64s()[i]; !(math.Abs(got-want) < 1e-12) {
			t.Errorf("element %d is %v, want %v", i, got, want)
		}
	}
}

// With a first beta of zero Adam has no memory of directions: steps are lr·g/(|g|+ε).
func TestAdamZeroFirstBeta(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{0}))
	optimizer := NewAdam(named(w), AdamConfig{LR: 0.1, Betas: [2]float64{None, 0.5}})
	for _, g := range []float64{1, -1} {
		optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{g}))
	}
	if got := w.Item(); !(math.Abs(got) < 1e-8) {
		t.Errorf("there and back again is %v", got)
	}
}

// What was computed from a parameter before a step is out of date after it.
func TestStepMarksParametersModified(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		w := autograd.Parameter(autograd.New([]float64{1, 2}))
		penalty := w.Square().Sum()
		make(named(w)).Step(penalty.Backward())
		var tapeError *autograd.TapeError
		if err := autograd.Try(func() { penalty.Backward() }); !errors.As(err, &tapeError) {
			t.Errorf("got %v", err)
		}
	})
}
