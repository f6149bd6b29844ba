package autograd

import (
	"fmt"
	"slices"
)

// Rearrangements made of slices, concatenations and choices.

// Flip reverses the order of elements along axes, or along all without any.
func (x Variable) Flip(axes ...int) Variable {
	in := x.check("flip")
	set := resolveAxes("flip", axes, len(in.Shape))
	for axis, size := range in.Shape {
		if set>>axis&1 != 0 && size > 0 {
			x = slice(x, axis, size-1, size, -1)
		}
	}
	return x
}

// Roll moves elements shift places up along axis; those pushed off the end come in
// at the start. A negative shift moves them down.
func (x Variable) Roll(shift, axis int) Variable {
	in := x.check("roll")
	axis = resolveAxis("roll", axis, len(in.Shape))
	size := in.Shape[axis]
	if size == 0 {
		return x
	}
	shift = ((shift % size) + size) % size
	if shift == 0 {
		return x
	}
	return Concat(axis, slice(x, axis, size-shift, shift, 1), slice(x, axis, 0, size-shift, 1))
}

// Split cuts x along axis into parts of the given sizes, which must add up to the size
// of the axis. It panics with [*ShapeError] if they do not, and with [*ValueError] for
// a negative size.
func (x Variable) Split(axis int, sizes ...int) []Variable {
	in := x.check("split")
	axis = resolveAxis("split", axis, len(in.Shape))
	total := 0
	for _, size := range sizes {
		if size < 0 {
			panic(&ValueError{"split", fmt.Sprintf("size %d is negative", size)})
		}
		total += size
	}
	if total != in.Shape[axis] {
		panic(&ShapeError{"split", shapesOf(in), fmt.Sprintf("the sizes %v do not add up to axis %d", sizes, axis)})
	}
	parts := make([]Variable, len(sizes))
	start := 0
	for i, size := range sizes {
		parts[i] = slice(x, axis, start, size, 1)
		start += size
	}
	return parts
}

// Tile repeats x whole, the given number of times along each axis. With more repeats
// than axes x gets axes of size 1 in front; with fewer, the first axes are not
// repeated. It panics with [*ValueError] for a negative number.
func (x Variable) Tile(repeats ...int) Variable {
	in := x.check("tile")
	for _, r := range repeats {
		if r < 0 {
			panic(&ValueError{"tile", fmt.Sprintf("repeat %d is negative", r)})
		}
	}
	rank := max(len(repeats), len(in.Shape))
	// Each axis of size d repeated r times is a broadcast of [1, d] to [r, d].
	var narrow, wide, final []int
	for axis := range rank {
		r, d := 1, 1
		if k := axis - (rank - len(repeats)); k >= 0 {
			r = repeats[k]
		}
		if k := axis - (rank - len(in.Shape)); k >= 0 {
			d = in.Shape[k]
		}
		narrow, wide, final = append(narrow, 1, d), append(wide, r, d), append(final, r*d)
	}
	return x.Reshape(narrow...).BroadcastTo(wide...).Reshape(final...)
}

// Rot90 turns the plane of two axes by k right angles, from the first axis towards the second.
func (x Variable) Rot90(k, axis1, axis2 int) Variable {
	in := x.check("rot90")
	resolveAxes("rot90", []int{axis1, axis2}, len(in.Shape))
	switch k & 3 {
	case 1:
		return x.Flip(axis2).Transpose(axis1, axis2)
	case 2:
		return x.Flip(axis1, axis2)
	case 3:
		return x.Transpose(axis1, axis2).Flip(axis2)
	}
	return x
}

// UnfoldDim is the windows of the given size along axis, step apart: axis counts the windows,
// and a new last axis the elements of each. It panics with [*ValueError] for a size or step that
// is not positive, or a size above that of the axis.
func (x Variable) UnfoldDim(axis, size, step int) Variable {
	const op = "unfold dim"
	in := x.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	if size < 1 || step < 1 || size > in.Shape[axis] {
		panic(&ValueError{op, fmt.Sprintf("windows of %d elements, %d apart, of %d", size, step, in.Shape[axis])})
	}
	var index []int
	count := (in.Shape[axis]-size)/step + 1
	for w := range count {
		for k := range size {
			index = append(index, w*step+k)
		}
	}
	return x.IndexSelect(axis, index).Unflatten(axis, count, size).MoveDim(axis+1, -1)
}

// Meshgrid is the coordinates of a grid with the given vectors for sides: result i is an array
// with an axis for each vector that repeats xs[i] along its own. With xy the first two axes are
// exchanged, as for pictures. Scalars are vectors of one element. It panics with [*ShapeError]
// for more than one axis.
func Meshgrid(xy bool, xs ...Variable) []Variable {
	const op = "meshgrid"
	checkAll(op, xs)
	shape := make([]int, len(xs))
	for i, x := range xs {
		n := x.check(op)
		if len(n.Shape) > 1 {
			panic(&ShapeError{op, shapesOf(n), "expected vectors"})
		}
		shape[i] = n.Len()
	}
	grids := make([]Variable, len(xs))
	for i, x := range xs {
		side := slices.Repeat([]int{1}, len(xs))
		side[i] = shape[i]
		grids[i] = x.Reshape(side...).BroadcastTo(shape...)
		if xy && len(xs) > 1 {
			grids[i] = grids[i].Transpose(0, 1)
		}
	}
	return grids
}
