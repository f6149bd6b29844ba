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
}

const (
	tapVecs = 4 // vectors of a row that are computed together
	tapSums = 5 // taps whose sums are computed together
)

func (c *Correlation[T]) correlate(weights []T, bias *T, accumulate bool) {
	if active < avx2 || len(c.Offsets) == 0 {
		c.correlateGeneric(weights, bias, accumulate)
		return
	}
	lanes := lanesOf[T](active)
	vecs := (c.N + lanes - 1) / lanes
	groups := (vecs - 1) / tapVecs
	t := gemmTaps{
		dst: at(c.Result, 0), src: at(c.Src, 0), weights: at(weights, 0), offsets: unsafe.Pointer(&c.Offsets[0]), bias: unsafe.Pointer(bias),
		mask: leading[T](active, c.N-(vecs-1)*lanes), k: len(c.Offsets), rows: c.Rows, groups: groups,
		dstRow: bytesIn[T](c.ResultRow), srcRow: bytesIn[T](c.SrcRow),
	}
	if accumulate {
		t.flags |= gemmAccumulate
	}
	if bias != nil {
		t.flags |= gemmBias
	}
	if is32[T]() {
		gemmCorrelateF32(vecs-groups*tapVecs, &t)
	} else {
		gemmCorrelateF64(vecs-groups*tapVecs, &t)
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
