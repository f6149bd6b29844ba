package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Operators that pick elements by indices, and place them.
var gatherOperators = family{"Picking and placing by indices", []operator{
	{name: "Gather", since: 1, in: two, make: gather},
	{name: "GatherElements", since: 11, in: two, make: gatherElements},
	{name: "GatherND", since: 11, in: two, make: gatherND},
	{name: "Scatter", since: 9, last: 10, in: three, make: scatterElements},
	{name: "Scatter", since: 11, in: three, make: scatterElements},
	{name: "ScatterElements", since: 11, in: three, make: scatterElements},
	{name: "ScatterND", since: 11, in: three, make: scatterND},
}}

// indices is input i, indices of an axis of size n, where negative ones count from the end.
func (c *call) indices(i, n int) []int {
	index := c.ints(i)
	for at, k := range index {
		if k < -n || k >= n {
			failf("index %d is %d, which %d entries do not have", at, k, n)
		}
		if k < 0 {
			index[at] = k + n
		}
	}
	return index
}

// gather picks entries along an axis, which the indices' axes take the place of.
func gather(n *node) kernel {
	axis := n.int("axis", 0)
	return func(c *call) {
		v, at := c.value(0), c.value(1)
		axis := axisOf(axis, len(v.Shape()))
		index := c.indices(1, v.Shape()[axis])
		shape := slices.Concat(v.Shape()[:axis], at.Shape(), v.Shape()[axis+1:])
		c.room(shape...)
		switch {
		case v.ints != nil:
			c.setHost(0, selected(v.ints, axis, index).Reshape(shape...))
		case axis == 0 && len(v.Shape()) == 2:
			c.set(0, autograd.Embedding(c.float(0), index).Reshape(shape...))
		default:
			c.set(0, c.float(0).IndexSelect(axis, index).Reshape(shape...))
		}
	}
}

// positions is where elements lie whose index along an axis is given for each.
func positions(shape, indexShape []int, axis int, index []int) []int {
	steps := host.Steps(shape)
	step := steps[axis]
	steps[axis] = 0
	at := host.Positions(indexShape, steps, 0)
	for i, k := range index {
		at[i] += k * step
	}
	return at
}

// checkElements fails unless indices fit an array along all axes but one.
func checkElements(v, index Value, axis int) {
	fits := len(v.Shape()) == len(index.Shape())
	for i, d := range index.Shape() {
		fits = fits && (i == axis || d <= v.Shape()[i])
	}
	if !fits {
		failf("indices %s for axis %d of %s", index.describe(), axis, v.describe())
	}
}

func gatherElements(n *node) kernel {
	axis := n.int("axis", 0)
	return func(c *call) {
		v, at := c.value(0), c.value(1)
		axis := axisOf(axis, len(v.Shape()))
		checkElements(v, at, axis)
		index := c.indices(1, v.Shape()[axis])
		if v.ints != nil {
			c.setHost(0, v.ints.Pick(positions(v.Shape(), at.Shape(), axis, index), at.Shape()...))
			return
		}
		c.set(0, c.float(0).Gather(axis, index, at.Shape()...))
	}
}

// tuples is what the indices of GatherND and ScatterND lead to: an entry of the first axes of
// shape for each row of the index [..., axes], as one number.
func (c *call) tuples(i int, shape []int) (entries []int, outer, inner []int) {
	index := c.ints(i)
	at := c.value(i).Shape()
	if len(at) == 0 || at[len(at)-1] > len(shape) || at[len(at)-1] < 1 {
		failf("indices are %s for %d axes", c.value(i).describe(), len(shape))
	}
	axes := at[len(at)-1]
	outer, inner = at[:len(at)-1], shape[axes:]
	entries = make([]int, len(index)/axes)
	for j := range entries {
		for k, n := range shape[:axes] {
			x := index[j*axes+k]
			if x < -n || x >= n {
				failf("index %d is %d, which %d entries do not have", j*axes+k, x, n)
			}
			entries[j] = entries[j]*n + (x+n)%n
		}
	}
	return entries, outer, inner
}

func gatherND(n *node) kernel {
	batchAxes := n.int("batch_dims", 0)
	return func(c *call) {
		v, at := c.value(0), c.value(1)
		shape, index := v.Shape(), at.Shape()
		if batchAxes < 0 || batchAxes > len(shape) || batchAxes >= len(index) || !slices.Equal(shape[:batchAxes], index[:batchAxes]) {
			failf("indices %s for %s with %d batch axes", at.describe(), v.describe(), batchAxes)
		}
		batch := host.SizeOf(shape[:batchAxes])
		entries, outer, inner := c.tuples(1, shape[batchAxes:])
		of := host.SizeOf(shape[batchAxes:]) / max(host.SizeOf(inner), 1)
		for i := range entries {
			entries[i] += i / (len(entries) / batch) * of
		}
		result := slices.Concat(outer, inner)
		c.room(result...)
		rows := slices.Concat([]int{batch * of}, inner)
		if v.ints != nil {
			c.setHost(0, selected(v.ints.Reshape(rows...), 0, entries).Reshape(result...))
			return
		}
		c.set(0, c.float(0).Reshape(rows...).IndexSelect(0, entries).Reshape(result...))
	}
}

// combination is what a scatter does with what is there.
type combination struct {
	op     host.Op
	reduce autograd.Reduction
}

var combinations = []combination{
	{op: host.Replace},
	{op: host.Add, reduce: autograd.ReduceSum},
	{op: host.Mul, reduce: autograd.ReduceProd},
	{op: host.Max, reduce: autograd.ReduceMax},
	{op: host.Min, reduce: autograd.ReduceMin},
}

func combinationOf(n *node) combination {
	return combinations[n.choice("reduction", "none", "add", "mul", "max", "min")]
}

func scatterElements(n *node) kernel {
	axis, how := n.int("axis", 0), combinationOf(n)
	return func(c *call) {
		v, at, updates := c.value(0), c.value(1), c.value(2)
		same(v, updates)
		axis := axisOf(axis, len(v.Shape()))
		checkElements(v, at, axis)
		if !slices.Equal(at.Shape(), updates.Shape()) {
			failf("indices are %s, updates %s", at.describe(), updates.describe())
		}
		index := c.indices(1, v.Shape()[axis])
		if v.ints != nil {
			y := v.ints.Clone()
			y.Place(positions(v.Shape(), at.Shape(), axis, index), updates.ints, how.op)
			c.setHost(0, y)
			return
		}
		c.set(0, how.scatter(c.float(0), axis, index, c.float(2)))
	}
}

func (how combination) scatter(x autograd.Variable, axis int, index []int, updates autograd.Variable) autograd.Variable {
	switch how.op {
	case host.Replace:
		return x.Scatter(axis, index, updates)
	case host.Add:
		return x.ScatterAdd(axis, index, updates)
	}
	return x.ScatterReduce(axis, index, updates, how.reduce, false)
}

func scatterND(n *node) kernel {
	how := combinationOf(n)
	return func(c *call) {
		v, updates := c.value(0), c.value(2)
		same(v, updates)
		entries, outer, inner := c.tuples(1, v.Shape())
		if !slices.Equal(updates.Shape(), slices.Concat(outer, inner)) {
			failf("updates are %s, expected shape %v", updates.describe(), slices.Concat(outer, inner))
		}
		size := host.SizeOf(inner)
		// Elements one by one, in the array as a vector.
		index := make([]int, 0, len(entries)*size)
		for _, e := range entries {
			for j := range size {
				index = append(index, e*size+j)
			}
		}
		if v.ints != nil {
			y := v.ints.Clone()
			y.Place(index, updates.ints, how.op)
			c.setHost(0, y)
			return
		}
		x := c.float(0)
		y := how.scatter(x.Reshape(x.Size()), 0, index, c.float(2).Reshape(len(index)))
		c.set(0, y.Reshape(v.Shape()...))
	}
}
