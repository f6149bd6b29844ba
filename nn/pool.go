package nn

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// poolWindow is a window that slides over the last axes of an array.
type poolWindow struct {
	op                                string
	kernel, stride, padding, dilation []int // a number for each of the axes
	ceil                              bool
}

func newPoolWindow(op string, axes int, kernel, stride, padding, dilation []int, ceil bool) poolWindow {
	if len(kernel) == 0 {
		panic(&autograd.ValueError{Op: op, Reason: "the kernel has no size"})
	}
	if len(stride) == 0 {
		stride = kernel
	}
	numbers := func(field string, given []int, otherwise, least int) []int {
		list := perAxis(op, field, given, axes, otherwise, least)
		return slices.Clone(list[3-axes:])
	}
	w := poolWindow{
		op: op, ceil: ceil,
		kernel: numbers("kernel", kernel, 1, 1), stride: numbers("Stride", stride, 1, 1),
		padding: numbers("Padding", padding, 0, 0), dilation: numbers("Dilation", dilation, 1, 1),
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

// MaxPoolConfig configures maximum pooling. Stride, Padding and Dilation are one number for
// all axes, or one for each.
type MaxPoolConfig struct {
	Stride   []int // nil means the size of the kernel
	Padding  []int // elements on both sides that are never the greatest; nil means 0
	Dilation []int // distance of the kernel's elements; nil means 1
	Ceil     bool  // a window too where only a part is left
}

// MaxPool is what [MaxPool1d], [MaxPool2d] and [MaxPool3d] have in common: the greatest
// element of each window, for each channel. The gradient goes to the greatest element, the
// first where there are several.
type MaxPool struct {
	NoParts
	window poolWindow
}

// Forward is the greatest elements of [batch, channels, …] or [channels, …]. It panics with
// [*autograd.ShapeError] if x has another number of axes, or is smaller than the kernel.
func (p *MaxPool) Forward(x autograd.Variable) autograd.Variable {
	return Hooked(p, x.MaxPool(p.checked(x)))
}

// ForwardIndices is Forward and where the greatest elements lie: the place of each in its
// channel, row by row, in row-major order of the result. [MaxUnpool2d] takes them. It panics
// as Forward.
func (p *MaxPool) ForwardIndices(x autograd.Variable) (y autograd.Variable, indices []int) {
	y, indices = x.MaxPoolIndices(p.checked(x))
	return Hooked(p, y), indices
}

// checked is the operation's configuration, if x has the axes.
func (p *MaxPool) checked(x autograd.Variable) autograd.MaxPoolConfig {
	checkPooled(p.window.op, x, len(p.window.kernel))
	return p.config()
}

func (p *MaxPool) config() autograd.MaxPoolConfig {
	w := &p.window
	return autograd.MaxPoolConfig{Kernel: w.kernel, Stride: w.stride, Padding: w.padding, Dilation: w.dilation, Ceil: w.ceil}
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
