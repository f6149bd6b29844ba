package tensor

import (
	"math"
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// place is a number of an element of a window, in as many bytes as it takes.
type place interface{ uint8 | uint32 }

// maxPlanes does planes with windows lo ≤ i < hi of all, whose part of the arrays pooled
// and image are.
func maxPlanes[T simd.Float](j *poolJob, pooled, image []T, index *Array, lo, hi int) {
	if j.p.kernel() <= 256 {
		maxPlanesIndexed(j, pooled, image, memoryOf[uint8](index, hi)[lo:])
	} else {
		maxPlanesIndexed(j, pooled, image, memoryOf[uint32](index, hi)[lo:])
	}
}

func maxPlanesIndexed[T simd.Float, I place](j *poolJob, pooled, image []T, index []I) {
	p, size, windows := &j.p, j.p.plane(), j.p.Windows()
	pairs := p.pairs()
	var memory rowMemory[T]
	for len(image) > 0 || len(pooled) > 0 {
		to, from, places := pooled[:windows], image[:size], index[:windows]
		pooled, image, index = pooled[windows:], image[size:], index[windows:]
		switch {
		case j.kind == maxPool && pairs:
			simd.MaxPool2x2(to, bytesOf(places), from, p[2].Size, p[2].Count, p[1].Count)
		case j.kind == maxPool && p.byRows():
			if memory.scratch == nil {
				memory = newRowMemory[T](p)
			}
			maxRows(p, to, from, places, &memory)
		case j.kind == maxPool:
			maxPlane(p, to, from, places)
		case pairs && !j.accumulate:
			simd.MaxPool2x2Backward(from, to, bytesOf(places), p[2].Size, p[2].Count, p[1].Count)
			clearBesidePairs(p, from)
		default:
			if !j.accumulate {
				clear(from)
			}
			maxPlaneBackward(p, from, to, places)
		}
	}
	if memory.scratch != nil {
		giveBack(memory.scratch)
	}
}

// bytesOf is places that are bytes, which windows of 2×2 have.
func bytesOf[I place](places []I) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(places))), len(places))
}

// clearBesidePairs clears what lies beside and below windows of 2×2.
func clearBesidePairs[T simd.Float](p *Pooling, image []T) {
	width, covered := p[2].Size, 2*p[2].Count
	if covered < width {
		for i := range 2 * p[1].Count {
			clear(image[i*width+covered : (i+1)*width])
		}
	}
	clear(image[2*p[1].Count*width:])
}

func maxPlane[T simd.Float, I place](p *Pooling, pooled, image []T, index []I) {
	depth, height, width := &p[0], &p[1], &p[2]
	at := 0
	for i := range depth.Count {
		z := depth.start(i)
		firstZ, endZ := depth.taps(i, z)
		for i := range height.Count {
			y := height.start(i)
			firstY, endY := height.taps(i, y)
			for i := range width.Count {
				x := width.start(i)
				firstX, endX := width.taps(i, x)
				greatest, chosen := T(math.Inf(-1)), (firstZ*height.Kernel+firstY)*width.Kernel+firstX
				for kz := firstZ; kz < endZ; kz++ {
					for ky := firstY; ky < endY; ky++ {
						from := ((z+kz*depth.Dilation)*height.Size+y+ky*height.Dilation)*width.Size + x
						for kx := firstX; kx < endX; kx++ {
							if v := image[from+kx*width.Dilation]; v > greatest || v != v {
								greatest, chosen = v, (kz*height.Kernel+ky)*width.Kernel+kx
							}
						}
					}
				}
				pooled[at], index[at] = greatest, I(chosen)
				at++
			}
		}
	}
}

// maxPlaneBackward adds grad to the elements that were chosen.
func maxPlaneBackward[T simd.Float, I place](p *Pooling, image, grad []T, index []I) {
	var memory [256]int
	offsets, at := p.offsets(&memory), 0
	for i := range p[0].Count {
		for k := range p[1].Count {
			row := (p[0].start(i)*p[1].Size + p[1].start(k)) * p[2].Size
			for i := range p[2].Count {
				image[row+p[2].start(i)+p.offset(int(index[at]), offsets)] += grad[at]
				at++
			}
		}
	}
}

// maxPoolIndices is MaxPoolIndices for all planes.
func maxPoolIndices[I place](list []int, index []I, p *Pooling) {
	var memory [256]int
	offsets := p.offsets(&memory)
	for at := 0; at < len(list); {
		for i := range p[0].Count {
			for k := range p[1].Count {
				row := (p[0].start(i)*p[1].Size + p[1].start(k)) * p[2].Size
				for i := range p[2].Count {
					list[at] = row + p[2].start(i) + p.offset(int(index[at]), offsets)
					at++
				}
			}
		}
	}
}

// offset is how far element number place of a window lies behind its start. offsets has
// the first of them.
func (p *Pooling) offset(place int, offsets []int) int {
	if place < len(offsets) {
		return offsets[place]
	}
	kx := place % p[2].Kernel
	ky := place / p[2].Kernel % p[1].Kernel
	kz := place / p[2].Kernel / p[1].Kernel
	return (kz*p[0].Dilation*p[1].Size+ky*p[1].Dilation)*p[2].Size + kx*p[2].Dilation
}

// offsets lists what offset returns, as far as it fits in memory.
func (p *Pooling) offsets(memory *[256]int) []int {
	n := min(p.kernel(), len(memory))
	for place := range n {
		memory[place] = p.offset(place, nil)
	}
	return memory[:n]
}
