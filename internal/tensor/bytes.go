package tensor

import (
	"github.com/chainrule-go/chainrule/internal/gemm"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Bytes are the elements of an array that are still bytes: element i is
// Data[i]·Scale + Shift.
type Bytes struct {
	Data         []byte
	Scale, Shift float64
}

// FromBytes sets dst to the elements of b, of which there are as many.
func FromBytes(dst *Array, b Bytes) {
	bytesJobs.run(bytesJob{*dst, b}, dst.Len(), cheapGrain)
}

// bytesJob is a conversion that is spread over the worker pool.
type bytesJob struct {
	dst   Array
	bytes Bytes
}

var bytesJobs jobs[bytesJob, *bytesJob]

// DoRange converts elements lo ≤ i < hi.
func (j *bytesJob) DoRange(lo, hi int) {
	src, scale, shift := j.bytes.Data[lo:hi], j.bytes.Scale, j.bytes.Shift
	if j.dst.DType == Float32 {
		simd.BytesToFloats(j.dst.F32[lo:hi], src, float32(scale), float32(shift))
	} else {
		simd.BytesToFloats(j.dst.F64[lo:hi], src, scale, shift)
	}
}

// LinearBytes sets dst [rows…, out] to x·wᵀ + bias, where x [rows…, in] is bytes, w is
// [out, in] and bias, unless nil, is [out]. It reports false, and dst is as it was, where that
// is no faster from bytes than from numbers, as few of them are 0.
func LinearBytes(dst *Array, x Bytes, w, bias *Array) (ok bool) {
	if dst.DType == Float32 {
		return linearBytes(dst.F32, x, w.F32, w.Shape, elements32(bias))
	}
	return linearBytes(dst.F64, x, w.F64, w.Shape, elements64(bias))
}

func linearBytes[T simd.Float](dst []T, x Bytes, w []T, shape []int, bias []T) (ok bool) {
	out, in := shape[0], shape[1]
	if len(dst) == 0 {
		return true
	}
	rows := len(dst) / out
	return gemm.MulBytes(gemm.RowMajor(dst, rows, out), x.matrix(rows, in), gemm.RowMajor(w, out, in).T(), bias)
}

// LinearBytesWeight sets dw [out, in] to gᵀ·x, the gradient of LinearBytes with respect
// to w where that of its result is g [rows…, out], or adds it. It reports false, and dw is
// as it was, where LinearBytes would, with g in place of w.
func LinearBytesWeight(dw, g *Array, x Bytes, accumulate bool) (ok bool) {
	if dw.DType == Float32 {
		return linearBytesWeight(dw.F32, g.F32, x, dw.Shape, accumulate)
	}
	return linearBytesWeight(dw.F64, g.F64, x, dw.Shape, accumulate)
}

func linearBytesWeight[T simd.Float](dw, g []T, x Bytes, shape []int, accumulate bool) (ok bool) {
	out, in := shape[0], shape[1]
	if len(dw) == 0 {
		return true
	}
	rows := len(g) / out
	return gemm.MulByBytes(gemm.RowMajor(dw, out, in), gemm.RowMajor(g, rows, out).T(), x.matrix(rows, in), accumulate)
}

func (b Bytes) matrix(rows, cols int) gemm.Bytes {
	return gemm.Bytes{Data: b.Data, Rows: rows, Cols: cols, Scale: b.Scale, Shift: b.Shift}
}
