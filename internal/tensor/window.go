package tensor

import (
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Windows that slide over images, as matrices of their elements and back.

// Windows says where windows lie on an image, for its two axes: vertical, horizontal.
type Windows struct {
	Kernel, Stride, Padding, Dilation [2]int
	Count                             [2]int // how many windows there are
}

// Unfold sets dst [n, c·kh·kw, oh·ow] to the windows on x [n, c, h, w]: a column of dst
// is a window, with 0 where it reaches into the padding.
func Unfold(dst, x *Array, w Windows) {
	run(windowJob{w: w, cols: *dst, images: *x, unfold: true}, w.Kernel[0]*w.Kernel[1])
}

// Fold is the adjoint of Unfold: it sets dst [n, c, h, w] to the sums, over all windows,
// of the elements of cols [n, c·kh·kw, oh·ow] that lie on it, in a fixed order.
func Fold(dst, cols *Array, w Windows) {
	run(windowJob{w: w, cols: *cols, images: *dst}, w.Kernel[0]*w.Kernel[1])
}

// run does the job for all planes of the images, cut so that a piece is some
// microseconds.
func run(j windowJob, kernel int) {
	shape := j.images.Shape
	planes, windows := shape[0]*shape[1], j.w.Count[0]*j.w.Count[1]
	if planes == 0 {
		return
	}
	windowJobs.run(j, planes, max(1, cheapGrain/max(1, kernel*windows)))
}

// windowJob copies planes of images to columns, or adds columns to planes.
type windowJob struct {
	w            Windows
	cols, images Array
	unfold       bool
}

var windowJobs jobs[windowJob, *windowJob]

// DoRange does planes lo ≤ i < hi.
func (j *windowJob) DoRange(lo, hi int) {
	if j.cols.DType == Float32 {
		windowPlanes(j, j.cols.F32, j.images.F32, lo, hi)
	} else {
		windowPlanes(j, j.cols.F64, j.images.F64, lo, hi)
	}
}

func windowPlanes[T simd.Float](j *windowJob, cols, images []T, lo, hi int) {
	height, width := j.images.Shape[2], j.images.Shape[3]
	size, windows := height*width, j.w.Count[0]*j.w.Count[1]
	kernel := j.w.Kernel[0] * j.w.Kernel[1]
	for plane := lo; plane < hi; plane++ {
		image := images[plane*size : (plane+1)*size]
		if !j.unfold {
			clear(image)
		}
		for k := range kernel {
			row := cols[(plane*kernel+k)*windows:][:windows]
			windowRow(j, row, image, width, k)
		}
	}
}

// windowRow moves element k of all windows.
func windowRow[T simd.Float](j *windowJob, row, image []T, width, k int) {
	w := &j.w
	height := len(image) / max(1, width)
	y := k/w.Kernel[1]*w.Dilation[0] - w.Padding[0]
	x := k%w.Kernel[1]*w.Dilation[1] - w.Padding[1]
	// Windows first ≤ i < last have this element inside the image, horizontally.
	first, last := inside(x, width, w.Stride[1], w.Count[1])
	for range w.Count[0] {
		line := row[:w.Count[1]]
		row = row[w.Count[1]:]
		switch {
		case y < 0 || y >= height:
			if j.unfold {
				clear(line)
			}
		case j.unfold:
			clear(line[:first])
			clear(line[last:])
			pickEvery(line[first:last], image[y*width:(y+1)*width], x+first*w.Stride[1], w.Stride[1])
		default:
			addEvery(image[y*width:(y+1)*width], line[first:last], x+first*w.Stride[1], w.Stride[1])
		}
		y += w.Stride[0]
	}
}

// inside is the range of i in 0 … count−1 for which 0 ≤ x + i·stride < size.
func inside(x, size, stride, count int) (first, last int) {
	if x < 0 {
		first = (-x + stride - 1) / stride
	}
	if x < size {
		last = (size-1-x)/stride + 1
	}
	last = min(last, count)
	return min(first, last), last
}

// addEvery adds src[i] to dst[at + i·step].
func addEvery[T simd.Float](dst, src []T, at, step int) {
	if step == 1 && len(src) > 0 {
		part := dst[at : at+len(src)]
		simd.Add(part, part, src)
		return
	}
	for _, v := range src {
		dst[at] += v
		at += step
	}
}
