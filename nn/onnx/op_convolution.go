package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Convolutions along one, two or three axes.
var convolutionOperators = family{"Convolutions", []operator{
	{name: "Conv", since: 1, in: span{2, 3}, make: convolution, note: "one to three axes"},
	{name: "ConvTranspose", since: 1, in: span{2, 3}, make: transposedConvolution, note: "one to three axes"},
}}

// pair and triple are lists as the configuration of convolutions has them.
func pair(list []int) [2]int {
	if len(list) == 1 {
		return [2]int{0, list[0]} // of signals: the vertical part is not used
	}
	return [2]int(list)
}

// convolution is Conv: x [batch, in, …], weights [out, in/groups, kernel…] and bias [out].
func convolution(n *node) kernel {
	w, groups := windowOf(n), n.int("group", 1)
	return func(c *call) {
		bias := c.optional(2)
		if bias != (autograd.Variable{}) && bias.Rank() > 1 { // what was added to each channel
			bias = bias.Reshape(bias.Size())
		}
		c.set(0, c.convolved(w, groups, 1, c.float, bias))
	}
}

// convolved is the convolution of input 0 with weights in another input, whose Variables are
// what values says.
func (c *call) convolved(w window, groups, at int, values func(i int) autograd.Variable, bias autograd.Variable) autograd.Variable {
	sizes, weights := c.spatial(0), c.value(at).Shape()
	if len(weights) != len(sizes)+2 || len(sizes) > 3 {
		failf("weights %s for %s", c.in[at].describe(), c.in[0].describe())
	}
	w = w.over(sizes, weights[2:])
	counts := w.counts(sizes)
	c.room(append([]int{c.in[0].Shape()[0], weights[0]}, counts...)...)
	both, more := w.symmetric()
	around := append([]int{}, c.in[0].Shape()...)
	for i, m := range more {
		around[2+i] += m[0] + m[1] + 2*both[i]
	}
	c.room(around...)
	config := convolutionConfig{window: w, padding: both, groups: groups, relu: c.node.relu}
	pool := c.node.pool
	if pool != nil && pools(*pool, counts) {
		config.pool, pool = *pool, nil
	}
	y := config.convolve(padded(values(0), 0, more), values(at), bias)
	if pool != nil { // which says what is wrong
		y = y.MaxPool(*pool)
	}
	return y
}

// pools reports whether images of some sizes can be pooled.
func pools(pool autograd.MaxPoolConfig, sizes []int) bool {
	for i, size := range sizes {
		if size+2*pool.Padding[i] < pool.Kernel[i] {
			return false
		}
	}
	return true
}

// convolutionConfig is what a convolution is, of one, two or three axes.
type convolutionConfig struct {
	window  window
	padding []int
	groups  int
	relu    bool
	pool    autograd.MaxPoolConfig
}

func (k convolutionConfig) convolve(x, weights, bias autograd.Variable) autograd.Variable {
	w := k.window
	if len(k.padding) == 3 {
		return autograd.Conv3d(x, weights, bias, autograd.Conv3dConfig{
			Stride: [3]int(w.strides), Padding: [3]int(k.padding), Dilation: [3]int(w.dilations), Groups: k.groups, ReLU: k.relu, MaxPool: k.pool,
		})
	}
	config := autograd.ConvConfig{
		Stride: pair(w.strides), Padding: pair(k.padding), Dilation: pair(w.dilations), Groups: k.groups, ReLU: k.relu, MaxPool: k.pool,
	}
	if len(k.padding) == 1 {
		return autograd.Conv1d(x, weights, bias, config)
	}
	return autograd.Conv2d(x, weights, bias, config)
}

// transposedConvolution is ConvTranspose: x [batch, in, …], weights [in, out/groups, kernel…] and
// bias [out]. Along an axis the result has
//
//	stride·(size−1) + output_padding + dilation·(kernel−1) + 1 − padding in front and behind
//
// elements, unless output_shape says how many, which gives the padding.
func transposedConvolution(n *node) kernel {
	w, groups := windowOf(n), n.int("group", 1)
	extra, shape := n.ints("output_padding"), n.ints("output_shape")
	return func(c *call) {
		sizes, weights := c.spatial(0), c.value(1).Shape()
		axes := len(sizes)
		if len(weights) != axes+2 || axes > 3 || groups < 1 {
			failf("weights %s for %s in %d groups", c.in[1].describe(), c.in[0].describe(), groups)
		}
		extra, shape := extra, shape
		if extra == nil {
			extra = make([]int, axes)
		}
		if len(shape) == axes+2 {
			shape = shape[2:] // as some files have it
		}
		if len(extra) != axes || shape != nil && len(shape) != axes {
			failf("attributes output_padding %v and output_shape %v for %d axes", extra, shape, axes)
		}
		auto := w
		auto.auto = padAsGiven
		t := auto.over(sizes, weights[2:])
		full := make([]int, axes) // without padding
		for i, size := range sizes {
			if size > 0 && t.strides[i] > maxElements/size || extra[i] < 0 || extra[i] > maxElements {
				failf("strides %v of %s", t.strides, c.in[0].describe())
			}
			full[i] = t.strides[i]*(size-1) + extra[i] + t.reach(i)
		}
		if w.auto == padSameUpper || w.auto == padSameLower || shape != nil {
			t.pads = transposedPadding(w.auto, sizes, full, t.strides, shape)
		}
		result := make([]int, axes)
		for i := range result {
			result[i] = full[i] - t.pads[i] - t.pads[axes+i]
		}
		c.room(append([]int{c.in[0].Shape()[0], weights[1] * groups}, full...)...)
		c.room(append([]int{c.in[0].Shape()[0], weights[1] * groups}, result...)...)
		c.set(0, c.transposed(t, full, extra, groups))
	}
}

// transposedPadding is the padding that gives results of a shape, or of strides times as many
// elements as there are. What cannot be divided equally is in front, or behind with SAME_UPPER,
// as the standard's formula has it.
func transposedPadding(auto int, sizes, full, strides, shape []int) []int {
	axes := len(sizes)
	pads := make([]int, 2*axes)
	for i := range sizes {
		target := sizes[i] * strides[i]
		if shape != nil {
			target = shape[i]
		}
		total := full[i] - target
		half := total >> 1 // rounded down where the result is larger than without padding
		if auto == padSameUpper {
			pads[i], pads[axes+i] = half, total-half
		} else {
			pads[i], pads[axes+i] = total-half, half
		}
	}
	return pads
}

// transposed computes a transposed convolution. The operation takes equal padding on both
// sides and little at the end; the rest is cut off, or filled up with the bias.
func (c *call) transposed(w window, full, extra []int, groups int) autograd.Variable {
	axes := len(full)
	both, cut := make([]int, axes), make([][2]int, axes)
	simple := true
	for i := range axes {
		front, behind := w.pads[i], w.pads[axes+i]
		both[i] = front
		cut[i] = [2]int{-front, -behind}
		simple = simple && front >= 0 && front == behind && extra[i] < max(w.strides[i], w.dilations[i])
	}
	x, weights, bias := c.float(0), c.float(1), c.optional(2)
	if simple {
		return transposeConvolve(x, weights, bias, w, both, extra, groups)
	}
	for i := range axes {
		cut[i][1] += extra[i]
	}
	y := padded(transposeConvolve(x, weights, autograd.Variable{}, w, make([]int, axes), make([]int, axes), groups), 0, cut)
	if none := (autograd.Variable{}); bias != none {
		shape := slices.Repeat([]int{1}, axes+1)
		shape[0] = bias.Size()
		y = y.Add(bias.Reshape(shape...))
	}
	return y
}

func transposeConvolve(x, weights, bias autograd.Variable, w window, padding, extra []int, groups int) autograd.Variable {
	if len(padding) == 3 {
		return autograd.ConvTranspose3d(x, weights, bias, autograd.Conv3dConfig{
			Stride: [3]int(w.strides), Padding: [3]int(padding), Dilation: [3]int(w.dilations), OutputPadding: [3]int(extra), Groups: groups,
		})
	}
	config := autograd.ConvConfig{Stride: pair(w.strides), Padding: pair(padding), Dilation: pair(w.dilations), OutputPadding: pair(extra), Groups: groups}
	if len(padding) == 1 {
		return autograd.ConvTranspose1d(x, weights, bias, config)
	}
	return autograd.ConvTranspose2d(x, weights, bias, config)
}
