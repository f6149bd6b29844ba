package tensor

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Reductions over any set of axes, a bit mask. Adjacent axes that are all reduced or
// all kept are one, so an array is a list of extents, alternately kept and reduced. A
// pass reduces one of them: it sees [outer, n, inner] and leaves [outer, inner]
// (reducepass.go). With several reduced extents the innermost goes first, and the rest
// is done on its result.

// Sum sets dst to the sums of x over axes. They are added up in blocks and pairs, in an
// order that depends on the shape alone. dst's shape may keep the axes with size 1 or
// lack them; here and below only its length matters. The sum of nothing is 0.
func Sum(dst, x *Array, axes uint64) { reduce(sumOf, dst, x, axes, false) }

// SumSquares sets dst to the sums of x² over axes.
func SumSquares(dst, x *Array, axes uint64) { reduce(squaresOf, dst, x, axes, false) }

// Max sets dst to the greatest element of x over axes, NaN if there is a NaN, −Inf of
// nothing.
func Max(dst, x *Array, axes uint64) { reduce(maxOf, dst, x, axes, false) }

// Min sets dst to the least element of x over axes, NaN if there is a NaN, +Inf of
// nothing.
func Min(dst, x *Array, axes uint64) { reduce(minOf, dst, x, axes, false) }

// LogSumExp sets dst to ln Σ eˣ over axes, without overflow: −Inf for nothing but
// −Inf, or for nothing; +Inf if there is a +Inf; NaN if there is a NaN.
func LogSumExp(dst, x *Array, axes uint64) { reduce(logSumExpOf, dst, x, axes, false) }

// SumTo undoes a broadcast of dst's shape to x's: it sets dst to the sums of x over the
// axes that dst lacks or has with size 1, or adds them to dst.
func SumTo(dst, x *Array, accumulate bool) {
	var axes uint64
	missing := len(x.Shape) - len(dst.Shape)
	for axis, n := range x.Shape {
		if n != 1 && (axis < missing || dst.Shape[axis-missing] == 1) {
			axes |= 1 << axis
		}
	}
	reduce(sumOf, dst, x, axes, accumulate)
}

// reducer is a way to combine elements.
type reducer uint8

const (
	sumOf reducer = iota
	squaresOf
	maxOf
	minOf
	logSumExpOf
)

// ofNothing is what a reduction of no elements gives.
func (r reducer) ofNothing() float64 {
	switch r {
	case maxOf, logSumExpOf:
		return math.Inf(-1)
	case minOf:
		return math.Inf(1)
	}
	return 0
}

// further is what combines the results of r for parts to the result for the whole.
func (r reducer) further() reducer {
	if r == squaresOf {
		return sumOf
	}
	return r
}

// reduce reduces x over axes; with accumulate, which sums alone know, the result is
// added to dst.
func reduce(r reducer, dst, x *Array, axes uint64, accumulate bool) {
	if dst.Len() == 0 {
		return
	}
	if x.Len() == 0 {
		if !accumulate {
			Fill(dst, r.ofNothing())
		}
		return
	}
	var buf [maxRank + 1]extent
	extents := extentsOf(buf[:0], x.Shape, axes)
	if len(extents) == 1 && !extents[0].reduced {
		reduceNothing(r, dst, x, accumulate)
	} else if dst.DType == Float32 {
		reduceExtents(r, dst.F32, x.F32, extents, accumulate)
	} else {
		reduceExtents(r, dst.F64, x.F64, extents, accumulate)
	}
}

// reduceNothing is a reduction over axes of size 1.
func reduceNothing(r reducer, dst, x *Array, accumulate bool) {
	switch {
	case accumulate:
		Accumulate(dst, x)
	case r == squaresOf:
		Map2(&product, dst, x, x)
	default:
		Copy(dst, x)
	}
}

var product = Kernel2{F32: simd.Mul[float32], F64: simd.Mul[float64]}

// extent is the size of some adjacent axes together.
type extent struct {
	n       int
	reduced bool
}

// extentsOf is the list of extents, at least one, alternately kept and reduced.
func extentsOf(extents []extent, shape []int, axes uint64) []extent {
	for axis, n := range shape {
		reduced := axes>>axis&1 != 0
		switch last := len(extents) - 1; {
		case n == 1:
		case last >= 0 && extents[last].reduced == reduced:
			extents[last].n *= n
		default:
			extents = append(extents, extent{n, reduced})
		}
	}
	if len(extents) == 0 {
		extents = append(extents, extent{1, false})
	}
	return extents
}

// reduceExtents reduces the reduced extents, of which there is at least one.
func reduceExtents[T simd.Float](r reducer, dst, x []T, extents []extent, accumulate bool) {
	inner := 1
	last := len(extents) - 1
	if !extents[last].reduced {
		inner = extents[last].n
		last--
	}
	n := extents[last].n
	outer := len(x) / (n * inner)
	if last <= 1 { // this was the only one
		reducePass(r, dst, x, outer, n, inner, accumulate)
		return
	}
	rest := borrow[T](outer * inner)
	reducePass(r, rest.buf, x, outer, n, inner, false)
	extents = extents[:last]
	extents[last-1].n *= inner
	reduceExtents(r.further(), dst, rest.buf, extents, accumulate)
	giveBack(rest)
}
