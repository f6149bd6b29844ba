package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Quantized numbers: integers q that stand for (q − zero point)·scale. Products of integers are
// computed in float64, which is exact for sums below 2⁵³. Through them flows no gradient.
var quantizationOperators = family{"Quantization", []operator{
	{name: "QuantizeLinear", since: 10, in: span{2, 3}, make: quantize, plain: []int{1}, note: "no gradient"},
	{name: "DequantizeLinear", since: 10, in: span{2, 3}, make: dequantize},
	{name: "DynamicQuantizeLinear", since: 11, in: one, out: three, make: simple(dynamicQuantize), note: "no gradient"},
	{name: "MatMulInteger", since: 10, in: span{2, 4}, make: simple(matMulInteger)},
	{name: "ConvInteger", since: 10, in: span{2, 4}, make: convInteger, note: "one to three axes"},
	{name: "QLinearConv", since: 10, in: span{8, 9}, make: qLinearConv, plain: []int{1, 4, 6}, note: "one to three axes"},
	{name: "QLinearMatMul", since: 10, in: span{8, 8}, make: simple(qLinearMatMul), plain: []int{1, 4, 6}},
}}

// spread is the elements of input i, one or one for each entry of an axis of a shape, shaped to
// broadcast to it, and their number. A missing input is one 0.
func (c *call) spread(i, axis int, shape []int) []float64 {
	if !c.has(i) {
		return []float64{0}
	}
	numbers := c.numbers(i)
	if len(numbers) != 1 && (len(c.in[i].Shape()) != 1 || len(numbers) != shape[axis]) {
		failf("input %d is %s, expected one element or %d", i, c.in[i].describe(), shape[axis])
	}
	return numbers
}

// eachAlong calls f for each element with its index along an axis.
func eachAlong(shape []int, axis int, f func(i, k int)) {
	behind := host.SizeOf(shape[axis+1:])
	for i := range host.SizeOf(shape) {
		f(i, i/behind%shape[axis])
	}
}

// quantizationAxis is the axis of scales that are several, 0 for scalars.
func quantizationAxis(axis int, shape []int, several bool) (int, []int) {
	if !several {
		return 0, []int{host.SizeOf(shape)}
	}
	return axisOf(axis, len(shape)), shape
}

// limits is the least and greatest integer of a type.
func limits(t DataType) (low, high float64) {
	switch t {
	case Int8:
		return math.MinInt8, math.MaxInt8
	case Uint8:
		return 0, math.MaxUint8
	case Int16:
		return math.MinInt16, math.MaxInt16
	case Uint16:
		return 0, math.MaxUint16
	case Int32:
		return math.MinInt32, math.MaxInt32
	}
	unsupportedf("quantized numbers of type %v", t)
	return 0, 0
}

// quantize is x/scale rounded to even, plus the zero point, within the range of the type.
func quantize(n *node) kernel {
	axis := n.int("axis", 1)
	return func(c *call) {
		to := Uint8
		if c.has(2) {
			to = c.in[2].dtype
		}
		x := c.value(0)
		several := c.value(1).Size() > 1
		at, shape := quantizationAxis(axis, x.Shape(), several)
		c.setNumbers(0, to, c.quantized(c.numbers(0), shape, at, c.spread(1, at, shape), c.spread(2, at, shape), to), x.Shape())
	}
}

// quantized is numbers as integers of a type.
func (c *call) quantized(x []float64, shape []int, axis int, scales, zeros []float64, to DataType) []float64 {
	low, high := limits(to)
	q := make([]float64, len(x))
	eachAlong(shape, axis, func(i, k int) {
		scale, zero := scales[k%len(scales)], zeros[k%len(zeros)]
		q[i] = min(max(math.RoundToEven(float64(float32(x[i])/float32(scale)))+zero, low), high)
	})
	return q
}

// dequantize is (x − zero point)·scale. The gradient flows to the scale.
func dequantize(n *node) kernel {
	axis := n.int("axis", 1)
	return func(c *call) {
		x, scale := c.host(0), c.float(1)
		at, shape := quantizationAxis(axis, x.Shape(), scale.Size() > 1)
		if c.has(2) && c.in[2].dtype != c.in[0].dtype {
			failf("inputs are %s and %s, expected one type", c.in[0].describe(), c.in[2].describe())
		}
		zeros := c.spread(2, at, shape)
		c.spread(1, at, shape)
		q := x.Floats()
		eachAlong(shape, at, func(i, k int) { q[i] -= zeros[k%len(zeros)] })
		if scale.Size() == 1 {
			scale = scale.Reshape()
		} else {
			scale = scale.Reshape(axisShape(len(shape), at, shape[at])...)
		}
		c.set(0, c.numbersOf(scale.DType(), q, x.Shape()).Mul(scale))
	}
}

// axisShape is ones, but for the size along an axis.
func axisShape(rank, axis, size int) []int {
	shape := slices.Repeat([]int{1}, rank)
	shape[axis] = size
	return shape
}

// dynamicQuantize chooses scale and zero point so that the range of x and 0 is that of uint8.
func dynamicQuantize(c *call) {
	x := c.float(0)
	low, high := 0.0, 0.0
	numbers := x.Floats()
	for _, value := range numbers {
		low, high = min(low, value), max(high, value)
	}
	scale := float32(high-low) / math.MaxUint8
	zero := 0.0
	if scale != 0 {
		zero = math.RoundToEven(min(max(float64(float32(-low)/scale), 0), math.MaxUint8))
		flat := []int{len(numbers)}
		c.setNumbers(0, Uint8, c.quantized(numbers, flat, 0, []float64{float64(scale)}, []float64{zero}, Uint8), x.Shape())
	} else {
		c.setNumbers(0, Uint8, make([]float64, len(numbers)), x.Shape())
	}
	c.set(1, c.onTape(autograd.Scalar(scale)))
	c.setNumbers(2, Uint8, []float64{zero}, nil)
}

// centred is input i, integers, minus zero points in input zero, in float64: one, or one for
// each entry of an axis.
func (c *call) centred(i, zero, axis int) autograd.Variable {
	x := c.host(i)
	axis = axisOf(axis, max(len(x.Shape()), 1))
	at, shape := quantizationAxis(axis, x.Shape(), c.has(zero) && c.in[zero].Size() > 1)
	zeros := c.spread(zero, at, shape)
	q := x.Floats()
	eachAlong(shape, at, func(i, k int) { q[i] -= zeros[k%len(zeros)] })
	return c.onTape(newVariable(q, x.Shape()))
}

// matMulInteger is the product of integers minus their zero points: those of the first for
// each row, of the second for each column.
func matMulInteger(c *call) {
	c.matrices(c.value(0).Shape(), c.value(1).Shape())
	y := c.centred(0, 2, -2).MatMul(c.centred(1, 3, -1))
	c.setNumbers(0, Int32, y.Floats(), y.Shape())
}

// qLinearMatMul is the product of quantized matrices, quantized.
func qLinearMatMul(c *call) {
	c.matrices(c.value(0).Shape(), c.value(3).Shape())
	y := c.centred(0, 2, -2).MatMul(c.centred(3, 5, -1))
	c.requantize(y, 1, 4, 6, 7, y.Rank()-1)
}

// convInteger is the convolution of integers minus their zero points, those of the weights for
// each channel.
func convInteger(n *node) kernel {
	w, groups := windowOf(n), n.int("group", 1)
	return func(c *call) {
		y := c.convolved(w, groups, 1, func(i int) autograd.Variable { return c.centred(i, 2+i, 1-i) }, autograd.Variable{})
		c.setNumbers(0, Int32, y.Floats(), y.Shape())
	}
}

// qLinearConv is the convolution of quantized numbers, quantized. The bias is of integers that
// stand for themselves times both scales.
func qLinearConv(n *node) kernel {
	w, groups := windowOf(n), n.int("group", 1)
	return func(c *call) {
		bias := autograd.Variable{}
		if c.has(8) {
			bias = c.onTape(newVariable(c.host(8).Floats(), c.in[8].Shape()))
		}
		y := c.convolved(w, groups, 3, func(i int) autograd.Variable {
			if i == 0 {
				return c.centred(0, 2, 1)
			}
			return c.centred(3, 5, 0)
		}, bias)
		c.requantize(y, 1, 4, 6, 7, 1)
	}
}

// requantize makes products of quantized numbers, whose scales are in two inputs, result 0
// with the scale and zero point of two others. Scales of the second factor may be one for each
// entry of an axis.
func (c *call) requantize(y autograd.Variable, first, second, scale, zero, axis int) {
	at, shape := quantizationAxis(axis, y.Shape(), c.value(second).Size() > 1)
	scales := slices.Clone(c.spread(second, at, shape))
	for i := range scales {
		scales[i] = c.number(scale, 1) / (c.number(first, 1) * scales[i])
	}
	to := c.value(zero).dtype
	c.setNumbers(0, to, c.quantized(y.Floats(), shape, at, scales, []float64{c.number(zero, 0)}, to), y.Shape())
}
