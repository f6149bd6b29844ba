package distribution

import (
	"math"
	"testing"
)

// TestSlopesMeet compares the ways to compute the derivative of a draw where one takes over
// from another.
func TestSlopesMeet(t *testing.T) {
	for _, a := range []float64{0.1, 1, 7, 300} {
		x := a + 1
		if s, f := seriesSlope(a, x, math.Log(x)), fractionSlope(a, x, math.Log(x)); !(math.Abs(s-f) < 1e-11*s) {
			t.Errorf("a = %g: the series gives %.15g, the continued fraction %.15g", a, s, f)
		}
	}
	const a = 1e5
	for _, u := range []float64{-4, -1, -0.1, 0, 0.5, 2, 4} {
		x := a + u*math.Sqrt(a)
		exact := seriesSlope(a, x, math.Log(x))
		if x > a+1 {
			exact = fractionSlope(a, x, math.Log(x))
		}
		if n := normalSlope(a, x) / x; !(math.Abs(n-exact) < 3e-9*exact) {
			t.Errorf("x = a%+g√a: the expansion gives %.15g, the integral %.15g", u, n, exact)
		}
	}
}
