package autograd

import "fmt"

// ConvTranspose1d is the transposed convolution of signals x [batch, in, length] with
// weights w [in, out/groups, kernel], with bias b [out] or the zero Variable for none. It is
// [ConvTranspose2d] with the horizontal parts of config, and panics as that does.
func ConvTranspose1d(x, w, b Variable, config ConvConfig) Variable {
	return convTranspose("conv transpose1d", x, w, b, 1, config.volumes(1), "expected x [batch, in, length] and w [in, out/groups, kernel]")
}

// ConvTranspose2d is the adjoint of [Conv2d] with respect to its images, plus a bias: it
// takes x [batch, in, height, width] and weights w [in, out/groups, kernel height, kernel
// width] to images [batch, out, (height−1)·stride − 2·padding + dilation·(kernel−1) +
// output padding + 1, …]. Every element of x adds a multiple of the kernel to the result.
// The output padding must be less than the stride or the dilation, or it panics with
// [*ValueError]; otherwise it panics as Conv2d does.
func ConvTranspose2d(x, w, b Variable, config ConvConfig) Variable {
	return convTranspose("conv transpose2d", x, w, b, 2, config.volumes(2), "expected x [batch, in, height, width] and w [in, out/groups, kernel height, kernel width]")
}

// ConvTranspose3d is the adjoint of [Conv3d] with respect to its volumes, plus a bias: it
// takes x [batch, in, depth, height, width] and weights w [in, out/groups, kernel depth,
// kernel height, kernel width] to volumes [batch, out, …]; see [ConvTranspose2d] for their
// size. It panics as that does.
func ConvTranspose3d(x, w, b Variable, config Conv3dConfig) Variable {
	return convTranspose("conv transpose3d", x, w, b, 3, config,
		"expected x [batch, in, depth, height, width] and w [in, out/groups, kernel depth, kernel height, kernel width]")
}

// convTranspose is the transposed convolution along the last axes.
func convTranspose(name string, x, w, b Variable, axes int, config Conv3dConfig, expected string) Variable {
	in, wn := x.check(name), w.check(name)
	convTransposeOp.same(in, wn)
	if len(in.Shape) != axes+2 || len(wn.Shape) != axes+2 || wn.Shape[0] != in.Shape[1] {
		panic(&ShapeError{name, shapesOf(in, wn), expected})
	}
	g := config.geometry(name, in, wn)
	out := wn.Shape[1] * g.groups
	checkBias(name, in, wn, b, out)
	var buffer [5]int
	shape := append(buffer[:0], in.Shape[0], out)
	for i := range axes {
		axis := 3 - axes + i
		padding := config.OutputPadding[axis]
		if padding < 0 || padding > 0 && padding >= max(g.stride[axis], g.dilation[axis]) {
			panic(&ValueError{name, fmt.Sprintf("an output padding of %d, expected less than the stride or the dilation", padding)})
		}
		size := (in.Shape[2+i]-1)*g.stride[axis] - 2*g.padding[axis] + g.dilation[axis]*(wn.Shape[2+i]-1) + padding + 1
		if size < 1 || in.Shape[2+i] < 1 {
			panic(&ShapeError{name, shapesOf(in, wn), "the result has no elements along an axis"})
		}
		shape = append(shape, size)
	}
	y := convolveTransposed(x, w, b, shape, g)
	if config.ReLU {
		y = y.ReLU()
	}
	if config.MaxPool.Kernel != nil {
		y = y.MaxPool(config.MaxPool)
	}
	return y
}
