package gemm

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// A product over many terms of few elements has no blocks of C to share out. It is
// computed as a sum of partial products instead, each over a part of k or of a
// batch; their number and order depend on shapes alone.

// long computes a product as a sum over parts of k.
func (p *product[F]) long() {
	k := p.a.Cols
	t := batch[F]{first: *p}
	t.depth = evenly(k, max(longDepth/2, (k+maxParts-1)/maxParts))
	t.count = (k + t.depth - 1) / t.depth
	t.strideA, t.strideB = t.depth*p.a.ColStride, t.depth*p.b.RowStride
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
	m, n := t.first.c.Rows, t.first.c.Cols
	t.per = (t.count + maxParts - 1) / maxParts
	if t.depth == 0 {
		t.per = max(t.per, taskWork/(m*n*max(t.first.a.Cols, 1)))
	}
	parts := (t.count + t.per - 1) / t.per
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
	m, n := t.first.c.Rows, t.first.c.Cols
	for j := i * t.per; j < min((i+1)*t.per, t.count); j++ {
		p := t.at(j)
		p.c = RowMajor(t.partial[i*m*n:(i+1)*m*n], m, n)
		p.e = Epilogue[F]{Accumulate: j > i*t.per}
		if t.depth > 0 {
			p.a.Cols = min(t.depth, p.a.Cols-j*t.depth)
			p.b.Rows = p.a.Cols
		}
		p.multiply()
	}
}

// sumsTask adds up the partial sums of a few rows of C, in order.
func (t *batch[F]) sumsTask(i int) {
	c, e := &t.first.c, &t.first.e
	m, n := c.Rows, c.Cols
	for r := i * t.rows; r < min((i+1)*t.rows, m); r++ {
		row := c.Data[r*c.RowStride:][:n]
		rest := t.partial[r*n:]
		if !e.Accumulate {
			copy(row, rest[:n])
			rest = rest[min(m*n, len(rest)):]
		}
		for len(rest) > 0 {
			simd.Add(row, row, rest[:n])
			rest = rest[min(m*n, len(rest)):]
		}
		e.finish(row)
	}
}
