package tensor

import (
	"slices"

	"github.com/chainrule-go/chainrule/internal/gemm"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Matrix products over batches. The axes of the batch become a nest of loops; the
// innermost one is a batch with constant strides, which package gemm takes at once.
// Where one operand serves the whole batch, the batch is one tall matrix instead.

// MatMul sets dst [..., m, n] to the products of a [..., m, k] and b [..., k, n]. With
// transA, a is [..., k, m] and is transposed first; with transB, b is [..., n, k]. Axes
// in front are a batch: those of a and b are broadcast to dst's. A vector is a row, in
// dst too. With accumulate the products are added to dst. bias, unless nil, is [n] and
// is added to every row.
func MatMul(dst, a, b *Array, transA, transB, accumulate bool, bias *Array) {
	if dst.Len() == 0 {
		return
	}
	if dst.DType == Float32 {
		e := gemm.Epilogue[float32]{Accumulate: accumulate, Bias: elements32(bias)}
		multiply(dst, a, b, dst.F32, a.F32, b.F32, transA, transB, e)
	} else {
		e := gemm.Epilogue[float64]{Accumulate: accumulate, Bias: elements64(bias)}
		multiply(dst, a, b, dst.F64, a.F64, b.F64, transA, transB, e)
	}
}

// MatMulReduce is MatMul where the products are summed, in a fixed order, over the
// axes of the batch that dst lacks or has with size 1. That is the gradient of an
// operand that was broadcast.
func MatMulReduce(dst, a, b *Array, transA, transB, accumulate bool) {
	MatMul(dst, a, b, transA, transB, accumulate, nil)
}

func multiply[T simd.Float](dst, a, b *Array, dstData, aData, bData []T, transA, transB bool, e gemm.Epilogue[T]) {
	c, x, y := matrixOf(dst, dstData), matrixOf(a, aData), matrixOf(b, bData)
	switch {
	case !transA && len(bData) == y.Rows*y.Cols && EqualShape(batchAxes(dst), batchAxes(a)):
		c, x = rowsOf(dst, dstData), rowsOf(a, aData)
	case transA && !transB && len(dstData) == c.Rows*c.Cols && EqualShape(batchAxes(a), batchAxes(b)):
		x, y = rowsOf(a, aData), rowsOf(b, bData)
	}
	if transA {
		x = x.T()
	}
	if transB {
		y = y.T()
	}
	if len(dstData) == c.Rows*c.Cols && len(aData) == x.Rows*x.Cols && len(bData) == y.Rows*y.Cols {
		gemm.Mul(c, x, y, e)
		return
	}
	multiplyBatch(dst, a, b, dstData, aData, bData, c, x, y, e)
}

// multiplyBatch is multiply where there is more than one product, of which c, x and y
// are the first.
func multiplyBatch[T simd.Float](dst, a, b *Array, dstData, aData, bData []T, c, x, y gemm.Matrix[T], e gemm.Epilogue[T]) {
	sizeC, sizeX, sizeY := c.Rows*c.Cols, x.Rows*x.Cols, y.Rows*y.Cols
	var shape [maxRank]int
	batch, _ := BroadcastShape(shape[:0], batchAxes(a), batchAxes(b))
	batch, _ = BroadcastShape(batch, batch, batchAxes(dst))
	if SizeOf(batch) == 0 {
		if !e.Accumulate {
			clear(dstData)
		}
		return
	}
	var buf [maxRank]loop
	loops := broadcastLoops(buf[:0], batch, batchAxes(dst), batchAxes(a), batchAxes(b))
	inner := loop{n: 1}
	if len(loops) > 0 {
		inner, loops = loops[len(loops)-1], loops[:len(loops)-1]
	}
	at := cursor{loops: loops}
	accumulate := e.Accumulate
	for range iterations(loops) {
		c.Data, x.Data, y.Data = dstData[at.at[0]*sizeC:], aData[at.at[1]*sizeX:], bData[at.at[2]*sizeY:]
		e.Accumulate = accumulate || revisits(loops)
		gemm.MulBatch(inner.n, c, x, y, inner.step[0]*sizeC, inner.step[1]*sizeX, inner.step[2]*sizeY, e)
		at.next()
	}
}

// matrixOf is the first matrix of a batch.
func matrixOf[T simd.Float](a *Array, data []T) gemm.Matrix[T] {
	rank := len(a.Shape)
	if rank == 1 {
		return gemm.RowMajor(data, 1, a.Shape[0])
	}
	return gemm.RowMajor(data, a.Shape[rank-2], a.Shape[rank-1])
}

// rowsOf is all matrices of a batch, one below the other.
func rowsOf[T simd.Float](a *Array, data []T) gemm.Matrix[T] {
	rank := len(a.Shape)
	return gemm.RowMajor(data, SizeOf(a.Shape[:rank-1]), a.Shape[rank-1])
}

func batchAxes(a *Array) []int { return a.Shape[:max(0, len(a.Shape)-2)] }

// iterations is the number of iterations of a nest.
func iterations(loops []loop) int {
	n := 1
	for i := range loops {
		n *= loops[i].n
	}
	return n
}

// revisits reports whether operand 0 is where it was in an earlier iteration.
func revisits(loops []loop) bool {
	return slices.ContainsFunc(loops, func(l loop) bool { return l.step[0] == 0 && l.i > 0 })
}
