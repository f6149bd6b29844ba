package autograd

import "fmt"

// Convolutions, as deep learning calls cross-correlations: sums of products of windows
// with weights. They are products with the matrix of windows.

// ConvConfig configures [Conv2d] and [ConvTranspose2d]. Pairs are vertical and
// horizontal. The zero value is a convolution with stride 1 and without padding.
type ConvConfig struct {
	Stride        [2]int // 0 means 1
	Padding       [2]int
	Dilation      [2]int // 0 means 1
	Groups        int    // parts the channels are divided into, convolved each by itself; 0 means 1
	OutputPadding [2]int // of ConvTranspose2d: rows and columns added at the end
}

// window is the window of a kernel of this size.
func (c ConvConfig) window(height, width int) Window {
	return Window{Kernel: [2]int{height, width}, Stride: c.Stride, Padding: c.Padding, Dilation: c.Dilation}
}

// groups divides the channels of a convolution.
func (c ConvConfig) groups(name string, x, w *node, in, out int) int {
	groups := max(1, c.Groups)
	if c.Groups < 0 || in%groups != 0 || out%groups != 0 {
		panic(&ShapeError{name, shapesOf(x, w), fmt.Sprintf("%d and %d channels cannot be divided into %d groups", in, out, c.Groups)})
	}
	return groups
}

// joinBias is join for x, w and, if there is one, b [out].
func joinBias(name string, x, w, b *Variable, out int) {
	if b.n == nil {
		join(name, x, w)
		return
	}
	if bn := b.check(name); len(bn.Shape) != 1 || bn.Shape[0] != out {
		panic(&ShapeError{name, shapesOf(x.n, w.n, bn), fmt.Sprintf("expected a bias [%d]", out)})
	}
	join(name, x, w, b)
}

// addBias adds b, unless it is the zero Variable, to the channels of y.
func addBias(y, b Variable) Variable {
	if b.n == nil {
		return y
	}
	return y.Add(b.Reshape(-1, 1, 1))
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
// for a stride or dilation that is not positive or a negative padding.
func Conv2d(x, w, b Variable, config ConvConfig) Variable {
	const name = "conv2d"
	in, wn := x.images(name), w.check(name)
	unfoldOp.same(in, wn)
	groups := max(1, config.Groups)
	if len(wn.Shape) != 4 || wn.Shape[1]*groups != in.Shape[1] {
		panic(&ShapeError{name, shapesOf(in, wn), "expected x [batch, in, height, width] and w [out, in/groups, kernel height, kernel width]"})
	}
	out := wn.Shape[0]
	config.groups(name, in, wn, in.Shape[1], out)
	joinBias(name, &x, &w, &b, out)
	window := config.window(wn.Shape[2], wn.Shape[3])
	placed := window.on(name, in, in.Shape[2], in.Shape[3])
	batch, depth := in.Shape[0], wn.Shape[1]*wn.Shape[2]*wn.Shape[3]
	// [groups, out/groups, depth] · [batch, groups, depth, windows]
	columns := x.Unfold(window).Reshape(batch, groups, depth, placed.Count[0]*placed.Count[1])
	y := w.Reshape(groups, out/groups, depth).MatMul(columns)
	return addBias(y.Reshape(batch, out, placed.Count[0], placed.Count[1]), b)
}

// Conv1d is the convolution of signals x [batch, in, length] with weights w [out,
// in/groups, kernel], with bias b [out] or the zero Variable for none. It is [Conv2d]
// with the horizontal parts of config, and panics as that does.
func Conv1d(x, w, b Variable, config ConvConfig) Variable {
	const name = "conv1d"
	in, wn := x.check(name), w.check(name)
	if len(in.Shape) != 3 || len(wn.Shape) != 3 {
		panic(&ShapeError{name, shapesOf(in, wn), "expected x [batch, in, length] and w [out, in/groups, kernel]"})
	}
	joinBias(name, &x, &w, &b, wn.Shape[0])
	config.Stride[0], config.Padding[0], config.Dilation[0] = 1, 0, 1
	return Conv2d(x.Unsqueeze(2), w.Unsqueeze(2), b, config).Squeeze(2)
}

// ConvTranspose2d is the adjoint of [Conv2d] with respect to its images, plus a bias: it
// takes x [batch, in, height, width] and weights w [in, out/groups, kernel height, kernel
// width] to images [batch, out, (height−1)·stride − 2·padding + dilation·(kernel−1) +
// output padding + 1, …]. Every element of x adds a multiple of the kernel to the result.
// It panics as Conv2d does.
func ConvTranspose2d(x, w, b Variable, config ConvConfig) Variable {
	const name = "conv transpose2d"
	in, wn := x.images(name), w.check(name)
	unfoldOp.same(in, wn)
	groups := max(1, config.Groups)
	if len(wn.Shape) != 4 || wn.Shape[0] != in.Shape[1] {
		panic(&ShapeError{name, shapesOf(in, wn), "expected x [batch, in, height, width] and w [in, out/groups, kernel height, kernel width]"})
	}
	channels, out := in.Shape[1], wn.Shape[1]*groups
	config.groups(name, in, wn, channels, out)
	joinBias(name, &x, &w, &b, out)
	window := config.window(wn.Shape[2], wn.Shape[3])
	var size [2]int
	for axis := range size {
		stride, dilation := max(1, config.Stride[axis]), max(1, config.Dilation[axis])
		if padding := config.OutputPadding[axis]; padding < 0 || padding >= max(stride, dilation) {
			panic(&ValueError{name, fmt.Sprintf("an output padding of %d, expected less than the stride or the dilation", padding)})
		}
		size[axis] = (in.Shape[2+axis]-1)*stride - 2*config.Padding[axis] + dilation*(wn.Shape[2+axis]-1) + config.OutputPadding[axis] + 1
	}
	if config.OutputPadding[0] >= max(1, config.Stride[0]) || config.OutputPadding[1] >= max(1, config.Stride[1]) {
		// So much output padding has room for another step, and is cut out of the whole result.
		var widths [4][2]int
		for axis, padding := range config.Padding {
			widths[2+axis] = [2]int{-padding, config.OutputPadding[axis] - padding}
		}
		config.Padding, config.OutputPadding = [2]int{}, [2]int{}
		return addBias(ConvTranspose2d(x, w, Variable{}, config).Pad(0, widths[:]...), b)
	}
	batch, depth, windows := in.Shape[0], wn.Shape[1]*wn.Shape[2]*wn.Shape[3], in.Shape[2]*in.Shape[3]
	// [groups, in/groups, depth]ᵀ · [batch, groups, in/groups, windows]
	columns := matmul(w.Reshape(groups, channels/groups, depth), x.Reshape(batch, groups, channels/groups, windows), true, false)
	return addBias(columns.Reshape(batch, groups*depth, windows).Fold(size[0], size[1], window), b)
}
