package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Softmax and its relatives. Before version 13 they take all axes from the given one on as one.
var softmaxOperators = family{"Softmax", []operator{
	{name: "Softmax", since: 1, in: one, make: overRows(autograd.Variable.Softmax)},
	{name: "Softmax", since: 13, in: one, make: along(autograd.Variable.Softmax)},
	{name: "LogSoftmax", since: 1, in: one, make: overRows(autograd.Variable.LogSoftmax)},
	{name: "LogSoftmax", since: 13, in: one, make: along(autograd.Variable.LogSoftmax)},
	{name: "Hardmax", since: 1, in: one, make: overRows(hardmax)},
	{name: "Hardmax", since: 13, in: one, make: along(hardmax)},
}}

type alongAxis func(x autograd.Variable, axis int) autograd.Variable

func along(f alongAxis) func(*node) kernel {
	return func(n *node) kernel {
		axis := n.int("axis", -1)
		return func(c *call) { c.set(0, f(c.float(0), axisOf(axis, len(c.value(0).Shape())))) }
	}
}

func overRows(f alongAxis) func(*node) kernel {
	return func(n *node) kernel {
		axis := n.int("axis", 1)
		return func(c *call) {
			x := c.float(0)
			shape := slices.Clone(x.Shape())
			axis := axis
			if axis != len(shape) {
				axis = axisOf(axis, len(shape))
			}
			rows := x.Reshape(host.SizeOf(shape[:axis]), host.SizeOf(shape[axis:]))
			c.set(0, f(rows, 1).Reshape(shape...))
		}
	}
}

// hardmax is 1 at the first of the greatest elements of each row, and 0 elsewhere.
func hardmax(x autograd.Variable, axis int) autograd.Variable {
	shape := x.Shape()
	index := x.Detach().ArgMax(axis)
	rows := slices.Clone(shape)
	rows[axis] = 1
	return autograd.Zeros(x.DType(), shape...).Scatter(axis, index, autograd.Ones(x.DType(), rows...))
}
