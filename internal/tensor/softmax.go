package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Softmax and its relatives, row by row. Rows along the last axis are contiguous. Along
// another axis they are columns of a matrix: a block of columns is transposed into a
// buffer, treated as rows, and transposed back.

// Softmax sets dst to the softmax of x along axis. dst may be x.
func Softmax(dst, x *Array, axis int) {
	rows(rowJob{op: softmaxRows, dst: *dst, x: *x}, axis)
}

// LogSoftmax sets dst to the logarithm of the softmax of x along axis. dst may be x.
func LogSoftmax(dst, x *Array, axis int) {
	rows(rowJob{op: logSoftmaxRows, dst: *dst, x: *x}, axis)
}

// SoftmaxBackward sets dst = y·(g − Σ g·y), the sum along axis, for y a Softmax along
// axis. dst may be g or y.
func SoftmaxBackward(dst, g, y *Array, axis int) {
	rows(rowJob{op: softmaxBackwardRows, dst: *dst, x: *g, y: *y}, axis)
}

// LogSoftmaxBackward sets dst = g − e^y·Σ g, the sum along axis, for y a LogSoftmax
// along axis. dst may be g or y.
func LogSoftmaxBackward(dst, g, y *Array, axis int) {
	rows(rowJob{op: logSoftmaxBackwardRows, dst: *dst, x: *g, y: *y}, axis)
}

type rowOp uint8

const (
	softmaxRows rowOp = iota
	logSoftmaxRows
	softmaxBackwardRows
	logSoftmaxBackwardRows
)

// backward reports whether the function has a second operand.
func (op rowOp) backward() bool { return op >= softmaxBackwardRows }

// rowJob is a function of rows of one or two operands. The rows are columns of slabs,
// matrices [n, inner].
type rowJob struct {
	op       rowOp
	dst      Array
	x, y     Array // y is used by the backward functions
	n, inner int
	width    int // columns that are treated together
}

var rowJobs jobs[rowJob, *rowJob]

// rows runs a job of which all but the sizes is set.
func rows(j rowJob, axis int) {
	if j.dst.Len() == 0 {
		return
	}
	outer := 0
	outer, j.n, j.inner = around(j.dst.Shape, axis)
	j.width = min(j.inner, max(16, rowGrain/j.n))
	units := outer * ((j.inner + j.width - 1) / j.width)
	grain := max(1, rowGrain/(j.n*j.width))
	if units <= grain {
		j.DoRange(0, units)
	} else {
		rowJobs.run(j, units, grain)
	}
}

// DoRange computes blocks lo ≤ i < hi of columns, counted through all slabs.
func (j *rowJob) DoRange(lo, hi int) {
	switch {
	case j.dst.DType == Float32 && j.inner == 1:
		rowRange(j, j.dst.F32, j.x.F32, j.y.F32, lo, hi)
	case j.dst.DType == Float32:
		columnRange(j, j.dst.F32, j.x.F32, j.y.F32, lo, hi)
	case j.inner == 1:
		rowRange(j, j.dst.F64, j.x.F64, j.y.F64, lo, hi)
	default:
		columnRange(j, j.dst.F64, j.x.F64, j.y.F64, lo, hi)
	}
}

// rowRange computes contiguous rows.
func rowRange[T simd.Float](j *rowJob, dst, x, y []T, lo, hi int) {
	for at := lo * j.n; at < hi*j.n; at += j.n {
		if j.op.backward() {
			rowFunc(j.op, dst[at:at+j.n], x[at:at+j.n], y[at:at+j.n])
		} else {
			rowFunc(j.op, dst[at:at+j.n], x[at:at+j.n], nil)
		}
	}
}

// columnRange computes blocks of columns.
func columnRange[T simd.Float](j *rowJob, dst, x, y []T, lo, hi int) {
	n := j.n
	buffers := borrow[T](3 * n * j.width)
	blocks := (j.inner + j.width - 1) / j.width
	for i := lo; i < hi; i++ {
		first := i % blocks * j.width
		w := min(j.width, j.inner-first)
		start := i/blocks*n*j.inner + first
		a, b, spare := buffers.buf[:n*w], buffers.buf[n*w:2*n*w], buffers.buf[2*n*w:3*n*w]
		columnsIn(a, spare, x[start:], n, w, j.inner)
		if j.op.backward() {
			columnsIn(b, spare, y[start:], n, w, j.inner)
		}
		for at := 0; at < n*w; at += n {
			rowFunc(j.op, a[at:at+n], a[at:at+n], b[at:at+n])
		}
		columnsOut(dst[start:], spare, a, n, w, j.inner)
	}
	giveBack(buffers)
}

func rowFunc[T simd.Float](op rowOp, dst, x, y []T) {
	switch op {
	case softmaxRows:
		simd.Softmax(dst, x)
	case logSoftmaxRows:
		simd.LogSoftmax(dst, x)
	case softmaxBackwardRows:
		simd.SoftmaxBackward(dst, x, y)
	case logSoftmaxBackwardRows:
		simd.LogSoftmaxBackward(dst, x, y)
	}
}

// columnsIn sets dst [w, n] to the first w columns of x, a matrix of n rows that are
// stride apart, as rows. spare has n·w elements.
func columnsIn[T simd.Float](dst, spare, x []T, n, w, stride int) {
	if w == stride {
		simd.Transpose(dst, x[:n*w], n, w)
		return
	}
	for r := range n {
		copy(spare[r*w:(r+1)*w], x[r*stride:])
	}
	simd.Transpose(dst, spare, n, w)
}

// columnsOut is the inverse of columnsIn.
func columnsOut[T simd.Float](dst, spare, x []T, n, w, stride int) {
	if w == stride {
		simd.Transpose(dst[:n*w], x, w, n)
		return
	}
	simd.Transpose(spare, x, w, n)
	for r := range n {
		copy(dst[r*stride:r*stride+w], spare[r*w:])
	}
}
