//go:build amd64 && !noasm

package simd

import "unsafe"

// gemmTaps describes rows that are computed by taps.
type gemmTaps struct {
	dst, src, weights, offsets, bias unsafe.Pointer
	mask, maskHigh                   unsafe.Pointer
	k, rows, groups                  int
	dstRow, srcRow                   int // distances
	flags                            int
	dstNext, weightsNext             int // distances of the second of two results and its weights
}

const (
	tapVecs = 4 // vectors of a row that are computed together
	tapRows = 2 // results likewise
	tapSums = 5 // taps whose sums are computed together
)

func (c *Correlation[T]) correlate(r *Results[T]) {
	if active < avx2 || len(c.Offsets) == 0 {
		c.correlateGeneric(r)
		return
	}
	lanes := lanesOf[T](active)
	vecs := (c.N + lanes - 1) / lanes
	groups := (vecs - 1) / tapVecs
	t := gemmTaps{
		src: at(c.Src, 0), offsets: unsafe.Pointer(&c.Offsets[0]),
		mask: leading[T](active, c.N-(vecs-1)*lanes), k: len(c.Offsets), rows: c.Rows, groups: groups,
		dstRow: bytesIn[T](c.ResultRow), srcRow: bytesIn[T](c.SrcRow),
		dstNext: bytesIn[T](r.Next), weightsNext: bytesIn[T](r.WeightsRow),
	}
	if r.Accumulate {
		t.flags |= gemmAccumulate
	}
	if r.Bias != nil {
		t.flags |= gemmBias
	}
	for k := 0; k < r.N; k += tapRows {
		t.dst, t.weights = at(c.Result, k*r.Next), at(r.Weights, k*r.WeightsRow)
		if r.Bias != nil {
			t.bias = at(r.Bias, k)
		}
		if is32[T]() {
			gemmCorrelateF32(min(tapRows, r.N-k), vecs-groups*tapVecs, &t)
		} else {
			gemmCorrelateF64(min(tapRows, r.N-k), vecs-groups*tapVecs, &t)
		}
	}
}

func (c *Correlation[T]) sums(sums []T) {
	if active < avx2 {
		c.sumsGeneric(sums)
		return
	}
	lanes, width := TapLanes[T](), lanesOf[T](active)
	groups := (c.N - 1) / lanes
	last := c.N - groups*lanes
	t := gemmTaps{
		src: at(c.Src, 0), weights: at(c.Result, 0), rows: c.Rows, groups: groups,
		mask: leading[T](active, min(last, width)), maskHigh: leading[T](active, max(0, last-width)),
		dstRow: bytesIn[T](c.ResultRow), srcRow: bytesIn[T](c.SrcRow),
	}
	for p := 0; p < len(c.Offsets); p += tapSums {
		t.dst, t.offsets = at(sums, p*lanes), unsafe.Pointer(&c.Offsets[p])
		taps := min(tapSums, len(c.Offsets)-p)
		if is32[T]() {
			gemmTapSumsF32(taps, &t)
		} else {
			gemmTapSumsF64(taps, &t)
		}
	}
}

// gemmAdding describes rows of taps that are added.
type gemmAdding struct {
	dst, src, mask unsafe.Pointer
	rows, taps     int
	dstRow, dstTap int // distances
	srcRow, srcTap int
}

func (s *Spread[T]) add() {
	if active < avx2 {
		s.addGeneric()
		return
	}
	width := tapVecs * lanesOf[T](active)
	if s.N <= width {
		s.addColumns(0, s.Taps, 0, s.N)
		return
	}
	// Taps may overlap: each is added as a whole, whatever the width.
	for t := range s.Taps {
		for j := 0; j < s.N; j += width {
			s.addColumns(t, 1, j, min(width, s.N-j))
		}
	}
}

// addColumns adds n columns from j on of taps from tap on, not more than tapVecs vectors.
func (s *Spread[T]) addColumns(tap, taps, j, n int) {
	lanes := lanesOf[T](active)
	vecs := (n + lanes - 1) / lanes
	t := gemmAdding{
		dst: at(s.Dst, tap*s.DstTap+j), src: at(s.Src, tap*s.SrcTap+j), mask: leading[T](active, n-(vecs-1)*lanes), rows: s.Rows, taps: taps,
		dstRow: bytesIn[T](s.DstRow), dstTap: bytesIn[T](s.DstTap), srcRow: bytesIn[T](s.SrcRow), srcTap: bytesIn[T](s.SrcTap),
	}
	if is32[T]() {
		gemmAddRowsF32(vecs, &t)
	} else {
		gemmAddRowsF64(vecs, &t)
	}
}
