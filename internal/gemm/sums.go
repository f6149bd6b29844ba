package gemm

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// A product over many terms of few elements has no blocks of C to share out. It is
// computed as a sum of partial products instead, each over a part of k or of a
// batch; their number and order depend on shapes alone.

// long reports whether a product is better computed as a sum of partial products.
func long(m, n, k int) bool {
	return k >= longDepth && m*n <= longSize && k >= 8*max(m, n)
}

// multiplyLong computes a product as a sum over parts of k.
func multiplyLong[F simd.Float](c, a, b Matrix[F], e Epilogue[F]) {
	k := a.Cols
	t := batch[F]{c: c, a: a, b: b, e: e}
	t.depth = evenly(k, max(longDepth/2, (k+maxParts-1)/maxParts))
	t.count = (k + t.depth - 1) / t.depth
	t.strideA, t.strideB = t.depth*a.ColStride, t.depth*b.RowStride
	t.sum()
}

// sum makes C the sum of the products of a batch.
func (t *batch[F]) sum() {
	shared := getBatch[F]()
	*shared = *t
	shared.sumParts()
	putBatch(shared)
}

// sumParts computes partial sums of runs of products next to each other, then adds
// those up.
func (t *batch[F]) sumParts() {
	t.per = (t.count + maxParts - 1) / maxParts
	if t.depth == 0 {
		work := t.c.Rows * t.c.Cols * max(t.a.Cols, 1)
		t.per = max(t.per, taskWork/work)
	}
	parts := (t.count + t.per - 1) / t.per
	m, n := t.c.Rows, t.c.Cols
	buf := getBuffer[F](parts * m * n)
	t.partial = buf.data[:parts*m*n]
	t.stage = partialProducts
	parallel.Run(parts, t)
	t.stage = partialSums
	t.rows = max(1, 4096/n)
	parallel.Run((m+t.rows-1)/t.rows, t)
	putBuffer(buf)
}

// productsTask computes partial sum i.
func (t *batch[F]) productsTask(i int) {
	m, n := t.c.Rows, t.c.Cols
	c := RowMajor(t.partial[i*m*n:(i+1)*m*n], m, n)
	for j := i * t.per; j < min((i+1)*t.per, t.count); j++ {
		a, b := t.a.offset(j*t.strideA), t.b.offset(j*t.strideB)
		if t.depth > 0 {
			a.Cols = min(t.depth, a.Cols-j*t.depth)
			b.Rows = a.Cols
		}
		multiply(c, a, b, Epilogue[F]{Accumulate: j > i*t.per})
	}
}

// sumsTask adds up the partial sums of a few rows of C, in order.
func (t *batch[F]) sumsTask(i int) {
	m, n := t.c.Rows, t.c.Cols
	for r := i * t.rows; r < min((i+1)*t.rows, m); r++ {
		row := t.c.Data[r*t.c.RowStride:][:n]
		rest := t.partial[r*n:]
		if !t.e.Accumulate {
			copy(row, rest[:n])
			rest = rest[min(m*n, len(rest)):]
		}
		for len(rest) > 0 {
			simd.Add(row, row, rest[:n])
			rest = rest[min(m*n, len(rest)):]
		}
		if t.e.Bias != nil {
			simd.Add(row, row, t.e.Bias)
		}
		if t.e.ReLU {
			simd.ReLU(row, row)
		}
	}
}
