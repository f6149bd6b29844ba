package onnx

import (
	"cmp"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Operators whose result depends on which elements there are: their order, and whether they
// are 0.
var selectionOperators = family{"Order and selection", []operator{
	{name: "TopK", since: 1, in: one, out: two, make: topKByAttribute},
	{name: "TopK", since: 10, in: two, out: two, make: topK},
	{name: "NonZero", since: 9, in: one, make: simple(nonZero), plain: []int{0}},
	{name: "Compress", since: 9, in: two, make: compress},
	{name: "Unique", since: 11, in: one, out: span{1, 4}, make: unique, note: "no gradient"},
}}

func topKByAttribute(n *node) kernel {
	axis, k := n.int("axis", -1), n.needInt("k")
	return func(c *call) { c.topK(axis, k, false) }
}

func topK(n *node) kernel {
	axis, largest := n.int("axis", -1), n.flag("largest", true)
	n.ignore("sorted") // they always are
	return func(c *call) { c.topK(axis, c.int(1), !largest) }
}

func (c *call) topK(axis, k int, least bool) {
	v := c.value(0)
	axis = axisOf(axis, len(v.Shape()))
	if k < 0 || k > v.Shape()[axis] {
		failf("%d elements of axis %d of %s", k, axis, v.describe())
	}
	shape := slices.Clone(v.Shape())
	shape[axis] = k
	var index []int
	if v.ints != nil {
		index = topOf(v.ints, axis, k, least)
		c.setHost(0, v.ints.Pick(positions(v.Shape(), shape, axis, index), shape...))
	} else {
		var values autograd.Variable
		values, index = c.float(0).TopK(k, axis, least)
		c.set(0, values)
	}
	c.setHost(1, host.Ints(index...).Reshape(shape...))
}

// topOf is the indices of the k greatest or least integers of each row along axis, in order.
func topOf(x *host.Array, axis, k int, least bool) []int {
	shape := slices.Clone(x.Shape())
	rows := x
	perm, back := toEnd(len(shape), axis)
	steps := host.Steps(shape)
	moved, movedSteps := reorder(shape, perm), reorder(steps, perm)
	rows = x.Pick(host.Positions(moved, movedSteps, 0), moved...)
	n := shape[axis]
	moved[len(moved)-1] = k
	all := make([]int64, 0, host.SizeOf(moved))
	for start := 0; start+n <= rows.Len() && n > 0; start += n {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(i, j int) int {
			if least {
				return rows.Order(start+i, start+j)
			}
			return rows.Order(start+j, start+i)
		})
		for _, i := range order[:k] {
			all = append(all, int64(i))
		}
	}
	index := host.New(all, moved...)
	backSteps := reorder(host.Steps(moved), back)
	result := reorder(moved, back)
	ints, _ := index.Pick(host.Positions(result, backSteps, 0), result...).Ints()
	return ints
}

// toEnd is the order of axes in which one is the last, and the way back.
func toEnd(rank, axis int) (perm, back []int) {
	back = make([]int, rank)
	for i := range rank {
		if i != axis {
			back[i] = len(perm)
			perm = append(perm, i)
		}
	}
	back[axis] = rank - 1
	return append(perm, axis), back
}

func reorder(list, perm []int) []int {
	y := make([]int, len(perm))
	for i, p := range perm {
		y[i] = list[p]
	}
	return y
}

// nonZero is the indices of all elements but zeros, [axes, count].
func nonZero(c *call) {
	shape := c.value(0).Shape()
	var found []int
	for i, x := range c.numbers(0) {
		if x != 0 {
			found = append(found, i)
		}
	}
	rank := max(len(shape), 1)
	y := make([]int64, rank*len(found))
	for axis, step := range host.Steps(shape) {
		for j, p := range found {
			y[axis*len(found)+j] = int64(p / step % shape[axis])
		}
	}
	c.setHost(0, host.New(y, rank, len(found)))
}

// compress keeps the entries of an axis, or the elements of all as a vector, where a condition
// holds.
func compress(n *node) kernel {
	axis, flat := n.int("axis", 0), !n.hasAttribute("axis")
	return func(c *call) {
		v := c.value(0)
		axis := axis
		if flat {
			v = c.reshaped(v, []int{v.Size()})
		} else {
			axis = axisOf(axis, len(v.Shape()))
		}
		var index []int
		for i, holds := range c.bools(1).Bools() {
			if holds {
				index = append(index, i)
			}
		}
		if len(index) > 0 && index[len(index)-1] >= v.Shape()[axis] {
			failf("the condition has %d elements, axis %d of %s", c.in[1].Size(), axis, v.describe())
		}
		if v.ints != nil {
			c.setHost(0, selected(v.ints, axis, index))
			return
		}
		c.set(0, c.onTape(v.float).IndexSelect(axis, index))
	}
}

// unique is the entries of an axis, or the elements of all, each once: sorted, or in the order
// in which they are first found. The other results are where each is first found, which one
// each entry of the input is, and how often it is there.
func unique(n *node) kernel {
	axis, flat, sorted := n.int("axis", 0), !n.hasAttribute("axis"), n.flag("sorted", true)
	return func(c *call) {
		v := c.value(0)
		v.float = autograd.Variable{}
		if c.in[0].ints == nil {
			v.float = c.in[0].float.Detach()
		}
		axis := axis
		if flat {
			v = c.reshaped(v, []int{v.Size()})
		} else {
			axis = axisOf(axis, len(v.Shape()))
		}
		compare := c.comparer(v, axis)
		order := make([]int, v.Shape()[axis])
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, compare)
		// groups has the entries that are equal, each from its first on.
		var groups [][]int
		for i, entry := range order {
			if i == 0 || compare(order[i-1], entry) != 0 {
				groups = append(groups, nil)
			}
			groups[len(groups)-1] = append(groups[len(groups)-1], entry)
		}
		if !sorted {
			slices.SortFunc(groups, func(a, b []int) int { return a[0] - b[0] })
		}
		var first, counts []int
		inverse := make([]int, len(order))
		for i, g := range groups {
			first, counts = append(first, g[0]), append(counts, len(g))
			for _, entry := range g {
				inverse[entry] = i
			}
		}
		if v.ints != nil {
			c.setHost(0, selected(v.ints, axis, first))
		} else {
			c.set(0, v.float.IndexSelect(axis, first))
		}
		c.setHost(1, host.Ints(first...))
		c.setHost(2, host.Ints(inverse...))
		c.setHost(3, host.Ints(counts...))
	}
}

// comparer compares entries of an axis, element by element.
func (c *call) comparer(v Value, axis int) func(i, j int) int {
	steps := host.Steps(v.Shape())
	step := steps[axis]
	shape := slices.Clone(v.Shape())
	shape[axis] = 1
	positions := host.Positions(shape, steps, 0)
	var data []float64
	if v.ints == nil {
		data = v.float.Floats()
	}
	return func(i, j int) int {
		for _, p := range positions {
			var order int
			if v.ints != nil {
				order = v.ints.Order(p+i*step, p+j*step)
			} else {
				order = cmp.Compare(data[p+i*step], data[p+j*step])
			}
			if order != 0 {
				return order
			}
		}
		return 0
	}
}
