package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestSumsAreAccurate checks sums of a million terms against float64 arithmetic,
// and that adding one after the other would be far worse.
func TestSumsAreAccurate(t *testing.T) {
	const n = 1_000_003
	r := rand.New(rand.NewPCG(9, 9))
	x, y := make([]float32, n), make([]float32, n)
	var sum, squares, abs, dot, exps float64
	var naive float32
	for i := range x {
		x[i], y[i] = r.Float32()-0.1, r.Float32()
		v := float64(x[i])
		sum += v
		abs += math.Abs(v)
		squares += v * v
		dot += v * float64(y[i])
		exps += math.Exp(float64(x[i] - 0.5))
		naive += x[i]
	}
	cases := []struct {
		name string
		got  float32
		want float64
	}{
		{"Sum", Sum(x), sum},
		{"SumAbs", SumAbs(x), abs},
		{"SumSquares", SumSquares(x), squares},
		{"Dot", Dot(x, y), dot},
		{"SumExp", SumExp(x, 0.5), exps},
	}
	const limit = 4e-7
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if off := math.Abs(float64(c.got)-c.want) / math.Abs(c.want); !(off <= limit) {
				t.Errorf("%s = %g, want %g: relative error %g", c.name, c.got, c.want, off)
			}
		})
	}
	if off := math.Abs(float64(naive)-sum) / sum; off < 10*limit {
		t.Errorf("naive summation has relative error %g; the case is too easy", off)
	}
}

// TestSumsDependOnLengthOnly checks that neither the address nor what was summed
// before changes a bit.
func TestSumsDependOnLengthOnly(t *testing.T) {
	t.Run("float32", testSumsDependOnLengthOnly[float32])
	t.Run("float64", testSumsDependOnLengthOnly[float64])
}

func testSumsDependOnLengthOnly[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{1, 5, 8, 31, 64, 1000, sumBlock, sumBlock + 1, 3*sumBlock + 17} {
		memory := make([]T, n+8)
		x := make([]T, n)
		for i := range x {
			x[i] = normal[T](r)
		}
		sums := func(x []T) [5]T {
			return [5]T{Sum(x), Dot(x, x), SumSquares(x), SumAbs(x), SumExp(x, 1)}
		}
		want := sums(x)
		for shift := range 8 {
			moved := memory[shift : shift+n]
			copy(moved, x)
			if got := sums(moved); got != want {
				t.Errorf("n=%d, moved by %d elements: %v, want %v", n, shift, got, want)
			}
		}
	}
}

// TestLongReductions checks lengths above one block against the reference.
func TestLongReductions(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{sumBlock - 1, sumBlock, sumBlock + 1, 2 * sumBlock, 5*sumBlock + 321} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			x, y := make([]float64, n), make([]float64, n)
			for i := range x {
				x[i], y[i] = r.NormFloat64(), r.NormFloat64()
			}
			floor := 1e-15 * float64(n)
			for _, c := range []struct {
				name      string
				got, want float64
			}{
				{"Sum", Sum(x), sumGeneric(x)},
				{"Dot", Dot(x, y), dotGeneric(x, y)},
				{"SumExp", SumExp(x, 1), sumExpGeneric(x, 1)},
				{"MaxOf", MaxOf(x), maxOfGeneric(x)},
				{"MinOf", MinOf(x), minOfGeneric(x)},
				{"ArgMax", float64(ArgMax(x)), float64(argMaxGeneric(x))},
			} {
				if !within(c.got, c.want, 0, floor) {
					t.Errorf("%s = %g, want %g", c.name, c.got, c.want)
				}
			}
		})
	}
}

func TestExtremes(t *testing.T) {
	t.Run("float32", testExtremes[float32])
	t.Run("float64", testExtremes[float64])
}

func testExtremes[T Float](t *testing.T) {
	nan, inf := T(nan), T(inf)
	if MaxOf[T](nil) != -inf || MinOf[T](nil) != inf || ArgMax[T](nil) != -1 {
		t.Errorf("of an empty slice: %g, %g, %d; want -Inf, +Inf, -1", MaxOf[T](nil), MinOf[T](nil), ArgMax[T](nil))
	}
	for _, n := range []int{1, 3, 4, 8, 15, 16, 17, 33, 100} {
		x := make([]T, n)
		for at := range n {
			for i := range x {
				x[i] = -inf
			}
			x[at] = 2
			if at+1 < n {
				x[n-1] = 2 // the first of equals counts
			}
			if got := MaxOf(x); got != 2 {
				t.Fatalf("n=%d: MaxOf with 2 at %d = %g", n, at, got)
			}
			if got := ArgMax(x); got != at {
				t.Fatalf("n=%d: ArgMax with 2 at %d = %d", n, at, got)
			}
			x[at] = nan
			if got := MaxOf(x); got == got {
				t.Fatalf("n=%d: MaxOf with NaN at %d = %g", n, at, got)
			}
			if got := MinOf(x); got == got {
				t.Fatalf("n=%d: MinOf with NaN at %d = %g", n, at, got)
			}
			if got := ArgMax(x); got != at {
				t.Fatalf("n=%d: ArgMax with NaN at %d = %d", n, at, got)
			}
		}
	}
}

func TestSumRows(t *testing.T) {
	r := rand.New(rand.NewPCG(6, 6))
	for _, rows := range []int{0, 1, 2, 127, 128, 129, 300} {
		for _, cols := range []int{0, 1, 7, 8, 10, 64, 75} {
			x, dst := make([]float64, rows*cols), make([]float64, cols)
			want := make([]float64, cols)
			for i := range x {
				x[i] = r.NormFloat64()
				want[i%cols] += x[i]
			}
			Fill(dst, 100)
			SumRows(dst, x, rows, cols, false)
			for j := range dst {
				if !within(dst[j], want[j], 0, 1e-13) {
					t.Fatalf("%dx%d: column %d = %g, want %g", rows, cols, j, dst[j], want[j])
				}
			}
			SumRows(dst, x, rows, cols, true)
			for j := range dst {
				if !within(dst[j], 2*want[j], 0, 1e-13) {
					t.Fatalf("%dx%d accumulated: column %d = %g, want %g", rows, cols, j, dst[j], 2*want[j])
				}
			}
		}
	}
}
