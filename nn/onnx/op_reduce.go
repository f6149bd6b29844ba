package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Reductions along axes. Axes were attributes before they became inputs: those of ReduceSum
// with version 13, those of the others with version 18.
var reduceOperators = family{"Reductions", []operator{
	{name: "ReduceSum", since: 1, in: one, make: reduceByAttribute(autograd.Variable.Sum, intSum)},
	{name: "ReduceSum", since: 13, in: oneOrTwo, make: reduce(autograd.Variable.Sum, intSum)},
	{name: "ReduceMean", since: 1, in: one, make: reduceByAttribute(autograd.Variable.Mean, nil)},
	{name: "ReduceMean", since: 18, in: oneOrTwo, make: reduce(autograd.Variable.Mean, nil)},
	{name: "ReduceMax", since: 1, in: one, make: reduceByAttribute(autograd.Variable.Max, reduceWith(host.Max))},
	{name: "ReduceMax", since: 18, in: oneOrTwo, make: reduce(autograd.Variable.Max, reduceWith(host.Max))},
	{name: "ReduceMin", since: 1, in: one, make: reduceByAttribute(autograd.Variable.Min, reduceWith(host.Min))},
	{name: "ReduceMin", since: 18, in: oneOrTwo, make: reduce(autograd.Variable.Min, reduceWith(host.Min))},
	{name: "ReduceProd", since: 1, in: one, make: reduceByAttribute(autograd.Variable.Prod, reduceWith(host.Mul))},
	{name: "ReduceProd", since: 18, in: oneOrTwo, make: reduce(autograd.Variable.Prod, reduceWith(host.Mul))},
	{name: "ReduceL1", since: 1, in: one, make: reduceByAttribute(absoluteSum, intL1)},
	{name: "ReduceL1", since: 18, in: oneOrTwo, make: reduce(absoluteSum, intL1)},
	{name: "ReduceL2", since: 1, in: one, make: reduceByAttribute(autograd.Variable.Norm, nil)},
	{name: "ReduceL2", since: 18, in: oneOrTwo, make: reduce(autograd.Variable.Norm, nil)},
	{name: "ReduceSumSquare", since: 1, in: one, make: reduceByAttribute(squareSum, intSquares)},
	{name: "ReduceSumSquare", since: 18, in: oneOrTwo, make: reduce(squareSum, intSquares)},
	{name: "ReduceLogSum", since: 1, in: one, make: reduceByAttribute(logSum, nil)},
	{name: "ReduceLogSum", since: 18, in: oneOrTwo, make: reduce(logSum, nil)},
	{name: "ReduceLogSumExp", since: 1, in: one, make: reduceByAttribute(autograd.Variable.LogSumExp, nil)},
	{name: "ReduceLogSumExp", since: 18, in: oneOrTwo, make: reduce(autograd.Variable.LogSumExp, nil)},
	{name: "ArgMax", since: 1, in: one, make: arg(autograd.Variable.ArgMax), plain: []int{0}},
	{name: "ArgMin", since: 1, in: one, make: arg(autograd.Variable.ArgMin), plain: []int{0}},
	{name: "CumSum", since: 11, in: two, make: cumSum},
}}

// floatReduction reduces a Variable along axes, which are left out.
type floatReduction func(x autograd.Variable, axes ...int) autograd.Variable

// intReduction reduces integers likewise.
type intReduction func(x *host.Array, axes []int) *host.Array

func reduceWith(op host.Op) intReduction {
	return func(x *host.Array, axes []int) *host.Array { return x.Reduce(op, axes) }
}

var intSum = reduceWith(host.Add)

func intL1(x *host.Array, axes []int) *host.Array {
	return intSum(x.Combine(host.Max, negative(x)), axes)
}

func intSquares(x *host.Array, axes []int) *host.Array { return intSum(x.Combine(host.Mul, x), axes) }

func absoluteSum(x autograd.Variable, axes ...int) autograd.Variable { return x.Abs().Sum(axes...) }
func squareSum(x autograd.Variable, axes ...int) autograd.Variable   { return x.Square().Sum(axes...) }
func logSum(x autograd.Variable, axes ...int) autograd.Variable      { return x.Sum(axes...).Log() }

func reduceByAttribute(float floatReduction, ints intReduction) func(*node) kernel {
	return func(n *node) kernel {
		axes, keep := n.ints("axes"), n.flag("keepdims", true)
		return func(c *call) { c.reduce(axes, keep, float, ints) }
	}
}

func reduce(float floatReduction, ints intReduction) func(*node) kernel {
	return func(n *node) kernel {
		keep, noop := n.flag("keepdims", true), n.flag("noop_with_empty_axes", false)
		return func(c *call) {
			axes := c.intsOr(1)
			if len(axes) == 0 && noop {
				// What a reduction along no axis makes of each element.
				x := c.value(0)
				c.in[0] = c.reshaped(x, append(slices.Clone(x.Shape()), 1))
				c.reduce([]int{-1}, false, float, ints)
				return
			}
			c.reduce(axes, keep, float, ints)
		}
	}
}

// reduce makes input 0 reduced along axes result 0; no axes are all.
func (c *call) reduce(axes []int, keep bool, float floatReduction, ints intReduction) {
	x := c.value(0)
	rank := len(x.Shape())
	axes = axesOf(axes, rank)
	if len(axes) == 0 {
		axes = firstAxes(rank)
	}
	var shape []int
	empty := false
	for axis, d := range x.Shape() {
		switch reduced := slices.Contains(axes, axis); {
		case !reduced:
			shape = append(shape, d)
		case keep:
			shape = append(shape, 1)
		}
		empty = empty || d == 0
	}
	switch {
	case x.ints == nil:
		y := c.float(0)
		if rank == 0 {
			y = y.Reshape(1) // of a scalar, as of one element
			axes = []int{0}
		}
		c.set(0, float(y, axes...).Reshape(shape...))
	case ints == nil:
		unsupportedf("of integers")
	case empty:
		unsupportedf("of no integers")
	case rank == 0:
		c.setHost(0, ints(x.ints.Reshape(1), []int{0}))
	default:
		c.setHost(0, ints(x.ints, axes).Reshape(shape...))
	}
}

// arg makes ArgMax or ArgMin.
func arg(float func(x autograd.Variable, axis int) []int) func(*node) kernel {
	return func(n *node) kernel {
		axis, keep := n.int("axis", 0), n.flag("keepdims", true)
		selectLast := n.flag("select_last_index", false)
		least := n.op.name == "ArgMin"
		return func(c *call) {
			x := c.value(0)
			axis := axisOf(axis, len(x.Shape()))
			shape := slices.Clone(x.Shape())
			if shape[axis] == 0 {
				failf("axis %d of %s has no elements", axis, x.describe())
			}
			var index []int
			if x.ints != nil {
				index = argOf(x.ints, axis, least, selectLast)
			} else {
				v := x.float.Detach()
				if selectLast {
					index = float(v.Flip(axis), axis)
					for i := range index {
						index[i] = shape[axis] - 1 - index[i]
					}
				} else {
					index = float(v, axis)
				}
			}
			shape[axis] = 1
			if !keep {
				shape = slices.Delete(shape, axis, axis+1)
			}
			c.setHost(0, host.Ints(index...).Reshape(shape...))
		}
	}
}

// argOf is the index of the greatest or least integer of each row along axis, the first or the
// last of several.
func argOf(x *host.Array, axis int, least, last bool) []int {
	shape := x.Shape()
	steps := host.Steps(shape)
	rows := slices.Delete(slices.Clone(shape), axis, axis+1)
	rowSteps := slices.Delete(slices.Clone(steps), axis, axis+1)
	var index []int
	for _, start := range host.Positions(rows, rowSteps, 0) {
		best := 0
		for i := 1; i < shape[axis]; i++ {
			order := x.Order(start+best*steps[axis], start+i*steps[axis])
			if least {
				order = -order
			}
			if order < 0 || last && order == 0 {
				best = i
			}
		}
		index = append(index, best)
	}
	return index
}

func cumSum(n *node) kernel {
	exclusive, reverse := n.flag("exclusive", false), n.flag("reverse", false)
	return func(c *call) {
		v := c.value(0)
		axis := axisOf(c.int(1), len(v.Shape()))
		if v.ints != nil {
			c.setHost(0, cumulative(v.ints, axis, exclusive, reverse))
			return
		}
		x := c.float(0)
		if reverse {
			x = x.Flip(axis)
		}
		if exclusive && x.Dim(axis) > 0 {
			widths := make([][2]int, x.Rank())
			widths[axis] = [2]int{1, -1}
			x = x.Pad(0, widths...)
		}
		y := x.CumSum(axis)
		if reverse {
			y = y.Flip(axis)
		}
		c.set(0, y)
	}
}

// cumulative is running sums of integers along an axis.
func cumulative(x *host.Array, axis int, exclusive, reverse bool) *host.Array {
	shape := x.Shape()
	steps := host.Steps(shape)
	rows := slices.Delete(slices.Clone(shape), axis, axis+1)
	rowSteps := slices.Delete(slices.Clone(steps), axis, axis+1)
	starts := host.Positions(rows, rowSteps, 0)
	y := host.Make(x.Kind(), shape...)
	sum := host.Make(x.Kind(), len(starts))
	for i := range shape[axis] {
		if reverse {
			i = shape[axis] - 1 - i
		}
		at := make([]int, len(starts))
		for j, start := range starts {
			at[j] = start + i*steps[axis]
		}
		next := sum.Combine(host.Add, x.Pick(at, len(at)))
		if exclusive {
			y.Place(at, sum, host.Replace)
		} else {
			y.Place(at, next, host.Replace)
		}
		sum = next
	}
	return y
}
