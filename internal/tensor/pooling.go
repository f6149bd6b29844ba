package tensor

import (
	"unsafe"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// Pooling: the greatest element, or the mean, of each window on the last three axes of an
// array. What lies before them are planes, each pooled by itself; fewer axes are pooled as
// three of which the first have size 1.

// PoolAxis places windows along an axis. Window i begins at i·Stride − Padding and has
// Kernel elements Dilation apart, or, if it is Adaptive, those from ⌊i·Size/Count⌋ to
// before ⌈(i+1)·Size/Count⌉, of which Kernel is the greatest number.
type PoolAxis struct {
	Size, Count                       int // of elements, of windows
	Kernel, Stride, Padding, Dilation int
	Adaptive                          bool
}

// WholeAxis is an axis of which each element is a window.
func WholeAxis(size int) PoolAxis {
	return PoolAxis{Size: size, Count: size, Kernel: 1, Stride: 1, Dilation: 1}
}

// AdaptiveAxis is an axis that is divided into parts.
func AdaptiveAxis(size, parts int) PoolAxis {
	a := PoolAxis{Size: size, Count: parts, Dilation: 1, Adaptive: true}
	if parts > 0 {
		a.Kernel = (size + parts - 1) / parts
		if size%parts != 0 {
			a.Kernel++
		}
	}
	return a
}

// start is where window i begins, which may be in the padding.
func (a *PoolAxis) start(i int) int {
	if a.Adaptive {
		return i * a.Size / a.Count
	}
	return i*a.Stride - a.Padding
}

// taps is the range of elements of window i, which begins at start, that are inside.
func (a *PoolAxis) taps(i, start int) (first, end int) {
	if a.Adaptive {
		return 0, ((i+1)*a.Size+a.Count-1)/a.Count - start
	}
	end = a.Kernel
	if start < 0 {
		first = (-start + a.Dilation - 1) / a.Dilation
	}
	if last := a.Size - 1 - start; last < (a.Kernel-1)*a.Dilation {
		end = 0
		if last >= 0 {
			end = last/a.Dilation + 1
		}
	}
	return first, end
}

// counted is how many elements of window i, which begins at start, are inside the array
// or its padding.
func (a *PoolAxis) counted(i, start int) int {
	if a.Adaptive {
		first, end := a.taps(i, start)
		return end - first
	}
	return min(start+a.Kernel, a.Size+a.Padding) - start
}

// Empty reports whether some window has no element inside.
func (a *PoolAxis) Empty() bool {
	for i := range a.Count {
		if first, end := a.taps(i, a.start(i)); first >= end {
			return true
		}
	}
	return false
}

// Pooling places windows along depth, height and width.
type Pooling [3]PoolAxis

// Windows is the number of windows on a plane.
func (p *Pooling) Windows() int { return p[0].Count * p[1].Count * p[2].Count }

// plane is the number of elements of a plane.
func (p *Pooling) plane() int { return p[0].Size * p[1].Size * p[2].Size }

// kernel is the number of elements of a window.
func (p *Pooling) kernel() int { return p[0].Kernel * p[1].Kernel * p[2].Kernel }

// pairs reports whether the windows are 2×2, side by side and inside.
func (p *Pooling) pairs() bool {
	two := func(a *PoolAxis) bool {
		return a.Kernel == 2 && a.Stride == 2 && a.Padding == 0 && a.Dilation == 1 && 2*a.Count <= a.Size && !a.Adaptive
	}
	return p[0].Size == 1 && p[0].Count == 1 && p[0].Kernel == 1 && p[0].Padding == 0 && two(&p[1]) && two(&p[2])
}

// IndexSize is the number of elements of the given type in which MaxPool keeps what it
// chose of each of so many windows: a byte where that is enough, else four.
func (p *Pooling) IndexSize(dtype DType, windows int) int {
	bytes := windows
	if p.kernel() > 256 {
		bytes *= 4
	}
	return (bytes + dtype.Size() - 1) / dtype.Size()
}

// memoryOf is the memory of an array, as n values of another type.
func memoryOf[I place](a *Array, n int) []I {
	if a.DType == Float32 {
		return unsafe.Slice((*I)(unsafe.Pointer(unsafe.SliceData(a.F32))), n)
	}
	return unsafe.Slice((*I)(unsafe.Pointer(unsafe.SliceData(a.F64))), n)
}

// MaxPool sets dst to the greatest element of each window on x, of which all must have
// one inside. index, an array of IndexSize elements, gets which of its window's it is,
// counted in row-major order; nil for not. Of equal ones it is the first; a NaN is
// greater than any number, and of several it is the last.
func MaxPool(dst, x, index *Array, p *Pooling) {
	var kept Array
	if index != nil {
		kept = *index
	}
	runPool(poolJob{kind: maxPool, p: *p, pooled: *dst, image: *x, index: kept})
}

// MaxPoolBackward sets dst, of the shape of x, to grad, of the shape of dst there, at the
// elements that index names and to 0 elsewhere, the sum where several windows chose one;
// or adds them to dst.
func MaxPoolBackward(dst, grad, index *Array, p *Pooling, accumulate bool) {
	runPool(poolJob{kind: maxPoolBackward, p: *p, pooled: *grad, image: *dst, index: *index, accumulate: accumulate})
}

// MaxPoolIndices sets list to where the elements that index names lie, counted in row-major
// order in the plane of each.
func MaxPoolIndices(list []int, index *Array, p *Pooling) {
	if p.kernel() <= 256 {
		maxPoolIndices(list, memoryOf[uint8](index, len(list)), p)
	} else {
		maxPoolIndices(list, memoryOf[uint32](index, len(list)), p)
	}
}

// Averaging is pooling with what to divide by.
type Averaging struct {
	Pooling
	ExcludePadding bool    // divide by the number of elements inside
	Divisor        float64 // divide by it; 0 means by the number of elements, padding included
}

// AvgPool sets dst to the mean of each window on x.
func AvgPool(dst, x *Array, a *Averaging) {
	runPool(poolJob{kind: avgPool, p: a.Pooling, excludePadding: a.ExcludePadding, divisor: a.Divisor, pooled: *dst, image: *x})
}

// AvgPoolBackward sets dst, of the shape of x, to the sums of the shares of grad, of the
// shape of dst there, or adds them to dst.
func AvgPoolBackward(dst, grad *Array, a *Averaging, accumulate bool) {
	runPool(poolJob{kind: avgPoolBackward, p: a.Pooling, excludePadding: a.ExcludePadding, divisor: a.Divisor, pooled: *grad, image: *dst, accumulate: accumulate})
}

type poolKind uint8

const (
	maxPool poolKind = iota
	maxPoolBackward
	avgPool
	avgPoolBackward
)

// poolJob is the job of these functions, plane by plane.
type poolJob struct {
	kind                 poolKind
	p                    Pooling
	pooled, image, index Array
	accumulate           bool
	excludePadding       bool
	divisor              float64
}

var poolJobs jobs[poolJob, *poolJob]

// runPool does the job for all planes, cut so that a piece is some microseconds.
func runPool(j poolJob) {
	size, windows := j.p.plane(), j.p.Windows()
	planes := 0
	switch {
	case windows > 0:
		planes = j.pooled.Len() / windows
	case size > 0:
		planes = j.image.Len() / size
	}
	if planes == 0 {
		return
	}
	work := size + windows
	if !j.p.pairs() {
		work = size + 4*windows*j.p.kernel()
	}
	poolJobs.run(j, planes, max(1, cheapGrain/max(1, work)))
}

// DoRange does planes lo ≤ i < hi.
func (j *poolJob) DoRange(lo, hi int) {
	size := j.p.plane()
	if j.pooled.DType == Float32 {
		poolPlanes(j, j.image.F32[lo*size:hi*size], lo, hi)
	} else {
		poolPlanes(j, j.image.F64[lo*size:hi*size], lo, hi)
	}
}

// poolPlanes does planes lo ≤ i < hi, which are image.
func poolPlanes[T simd.Float](j *poolJob, image []T, lo, hi int) {
	size, windows := j.p.plane(), j.p.Windows()
	pooled := elementsOf[T](&j.pooled)[lo*windows : hi*windows]
	switch {
	case j.kind == avgPool || j.kind == avgPoolBackward:
		avgPlanes(j, pooled, image)
	case j.index.DType == Float32 && j.index.F32 == nil && j.index.F64 == nil:
		// Nothing is kept, and memory for a plane at a time is enough.
		memory := borrow[T](windows)
		kept := arrayOf(memory.buf)
		for at := range hi - lo {
			maxPlanes(j, pooled[at*windows:(at+1)*windows], image[at*size:(at+1)*size], &kept, 0, windows)
		}
		giveBack(memory)
	default:
		maxPlanes(j, pooled, image, &j.index, lo*windows, hi*windows)
	}
}
