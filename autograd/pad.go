package autograd

import (
	"fmt"
	"slices"
	"sync"
)

// Padding: elements around an array.

// Pad puts before and after elements of the given value around x along each axis:
// widths is one pair for each axis, {before, after}; a negative width takes elements away, first.
// It panics with [*ValueError] for another number of pairs, or if more is taken away than there
// is.
func (x Variable) Pad(value float64, widths ...[2]int) Variable {
	x = cropped("pad", x, widths)
	inner := x
	var buffer [8]int
	for axis, w := range widths {
		w = [2]int{max(0, w[0]), max(0, w[1])}
		if w == [2]int{} {
			continue
		}
		shape := append(buffer[:0], x.n.Shape...)
		shape[axis] = w[0]
		before := x.full(value, shape...)
		shape[axis] = w[1]
		after := x.full(value, shape...)
		x = Concat(axis, before, x, after)
	}
	return paddedWhole(x, inner, "constant", value, widths)
}

// padOp is what a trace has. attr.i is the mode, attr.x the value, attr.ints the widths before and after
// each axis.
var padOp = wholeOp("pad", func(n *node) []Argument {
	rank := len(n.Shape)
	return arguments("mode", padModes[n.attr.i], "value", n.attr.x, "before", n.attr.ints[:rank], "after", n.attr.ints[rank:])
})

var padModes = [...]string{"constant", "reflection", "replication"}

// paddedWhole is y, which is x with elements around it.
func paddedWhole(y, x Variable, mode string, value float64, widths [][2]int) Variable {
	if y == x || !traces(x.n) {
		return y
	}
	list := make([]int, 2*len(widths))
	for axis, w := range widths {
		list[axis], list[axis+len(widths)] = max(0, w[0]), max(0, w[1])
	}
	return padOp.recordWhole(y, attributes{i: slices.Index(padModes[:], mode), x: value, ints: list}, x.n)
}

// cropped takes away what negative widths say.
func cropped(op string, x Variable, widths [][2]int) Variable {
	in := x.check(op)
	if len(widths) != len(in.Shape) {
		panic(&ValueError{op, fmt.Sprintf("expected %d pairs of widths, got %d", len(in.Shape), len(widths))})
	}
	for axis, w := range widths {
		size := in.Shape[axis] + min(w[0], 0) + min(w[1], 0)
		if size < 0 {
			panic(&ValueError{op, fmt.Sprintf("the widths %v of axis %d take more away than there is", w, axis)})
		}
		if size < in.Shape[axis] {
			x = slice(x, axis, max(0, -w[0]), size, 1)
		}
	}
	return x
}

// PadReflection is x with elements around it along each axis that repeat it in a mirror at its
// first and last element, which are not repeated themselves. widths is as for [Variable.Pad];
// it panics as that does, and for a width that is not below the size of the axis.
func (x Variable) PadReflection(widths ...[2]int) Variable {
	x = cropped("pad reflection", x, widths)
	y := padded("pad reflection", x, widths, func(i, size int) int {
		if i < 0 {
			i = -i
		}
		if i >= size {
			i = 2*(size-1) - i
		}
		return i
	})
	return paddedWhole(y, x, "reflection", 0, widths)
}

// PadReplication is x with elements around it along each axis that repeat the first and the last.
// widths is as for [Variable.Pad], and it panics as that does.
func (x Variable) PadReplication(widths ...[2]int) Variable {
	x = cropped("pad replication", x, widths)
	y := padded("pad replication", x, widths, func(i, size int) int { return min(max(i, 0), size-1) })
	return paddedWhole(y, x, "replication", 0, widths)
}

// PadCircular is x with elements around it along each axis that repeat it from the other end.
// widths is as for [Variable.Pad]; it panics as that does, and for a width above the size of the
// axis.
func (x Variable) PadCircular(widths ...[2]int) Variable {
	return padded("pad circular", cropped("pad circular", x, widths), widths, func(i, size int) int {
		if i < 0 {
			i += size
		}
		if i >= size {
			i -= size
		}
		return i
	})
}

// indexLists is memory for lists of indices.
var indexLists = sync.Pool{New: func() any { return new([]int) }}

// padded picks the elements from in front of x, which is cropped, to behind it; where gives the one that stands
// for position i of an axis.
func padded(op string, x Variable, widths [][2]int, where func(i, size int) int) Variable {
	list := indexLists.Get().(*[]int)
	defer indexLists.Put(list)
	for axis, w := range widths {
		w = [2]int{max(0, w[0]), max(0, w[1])}
		if w == [2]int{} {
			continue
		}
		size := x.Dim(axis)
		index := (*list)[:0]
		for i := -w[0]; i < size+w[1]; i++ {
			at := where(i, size)
			if at < 0 || at >= size {
				panic(&ValueError{op, fmt.Sprintf("the widths %v are too much for axis %d of size %d", w, axis, size)})
			}
			index = append(index, at)
		}
		*list = index
		x = x.IndexSelect(axis, index)
	}
	return x
}
