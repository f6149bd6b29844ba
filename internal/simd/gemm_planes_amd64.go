//go:build amd64 && !noasm

package simd

import (
	"math"
	"unsafe"
)

// gemmPlanes describes a vector of columns of planes. For sums, dst is what src is multiplied
// with.
type gemmPlanes struct {
	dst, src, weights, bias, masks, index       unsafe.Pointer
	count                                       int
	dstPlane, srcPlane, weightsPlane, biasPlane int // distances
	dstStart, srcStart, dstRow, srcRow          int
	rows, first, end, after, lead, limit, isOdd int
	srcAhead, dstAhead                          int
	floor                                       [8]byte
	flags                                       int
}

// noBias is the bias where there is none.
var noBias float64

// planeMasks is the most masks that a kernel takes.
const planeMasks = 7

// The orders in which AVX-512 takes elements out of pairs of vectors: the even ones, the odd
// ones; the first half of what lies in turn in both, the second.
var (
	planeIndex32 = func() (index [4][16]int32) {
		for i := range index[0] {
			index[0][i], index[1][i] = int32(2*i), int32(2*i+1)
			index[2][i], index[3][i] = int32(i/2+i%2*16), int32(i/2+i%2*16+8)
		}
		return index
	}()
	planeIndex64 = func() (index [4][8]int64) {
		for i := range index[0] {
			index[0][i], index[1][i] = int64(2*i), int64(2*i+1)
			index[2][i], index[3][i] = int64(i/2+i%2*8), int64(i/2+i%2*8+4)
		}
		return index
	}()
)

// describe fills in what does not depend on the columns; dst and src are what is written and
// read, of that size.
func (c *Planes[T]) describe(dst, src, bias []T, dstSize, srcSize [2]int, floor T) gemmPlanes {
	size := bytesIn[T](1)
	t := gemmPlanes{
		dst: at(dst, 0), src: at(src, 0), weights: at(c.W, 0), bias: unsafe.Pointer(&noBias), index: unsafe.Pointer(&planeIndex64),
		count:    c.N,
		dstPlane: dstSize[0] * dstSize[1] * size, srcPlane: srcSize[0] * srcSize[1] * size,
		weightsPlane: c.Kernel * c.Kernel * size, dstRow: dstSize[1] * size, srcRow: srcSize[1] * size,
	}
	if is32[T]() {
		t.index = unsafe.Pointer(&planeIndex32)
	}
	if bias != nil {
		t.bias, t.biasPlane = at(bias, 0), size
	}
	*(*T)(unsafe.Pointer(&t.floor)) = floor
	return t
}

// columns makes m the mask of the lanes whose columns, from first on, are among the n that there
// are.
func columns[T Float](m *laneMask, first, n int) {
	lanes := lanesOf[T](active)
	m.set(bytesIn[T](1), min(max(-first, 0), lanes), min(max(n-first, 0), lanes))
}

// tapMasks makes masks those of the vectors of X that the taps of a row of the kernel lead to
// from column j of Y.
func (c *Planes[T]) tapMasks(masks []laneMask, j int) {
	first := j*c.Stride - c.Padding[1]
	for tap := 0; tap < c.Kernel; tap += c.Stride {
		columns[T](&masks[tap], first+tap, c.Size[1])
		if c.Stride == 2 {
			columns[T](&masks[tap+1], first+tap+lanesOf[T](active), c.Size[1])
		}
	}
}

func (c *Planes[T]) forward(bias []T, accumulate, relu bool) {
	if active < avx2 {
		c.forwardGeneric(bias, accumulate, relu)
		return
	}
	floor := T(math.Inf(-1))
	if relu {
		floor = 0
	}
	t := c.describe(c.Y, c.X, bias, c.Count, c.Size, floor)
	if accumulate {
		t.flags |= gemmAccumulate
	}
	// Row v of X with its padding finishes row v−Kernel+1 of Y; with a stride of 2, if v is even,
	// (v−Kernel+1)/2.
	s, padding := c.Stride, c.Padding[0]
	t.rows = min(c.Size[0], s*(c.Count[0]-1)+c.Kernel-padding)
	t.isOdd = padding % s
	t.first, t.end = (padding+s-1)/s-(c.Kernel-1)/s, c.Count[0]
	t.after = c.Count[0] + (c.Kernel-1)/s - 1 - (padding+t.rows-1)/s
	var masks [planeMasks]laneMask
	t.masks = unsafe.Pointer(&masks)
	t.srcAhead, t.dstAhead = c.N*t.srcPlane, c.N*t.dstPlane
	for j := 0; j < c.Count[1]; j += lanesOf[T](active) {
		columns[T](&masks[0], j, c.Count[1])
		c.tapMasks(masks[1:], j)
		t.dstStart, t.srcStart = bytesIn[T](j), bytesIn[T](j*s-c.Padding[1])
		if is32[T]() {
			gemmPlanesForwardF32(c.Kernel, s, &t)
		} else {
			gemmPlanesForwardF64(c.Kernel, s, &t)
		}
		width := bytesIn[T](lanesOf[T](active))
		t.srcAhead += c.N * t.rows * s * width
		t.dstAhead += c.N * c.Count[0] * width
	}
}

func (c *Planes[T]) backward(bias []T, accumulate bool) {
	if active < avx2 {
		c.backwardGeneric(bias, accumulate)
		return
	}
	t := c.describe(c.X, c.Y, bias, c.Size, c.Count, T(math.Inf(-1)))
	if accumulate {
		t.flags |= gemmAccumulate
	}
	// Row i of Y finishes rows 2i and 2i+1 of X with its padding.
	steps := (c.Size[0]-1+c.Padding[0])/2 + 1
	t.rows = min(c.Count[0], steps)
	t.first, t.end, t.after = -c.Padding[0], c.Size[0], steps-t.rows
	var masks [planeMasks]laneMask
	t.masks = unsafe.Pointer(&masks)
	t.srcAhead, t.dstAhead = c.N*t.srcPlane, c.N*t.dstPlane
	lanes := lanesOf[T](active)
	for j := 0; 2*j-c.Padding[1] < c.Size[1]; j += lanes {
		columns[T](&masks[0], 2*j-c.Padding[1], c.Size[1])
		columns[T](&masks[1], 2*j-c.Padding[1]+lanes, c.Size[1])
		for i := range (c.Kernel + 1) / 2 {
			columns[T](&masks[2+i], j-i, c.Count[1])
		}
		t.dstStart, t.srcStart = bytesIn[T](2*j-c.Padding[1]), bytesIn[T](j)
		if is32[T]() {
			gemmPlanesBackwardF32(c.Kernel, &t)
		} else {
			gemmPlanesBackwardF64(c.Kernel, &t)
		}
		t.srcAhead += c.N * t.rows * bytesIn[T](lanes)
		t.dstAhead += c.N * c.Size[0] * bytesIn[T](2*lanes)
	}
}

// planeRows is how many rows of a kernel are summed together.
func planeRows(k int) int {
	if k > 3 && active < avx512 {
		return 2
	}
	return 3
}

func (c *Planes[T]) sums(sums []T) {
	if active < avx2 {
		c.sumsGeneric(sums)
		return
	}
	s, k := c.Stride, c.Kernel
	t := c.describe(c.Y, c.X, nil, c.Count, c.Size, 0)
	t.weightsPlane = bytesIn[T](k * k * TapLanes[T]())
	var masks [planeMasks]laneMask
	t.masks = unsafe.Pointer(&masks)
	t.srcAhead, t.dstAhead = bytesIn[T](c.Next*c.Size[0]*c.Size[1]), bytesIn[T](c.Next*c.Count[0]*c.Count[1])
	lanes := lanesOf[T](active)
	for j := 0; j < c.Count[1]; j += lanes {
		columns[T](&masks[0], j, c.Count[1])
		c.tapMasks(masks[1:], j)
		t.dstStart = bytesIn[T](j)
		for row := 0; row < k; row += planeRows(k) {
			rows := min(planeRows(k), k-row)
			// Row v of X with its padding meets row 0 of these rows in row v/Stride of Y.
			first := max(0, row-c.Padding[0])
			v := first + c.Padding[0] - row
			t.rows = min(c.Size[0]-first, s*(c.Count[0]-1)+rows-v)
			if t.rows < 1 {
				continue
			}
			t.lead, t.isOdd, t.limit = (v+s-1)/s, v%s, c.Count[0]
			t.srcStart = bytesIn[T](first*c.Size[1] + j*s - c.Padding[1])
			t.weights = at(sums, row*k*TapLanes[T]()+j%TapLanes[T]())
			if is32[T]() {
				gemmPlanesSumsF32(rows, k, s, &t)
			} else {
				gemmPlanesSumsF64(rows, k, s, &t)
			}
			if row == 0 {
				t.srcAhead += c.N * t.rows * s * bytesIn[T](lanes)
				t.dstAhead += c.N * c.Count[0] * bytesIn[T](lanes)
			}
		}
	}
}
