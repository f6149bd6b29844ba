package optim_test

import (
	"errors"
	"iter"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn/optim"
)

type params = iter.Seq2[string, autograd.Variable]

// makers has every optimizer, with everything it can do in use.
var makers = map[string]func(ps params) optim.Optimizer{
	"adam":  func(ps params) optim.Optimizer { return optim.NewAdam(ps, optim.AdamConfig{WeightDecay: 0.1}) },
	"adamw": func(ps params) optim.Optimizer { return optim.NewAdamW(ps, optim.AdamConfig{}) },
	"sgd":   func(ps params) optim.Optimizer { return optim.NewSGD(ps, optim.SGDConfig{WeightDecay: 0.1}) },
	"sgd momentum": func(ps params) optim.Optimizer {
		return optim.NewSGD(ps, optim.SGDConfig{Momentum: 0.9, Dampening: 0.5})
	},
	"sgd nesterov": func(ps params) optim.Optimizer {
		return optim.NewSGD(ps, optim.SGDConfig{Momentum: 0.9, Nesterov: true})
	},
}

func each(t *testing.T, test func(t *testing.T, make func(params) optim.Optimizer)) {
	for name, make := range makers {
		t.Run(name, func(t *testing.T) { test(t, make) })
	}
}

// The bowl Σ (w − target)² has its bottom at target.
func TestDescent(t *testing.T) {
	each(t, func(t *testing.T, make func(params) optim.Optimizer) {
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
	each(t, func(t *testing.T, make func(params) optim.Optimizer) {
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
	each(t, func(t *testing.T, make func(params) optim.Optimizer) {
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
	each(t, func(t *testing.T, make func(params) optim.Optimizer) {
		once, twice := autograd.Parameter(autograd.New([]float64{1})), autograd.Parameter(autograd.New([]float64{1}))
		make(named(once)).Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{once}, []float64{3}))
		make(named(twice, twice)).Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{twice}, []float64{3}))
		if once.Item() != twice.Item() {
			t.Errorf("got %v, want %v", twice.Item(), once.Item())
		}
	})
}

func TestLearningRate(t *testing.T) {
	each(t, func(t *testing.T, make func(params) optim.Optimizer) {
		w := autograd.Parameter(autograd.New([]float64{1, 2}))
		optimizer := make(named(w))
		if lr := optimizer.LR(); !(lr > 0) {
			t.Errorf("the default rate is %v", lr)
		}
		optimizer.SetLR(0)
		optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{3, 4}))
		if diff := cmp.Diff([]float64{1, 2}, w.Floats()); diff != "" {
			t.Errorf("a step of rate 0 moved (-want +got):\n%s", diff)
		}
		optimizer.SetLR(0.5)
		optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{3, 4}))
		if optimizer.LR() != 0.5 || !(w.Float64s()[0] < 1) {
			t.Errorf("with rate %v the parameter is %v", optimizer.LR(), w.Floats())
		}
	})
}

func TestStepsDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	each(t, func(t *testing.T, make func(params) optim.Optimizer) {
		rng := rand.New(rand.NewPCG(1, 2))
		var ws []autograd.Variable
		var values [][]float64
		for _, size := range []int{3, 17, 100_000} {
			ws = append(ws, autograd.Parameter(autograd.Zeros(autograd.Float32, size)))
			values = append(values, autograd.Normal(rng, autograd.Float64, 0, 1, size).Float64s())
		}
		optimizer := make(named(ws...))
		grads := gradients(autograd.NewTape(autograd.TapeConfig{}), ws, values...)
		optimizer.Step(grads)
		if n := testing.AllocsPerRun(20, func() {
			optim.ClipGradNorm(grads, 1)
			optim.ClipGradValue(grads, 1)
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
			norm := optim.ClipGradNorm(grads, test.limit)
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

func TestClipGradValue(t *testing.T) {
	for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
		w := autograd.Parameter(autograd.Zeros(dtype, 6))
		grads := gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{0.25, -0.25, 3, -3, math.Inf(1), math.NaN()})
		optim.ClipGradValue(grads, 0.5)
		got := grads.Of(w).Floats()
		if diff := cmp.Diff([]float64{0.25, -0.25, 0.5, -0.5, 0.5}, got[:5]); diff != "" || !math.IsNaN(got[5]) {
			t.Errorf("%v: got %v", dtype, got)
		}
	}
}

func TestMisusePanics(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1}))
	grads := func() autograd.Gradients {
		return gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{1})
	}
	for _, test := range []struct {
		name string
		call func()
	}{
		{"no parameters", func() { optim.NewAdam(named(), optim.AdamConfig{}) }},
		{"a constant", func() { optim.NewSGD(named(autograd.New([]float64{1})), optim.SGDConfig{}) }},
		{"the zero Variable", func() { optim.NewSGD(named(autograd.Variable{}), optim.SGDConfig{}) }},
		{"Adam's rate", func() { optim.NewAdam(named(w), optim.AdamConfig{LR: -1}) }},
		{"Adam's eps", func() { optim.NewAdam(named(w), optim.AdamConfig{Eps: math.NaN()}) }},
		{"Adam's first beta", func() { optim.NewAdam(named(w), optim.AdamConfig{Betas: [2]float64{1, 0.9}}) }},
		{"Adam's second beta", func() { optim.NewAdam(named(w), optim.AdamConfig{Betas: [2]float64{0, -0.1}}) }},
		{"AdamW's weight decay", func() { optim.NewAdamW(named(w), optim.AdamConfig{WeightDecay: math.Inf(1)}) }},
		{"SGD's rate", func() { optim.NewSGD(named(w), optim.SGDConfig{LR: math.Inf(1)}) }},
		{"SGD's momentum", func() { optim.NewSGD(named(w), optim.SGDConfig{Momentum: 1}) }},
		{"SGD's dampening", func() { optim.NewSGD(named(w), optim.SGDConfig{Dampening: 2}) }},
		{"SGD's weight decay", func() { optim.NewSGD(named(w), optim.SGDConfig{WeightDecay: -1}) }},
		{"Nesterov without momentum", func() { optim.NewSGD(named(w), optim.SGDConfig{Nesterov: true}) }},
		{"Nesterov with dampening", func() {
			optim.NewSGD(named(w), optim.SGDConfig{Momentum: 0.9, Dampening: 0.1, Nesterov: true})
		}},
		{"SetLR", func() { optim.NewAdam(named(w), optim.AdamConfig{}).SetLR(math.NaN()) }},
		{"ClipGradNorm", func() { optim.ClipGradNorm(grads(), 0) }},
		{"ClipGradValue", func() { optim.ClipGradValue(grads(), math.NaN()) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			var e *autograd.ValueError
			if err := autograd.Try(test.call); !errors.As(err, &e) {
				t.Errorf("got %v, expected a ValueError", err)
			}
		})
	}
}

// The first step of Adam is of the size of the rate, whatever the gradient's.
func TestAdamDefaults(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{0, 0}))
	optimizer := optim.NewAdam(named(w), optim.AdamConfig{})
	optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{1e-3, -1e3}))
	for i, want := range []float64{-1e-3 / (1 + 1e-5), 1e-3} {
		if got := w.Float64s()[i]; !(math.Abs(got-want) < 1e-12) {
			t.Errorf("element %d is %v, want %v", i, got, want)
		}
	}
}

// With betas of zero Adam has no memory: steps are lr·g/(|g|+ε).
func TestAdamZeroFirstBeta(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{0}))
	optimizer := optim.NewAdam(named(w), optim.AdamConfig{LR: 0.1, Betas: [2]float64{0, 0.5}})
	for _, g := range []float64{1, -1} {
		optimizer.Step(gradients(autograd.NewTape(autograd.TapeConfig{}), []autograd.Variable{w}, []float64{g}))
	}
	if got := w.Item(); !(math.Abs(got) < 1e-8) {
		t.Errorf("there and back again is %v", got)
	}
}
