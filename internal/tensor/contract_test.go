package tensor

import (
	"fmt"
	"math"
	"testing"
)

// padded is an array with memory behind its last element, as arrays from a Pool have.
func padded(dtype DType, shape ...int) *Array {
	n := SizeOf(shape)
	backing := New(dtype, []int{n + 64})
	a := Array{DType: dtype, Shape: shape}
	if dtype == Float32 {
		a.F32 = backing.F32[:n]
	} else {
		a.F64 = backing.F64[:n]
	}
	return &a
}

// Indices outside an axis panic, also where memory goes on behind the array.
func TestIndicesOutsideAnAxisPanic(t *testing.T) {
	for _, dtype := range []DType{Float32, Float64} {
		for _, columns := range []int{1, 3, 16} {
			for _, wrong := range []int{-1, 4, 1 << 40} {
				x, picked, g := padded(dtype, 4, columns), padded(dtype, 1, columns), padded(dtype, 1)
				index, each := []int{wrong}, make([]int, columns)
				each[columns-1] = wrong
				for function, call := range map[string]func(){
					"GatherRows":     func() { GatherRows(picked, x, index) },
					"ScatterAddRows": func() { ScatterAddRows(x, picked, index) },
					"Gather":         func() { Gather(picked, x, each, picked.Shape, 0) },
					"ScatterAdd":     func() { ScatterAdd(x, picked, each, picked.Shape, 0) },
				} {
					t.Run(fmt.Sprint(function, " ", wrong, " of 4 rows of ", columns, " ", dtype), func(t *testing.T) { mustPanic(t, call) })
				}
				if wrong < 0 || wrong < columns {
					continue
				}
				for function, call := range map[string]func(){
					"CrossEntropy":         func() { CrossEntropy(g, padded(dtype, 1, columns), picked, index) },
					"CrossEntropyBackward": func() { Fill(g, 1); CrossEntropyBackward(padded(dtype, 1, columns), picked, index, g, 1, false) },
				} {
					t.Run(fmt.Sprint(function, " label ", wrong, " of ", columns, " ", dtype), func(t *testing.T) { mustPanic(t, call) })
				}
			}
		}
	}
}

func mustPanic(t *testing.T, call func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	call()
}

// LogSumExp of columns has the same special values as that of rows.
func TestLogSumExpOfColumnsOfNaNAndInf(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	columns := [][2]float64{{1, nan}, {inf, 3}, {-inf, 3}, {-inf, -inf}, {inf, -inf}, {inf, inf}, {1000, 1000}, {-1000, -1000}}
	want := []float64{nan, inf, 3, -inf, inf, inf, 1000 + math.Ln2, -1000 + math.Ln2}
	for _, dtype := range []DType{Float32, Float64} {
		t.Run(dtype.String(), func(t *testing.T) {
			x, dst := New(dtype, []int{2, len(columns)}), New(dtype, []int{len(columns)})
			for j, c := range columns {
				x.Set(j, c[0])
				x.Set(len(columns)+j, c[1])
			}
			LogSumExp(&dst, &x, 1)
			compare(t, &dst, want, 1e-6)
		})
	}
}

// A row whose loss has no gradient has gradient 0 whatever its probabilities are.
func TestCrossEntropyBackwardOfIgnoredNaN(t *testing.T) {
	for _, dtype := range []DType{Float32, Float64} {
		for _, accumulate := range []bool{false, true} {
			t.Run(fmt.Sprint(dtype, " accumulate ", accumulate), func(t *testing.T) {
				probs, dst, g := New(dtype, []int{2, 3}), New(dtype, []int{2, 3}), New(dtype, []int{2})
				Fill(&probs, math.NaN())
				Fill(&dst, 2)
				g.Set(1, 1)
				CrossEntropyBackward(&dst, &probs, []int{0, -1}, &g, 1, accumulate)
				want := make([]float64, 6)
				if accumulate {
					want = []float64{2, 2, 2, 2, 2, 2}
				}
				compare(t, &dst, want, 0)
			})
		}
	}
}

func TestStatisticsOfNothingAndNaN(t *testing.T) {
	for _, dtype := range []DType{Float32, Float64} {
		empty := New(dtype, []int{3, 0})
		if lo, hi := MinMax(&empty); !math.IsInf(lo, 1) || !math.IsInf(hi, -1) {
			t.Errorf("%v: MinMax of nothing is %v, %v", dtype, lo, hi)
		}
		if Norm2(&empty) != 0 || HasNaNOrInf(&empty) {
			t.Errorf("%v: Norm2 of nothing is %v, HasNaNOrInf %v", dtype, Norm2(&empty), HasNaNOrInf(&empty))
		}
		x := New(dtype, []int{40_000})
		x.Set(30_000, math.NaN())
		if lo, hi := MinMax(&x); !math.IsNaN(lo) || !math.IsNaN(hi) {
			t.Errorf("%v: MinMax with a NaN is %v, %v", dtype, lo, hi)
		}
	}
}

// TestCrossEntropyOfManyRows compares rows computed together with single ones, among
// them those with NaN and infinities.
func TestCrossEntropyOfManyRows(t *testing.T) {
	inf, nan := math.Inf(1), math.NaN()
	special := [][]float64{{1, 2, 3}, {nan, 0, 1}, {0, inf, 1}, {0, -inf, 1}, {-inf, -inf, -inf}, {inf, -inf, 0}, {1e30, -1e30, 0}, {0, 0, 0}}
	const n, c = 40, 3
	for _, dtype := range []DType{Float32, Float64} {
		x, probs, losses := New(dtype, []int{n, c}), New(dtype, []int{n, c}), New(dtype, []int{n})
		labels := make([]int, n)
		for i := range n {
			labels[i] = min(i/len(special)-1, c-1) // −1 among them
			for j, v := range special[i%len(special)] {
				x.Set(i*c+j, v)
			}
		}
		CrossEntropy(&losses, &probs, &x, labels)
		for i := range n {
			row, p, loss := New(dtype, []int{1, c}), New(dtype, []int{1, c}), New(dtype, []int{1})
			for j := range c {
				row.Set(j, x.At(i*c+j))
			}
			CrossEntropy(&loss, &p, &row, labels[i:i+1])
			same(t, dtype, "loss", i, losses.At(i), loss.At(0))
			for j := range c {
				same(t, dtype, "probability", i*c+j, probs.At(i*c+j), p.At(j))
			}
		}
	}
}

func same(t *testing.T, dtype DType, what string, i int, got, want float64) {
	t.Helper()
	if got == want || math.IsNaN(got) && math.IsNaN(want) || math.Abs(got-want) <= 1e-6*math.Abs(want) {
		return
	}
	t.Errorf("%v: %s %d is %v, that of one row alone %v", dtype, what, i, got, want)
}
