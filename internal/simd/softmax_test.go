package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// TestRows checks the row functions against their definitions in float64, for
// rows short and longer than a block, with logits no exponential could take.
func TestRows(t *testing.T) { everyForm(t, testRowFunctions[float32], testRowFunctions[float64]) }

func testRowFunctions[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(8, 1))
	for _, n := range []int{1, 2, 3, 8, 10, 17, 100, 1000, sumBlock + 5, 3 * sumBlock} {
		for _, offset := range []float64{0, 1e4, -1e4} {
			t.Run(fmt.Sprintf("%d at %g", n, offset), func(t *testing.T) {
				x, g := make([]T, n), make([]T, n)
				for i := range x {
					x[i], g[i] = T(offset+4*r.NormFloat64()), T(r.NormFloat64())
				}
				checkRow(t, x, g, r.IntN(n))
			})
		}
	}
}

// checkRow checks every function of the row x with upstream gradient g.
func checkRow[T Float](t *testing.T, x, g []T, label int) {
	t.Helper()
	n := len(x)
	largest := float64(maxOfGeneric(x))
	var sum float64
	for _, v := range x {
		sum += math.Exp(float64(v) - largest)
	}
	logSum := math.Log(sum)
	probability, logProbability := make([]float64, n), make([]float64, n)
	var gp, gSum float64
	for i, v := range x {
		logProbability[i] = float64(v) - largest - logSum
		probability[i] = math.Exp(logProbability[i])
		gp += float64(g[i]) * probability[i]
		gSum += float64(g[i])
	}

	tolerance := 50 * epsilon[T]() * math.Max(1, math.Sqrt(float64(n))/10)
	check := func(name string, i int, got T, want float64) {
		t.Helper()
		if !(math.Abs(float64(got)-want) <= tolerance*math.Max(1, math.Abs(want))) {
			t.Fatalf("%s, element %d: %g, want %g", name, i, got, want)
		}
	}
	y, logY, loss := make([]T, n), make([]T, n), make([]T, n)
	Softmax(y, x)
	LogSoftmax(logY, x)
	check("LogSumExp", 0, LogSumExp(x), largest+logSum)
	check("CrossEntropyRow", label, CrossEntropyRow(loss, x, label), -logProbability[label])
	dx, dLog := make([]T, n), make([]T, n)
	SoftmaxBackward(dx, g, y)
	LogSoftmaxBackward(dLog, g, logY)
	for i := range x {
		check("Softmax", i, y[i], probability[i])
		check("LogSoftmax", i, logY[i], logProbability[i])
		check("CrossEntropyRow's softmax", i, loss[i], probability[i])
		check("SoftmaxBackward", i, dx[i], probability[i]*(float64(g[i])-gp))
		check("LogSoftmaxBackward", i, dLog[i], float64(g[i])-probability[i]*gSum)
	}

	inPlace := append([]T(nil), x...)
	CrossEntropyRow(inPlace, inPlace, label)
	for i := range inPlace {
		if inPlace[i] != loss[i] {
			t.Fatalf("CrossEntropyRow in place, element %d: %g, want %g", i, inPlace[i], loss[i])
		}
	}
}

// TestRowEdges checks rows with infinities and NaN.
func TestRowEdges(t *testing.T) {
	cases := []struct {
		name      string
		x         []float64
		logSumExp float64
		softmax   []float64
	}{
		{"masked", []float64{0, -inf, 0, -inf}, math.Ln2, []float64{0.5, 0, 0.5, 0}},
		{"all masked", []float64{-inf, -inf, -inf}, -inf, []float64{nan, nan, nan}},
		{"plus infinity", []float64{1, inf, 2}, inf, []float64{nan, nan, nan}},
		{"NaN", []float64{1, nan, 2, 3, 4}, nan, []float64{nan, nan, nan, nan, nan}},
		{"NaN and infinity", []float64{inf, 1, nan}, nan, []float64{nan, nan, nan}},
		{"NaN among masked", []float64{-inf, nan}, nan, []float64{nan, nan}},
		{"far apart", []float64{0, -2000, 1000}, 1000, []float64{0, 0, 1}},
		{"one", []float64{-7}, -7, []float64{1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got := LogSumExp(c.x); !within(got, c.logSumExp, 1, 0) {
				t.Errorf("LogSumExp = %g, want %g", got, c.logSumExp)
			}
			if got := LogSumExp(narrow(c.x)); !within(got, float32(c.logSumExp), 1, 0) {
				t.Errorf("LogSumExp in float32 = %g, want %g", got, c.logSumExp)
			}
			got, got32 := make([]float64, len(c.x)), make([]float32, len(c.x))
			Softmax(got, c.x)
			Softmax(got32, narrow(c.x))
			for i := range got {
				if !within(got[i], c.softmax[i], 2, 0) || !within(got32[i], float32(c.softmax[i]), 2, 0) {
					t.Errorf("Softmax, element %d: %g and %g, want %g", i, got[i], got32[i], c.softmax[i])
				}
			}
		})
	}
	if got := LogSumExp[float64](nil); got != -inf {
		t.Errorf("LogSumExp of an empty row = %g, want -Inf", got)
	}
	Softmax[float64](nil, nil)
	LogSoftmax[float64](nil, nil)
}

// TestRowMaximum puts a logit at every position that overflows unless it is the
// one subtracted.
func TestRowMaximum(t *testing.T) { everyForm(t, testRowMaximum[float32], testRowMaximum[float64]) }

func testRowMaximum[T Float](t *testing.T) {
	for _, n := range []int{1, 7, 8, 19, 40, 71} {
		for at := range n {
			x, y := make([]T, n), make([]T, n)
			x[at] = 2000
			if got := LogSumExp(x); got != 2000 {
				t.Fatalf("n=%d, 2000 at %d: LogSumExp = %g", n, at, got)
			}
			Softmax(y, x)
			for i, p := range y {
				if want := oneIf[T](i == at); p != want {
					t.Fatalf("n=%d, 2000 at %d: Softmax[%d] = %g, want %g", n, at, i, p, want)
				}
			}
		}
	}
}

// TestSoftmaxRows compares every instruction set with the references, and with each other
// bit by bit, and holds rows against their definition: rows with elements of −Inf, rows of
// nothing else, and rows that are not numbers.
func TestSoftmaxRows(t *testing.T) {
	t.Run("float32", testSoftmaxRows[float32])
	t.Run("float64", testSoftmaxRows[float64])
}

func testSoftmaxRows[T Float](t *testing.T) {
	forward := rowsKernel[T]{name: "softmaxRows", pieces: []int{1},
		run: func(s [][]T, rows int) { SoftmaxRows(s[0], rows) },
		ref: func(s [][]T, rows int) { softmaxRowsGeneric(s[0], rows) }}
	backward := rowsKernel[T]{name: "softmaxRowsGradient", pieces: []int{1, 1},
		run: func(s [][]T, rows int) { SoftmaxRowsBackward(s[0], s[1], rows) },
		ref: func(s [][]T, rows int) { softmaxRowsGradientGeneric(s[0], s[1], rows) }}
	rng := rand.New(rand.NewPCG(8, 2))
	for _, n := range []int{1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 32, 33, 48, 63, 64, 65, 100, 128, 129} {
		const rows = 6
		x, g := make([]T, rows*n), make([]T, rows*n)
		for i := range x {
			x[i], g[i] = T(5*rng.NormFloat64()), T(rng.NormFloat64())
			if row := i / n; row == 1 && rng.IntN(2) == 0 || row == 2 {
				x[i] = T(math.Inf(-1))
			}
		}
		x[3*n+rng.IntN(n)] = T(math.NaN())
		x[4*n+rng.IntN(n)] = T(math.Inf(1))
		x[5*n+rng.IntN(n)] = -T(math.MaxFloat32)
		forward.compare(t, [][]T{x}, n, rows)

		y := append([]T(nil), x...)
		SoftmaxRows(y, rows)
		backward.compare(t, [][]T{g, y}, n, rows)
		dx := append([]T(nil), g...)
		SoftmaxRowsBackward(dx, y, rows)
		for r := range rows {
			row, largest := x[r*n:][:n], math.Inf(-1)
			for _, v := range row {
				largest = max(largest, float64(v))
			}
			var sum, dot float64
			want := make([]float64, n)
			for i, v := range row {
				if !math.IsInf(largest, -1) {
					want[i] = math.Exp(float64(v) - largest)
				}
				sum += want[i]
			}
			for i := range want {
				if sum != 0 {
					want[i] /= sum
				}
				dot += want[i] * float64(g[r*n+i])
			}
			for i := range want {
				if !within(y[r*n+i], T(want[i]), 0, 50*epsilon[T]()) {
					t.Fatalf("n=%d, row %d: softmax of element %d is %g, want %g", n, r, i, y[r*n+i], want[i])
				}
				if slope := want[i] * (float64(g[r*n+i]) - dot); !within(dx[r*n+i], T(slope), 0, 100*epsilon[T]()) {
					t.Fatalf("n=%d, row %d: the gradient of element %d is %g, want %g", n, r, i, dx[r*n+i], slope)
				}
			}
		}
	}
	SoftmaxRows[T](nil, 0)
	SoftmaxRowsBackward[T](nil, nil, 0)
}
