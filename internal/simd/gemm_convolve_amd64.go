//go:build amd64 && !noasm

package simd

import "unsafe"

// maxPieces is the most pieces that a vector of windows is put together of.
const maxPieces = 4

// gemmWindows describes a vector of windows that is written row by row.
type gemmWindows struct {
	dst, src, offsets unsafe.Pointer
	k, step           int // step is a distance
	at                [maxPieces]int
	masks             [maxPieces]laneMask
}

// pack writes the matrix: row p of windows j … j+width is at dst[j/width·group + p·step].
// Both widths are multiples of a vector's lanes.
func (w *Windows[T]) pack(dst []T, step, group, width int) {
	if active < avx2 {
		w.packGeneric(dst, step, group, width)
		return
	}
	if len(w.Offsets) == 0 || len(w.Runs) == 0 {
		return
	}
	lanes, size := lanesOf[T](active), bytesIn[T](1)
	t := gemmWindows{src: at(w.Src, 0), offsets: unsafe.Pointer(&w.Offsets[0]), k: len(w.Offsets), step: bytesIn[T](step)}
	// Vectors begin at column; run r, the first that reaches there, at from.
	r, from := 0, 0
	for column := 0; r < len(w.Runs); column += lanes {
		to := dst[column/width*group+column%width:]
		t.dst = at(to, 0)
		pieces, first := 0, r
		start := from
		for r < len(w.Runs) && from < column+lanes {
			run := w.Runs[r]
			if run.At >= 0 {
				if pieces < maxPieces {
					t.at[pieces] = bytesIn[T](run.At + column - from)
					t.masks[pieces].set(size, max(from-column, 0), min(from+run.N-column, lanes))
				}
				pieces++
			}
			if from+run.N > column+lanes {
				break
			}
			from += run.N
			r++
		}
		if pieces == 0 {
			t.at[0] = 0
			t.masks[0].set(size, 0, 0)
			pieces = 1
		}
		switch {
		case pieces > maxPieces:
			w.shortRuns(to, step, w.Runs[first:], start, column, lanes)
		case is32[T]():
			gemmWindowsF32(pieces, &t)
		default:
			gemmWindowsF64(pieces, &t)
		}
	}
}

// shortRuns writes the lanes windows from column on, of runs the first of which begins at
// start.
func (w *Windows[T]) shortRuns(dst []T, step int, runs []Run, start, column, lanes int) {
	for _, r := range runs {
		for i := max(0, column-start); i < r.N; i++ {
			if start+i >= column+lanes {
				return
			}
			w.column(dst[start+i-column:], step, r, i)
		}
		start += r.N
	}
}

// evenFirst is the order of quarters of two vectors that AVX-512 puts side by side.
var evenFirst = [8]int64{0, 2, 4, 6, 1, 3, 5, 7}

// deinterleaveTwo is Deinterleave for a step of two. It does the first elements of dst's
// halves and returns how many.
func deinterleaveTwo[T Float](dst, src []T) int {
	n := len(src) / 2
	vecs := n / max(1, lanesOf[T](active))
	if active < avx2 || vecs == 0 {
		return 0
	}
	t := gemmPack{dst: at(dst, 0), k: vecs, panel: bytesIn[T](n)}
	t.rows[0], t.mask = at(src, 0), unsafe.Pointer(&evenFirst)
	if is32[T]() {
		gemmDeinterleaveF32(&t)
	} else {
		gemmDeinterleaveF64(&t)
	}
	return vecs * lanesOf[T](active)
}
