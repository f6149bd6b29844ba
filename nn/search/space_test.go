package search_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/nn/search"
)

var allKinds = search.Space{
	search.Float("rate", -2, 3),
	search.LogFloat("decay", 1e-6, 1e-1),
	search.Int("layers", 1, 4),
	search.LogInt("units", 1, 64),
	search.Choice("optimizer", "adam", "sgd", "none"),
	search.Float("momentum", 0, 1).When("optimizer", "sgd"),
	search.Choice("nesterov", "yes", "no").When("optimizer", "sgd", "none"),
	search.Int("kind", 0, 1).When("nesterov", "yes"),
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 7)) }

// Values are within their bounds, as likely as their scales say, and there when they should be.
func TestSample(t *testing.T) {
	rng := newRand(1)
	const n = 20_000
	layers, options, smallDecay, oneUnit := map[int]int{}, map[string]int{}, 0, 0
	for range n {
		v := allKinds.Sample(rng.Float64)
		if x := v.Float("rate"); x < -2 || x >= 3 {
			t.Fatalf("rate %v", x)
		}
		x := v.Float("decay")
		if x < 1e-6 || x >= 1e-1 {
			t.Fatalf("decay %v", x)
		}
		if x < 1e-5 {
			smallDecay++
		}
		layers[v.Int("layers")]++
		units := v.Int("units")
		if units < 1 || units > 64 {
			t.Fatalf("units %d", units)
		}
		if units == 1 {
			oneUnit++
		}
		option := v.Choice("optimizer")
		options[option]++
		if v.Has("momentum") != (option == "sgd") || v.Has("nesterov") != (option != "adam") {
			t.Fatalf("%v", v)
		}
		if v.Has("kind") != (v.Has("nesterov") && v.Choice("nesterov") == "yes") {
			t.Fatalf("%v", v)
		}
	}
	near := func(what string, count int, share float64) {
		if got := float64(count) / n; math.Abs(got-share) > 0.015 {
			t.Errorf("%s: a share of %.3f, expected %.3f", what, got, share)
		}
	}
	near("decay", smallDecay, 0.2)
	near("one unit", oneUnit, math.Log(1.5/0.5)/math.Log(64.5/0.5))
	for i := 1; i <= 4; i++ {
		near("layers", layers[i], 0.25)
	}
	for _, option := range []string{"adam", "sgd", "none"} {
		near(option, options[option], 1.0/3)
	}
}

// The ends of the uniform numbers stay within bounds, whatever rounding does.
func TestBounds(t *testing.T) {
	for _, u := range []float64{0, math.Nextafter(1, 0)} {
		v := allKinds.Sample(func() float64 { return u })
		if x := v.Float("rate"); x < -2 || x >= 3 {
			t.Errorf("rate %v", x)
		}
		if x := v.Float("decay"); x < 1e-6 || x >= 1e-1 {
			t.Errorf("decay %v", x)
		}
		if v.Int("layers") != 1 && v.Int("layers") != 4 || v.Int("units") != 1 && v.Int("units") != 64 {
			t.Errorf("%v", v)
		}
	}
}

func TestWrongSpaces(t *testing.T) {
	for _, c := range []struct {
		name  string
		space search.Space
		want  string
	}{
		{"empty", nil, "no parameters"},
		{"zero Param", search.Space{{}}, "no name"},
		{"twice", search.Space{search.Int("a", 0, 1), search.Float("a", 0, 1)}, "two parameters"},
		{"order of bounds", search.Space{search.Float("a", 1, 0)}, "bounds"},
		{"equal bounds", search.Space{search.Int("a", 1, 1)}, "bounds"},
		{"NaN", search.Space{search.Float("a", math.NaN(), 1)}, "bounds"},
		{"infinite", search.Space{search.Float("a", 0, math.Inf(1))}, "bounds"},
		{"logarithm of 0", search.Space{search.LogFloat("a", 0, 1)}, "logarithmic"},
		{"one option", search.Space{search.Choice("a", "x")}, "two options"},
		{"same options", search.Space{search.Choice("a", "x", "y", "x")}, "the same"},
		{"unknown parent", search.Space{search.Int("a", 0, 1).When("b", "x")}, "not a choice before"},
		{"parent is no choice", search.Space{search.Int("b", 0, 1), search.Int("a", 0, 1).When("b", "1")}, "not a choice before"},
		{"unknown option", search.Space{search.Choice("b", "x", "y"), search.Int("a", 0, 1).When("b", "z")}, "not among"},
		{"no option", search.Space{search.Choice("b", "x", "y"), search.Int("a", 0, 1).When("b")}, "none of its options"},
	} {
		_, err := search.Run(t.Context(), c.space, search.Random{Trials: 1}, nil, search.Config{})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
		var wrong *search.ParamError
		if c.space != nil && !errors.As(err, &wrong) {
			t.Errorf("%s: the error is %T", c.name, err)
		}
	}
}

func TestWrongValues(t *testing.T) {
	v := search.Values{"a": 1.5, "b": 2}
	for name, f := range map[string]func(){
		"absent":     func() { v.Float("c") },
		"other kind": func() { v.Int("a") },
		"a choice":   func() { v.Choice("b") },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*search.ParamError); !ok {
					t.Errorf("%s: it does not panic with *ParamError", name)
				}
			}()
			f()
		}()
	}
}

func TestWrongConfigurations(t *testing.T) {
	f := func(context.Context, *search.Trial) (float64, error) { return 0, nil }
	for name, c := range map[string]struct {
		strategy search.Strategy
		config   search.Config
	}{
		"random":           {search.Random{}, search.Config{}},
		"halving":          {search.Halving{Trials: 9}, search.Config{}},
		"halving by 1":     {search.Halving{Trials: 9, MaxBudget: 9, Eta: 1}, search.Config{}},
		"order of budgets": {search.Halving{Trials: 9, MinBudget: 4, MaxBudget: 3}, search.Config{}},
		"TPE":              {search.TPE{Trials: 10, Gamma: 1}, search.Config{}},
		"workers":          {search.Random{Trials: 3}, search.Config{Workers: -1}},
		"parallel":         {search.Random{Trials: 3}, search.Config{Workers: 3, Parallel: 2}},
	} {
		if _, err := search.Run(t.Context(), allKinds, c.strategy, f, c.config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
