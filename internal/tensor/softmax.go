package tensor

import "github.com/chainrule-go/chainrule/internal/simd"

// Operations on the rows along one axis. Rows along the last axis lie in one piece; for
// another axis they are brought there and back by transposing.

// rowKernel computes one row of dst from rows of its operands, of which y may be nil.
type rowKernel struct {
	f32 func(dst, x, y []float32)
	f64 func(dst, x, y []float64)
}

var (
	softmaxRow = rowKernel{
		func(dst, x, _ []float32) { simd.Softmax(dst, x) },
		func(dst, x, _ []float64) { simd.Softmax(dst, x) },
	}
	logSoftmaxRow = rowKernel{
		func(dst, x, _ []float32) { simd.LogSoftmax(dst, x) },
		func(dst, x, _ []float64) { simd.LogSoftmax(dst, x) },
	}
	softmaxBackwardRow    = rowKernel{simd.SoftmaxBackward[float32], simd.SoftmaxBackward[float64]}
	logSoftmaxBackwardRow = rowKernel{simd.LogSoftmaxBackward[float32], simd.LogSoftmaxBackward[float64]}
)

// Softmax sets dst to the softmax of x along axis.
func Softmax(dst, x *Array, axis int) { alongRows(&softmaxRow, dst, x, nil, axis) }

// LogSoftmax sets dst to the logarithm of the softmax of x along axis.
func LogSoftmax(dst, x *Array, axis int) { alongRows(&logSoftmaxRow, dst, x, nil, axis) }

// SoftmaxBackward sets dst = y∘(g − Σ g·y) along axis, the gradient through y = softmax.
func SoftmaxBackward(dst, g, y *Array, axis int) { alongRows(&softmaxBackwardRow, dst, g, y, axis) }

// LogSoftmaxBackward sets dst = g − eʸ·Σg along axis, the gradient through y = log softmax.
func LogSoftmaxBackward(dst, g, y *Array, axis int) {
	alongRows(&logSoftmaxBackwardRow, dst, g, y, axis)
}

func alongRows(k *rowKernel, dst, x, y *Array, axis int) {
	if y == nil {
		y = &Array{}
	}
	if dst.Len() == 0 {
		return
	}
	if dst.DType == Float32 {
		rowsAlong(k.f32, dst.F32, x.F32, y.F32, dst.Shape, axis)
	} else {
		rowsAlong(k.f64, dst.F64, x.F64, y.F64, dst.Shape, axis)
	}
}

func rowsAlong[T simd.Float](f func(dst, x, y []T), dst, x, y []T, shape []int, axis int) {
	n, inner := shape[axis], SizeOf(shape[axis+1:])
	if inner == 1 {
		eachRow(f, dst, x, y, n)
		return
	}
	block := n * inner
	s := borrow[T](3 * block)
	defer giveBack(s)
	tx, ty, td := s.buf[:block], s.buf[block:2*block], s.buf[2*block:]
	for at := 0; at < len(dst); at += block {
		simd.Transpose(tx, x[at:at+block], n, inner)
		if y == nil {
			eachRow(f, td, tx, nil, n)
		} else {
			simd.Transpose(ty, y[at:at+block], n, inner)
			eachRow(f, td, tx, ty, n)
		}
		simd.Transpose(dst[at:at+block], td, inner, n)
	}
}

func eachRow[T simd.Float](f func(dst, x, y []T), dst, x, y []T, n int) {
	for at := 0; at < len(dst); at += n {
		if y == nil {
			f(dst[at:at+n], x[at:at+n], nil)
		} else {
			f(dst[at:at+n], x[at:at+n], y[at:at+n])
		}
	}
}
