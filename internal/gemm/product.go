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
	panels   []F // of B, where they are packed for all tasks too
}

// multiply runs the product, which has been checked.
func (p *product[F]) multiply() {
	m, n, k := p.c.Rows, p.c.Cols, p.a.Cols
	if m == 0 || n == 0 {
		return
	}
	p.a.normalize()
	p.b.normalize()
	switch {
	case m*n*k <= tinyWork || m < simd.MinDotCols && n < simd.MinDotCols:
		p.elements()
		return
	case n < simd.MinDotCols:
		p.narrow()
		return
	case k >= longDepth && m*n <= longSize && k >= 8*max(m, n):
		p.long()
		return
	}
	if q := p.onTiles(); q != nil {
		multiplyOnTiles(q)
		return
	}
	p.plan = planFor[F](m, n, k, p.a.ColStride == 1, p.b.ColStride != 1, p.b.RowStride)
	p.to = k
	if p.tasks() == 1 && !p.packA {
		p.Do(0)
		return
	}
	shared := getProduct[F]()
	*shared = *p
	if p.packA {
		shared.packedTiles()
	} else {
		parallel.Run(p.tasks(), shared)
	}
	putProduct(shared)
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
		Accumulate: p.e.Accumulate,
	}
	if p.e.Bias != nil {
		g.Bias = p.e.Bias[col : col+g.N]
	}
	return g
}

// axpyTask computes a block of up to three rows, which the bias goes into first.
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
