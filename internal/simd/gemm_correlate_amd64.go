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
	dstNext, weightsNext             int // distances from one result to the next, and of weights
}

const (
	tapVecs = 4 // vectors of a row that are computed together
	tapSums = 5 // taps whose sums are computed together
)

// tapRows is how many results are computed together, and sumRows those that windows are
// multiplied with together.
func tapRows() int { return bySet(2, 6) }
func sumRows() int { return bySet(1, 3) }

// bySet returns what goes with the instruction set in use.
func bySet(avx2, avx512Or int) int {
	if active >= avx512 {
		return avx512Or
	}
	return avx2
}

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
	// Shares are even: the fewer results together, the more loads for each.
	share := shareOf(r.N, tapRows())
	for k := 0; k < r.N; k += share {
		t.dst, t.weights = at(c.Result, k*r.Next), at(r.Weights, k*r.WeightsRow)
		if r.Bias != nil {
			t.bias = at(r.Bias, k)
		}
		if is32[T]() {
			gemmCorrelateF32(min(share, r.N-k), vecs-groups*tapVecs, &t)
		} else {
			gemmCorrelateF64(min(share, r.N-k), vecs-groups*tapVecs, &t)
		}
	}
}

// shareOf is how many of n things go together if not more than most can, in as few lots as
// there need be, of one size but for the last.
func shareOf(n, most int) int {
	lots := (n + most - 1) / most
	return (n + lots - 1) / lots
}

func (c *Correlation[T]) sums(sums []T, n, next int) {
	if active < avx2 {
		c.sumsGeneric(sums, n, next)
		return
	}
	lanes, width := TapLanes[T](), lanesOf[T](active)
	groups := (c.N - 1) / lanes
	last := c.N - groups*lanes
	size := len(c.Offsets) * lanes
	t := gemmTaps{
		src: at(c.Src, 0), rows: c.Rows, groups: groups,
		mask: leading[T](active, min(last, width)), maskHigh: leading[T](active, max(0, last-width)),
		dstRow: bytesIn[T](c.ResultRow), srcRow: bytesIn[T](c.SrcRow),
		dstNext: bytesIn[T](size), weightsNext: bytesIn[T](next),
	}
	share := shareOf(n, sumRows())
	for k := 0; k < n; k += share {
		t.weights = at(c.Result, k*next)
		for p := 0; p < len(c.Offsets); p += tapSums {
			t.dst, t.offsets = at(sums, k*size+p*lanes), unsafe.Pointer(&c.Offsets[p])
			rows, taps := min(share, n-k), min(tapSums, len(c.Offsets)-p)
			if is32[T]() {
				gemmTapSumsF32(rows, taps, &t)
			} else {
				gemmTapSumsF64(rows, taps, &t)
			}
		}
	}
}

// gemmFolding describes vectors of rows that products of taps are added to.
type gemmFolding struct {
	dst, src          unsafe.Pointer
	start             int // distance from src
	mask, masks       unsafe.Pointer
	taps, tapRows     int
	rows, products    int
	dilation          int
	dstRow, srcRow    int // distances
	srcTap, srcTapRow int
}

// laneMask is a mask of some lanes: a vector of AVX2, or bits.
type laneMask [4]uint64

// set makes it the lanes first ≤ i < end, of size bytes.
func (m *laneMask) set(size, first, end int) {
	if active >= avx512 {
		m[0] = 0
		if first < end {
			m[0] = 1<<end - 1<<first
		}
		return
	}
	lanes := (*[32]byte)(unsafe.Pointer(m))
	clear(lanes[:])
	for j := first * size; j < end*size; j++ {
		lanes[j] = 0xff
	}
}

func (s *Spread[T]) add(height, width int) {
	if active < avx2 {
		s.addGeneric()
		return
	}
	var masks [foldTaps]laneMask
	lanes, size, products := lanesOf[T](active), bytesIn[T](1), s.Rows*s.N
	t := gemmFolding{
		src: at(s.Src, 0), masks: unsafe.Pointer(&masks), tapRows: s.TapRows, rows: height, products: s.Rows,
		dilation: s.Dilation[0], dstRow: bytesIn[T](s.DstRow), srcRow: bytesIn[T](s.N),
		srcTap: bytesIn[T](products - s.Dilation[1]), srcTapRow: bytesIn[T](s.Taps*products - s.Dilation[0]*s.N),
	}
	for first := 0; first < s.Taps; first += foldTaps {
		t.taps = min(foldTaps, s.Taps-first)
		for x := 0; x < width; x += lanes {
			for i := range t.taps {
				// Element x of Dst gets product x − column of the tap.
				column := (first + i) * s.Dilation[1]
				masks[i].set(size, min(max(column-x, 0), lanes), max(min(column+s.N-x, lanes), 0))
			}
			t.dst, t.start = at(s.Dst, x), bytesIn[T](first*products+x-first*s.Dilation[1])
			t.mask = leading[T](active, min(width-x, lanes))
			if is32[T]() {
				gemmFoldRowsF32(&t)
			} else {
				gemmFoldRowsF64(&t)
			}
		}
	}
}
