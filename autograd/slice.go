package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Taking regular pieces out of arrays and putting arrays together. Two primitive
// operations are each other's transpose: slice picks elements at start, start+step,
// … along an axis, and embed puts elements there into an array of zeros.

var indexOp *op

// attr.i is the position of the first element. The transpose is a slice of the row of all
// elements, put back.
func init() {
	indexOp = &op{
		name:      "index",
		arguments: func(n *node) []Argument { return arguments("offset", n.attr.i) },
		vjp: func(p *pass, n *node, g Variable) {
			in := n.in[0]
			flat := embed(g.Reshape(sizeOf(n.Shape)), 0, sizeOf(in.Shape), n.attr.i, 1)
			p.add(n, 0, flat.Reshape(in.Shape...))
		},
		fused: func(p *pass, n, g *node) {
			dst, accumulate := p.destination(n, 0)
			if !accumulate {
				tensor.Fill(dst, 0)
			}
			part := dst.View(n.attr.i, g.Len(), g.Shape)
			tensor.Accumulate(&part, &g.Array)
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return indexAt(t(0).check(indexOp.name), n.attr.i, n.Shape)
		},
	}
}

// Index is x[i, j, …]: the element at an index with one number for each axis, as a scalar,
// or with fewer numbers the part of x that they lead to. Negative numbers count from the
// end. It shares x's elements. It panics with [*ShapeError] if there are more numbers than
// axes, and with [*IndexError] if one is outside its axis.
func (x Variable) Index(index ...int) Variable {
	in := x.check(indexOp.name)
	if len(index) > len(in.Shape) {
		panic(&ShapeError{indexOp.name, shapesOf(in), fmt.Sprintf("expected at most %d numbers, not %d", len(in.Shape), len(index))})
	}
	rest := in.Shape[len(index):]
	return indexAt(in, in.offset(indexOp.name, index)*sizeOf(rest), rest)
}

// offset is the row-major position, along the first axes, that index leads to.
func (n *node) offset(op string, index []int) int {
	offset := 0
	for axis, i := range index {
		size := n.Shape[axis]
		if i < -size || i >= size {
			panic(&IndexError{op, i, axis, size})
		}
		if i < 0 {
			i += size
		}
		offset = offset*size + i
	}
	return offset
}

// indexAt is the part of in of the given shape from element start on.
func indexAt(in *node, start int, shape []int) Variable {
	n := indexOp.resultView(shape, start, in)
	n.attr.i = start
	return n.done()
}

// Slice is the part of x with indices start ≤ i < stop along axis. Negative
// indices count from the end of the axis. A slice along axis 0 shares x's elements.
// It panics with [*IndexError] if a bound is outside the axis, and with
// [*ValueError] if stop comes before start.
func (x Variable) Slice(axis, start, stop int) Variable {
	return x.SliceStep(axis, start, stop, 1)
}

var sliceOp, embedOp *op

// attr.i is the axis, attr.ints [start, step].
func init() {
	along := func(n *node) []Argument {
		return arguments("axis", n.attr.i, "start", n.attr.ints[0], "step", n.attr.ints[1])
	}
	sliced := func(n *node, x Variable, like *node) Variable {
		return slice(x, n.attr.i, n.attr.ints[0], like.Shape[n.attr.i], n.attr.ints[1])
	}
	embedded := func(n *node, x Variable, like *node) Variable {
		return embed(x, n.attr.i, like.Shape[n.attr.i], n.attr.ints[0], n.attr.ints[1])
	}
	sliceOp = newLinearMap("slice", along, sliced, embedded)
	// Rows are added where they belong, so that all slices of an array, one after the
	// other, take as long as the array.
	sliceOp.fused = func(p *pass, n, g *node) {
		axis, start, step := n.attr.i, n.attr.ints[0], n.attr.ints[1]
		in := n.in[0]
		if axis != 0 || step != 1 || !p.wants(in) {
			p.add(n, 0, embed(g.variable(), axis, in.Shape[axis], start, step))
			return
		}
		dst, accumulate := p.destination(n, 0)
		if !accumulate {
			tensor.Fill(dst, 0)
		}
		rows := dst.View(start*sizeOf(in.Shape[1:]), g.Len(), g.Shape)
		tensor.Accumulate(&rows, &g.Array)
	}
	embedOp = newLinearMap("embed", along, embedded, sliced)
}

// SliceStep is the elements of x at start, start+step, … before stop along axis.
// Negative start and stop count from the end. A negative step goes downwards from
// start to above stop; there stop = -Dim(axis)-1 goes down to index 0. It panics as
// [Variable.Slice] does, and if step is 0.
func (x Variable) SliceStep(axis, start, stop, step int) Variable {
	in := x.check(sliceOp.name)
	axis = resolveAxis(sliceOp.name, axis, len(in.Shape))
	size := in.Shape[axis]
	if step == 0 {
		panic(&ValueError{sliceOp.name, "step must not be 0"})
	}
	low, high := 0, size // what start and stop may be
	if step < 0 {
		low, high = -1, size-1
	}
	for _, bound := range []*int{&start, &stop} {
		given := *bound
		if *bound < 0 {
			*bound += size
		}
		if *bound < low || *bound > high {
			panic(&IndexError{sliceOp.name, given, -1, high + 1})
		}
	}
	count := (stop - start + step - sign(step)) / step
	if count < 0 {
		panic(&ValueError{sliceOp.name, fmt.Sprintf("from %d to %d is against the direction of step %d", start, stop, step)})
	}
	return slice(x, axis, start, count, step)
}

func sign(step int) int {
	if step < 0 {
		return -1
	}
	return 1
}

// slice picks count elements along axis from start on.
func slice(x Variable, axis, start, count, step int) Variable {
	in := x.check(sliceOp.name)
	var buffer [8]int
	shape := append(buffer[:0], in.Shape...)
	shape[axis] = count
	var n *node
	if axis == 0 && step == 1 {
		n = sliceOp.resultView(shape, start*sizeOf(in.Shape[1:]), in)
	} else {
		n = sliceOp.result(in.DType, shape, in)
		alongAxis(tensor.Slice, &n.Array, &in.Array, axis, start, step)
	}
	n.attr.i, n.attr.ints = axis, append(n.attr.ints[:0], start, step)
	return n.done()
}

// embed is an array of zeros with x at start, start+step, … along axis, whose size
// is given.
func embed(x Variable, axis, size, start, step int) Variable {
	in := x.check(embedOp.name)
	var buffer [8]int
	shape := append(buffer[:0], in.Shape...)
	shape[axis] = size
	n := embedOp.result(in.DType, shape, in)
	n.attr.i, n.attr.ints = axis, append(n.attr.ints[:0], start, step)
	tensor.Fill(&n.Array, 0)
	alongAxis(tensor.SliceSet, &n.Array, &in.Array, axis, start, step)
	return n.done()
}

// alongAxis calls a strided copy with start and step along one axis.
func alongAxis(f func(dst, x *tensor.Array, start, step []int), dst, x *tensor.Array, axis, start, step int) {
	var buffer [2][8]int
	starts, steps := buffer[0][:0], buffer[1][:0]
	for range x.Shape {
		starts, steps = append(starts, 0), append(steps, 1)
	}
	starts[axis], steps[axis] = start, step
	f(dst, x, starts, steps)
}

var concatOp *op

// attr.i is the axis.
func init() {
	concatOp = &op{
		name:      "concat",
		arguments: func(n *node) []Argument { return arguments("axis", n.attr.i) },
		vjp: func(p *pass, n *node, g Variable) {
			start := 0
			n.inputs(func(i int, in *node) {
				size := in.Shape[n.attr.i]
				if p.needs(n, i) {
					p.add(n, i, slice(g, n.attr.i, start, size, 1))
				}
				start += size
			})
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			var sum Variable
			start := 0
			n.inputs(func(i int, in *node) {
				if ti := t(i); ti.n != nil {
					sum = addTangents(sum, embed(ti, n.attr.i, n.Shape[n.attr.i], start, 1))
				}
				start += in.Shape[n.attr.i]
			})
			return sum
		},
	}
}

// Concat joins xs along axis; all other sizes must be equal. It panics with
// [*ValueError] if there are none.
func Concat(axis int, xs ...Variable) Variable {
	var list [shortList]*node
	nodes := appendAll(list[:0], concatOp.name, xs)
	first := nodes[0]
	axis = resolveAxis(concatOp.name, axis, len(first.Shape))
	var buffer [8]int
	shape := append(buffer[:0], first.Shape...)
	shape[axis] = 0
	for _, n := range nodes {
		concatOp.same(first, n)
		if !equalBut(axis, n.Shape, shape) {
			panic(&ShapeError{concatOp.name, shapesOf(nodes...), fmt.Sprintf("expected equal sizes along all axes but %d", axis)})
		}
		shape[axis] += n.Shape[axis]
	}
	n := concatOp.result(first.DType, shape, nodes...)
	n.attr.i = axis
	start := 0
	for _, in := range nodes {
		alongAxis(tensor.SliceSet, &n.Array, &in.Array, axis, start, 1)
		start += in.Shape[axis]
	}
	return n.done()
}

// Stack joins xs, all of the same shape, along a new axis. It panics with
// [*ValueError] if there are none.
func Stack(axis int, xs ...Variable) Variable {
	var list [shortList]*node
	t := jointTape("stack", appendAll(list[:0], "stack", xs))
	var columns [shortList]Variable
	unsqueezed := append(columns[:0], xs...)
	for i, x := range unsqueezed {
		if t != nil {
			x = t.bring(x.n).variable()
		}
		unsqueezed[i] = x.Unsqueeze(axis)
	}
	return Concat(resolveAxis("stack", axis, xs[0].Rank()+1), unsqueezed...)
}

// shortList is the length up to which a list of operands needs no memory on the heap.
const shortList = 32

// joined is a copy of xs after join.
func joined(op string, xs []Variable) []Variable {
	xs = append([]Variable{}, xs...)
	pointers := make([]*Variable, len(xs))
	for i := range xs {
		pointers[i] = &xs[i]
	}
	join(op, pointers...)
	return xs
}

// checkAll is check for a list of operands, of which there must be one at least.
func checkAll(op string, xs []Variable) []*node {
	return appendAll(make([]*node, 0, len(xs)), op, xs)
}

// appendAll is checkAll in the memory of list.
func appendAll(list []*node, op string, xs []Variable) []*node {
	if len(xs) == 0 {
		panic(&ValueError{op, "expected at least one operand"})
	}
	for _, x := range xs {
		list = append(list, x.check(op))
	}
	return list
}
