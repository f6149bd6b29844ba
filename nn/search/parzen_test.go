package search

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
)

// The density is one, and what is drawn is of it.
func TestParzen(t *testing.T) {
	for _, points := range [][]float64{nil, {0.5}, {0, 1}, {0.2, 0.2, 0.2}, {0.01, 0.3, 0.31, 0.9}} {
		k := newParzen(points)
		density := func(u float64) float64 { return math.Exp(k.logDensity(u)) }
		if total := quad.Fixed(density, 0, 1, 400, nil, 0); math.Abs(total-1) > 1e-6 {
			t.Errorf("%v: the integral is %v", points, total)
		}
		rng := rand.New(rand.NewPCG(1, 0))
		const n = 20_000
		below := 0
		for range n {
			if u := k.draw(rng); u < 0 || u >= 1 {
				t.Fatalf("%v: %v is drawn", points, u)
			} else if u < 0.3 {
				below++
			}
		}
		if got, want := float64(below)/n, quad.Fixed(density, 0, 0.3, 400, nil, 0); math.Abs(got-want) > 0.015 {
			t.Errorf("%v: below 0.3 are %v, expected %v", points, got, want)
		}
	}
}

// place is the inverse of at.
func TestPlace(t *testing.T) {
	for _, p := range []Param{Float("", -2, 3), LogFloat("", 1e-6, 0.1), Int("", -4, 9), LogInt("", 1, 1000)} {
		for _, u := range []float64{0, 0.1, 0.5, 0.77, 0.999} {
			value := p.at(u)
			back := p.place(value)
			if p.kind == floatKind && math.Abs(back-u) > 1e-12 {
				t.Errorf("%v: %v has the place %v, not %v", p, value, back, u)
			}
			if again := p.at(back); p.kind == intKind && again != value {
				t.Errorf("%v: the place of %v is that of %v", p, value, again)
			}
		}
	}
}

// What is said of a space in a journal is all there is to say.
func TestParamString(t *testing.T) {
	for want, p := range map[string]Param{
		"a: float64 from 0 to 0.5":                   Float("a", 0, 0.5),
		"a: int from 1 to 9, logarithmic":            LogInt("a", 1, 9),
		`a: one of ["x" "y"]`:                        Choice("a", "x", "y"),
		`a: int from 0 to 1, when b is one of ["x"]`: Int("a", 0, 1).When("b", "x"),
	} {
		if got := fmt.Sprint(p); got != want {
			t.Errorf("%q, expected %q", got, want)
		}
	}
}
