package onnx

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Operators that make tensors from attributes and shapes.
var constantOperators = family{"Constants", []operator{
	{name: "Constant", since: 1, in: none, make: constant, typed: true, note: "tensors and numbers; no strings, no sparse tensors"},
	{name: "ConstantOfShape", since: 9, in: one, make: constantOfShape, typed: true},
	{name: "EyeLike", since: 9, in: one, make: eyeLike, typed: true},
	{name: "Range", since: 11, in: three, make: simple(ranged), plain: []int{0, 1, 2}},
	{name: "OneHot", since: 9, in: three, make: oneHot, plain: []int{0, 1, 2}, typed: true},
}}

// simple makes a node that has no attributes.
func simple(k kernel) func(*node) kernel { return func(*node) kernel { return k } }

func constant(n *node) kernel {
	var v Value
	switch {
	case n.hasAttribute("value"):
		v = n.tensor("value")
	case n.hasAttribute("value_float"):
		v = Tensor(autograd.Scalar(float32(n.float("value_float", 0))))
	case n.hasAttribute("value_int"):
		v = ofHost(host.New([]int64{int64(n.int("value_int", 0))}).Reshape())
	case n.hasAttribute("value_floats"):
		data := n.floats("value_floats")
		v = Tensor(autograd.New(append([]float32{}, data...), len(data)))
	case n.hasAttribute("value_ints"):
		v = ofHost(host.Ints(n.ints("value_ints")...))
	default:
		unsupportedf("there is no attribute value, value_float, value_floats, value_int or value_ints")
	}
	return func(c *call) { c.setValue(0, v) }
}

func constantOfShape(n *node) kernel {
	v := Tensor(autograd.Zeros(autograd.Float32, 1))
	if n.hasAttribute("value") {
		v = n.tensor("value")
		if v.Size() != 1 {
			failf("attribute value has %d elements, expected one", v.Size())
		}
	}
	return func(c *call) {
		shape := c.ints(0)
		c.room(shape...)
		if v.ints != nil {
			c.setHost(0, v.ints.Reshape().BroadcastTo(shape))
			return
		}
		c.setValue(0, Value{dtype: v.dtype, float: c.onTape(v.float.Reshape()).BroadcastTo(shape...)})
	}
}

func eyeLike(n *node) kernel {
	dtype, k := DataType(n.int("dtype", 0)), n.int("k", 0)
	return func(c *call) {
		dtype := dtype
		if dtype == Undefined {
			dtype = c.value(0).dtype
		}
		shape := c.value(0).Shape()
		if len(shape) != 2 {
			failf("input 0 is %s, expected two axes", c.value(0).describe())
		}
		y := make([]float64, shape[0]*shape[1])
		for i := range shape[0] {
			if j := i + k; j >= 0 && j < shape[1] {
				y[i*shape[1]+j] = 1
			}
		}
		c.setNumbers(0, dtype, y, shape)
	}
}

// setNumbers makes an array of any type of the given numbers result i.
func (c *call) setNumbers(i int, dtype DataType, data []float64, shape []int) {
	switch {
	case dtype.isFloat():
		c.setValue(i, Value{dtype: dtype, float: c.numbersOf(dtype.dtype(), data, shape)})
	case dtype.isHost():
		c.setHost(i, host.FromFloats(kinds[dtype], data, shape...))
	default:
		unsupportedf("elements of type %v", dtype)
	}
}

func ranged(c *call) {
	if c.value(0).ints != nil {
		start, limit, step := c.single(0).At(0), c.single(1).At(0), c.single(2).At(0)
		if step == 0 {
			failf("the step is 0")
		}
		count := 0
		if step > 0 && limit > start {
			count = int((uint64(limit-start) + uint64(step) - 1) / uint64(step))
		} else if step < 0 && limit < start {
			count = int((uint64(start-limit) + uint64(-step) - 1) / uint64(-step))
		}
		c.room(count)
		y := make([]int64, count)
		for i := range y {
			y[i] = start + int64(i)*step
		}
		c.setHost(0, host.New(y, count).Convert(c.host(0).Kind()))
		return
	}
	start, limit, step := c.number(0, 0), c.number(1, 0), c.number(2, 0)
	count := rangeCount(start, limit, step)
	c.room(count)
	y := make([]float64, count)
	for i := range y {
		y[i] = start + float64(i)*step
	}
	c.setNumbers(0, c.value(0).dtype, y, []int{count})
}

// rangeCount is max(⌈(limit−start)/step⌉, 0).
func rangeCount(start, limit, step float64) int {
	quotient := (limit - start) / step
	if !(quotient <= maxElements) {
		failf("a range from %v to %v by %v has no end", start, limit, step)
	}
	count := int(quotient)
	if float64(count) < quotient {
		count++
	}
	return max(count, 0)
}

func oneHot(n *node) kernel {
	axis := n.int("axis", -1)
	return func(c *call) {
		indices, depth, values := c.value(0), int(c.number(1, 0)), c.value(2)
		if values.Size() != 2 {
			failf("input 2 is %s, expected two elements", values.describe())
		}
		axis := axisOf(axis, len(indices.Shape())+1)
		shape := append(append(append([]int{}, indices.Shape()[:axis]...), depth), indices.Shape()[axis:]...)
		c.room(shape...)
		behind := host.SizeOf(shape[axis+1:])
		pair := c.numbers(2)
		y := make([]float64, host.SizeOf(shape))
		for i := range y {
			y[i] = pair[0]
		}
		for i, index := range c.numbers(0) {
			at := int(index)
			if at < 0 {
				at += depth
			}
			if at >= 0 && at < depth {
				y[(i/behind*depth+at)*behind+i%behind] = pair[1]
			}
		}
		c.setNumbers(0, values.dtype, y, shape)
	}
}
