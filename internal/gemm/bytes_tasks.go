package gemm

import (
	"slices"
	"sync"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Do runs a task.
func (p *bytesProduct[F]) Do(i int) {
	s := getByteScratch()
	switch {
	case p.packing:
		col := i * packCols
		p.pack(p.packed[col*p.y.Rows:], col, min(packCols, p.y.Cols-col))
	case p.transposed:
		p.pixels(s, i*pixelCols)
	default:
		p.block(s, i)
	}
	putByteScratch(s)
}

// pack packs n columns of Y from col on, and looks whether they are finite.
func (p *bytesProduct[F]) pack(dst []F, col, n int) {
	size := simd.PackedBLen[F](n, p.y.Rows)
	if n%simd.GemmPanel[F]() != 0 {
		clear(dst[:size]) // for the columns that the last panel lacks
	}
	simd.PackB(dst, p.y.from(0, col), p.y.RowStride, p.y.ColStride, p.y.Rows, n)
	// The sum is fast, but may overflow.
	if b := dst[:size]; !isFinite(simd.SumAbs(b)) && slices.ContainsFunc(b, func(x F) bool { return !isFinite(x) }) {
		p.wild.Store(true)
	}
}

// block computes block i of C = X·Y.
func (p *bytesProduct[F]) block(s *byteScratch, i int) {
	row, col, k := i/p.colTasks()*p.rows, i%p.colTasks()*p.cols, p.x.Cols
	n := min(p.cols, p.c.Cols-col)
	buf := getBuffer[F](simd.PackedBLen[F](n, k))
	p.pack(buf.data, col, n)
	g := simd.Gemm[F]{
		M: min(p.rows, p.c.Rows-row), N: n, K: k, C: p.c.from(row, col), CRow: p.c.RowStride,
		B: buf.data, PackedB: true,
	}
	if p.bias != nil {
		g.Bias = p.bias[col : col+n]
	}
	p.multiply(&g, s, p.x.Data[row*k:], k)
	putBuffer(buf)
}

// multiply runs g with rows of bytes, stride bytes apart.
func (p *bytesProduct[F]) multiply(g *simd.Gemm[F], s *byteScratch, x []byte, stride int) {
	s.index = grow(s.index, simd.IndexLen(g.K))
	g.MulBytes(x, stride, &p.table, p.zero, s.index)
}

// pixels computes the columns of C = (Xᵀ·Y)ᵀ that belong to pixelCols columns of X, from
// col on.
func (p *bytesProduct[F]) pixels(s *byteScratch, col int) {
	k, n, count := p.x.Rows, p.y.Cols, min(pixelCols, p.x.Cols-col)
	s.bytes = grow(s.bytes, count*k)
	simd.TransposeBytes(s.bytes, k, p.x.Data[min(col, len(p.x.Data)):], p.x.Cols, k, count)
	// Rows of a power of two would all fall on the same few cache sets.
	tileRow := roundUp(n, 16) + 16
	tile := getBuffer[F](count * tileRow)
	g := simd.Gemm[F]{M: count, N: n, K: k, C: tile.data, CRow: tileRow, B: p.packed, PackedB: true}
	p.multiply(&g, s, s.bytes, k)
	if p.accumulate {
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
