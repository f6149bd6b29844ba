package simd

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestMoments(t *testing.T) { everyForm(t, testMoments[float32], testMoments[float64]) }

func testMoments[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 2, 7, 100, sumBlock, sumBlock + 1, 3*sumBlock + 77} {
		for _, center := range []float64{0, 1000} {
			x, mean, squares := make([]T, n), 0.0, 0.0
			for i := range x {
				x[i] = T(center + r.NormFloat64())
				mean += (float64(x[i]) - center) / float64(n)
			}
			if n > 0 {
				mean += center
			}
			for _, v := range x {
				squares += (float64(v) - mean) * (float64(v) - mean)
			}
			m, s := Moments(x)
			if eps := epsilon[T](); !(math.Abs(m-mean) <= 4*eps*(center+1)) || !(math.Abs(s-squares) <= 100*eps*squares+float64(n)*eps*eps*center*center) {
				t.Errorf("%d numbers around %v: mean %v and squares %v, want %v and %v", n, center, m, s, mean, squares)
			}
		}
	}
	// Equal elements deviate by nothing, of whatever size they are.
	for _, v := range []T{0, 0.1, -1e30, 3} {
		x := slices.Repeat([]T{v}, sumBlock+333)
		if mean, squares := Moments(x); mean != float64(v) || squares != 0 {
			t.Errorf("equal elements %v have mean %v and squares %v", v, mean, squares)
		}
	}
	if mean, squares := Moments([]T{1, T(math.NaN()), 2}); mean == mean || squares == squares {
		t.Errorf("NaN gives mean %v and squares %v", mean, squares)
	}
}

func TestGradientSums(t *testing.T) {
	everyForm(t, testGradientSums[float32], testGradientSums[float64])
}

func testGradientSums[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for _, n := range []int{0, 1, 10, 100, sumBlock + 1, 2*sumBlock + 77} {
		g, x, w := make([]T, n), make([]T, n), make([]T, n)
		var sums [4]float64
		size := 1.0
		for i := range g {
			g[i], x[i], w[i] = T(r.NormFloat64()), T(r.NormFloat64()), T(r.NormFloat64())
			a, b, c := float64(g[i]), float64(x[i])-0.5, float64(w[i])
			sums[0], sums[1], sums[2], sums[3] = sums[0]+a, sums[1]+a*b, sums[2]+a*c, sums[3]+a*b*c
			size += math.Abs(a) + math.Abs(a*b) + math.Abs(a*c) + math.Abs(a*b*c)
		}
		a, b := GradientSums(g, x, 0.5)
		c, d := WeightedSums(g, x, w, 0.5)
		for i, got := range []float64{a, b, c, d} {
			if !(math.Abs(got-sums[i]) <= 4*epsilon[T]()*size) {
				t.Errorf("%d numbers: sum %d is %v, want %v", n, i, got, sums[i])
			}
		}
	}
}

// Rows of matrices are taken one after the other, whatever does not fill a vector.
func TestNormalizeColumns(t *testing.T) {
	everyForm(t, testNormalizeColumns[float32], testNormalizeColumns[float64])
}

func testNormalizeColumns[T Float](t *testing.T) {
	const rows = 5
	for columns := range 70 {
		n := rows * columns
		all := make([]T, 3*n+4*columns)
		for i := range all {
			all[i] = T(i%11 - 5)
		}
		x, g, per := all[:n], all[n:2*n], all[3*n:]
		mean, w, slope, shift := per[:columns], per[columns:2*columns], per[2*columns:3*columns], per[3*columns:]
		y, dx := all[2*n:3*n], make([]T, n)
		NormalizeColumns(y, x, mean, w, shift)
		NormalizeColumnsGradient(dx, g, x, mean, w, slope, shift)
		for i := range n {
			k := i % columns
			if want := (x[i]-mean[k])*w[k] + shift[k]; y[i] != want {
				t.Fatalf("%d columns: element %d is %v, want %v", columns, i, y[i], want)
			}
			if want := g[i]*w[k] + (x[i]-mean[k])*slope[k] + shift[k]; dx[i] != want {
				t.Fatalf("%d columns: element %d of the gradient is %v, want %v", columns, i, dx[i], want)
			}
		}
		if want := T(3*n%11 - 5); columns > 0 && mean[0] != want {
			t.Fatalf("%d columns: the element behind the result is %v, want %v", columns, mean[0], want)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("a matrix of 5 elements in 2 columns: no panic")
		}
	}()
	NormalizeColumns(make([]T, 5), make([]T, 5), make([]T, 2), make([]T, 2), make([]T, 2))
}

func square[T Float](x T) T { return x * x }

func TestNormalize(t *testing.T) { everyForm(t, testNormalize[float32], testNormalize[float64]) }

func testNormalize[T Float](t *testing.T) {
	const n = 77
	var x, w, b, g [n]T
	for i := range n {
		x[i], w[i], b[i], g[i] = T(i%5), T(i%3+1), T(i%7), T(i%4-1)
	}
	// Small whole numbers, so that every sum and product is exact.
	var y, row, dx, dxRow [n]T
	gw, gb := slices.Repeat([]T{3}, n), slices.Repeat([]T{2}, n)
	Normalize(y[:], x[:], 2, 4, 5)
	NormalizeRow(row[:], x[:], w[:], b[:], 2, 4)
	NormalizeGradient(dx[:], g[:], x[:], 2, 4, 8, 5)
	NormalizeRowGradient(dxRow[:], gw, gb, g[:], x[:], w[:], 2, 4, 8, 5)
	// The four rows are x, w, b and g, the mean of each column is in b.
	rows, upstream := [4][]T{x[:], w[:], b[:], g[:]}, [4][]T{g[:], x[:], w[:], b[:]}
	var columns, dxColumns [n]T
	sums, squares := slices.Repeat([]T{3}, n), slices.Repeat([]T{2}, n)
	gradients, products := slices.Repeat([]T{3}, n), slices.Repeat([]T{2}, n)
	ColumnSums(sums, rows, b[:])
	ColumnSquares(squares, rows, b[:])
	ColumnGradientSums(gradients, products, upstream, rows, b[:])
	NormalizeColumns(columns[:], x[:], b[:], w[:], g[:])
	NormalizeColumnsGradient(dxColumns[:], g[:], x[:], b[:], w[:], w[:], x[:])
	for i := range n {
		d := x[i] - 2
		for what, v := range map[string][2]T{
			"Normalize":                    {y[i], d*4 + 5},
			"NormalizeRow":                 {row[i], d*4*w[i] + b[i]},
			"NormalizeGradient":            {dx[i], g[i]*4 + d*8 + 5},
			"NormalizeRowGradient":         {dxRow[i], g[i]*w[i]*4 + d*8 + 5},
			"NormalizeRowGradient, weight": {gw[i], 3 + g[i]*d*4},
			"NormalizeRowGradient, bias":   {gb[i], 2 + g[i]},
			"ColumnSums":                   {sums[i], 3 + x[i] + w[i] + g[i] - 3*b[i]},
			"ColumnSquares":                {squares[i], 2 + square(x[i]-b[i]) + square(w[i]-b[i]) + square(g[i]-b[i])},
			"ColumnGradientSums":           {gradients[i], 3 + g[i] + x[i] + w[i] + b[i]},
			"ColumnGradientSums, products": {products[i], 2 + g[i]*(x[i]-b[i]) + x[i]*(w[i]-b[i]) + b[i]*(g[i]-b[i])},
			"NormalizeColumns":             {columns[i], (x[i]-b[i])*w[i] + g[i]},
			"NormalizeColumnsGradient":     {dxColumns[i], g[i]*w[i] + (x[i]-b[i])*w[i] + x[i]},
		} {
			if v[0] != v[1] {
				t.Errorf("%s: element %d is %v, want %v", what, i, v[0], v[1])
			}
		}
	}
}
