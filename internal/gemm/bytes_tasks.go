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
		g.M, g.C = end-row, p.c.from(row, col)
		p.skipping(&g, s, p.x.Data[row*k:], k, finite)
	} else {
		p.denseRows(&g, row, end, col)
	}
	putBuffer(buf)
}

// skipping computes a block from rows of bytes, stride bytes apart, and leaves out zeros
// unless what they would meet may not be finite.
func (p *bytesProduct[F]) skipping(g *simd.Gemm[F], s *byteScratch, x []byte, stride int, finite bool) {
	s.index = grow(s.index, simd.IndexLen(g.K))
	skip := int(p.zero)
	if !finite {
		skip = -1
	}
	g.MulBytes(x, stride, &p.table, skip, s.index)
}

// denseRows computes rows row ≤ i < end of C = X·Y, in the columns from col on that g is
// about. It converts some rows at a time.
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
	g := simd.Gemm[F]{M: count, N: n, K: k, C: tile.data, CRow: tileRow, B: p.packed, PackedB: true}
	p.skipping(&g, s, s.bytes, k, !p.wild.Load())
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
