package simd

import (
	"math"
	"testing"
)

// TestGammaFamily checks Digamma and Trigamma against closed forms.
func TestGammaFamily(t *testing.T) {
	const euler = 0.577215664901532860606512090082402431
	cases := []struct {
		name               string
		x, digamma, trigam float64
	}{
		{"1", 1, -euler, math.Pi * math.Pi / 6},
		{"2", 2, 1 - euler, math.Pi*math.Pi/6 - 1},
		{"half", 0.5, -euler - 2*math.Ln2, math.Pi * math.Pi / 2},
		{"minus half", -0.5, -euler - 2*math.Ln2 + 2, math.Pi*math.Pi/2 + 4},
		{"minus three halves", -1.5, -euler - 2*math.Ln2 + 2 + 2./3, math.Pi*math.Pi/2 + 4 + 4./9},
		{"quarter", 0.25, -euler - math.Pi/2 - 3*math.Ln2, math.Pi*math.Pi + 8*0.915965594177219015054603514932384110774},
		{"20", 20, 2.970523992242149050877256978825979, 0.051270822935203119854},
		{"zero", 0, math.Inf(-1), math.Inf(1)},
		{"minus zero", math.Copysign(0, -1), math.Inf(1), math.Inf(1)},
		{"pole", -3, math.NaN(), math.Inf(1)},
		{"+Inf", math.Inf(1), math.Inf(1), 0},
		{"-Inf", math.Inf(-1), math.NaN(), math.Inf(1)},
		{"NaN", math.NaN(), math.NaN(), math.NaN()},
	}
	same := func(got, want float64) bool {
		if math.IsNaN(want) || math.IsInf(want, 0) {
			return got == want || math.IsNaN(got) && math.IsNaN(want)
		}
		return math.Abs(got-want) <= 4e-15*math.Max(1, math.Abs(want))
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			x, got := []float64{c.x}, []float64{0}
			if Digamma(got, x); !same(got[0], c.digamma) {
				t.Errorf("Digamma(%g) = %.17g, want %.17g", c.x, got[0], c.digamma)
			}
			if Trigamma(got, x); !same(got[0], c.trigam) {
				t.Errorf("Trigamma(%g) = %.17g, want %.17g", c.x, got[0], c.trigam)
			}
		})
	}
}
