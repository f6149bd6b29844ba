package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestSumsAreAccurate checks sums of a million terms against float64 arithmetic, with
// every instruction set, and that adding one after the other would be far worse.
func TestSumsAreAccurate(t *testing.T) {
	const n, limit = 1_000_003, 4e-7
	random := rand.New(rand.NewPCG(9, 9))
	x, y := make([]float32, n), make([]float32, n)
	var sum float64
	var naive float32
	for i := range x {
		x[i], y[i] = random.Float32()-0.1, random.Float32()
		sum += float64(x[i])
		naive += x[i]
	}
	for _, r := range rows[float32]() {
		if r.term == nil {
			continue
		}
		var want float64
		for i := range x {
			want += r.term(float64(x[i]), float64(y[i]))
		}
		for _, set := range instructionSets() {
			var got float32
			set.with(func() { got = r.run([][]float32{x, y})[0] })
			if off := math.Abs(float64(got)-want) / math.Abs(want); !(off <= limit) {
				t.Errorf("%s with %v = %g, want %g: relative error %g", r.kernel, set, got, want, off)
			}
		}
	}
	if off := math.Abs(float64(naive)-sum) / sum; off < 10*limit {
		t.Errorf("naive summation has relative error %g; the case is too easy", off)
	}
}

// TestSumsDependOnLengthOnly checks that neither the address nor what was summed
// before changes a bit, nor does which assembly it is.
func TestSumsDependOnLengthOnly(t *testing.T) {
	t.Run("float32", testSumsDependOnLengthOnly[float32])
	t.Run("float64", testSumsDependOnLengthOnly[float64])
}

func testSumsDependOnLengthOnly[T Float](t *testing.T) {
	random := rand.New(rand.NewPCG(2, 3))
	for _, n := range []int{1, 5, 8, 31, 64, 1000, sumBlock, sumBlock + 1, 3*sumBlock + 17} {
		memory := make([]T, n+8)
		x := make([]T, n)
		for i := range x {
			x[i] = normal[T](random)
		}
		for _, r := range rows[T]() {
			if r.term == nil {
				continue
			}
			var want []T
			for i, set := range instructionSets() {
				for shift := range 8 {
					moved := memory[shift : shift+n]
					copy(moved, x)
					var got []T
					set.with(func() { got = r.run([][]T{moved, moved}) })
					if shift == 0 && i <= 1 { // the reference, the first assembly
						want = got
					}
					if !slices.Equal(got, want) {
						t.Errorf("%s with %v, n=%d, moved by %d elements: %v, want %v", r.kernel, set, n, shift, got, want)
					}
				}
			}
		}
	}
}

// TestLongReductions checks lengths above one block against the reference.
func TestLongReductions(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 4))
	for _, n := range []int{sumBlock - 1, sumBlock, sumBlock + 1, 2 * sumBlock, 5*sumBlock + 321} {
		s := [][]float64{make([]float64, n), make([]float64, n)}
		for i := range n {
			s[0][i], s[1][i] = random.NormFloat64(), random.NormFloat64()
		}
		for _, r := range rows[float64]() {
			if r.term == nil && r.elsewhere != "TestExtremes" {
				continue
			}
			want := r.ref(s)[0]
			for _, set := range instructionSets() {
				var got float64
				set.with(func() { got = r.run(s)[0] })
				if !within(got, want, 0, 4e-15*float64(n)) {
					t.Errorf("%s with %v of %d elements = %g, want %g", r.kernel, set, n, got, want)
				}
			}
		}
	}
}

func TestExtremes(t *testing.T) { everyForm(t, testExtremes[float32], testExtremes[float64]) }

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
