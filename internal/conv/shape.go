package conv

import "fmt"

// Shape is the geometry of a convolution of images X [Batch, In, Size…] with weights W
// [Out, In/Groups, Kernel…] to Y [Batch, Out, Count…]:
//
//	Y[n, o, i] = Σ W[o, c, k] · X[n, c, i·Stride − Padding + k·Dilation]
//
// over the channels c of o's group and the elements k of the kernel, where X is 0 outside
// the images. Triples are depth, height and width.
type Shape struct {
	Batch, In, Out, Groups    int
	Size, Kernel, Count       [3]int
	Stride, Padding, Dilation [3]int
}

// check panics unless the numbers fit each other and the lengths of the data.
func (s *Shape) check(x, w, y int) {
	valid := s.Batch >= 0 && s.Groups > 0 && s.In%s.Groups == 0 && s.Out%s.Groups == 0
	for i := range 3 {
		reach := (s.Count[i]-1)*s.Stride[i] + (s.Kernel[i]-1)*s.Dilation[i] + 1
		valid = valid && s.Kernel[i] > 0 && s.Stride[i] > 0 && s.Dilation[i] > 0 && s.Padding[i] >= 0 && s.Count[i] >= 0
		valid = valid && (s.Count[i] == 0 || reach <= s.Size[i]+2*s.Padding[i])
	}
	if !valid || x != s.Batch*s.In*volume(s.Size) || y != s.Batch*s.Out*volume(s.Count) || w != s.Out*s.In/s.Groups*volume(s.Kernel) {
		panic(fmt.Sprintf("conv: %+v with %d elements of X, %d of W and %d of Y", *s, x, w, y))
	}
}

// collapsed is the same convolution with axes joined along which windows do nothing, so
// that rows of windows are longer. The kernel 1×1 sees images as one long row. Along an axis
// with one window the stride has no meaning, and is 1.
func (s Shape) collapsed() Shape {
	for axis := range 3 {
		if s.Count[axis] == 1 {
			s.Stride[axis] = 1
		}
	}
	for axis := 1; axis >= 0; axis-- {
		// The last axis is to vanish in the one before.
		if s.Kernel[2] != 1 || s.Stride[2] != 1 || s.Padding[2] != 0 || s.Count[2] != s.Size[2] || s.Stride[axis] != 1 {
			break
		}
		width := s.Size[2]
		s.Size[2], s.Size[axis] = width*s.Size[axis], 1
		s.Count[2], s.Count[axis] = width*s.Count[axis], 1
		s.Kernel[2], s.Kernel[axis] = s.Kernel[axis], 1
		s.Padding[2], s.Padding[axis] = width*s.Padding[axis], 0
		s.Dilation[2], s.Dilation[axis] = width*s.Dilation[axis], 1
	}
	return s
}

// volume is the number of elements of a box.
func volume(size [3]int) int { return size[0] * size[1] * size[2] }
