package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// ConvTransposeConfig configures transposed convolutions. The lists are one number for all
// axes, or one for each.
type ConvTransposeConfig struct {
	Stride        []int // nil means 1
	Padding       []int // elements that are left out on both sides of the result; nil means 0
	OutputPadding []int // elements added at the end; less than stride or dilation; nil means 0
	Dilation      []int // distance of the kernel's elements; nil means 1
	Groups        int   // parts the channels are divided into, convolved each by itself; 0 means 1

	NoBias bool           // leave the bias out
	Init   Initializer    // of weight and bias; nil means uniform in ±1/√(out/groups·kernel), as PyTorch
	DType  autograd.DType // Float32 by default
}

// ConvTranspose is what [ConvTranspose1d], [ConvTranspose2d] and [ConvTranspose3d] have in
// common: every element of the input adds a multiple of the kernel to the result, whose
// size along an axis of n is (n−1)·stride − 2·padding + dilation·(kernel−1) + output
// padding + 1. Parameters are named "weight" and "bias".
type ConvTranspose struct {
	Weight autograd.Variable // [in, out/groups, kernel…]
	Bias   autograd.Variable // [out]; the zero Variable for none

	stride, padding, output, dilation [3]int // the last is that of the last axis
	groups, in, axes                  int
}

func newConvTranspose(op string, rng *rand.Rand, in, out int, kernel []int, axes int, config ConvTransposeConfig) ConvTranspose {
	size := perAxis(op, "kernel", kernel, axes, 1, 1)
	c := ConvTranspose{
		groups: convGroups(op, in, out, config.Groups), in: in, axes: axes,
		stride: perAxis(op, "Stride", config.Stride, axes, 1, 1), padding: perAxis(op, "Padding", config.Padding, axes, 0, 0),
		output: perAxis(op, "OutputPadding", config.OutputPadding, axes, 0, 0), dilation: perAxis(op, "Dilation", config.Dilation, axes, 1, 1),
	}
	for i, n := range c.output {
		if n > 0 && n >= max(c.stride[i], c.dilation[i]) {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("OutputPadding is %v, expected less than the stride or the dilation", config.OutputPadding)})
		}
	}
	c.Weight, c.Bias = convWeights(rng, append([]int{in, out / c.groups}, size[3-axes:]...), out,
		ConvConfig{NoBias: config.NoBias, Init: config.Init, DType: config.DType})
	return c
}

// Parts yields weight and bias.
func (c *ConvTranspose) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("weight", c.Weight), Weight("bias", c.Bias))
}

// convolve is the layer for x with or without the batch axis.
func (c *ConvTranspose) convolve(op string, x autograd.Variable) autograd.Variable {
	if x.Rank() == c.axes+1 {
		return c.convolve(op, x.Unsqueeze(0)).Squeeze(0)
	}
	if x.Rank() != c.axes+2 || x.Dim(1) != c.in {
		panic(shapeError(op, fmt.Sprintf("expected [batch, %d, …] or [%d, …] with %d axes behind", c.in, c.in, c.axes), x))
	}
	w := watched(x, c.Weight)
	if c.axes == 3 {
		return autograd.ConvTranspose3d(x, w, c.Bias, autograd.Conv3dConfig{
			Stride: c.stride, Padding: c.padding, Dilation: c.dilation, OutputPadding: c.output, Groups: c.groups,
		})
	}
	config := autograd.ConvConfig{
		Stride: lastTwo(c.stride), Padding: lastTwo(c.padding), Dilation: lastTwo(c.dilation), OutputPadding: lastTwo(c.output), Groups: c.groups,
	}
	if c.axes == 1 {
		return autograd.ConvTranspose1d(x, w, c.Bias, config)
	}
	return autograd.ConvTranspose2d(x, w, c.Bias, config)
}

// ConvTranspose1d is the transposed convolution of [batch, in, length] or [in, length].
type ConvTranspose1d struct{ ConvTranspose }

// NewConvTranspose1d is a ConvTranspose1d with weights drawn from rng. kernel is its size:
// one number for all axes, or one for each. It panics with [*autograd.ValueError] unless in,
// out and the sizes are positive, in and out can be divided into Groups, and the numbers of
// config are in their range.
func NewConvTranspose1d(rng *rand.Rand, in, out int, kernel []int, config ConvTransposeConfig) *ConvTranspose1d {
	return &ConvTranspose1d{newConvTranspose("nn.NewConvTranspose1d", rng, in, out, kernel, 1, config)}
}

// Forward is [batch, out, length′] or [out, length′]. It panics with [*autograd.ShapeError]
// if x has another shape.
func (c *ConvTranspose1d) Forward(x autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.convolve("nn.ConvTranspose1d", x))
}

// ConvTranspose2d is the transposed convolution of [batch, in, height, width] or [in,
// height, width].
type ConvTranspose2d struct{ ConvTranspose }

// NewConvTranspose2d is a ConvTranspose2d, like [NewConvTranspose1d] otherwise.
func NewConvTranspose2d(rng *rand.Rand, in, out int, kernel []int, config ConvTransposeConfig) *ConvTranspose2d {
	return &ConvTranspose2d{newConvTranspose("nn.NewConvTranspose2d", rng, in, out, kernel, 2, config)}
}

// Forward is [batch, out, height′, width′], without the batch axis for x without. It panics
// as [ConvTranspose1d.Forward].
func (c *ConvTranspose2d) Forward(x autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.convolve("nn.ConvTranspose2d", x))
}

// ConvTranspose3d is the transposed convolution of [batch, in, depth, height, width] or [in,
// depth, height, width].
type ConvTranspose3d struct{ ConvTranspose }

// NewConvTranspose3d is a ConvTranspose3d, like [NewConvTranspose1d] otherwise.
func NewConvTranspose3d(rng *rand.Rand, in, out int, kernel []int, config ConvTransposeConfig) *ConvTranspose3d {
	return &ConvTranspose3d{newConvTranspose("nn.NewConvTranspose3d", rng, in, out, kernel, 3, config)}
}

// Forward is [batch, out, depth′, height′, width′], without the batch axis for x without.
// It panics as [ConvTranspose1d.Forward].
func (c *ConvTranspose3d) Forward(x autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.convolve("nn.ConvTranspose3d", x))
}
