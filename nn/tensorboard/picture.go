package tensorboard

import (
	"image"
	"image/color"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Picture is a picture of an array of shape [height, width], [1, height, width] in shades
// of gray, or [3, height, width] in red, green and blue: 0 is dark, 1 is bright, and what
// is less or more is taken for these. NaN is dark. It panics with [*autograd.ShapeError]
// for other shapes.
func Picture(x autograd.Variable) image.Image {
	shape := x.Shape()
	if len(shape) == 2 {
		shape = []int{1, shape[0], shape[1]}
	}
	if len(shape) != 3 || shape[0] != 1 && shape[0] != 3 {
		panic(&autograd.ShapeError{Op: "tensorboard.Picture", Shapes: [][]int{x.Shape()}, Reason: "expected [height, width], [1, height, width] or [3, height, width]"})
	}
	height, width := shape[1], shape[2]
	at := brightness(x)
	if shape[0] == 1 {
		gray := image.NewGray(image.Rect(0, 0, width, height))
		for i := range gray.Pix {
			gray.Pix[i] = at(i)
		}
		return gray
	}
	rgb := image.NewNRGBA(image.Rect(0, 0, width, height))
	for i := range height * width {
		rgb.SetNRGBA(i%width, i/width, color.NRGBA{at(i), at(height*width + i), at(2*height*width + i), math.MaxUint8})
	}
	return rgb
}

// brightness is the byte of each element of x.
func brightness(x autograd.Variable) func(i int) uint8 {
	shade := func(value float64) uint8 {
		if !(value > 0) {
			return 0
		}
		return uint8(math.Round(min(value, 1) * math.MaxUint8))
	}
	if x.DType() == autograd.Float64 {
		elements := x.Float64s()
		return func(i int) uint8 { return shade(elements[i]) }
	}
	elements := x.Float32s()
	return func(i int) uint8 { return shade(float64(elements[i])) }
}

// colorspace is what the encoded picture has: 1 for shades of gray, 3 for colours, 4 with
// opacity.
func colorspace(picture image.Image) int32 {
	switch p := picture.(type) {
	case *image.Gray, *image.Gray16:
		return 1
	case interface{ Opaque() bool }:
		if p.Opaque() {
			return 3
		}
	}
	return 4
}
