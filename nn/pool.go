package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// poolWindow is a window that slides over the last axes of an array.
type poolWindow struct {
	op                                string
	axes                              int
	kernel, stride, padding, dilation [3]int // the last is that of the last axis
	ceil                              bool
}

func newPoolWindow(op string, axes int, kernel, stride, padding, dilation []int, ceil bool) poolWindow {
	if len(kernel) == 0 {
		panic(&autograd.ValueError{Op: op, Reason: "the kernel has no size"})
	}
	if len(stride) == 0 {
		stride = kernel
	}
	w := poolWindow{
		op: op, axes: axes, ceil: ceil,
		kernel: perAxis(op, "kernel", kernel, axes, 1, 1), stride: perAxis(op, "Stride", stride, axes, 1, 1),
		padding: perAxis(op, "Padding", padding, axes, 0, 0), dilation: perAxis(op, "Dilation", dilation, axes, 1, 1),
	}
	for i, p := range w.padding {
		if 2*p > w.kernel[i] {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Padding is %v, expected at most half of the kernel", padding)})
		}
	}
	return w
}

// checkPooled panics unless x has the axes, behind the channels or behind batch and channels.
func checkPooled(op string, x autograd.Variable, axes int) {
	if x.Rank() != axes+1 && x.Rank() != axes+2 {
		panic(shapeError(op, fmt.Sprintf("expected [batch, channels, …] or [channels, …] with %d axes behind", axes), x))
	}
}

// each applies along to the axes of x that the window slides along; i is where its sizes are.
func (w *poolWindow) each(x autograd.Variable, along func(x autograd.Variable, axis, i, count int) autograd.Variable) autograd.Variable {
	checkPooled(w.op, x, w.axes)
	for i := 3 - w.axes; i < 3; i++ {
		axis := x.Rank() - 3 + i
		x = along(x, axis, i, w.count(x, axis, i))
	}
	return x
}

// count is the number of windows along an axis.
func (w *poolWindow) count(x autograd.Variable, axis, i int) int {
	size, stride := x.Dim(axis), w.stride[i]
	room := size + 2*w.padding[i] - w.dilation[i]*(w.kernel[i]-1) - 1
	if room < 0 {
		panic(shapeError(w.op, fmt.Sprintf("a kernel of %v is larger than the padded axis %d", w.kernel[3-w.axes:], axis), x))
	}
	count := room/stride + 1
	// A window more for what is left, unless it begins in the padding.
	if w.ceil && room%stride != 0 && count*stride < size+w.padding[i] {
		count++
	}
	return count
}

// max is the greatest element of each window along an axis.
func (w *poolWindow) max(x autograd.Variable, axis, i, count int) autograd.Variable {
	size, kernel, dilation := x.Dim(axis), w.kernel[i], w.dilation[i]
	index := make([]int, 0, count*kernel)
	for n := range count {
		for k := range kernel {
			// In place of one outside, another of the same window: the greatest is the same.
			at := n*w.stride[i] - w.padding[i] + k*dilation
			for at < 0 {
				at += dilation
			}
			for at >= size {
				at -= dilation
			}
			if at < 0 {
				panic(shapeError(w.op, "a window lies in the padding as a whole", x))
			}
			index = append(index, at)
		}
	}
	return x.IndexSelect(axis, index).Unflatten(axis, count, kernel).Max(axis + 1)
}

// sum is the sum of each window along an axis, where the padding is 0.
func (w *poolWindow) sum(x autograd.Variable, axis, i, count int) autograd.Variable {
	kernel, stride := w.kernel[i], w.stride[i]
	widths := make([][2]int, x.Rank())
	widths[axis] = [2]int{w.padding[i], (count-1)*stride + kernel - w.padding[i] - x.Dim(axis)} // negative: left over
	return x.Pad(0, widths...).UnfoldDim(axis, kernel, stride).Sum(-1)
}

// MaxPoolConfig configures maximum pooling. Stride, Padding and Dilation are one number for
// all axes, or one for each.
type MaxPoolConfig struct {
	Stride   []int // nil means the size of the kernel
	Padding  []int // elements on both sides that are never the greatest; nil means 0
	Dilation []int // distance of the kernel's elements; nil means 1
	Ceil     bool  // a window too where only a part is left
}

// MaxPool is what [MaxPool1d], [MaxPool2d] and [MaxPool3d] have in common: the greatest
// element of each window, for each channel. The gradient goes to the greatest element, in
// equal parts where there are several along an axis.
type MaxPool struct {
	NoParts
	window poolWindow
}

// Forward is the greatest elements of [batch, channels, …] or [channels, …]. It panics with
// [*autograd.ShapeError] if x has another number of axes, or is smaller than the kernel.
func (p *MaxPool) Forward(x autograd.Variable) autograd.Variable {
	return p.window.each(x, p.window.max)
}

func newMaxPool(op string, axes int, kernel []int, c MaxPoolConfig) MaxPool {
	return MaxPool{window: newPoolWindow(op, axes, kernel, c.Stride, c.Padding, c.Dilation, c.Ceil)}
}

// MaxPool1d is the layer of greatest elements of windows on [batch, channels, length] or
// [channels, length].
type MaxPool1d struct{ MaxPool }

// NewMaxPool1d is a MaxPool1d. kernel is the window's size: one number for all axes, or one
// for each. It panics with [*autograd.ValueError] unless sizes, strides and dilations are
// positive, and the padding at most half of the kernel.
func NewMaxPool1d(kernel []int, config MaxPoolConfig) *MaxPool1d {
	return &MaxPool1d{newMaxPool("nn.MaxPool1d", 1, kernel, config)}
}

// MaxPool2d is the layer of greatest elements of windows on [batch, channels, height, width] or
// [channels, height, width].
type MaxPool2d struct{ MaxPool }

// NewMaxPool2d is a MaxPool2d, like [NewMaxPool1d] otherwise.
func NewMaxPool2d(kernel []int, config MaxPoolConfig) *MaxPool2d {
	return &MaxPool2d{newMaxPool("nn.MaxPool2d", 2, kernel, config)}
}

// MaxPool3d is the layer of greatest elements of windows on [batch, channels, depth, height, width] or
// [channels, depth, height, width].
type MaxPool3d struct{ MaxPool }

// NewMaxPool3d is a MaxPool3d, like [NewMaxPool1d] otherwise.
func NewMaxPool3d(kernel []int, config MaxPoolConfig) *MaxPool3d {
	return &MaxPool3d{newMaxPool("nn.MaxPool3d", 3, kernel, config)}
}
