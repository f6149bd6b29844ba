package gemm

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// product is a product and how it is computed. Its tasks run on several goroutines
// at once.
type product[F simd.Float] struct {
	c, a, b Matrix[F]
	e       Epilogue[F]
	plan

	// Where A is packed for all tasks together, that happens part by part along k.
	packing  bool // the tasks are those that pack
	from, to int  // the part of k
	packed   []F
}

// multiply is Mul of matrices that have been checked and have a stride of 1.
func multiply[F simd.Float](c, a, b Matrix[F], e Epilogue[F]) {
	m, n, k := c.Rows, c.Cols, a.Cols
	switch {
	case tiny(m, n, k):
		multiplyElements(c, a, b, e)
		return
	case n < simd.MinDotCols:
		multiplyNarrow(c, a, b, e)
		return
	case long(m, n, k):
		multiplyLong(c, a, b, e)
		return
	}
	p := product[F]{c: c, a: a, b: b, e: e, to: k}
	p.plan = planFor[F](m, n, k, a.ColStride == 1, b.ColStride != 1)
	if p.tasks() == 1 && !p.packA {
		p.Do(0)
		return
	}
	q := getProduct[F]()
	*q = p
	if q.packA {
		q.packedTiles()
	} else {
		parallel.Run(q.tasks(), q)
	}
	putProduct(q)
}

// Do runs a task: it computes block i of C, or packs block i of A.
func (p *product[F]) Do(i int) {
	switch {
	case p.packing:
		p.packTask(i)
	case p.path == byTiles:
		p.tileTask(i)
	case p.path == byAxpy:
		p.axpyTask(i)
	case p.path == byDot:
		p.dotTask(i)
	}
}

// block describes block i of C and what it takes of A and B.
func (p *product[F]) block(i int) simd.Gemm[F] {
	row, col := i/p.colTasks*p.rows, i%p.colTasks*p.cols
	g := simd.Gemm[F]{
		M: min(p.rows, p.c.Rows-row), N: min(p.cols, p.c.Cols-col), K: p.a.Cols,
		C: p.c.from(row, col), CRow: p.c.RowStride,
		A: p.a.from(row, 0), ARow: p.a.RowStride, ACol: p.a.ColStride,
		B: p.b.from(0, col), BRow: p.b.RowStride, BCol: p.b.ColStride,
		Accumulate: p.e.Accumulate, ReLU: p.e.ReLU,
	}
	if p.e.Bias != nil {
		g.Bias = p.e.Bias[col : col+g.N]
	}
	return g
}

// axpyTask computes a block of up to three rows. The bias goes in first, and what
// is below 0 goes in a pass of its own: the rows are few.
func (p *product[F]) axpyTask(i int) {
	g := p.block(i)
	if g.Bias != nil {
		for i := range g.M {
			if row := g.C[i*g.CRow:][:g.N]; g.Accumulate {
				simd.Add(row, row, g.Bias)
			} else {
				copy(row, g.Bias)
			}
		}
		g.Accumulate = true
	}
	g.MulAxpy()
	if g.ReLU {
		for i := range g.M {
			row := g.C[i*g.CRow:][:g.N]
			simd.ReLU(row, row)
		}
	}
}

// dotTask computes a block by dot products. Rows of A that are not contiguous are
// copied first; they are few.
func (p *product[F]) dotTask(i int) {
	g := p.block(i)
	if g.ACol == 1 {
		g.MulDot()
		return
	}
	buf := getBuffer[F](g.M * g.K)
	for i := range g.M {
		row := buf.data[i*g.K:][:g.K]
		for q := range row {
			row[q] = g.A[i*g.ARow+q*g.ACol]
		}
	}
	g.A, g.ARow, g.ACol = buf.data, g.K, 1
	g.MulDot()
	putBuffer(buf)
}
