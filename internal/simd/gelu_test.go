package simd

import (
	"math"
	"testing"
)

// TestGELUBackwardTerms checks the derivative of GELU where it is small, because x is far
// below 0 or the terms of Φ(x) + xφ(x) cancel: it is as accurate as they are.
func TestGELUBackwardTerms(t *testing.T) {
	everyForm(t, testGELUBackwardTerms[float32], testGELUBackwardTerms[float64])
}

func testGELUBackwardTerms[T Float](t *testing.T) {
	const n, end = 20001, 13 // results are normal numbers up to there
	x, g, y := make([]T, n), make([]T, n), make([]T, n)
	for i := range x {
		x[i] = T(-end * float64(i) / (n - 1))
		g[i] = 1
	}
	GELUBackward(y, g, x)
	for i, v := range x {
		v := float64(v)
		cdf, density := normalCDF(v), normalPDF(v)
		off := math.Abs(float64(y[i])-(cdf+v*density)) / ulp(T(cdf-v*density))
		if !(off <= 4) {
			t.Fatalf("derivative at %g is %g, off by %.2f units in the last place of the terms", v, y[i], off)
		}
	}
}

// TestGELUBackwardOfFarNegatives checks that the derivative of GELU is 0 where it is less than any number, so that
// gradients of whatever size are 0 there.
func TestGELUBackwardOfFarNegatives(t *testing.T) {
	everyForm(t, func(t *testing.T) { testGELUBackwardOfFarNegatives[float32](t, 14.6) }, func(t *testing.T) { testGELUBackwardOfFarNegatives[float64](t, 38.7) })
}

func testGELUBackwardOfFarNegatives[T Float](t *testing.T, from float64) {
	x := []T{T(-from), T(-2 * from), -1e30, T(-inf)}
	g, y := []T{1e38, 1e38, 1e38, 1e38}, make([]T, 4)
	GELUBackward(y, g, x)
	for i, v := range y {
		if v != 0 {
			t.Errorf("the gradient at %g is %g", x[i], v)
		}
	}
}
