package simd

import "fmt"

// Windows is a matrix of windows on images, for convolutions: element (p, j) is the one
// that lies Offsets[p] behind where window j begins. Its rows are the elements of the
// windows, its columns the windows.
type Windows[T Float] struct {
	Src     []T
	Offsets []int // none is negative

	// Runs say where windows begin. They follow each other: the first begins with window
	// 0, the next ones where the one before ends.
	Runs []Run
}

// Run is a number of windows that begin at elements next to each other.
type Run struct {
	At int // where the first one begins in Src, or negative: they are outside, and 0
	N  int // how many there are
}

// Len is the number of windows.
func (w *Windows[T]) Len() int {
	n := 0
	for _, r := range w.Runs {
		n += r.N
	}
	return n
}

// PackB writes the windows as the function [PackB] writes B: dst must have PackedBLen of
// Len columns and as many rows as there are offsets.
func (w *Windows[T]) PackB(dst []T) {
	n := w.check("Windows.PackB")
	if want := PackedBLen[T](n, len(w.Offsets)); len(dst) < want {
		panicLength("Windows.PackB", "dst", len(dst), want)
	}
	panel := GemmPanel[T]()
	w.pack(dst, panel, panel*len(w.Offsets), panel)
}

// windowLanes is a multiple of the lanes of all vectors.
const windowLanes = 16

// RowPitch is the least pitch that PackRows takes for n windows.
func RowPitch(n int) int { return (n + windowLanes - 1) / windowLanes * windowLanes }

// PackRows writes the windows row by row, pitch elements apart, which must be a multiple
// of RowPitch(1) and not less than RowPitch(Len). What stands behind a row up to the next
// one is unspecified. dst must have pitch elements for each offset.
func (w *Windows[T]) PackRows(dst []T, pitch int) {
	n := w.check("Windows.PackRows")
	if pitch < RowPitch(n) || pitch%windowLanes != 0 {
		panic(fmt.Sprintf("simd: Windows.PackRows: a pitch of %d for %d windows", pitch, n))
	}
	if want := pitch * len(w.Offsets); len(dst) < want {
		panicLength("Windows.PackRows", "dst", len(dst), want)
	}
	w.pack(dst, pitch, windowLanes, windowLanes)
}

// check panics unless all elements lie in Src. It returns Len.
func (w *Windows[T]) check(op string) int {
	n, end := 0, 0
	for _, r := range w.Runs {
		if r.N < 1 {
			panic(fmt.Sprintf("simd: %s: a run of %d windows", op, r.N))
		}
		n += r.N
		if r.At >= 0 {
			end = max(end, r.At+r.N)
		}
	}
	least, most := 0, 0
	for _, offset := range w.Offsets {
		least, most = min(least, offset), max(most, offset)
	}
	if end > 0 && (least < 0 || end+most > len(w.Src)) {
		panic(fmt.Sprintf("simd: %s: windows up to %d, elements %d to %d behind, do not lie in %d elements", op, end, least, most, len(w.Src)))
	}
	return n
}

// packGeneric is the reference of what follows: row p of windows j … j+width is at
// dst[j/width·group + p·step].
func (w *Windows[T]) packGeneric(dst []T, step, group, width int) {
	column := 0
	for _, r := range w.Runs {
		for i := range r.N {
			w.column(dst[column/width*group+column%width:], step, r, i)
			column++
		}
	}
}

// column writes window i of a run, its elements step apart.
func (w *Windows[T]) column(dst []T, step int, r Run, i int) {
	for p, offset := range w.Offsets {
		if r.At < 0 {
			dst[p*step] = 0
		} else {
			dst[p*step] = w.Src[r.At+i+offset]
		}
	}
}

// Deinterleave takes src apart into the elements with each remainder of their index by
// step, one after the other: dst[r·n/step + i] = src[i·step + r], for n elements, which
// must be a multiple of step. dst and src must not overlap.
func Deinterleave[T Float](dst, src []T, step int) {
	if step < 1 || len(src)%step != 0 || len(dst) != len(src) {
		panic(fmt.Sprintf("simd: Deinterleave: dst has length %d, src %d, step %d", len(dst), len(src), step))
	}
	n := len(src) / step
	i := 0
	if step == 2 {
		i = deinterleaveTwo(dst, src)
	}
	for ; i < n; i++ {
		for r, v := range src[i*step : (i+1)*step] {
			dst[r*n+i] = v
		}
	}
}
