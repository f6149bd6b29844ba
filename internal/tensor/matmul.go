package tensor

import (
	"github.com/chainrule-go/chainrule/internal/gemm"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// MatMul computes dst = op(a)·op(b) + bias for matrices on the last two axes, where op
// transposes as transA and transB say, or adds that to dst if accumulate is set. Axes in
// front of them are a batch; those of a and b broadcast to dst's. bias is nil or [n],
// and added to every row.
func MatMul(dst, a, b *Array, transA, transB, accumulate bool, bias *Array) {
	if dst.DType == Float32 {
		matMul(dst.F32, a.F32, b.F32, dst, a, b, transA, transB, accumulate, biasOf(bias).F32)
	} else {
		matMul(dst.F64, a.F64, b.F64, dst, a, b, transA, transB, accumulate, biasOf(bias).F64)
	}
}

// MatMulReduce computes the same product without bias for a dst that lacks batch axes
// of the operands, or has them with size 1: products are summed over these, in order.
func MatMulReduce(dst, a, b *Array, transA, transB, accumulate bool) {
	if dst.DType == Float32 {
		matMulReduce(dst.F32, a.F32, b.F32, dst, a, b, transA, transB, accumulate)
	} else {
		matMulReduce(dst.F64, a.F64, b.F64, dst, a, b, transA, transB, accumulate)
	}
}

func biasOf(bias *Array) Array {
	if bias == nil {
		return Array{}
	}
	return *bias
}

// matrix is one matrix of the last two axes of shape, at the start of data.
func matrix[T simd.Float](data []T, shape []int, trans bool) gemm.Matrix[T] {
	m := gemm.RowMajor(data, shape[len(shape)-2], shape[len(shape)-1])
	if trans {
		return m.T()
	}
	return m
}

func matMul[T simd.Float](c, x, y []T, dst, a, b *Array, transA, transB, accumulate bool, bias []T) {
	e := gemm.Epilogue[T]{Accumulate: accumulate, Bias: bias}
	batchA, batchB, batch := batchOf(a.Shape), batchOf(b.Shape), batchOf(dst.Shape)
	sizeC, sizeA, sizeB := matrixSize(dst.Shape), matrixSize(a.Shape), matrixSize(b.Shape)
	count := SizeOf(batch)
	if count == 0 || sizeC == 0 {
		return
	}
	strideA, regularA := batchStride(batchA, batch, sizeA)
	strideB, regularB := batchStride(batchB, batch, sizeB)
	if regularA && regularB {
		gemm.MulBatch(count, matrix(c, dst.Shape, false), matrix(x, a.Shape, transA), matrix(y, b.Shape, transB),
			sizeC, strideA, strideB, e)
		return
	}
	for i := range count {
		at, bt := broadcastIndex(i, batch, batchA)*sizeA, broadcastIndex(i, batch, batchB)*sizeB
		gemm.Mul(matrix(c[i*sizeC:], dst.Shape, false), matrix(x[at:], a.Shape, transA), matrix(y[bt:], b.Shape, transB), e)
	}
}

func matMulReduce[T simd.Float](c, x, y []T, dst, a, b *Array, transA, transB, accumulate bool) {
	batchA, batchB, batchC := batchOf(a.Shape), batchOf(b.Shape), batchOf(dst.Shape)
	var buffer [8]int
	batch, _ := BroadcastShape(buffer[:0], batchA, batchB)
	if EqualShape(batch, batchC) {
		matMul(c, x, y, dst, a, b, transA, transB, accumulate, nil)
		return
	}
	if !accumulate {
		simd.Fill(c, 0)
	}
	sizeC, sizeA, sizeB := matrixSize(dst.Shape), matrixSize(a.Shape), matrixSize(b.Shape)
	for i := range SizeOf(batch) {
		at, bt, ct := broadcastIndex(i, batch, batchA)*sizeA, broadcastIndex(i, batch, batchB)*sizeB, broadcastIndex(i, batch, batchC)*sizeC
		gemm.Mul(matrix(c[ct:], dst.Shape, false), matrix(x[at:], a.Shape, transA), matrix(y[bt:], b.Shape, transB),
			gemm.Epilogue[T]{Accumulate: true})
	}
}

func batchOf(shape []int) []int { return shape[:len(shape)-2] }

func matrixSize(shape []int) int { return shape[len(shape)-2] * shape[len(shape)-1] }

// batchStride is the distance between the matrices of an operand that follow each
// other in the batch, if it is the same for all: its size, or 0 for a single one.
func batchStride(operand, batch []int, size int) (stride int, regular bool) {
	switch n := SizeOf(operand); {
	case n == SizeOf(batch):
		return size, true
	case n == 1:
		return 0, true
	}
	return 0, false
}

// broadcastIndex is the position in an array of the given shape of element i of what
// it is broadcast to.
func broadcastIndex(i int, full, shape []int) int {
	offset, stride := 0, 1
	for axis := len(full) - 1; axis >= 0; axis-- {
		k := i % full[axis]
		i /= full[axis]
		if own := axis - (len(full) - len(shape)); own >= 0 {
			if shape[own] != 1 {
				offset += k * stride
			}
			stride *= shape[own]
		}
	}
	return offset
}
