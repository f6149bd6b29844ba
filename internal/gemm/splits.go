package gemm

import (
	"sync"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Sizes of products on AMX tiles. They have not been measured, as no such processor was at hand: blocks
// are such that one of A, split, and one of B fit a second-level cache of 2 MB, and a product of two is
// worth a task.
const (
	splitMinSize = 32  // rows and columns of C from which on tiles are used
	splitMinK    = 64  // steps along k, likewise
	splitRows    = 128 // rows in a block of A
	splitCols    = 64  // columns in a block of B
	splitDepth   = 512 // steps along k between visits to C
)

// splitProduct is a product of float32 on AMX tiles. Its tasks run on several goroutines at once: for
// a part of k, those that split blocks of A and B, then those that multiply a pair of them each.
type splitProduct struct {
	product  product[float32]
	from, to int // the part of k
	a, b     []simd.Split
	packing  bool

	tiles     []uint16 // of all blocks
	exponents []float32
}

var splitProducts = sync.Pool{New: func() any { return new(splitProduct) }}

// onTiles is the product if it is to be computed on AMX tiles, else nil.
func (p *product[F]) onTiles() *product[float32] {
	if !simd.HasTiles() || sizeOf[F]() != 4 || min(p.c.Rows, p.c.Cols) < splitMinSize || p.a.Cols < splitMinK {
		return nil
	}
	return (*product[float32])(unsafe.Pointer(p))
}

// multiplyOnTiles runs the product p.
func multiplyOnTiles(p *product[float32]) {
	s := splitProducts.Get().(*splitProduct)
	s.product = *p
	k := p.a.Cols
	depth := evenly(k, splitDepth)
	s.reserve(depth)
	for s.from = 0; s.from < k; s.from = s.to {
		s.to = min(s.from+depth, k)
		s.packing = true
		parallel.Run(len(s.a)+len(s.b), s)
		s.packing = false
		parallel.Run(len(s.a)*len(s.b), s)
	}
	s.product = product[float32]{}
	splitProducts.Put(s)
}

// reserve gives all blocks memory for that many steps along k.
func (s *splitProduct) reserve(depth int) {
	as := (s.product.c.Rows + splitRows - 1) / splitRows
	bs := (s.product.c.Cols + splitCols - 1) / splitCols
	lenA, lenB := simd.SplitLen(splitRows, depth), simd.SplitLen(splitCols, depth)
	s.tiles = grow(s.tiles, as*lenA+bs*lenB)
	s.exponents = grow(s.exponents, as*simd.SplitExponents(splitRows)+bs*simd.SplitExponents(splitCols))
	s.a, s.b = grow(s.a, as), grow(s.b, bs)
	tiles, exponents := s.tiles, s.exponents
	cut := func(blocks []simd.Split, n, rows int) {
		for i := range blocks {
			blocks[i] = simd.Split{Tiles: tiles[:n:n], Exponents: exponents[:simd.SplitExponents(rows)]}
			tiles, exponents = tiles[n:], exponents[simd.SplitExponents(rows):]
		}
	}
	cut(s.a, lenA, splitRows)
	cut(s.b, lenB, splitCols)
}

// Do runs a task.
func (s *splitProduct) Do(i int) {
	switch {
	case !s.packing:
		s.multiply(i/len(s.b), i%len(s.b))
	case i < len(s.a):
		s.splitA(i)
	default:
		s.splitB(i - len(s.a))
	}
}

// splitA splits block i of A.
func (s *splitProduct) splitA(i int) {
	a, row, k := &s.product.a, i*splitRows, s.to-s.from
	m, src := min(splitRows, a.Rows-row), a.from(row, s.from)
	if a.ColStride == 1 {
		simd.SplitA(&s.a[i], src, a.RowStride, m, k)
		return
	}
	buf := getBuffer[float32](m * k)
	simd.TransposeStrided(buf.data, k, src, a.ColStride, k, m)
	simd.SplitA(&s.a[i], buf.data, k, m, k)
	putBuffer(buf)
}

// splitB splits block i of B.
func (s *splitProduct) splitB(i int) {
	b, col, k := &s.product.b, i*splitCols, s.to-s.from
	n, src := min(splitCols, b.Cols-col), b.from(s.from, col)
	if b.ColStride == 1 {
		simd.SplitB(&s.b[i], src, b.RowStride, k, n)
		return
	}
	buf := getBuffer[float32](n * k)
	simd.TransposeStrided(buf.data, n, src, b.ColStride, n, k)
	simd.SplitB(&s.b[i], buf.data, n, k, n)
	putBuffer(buf)
}

// multiply adds the product of block i of A and block j of B to C. What is infinite, NaN, or of too
// different magnitudes for tiles is multiplied as without them.
func (s *splitProduct) multiply(i, j int) {
	p := &s.product
	row, col := i*splitRows, j*splitCols
	g := simd.Gemm[float32]{
		M: min(splitRows, p.c.Rows-row), N: min(splitCols, p.c.Cols-col), K: s.to - s.from,
		C: p.c.from(row, col), CRow: p.c.RowStride,
		Accumulate: p.e.Accumulate || s.from > 0,
	}
	if p.e.Bias != nil && s.to == p.a.Cols {
		g.Bias = p.e.Bias[col : col+g.N]
	}
	if simd.SplitFits(&s.a[i], &s.b[j]) {
		precision := simd.SplitHighest
		if p.e.High {
			precision = simd.SplitHigh
		}
		simd.MulSplit(&g, &s.a[i], &s.b[j], precision)
		return
	}
	g.A, g.ARow, g.ACol = p.a.from(row, s.from), p.a.RowStride, p.a.ColStride
	g.B, g.BRow, g.BCol = p.b.from(s.from, col), p.b.RowStride, p.b.ColStride
	if g.BCol == 1 {
		g.MulOuter()
		return
	}
	buf := getBuffer[float32](simd.PackedBLen[float32](g.N, g.K))
	simd.PackB(buf.data, g.B, g.BRow, g.BCol, g.K, g.N)
	g.B, g.PackedB = buf.data, true
	g.MulOuter()
	putBuffer(buf)
}
