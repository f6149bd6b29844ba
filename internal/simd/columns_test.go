package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestLayerNormColumns compares every instruction set with the reference and with each other
// bit by bit, and the reference with the definition.
func TestLayerNormColumns(t *testing.T) {
	t.Run("float32", testLayerNormColumns[float32])
	t.Run("float64", testLayerNormColumns[float64])
}

func testLayerNormColumns[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 5))
	for _, rows := range []int{1, 2, 3, 4, 5, 8, 31, 128} {
		for _, cols := range []int{16, 32, 48, 80} {
			k := rowsKernel[T]{name: "layerNormColumns", pieces: []int{1, 1},
				run: func(s [][]T, rows int) { LayerNormColumns(s[0], s[0], s[1][:rows], s[1][len(s[1])-rows:], 1e-5) },
				ref: func(s [][]T, rows int) {
					layerNormColumnsGeneric(s[0], s[0], s[1][:rows], s[1][len(s[1])-rows:], 1e-5)
				}}
			x, w := make([]T, rows*cols), make([]T, rows*cols)
			for i := range x {
				x[i], w[i] = T(100*float64(i%cols)+rng.NormFloat64()), T(rng.NormFloat64())
				if i%cols == 3 {
					x[i] = 7 // a column of equal elements
				}
			}
			x[5+cols*rng.IntN(rows)] = T(math.NaN())
			k.compare(t, [][]T{x, w}, cols, rows)

			y, b := make([]T, len(x)), w[len(w)-rows:]
			LayerNormColumns(y, x, w[:rows], b, 1e-5)
			for j := range cols {
				var mean, variance float64
				for i := range rows {
					mean += float64(x[i*cols+j]) / float64(rows)
				}
				for i := range rows {
					d := float64(x[i*cols+j]) - mean
					variance += d * d / float64(rows)
				}
				for i := range rows {
					want := (float64(x[i*cols+j])-mean)/math.Sqrt(variance+1e-5)*float64(w[i]) + float64(b[i])
					// The mean is rounded, and its error divided by the deviation.
					tolerance := 4 * epsilon[T]() * (10 + math.Abs(mean)/math.Sqrt(variance+1e-5))
					if !within(y[i*cols+j], T(want), 0, tolerance*(1+math.Abs(float64(w[i])))) {
						t.Fatalf("%d rows, column %d of %d, row %d: %v, want %v", rows, j, cols, i, y[i*cols+j], want)
					}
				}
			}
		}
	}
	y, x := make([]T, 32), slices.Repeat([]T{2}, 32)
	LayerNormColumns(y, x, []T{1, 1}, []T{3, 4}, 0)
	if y[0] != 3 || y[31] != 4 {
		t.Errorf("columns of equal elements, without eps: %v and %v, want the bias, 3 and 4", y[0], y[31])
	}
	LayerNormColumns[T](nil, nil, nil, nil, 1)
	defer func() {
		if recover() == nil {
			t.Error("24 columns: no panic")
		}
	}()
	LayerNormColumns(x[:24], x[:24], x[:1], x[:1], 1)
}

// TestSoftmaxColumns compares every instruction set with the reference and with each other bit
// by bit, and columns with the definition: such with elements of −Inf, of nothing else, and
// such that are not numbers.
func TestSoftmaxColumns(t *testing.T) {
	t.Run("float32", testSoftmaxColumns[float32])
	t.Run("float64", testSoftmaxColumns[float64])
}

func testSoftmaxColumns[T Float](t *testing.T) {
	const scale = 0.37
	k := rowsKernel[T]{name: "softmaxColumns", pieces: []int{1},
		run: func(s [][]T, rows int) { SoftmaxColumns(s[0], rows, scale) },
		ref: func(s [][]T, rows int) { softmaxColumnsGeneric(s[0], rows, scale) }}
	rng := rand.New(rand.NewPCG(8, 3))
	for _, rows := range []int{1, 2, 3, 7, 64, 129} {
		for _, cols := range []int{16, 32, 48, 80} {
			x := make([]T, rows*cols)
			for i := range x {
				x[i] = T(12 * rng.NormFloat64())
				if j := i % cols; j == 1 && rng.IntN(2) == 0 || j == 2 {
					x[i] = T(math.Inf(-1))
				}
			}
			x[3+cols*rng.IntN(rows)] = T(math.NaN())
			x[4+cols*rng.IntN(rows)] = T(math.Inf(1))
			x[5+cols*rng.IntN(rows)] = -T(math.MaxFloat32)
			k.compare(t, [][]T{x}, cols, rows)

			y := slices.Clone(x)
			SoftmaxColumns(y, rows, scale)
			for j := range cols {
				largest, sum := math.Inf(-1), 0.0
				for i := range rows {
					largest = max(largest, float64(x[i*cols+j]))
				}
				for i := range rows {
					sum += math.Exp(float64(T(scale)) * (float64(x[i*cols+j]) - largest))
				}
				for i := range rows {
					want := math.Exp(float64(T(scale))*(float64(x[i*cols+j])-largest)) / sum
					if math.IsInf(largest, -1) {
						want = 0
					}
					if !within(y[i*cols+j], T(want), 0, 100*epsilon[T]()) {
						t.Fatalf("%d rows, column %d of %d, row %d: %v, want %v", rows, j, cols, i, y[i*cols+j], want)
					}
				}
			}
		}
	}
	SoftmaxColumns[T](nil, 0, 1)
	defer func() {
		if recover() == nil {
			t.Error("24 columns: no panic")
		}
	}()
	SoftmaxColumns(make([]T, 48), 2, 1)
}
