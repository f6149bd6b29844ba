package autograd

import "fmt"

// Convolutions, as deep learning calls cross-correlations: sums of products of windows
// with weights.

// ConvConfig configures convolutions along one or two axes. Pairs are vertical and
// horizontal. The zero value is a convolution with stride 1 and without padding.
type ConvConfig struct {
	Stride        [2]int // 0 means 1
	Padding       [2]int
	Dilation      [2]int // 0 means 1
	Groups        int    // parts the channels are divided into, convolved each by itself; 0 means 1
	OutputPadding [2]int // of transposed convolutions: rows and columns added at the end

	// ReLU makes the result max(y, 0), as [Variable.ReLU] of it, without keeping y.
	ReLU bool

	// MaxPool, if it has a Kernel, makes the result [Variable.MaxPool] of that. Where there are
	// images enough they are pooled one by one, and that is not kept.
	MaxPool MaxPoolConfig
}

// Conv3dConfig configures convolutions along three axes. Triples are for depth, height and
// width. The zero value is a convolution with stride 1 and without padding.
type Conv3dConfig struct {
	Stride        [3]int // 0 means 1
	Padding       [3]int
	Dilation      [3]int // 0 means 1
	Groups        int    // parts the channels are divided into, convolved each by itself; 0 means 1
	OutputPadding [3]int // of transposed convolutions: frames, rows and columns added at the end

	// ReLU and MaxPool are as in [ConvConfig].
	ReLU    bool
	MaxPool MaxPoolConfig
}

// volumes is the configuration for axes axes, as that of the last ones of three.
func (c ConvConfig) volumes(axes int) Conv3dConfig {
	v := Conv3dConfig{Stride: [3]int{1, 1, 1}, Dilation: [3]int{1, 1, 1}, Groups: c.Groups, ReLU: c.ReLU, MaxPool: c.MaxPool}
	for axis := 2 - axes; axis < 2; axis++ {
		v.Stride[axis+1], v.Padding[axis+1], v.Dilation[axis+1], v.OutputPadding[axis+1] = c.Stride[axis], c.Padding[axis], c.Dilation[axis], c.OutputPadding[axis]
	}
	return v
}

// geometry is the configuration without the numbers that have a meaning of their own. It
// panics for those that have none.
func (c Conv3dConfig) geometry(name string, x, w *node) geometry {
	g := geometry{stride: c.Stride, padding: c.Padding, dilation: c.Dilation, groups: max(1, c.Groups)}
	for axis := range 3 {
		if g.stride[axis] == 0 {
			g.stride[axis] = 1
		}
		if g.dilation[axis] == 0 {
			g.dilation[axis] = 1
		}
		if g.stride[axis] < 1 || g.dilation[axis] < 1 || g.padding[axis] < 0 || tooLarge(g.stride[axis], g.dilation[axis], g.padding[axis]) {
			panic(&ValueError{name, fmt.Sprintf("%+v has a size that is not positive, a negative padding, or a number beyond %d", c, maxWindow)})
		}
	}
	if c.Groups < 0 || x.Shape[1]%g.groups != 0 || w.Shape[0]%g.groups != 0 {
		panic(&ShapeError{name, shapesOf(x, w), fmt.Sprintf("%d and %d channels cannot be divided into %d groups", x.Shape[1], w.Shape[0], c.Groups)})
	}
	for _, n := range w.Shape[2:] {
		if n < 1 {
			panic(&ValueError{name, "the kernel has no elements"})
		}
	}
	return g
}

// Conv1d is the convolution of signals x [batch, in, length] with weights w [out,
// in/groups, kernel], with bias b [out] or the zero Variable for none. It is [Conv2d]
// with the horizontal parts of config, and panics as that does.
func Conv1d(x, w, b Variable, config ConvConfig) Variable {
	return convolution("conv1d", x, w, b, 1, config.volumes(1), "expected x [batch, in, length] and w [out, in/groups, kernel]")
}

// Conv2d is the convolution of images x [batch, in, height, width] with weights w [out,
// in/groups, kernel height, kernel width], with bias b [out] or the zero Variable for
// none:
//
//	y[n, o, i, j] = b[o] + Σ w[o, c, p, q] · x[n, c, i·stride − padding + p·dilation, …]
//
// where x is 0 outside the images. The result is [batch, out, oh, ow]. With groups, the
// first out/groups outputs are computed from the first in/groups channels, and so on. It
// panics with [*ShapeError] if the shapes do not fit each other, and with [*ValueError]
// for a stride or dilation that is not positive, a negative padding, one of them beyond
// 2³¹ − 1, or a kernel without elements. For config.MaxPool it panics as [Variable.MaxPool].
func Conv2d(x, w, b Variable, config ConvConfig) Variable {
	return convolution("conv2d", x, w, b, 2, config.volumes(2), "expected x [batch, in, height, width] and w [out, in/groups, kernel height, kernel width]")
}

// Conv3d is the convolution of volumes x [batch, in, depth, height, width] with weights w
// [out, in/groups, kernel depth, kernel height, kernel width], with bias b [out] or the zero
// Variable for none; see [Conv2d]. The result is [batch, out, od, oh, ow]. It panics as
// Conv2d does.
func Conv3d(x, w, b Variable, config Conv3dConfig) Variable {
	return convolution("conv3d", x, w, b, 3, config,
		"expected x [batch, in, depth, height, width] and w [out, in/groups, kernel depth, kernel height, kernel width]")
}

// convolution is the convolution along the last axes.
func convolution(name string, x, w, b Variable, axes int, config Conv3dConfig, expected string) Variable {
	in, wn := x.check(name), w.check(name)
	convOp.same(in, wn)
	if len(in.Shape) != axes+2 || len(wn.Shape) != axes+2 || wn.Shape[1]*max(1, config.Groups) != in.Shape[1] {
		panic(&ShapeError{name, shapesOf(in, wn), expected})
	}
	g := config.geometry(name, in, wn)
	checkBias(name, in, wn, b, wn.Shape[0])
	var buffer [5]int
	shape := append(buffer[:0], in.Shape[0], wn.Shape[0])
	for i := range axes {
		axis := 3 - axes + i
		room := in.Shape[2+i] + 2*g.padding[axis] - g.dilation[axis]*(wn.Shape[2+i]-1) - 1
		if room < 0 {
			panic(&ShapeError{name, shapesOf(in, wn), fmt.Sprintf("the kernel is larger than the %s with its padding", [...]string{"signal", "image", "volume"}[axes-1])})
		}
		shape = append(shape, room/g.stride[axis]+1)
	}
	o := convOp
	if config.ReLU {
		o = convReLUOp
	}
	if len(config.MaxPool.Kernel) == 0 {
		return o.convolve(x, w, b, shape, g)
	}
	if y, ok := convolveAndPool(x, w, b, shape, g, &config.MaxPool, config.ReLU); ok {
		return y
	}
	return o.convolve(x, w, b, shape, g).MaxPool(config.MaxPool)
}

// checkBias panics unless b is the zero Variable or a bias for out channels.
func checkBias(name string, x, w *node, b Variable, out int) {
	if b.n == nil {
		return
	}
	bn := b.check(name)
	convOp.same(x, bn)
	if len(bn.Shape) != 1 || bn.Shape[0] != out {
		panic(&ShapeError{name, shapesOf(x, w, bn), fmt.Sprintf("expected a bias [%d]", out)})
	}
}
