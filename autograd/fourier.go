package autograd

import (
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/dsp/fourier"
)

// Discrete Fourier transforms, computed by gonum in float64. A complex number is a pair of
// its real and imaginary part on a last axis of size 2; see [Complex].

// FFTNorm says by which factor transforms of n numbers are multiplied.
type FFTNorm uint8

// The factors, by PyTorch's and NumPy's names.
const (
	FFTBackward FFTNorm = iota // 1 forward, 1/n backward
	FFTOrtho                   // 1/√n both ways
	FFTForward                 // 1/n forward, 1 backward
)

// factor is that of transforms of n numbers.
func (f FFTNorm) factor(n int, inverse bool) float64 {
	switch {
	case f == FFTOrtho:
		return 1 / math.Sqrt(float64(n))
	case (f == FFTForward) != inverse:
		return 1 / float64(n)
	}
	return 1
}

// FFTConfig configures Fourier transforms.
type FFTConfig struct {
	// Axes are those to transform along; none means the last. The axis of pairs is not
	// counted.
	Axes []int

	// Sizes are those of Axes for the transform: axes are cut or filled up with zeros at
	// the end. None means as they are.
	Sizes []int

	Norm FFTNorm
}

// on is the axes and, if they are given, their sizes, for an array of this rank.
func (c FFTConfig) on(name string, n *node, rank int) (axes, sizes []int) {
	if rank < 1 {
		panic(&ShapeError{name, shapesOf(n), "there is no axis to transform along"})
	}
	if len(c.Axes) == 0 {
		c.Axes = []int{-1}
	}
	resolveAxes(name, c.Axes, rank) // each at most once
	for _, axis := range c.Axes {
		axes = append(axes, resolveAxis(name, axis, rank))
	}
	if len(c.Sizes) != 0 && len(c.Sizes) != len(axes) {
		panic(&ValueError{name, fmt.Sprintf("%d sizes for %d axes", len(c.Sizes), len(axes))})
	}
	for _, size := range c.Sizes {
		if size < 1 {
			panic(&ValueError{name, fmt.Sprintf("the size %d is not positive", size)})
		}
	}
	return axes, c.Sizes
}

// pairs panics unless x is an array of complex numbers.
func (x Variable) pairs(name string) *node {
	n := x.check(name)
	if rank := len(n.Shape); rank < 1 || n.Shape[rank-1] != 2 {
		panic(&ShapeError{name, shapesOf(n), "expected complex numbers, pairs on a last axis of size 2: see Complex"})
	}
	return n
}

// Complex is complex numbers of real and imaginary parts of equal shape, on a new last axis
// of size 2. The zero Variable for im stands for zeros.
func Complex(re, im Variable) Variable {
	if im.n == nil {
		im = re.scalar(0).BroadcastTo(re.n.Shape...)
	}
	return Stack(-1, re, im)
}

// realPart is the real parts of complex numbers.
func realPart(x Variable) Variable { return x.Slice(-1, 0, 1).Squeeze(-1) }

var fftOp *op

// yₖ = Σ xⱼ·e^(∓2πi·jk/n), whose adjoint has the other sign. attr.keep means a positive one.
func init() {
	forward := func(n *node, x Variable, _ *node) Variable { return fft(x, n.attr.keep) }
	adjoint := func(n *node, x Variable, _ *node) Variable { return fft(x, !n.attr.keep) }
	fftOp = newLinearMap("fft", func(n *node) []Argument { return arguments("inverse", n.attr.keep) }, forward, adjoint)
}

// fft transforms along the last axis, without a factor.
func fft(x Variable, inverse bool) Variable {
	in := x.n
	size := in.Shape[len(in.Shape)-2]
	if size == 0 {
		panic(&ShapeError{fftOp.name, shapesOf(in), "there are no numbers to transform"})
	}
	n := fftOp.result(in.DType, in.Shape, in)
	n.attr.keep = inverse
	transform, row := fourier.NewCmplxFFT(size), make([]complex128, size)
	for start := 0; start < in.Len(); start += 2 * size {
		for i := range row {
			row[i] = complex(in.At(start+2*i), in.At(start+2*i+1))
		}
		if inverse {
			transform.Sequence(row, row)
		} else {
			transform.Coefficients(row, row)
		}
		for i, y := range row {
			n.Set(start+2*i, real(y))
			n.Set(start+2*i+1, imag(y))
		}
	}
	return n.done()
}

// fftAlong transforms complex numbers along an axis, with a factor.
func fftAlong(x Variable, axis int, inverse bool, norm FFTNorm) Variable {
	size, last := x.n.Shape[axis], len(x.n.Shape)-2
	if axis != last {
		x = x.Transpose(axis, last)
	}
	y := fft(x, inverse)
	if axis != last {
		y = y.Transpose(axis, last)
	}
	if factor := norm.factor(size, inverse); factor != 1 {
		y = y.MulScalar(factor)
	}
	return y
}

// resize cuts an axis, or fills it up with zeros.
func resize(x Variable, axis, size int) Variable {
	switch had := x.n.Shape[axis]; {
	case had > size:
		return x.Slice(axis, 0, size)
	case had < size:
		widths := make([][2]int, len(x.n.Shape))
		widths[axis][1] = size - had
		return x.Pad(0, widths...)
	}
	return x
}

// FFT is the discrete Fourier transform of complex numbers x [..., 2],
//
//	yₖ = Σ xⱼ·e^(−2πi·jk/n),
//
// along one axis or several. For real numbers see [Variable.RFFT], or make them complex. It
// panics with [*ShapeError] for an axis without elements, and with [*ValueError] for sizes
// that are not positive or as many as the axes.
func (x Variable) FFT(config FFTConfig) Variable { return x.complexFFT("fft", config, false) }

// IFFT is the inverse of [Variable.FFT], xⱼ = 1/n·Σ yₖ·e^(2πi·jk/n), and panics as that does.
func (x Variable) IFFT(config FFTConfig) Variable { return x.complexFFT("ifft", config, true) }

func (x Variable) complexFFT(name string, config FFTConfig, inverse bool) Variable {
	in := x.pairs(name)
	axes, sizes := config.on(name, in, len(in.Shape)-1)
	for i, axis := range axes {
		if sizes != nil {
			x = resize(x, axis, sizes[i])
		}
		x = fftAlong(x, axis, inverse, config.Norm)
	}
	return x
}

// RFFT is the discrete Fourier transform of real numbers x, complex numbers [..., 2]. Along
// the last of the axes the result has the n/2+1 numbers that the others follow from: those
// are conjugates of these. It panics as [Variable.FFT] does.
func (x Variable) RFFT(config FFTConfig) Variable {
	const name = "rfft"
	in := x.check(name)
	axes, sizes := config.on(name, in, len(in.Shape))
	for i, axis := range axes {
		if sizes != nil {
			x = resize(x, axis, sizes[i])
		}
	}
	half := len(axes) - 1
	size := x.n.Shape[axes[half]]
	y := fftAlong(Complex(x, Variable{}), axes[half], false, config.Norm).Slice(axes[half], 0, size/2+1)
	for _, axis := range axes[:half] {
		y = fftAlong(y, axis, false, config.Norm)
	}
	return y
}

// IRFFT is the inverse of [Variable.RFFT]: real numbers, of complex numbers x [..., 2] of
// which the last of the axes has the first half. Without Sizes the result has 2·(m−1)
// numbers there for m of x. It panics as [Variable.FFT] does.
func (x Variable) IRFFT(config FFTConfig) Variable {
	const name = "irfft"
	in := x.pairs(name)
	axes, sizes := config.on(name, in, len(in.Shape)-1)
	half := len(axes) - 1
	size := 2 * (in.Shape[axes[half]] - 1)
	for i, axis := range axes {
		switch {
		case sizes == nil:
		case i == half:
			size = sizes[i]
		default:
			x = resize(x, axis, sizes[i])
		}
	}
	if size < 1 {
		panic(&ShapeError{name, shapesOf(in), "there are no numbers to compute"})
	}
	for _, axis := range axes[:half] {
		x = fftAlong(x, axis, true, config.Norm)
	}
	// The numbers that are missing are conjugates: with theirs, the real part of a term is
	// there twice.
	axis := axes[half]
	x = resize(x, axis, size/2+1)
	shape := slices.Repeat([]int{1}, len(x.n.Shape))
	shape[axis] = size/2 + 1
	weights := Full(x.n.DType, 2, shape...)
	weights.n.Set(0, 1)
	if size%2 == 0 {
		weights.n.Set(size/2, 1)
	}
	return realPart(fftAlong(resize(x.Mul(weights), axis, size), axis, true, config.Norm))
}

// FFTShift rolls axes, all without any, so that the zero frequency, the first element, is
// in the middle. For complex numbers name the axes: the last holds their parts.
func (x Variable) FFTShift(axes ...int) Variable {
	return x.shift("fftshift", axes, func(size int) int { return size / 2 })
}

// IFFTShift is the inverse of [Variable.FFTShift].
func (x Variable) IFFTShift(axes ...int) Variable {
	return x.shift("ifftshift", axes, func(size int) int { return -(size / 2) })
}

func (x Variable) shift(name string, axes []int, by func(size int) int) Variable {
	in := x.check(name)
	set := resolveAxes(name, axes, len(in.Shape))
	for axis, size := range in.Shape {
		if set>>axis&1 != 0 {
			x = x.Roll(by(size), axis)
		}
	}
	return x
}
