package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Patterns around convolutions. What is constant is multiplied out: that changes no parameter.

// convolutionBias makes what is added to each channel of a convolution its bias.
func (f *fusion) convolutionBias(n *node) bool {
	for from := range n.inputs {
		conv, with := f.only(n.inputs[from], "Conv"), n.inputs[1-from]
		if conv == nil || len(conv.inputs) != 2 || conv.relu || conv.pool != nil || n.version < 7 {
			continue
		}
		weights, added := f.value(conv.inputs[1]), f.value(with)
		if !weights.isTensor() || !added.isTensor() || weights.dtype != added.dtype {
			continue
		}
		rank := len(weights.Shape())
		if rank < 3 {
			continue
		}
		channels := weights.Shape()[0]
		if !slices.Equal(added.Shape(), axisShape(rank, 1, channels)) && !slices.Equal(added.Shape(), axisShape(rank-1, 0, channels)) {
			continue
		}
		f.merge(n, conv)
		n.inputs = append(n.inputs, with)
		return true
	}
	return false
}

// convolutionReLU makes a convolution one that gives max(x, 0).
func (f *fusion) convolutionReLU(n *node) bool {
	conv := f.only(n.inputs[0], "Conv")
	if conv == nil || conv.relu || conv.pool != nil {
		return false
	}
	f.merge(n, conv)
	n.relu = true
	return true
}

// convolutionPool makes a convolution one whose result is pooled.
func (f *fusion) convolutionPool(n *node) bool {
	conv := f.only(n.inputs[0], "Conv")
	if conv == nil || conv.pool != nil || len(n.outputs) != 1 {
		return false
	}
	w := windowOf(n)
	if w.auto == padSameUpper || w.auto == padSameLower || n.flag("ceil_mode", false) {
		return false
	}
	axes := len(w.kernel)
	if weights, ok := f.shapes.of(conv, 1); !ok || len(weights) != axes+2 || axes > 3 {
		return false
	}
	if err := autograd.Try(func() { w = w.over(make([]int, axes), w.kernel) }); err != nil {
		return false // the error comes when the model is run
	}
	padding, ok := w.plainPadding()
	if !ok || slices.ContainsFunc(w.dilations, func(d int) bool { return d != 1 }) {
		return false
	}
	f.merge(n, conv)
	n.pool = &autograd.MaxPoolConfig{Kernel: w.kernel, Stride: w.strides, Padding: padding}
	return true
}

// affine is y·scale + shift for each channel, or for all with one number each.
type affine struct{ scale, shift []float64 }

// affineOf is what a node makes of its operand x, if that is an affine function of constants with
// so many channels along an axis of rank axes.
func (f *fusion) affineOf(n *node, x, channels, axis, rank int) (a affine, ok bool) {
	each := func(slot int) ([]float64, bool) {
		data, shape, ok := f.constantFloats(slot)
		switch {
		case !ok || len(shape) > rank:
			return nil, false
		case len(data) == 1:
			return slices.Repeat(data, channels), true
		case slices.Equal(shape, axisShape(rank, axis, channels)), slices.Equal(shape, axisShape(rank-axis, 0, channels)):
			return data, true
		}
		return nil, false
	}
	if !f.mayRead(3 * channels) {
		return affine{}, false
	}
	ones, zeros := slices.Repeat([]float64{1}, channels), make([]float64, channels)
	switch {
	case n.op.name == "BatchNormalization":
		return f.normalizationOf(n, channels, rank)
	case n.version < 7 || len(n.inputs) != 2 || n.inputs[0] == n.inputs[1]:
		return affine{}, false
	}
	first := n.inputs[0] == x
	other := n.inputs[0]
	if first {
		other = n.inputs[1]
	}
	c, ok := each(other)
	if !ok {
		return affine{}, false
	}
	switch {
	case n.op.name == "Mul":
		return affine{c, zeros}, true
	case n.op.name == "Add":
		return affine{ones, c}, true
	case n.op.name == "Sub" && first:
		return affine{ones, negated(c)}, true
	case n.op.name == "Sub":
		return affine{negated(ones), c}, true
	case n.op.name == "Div" && first:
		return affine{convert(c, func(x float64) float64 { return 1 / x }), zeros}, true
	}
	return affine{}, false
}

func negated(x []float64) []float64 { return convert(x, func(x float64) float64 { return -x }) }

// normalizationOf is what a batch normalization by constants makes of each channel.
func (f *fusion) normalizationOf(n *node, channels, rank int) (a affine, ok bool) {
	if rank < 3 || !f.b.model.config.Inference || n.flag("training_mode", false) || len(n.outputs) != 1 {
		// Without Inference a tape in training mode normalizes by the batch, whatever the statistics are.
		return affine{}, false
	}
	var by [4][]float64 // scale, shift, mean, variance
	for i := range by {
		var shape []int
		if by[i], shape, ok = f.constantFloats(n.inputs[1+i]); !ok || !slices.Equal(shape, []int{channels}) {
			return affine{}, false
		}
	}
	eps := n.float("epsilon", 1e-5)
	a = affine{make([]float64, channels), make([]float64, channels)}
	for i := range channels {
		a.scale[i] = by[0][i] / math.Sqrt(by[3][i]+eps)
		a.shift[i] = by[1][i] - by[2][i]*a.scale[i]
	}
	return a, true
}

// scaledProduct makes what is done to each channel of a convolution, or of a product with a matrix,
// part of its weights and bias, where all are constants.
func (f *fusion) scaledProduct(n *node) bool {
	for _, slot := range n.inputs[:min(2, len(n.inputs))] {
		product := f.only(slot, "Conv", "ConvTranspose", "Linear")
		if product == nil || product.relu || product.pool != nil || product.columns || n.op.name == "BatchNormalization" && slot != n.inputs[0] {
			continue
		}
		w := f.value(product.inputs[1])
		if !w.isTensor() {
			continue
		}
		shape := w.Shape()
		channelsOf, channels, ok := outputChannels(product, shape)
		rank, axis := len(shape), 1
		if product.op.name == "Linear" {
			rank, axis = 1, 0
		}
		if !ok || rank < 3 && rank != 1 || !f.mayRead(channels) {
			continue
		}
		bias := make([]float64, channels)
		if len(product.inputs) > 2 && product.inputs[2] != absent {
			var shape []int
			if bias, shape, ok = f.constantFloats(product.inputs[2]); !ok || host.SizeOf(shape) != channels {
				continue
			}
			bias = slices.Clone(bias)
		}
		a, ok := f.affineOf(n, slot, channels, axis, rank)
		if !ok {
			continue
		}
		weights, _, ok := f.constantFloats(product.inputs[1])
		if !ok {
			continue
		}
		for i := range bias {
			bias[i] = bias[i]*a.scale[i] + a.shift[i]
		}
		slot, dtype := product.inputs[1], w.dtype
		if slices.ContainsFunc(a.scale, func(x float64) bool { return x != 1 }) {
			if !f.affords(len(weights)) {
				return false
			}
			weights = slices.Clone(weights)
			for i := range weights {
				weights[i] *= a.scale[channelsOf(i)]
			}
			if !allFinite(weights) {
				return false
			}
			slot = f.numbersSlot(dtype, weights, shape...)
		}
		if !allFinite(bias) || !f.affords(channels) {
			return false
		}
		f.merge(n, product)
		n.inputs = []int{product.inputs[0], slot, f.numbersSlot(dtype, bias, channels)}
		return true
	}
	return false
}

// outputChannels is how many channels a convolution or product with weights of a shape gives, and
// which of them element i of the weights is for.
func outputChannels(n *node, shape []int) (of func(i int) int, channels int, ok bool) {
	if len(shape) < 2 || host.SizeOf(shape) == 0 {
		return nil, 0, false
	}
	if n.op.name != "ConvTranspose" {
		each := host.SizeOf(shape[1:])
		return func(i int) int { return i / each }, shape[0], true
	}
	groups := n.int("group", 1) // weights are [in, out/groups, …]
	if groups < 1 || shape[0]%groups != 0 {
		return nil, 0, false
	}
	each, kernel, out := host.SizeOf(shape[1:]), host.SizeOf(shape[2:]), shape[1]
	rows := shape[0] / groups
	return func(i int) int { return i/each/rows*out + i%each/kernel }, out * groups, true
}

func allFinite(data []float64) bool {
	return !slices.ContainsFunc(data, func(x float64) bool { return math.IsNaN(x) || math.Abs(x) > math.MaxFloat32 })
}

// scaleShift makes a multiplication and an addition of constants one operation, where there is a
// number for each channel, or one for all.
func (f *fusion) scaleShift(n *node) bool {
	for i, slot := range n.inputs {
		scaled := f.only(slot, "Mul")
		if scaled == nil || n.inputs[1-i] == slot {
			continue
		}
		for j, x := range scaled.inputs {
			dims, ok := f.shapes.shape[x]
			if !ok || len(dims) < 3 {
				continue
			}
			channels, known := dims[1].known()
			if !known || channels < 1 || channels > maxChannels {
				continue
			}
			a, ok := f.affineOf(scaled, scaled.inputs[j], channels, 1, len(dims))
			b, fits := f.affineOf(n, slot, channels, 1, len(dims))
			if !ok || !fits || !f.affords(4*channels) {
				continue
			}
			dtype := f.value(scaled.inputs[1-j]).dtype
			zeros, ones := make([]float64, channels), slices.Repeat([]float64{1}, channels)
			f.become(n, scaleShiftOperator, scaleShift, x, f.numbersSlot(dtype, a.scale, channels), f.numbersSlot(dtype, b.shift, channels),
				f.numbersSlot(dtype, zeros, channels), f.numbersSlot(dtype, ones, channels))
			f.drop(scaled)
			return true
		}
	}
	return false
}

// maxChannels is the most channels for each of which one number is written down anew.
const maxChannels = 1 << 16

// scaleShiftOperator is x·scale + shift for each channel.
var scaleShiftOperator = &operator{name: "ScaleShift"}

// scaleShift is normalization by mean 0 and variance 1.
func scaleShift(c *call) {
	c.set(0, autograd.BatchNorm(c.float(0), c.float(1), c.float(2), autograd.BatchNormConfig{Mean: c.float(3), Var: c.float(4)}))
}

// shiftedConvolution makes what is done to each channel in front of a convolution part of it, where
// every element is multiplied by one weight for each result, and there is no padding.
func (f *fusion) shiftedConvolution(n *node) bool {
	scaled := f.only(n.inputs[0], "ScaleShift")
	weights, shape, ok := f.constantFloats(n.inputs[1])
	if scaled == nil || !ok || len(shape) < 3 || host.SizeOf(shape) != shape[0]*shape[1] || shape[0]*shape[1] == 0 {
		return false
	}
	w, groups := windowOf(n), n.int("group", 1)
	scale, shift := f.value(scaled.inputs[1]).float.Floats(), f.value(scaled.inputs[2]).float.Floats()
	out, in := shape[0], shape[1]
	if slices.ContainsFunc(w.pads, func(pad int) bool { return pad != 0 }) || groups < 1 || out%groups != 0 || in*groups != len(scale) {
		return false
	}
	bias := make([]float64, out)
	if optionalInput(n, 2) != absent {
		data, _, ok := f.constantFloats(n.inputs[2])
		if !ok || len(data) != out {
			return false
		}
		copy(bias, data)
	}
	if !f.affords(len(weights) + out) {
		return false
	}
	weights = slices.Clone(weights)
	for i := range weights {
		row := i / in
		channel := row/(out/groups)*in + i%in
		bias[row] += weights[i] * shift[channel]
		weights[i] *= scale[channel]
	}
	if !allFinite(weights) || !allFinite(bias) {
		return false
	}
	dtype := f.value(n.inputs[1]).dtype
	n.inputs = []int{scaled.inputs[0], f.numbersSlot(dtype, weights, shape...), f.numbersSlot(dtype, bias, out)}
	f.drop(scaled)
	return true
}
