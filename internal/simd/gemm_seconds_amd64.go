//go:build amd64 && !noasm

package simd

import "unsafe"

// gemmSeconds describes rows of which every second element is taken, or put.
type gemmSeconds struct {
	dst, src, other, index, masks unsafe.Pointer
	vecs, rows                    int
	dstRow, srcRow, otherRow      int // distances
	flags                         int
}

// vectorsOf is n elements as whole vectors and a last one, which has at least one element.
func vectorsOf[T Float](n int) (vecs, rest int) {
	lanes := lanesOf[T](active)
	vecs = (n - 1) / lanes
	return vecs, n - vecs*lanes
}

func everySecond[T Float](dst []T, dstRow int, src []T, srcRow, rows, n int) {
	if active < avx2 {
		everySecondGeneric(dst, dstRow, src, srcRow, rows, n)
		return
	}
	t := gemmSeconds{dst: at(dst, 0), src: at(src, 0), index: pairIndex[T](0), rows: rows, dstRow: bytesIn[T](dstRow), srcRow: bytesIn[T](srcRow)}
	var rest int
	t.vecs, rest = vectorsOf[T](n)
	var masks [3]laneMask
	t.masks = unsafe.Pointer(&masks)
	columns[T](&masks[0], 0, 2*rest-1)
	columns[T](&masks[1], lanesOf[T](active), 2*rest-1)
	columns[T](&masks[2], 0, rest)
	if is32[T]() {
		gemmEverySecondF32(&t)
	} else {
		gemmEverySecondF64(&t)
	}
}

func alternate[T Float](dst []T, dstRow int, even []T, evenRow int, odd []T, oddRow, rows, n int, accumulate bool) {
	if active < avx2 {
		alternateGeneric(dst, dstRow, even, evenRow, odd, oddRow, rows, n, accumulate)
		return
	}
	t := gemmSeconds{
		dst: at(dst, 0), src: at(even, 0), other: at(odd, 0), index: pairIndex[T](2),
		rows: rows, dstRow: bytesIn[T](dstRow), srcRow: bytesIn[T](evenRow), otherRow: bytesIn[T](oddRow),
	}
	if accumulate {
		t.flags |= gemmAccumulate
	}
	var rest int
	t.vecs, rest = vectorsOf[T]((n + 1) / 2)
	last := 2*rest - n%2 // elements of the last vectors of dst
	var masks [4]laneMask
	t.masks = unsafe.Pointer(&masks)
	columns[T](&masks[0], 0, rest)
	columns[T](&masks[1], 0, last/2)
	columns[T](&masks[2], 0, last)
	columns[T](&masks[3], lanesOf[T](active), last)
	if is32[T]() {
		gemmAlternateF32(&t)
	} else {
		gemmAlternateF64(&t)
	}
}

// pairIndex is where AVX-512's orders of pairs of vectors begin, from number i on.
func pairIndex[T Float](i int) unsafe.Pointer {
	if is32[T]() {
		return unsafe.Pointer(&planeIndex32[i])
	}
	return unsafe.Pointer(&planeIndex64[i])
}
