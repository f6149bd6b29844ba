package autograd

import (
	"fmt"
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

// Split cuts x along axis into parts of the given sizes, which must add up to the
// size of the axis.
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

// Tile repeats x whole, the given number of times along each axis. With more
// repeats than axes x gets axes of size 1 in front; with fewer, the first axes are
// not repeated.
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

// Pad puts before and after elements of the given value around x along each axis:
// widths is one pair for each axis, {before, after}. It panics with [*ValueError]
// for a negative width or another number of pairs.
func (x Variable) Pad(value float64, widths ...[2]int) Variable {
	in := x.check("pad")
	if len(widths) != len(in.Shape) {
		panic(&ValueError{"pad", fmt.Sprintf("expected %d pairs of widths, got %d", len(in.Shape), len(widths))})
	}
	for axis, w := range widths {
		if w[0] < 0 || w[1] < 0 {
			panic(&ValueError{"pad", fmt.Sprintf("the widths %v of axis %d are negative", w, axis)})
		}
		if w == [2]int{} {
			continue
		}
		shape := append([]int{}, x.n.Shape...)
		shape[axis] = w[0]
		before := x.scalar(value).constant(shape...)
		shape[axis] = w[1]
		after := x.scalar(value).constant(shape...)
		x = Concat(axis, before, x, after)
	}
	return x
}

// MaskedFill is x with value where mask is not 0; mask broadcasts to x. No gradient
// flows to x there.
func (x Variable) MaskedFill(mask Variable, value float64) Variable {
	in := x.check("masked fill")
	join("masked fill", &mask, &x)
	return Where(mask.BroadcastTo(in.Shape...), x.scalar(value), x)
}
