package gemm

import (
	"sync"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Do runs a task.
func (p *bytesProduct[F]) Do(i int) {
	s := getByteScratch()
	switch {
	case p.packing:
		col := i * packCols
		n := min(packCols, p.y.Cols-col)
		if !p.pack(p.packed[col*p.y.Rows:], col, n) {
			p.wild.Store(true)
		}
	case p.transposed && p.sparse:
		p.sparsePixels(s, i*pixelCols)
	case p.transposed:
		p.densePixels(i * pixelCols)
	default:
		p.block(s, i)
	}
	putByteScratch(s)
}

// pack packs n columns of Y from col on and reports whether they are finite.
func (p *bytesProduct[F]) pack(dst []F, col, n int) (finite bool) {
	size := simd.PackedBLen[F](n, p.y.Rows)
	if n%simd.GemmPanel[F]() != 0 {
		clear(dst[:size]) // for the columns that the last panel lacks
	}
	simd.PackB(dst, p.y.from(0, col), p.y.RowStride, p.y.ColStride, p.y.Rows, n)
	return isFinite(simd.SumAbs(dst[:size]))
}

// block computes block i of C = X·Y.
func (p *bytesProduct[F]) block(s *byteScratch, i int) {
	row, col, k := i/p.colTasks()*p.rows, i%p.colTasks()*p.cols, p.x.Cols
	n := min(p.cols, p.c.Cols-col)
	buf := getBuffer[F](simd.PackedBLen[F](n, k))
	g := simd.Gemm[F]{N: n, K: k, CRow: p.c.RowStride, B: buf.data, PackedB: true, Accumulate: p.e.Accumulate, ReLU: p.e.ReLU}
	if p.e.Bias != nil {
		g.Bias = p.e.Bias[col : col+n]
	}
	finite := p.pack(buf.data, col, n)
	if end := min(row+p.rows, p.c.Rows); p.sparse {
		p.sparseRows(&g, s, row, end, col, finite)
	} else {
		p.denseRows(&g, row, end, col)
	}
	putBuffer(buf)
}

// sparseRows computes rows row ≤ i < end of C = X·Y, in the columns from col on that g is
// about, from the steps that are not 0.
func (p *bytesProduct[F]) sparseRows(g *simd.Gemm[F], s *byteScratch, row, end, col int, finite bool) {
	r := p.newRows(s, g.K, finite)
	for ; row < end; row += g.M {
		g.M = min(simd.IndexedRows, end-row)
		g.C = p.c.from(row, col)
		r.mul(g, p.x.Data[row*g.K:], g.K)
	}
}

// denseRows is sparseRows for all steps: it converts some rows at a time.
func (p *bytesProduct[F]) denseRows(g *simd.Gemm[F], row, end, col int) {
	buf := getBuffer[F](denseRowsAtOnce * g.K)
	g.A, g.ARow, g.ACol = buf.data, g.K, 1
	for ; row < end; row += g.M {
		g.M = min(denseRowsAtOnce, end-row)
		g.C = p.c.from(row, col)
		p.convert(buf.data[:g.M*g.K], row*g.K)
		g.MulOuter()
	}
	putBuffer(buf)
}

// denseRowsAtOnce are two of the tallest tiles: of some hundred columns they stay in the
// first-level cache.
const denseRowsAtOnce = 12

// convert sets dst to what as many bytes stand for, from number i on.
func (p *bytesProduct[F]) convert(dst []F, i int) {
	simd.BytesToFloats(dst, p.x.Data[i:i+len(dst)], F(p.x.Scale), F(p.x.Shift))
}

// densePixels computes the columns of C = Yᵀ·X that belong to pixelCols columns of X,
// from col on.
func (p *bytesProduct[F]) densePixels(col int) {
	k, n := p.x.Rows, min(pixelCols, p.x.Cols-col)
	buf := getBuffer[F](k * n)
	for i := range k {
		p.convert(buf.data[i*n:(i+1)*n], i*p.x.Cols+col)
	}
	g := simd.Gemm[F]{
		M: p.y.Cols, N: n, K: k, C: p.c.from(0, col), CRow: p.c.RowStride, Accumulate: p.e.Accumulate,
		A: p.y.Data, ARow: p.y.ColStride, ACol: p.y.RowStride, B: buf.data, BRow: n, BCol: 1,
	}
	g.MulOuter()
	putBuffer(buf)
}

// sparsePixels is densePixels by C = (Xᵀ·Y)ᵀ, from the steps that are not 0.
func (p *bytesProduct[F]) sparsePixels(s *byteScratch, col int) {
	k, n, count := p.x.Rows, p.y.Cols, min(pixelCols, p.x.Cols-col)
	s.bytes = grow(s.bytes, count*k)
	simd.TransposeBytes(s.bytes, k, p.x.Data[min(col, len(p.x.Data)):], p.x.Cols, k, count)
	// Rows of a power of two would all fall on the same few cache sets.
	tileRow := roundUp(n, 16) + 16
	tile := getBuffer[F](count * tileRow)
	g := simd.Gemm[F]{N: n, K: k, CRow: tileRow, B: p.packed, PackedB: true}
	r := p.newRows(s, k, !p.wild.Load())
	for i := 0; i < count; i += g.M {
		g.M = min(simd.IndexedRows, count-i)
		g.C = tile.data[i*tileRow:]
		r.mul(&g, s.bytes[i*k:], k)
	}
	if p.e.Accumulate {
		for i := range count {
			for j, v := range tile.data[i*tileRow:][:n] {
				p.c.Data[j*p.c.RowStride+col+i] += v
			}
		}
	} else {
		simd.TransposeStrided(p.c.from(0, col), p.c.RowStride, tile.data, tileRow, count, n)
	}
	putBuffer(tile)
}

// byteRows multiplies a few rows of bytes at a time.
type byteRows[F simd.Float] struct {
	table *[256]F
	zero  byte
	index []int32
	all   bool // index is complete: no step may be left out
}

// newRows is for rows of k bytes, and a Y that is finite, so that steps may be left out,
// or not.
func (p *bytesProduct[F]) newRows(s *byteScratch, k int, finite bool) byteRows[F] {
	s.index = grow(s.index, simd.IndexLen(k))
	if !finite {
		for q := range k {
			s.index[q] = int32(q)
		}
	}
	return byteRows[F]{&p.table, p.zero, s.index, !finite}
}

// mul computes a block of C of g.M rows, whose A are the rows of bytes that begin at x,
// stride bytes apart.
func (r *byteRows[F]) mul(g *simd.Gemm[F], x []byte, stride int) {
	n := g.K
	if !r.all {
		n = simd.ListColumns(r.index, x, stride, g.M, g.K, r.zero)
	}
	g.MulBytes(x, stride, r.table, r.index[:n])
}

// byteScratch is memory that a task needs besides that of numbers.
type byteScratch struct {
	index []int32
	bytes []byte
}

var (
	byteScratches   = sync.Pool{New: func() any { return new(byteScratch) }}
	bytesProducts32 = sync.Pool{New: func() any { return new(bytesProduct[float32]) }}
	bytesProducts64 = sync.Pool{New: func() any { return new(bytesProduct[float64]) }}
)

func getByteScratch() *byteScratch { return byteScratches.Get().(*byteScratch) }

func putByteScratch(s *byteScratch) { byteScratches.Put(s) }

// grow is a slice of n elements, in s's memory if that suffices.
func grow[E any](s []E, n int) []E {
	if cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}
