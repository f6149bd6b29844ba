package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// window is the attributes that convolutions and pooling have in common, each a number for
// each axis that the window slides along.
type window struct {
	kernel    []int // nil if the weights have it
	strides   []int
	dilations []int
	pads      []int // in front of each axis, then behind each
	auto      int   // how padding is found
	ceil      bool
}

// The ways to find the padding. With those for equal sizes a result has ⌈size/stride⌉ elements
// along an axis, and what cannot be divided equally is behind, or in front.
const (
	padAsGiven = iota
	padSameUpper
	padSameLower
	padNothing
)

func windowOf(n *node) window {
	return window{
		kernel:    n.ints("kernel_shape"),
		strides:   n.ints("strides"),
		dilations: n.ints("dilations"),
		pads:      n.ints("pads"),
		auto:      n.choice("auto_pad", "NOTSET", "SAME_UPPER", "SAME_LOWER", "VALID"),
	}
}

// over is the window with everything said, for axes of the given sizes and a kernel.
func (w window) over(sizes, kernel []int) window {
	axes := len(sizes)
	if w.kernel != nil && !slices.Equal(w.kernel, kernel) {
		failf("attribute kernel_shape is %v, the weights are for %v", w.kernel, kernel)
	}
	w.kernel = kernel
	w.strides, w.dilations = orOnes("strides", w.strides, axes), orOnes("dilations", w.dilations, axes)
	if w.pads == nil || w.auto != padAsGiven {
		w.pads = make([]int, 2*axes)
	}
	if len(w.kernel) != axes || len(w.pads) != 2*axes {
		failf("%d sizes of the kernel and %d of padding for %d axes", len(w.kernel), len(w.pads), axes)
	}
	for i, k := range w.kernel {
		if k < 1 || k > maxElements || w.dilations[i] > maxElements/k || w.pads[i] > maxElements || w.pads[axes+i] > maxElements {
			failf("a kernel of %v, %v apart, with padding %v", w.kernel, w.dilations, w.pads)
		}
		if w.auto == padSameUpper || w.auto == padSameLower {
			count := (sizes[i] + w.strides[i] - 1) / w.strides[i]
			missing := max((count-1)*w.strides[i]+w.reach(i)-sizes[i], 0)
			w.pads[i], w.pads[axes+i] = missing/2, missing-missing/2
			if w.auto == padSameLower {
				w.pads[i], w.pads[axes+i] = missing-missing/2, missing/2
			}
		}
	}
	return w
}

func orOnes(name string, list []int, axes int) []int {
	if list == nil {
		list = slices.Repeat([]int{1}, axes)
	}
	if len(list) != axes || axes > 0 && (slices.Min(list) < 1 || slices.Max(list) > maxElements) {
		failf("attribute %s is %v for %d axes", name, list, axes)
	}
	return list
}

// reach is how many elements the window spans along an axis.
func (w window) reach(axis int) int { return w.dilations[axis]*(w.kernel[axis]-1) + 1 }

// count is how many windows there are along an axis of a size.
func (w window) count(axis, size int) int {
	room := size + w.pads[axis] + w.pads[len(w.kernel)+axis] - w.reach(axis)
	if room < 0 {
		failf("a window over %d elements of an axis that has %d with its padding", w.reach(axis), room+w.reach(axis))
	}
	n := room/w.strides[axis] + 1
	if w.ceil && room%w.strides[axis] != 0 && n*w.strides[axis] < size+w.pads[axis] {
		n++ // begins within the elements or the padding in front
	}
	return n
}

// counts is count for all axes.
func (w window) counts(sizes []int) []int {
	counts := make([]int, len(sizes))
	for axis, n := range sizes {
		counts[axis] = w.count(axis, n)
	}
	return counts
}

// symmetric is the padding that is the same on both sides of each axis, and what there is more
// in front and behind.
func (w window) symmetric() (both []int, more [][2]int) {
	axes := len(w.kernel)
	both, more = make([]int, axes), make([][2]int, axes)
	for i := range axes {
		front, behind := w.pads[i], w.pads[axes+i]
		both[i] = max(min(front, behind), 0)
		more[i] = [2]int{front - both[i], behind - both[i]}
	}
	return both, more
}

// spatial is the sizes of the axes behind batch and channels.
func (c *call) spatial(i int) []int {
	shape := c.value(i).Shape()
	if len(shape) < 3 {
		failf("input %d is %s, expected batch, channels and one axis or more", i, c.in[i].describe())
	}
	return shape[2:]
}

// padded is x with a value around the axes behind batch and channels.
func padded(x autograd.Variable, value float64, widths [][2]int) autograd.Variable {
	if !slices.ContainsFunc(widths, func(w [2]int) bool { return w != [2]int{} }) {
		return x
	}
	return x.Pad(value, append([][2]int{{}, {}}, widths...)...)
}

// product is the product of a list.
func product(list []int) int { return host.SizeOf(list) }
