package tensor

import (
	"math"
	"testing"

	"github.com/chainrule-go/chainrule/internal/race"
)

// fold combines the elements of x over axes, in plain loops.
func fold(x *Array, axes uint64, start float64, f func(acc, v float64) float64) []float64 {
	var kept []int
	for axis, size := range x.Shape {
		if axes>>axis&1 == 0 {
			kept = append(kept, size)
		}
	}
	want := make([]float64, SizeOf(kept))
	for i := range want {
		want[i] = start
	}
	for i, index := range indices(x.Shape) {
		flat := 0
		for axis, size := range x.Shape {
			if axes>>axis&1 == 0 {
				flat = flat*size + index[axis]
			}
		}
		want[flat] = f(want[flat], x.At(i))
	}
	return want
}

func reducedShape(shape []int, axes uint64) []int {
	reduced := []int{}
	for axis, size := range shape {
		if axes>>axis&1 == 0 {
			reduced = append(reduced, size)
		}
	}
	return reduced
}

func nanMax(a, b float64) float64 { return math.Max(a, b) }

func TestReductions(t *testing.T) {
	var cases []testCase
	for _, shape := range someShapes {
		for axes := range uint64(1) << len(shape) {
			for reduction, f := range map[string]struct {
				run   func(dst, x *Array, axes uint64)
				start float64
				f     func(acc, v float64) float64
			}{
				"Sum":        {Sum, 0, func(acc, v float64) float64 { return acc + v }},
				"SumSquares": {SumSquares, 0, func(acc, v float64) float64 { return acc + v*v }},
				"Max":        {Max, math.Inf(-1), nanMax},
				"Min":        {Min, math.Inf(1), math.Min},
				"LogSumExp": {LogSumExp, math.Inf(-1), func(acc, v float64) float64 {
					if acc < v {
						acc, v = v, acc
					}
					if math.IsInf(acc, -1) {
						return acc
					}
					return acc + math.Log1p(math.Exp(v-acc))
				}},
			} {
				cases = append(cases, testCase{name(reduction, shape, " over ", axes), func(r *random) (*Array, []float64) {
					x, dst := r.array(shape...), r.garbage(reducedShape(shape, axes)...)
					f.run(dst, x, axes)
					want := fold(x, axes, f.start, f.f)
					if reduction == "Sum" {
						// Sums that nearly cancel are compared by the size of their terms.
						for i, size := range fold(x, axes, 0, func(acc, v float64) float64 { return acc + math.Abs(v) }) {
							dst.Set(i, dst.At(i)/max(1, size))
							want[i] /= max(1, size)
						}
					}
					return dst, want
				}})
			}
		}
	}
	runCases(t, cases)
}

func TestReductionsOfNaNAndInf(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	for _, test := range []struct {
		x                           []float64
		sum, greatest, least, logSE float64
	}{
		{[]float64{1, nan, 3}, nan, nan, nan, nan},
		{[]float64{1, inf, 3}, inf, inf, 1, inf},
		{[]float64{1, -inf, 3}, -inf, 3, -inf, 3 + math.Log1p(math.Exp(-2))},
		{[]float64{-inf, -inf}, -inf, -inf, -inf, -inf},
		{[]float64{inf, -inf}, nan, inf, -inf, inf},
		{[]float64{1000, 1000}, 2000, 1000, 1000, 1000 + math.Ln2},
		{nil, 0, -inf, inf, -inf},
	} {
		for _, dtype := range []DType{Float32, Float64} {
			x := New(dtype, []int{len(test.x)})
			for i, v := range test.x {
				x.Set(i, v)
			}
			for i, reduction := range []func(dst, x *Array, axes uint64){Sum, Max, Min, LogSumExp} {
				dst := New(dtype, nil)
				reduction(&dst, &x, 1)
				want := [4]float64{test.sum, test.greatest, test.least, test.logSE}[i]
				compare(t, &dst, []float64{want}, 1e-6)
			}
		}
	}
}

func TestStatistics(t *testing.T) {
	for _, dtype := range []DType{Float32, Float64} {
		for _, n := range []int{1, 5, 700, 40_000} {
			x := New(dtype, []int{n})
			for i := range n {
				x.Set(i, float64(i%13)-4)
			}
			x.Set(n/2, -7)
			if lo, hi := MinMax(&x); lo != -7 || n >= 700 && hi != 8 {
				t.Errorf("%v, %d elements: MinMax is %v, %v", dtype, n, lo, hi)
			}
			want := 0.0
			for _, v := range valuesOf(&x) {
				want += v * v
			}
			if got := Norm2(&x); !(math.Abs(got-math.Sqrt(want)) <= 1e-6*math.Sqrt(want)) {
				t.Errorf("%v, %d elements: Norm2 is %v, want %v", dtype, n, got, math.Sqrt(want))
			}
			if HasNaNOrInf(&x) {
				t.Errorf("%v, %d elements: HasNaNOrInf", dtype, n)
			}
			for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
				x.Set(n-1, v)
				if !HasNaNOrInf(&x) {
					t.Errorf("%v, %d elements: %v is overlooked", dtype, n, v)
				}
			}
		}
	}
}

func TestDot(t *testing.T) {
	for _, dtype := range []DType{Float32, Float64} {
		for _, n := range []int{0, 1, 511, 513, 70_000} {
			x, y := New(dtype, []int{n}), New(dtype, []int{n})
			want := 0.0
			for i := range n {
				x.Set(i, float64(i%13)-4)
				y.Set(i, float64(i%7)+0.5)
				want += x.At(i) * y.At(i)
			}
			if got := Dot(&x, &y); got != want { // all sums are exact
				t.Errorf("%v, %d elements: got %v, want %v", dtype, n, got, want)
			}
		}
	}
	x := New(Float32, []int{2})
	Fill(&x, 1e30)
	if got, want := Dot(&x, &x), 2e60; !(math.Abs(got-want) <= 1e-6*want) {
		t.Errorf("products that overflow float32: got %v, want %v", got, want)
	}
}

// Squares that overflow or underflow do not matter.
func TestNorm2OfExtremes(t *testing.T) {
	for dtype, values := range map[DType][]float64{
		Float32: {1e30, 1e-30, math.SmallestNonzeroFloat32, math.MaxFloat32},
		Float64: {1e200, 1e-200, math.SmallestNonzeroFloat64, math.MaxFloat64 / 1000},
	} {
		for _, n := range []int{1, 3, 1000, 40_000} {
			for _, v := range values {
				x := New(dtype, []int{n})
				Fill(&x, -v)
				want := v * math.Sqrt(float64(n))
				if got := Norm2(&x); !(math.Abs(got-want) <= max(1e-6*want, v/2)) || got == 0 {
					t.Errorf("%v: Norm2 of %d times %v is %v, want %v", dtype, n, v, got, want)
				}
			}
			for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0} {
				x := New(dtype, []int{n})
				x.Set(n/2, v)
				if got := Norm2(&x); got != math.Abs(v) && !(math.IsNaN(got) && math.IsNaN(v)) {
					t.Errorf("%v: Norm2 of %d zeros and %v is %v", dtype, n-1, v, got)
				}
				if allocations := testing.AllocsPerRun(10, func() { Norm2(&x) }); allocations != 0 && !race.Enabled {
					t.Errorf("%v: Norm2 of %d zeros and %v makes %v allocations", dtype, n-1, v, allocations)
				}
			}
		}
	}
}
