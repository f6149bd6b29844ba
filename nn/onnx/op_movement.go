package onnx

import (
	"cmp"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Operators that put tensors together and take ranges out of them.
var movementOperators = family{"Parts and joins", []operator{
	{name: "Concat", since: 1, in: oneOrMore, make: concat},
	{name: "Split", since: 1, in: oneOrTwo, out: oneOrMore, make: splitByAttribute},
	{name: "Split", since: 13, in: oneOrTwo, out: oneOrMore, make: split},
	{name: "Slice", since: 1, in: one, make: sliceByAttributes},
	{name: "Slice", since: 10, in: span{3, 5}, make: simple(slice)},
	{name: "Tile", since: 6, in: two, make: simple(tile)},
	{name: "Pad", since: 1, in: one, make: padByAttributes},
	{name: "Pad", since: 11, in: span{2, 4}, make: pad, plain: []int{2}},
	{name: "Trilu", since: 14, in: oneOrTwo, make: trilu},
}}

func concat(n *node) kernel {
	axis := 1 // before version 4
	if n.version >= 4 || n.hasAttribute("axis") {
		axis = n.needInt("axis")
	}
	return func(c *call) {
		axis := axisOf(axis, len(c.value(0).Shape()))
		for i := range c.in {
			same(c.value(0), c.value(i))
			shape := slices.Clone(c.in[i].Shape())
			if len(shape) == len(c.in[0].Shape()) {
				shape[axis] = c.in[0].Shape()[axis]
			}
			if !slices.Equal(shape, c.in[0].Shape()) {
				failf("inputs %s and %s differ in other axes than %d", c.in[0].describe(), c.in[i].describe(), axis)
			}
		}
		if c.in[0].ints == nil {
			c.set(0, autograd.Concat(axis, c.variables(0)...))
			return
		}
		c.setHost(0, c.joined(axis))
	}
}

// joined is all inputs, integers, one after the other along an axis.
func (c *call) joined(axis int) *host.Array {
	first := c.host(0)
	shape := slices.Clone(first.Shape())
	shape[axis] = 0
	for i := range c.in {
		shape[axis] += c.host(i).Shape()[axis]
	}
	y := host.Make(first.Kind(), shape...)
	steps, at := host.Steps(shape), 0
	for i := range c.in {
		x := c.host(i)
		y.Place(host.Positions(x.Shape(), steps, at*steps[axis]), x, host.Replace)
		at += x.Shape()[axis]
	}
	return y
}

func splitByAttribute(n *node) kernel {
	axis, sizes := n.int("axis", 0), n.ints("split")
	return func(c *call) {
		if c.has(1) { // version 1 had it as an input too
			c.split(axis, c.ints(1), 0)
			return
		}
		c.split(axis, sizes, len(c.out))
	}
}

func split(n *node) kernel {
	axis, parts := n.int("axis", 0), n.int("num_outputs", 0)
	return func(c *call) {
		c.split(axis, c.intsOr(1), cmp.Or(parts, len(c.out)))
	}
}

// split cuts input 0 into parts of given sizes, or so many equal parts, the last of which may
// be smaller.
func (c *call) split(axis int, sizes []int, parts int) {
	x := c.value(0)
	axis = axisOf(axis, len(x.Shape()))
	rest := x.Shape()[axis]
	if sizes == nil {
		if parts < 1 || parts > len(c.out) {
			failf("%d parts of %s for %d outputs", parts, x.describe(), len(c.out))
		}
		size := (rest + parts - 1) / parts
		for left := rest; len(sizes) < parts; left -= size {
			sizes = append(sizes, max(min(size, left), 0))
		}
	}
	for _, size := range sizes {
		if rest -= size; size < 0 || rest < 0 {
			break
		}
	}
	if rest != 0 || slices.Min(append(sizes, 0)) < 0 || len(sizes) < len(c.out) {
		failf("parts of sizes %v of %s along axis %d, for %d outputs", sizes, x.describe(), axis, len(c.out))
	}
	at := 0
	for i, size := range sizes {
		if c.node.wants(i) {
			c.setValue(i, c.part(x, axis, at, at+size))
		}
		at += size
	}
}

// part is the range of an axis from start to before stop.
func (c *call) part(v Value, axis, start, stop int) Value {
	if v.ints == nil {
		return Value{dtype: v.dtype, float: c.onTape(v.float).Slice(axis, start, stop)}
	}
	return ofHost(stepped(v.ints, axis, start, stop-start, 1))
}

// stepped is count entries along an axis, from start on, step apart.
func stepped(x *host.Array, axis, start, count, step int) *host.Array {
	shape, steps := slices.Clone(x.Shape()), host.Steps(x.Shape())
	base := start * steps[axis]
	shape[axis] = count
	steps[axis] *= step
	return x.Pick(host.Positions(shape, steps, base), shape...)
}

func sliceByAttributes(n *node) kernel {
	starts, ends, axes := n.ints("starts"), n.ints("ends"), n.ints("axes")
	return func(c *call) { c.slice(starts, ends, axes, nil) }
}

func slice(c *call) {
	c.slice(c.ints(1), c.ints(2), c.intsOr(3), c.intsOr(4))
}

// slice takes the entries from starts to before ends, steps apart, of several axes.
func (c *call) slice(starts, ends, axes, steps []int) {
	v := c.value(0)
	rank := len(v.Shape())
	if axes == nil {
		axes = firstAxes(len(starts))
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || steps != nil && len(steps) != len(starts) {
		failf("there are %d starts, %d ends, %d axes and %d steps", len(starts), len(ends), len(axes), len(steps))
	}
	axesOf(axes, rank)
	for i, axis := range axes {
		axis = axisOf(axis, rank)
		step := 1
		if steps != nil {
			step = steps[i]
		}
		start, count := sliced(v.Shape()[axis], starts[i], ends[i], step)
		switch {
		case v.ints != nil:
			v = ofHost(stepped(v.ints, axis, start, count, step))
		case start == 0 && count == v.Shape()[axis] && step == 1:
		case step == 1 || count == 0:
			v.float = c.onTape(v.float).Slice(axis, start, start+count)
		case step > 0:
			v.float = c.onTape(v.float).SliceStep(axis, start, min(start+count*step, v.Shape()[axis]), step)
		default:
			stop := start + count*step
			if stop < 0 {
				stop = -v.Shape()[axis] - 1
			}
			v.float = c.onTape(v.float).SliceStep(axis, start, stop, step)
		}
	}
	c.setValue(0, v)
}

// sliced is the first entry and the number of entries of a slice of an axis of size n.
func sliced(n, start, end, step int) (first, count int) {
	if step == 0 {
		failf("a step is 0")
	}
	low, high := 0, n
	if step < 0 {
		low, high = -1, n-1
	}
	place := func(i int) int {
		if i < 0 {
			i = max(i, -n-1) + n
		}
		return min(max(i, low), high)
	}
	start, end = place(start), place(end)
	step = min(max(step, -n-1), n+1) // beyond the axis either way
	if step > 0 {
		count = (end - start + step - 1) / step
	} else {
		count = (start - end - step - 1) / -step
	}
	if count <= 0 {
		return 0, 0
	}
	return start, count
}

func tile(c *call) {
	v, repeats := c.value(0), c.ints(1)
	if len(repeats) != len(v.Shape()) {
		failf("%d repeats of %s", len(repeats), v.describe())
	}
	shape := slices.Clone(v.Shape())
	for axis, r := range repeats {
		if r < 0 || r > 0 && shape[axis] > maxElements/r {
			failf("repeats %v of %s", repeats, v.describe())
		}
		shape[axis] *= r
	}
	c.room(shape...)
	if v.ints == nil {
		c.set(0, c.float(0).Tile(repeats...))
		return
	}
	x := v.ints
	for axis, r := range repeats {
		index := make([]int, 0, x.Shape()[axis]*r)
		for range r {
			for i := range x.Shape()[axis] {
				index = append(index, i)
			}
		}
		x = selected(x, axis, index)
	}
	c.setHost(0, x)
}

// selected is the entries of an axis with the given indices, which are not negative.
func selected(x *host.Array, axis int, index []int) *host.Array {
	shape, steps := slices.Clone(x.Shape()), host.Steps(x.Shape())
	behind := host.SizeOf(shape[axis+1:])
	before := host.SizeOf(shape[:axis])
	positions := make([]int, 0, before*len(index)*behind)
	for i := range before {
		for _, k := range index {
			base := i*shape[axis]*behind + k*steps[axis]
			for j := range behind {
				positions = append(positions, base+j)
			}
		}
	}
	shape[axis] = len(index)
	return x.Pick(positions, shape...)
}

func padByAttributes(n *node) kernel {
	mode := n.choice("mode", "constant", "reflect", "edge")
	value := n.float("value", 0)
	widths := n.ints("pads")
	if n.version < 2 {
		widths = n.ints("paddings")
	}
	return func(c *call) { c.pad(mode, value, widths, nil) }
}

func pad(n *node) kernel {
	mode := n.choice("mode", "constant", "reflect", "edge", "wrap")
	return func(c *call) { c.pad(mode, c.number(2, 0), c.ints(1), c.intsOr(3)) }
}

// pad puts elements around input 0, or takes some away: widths are those in front of each axis
// and then those behind each.
func (c *call) pad(mode int, value float64, widths, axes []int) {
	v := c.value(0)
	rank := len(v.Shape())
	if axes == nil {
		axes = firstAxes(rank)
	}
	axesOf(axes, rank)
	if len(widths) != 2*len(axes) {
		failf("%d widths for %d axes", len(widths), len(axes))
	}
	pairs, shape := make([][2]int, rank), slices.Clone(v.Shape())
	for i, axis := range axes {
		axis = axisOf(axis, rank)
		before, behind := widths[i], widths[i+len(axes)]
		size := float64(before) + float64(shape[axis]) + float64(behind)
		if size < 0 || size > maxElements || math.Abs(float64(before)) > maxElements {
			failf("widths %v of %s", widths, v.describe())
		}
		pairs[axis] = [2]int{before, behind}
		shape[axis] = int(size)
	}
	c.room(shape...)
	if v.ints != nil {
		c.setHost(0, c.padInts(v.ints, mode, value, pairs, shape))
		return
	}
	x := c.float(0)
	switch mode {
	case 1:
		x = x.PadReflection(pairs...)
	case 2:
		x = x.PadReplication(pairs...)
	case 3:
		x = x.PadCircular(pairs...)
	default:
		x = x.Pad(value, pairs...)
	}
	c.set(0, x)
}

// padInts pads integers, axis by axis.
func (c *call) padInts(x *host.Array, mode int, value float64, pairs [][2]int, shape []int) *host.Array {
	if mode == 0 {
		y := host.FromFloats(x.Kind(), []float64{value}).Reshape().BroadcastTo(shape).Clone()
		// The part of x that is kept, and where it lies in y.
		from := 0
		inner, xSteps, ySteps, start := slices.Clone(x.Shape()), host.Steps(x.Shape()), host.Steps(shape), 0
		for axis, p := range pairs {
			cut := max(-p[0], 0)
			inner[axis] = max(inner[axis]-cut-max(-p[1], 0), 0)
			from += cut * xSteps[axis]
			start += max(p[0], 0) * ySteps[axis]
		}
		part := x.Pick(host.Positions(inner, xSteps, from), inner...)
		y.Place(host.Positions(inner, ySteps, start), part, host.Replace)
		return y
	}
	for axis, p := range pairs {
		n := x.Shape()[axis]
		if n == 0 {
			failf("axis %d has no elements to pad with", axis)
		}
		index := make([]int, shape[axis])
		for i := range index {
			index[i] = beyond(i-p[0], n, mode)
		}
		x = selected(x, axis, index)
	}
	return x
}

// beyond is the entry of an axis of size n that stands at place i, which may be outside.
func beyond(i, n, mode int) int {
	switch {
	case mode == 2 || n == 1:
		return min(max(i, 0), n-1)
	case mode == 3:
		return (i%n + n) % n
	}
	period := 2 * (n - 1)
	i = (i%period + period) % period
	return min(i, period-i)
}

// trilu keeps the upper or lower triangle of each matrix.
func trilu(n *node) kernel {
	upper := n.flag("upper", true)
	return func(c *call) {
		v, k := c.value(0), 0
		if c.has(1) {
			k = c.int(1)
		}
		rank := len(v.Shape())
		if rank < 2 {
			failf("input 0 is %s, expected matrices", v.describe())
		}
		rows, columns := v.Shape()[rank-2], v.Shape()[rank-1]
		k = min(max(k, -rows-1), columns+1)
		switch {
		case v.ints != nil:
			c.setHost(0, triangle(v.ints, rows, columns, k, upper))
		case upper:
			c.set(0, c.float(0).Triu(k))
		default:
			c.set(0, c.float(0).Tril(k))
		}
	}
}

func triangle(x *host.Array, rows, columns, k int, upper bool) *host.Array {
	positions := make([]int, x.Len())
	for p := range positions {
		i, j := p/columns%rows, p%columns
		if upper == (j-i >= k) || j-i == k {
			positions[p] = p
		} else {
			positions[p] = -1
		}
	}
	return x.Pick(positions, x.Shape()...)
}
