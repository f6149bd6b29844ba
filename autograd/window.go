package autograd

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Windows that slide over images. Unfold makes a matrix of them and Fold is its
// adjoint: each is the other's backward rule.

// maxWindow is the largest number that a window is described by: products of two of them do
// not overflow.
const maxWindow = math.MaxInt32

// tooLarge reports whether one of the numbers, one or more, is larger than that.
func tooLarge(numbers ...int) bool { return slices.Max(numbers) > maxWindow }

// Window is a rectangle that slides over images [..., height, width]. Pairs are
// vertical and horizontal. The window with number i along an axis begins at
// i·Stride − Padding, and has Kernel elements that are Dilation apart; all windows lie
// inside the image extended by Padding on both sides.
type Window struct {
	Kernel   [2]int
	Stride   [2]int // 0 means 1
	Padding  [2]int
	Dilation [2]int // 0 means 1
}

// on places the windows on an image of this size.
func (w Window) on(name string, in *node, height, width int) tensor.Windows {
	placed := tensor.Windows{Kernel: w.Kernel, Stride: w.Stride, Padding: w.Padding, Dilation: w.Dilation}
	for axis, size := range [2]int{height, width} {
		placed.Stride[axis] = cmp.Or(placed.Stride[axis], 1)
		placed.Dilation[axis] = cmp.Or(placed.Dilation[axis], 1)
		if w.Kernel[axis] < 1 || w.Padding[axis] < 0 || placed.Stride[axis] < 1 || placed.Dilation[axis] < 1 ||
			tooLarge(w.Kernel[axis], w.Padding[axis], placed.Stride[axis], placed.Dilation[axis]) {
			panic(&ValueError{name, fmt.Sprintf("%+v has a size that is not positive, a negative padding, or a number beyond %d", w, maxWindow)})
		}
		room := size + 2*w.Padding[axis] - placed.Dilation[axis]*(w.Kernel[axis]-1) - 1
		if room < 0 {
			panic(&ShapeError{name, shapesOf(in), fmt.Sprintf("%+v is larger than the image with its padding", w)})
		}
		placed.Count[axis] = room/placed.Stride[axis] + 1
	}
	return placed
}

// keepWindow and windowOf store a window in a node and read it.
func (n *node) keepWindow(w tensor.Windows) {
	n.attr.ints = n.attr.ints[:0]
	for _, pair := range [4][2]int{w.Kernel, w.Stride, w.Padding, w.Dilation} {
		n.attr.ints = append(n.attr.ints, pair[0], pair[1])
	}
}

func imageWindowArguments(n *node) []Argument {
	return arguments("kernel", n.attr.ints[:2], "stride", n.attr.ints[2:4], "padding", n.attr.ints[4:6], "dilation", n.attr.ints[6:8])
}

func windowOf(n *node) Window {
	i := n.attr.ints
	return Window{Kernel: [2]int{i[0], i[1]}, Stride: [2]int{i[2], i[3]}, Padding: [2]int{i[4], i[5]}, Dilation: [2]int{i[6], i[7]}}
}

// images panics unless x is [batch, channels, height, width].
func (x Variable) images(name string) *node {
	in := x.check(name)
	if len(in.Shape) != 4 {
		panic(&ShapeError{name, shapesOf(in), "expected [batch, channels, height, width]"})
	}
	return in
}

var unfoldOp, foldOp *op

func init() {
	unfolded := func(n *node, x Variable, _ *node) Variable { return x.Unfold(windowOf(n)) }
	folded := func(n *node, x Variable, like *node) Variable {
		return x.Fold(like.Shape[2], like.Shape[3], windowOf(n))
	}
	unfoldOp = newLinearMap("unfold", imageWindowArguments, unfolded, folded)
	foldOp = newLinearMap("fold", imageWindowArguments, folded, unfolded)
}

// Unfold makes columns of windows on images (im2col): x is [batch, channels, height,
// width], and column j of the result [batch, channels·kernel size, windows] is window j,
// with 0 in the padding. It panics with [*ShapeError] for another number of axes or a
// window larger than the image with its padding, and with [*ValueError] for sizes that
// are not positive.
func (x Variable) Unfold(w Window) Variable {
	in := x.images(unfoldOp.name)
	placed := w.on(unfoldOp.name, in, in.Shape[2], in.Shape[3])
	rows, cols := in.Shape[1]*w.Kernel[0]*w.Kernel[1], placed.Count[0]*placed.Count[1]
	n := unfoldOp.result(in.DType, []int{in.Shape[0], rows, cols}, in)
	n.keepWindow(placed)
	tensor.Unfold(&n.Array, &in.Array, placed)
	return n.done()
}

// Fold adds columns of windows up to images [batch, channels, height, width] (col2im):
// x is [batch, channels·kernel size, windows], and where windows overlap their elements
// are added. It is the adjoint of [Variable.Unfold] and panics as that does.
func (x Variable) Fold(height, width int, w Window) Variable {
	in := x.check(foldOp.name)
	if len(in.Shape) != 3 || height < 0 || width < 0 {
		panic(&ShapeError{foldOp.name, shapesOf(in), "expected [batch, channels·kernel size, windows] and an image's size"})
	}
	placed := w.on(foldOp.name, in, height, width)
	kernel := w.Kernel[0] * w.Kernel[1]
	if in.Shape[1]%kernel != 0 || in.Shape[2] != placed.Count[0]*placed.Count[1] {
		panic(&ShapeError{foldOp.name, shapesOf(in), fmt.Sprintf("expected a multiple of %d rows and %d×%d windows", kernel, placed.Count[0], placed.Count[1])})
	}
	n := foldOp.result(in.DType, []int{in.Shape[0], in.Shape[1] / kernel, height, width}, in)
	n.keepWindow(placed)
	tensor.Fold(&n.Array, &in.Array, placed)
	return n.done()
}
