package onnx

import (
	"slices"
)

// Operators on sequences within a batch.
var sequenceOperators = family{"Sequences of a batch", []operator{
	{name: "ReverseSequence", since: 10, in: two, make: reverseSequence},
}}

// reverseSequence reverses the first entries of an axis, as many as input 1 says for each entry
// of the batch's axis.
func reverseSequence(n *node) kernel {
	time, batch := n.int("time_axis", 0), n.int("batch_axis", 1)
	return func(c *call) {
		v, lengths := c.value(0), c.ints(1)
		shape := v.Shape()
		time, batch := axisOf(time, len(shape)), axisOf(batch, len(shape))
		if time == batch || len(lengths) != shape[batch] {
			failf("there are %d lengths for axis %d of %s, and time is axis %d", len(lengths), batch, v.describe(), time)
		}
		parts := make([]Value, len(lengths))
		for i, length := range lengths {
			if length < 0 || length > shape[time] {
				failf("the length of sequence %d is %d, of %d", i, length, shape[time])
			}
			index := make([]int, shape[time])
			for t := range index {
				if index[t] = t; t < length {
					index[t] = length - 1 - t
				}
			}
			parts[i] = c.selected(c.part(v, batch, i, i+1), time, index)
		}
		if len(parts) == 0 {
			c.setValue(0, v)
			return
		}
		squeezed := slices.Delete(slices.Clone(shape), batch, batch+1)
		for i := range parts {
			parts[i] = c.reshaped(parts[i], squeezed)
		}
		c.setValue(0, c.stacked(parts, batch, Info{}))
	}
}

// selected is the entries of an axis with the given indices.
func (c *call) selected(v Value, axis int, index []int) Value {
	if v.ints != nil {
		return ofHost(selected(v.ints, axis, index))
	}
	return Value{dtype: v.dtype, float: c.onTape(v.float).IndexSelect(axis, index)}
}
