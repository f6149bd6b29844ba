package nn

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// ConvConfig configures convolutions. Stride, Padding and Dilation are one number for all
// axes, or one for each. The zero value has stride 1, no padding, and a bias, of float32.
type ConvConfig struct {
	Stride   []int // nil means 1
	Padding  []int // elements on both sides; nil means 0
	Same     bool  // as much padding as gives the size of the input; with stride 1
	Dilation []int // distance of the kernel's elements; nil means 1
	Groups   int   // parts the channels are divided into, convolved each by itself; 0 means 1

	PadMode PadMode        // what the padding is
	NoBias  bool           // leave the bias out
	Init    Initializer    // of weight and bias; nil means uniform in ±1/√fanIn, as PyTorch
	DType   autograd.DType // Float32 by default
}

// Conv is what [Conv1d], [Conv2d] and [Conv3d] have in common: sums of products of windows
// of the input with weights, see [autograd.Conv2d]. Parameters are named "weight" and
// "bias".
type Conv struct {
	Weight autograd.Variable // [out, in/groups, kernel…]
	Bias   autograd.Variable // [out]; the zero Variable for none

	config           ConvConfig
	stride, dilation [3]int // right-aligned: the last is that of the last axis
	padding          [3][2]int
	separate         bool // the padding is not the operation's
	in, axes         int
}

// perAxis is the numbers of a field for the last of three axes.
func perAxis(op, field string, numbers []int, axes, def, least int) [3]int {
	if len(numbers) > 1 && len(numbers) != axes {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s is %v, expected one number or %d", field, numbers, axes)})
	}
	all := [3]int{def, def, def}
	for i := range axes {
		n := def
		if len(numbers) > 0 {
			n = numbers[i%len(numbers)]
		}
		if n < least {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s is %v, expected numbers of at least %d", field, numbers, least)})
		}
		all[3-axes+i] = n
	}
	return all
}

func newConv(op string, rng *rand.Rand, in, out int, kernel []int, axes int, config ConvConfig) Conv {
	size := perAxis(op, "kernel", kernel, axes, 1, 1)
	config.Groups = convGroups(op, in, out, config.Groups)
	c := Conv{
		config: config, in: in, axes: axes,
		stride: perAxis(op, "Stride", config.Stride, axes, 1, 1), dilation: perAxis(op, "Dilation", config.Dilation, axes, 1, 1),
	}
	padding := perAxis(op, "Padding", config.Padding, axes, 0, 0)
	c.separate = config.PadMode != PadConstant
	for i, p := range padding {
		c.padding[i] = [2]int{p, p}
		if config.Same {
			if c.stride[i] != 1 || p != 0 {
				panic(&autograd.ValueError{Op: op, Reason: "Same with a stride other than 1, or a padding"})
			}
			total := c.dilation[i] * (size[i] - 1)
			c.padding[i] = [2]int{total / 2, total - total/2}
			c.separate = c.separate || total%2 != 0
		}
	}
	c.Weight, c.Bias = convWeights(rng, append([]int{out, in / config.Groups}, size[3-axes:]...), out, config)
	return c
}

// convGroups is the number of groups that in and out channels are divided into.
func convGroups(op string, in, out, groups int) int {
	groups = orDefaultInt(groups, 1)
	if in < 1 || out < 1 || groups < 1 || in%groups != 0 || out%groups != 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d and %d channels in %d groups: expected positive numbers that can be divided into them", in, out, groups)})
	}
	return groups
}

// convWeights makes a weight of the given shape and a bias for out channels. As PyTorch
// does, fan-in is that of the second axis of the weight.
func convWeights(rng *rand.Rand, shape []int, out int, config ConvConfig) (weight, bias autograd.Variable) {
	weight = autograd.Parameter(autograd.Zeros(config.DType, shape...))
	fanIn, fanOut := weight.Size()/shape[0], weight.Size()/shape[1]
	bound := 1 / math.Sqrt(float64(fanIn))
	init := orInit(config.Init, Uniform(-bound, bound))
	init(rng, weight, fanIn, fanOut)
	if !config.NoBias {
		bias = autograd.Parameter(autograd.Zeros(config.DType, out))
		init(rng, bias, fanIn, fanOut)
	}
	return weight, bias
}

// Parts yields weight and bias.
func (c *Conv) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("weight", c.Weight), Weight("bias", c.Bias))
}

// convolve is the layer for x with or without the batch axis, and those that are folded into it.
func (c *Conv) convolve(op string, x autograd.Variable, behind folded) autograd.Variable {
	if x.Rank() == c.axes+1 {
		return c.convolve(op, x.Unsqueeze(0), behind).Squeeze(0)
	}
	if x.Rank() != c.axes+2 || x.Dim(1) != c.in {
		panic(shapeError(op, fmt.Sprintf("expected [batch, %d, …] or [%d, …] with %d axes behind", c.in, c.in, c.axes), x))
	}
	padding := [3]int{c.padding[0][0], c.padding[1][0], c.padding[2][0]}
	if c.separate {
		x = padded(op, x, c.padding[3-c.axes:], c.config.PadMode, 0)
		padding = [3]int{}
	}
	w := watched(x, c.Weight)
	if c.axes == 3 {
		return autograd.Conv3d(x, w, c.Bias, autograd.Conv3dConfig{
			Stride: c.stride, Padding: padding, Dilation: c.dilation, Groups: c.config.Groups, ReLU: behind.relu, MaxPool: behind.pool,
		})
	}
	config := autograd.ConvConfig{
		Stride: lastTwo(c.stride), Padding: lastTwo(padding), Dilation: lastTwo(c.dilation), Groups: c.config.Groups, ReLU: behind.relu, MaxPool: behind.pool,
	}
	if c.axes == 1 {
		return autograd.Conv1d(x, w, c.Bias, config)
	}
	return autograd.Conv2d(x, w, c.Bias, config)
}

func lastTwo(triple [3]int) [2]int { return [2]int{triple[1], triple[2]} }

// Conv1d is the convolution of [batch, in, length] or [in, length].
type Conv1d struct{ Conv }

// NewConv1d is a Conv1d with weights drawn from rng. kernel is its size: one number for
// all axes, or one for each. It panics with [*autograd.ValueError] unless in, out and the
// sizes are positive, in and out can be divided into Groups, and the numbers of config are
// in their range.
func NewConv1d(rng *rand.Rand, in, out int, kernel []int, config ConvConfig) *Conv1d {
	return &Conv1d{newConv("nn.NewConv1d", rng, in, out, kernel, 1, config)}
}

// Forward convolves x: the result is [batch, out, length′] or [out, length′]. It panics
// with [*autograd.ShapeError] if x has another shape, or is smaller than the kernel.
func (c *Conv1d) Forward(x autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.convolve("nn.Conv1d", x, folded{}))
}

// Conv2d is the convolution of [batch, in, height, width] or [in, height, width].
type Conv2d struct{ Conv }

// NewConv2d is a Conv2d, like [NewConv1d] otherwise.
func NewConv2d(rng *rand.Rand, in, out int, kernel []int, config ConvConfig) *Conv2d {
	return &Conv2d{newConv("nn.NewConv2d", rng, in, out, kernel, 2, config)}
}

// Forward convolves x: the result is [batch, out, height′, width′], without the batch
// axis for x without. It panics as [Conv1d.Forward].
func (c *Conv2d) Forward(x autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.convolve("nn.Conv2d", x, folded{}))
}

// Conv3d is the convolution of [batch, in, depth, height, width] or [in, depth, height,
// width].
type Conv3d struct{ Conv }

// NewConv3d is a Conv3d, like [NewConv1d] otherwise.
func NewConv3d(rng *rand.Rand, in, out int, kernel []int, config ConvConfig) *Conv3d {
	return &Conv3d{newConv("nn.NewConv3d", rng, in, out, kernel, 3, config)}
}

// Forward convolves x: the result is [batch, out, depth′, height′, width′], without the
// batch axis for x without. It panics as [Conv1d.Forward].
func (c *Conv3d) Forward(x autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.convolve("nn.Conv3d", x, folded{}))
}
