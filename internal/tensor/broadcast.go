package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Operands that are repeated along some axes. Axes that repeat alike are merged. Where
// the innermost one is long, kernels are called row by row, with a slice or a single
// element of each operand; that needs no copy. Where it is short, repeated operands are
// written out in a buffer that stays in the first-level cache, a block at a time, so
// that calls are long however short the rows are.

const (
	// longRow is the length from which rows are worth a call of their own.
	longRow = 256
	// blockSize is the number of elements of a buffer.
	blockSize = 1024
)

// broadcasting is an element-wise job with operands that are repeated.
type broadcasting struct {
	k2       Kernel2 // one of the kernels is set
	k3       Kernel3
	dst      Array
	in       [3]Array
	operands int // how many of in are used

	grain int
	block int    // elements in a block; 0 means row by row
	loops []loop // all operands' loops together, for rows

	each      [3][]loop // each operand's own loops, for blocks
	blockwise [3]bool   // whether the operand is to be written out
	repeats   [3]bool   // whether what is written out is the same for every block
}

var broadcastings jobs[broadcasting, *broadcasting]

// broadcastMap runs a job of which everything but the loops is set.
func broadcastMap(b broadcasting) {
	memory := borrowNests()
	b.plan(memory)
	broadcastings.run(b, b.dst.Len(), b.grain)
	giveBackNests(memory)
}

// plan decides between rows and blocks.
func (b *broadcasting) plan(memory *nests) {
	memory[3] = broadcastLoops(memory[3][:0], b.dst.Shape, b.in[0].Shape, b.in[1].Shape, b.in[2].Shape)
	b.loops = memory[3]
	if row := b.loops[len(b.loops)-1].n; row >= longRow {
		b.grain = whole(b.grain, row)
		return
	}
	n := b.dst.Len()
	b.block = blockSize
	for k := range b.operands {
		x := &b.in[k]
		if direct(n, x.Len()) {
			continue
		}
		b.blockwise[k] = true
		memory[k] = broadcastLoops(memory[k][:0], b.dst.Shape, x.Shape)
		b.each[k] = memory[k]
		if p := period(b.each[k]); p > 0 && p <= blockSize/2 {
			b.block = whole(b.block, p)
		}
	}
	for k := range b.operands {
		p := 0
		if b.blockwise[k] {
			p = period(b.each[k])
		}
		b.repeats[k] = p > 0 && b.block%p == 0
	}
	b.grain = whole(b.grain, b.block)
}

// whole is n rounded down to a multiple of unit, unless it is less than that.
func whole(n, unit int) int {
	if unit > n {
		return n
	}
	return n - n%unit
}

// period is the length of x if the loops repeat all of x again and again, else 0.
func period(loops []loop) int {
	if len(loops) == 2 && loops[0].step[0] == 0 && loops[1].step[0] == 1 {
		return loops[1].n
	}
	return 0
}

// DoRange computes elements lo ≤ i < hi.
func (b *broadcasting) DoRange(lo, hi int) {
	if b.dst.DType == Float32 {
		in := [3][]float32{b.in[0].F32, b.in[1].F32, b.in[2].F32}
		broadcastRange(b, b.k2.F32, b.k3.F32, b.dst.F32, &in, lo, hi)
	} else {
		in := [3][]float64{b.in[0].F64, b.in[1].F64, b.in[2].F64}
		broadcastRange(b, b.k2.F64, b.k3.F64, b.dst.F64, &in, lo, hi)
	}
}

func broadcastRange[T simd.Float](b *broadcasting, f2 func(dst, a, b []T), f3 func(dst, a, b, c []T), dst []T, in *[3][]T, lo, hi int) {
	if b.block > 0 {
		byBlocks(b, f2, f3, dst, in, lo, hi)
	} else {
		byRows(b, f2, f3, dst, in, lo, hi)
	}
}

// byRows calls the kernel for each row, or part of a row, in the range.
func byRows[T simd.Float](b *broadcasting, f2 func(dst, a, b []T), f3 func(dst, a, b, c []T), dst []T, in *[3][]T, lo, hi int) {
	var buf [maxRank]loop
	loops := append(buf[:0], b.loops...)
	row := loops[len(loops)-1]
	c := cursor{loops: loops[:len(loops)-1]}
	c.seek(lo / row.n)
	for first := lo % row.n; lo < hi; first = 0 {
		n := min(row.n-first, hi-lo)
		var x [3][]T
		for k := range b.operands {
			start := c.at[k] + first*row.step[k]
			x[k] = in[k][start : start+1+(n-1)*row.step[k]]
		}
		if f2 != nil {
			f2(dst[lo:lo+n], x[0], x[1])
		} else {
			f3(dst[lo:lo+n], x[0], x[1], x[2])
		}
		lo += n
		c.next()
	}
}

// byBlocks writes repeated operands out, block by block, and calls the kernel.
func byBlocks[T simd.Float](b *broadcasting, f2 func(dst, a, b []T), f3 func(dst, a, b, c []T), dst []T, in *[3][]T, lo, hi int) {
	buffers := borrow[T](3 * blockSize)
	for start := lo; lo < hi; lo += b.block {
		end := min(lo+b.block, hi)
		var x [3][]T
		for k := range b.operands {
			if !b.blockwise[k] {
				x[k] = part(in[k], lo, end)
				continue
			}
			x[k] = buffers.buf[k*blockSize:][:end-lo]
			if lo == start || !b.repeats[k] {
				expand(x[k], in[k], b.each[k], lo)
			}
		}
		if f2 != nil {
			f2(dst[lo:end], x[0], x[1])
		} else {
			f3(dst[lo:end], x[0], x[1], x[2])
		}
	}
	giveBack(buffers)
}

// BroadcastTo sets dst to x, repeated to dst's shape.
func BroadcastTo(dst, x *Array) {
	switch n := dst.Len(); {
	case n == 0:
	case n == x.Len():
		Copy(dst, x)
	case x.Len() == 1:
		Fill(dst, x.At(0))
	default:
		memory := borrowNests()
		memory[0] = broadcastLoops(memory[0][:0], dst.Shape, x.Shape)
		repetitions.run(repetition{*dst, *x, memory[0]}, n, cheapGrain)
		giveBackNests(memory)
	}
}

// repetition is the job of BroadcastTo.
type repetition struct {
	dst, x Array
	loops  []loop
}

var repetitions jobs[repetition, *repetition]

// DoRange writes elements lo ≤ i < hi.
func (r *repetition) DoRange(lo, hi int) {
	if r.dst.DType == Float32 {
		expand(r.dst.F32[lo:hi], r.x.F32, r.loops, lo)
	} else {
		expand(r.dst.F64[lo:hi], r.x.F64, r.loops, lo)
	}
}

// expand sets dst to what the loops visit of x, from iteration lo on.
func expand[T simd.Float](dst, x []T, loops []loop, lo int) {
	if p := period(loops); p > 0 {
		repeat(dst, x[:p], lo%p)
		return
	}
	var buf [maxRank]loop
	loops = append(buf[:0], loops...)
	row := loops[len(loops)-1]
	c := cursor{loops: loops[:len(loops)-1]}
	c.seek(lo / row.n)
	for first := lo % row.n; len(dst) > 0; first = 0 {
		n := min(row.n-first, len(dst))
		if row.step[0] == 0 {
			fill(dst[:n], x[c.at[0]])
		} else {
			copy(dst[:n], x[c.at[0]+first:])
		}
		dst = dst[n:]
		c.next()
	}
}

// repeat sets dst to x again and again, beginning with x[first].
func repeat[T simd.Float](dst, x []T, first int) {
	n := copy(dst, x[first:])
	n += copy(dst[n:], x[:first])
	for n < len(dst) {
		n += copy(dst[n:], dst[:n])
	}
}

// fill is simd.Fill for what may be just a few elements.
func fill[T simd.Float](dst []T, v T) {
	if len(dst) >= 16 {
		simd.Fill(dst, v)
		return
	}
	for i := range dst {
		dst[i] = v
	}
}
