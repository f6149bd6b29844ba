package gemm

import (
	"fmt"
	"math"
	"slices"
	"sync/atomic"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Bytes is a matrix of bytes, rows next to each other, that stand for numbers: element
// (i, j) is Data[i·Cols+j]·Scale + Shift, rounded after each step to the type of the
// product it is part of.
type Bytes struct {
	Data         []byte
	Rows, Cols   int
	Scale, Shift float64 // finite
}

// MulBytes is Mul for an A of bytes, C = X·B + bias, that leaves out what only adds zeros.
// It reports false, and C is as it was, where that would not pay, as too few of the numbers
// are 0: then X has to be converted. Where it would not be right, as B has NaN or
// infinities, which times 0 are NaN, it converts X itself.
//
// The result has the bits of Mul's, but for the sign of zeros, as long as a sum has no
// more terms than Mul adds up at once. Which tasks the work is cut into depends on the
// number of workers. That changes nothing: each element is one sum, made from the first
// term to the last by one task.
func MulBytes[F simd.Float](c Matrix[F], x Bytes, b Matrix[F], bias []F) (ok bool) {
	p := bytesProduct[F]{c: c, x: x, y: b, bias: bias}
	p.check(c.Rows, c.Cols, x.Rows, x.Cols)
	if c.Rows == 0 || c.Cols == 0 {
		return true
	}
	p.rows, p.cols = p.c.Rows, blockCols
	w := parallel.Workers()
	for p.cols > minBlockCols && p.tasks() < w {
		p.cols /= 2
	}
	if want := max(w/p.colTasks(), (p.c.Rows+maxRows-1)/maxRows); want > 1 {
		p.rows = max(roundUp((p.c.Rows+want-1)/want, tileRows), minBlockRows)
	}
	pays, right := p.run(func(shared *bytesProduct[F]) { parallel.Run(shared.tasks(), shared) })
	if pays && !right {
		numbers := converted[F](x)
		Mul(c, RowMajor(numbers.data[:x.Rows*x.Cols], x.Rows, x.Cols), b, Epilogue[F]{Bias: bias})
		putBuffer(numbers)
	}
	return pays
}

// converted is a buffer of the numbers that the bytes stand for.
func converted[F simd.Float](x Bytes) *buffer[F] {
	n := x.Rows * x.Cols
	buf := getBuffer[F](n)
	simd.BytesToFloats(buf.data[:n], x.Data[:n], F(x.Scale), F(x.Shift))
	return buf
}

// MulByBytes is Mul for a B of bytes, C = C·[accumulate] + A·X, with what MulBytes says.
func MulByBytes[F simd.Float](c, a Matrix[F], x Bytes, accumulate bool) (ok bool) {
	// Cᵀ = Xᵀ·Aᵀ: what is skipped are rows of Aᵀ, which serve all columns of X.
	p := bytesProduct[F]{c: c, x: x, y: a.T(), accumulate: accumulate, transposed: true}
	p.check(c.Cols, c.Rows, x.Cols, x.Rows)
	if c.Rows == 0 || c.Cols == 0 {
		return true
	}
	pays, right := p.run(func(shared *bytesProduct[F]) {
		buf := getBuffer[F](simd.PackedBLen[F](shared.y.Cols, shared.y.Rows))
		defer putBuffer(buf)
		shared.packed, shared.packing = buf.data, true
		parallel.Run((shared.y.Cols+packCols-1)/packCols, shared)
		if shared.packing = false; !shared.wild.Load() {
			parallel.Run((shared.x.Cols+pixelCols-1)/pixelCols, shared)
		}
	})
	if pays && !right {
		numbers := converted[F](x)
		Mul(c, a, RowMajor(numbers.data[:x.Rows*x.Cols], x.Rows, x.Cols), Epilogue[F]{Accumulate: accumulate})
		putBuffer(numbers)
	}
	return pays
}

// Sizes of the tasks.
const (
	blockCols    = 128 // columns of C that are computed from columns of X listed once
	minBlockCols = 32  // likewise, where there are more workers: two panels
	minBlockRows = 48  // of C, for which B is packed
	tileRows     = 12  // whole tiles, whatever the instruction set
	packCols     = 32  // columns of Aᵀ in a task that packs
	pixelCols    = 48  // columns of X in a task: whole vectors, tiles and cache lines
)

// bytesProduct is a product with bytes. Its tasks run on several goroutines at once.
type bytesProduct[F simd.Float] struct {
	c, y       Matrix[F] // the result; the other operand, [k, n]
	x          Bytes
	bias       []F
	accumulate bool

	rows, cols int // of the blocks of C that tasks compute

	transposed bool        // C is the transpose of Xᵀ·Y
	packing    bool        // the tasks are those that pack Y for all others
	packed     []F         // Y
	wild       atomic.Bool // Y has elements that are not finite

	table [256]F // the numbers that bytes stand for
	zero  byte   // the one that stands for 0
}

// run calls f with a copy of p that may be shared with workers, if that pays, and reports
// whether the other operand was finite, as what f computes takes for granted.
func (p *bytesProduct[F]) run(f func(shared *bytesProduct[F])) (pays, right bool) {
	pool := pick[F](&bytesProducts32, &bytesProducts64)
	shared := pool.Get().(*bytesProduct[F])
	p.y.normalize()
	shared.c, shared.y, shared.x, shared.bias, shared.accumulate = p.c, p.y, p.x, p.bias, p.accumulate
	shared.rows, shared.cols, shared.transposed = p.rows, p.cols, p.transposed
	shared.wild.Store(false)
	if pays = shared.tabulate(); pays {
		f(shared)
		right = !shared.wild.Load()
	}
	shared.c, shared.y, shared.x, shared.bias, shared.packed = Matrix[F]{}, Matrix[F]{}, Bytes{}, nil, nil
	pool.Put(shared)
	return pays, right
}

// tabulate finds out what the bytes stand for, and whether many stand for 0: in a sample
// of them, as the tasks would list them.
func (p *bytesProduct[F]) tabulate() (many bool) {
	simd.BytesToFloats(p.table[:], allBytes[:], F(p.x.Scale), F(p.x.Shift))
	zero := slices.Index(p.table[:], 0)
	if zero < 0 {
		return false
	}
	p.zero = byte(zero)
	s := getByteScratch()
	s.index = grow(s.index, simd.IndexLen(p.x.Cols))
	listed, columns := 0, 0
	for i := range sampleRows {
		row := i * p.x.Rows / sampleRows
		rows := min(sampleTile, p.x.Rows-row)
		listed += simd.ListColumns(s.index, p.x.Data[row*p.x.Cols:], p.x.Cols, rows, p.x.Cols, p.zero)
		columns += p.x.Cols
	}
	putByteScratch(s)
	return listed*denseOf <= columns*denseFrom
}

// Leaving out zeros pays if of a sample of columns, each of a few rows, no more than
// denseFrom in denseOf have an element that is not 0.
const (
	sampleRows = 8
	sampleTile = 3
	denseFrom  = 3
	denseOf    = 4
)

// allBytes are the bytes in order.
var allBytes = func() (b [256]byte) {
	for i := range b {
		b[i] = byte(i)
	}
	return b
}()

func (p *bytesProduct[F]) colTasks() int { return (p.c.Cols + p.cols - 1) / p.cols }

func (p *bytesProduct[F]) tasks() int { return p.colTasks() * ((p.c.Rows + p.rows - 1) / p.rows) }

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
	if p.bias != nil && len(p.bias) != n {
		panic(fmt.Sprintf("gemm: bias has length %d, C has %d columns", len(p.bias), n))
	}
	if len(p.x.Data) < p.x.Rows*p.x.Cols {
		panic(fmt.Sprintf("gemm: bytes [%d, %d], but there are only %d", p.x.Rows, p.x.Cols, len(p.x.Data)))
	}
	if !isFinite(F(p.x.Scale)) || !isFinite(F(p.x.Shift)) {
		panic(fmt.Sprintf("gemm: bytes have the scale %v and the shift %v, not finite ones", p.x.Scale, p.x.Shift))
	}
}

func roundUp(n, step int) int { return (n + step - 1) / step * step }

func isFinite[F simd.Float](x F) bool { return !math.IsInf(float64(x), 0) && !math.IsNaN(float64(x)) }
