package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Normalization: what is normalized together is taken relative to its mean, and multiplied
// by its scale, 1/√(variance + eps); 0 where both are 0. Statistics are kept as an array
// [2, sets] of the means and the scales, for the gradient.

// ScaleOf is 1/√(variance + eps), or 0.
func ScaleOf(variance, eps float64) float64 {
	if variance+eps == 0 {
		return 0
	}
	return 1 / math.Sqrt(variance+eps)
}

// LayerNorm sets dst = (x − mean)·scale·w + b for each row of n elements of x by itself,
// or without a mean if it is not to be centered. w and b have n elements, or none for 1 and
// 0. statistics is [2, rows], or nil.
func LayerNorm(dst, x, w, b, statistics *Array, n int, eps float64, center bool) {
	if x.Len() == 0 {
		return
	}
	j := layerNormJob{dst: *dst, x: *x, w: *w, b: *b, n: n, eps: eps, center: center}
	if statistics != nil {
		j.statistics = *statistics
	}
	layerNormJobs.run(j, x.Len()/n, max(1, 2*rowGrain/n))
}

// LayerNormBackward is the gradient of LayerNorm for g, that of the result: it sets dx, or
// adds to it, and sets gw and gb, of n elements; nil for those that are not wanted.
func LayerNormBackward(dx, gw, gb, g, x, w, statistics *Array, n int, center, accumulate bool) {
	if n == 0 {
		return
	}
	rows := x.Len() / n
	j := layerNormJob{backward: true, g: *g, x: *x, w: *w, statistics: *statistics, n: n, center: center, accumulate: accumulate}
	if dx != nil {
		j.dst = *dx
	}
	// The sums over rows are made in blocks of rows, whatever does them.
	j.block = max(1, (rows+maxNormBlocks-1)/maxNormBlocks, 4*rowGrain/n)
	blocks := (rows + j.block - 1) / j.block
	if x.DType == Float32 {
		layerNormBackward[float32](j, gw, gb, blocks)
	} else {
		layerNormBackward[float64](j, gw, gb, blocks)
	}
}

// maxNormBlocks is in how many blocks, at most, the rows are added up.
const maxNormBlocks = 32

func layerNormBackward[T simd.Float](j layerNormJob, gw, gb *Array, blocks int) {
	sums := borrow[T](2 * blocks * j.n)
	j.sums = arrayOf(sums.buf)
	layerNormJobs.run(j, blocks, 1)
	for i, dst := range [2]*Array{gw, gb} {
		if dst != nil {
			part := sums.buf[i*blocks*j.n : (i+1)*blocks*j.n]
			simd.SumRows(elementsOf[T](dst), part, blocks, j.n, false)
		}
	}
	giveBack(sums)
}

// elementsOf is the elements of an array of type T.
func elementsOf[T simd.Float](a *Array) []T {
	if s, ok := any(a.F32).([]T); ok {
		return s
	}
	s, _ := any(a.F64).([]T)
	return s
}

// layerNormJob does rows, or in the backward pass blocks of rows.
type layerNormJob struct {
	dst, x, w, b, g, statistics Array
	sums                        Array // [2, blocks, n] of the gradients of w and b
	n, block                    int
	eps                         float64
	center                      bool
	backward, accumulate        bool
}

var layerNormJobs jobs[layerNormJob, *layerNormJob]

// DoRange does rows, or blocks, lo ≤ i < hi.
func (j *layerNormJob) DoRange(lo, hi int) {
	switch {
	case j.backward && j.x.DType == Float32:
		layerNormBlocks[float32](j, lo, hi)
	case j.backward:
		layerNormBlocks[float64](j, lo, hi)
	case j.x.DType == Float32:
		layerNormRows[float32](j, lo, hi)
	default:
		layerNormRows[float64](j, lo, hi)
	}
}

// orConstant is s, or a slice of n times v if it is nil; what is borrowed for that must be
// given back.
func orConstant[T simd.Float](s []T, v T, n int) ([]T, *scratch[T]) {
	if s != nil {
		return s, nil
	}
	c := borrow[T](n)
	simd.Fill(c.buf, v)
	return c.buf, c
}

func giveBackAll[T simd.Float](all ...*scratch[T]) {
	for _, s := range all {
		if s != nil {
			giveBack(s)
		}
	}
}

func layerNormRows[T simd.Float](j *layerNormJob, lo, hi int) {
	dst, x, statistics := elementsOf[T](&j.dst), elementsOf[T](&j.x), elementsOf[T](&j.statistics)
	w, ones := orConstant(elementsOf[T](&j.w), 1, j.n)
	b, zeros := orConstant(elementsOf[T](&j.b), 0, j.n)
	n, rows := j.n, len(x)/j.n
	for i := lo; i < hi; i++ {
		row := x[i*n : (i+1)*n]
		var mean, squares float64
		if j.center {
			mean, squares = simd.Moments(row)
		} else {
			squares = float64(simd.SumSquares(row))
		}
		scale := ScaleOf(squares/float64(n), j.eps)
		simd.NormalizeRow(dst[i*n:(i+1)*n], row, w, b, T(mean), T(scale))
		if statistics != nil {
			statistics[i], statistics[rows+i] = T(mean), T(scale)
		}
	}
	giveBackAll(ones, zeros)
}

// layerNormBlocks does blocks of rows. With h = g·w, c₁ = mean(h) and c₂ = mean(h·x̂) it is
//
//	dx = scale·(h − c₁ − x̂·c₂),  x̂ = (x − mean)·scale
//
// where c₁ is 0 if it is not centered.
func layerNormBlocks[T simd.Float](j *layerNormJob, lo, hi int) {
	n, rows := j.n, j.x.Len()/j.n
	dst, x, g := elementsOf[T](&j.dst), elementsOf[T](&j.x), elementsOf[T](&j.g)
	sums, statistics := elementsOf[T](&j.sums), elementsOf[T](&j.statistics)
	w, ones := orConstant(elementsOf[T](&j.w), 1, n)
	spare := borrow[T](n)
	half := len(sums) / 2
	for i := lo; i < hi; i++ {
		gw, gb := sums[i*n:(i+1)*n], sums[half+i*n:half+(i+1)*n]
		clear(gw)
		clear(gb)
		for r := i * j.block; r < min(rows, (i+1)*j.block); r++ {
			from, gr := x[r*n:(r+1)*n], g[r*n:(r+1)*n]
			mean, scale := statistics[r], statistics[rows+r]
			sum, product := simd.WeightedSums(gr, from, w, mean)
			s := float64(scale)
			slope, shift := -s*s*s*product/float64(n), 0.0
			if j.center {
				shift = -s * sum / float64(n)
			}
			to := spare.buf
			if dst != nil && !j.accumulate {
				to = dst[r*n : (r+1)*n]
			}
			simd.NormalizeRowGradient(to, gw, gb, gr, from, w, mean, scale, T(slope), T(shift))
			if dst != nil && j.accumulate {
				row := dst[r*n : (r+1)*n]
				simd.Add(row, row, to)
			}
		}
	}
	giveBack(spare)
	giveBackAll(ones)
}
