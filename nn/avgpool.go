package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// AvgPoolConfig configures average pooling. Stride and Padding are one number for all axes,
// or one for each.
type AvgPoolConfig struct {
	Stride         []int // nil means the size of the kernel
	Padding        []int // zeros on both sides; nil means none
	Ceil           bool  // a window too where only a part is left
	ExcludePadding bool  // divide by the number of elements that are no padding
	Divisor        int   // divide by it; 0 means by the number of elements
}

// AvgPool is what [AvgPool1d], [AvgPool2d] and [AvgPool3d] have in common: the mean of each
// window, for each channel.
type AvgPool struct {
	NoParts
	window poolWindow
	config AvgPoolConfig
}

// Forward is the means of [batch, channels, …] or [channels, …]. It panics with
// [*autograd.ShapeError] if x has another number of axes, or is smaller than the kernel.
func (p *AvgPool) Forward(x autograd.Variable) autograd.Variable {
	w := &p.window
	checkPooled(w.op, x, len(w.kernel))
	return Hooked(p, x.AvgPool(autograd.AvgPoolConfig{
		Kernel: w.kernel, Stride: w.stride, Padding: w.padding, Ceil: w.ceil,
		ExcludePadding: p.config.ExcludePadding, Divisor: float64(p.config.Divisor),
	}))
}

func newAvgPool(op string, axes int, kernel []int, c AvgPoolConfig) AvgPool {
	if c.Divisor < 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Divisor is %d, expected a positive number", c.Divisor)})
	}
	return AvgPool{window: newPoolWindow(op, axes, kernel, c.Stride, c.Padding, nil, c.Ceil), config: c}
}

// AvgPool1d is the layer of means of windows on [batch, channels, length] or
// [channels, length].
type AvgPool1d struct{ AvgPool }

// NewAvgPool1d is an AvgPool1d, and panics as [NewMaxPool1d].
func NewAvgPool1d(kernel []int, config AvgPoolConfig) *AvgPool1d {
	return &AvgPool1d{newAvgPool("nn.AvgPool1d", 1, kernel, config)}
}

// AvgPool2d is the layer of means of windows on [batch, channels, height, width] or
// [channels, height, width].
type AvgPool2d struct{ AvgPool }

// NewAvgPool2d is an AvgPool2d, and panics as [NewMaxPool1d].
func NewAvgPool2d(kernel []int, config AvgPoolConfig) *AvgPool2d {
	return &AvgPool2d{newAvgPool("nn.AvgPool2d", 2, kernel, config)}
}

// AvgPool3d is the layer of means of windows on [batch, channels, depth, height, width] or
// [channels, depth, height, width].
type AvgPool3d struct{ AvgPool }

// NewAvgPool3d is an AvgPool3d, and panics as [NewMaxPool1d].
func NewAvgPool3d(kernel []int, config AvgPoolConfig) *AvgPool3d {
	return &AvgPool3d{newAvgPool("nn.AvgPool3d", 3, kernel, config)}
}

// LPPoolConfig configures power-average pooling.
type LPPoolConfig struct {
	Stride []int // one number for all axes, or one for each; nil means the size of the kernel
	Ceil   bool  // a window too where only a part is left
}

// LPPool is the layer (Σxᵖ)^(1/p) over each window of the last axes, for each channel.
type LPPool struct {
	NoParts
	window poolWindow
	p      float64
}

// NewLPPool is an LPPool over as many axes as kernel has sizes, from 1 to 3: PyTorch's
// LPPool1d with one and LPPool2d with two. It panics with [*autograd.ValueError] unless p
// and the sizes are positive.
func NewLPPool(p float64, kernel []int, config LPPoolConfig) *LPPool {
	const op = "nn.NewLPPool"
	if !(p > 0) || !isFinite(p) || len(kernel) > 3 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("p is %v, the kernel %v: expected a positive number, and one to three sizes", p, kernel)})
	}
	return &LPPool{window: newPoolWindow(op, len(kernel), kernel, config.Stride, nil, nil, config.Ceil), p: p}
}

// Forward pools [batch, channels, …] or [channels, …]. It panics as [AvgPool.Forward].
func (l *LPPool) Forward(x autograd.Variable) autograd.Variable {
	w := &l.window
	checkPooled(w.op, x, len(w.kernel))
	sums := x.PowScalar(l.p).AvgPool(autograd.AvgPoolConfig{Kernel: w.kernel, Stride: w.stride, Ceil: w.ceil, Divisor: 1})
	return Hooked(l, sums.PowScalar(1/l.p))
}
