package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Operators about shapes: those that keep every element and its place in row-major order, and
// those that give the shape itself.
var shapeOperators = family{"Shapes", []operator{
	{name: "Shape", since: 1, in: one, make: shapeOf, typed: true, plain: []int{0}},
	{name: "Size", since: 1, in: one, make: simple(func(c *call) { c.setHost(0, host.Ints(c.value(0).Size()).Reshape()) }), plain: []int{0}},
	{name: "Reshape", since: 1, in: one, make: reshapeByAttribute},
	{name: "Reshape", since: 5, in: two, make: reshape},
	{name: "Flatten", since: 1, in: one, make: flatten},
	{name: "Squeeze", since: 1, in: one, make: squeezeByAttribute},
	{name: "Squeeze", since: 13, in: oneOrTwo, make: simple(func(c *call) { c.squeeze(c.intsOr(1)) })},
	{name: "Unsqueeze", since: 1, in: one, make: unsqueezeByAttribute},
	{name: "Unsqueeze", since: 13, in: two, make: simple(func(c *call) { c.unsqueeze(c.ints(1)) })},
	{name: "Expand", since: 8, in: two, make: simple(expand)},
	{name: "Transpose", since: 1, in: one, make: transpose},
	{name: "DepthToSpace", since: 1, in: one, make: depthToSpace},
	{name: "SpaceToDepth", since: 1, in: one, make: spaceToDepth},
}}

func shapeOf(n *node) kernel {
	start, end := n.int("start", 0), n.int("end", math.MaxInt)
	return func(c *call) {
		shape := c.value(0).Shape()
		from, to := bound(start, len(shape)), bound(end, len(shape))
		c.setHost(0, host.Ints(shape[from:max(from, to)]...))
	}
}

// bound is a bound of a range of an axis of size n: negative ones count from the end, and those
// beyond it are its ends.
func bound(i, n int) int {
	if i < 0 {
		i = max(i, -n) + n
	}
	return min(i, n)
}

// setReshaped makes input 0 in another shape result 0.
func (c *call) setReshaped(shape []int) {
	v := c.value(0)
	if size, ok := sizeOf(shape); !ok || size != v.Size() {
		failf("%s cannot have shape %v", v.describe(), shape)
	}
	c.setValue(0, c.reshaped(v, shape))
}

func reshapeByAttribute(n *node) kernel {
	n.ignore("consumed_inputs")
	shape := n.ints("shape")
	return func(c *call) { c.reshape(shape, false) }
}

func reshape(n *node) kernel {
	allowZero := n.flag("allowzero", false)
	return func(c *call) { c.reshape(c.ints(1), allowZero) }
}

// reshape gives input 0 a shape in which −1 is what is left, and 0 the size that the axis has,
// unless zeros are allowed.
func (c *call) reshape(given []int, allowZero bool) {
	x := c.value(0)
	shape := slices.Clone(given)
	rest, known := -1, 1
	for i, d := range shape {
		switch {
		case d == 0 && !allowZero:
			if i >= len(x.Shape()) {
				failf("shape %v keeps axis %d, which %s does not have", given, i, x.describe())
			}
			shape[i] = x.Shape()[i]
		case d == -1 && rest < 0:
			rest = i
			continue
		case d < 0:
			failf("shape %v", given)
		}
		if shape[i] > 0 && known > maxElements/shape[i] {
			failf("%s cannot have shape %v", x.describe(), given)
		}
		known *= shape[i]
	}
	if rest >= 0 {
		if known == 0 || x.Size()%known != 0 {
			failf("%s cannot have shape %v", x.describe(), given)
		}
		shape[rest] = x.Size() / known
	}
	c.setReshaped(shape)
}

// flatten makes a matrix: axes before axis are its rows, the others its columns.
func flatten(n *node) kernel {
	axis := n.int("axis", 1)
	return func(c *call) {
		shape := c.value(0).Shape()
		axis := axis
		if axis < 0 {
			axis += len(shape)
		}
		if axis < 0 || axis > len(shape) {
			failf("there is no axis %d in %s", axis, c.value(0).describe())
		}
		c.setReshaped([]int{host.SizeOf(shape[:axis]), host.SizeOf(shape[axis:])})
	}
}

func squeezeByAttribute(n *node) kernel {
	axes := n.ints("axes")
	return func(c *call) { c.squeeze(axes) }
}

func (c *call) squeeze(axes []int) {
	x := c.value(0)
	given := axes != nil
	axes = axesOf(axes, len(x.Shape()))
	var shape []int
	for axis, d := range x.Shape() {
		if slices.Contains(axes, axis) || !given && d == 1 {
			if d != 1 {
				failf("axis %d of %s is not of size 1", axis, x.describe())
			}
			continue
		}
		shape = append(shape, d)
	}
	c.setReshaped(shape)
}

func unsqueezeByAttribute(n *node) kernel {
	axes := n.ints("axes")
	return func(c *call) { c.unsqueeze(axes) }
}

func (c *call) unsqueeze(axes []int) {
	shape := slices.Clone(c.value(0).Shape())
	for _, axis := range axesOf(axes, len(shape)+len(axes)) {
		shape = slices.Insert(shape, axis, 1)
	}
	c.setReshaped(shape)
}

func expand(c *call) {
	x := c.value(0)
	shape := c.ints(1)
	if _, ok := sizeOf(shape); !ok {
		failf("shape %v has no or too many elements", shape)
	}
	shape = c.broadcast(x.Shape(), shape)
	if x.ints != nil {
		c.setHost(0, x.ints.BroadcastTo(shape))
		return
	}
	c.set(0, c.float(0).BroadcastTo(shape...))
}

func transpose(n *node) kernel {
	perm := n.ints("perm")
	return func(c *call) {
		rank := len(c.value(0).Shape())
		perm := perm
		if perm == nil {
			for axis := range rank {
				perm = append(perm, rank-1-axis)
			}
		}
		if len(perm) != rank {
			failf("%d axes in perm, %s has %d", len(perm), c.value(0).describe(), rank)
		}
		axesOf(perm, rank)
		c.setValue(0, c.permuted(c.value(0), perm))
	}
}

// permuted is a value with its axes in another order.
func (c *call) permuted(v Value, perm []int) Value {
	if v.ints == nil {
		return Value{dtype: v.dtype, float: c.onTape(v.float).Permute(perm...)}
	}
	all := host.Steps(v.Shape())
	shape, steps := make([]int, len(perm)), make([]int, len(perm))
	for i, axis := range perm {
		axis = axisOf(axis, len(perm))
		shape[i], steps[i] = v.Shape()[axis], all[axis]
	}
	return ofHost(v.ints.Pick(host.Positions(shape, steps, 0), shape...))
}

// images checks that input 0 is images and the size of blocks positive.
func (c *call) images(size int) (n, channels, height, width int) {
	shape := c.value(0).Shape()
	if len(shape) != 4 {
		failf("input 0 is %s, expected four axes", c.value(0).describe())
	}
	if size < 1 || size > 1<<15 {
		failf("attribute blocksize is %d", size)
	}
	return shape[0], shape[1], shape[2], shape[3]
}

// depthToSpace makes images size times as high and wide of channels.
func depthToSpace(n *node) kernel {
	size := n.needInt("blocksize")
	byColumns := n.choice("mode", "DCR", "CRD") == 1
	return func(c *call) {
		batch, channels, height, width := c.images(size)
		rest := channels / (size * size)
		if rest*size*size != channels {
			failf("%d channels, expected a multiple of %d", channels, size*size)
		}
		shape, perm := []int{batch, size, size, rest, height, width}, []int{0, 3, 4, 1, 5, 2}
		if byColumns {
			shape, perm = []int{batch, rest, size, size, height, width}, []int{0, 1, 4, 2, 5, 3}
		}
		y := c.permuted(c.reshaped(c.value(0), shape), perm)
		c.setValue(0, c.reshaped(y, []int{batch, rest, height * size, width * size}))
	}
}

// spaceToDepth makes channels of blocks of images.
func spaceToDepth(n *node) kernel {
	size := n.needInt("blocksize")
	return func(c *call) {
		batch, channels, height, width := c.images(size)
		if height%size != 0 || width%size != 0 {
			failf("input 0 is %s, expected a multiple of %d for height and width", c.value(0).describe(), size)
		}
		x := c.reshaped(c.value(0), []int{batch, channels, height / size, size, width / size, size})
		y := c.permuted(x, []int{0, 3, 5, 1, 2, 4})
		c.setValue(0, c.reshaped(y, []int{batch, channels * size * size, height / size, width / size}))
	}
}

// variables is inputs from i on as Variables.
func (c *call) variables(i int) []autograd.Variable {
	var xs []autograd.Variable
	for ; i < len(c.in); i++ {
		xs = append(xs, c.float(i))
	}
	return xs
}
