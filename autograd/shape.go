package autograd

import (
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Operations that change the shape, or the order of axes, and leave the elements
// as they are. All are linear: the tangent is the operation itself, the backward
// rule its inverse or transpose.

var reshapeOp *op

func init() {
	reshaped := func(_ *node, x Variable, like *node) Variable { return x.Reshape(like.Shape...) }
	reshapeOp = newLinearMap("reshape", nil, reshaped, reshaped)
}

// Reshape gives x another shape of the same size. One size may be −1: it becomes what
// fits. The result shares x's elements. It panics with [*ShapeError] if the sizes do
// not fit.
func (x Variable) Reshape(shape ...int) Variable {
	in := x.header(reshapeOp.name)
	if tensor.EqualShape(in.Shape, shape) {
		return x
	}
	var buffer [8]int
	if in.lazy {
		return in.reshaped(resolveShape(buffer[:0], in, shape)).variable()
	}
	return reshapeOp.resultView(resolveShape(buffer[:0], in, shape), 0, in).done()
}

// resolveShape replaces −1 in shape by the size that fits in.
func resolveShape(dst []int, in *node, shape []int) []int {
	dst = append(dst, shape...)
	size := sizeOf(in.Shape)
	open, product := -1, 1
	for i, d := range shape {
		switch {
		case d == -1 && open < 0:
			open = i
		case d < 0:
			panic(&ShapeError{reshapeOp.name, [][]int{append([]int{}, in.Shape...), append([]int{}, shape...)}, "sizes must not be negative, except for a single -1"})
		default:
			product *= d
		}
	}
	if open >= 0 && product > 0 {
		dst[open] = size / product
		product *= dst[open]
	}
	if product != size || open >= 0 && dst[open] < 0 {
		panic(&ShapeError{reshapeOp.name, [][]int{append([]int{}, in.Shape...), append([]int{}, shape...)}, "the numbers of elements differ"})
	}
	return dst
}

// Flatten joins the axes from start on into one: [batch, h, w].Flatten(1) is
// [batch, h·w]. The result shares x's elements.
func (x Variable) Flatten(start int) Variable {
	in := x.header("flatten")
	if len(in.Shape) == 0 {
		return x.Reshape(1)
	}
	start = resolveAxis("flatten", start, len(in.Shape))
	var buffer [8]int
	shape := append(buffer[:0], in.Shape[:start]...)
	return x.Reshape(append(shape, sizeOf(in.Shape[start:]))...)
}

// Unflatten divides an axis into several with the given sizes, of which one may be −1.
// It undoes [Variable.Flatten]. The result shares x's elements. It panics with
// [*ShapeError] if the sizes do not multiply to that of the axis.
func (x Variable) Unflatten(axis int, sizes ...int) Variable {
	in := x.header("unflatten")
	axis = resolveAxis("unflatten", axis, len(in.Shape))
	var buffer [8]int
	shape := append(append(buffer[:0], in.Shape[:axis]...), sizes...)
	known := 1
	for _, d := range sizes {
		if d >= 0 {
			known *= d
		}
	}
	for i, d := range sizes {
		if d == -1 && known > 0 {
			shape[axis+i] = in.Shape[axis] / known
		}
	}
	return x.Reshape(append(shape, in.Shape[axis+1:]...)...)
}

// Squeeze removes axes of size 1: the given ones, or all without any. It panics
// with [*ShapeError] if a given axis has another size.
func (x Variable) Squeeze(axes ...int) Variable {
	in := x.header("squeeze")
	set := resolveAxes("squeeze", axes, len(in.Shape))
	var buffer [8]int
	shape := buffer[:0]
	for i, d := range in.Shape {
		switch {
		case set>>i&1 == 0 || len(axes) == 0 && d != 1:
			shape = append(shape, d)
		case d != 1:
			panic(&ShapeError{"squeeze", shapesOf(in), "only axes of size 1 can be removed"})
		}
	}
	return x.Reshape(shape...)
}

// Unsqueeze inserts an axis of size 1 so that it becomes the given axis of the
// result; −1 appends one.
func (x Variable) Unsqueeze(axis int) Variable {
	in := x.header("unsqueeze")
	axis = resolveAxis("unsqueeze", axis, len(in.Shape)+1)
	var buffer [8]int
	shape := append(buffer[:0], in.Shape[:axis]...)
	shape = append(shape, 1)
	return x.Reshape(append(shape, in.Shape[axis:]...)...)
}

var permuteOp *op

// attr.ints is the permutation.
func init() {
	permuted := func(n *node, x Variable, _ *node) Variable { return x.Permute(n.attr.ints...) }
	back := func(n *node, x Variable, _ *node) Variable {
		var buffer [8]int
		inverse := append(buffer[:0], n.attr.ints...)
		for to, from := range n.attr.ints {
			inverse[from] = to
		}
		return x.Permute(inverse...)
	}
	permuteOp = newLinearMap("permute", func(n *node) []Argument { return arguments("axes", n.attr.ints) }, permuted, back)
}

// Permute orders the axes anew: axis i of the result is axis axes[i] of x. It copies
// the elements. It panics with [*ShapeError] for another number of axes and with
// [*AxisError] if one is named twice.
func (x Variable) Permute(axes ...int) Variable {
	in := x.check(permuteOp.name)
	if len(axes) != len(in.Shape) {
		panic(&ShapeError{permuteOp.name, shapesOf(in), "expected one entry for each axis, got " + shapeString(append([]int{}, axes...))})
	}
	if len(axes) > 0 {
		resolveAxes(permuteOp.name, axes, len(in.Shape)) // each exactly once
	}
	var buffer [2][8]int
	perm, shape := buffer[0][:0], buffer[1][:0]
	for _, axis := range axes {
		axis = resolveAxis(permuteOp.name, axis, len(in.Shape))
		perm = append(perm, axis)
		shape = append(shape, in.Shape[axis])
	}
	n := permuteOp.result(in.DType, shape, in)
	n.attr.ints = append(n.attr.ints[:0], perm...)
	tensor.Permute(&n.Array, &in.Array, perm)
	return n.done()
}

// Transpose exchanges two axes.
func (x Variable) Transpose(axis1, axis2 int) Variable {
	in := x.check("transpose")
	rank := len(in.Shape)
	axis1, axis2 = resolveAxis("transpose", axis1, rank), resolveAxis("transpose", axis2, rank)
	var buffer [8]int
	perm := buffer[:0]
	for i := range rank {
		perm = append(perm, i)
	}
	perm[axis1], perm[axis2] = axis2, axis1
	return x.Permute(perm...)
}

// MoveDim moves an axis to another place; the others stay in their order.
func (x Variable) MoveDim(from, to int) Variable {
	in := x.check("movedim")
	rank := len(in.Shape)
	from, to = resolveAxis("movedim", from, rank), resolveAxis("movedim", to, rank)
	if from == to {
		return x
	}
	var buffer [8]int
	perm := buffer[:0]
	for i := range rank {
		if i != from {
			perm = append(perm, i)
		}
	}
	return x.Permute(slices.Insert(perm, to, from)...)
}

// T is the transpose of a matrix, or of each matrix of a batch: the last two axes
// exchanged. It panics with [*ShapeError] if x has fewer than two axes.
func (x Variable) T() Variable {
	if in := x.check("T"); len(in.Shape) < 2 {
		panic(&ShapeError{"T", shapesOf(in), "expected at least two axes"})
	}
	return x.Transpose(-2, -1)
}

var broadcastOp *op

func init() {
	broadcastOp = &op{
		name: "broadcast",
		vjp:  func(p *pass, n *node, g Variable) { p.add(n, 0, g) }, // the engine sums
		jvp:  func(n *node, t func(int) Variable) Variable { return t(0).BroadcastTo(n.Shape...) },
	}
}

// BroadcastTo repeats x to the given shape by NumPy's rule: aligned at the last axis,
// sizes must be equal or x's must be 1. It panics with [*ShapeError] if they are
// neither.
func (x Variable) BroadcastTo(shape ...int) Variable {
	in := x.check(broadcastOp.name)
	if tensor.EqualShape(in.Shape, shape) {
		return x
	}
	var buffer [8]int
	joint, ok := tensor.BroadcastShape(buffer[:0], in.Shape, shape)
	if !ok || !tensor.EqualShape(joint, shape) {
		panic(&ShapeError{broadcastOp.name, [][]int{append([]int{}, in.Shape...), append([]int{}, shape...)}, "the first shape does not broadcast to the second"})
	}
	n := broadcastOp.result(in.DType, shape, in)
	tensor.BroadcastTo(&n.Array, &in.Array)
	return n.done()
}
