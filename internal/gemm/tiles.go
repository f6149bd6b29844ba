package gemm

import (
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// packRows is the number of rows in a block of packed A: a multiple of the tallest
// tile, such that a block stays in the second-level cache beside a panel of B.
const packRows = 96

// sharedBytes is how much of B, a part along k, is packed for all tasks, where several rows of
// tasks would pack the same: so much stays in the second-level cache.
const sharedBytes = 256 << 10

// packedTiles runs a product by tiles whose A is packed first, and with it a B of few columns.
func (p *product[F]) packedTiles() {
	blocks := p.blocksOfA()
	a, b, panels := blocks*simd.PackedALen(packRows, p.depth), 0, 0
	if p.packB && p.rowTasks > 1 && p.c.Cols*p.depth*sizeOf[F]() <= sharedBytes {
		panels = p.colTasks
		b = panels * simd.PackedBLen[F](p.cols, p.depth)
	}
	buf := getBuffer[F](a + b)
	p.packed, p.panels = buf.data[:a], buf.data[a:a+b]
	for p.from = 0; p.from < p.a.Cols; p.from = p.to {
		p.to = min(p.from+p.depth, p.a.Cols)
		p.packing = true
		parallel.Run(blocks+panels, p)
		p.packing = false
		parallel.Run(p.tasks(), p)
	}
	putBuffer(buf)
}

func (p *product[F]) blocksOfA() int { return (p.c.Rows + packRows - 1) / packRows }

// panelsOf is where the panels of column i of tasks lie, where they are packed for all rows.
func (p *product[F]) panelsOf(i int) []F {
	n := simd.PackedBLen[F](p.cols, p.depth)
	return p.panels[i*n : (i+1)*n]
}

// packedBlock is where block i of packed A lies, whose size is the same for all
// but the last.
func (p *product[F]) packedBlock(i int) []F {
	n := simd.PackedALen(packRows, p.depth)
	return p.packed[i*n : (i+1)*n]
}

// packTask packs block i of A, or behind these the panels of a column of tasks, for the part of
// k at hand.
func (p *product[F]) packTask(i int) {
	if j := i - p.blocksOfA(); j >= 0 {
		col := j * p.cols
		simd.PackB(p.panelsOf(j), p.b.from(p.from, col), p.b.RowStride, p.b.ColStride, p.to-p.from, min(p.cols, p.c.Cols-col))
		return
	}
	row := i * packRows
	simd.PackA(p.packedBlock(i), p.a.from(row, p.from), p.a.RowStride, p.a.ColStride, min(packRows, p.c.Rows-row), p.to-p.from)
}

// tileTask computes block i of C by outer products, for the part of k at hand.
func (p *product[F]) tileTask(i int) {
	g := p.block(i)
	if !p.packA && !p.packB && p.depth >= g.K {
		g.MulOuter()
		return
	}
	var buf *buffer[F]
	if p.packB && len(p.panels) == 0 {
		buf = getBuffer[F](simd.PackedBLen[F](g.N, p.depth))
		defer putBuffer(buf)
	}
	for from := p.from; from < p.to; from += p.depth {
		h := g
		h.K = min(p.depth, p.to-from)
		h.A, h.B = g.A[from*g.ACol:], g.B[from*g.BRow:]
		h.Accumulate = g.Accumulate || from > 0
		if from+h.K < g.K {
			h.Bias = nil
		}
		switch {
		case len(p.panels) > 0:
			h.B, h.PackedB = p.panelsOf(i%p.colTasks), true
		case p.packB:
			simd.PackB(buf.data, h.B, h.BRow, h.BCol, h.K, h.N)
			h.B, h.PackedB, h.Ahead = buf.data, true, p.nextB(i)
		}
		if p.packA {
			p.packedRows(&h, i/p.colTasks*p.rows)
		} else {
			h.MulOuter()
		}
	}
}

// nextB is the part of B that the processor at work on block i will likely pack after it, if it
// lies in one piece, as weights do: in large networks they come from memory.
func (p *product[F]) nextB(i int) []F {
	next := i + 1
	if next >= p.tasks() || p.depth < p.a.Cols || p.b.RowStride != 1 || p.b.ColStride != p.a.Cols {
		return nil
	}
	g := p.block(next)
	return g.B[:g.N*g.K]
}

// packedRows computes the rows from row on, block by block of packed A.
func (p *product[F]) packedRows(h *simd.Gemm[F], row int) {
	g := *h
	g.PackedA = true
	for first := 0; first < h.M; first += packRows {
		g.M = min(packRows, h.M-first)
		g.C = h.C[first*h.CRow:]
		g.A = p.packedBlock((row + first) / packRows)
		g.MulOuter()
	}
}
