package gemm

import (
	"fmt"
	"math"
	"sync"
	"sync/atomic"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Bytes is a matrix of bytes, rows next to each other, that stand for numbers: element
// (i, j) is Data[i·Cols+j]·Scale, rounded to the type of the product it is part of.
type Bytes struct {
	Data       []byte
	Rows, Cols int
	Scale      float64 // finite
}

// MulBytes is Mul for an A of bytes: C = relu(C + X·B + bias). It converts bytes in
// passing, without the matrix of numbers ever being in memory, and leaves out what only
// adds zeros: the more of the bytes are 0, the less time it takes. The result is the
// same, NaN and infinities in B included; so are its bits, but for the sign of zeros, as
// long as a sum has no more terms than Mul adds up at once.
//
// Which tasks the work is cut into depends on the number of workers. That changes
// nothing: each element is one sum, made from the first term to the last by one task.
func MulBytes[F simd.Float](c Matrix[F], x Bytes, b Matrix[F], e Epilogue[F]) {
	p := bytesProduct[F]{c: c, x: x, y: b, e: e}
	p.check(c.Rows, c.Cols, x.Rows, x.Cols)
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	p.rows, p.cols = p.c.Rows, blockCols
	w := parallel.Workers()
	for p.cols > minBlockCols && p.tasks() < w {
		p.cols /= 2
	}
	if want := max(w/p.colTasks(), (p.c.Rows+maxRows-1)/maxRows); want > 1 {
		p.rows = max(roundUp((p.c.Rows+want-1)/want, simd.IndexedRows), minBlockRows)
	}
	p.run(func(shared *bytesProduct[F]) { parallel.Run(shared.tasks(), shared) })
}

// MulByBytes is Mul for a B of bytes, C = C·[e.Accumulate] + A·X, with what MulBytes
// says. It takes no bias and no ReLU.
func MulByBytes[F simd.Float](c, a Matrix[F], x Bytes, accumulate bool) {
	// Cᵀ = Xᵀ·Aᵀ: what is skipped are rows of Aᵀ, which serve all columns of X.
	p := bytesProduct[F]{c: c, x: x, y: a.T(), e: Epilogue[F]{Accumulate: accumulate}, transposed: true}
	p.check(c.Cols, c.Rows, x.Cols, x.Rows)
	if c.Rows == 0 || c.Cols == 0 {
		return
	}
	p.run(func(shared *bytesProduct[F]) {
		buf := getBuffer[F](simd.PackedBLen[F](shared.y.Cols, shared.y.Rows))
		shared.packed, shared.packing = buf.data, true
		parallel.Run((shared.y.Cols+packCols-1)/packCols, shared)
		shared.packing = false
		parallel.Run((shared.x.Cols+pixelCols-1)/pixelCols, shared)
		putBuffer(buf)
	})
}

// Sizes of the tasks.
const (
	blockCols    = 128 // columns of C that are computed from rows converted once
	minBlockCols = 32  // likewise, where there are more workers: two panels
	minBlockRows = 48  // of C, for which B is packed
	packCols     = 32  // columns of Aᵀ in a task that packs
	pixelCols    = 48  // columns of X in a task: whole vectors, tiles and cache lines
)

// bytesProduct is a product with bytes. Its tasks run on several goroutines at once.
type bytesProduct[F simd.Float] struct {
	c, y Matrix[F] // the result; the other operand, [k, n]
	x    Bytes
	e    Epilogue[F]

	rows, cols int // of the blocks of C that tasks compute

	transposed bool        // C is the transpose of Xᵀ·Y
	packing    bool        // the tasks are those that pack Y for all others
	packed     []F         // Y
	wild       atomic.Bool // Y has elements that are not finite
}

// run calls f with a copy of p that may be shared with workers.
func (p *bytesProduct[F]) run(f func(shared *bytesProduct[F])) {
	p.y.normalize()
	pool := pick[F](&bytesProducts32, &bytesProducts64)
	shared := pool.Get().(*bytesProduct[F])
	shared.c, shared.y, shared.x, shared.e = p.c, p.y, p.x, p.e
	shared.rows, shared.cols, shared.transposed = p.rows, p.cols, p.transposed
	shared.wild.Store(false)
	f(shared)
	shared.c, shared.y, shared.x, shared.e, shared.packed = Matrix[F]{}, Matrix[F]{}, Bytes{}, Epilogue[F]{}, nil
	pool.Put(shared)
}

func (p *bytesProduct[F]) colTasks() int { return (p.c.Cols + p.cols - 1) / p.cols }

func (p *bytesProduct[F]) tasks() int { return p.colTasks() * ((p.c.Rows + p.rows - 1) / p.rows) }

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
	case p.transposed:
		p.pixels(s, i*pixelCols)
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
	r := p.newRows(s, k, p.pack(buf.data, col, n))
	for end := min(row+p.rows, p.c.Rows); row < end; row += g.M {
		g.M = min(simd.IndexedRows, end-row)
		g.C = p.c.from(row, col)
		r.mul(&g, p.x.Data[row*k:], k)
	}
	putBuffer(r.values)
	putBuffer(buf)
}

// pixels computes the columns of C = (Xᵀ·Y)ᵀ that belong to pixelCols columns of X, from
// col on.
func (p *bytesProduct[F]) pixels(s *byteScratch, col int) {
	k, n, count := p.x.Rows, p.y.Cols, min(pixelCols, p.x.Cols-col)
	pitch := simd.BytesPitch(k)
	s.bytes = grow(s.bytes, count*pitch)
	simd.TransposeBytes(s.bytes, pitch, p.x.Data[min(col, len(p.x.Data)):], p.x.Cols, k, count)
	// Rows of a power of two would all fall on the same few cache sets.
	tileRow := roundUp(n, 16) + 16
	tile := getBuffer[F](count * tileRow)
	g := simd.Gemm[F]{N: n, K: k, CRow: tileRow, B: p.packed, PackedB: true}
	r := p.newRows(s, k, !p.wild.Load())
	for i := 0; i < count; i += g.M {
		g.M = min(simd.IndexedRows, count-i)
		g.C = tile.data[i*tileRow:]
		r.mul(&g, s.bytes[i*pitch:], pitch)
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
	putBuffer(r.values)
	putBuffer(tile)
}

// byteRows multiplies a few rows of bytes at a time.
type byteRows[F simd.Float] struct {
	s      *byteScratch
	values *buffer[F]
	scale  F
	finite bool // so that steps may be left out
}

func (p *bytesProduct[F]) newRows(s *byteScratch, k int, finite bool) byteRows[F] {
	r := byteRows[F]{s, getBuffer[F](simd.IndexedRows * simd.BytesPitch(k)), F(p.x.Scale), finite}
	s.index = grow(s.index, simd.BytesPitch(k)+8)
	return r
}

// mul computes a block of C of g.M rows, whose A are the rows of bytes that begin at x,
// stride bytes apart.
func (r *byteRows[F]) mul(g *simd.Gemm[F], x []byte, stride int) {
	n := simd.PackBytes(r.values.data, r.s.index, x, stride, g.M, g.K, r.scale)
	if !r.finite {
		n = g.K
		for p := range n {
			r.s.index[p] = int32(p)
		}
	}
	g.A, g.ARow, g.ACol = r.values.data, simd.BytesPitch(g.K), 1
	g.MulIndexed(r.s.index[:n])
}

// check panics unless the operands fit each other: C or its transpose is [m, n], X or
// its transpose [rows, k].
func (p *bytesProduct[F]) check(m, n, rows, k int) {
	if rows != m || p.y.Cols != n || p.y.Rows != k {
		panic(fmt.Sprintf("gemm: bytes [%d, %d]·[%d, %d] into [%d, %d]: the shapes do not fit", rows, k, p.y.Rows, p.y.Cols, m, n))
	}
	p.c.check("C")
	p.y.check("the other operand")
	if p.c.ColStride != 1 && p.c.Cols > 1 {
		panic(fmt.Sprintf("gemm: the columns of C are %d elements apart, not 1", p.c.ColStride))
	}
	if p.e.Bias != nil && len(p.e.Bias) != n {
		panic(fmt.Sprintf("gemm: bias has length %d, C has %d columns", len(p.e.Bias), n))
	}
	if len(p.x.Data) < p.x.Rows*p.x.Cols {
		panic(fmt.Sprintf("gemm: bytes [%d, %d], but there are only %d", p.x.Rows, p.x.Cols, len(p.x.Data)))
	}
	if !isFinite(F(p.x.Scale)) {
		panic(fmt.Sprintf("gemm: bytes have the scale %v, not a finite one", p.x.Scale))
	}
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

func roundUp(n, step int) int { return (n + step - 1) / step * step }

func isFinite[F simd.Float](x F) bool { return !math.IsInf(float64(x), 0) && !math.IsNaN(float64(x)) }
