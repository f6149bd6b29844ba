package optim

import (
	"errors"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestPlateau(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, test := range []struct {
		name    string
		config  PlateauConfig
		scores  []float64
		factors []float64
	}{
		{"no patience", PlateauConfig{Factor: 0.5, Patience: None}, []float64{3, 3, 2, 2, 1}, []float64{1, 0.5, 0.5, 0.25, 0.25}},
		{"patience", PlateauConfig{Factor: 0.5, Patience: 1}, []float64{3, 3, 3, 3, 3}, []float64{1, 1, 0.5, 0.5, 0.25}},
		{"cooldown", PlateauConfig{Factor: 0.5, Patience: None, Cooldown: 2}, []float64{3, 3, 3, 3, 3}, []float64{1, 0.5, 0.5, 0.5, 0.25}},
		{"the least factor", PlateauConfig{Factor: 0.5, Patience: None, Min: 0.4}, []float64{3, 3, 3, 3}, []float64{1, 0.5, 0.4, 0.4}},
		{"a share", PlateauConfig{Factor: 0.5, Patience: None, Threshold: 0.1}, []float64{10, 9.5, 8.5, 7.5}, []float64{1, 0.5, 0.5, 0.5}},
		{"a share of a negative score", PlateauConfig{Factor: 0.5, Patience: None, Threshold: 0.1}, []float64{-10, -10.5, -11.5}, []float64{1, 0.5, 0.5}},
		{"a difference", PlateauConfig{Factor: 0.5, Patience: None, Threshold: 1, Absolute: true}, []float64{10, 9.5, 8.9}, []float64{1, 0.5, 0.5}},
		{"maximize", PlateauConfig{Factor: 0.5, Patience: None, Maximize: true}, []float64{0.1, 0.2, 0.2, 0.3}, []float64{1, 1, 0.5, 0.5}},
		{"NaN and infinities", PlateauConfig{Factor: 0.5, Patience: None}, []float64{nan, inf, 1, -inf, 1}, []float64{0.5, 0.25, 0.25, 0.25, 0.125}},
		{"factor zero", PlateauConfig{Factor: None, Patience: None}, []float64{1, 1, 1}, []float64{1, 0, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for saveAt := range test.scores {
				p := NewPlateau(test.config)
				var got []float64
				before := 1.0
				for i, score := range test.scores {
					if i == saveAt {
						state := maps.Collect(p.State())
						p = NewPlateau(test.config)
						if err := p.Restore(state); err != nil {
							t.Fatal(err)
						}
					}
					reduced := p.Observe(score)
					var group Group
					p.Set(&group)
					got = append(got, group.Factor)
					if group.Factor != p.Factor() || reduced != (p.Factor() < before) {
						t.Errorf("score %d: the factor is %v, Set made it %v, Observe says %v", i, p.Factor(), group.Factor, reduced)
					}
					before = p.Factor()
				}
				if !slices.Equal(got, test.factors) {
					t.Errorf("restored before score %d: the factors are %v, want %v", saveAt, got, test.factors)
				}
			}
		})
	}
}

func TestPlateauRestoreErrors(t *testing.T) {
	p := NewPlateau(PlateauConfig{Patience: None})
	p.Observe(1)
	p.Observe(1)
	before := *p
	state := maps.Collect(p.State())
	delete(state, "best")
	state["factor"], state["cooldown"], state["x"] = autograd.Scalar(2.0), autograd.Scalar(0.5), autograd.Scalar(0.0)
	var e *StateError
	if err := p.Restore(state); !errors.As(err, &e) {
		t.Fatalf("got %v, expected a StateError", err)
	}
	want := StateError{Missing: []string{"best"}, Unknown: []string{"x"}, Wrong: []string{
		"factor (2, expected a number from 0 to 1)", "cooldown (0.5, expected a whole number that is not negative)",
	}}
	if diff := cmp.Diff(want, *e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if *p != before {
		t.Errorf("it changed the plateau from %+v to %+v", before, *p)
	}
}
