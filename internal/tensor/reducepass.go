package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// One pass of a reduction, from [outer, n, inner] to [outer, inner]. A slab [n, inner]
// is reduced by itself. If slabs are few and large, each is cut: into blocks of columns
// if it is wide and low, else into blocks of rows, whose results, [outer, blocks,
// inner], another pass combines.

const (
	// reduceGrain is the number of elements in a piece of work.
	reduceGrain = 1 << 14
	// columnBlock is the number of columns of a wide slab that are reduced together:
	// few enough for results to stay in the first-level cache.
	columnBlock = 1 << 11
	// rowBlock is the number of rows, at least, in a block: as many as simd.SumRows
	// adds up at once.
	rowBlock = 128
)

// reduceJob is the job of one pass.
type reduceJob struct {
	op         reducer
	dst, x     Array
	n, inner   int
	rows, cols int // of a block; at least one is the whole slab's
	accumulate bool
}

var reduceJobs jobs[reduceJob, *reduceJob]

func reducePass[T simd.Float](op reducer, dst, x []T, outer, n, inner int, accumulate bool) {
	if len(x) <= reduceGrain {
		for i := range outer {
			reduceSlab(op, dst[i*inner:(i+1)*inner], x[i*n*inner:(i+1)*n*inner], n, inner, inner, accumulate)
		}
		return
	}
	rows, cols := n, inner
	if slab := n * inner; slab > 4*reduceGrain || outer < 8 && slab > reduceGrain/4 {
		switch {
		case n <= rowBlock && inner >= 2*columnBlock:
			cols = columnBlock
		case inner == 1:
			rows = reduceGrain
		default:
			rows = (max(rowBlock, reduceGrain/inner) + rowBlock - 1) / rowBlock * rowBlock
		}
		rows = min(rows, n)
	}
	blocks := (n + rows - 1) / rows
	if blocks == 1 {
		reduceBlocks(op, dst, x, outer, n, inner, rows, cols, accumulate)
		return
	}
	parts := borrow[T](outer * blocks * inner)
	reduceBlocks(op, parts.buf, x, outer, n, inner, rows, cols, false)
	reducePass(op.further(), dst, parts.buf, outer, blocks, inner, accumulate)
	giveBack(parts)
}

// reduceBlocks reduces each block to a row of its own in dst.
func reduceBlocks[T simd.Float](op reducer, dst, x []T, outer, n, inner, rows, cols int, accumulate bool) {
	job := reduceJob{op: op, dst: arrayOf(dst), x: arrayOf(x), n: n, inner: inner, rows: rows, cols: cols, accumulate: accumulate}
	units := outer * ((n + rows - 1) / rows) * ((inner + cols - 1) / cols)
	reduceJobs.run(job, units, max(1, reduceGrain/(rows*cols)))
}

// arrayOf is an array without shape.
func arrayOf[T simd.Float](data []T) Array {
	switch s := any(data).(type) {
	case []float32:
		return Array{DType: Float32, F32: s}
	default:
		return Array{DType: Float64, F64: s.([]float64)}
	}
}

// DoRange reduces blocks lo ≤ i < hi.
func (j *reduceJob) DoRange(lo, hi int) {
	if j.dst.DType == Float32 {
		reduceRange(j, j.dst.F32, j.x.F32, lo, hi)
	} else {
		reduceRange(j, j.dst.F64, j.x.F64, lo, hi)
	}
}

func reduceRange[T simd.Float](j *reduceJob, dst, x []T, lo, hi int) {
	across, down := (j.inner+j.cols-1)/j.cols, (j.n+j.rows-1)/j.rows
	for i := lo; i < hi; i++ {
		col := i % across * j.cols
		row := i / across % down * j.rows
		outer := i / across / down
		rows, cols := min(j.rows, j.n-row), min(j.cols, j.inner-col)
		to := (outer*down+row/j.rows)*j.inner + col
		from := (outer*j.n+row)*j.inner + col
		reduceSlab(j.op, dst[to:to+cols], x[from:from+(rows-1)*j.inner+cols], rows, cols, j.inner, j.accumulate)
	}
}

// reduceSlab reduces the rows of x, a matrix [n, cols] whose rows are stride apart, to
// one.
func reduceSlab[T simd.Float](op reducer, dst, x []T, n, cols, stride int, accumulate bool) {
	switch {
	case cols == 1 && accumulate:
		dst[0] += reduceRow(op, x)
	case cols == 1:
		dst[0] = reduceRow(op, x)
	case op == sumOf && cols == stride:
		simd.SumRows(dst, x, n, cols, accumulate)
	case op == logSumExpOf:
		logSumExpRows(dst, x, n, cols, stride)
	default:
		combineRows(op, dst, x, n, stride, accumulate)
	}
}

// reduceRow reduces x to one element.
func reduceRow[T simd.Float](op reducer, x []T) T {
	switch op {
	case sumOf:
		return simd.Sum(x)
	case squaresOf:
		return simd.SumSquares(x)
	case maxOf:
		return simd.MaxOf(x)
	case minOf:
		return simd.MinOf(x)
	default:
		return simd.LogSumExp(x)
	}
}

// combineRows reduces rows with element-wise functions.
func combineRows[T simd.Float](op reducer, dst, x []T, n, stride int, accumulate bool) {
	cols := len(dst)
	start := 0
	if !accumulate {
		if op == squaresOf {
			simd.Square(dst, x[:cols])
		} else {
			copy(dst, x)
		}
		start = 1
	}
	var squares *scratch[T]
	if op == squaresOf {
		squares = borrow[T](cols)
	}
	for i := start; i < n; i++ {
		row := x[i*stride : i*stride+cols]
		switch op {
		case sumOf:
			simd.Add(dst, dst, row)
		case squaresOf:
			simd.Square(squares.buf, row)
			simd.Add(dst, dst, squares.buf)
		case maxOf:
			simd.Max(dst, dst, row)
		case minOf:
			simd.Min(dst, dst, row)
		}
	}
	if op == squaresOf {
		giveBack(squares)
	}
}

// logSumExpRows sets dst to ln Σ e^x of each column of a matrix [n, cols].
func logSumExpRows[T simd.Float](dst, x []T, n, cols, stride int) {
	combineRows(maxOf, dst, x, n, stride, false)
	buffers := borrow[T](3 * cols)
	shift, sum, e := buffers.buf[:cols], buffers.buf[cols:2*cols], buffers.buf[2*cols:]
	// An infinite maximum is the result, and is not to be subtracted from itself.
	for i, m := range dst {
		shift[i] = m
		if math.IsInf(float64(m), 0) {
			shift[i] = 0
		}
	}
	clear(sum)
	for i := range n {
		simd.Sub(e, x[i*stride:i*stride+cols], shift)
		simd.Exp(e, e)
		simd.Add(sum, sum, e)
	}
	simd.Log(sum, sum)
	for i, m := range dst {
		if !math.IsInf(float64(m), 0) {
			dst[i] = m + sum[i]
		}
	}
	giveBack(buffers)
}
