package autograd

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Pooling: windows slide over the last axes of an array, one axis for signals, two for
// images, three for volumes, and each gives its greatest element or its mean. Axes before
// those, such as batch and channels, stay.

// MaxPoolConfig configures [Variable.MaxPool]. Kernel has a size for each axis that is
// pooled, the last of which is that of the last axis; there may be one to three. The other
// lists have as many numbers, or one for all axes.
type MaxPoolConfig struct {
	Kernel   []int
	Stride   []int // from one window to the next; nil means Kernel
	Padding  []int // elements on both sides that are never the greatest, at most half of Kernel; nil means 0
	Dilation []int // distance of the kernel's elements; nil means 1
	Ceil     bool  // a window too where only a part is left
}

// AvgPoolConfig configures [Variable.AvgPool], as [MaxPoolConfig] does MaxPool.
type AvgPoolConfig struct {
	Kernel         []int
	Stride         []int   // from one window to the next; nil means Kernel
	Padding        []int   // zeros on both sides, at most half of Kernel; nil means none
	Ceil           bool    // a window too where only a part is left
	ExcludePadding bool    // divide by the number of elements that are no padding
	Divisor        float64 // divide by it; 0 means by the number of elements
}

// MaxPool is the greatest element of each window on the last axes of x; without a Stride
// windows do not overlap. Along an axis of size n there are ⌊(n + 2·padding −
// dilation·(kernel−1) − 1)/stride⌋ + 1 windows, with Ceil ⌈…⌉ + 1 unless the last would
// begin in the padding. NaN counts as greater than any number. The gradient goes to the
// greatest element, the first where there are several, as in PyTorch. It panics with
// [*ValueError] unless the sizes are positive and the padding is at most half of the
// kernel, and with [*ShapeError] if x has fewer axes, or one that is smaller than the
// window.
func (x Variable) MaxPool(config MaxPoolConfig) Variable {
	in := x.check(maxPoolOp.name)
	p := config.on(in.Shape)
	return maxPool(in, &p, len(config.Kernel), false).done()
}

// MaxPoolIndices is [Variable.MaxPool] and where the greatest elements lie: indices into
// the pooled axes, in row-major order as if they were one, for each element of y in
// row-major order. It panics as that does.
func (x Variable) MaxPoolIndices(config MaxPoolConfig) (y Variable, indices []int) {
	in := x.check(maxPoolOp.name)
	p := config.on(in.Shape)
	n := maxPool(in, &p, len(config.Kernel), true)
	return n.done(), n.maxPoolIndices(&p)
}

// AdaptiveMaxPool is the greatest element of each part of the last axes of x, which are
// divided into so many parts as equal as can be: along an axis of n elements in m parts,
// part i is those from ⌊i·n/m⌋ to before ⌈(i+1)·n/m⌉. There are one to three sizes, the
// last of which is for the last axis; 0 leaves an axis as it is. Like [Variable.MaxPool]
// otherwise; it panics with [*ValueError] for negative sizes or another number of them, and
// with [*ShapeError] if x has fewer axes or no elements along one that is divided.
func (x Variable) AdaptiveMaxPool(sizes ...int) Variable {
	in := x.check(maxPoolOp.name)
	p := adaptivePooling(maxPoolOp.name, in.Shape, sizes)
	return maxPool(in, &p, len(sizes), false).done()
}

// AdaptiveMaxPoolIndices is [Variable.AdaptiveMaxPool] and where the greatest elements lie,
// as [Variable.MaxPoolIndices] says it, and panics as they do.
func (x Variable) AdaptiveMaxPoolIndices(sizes ...int) (y Variable, indices []int) {
	in := x.check(maxPoolOp.name)
	p := adaptivePooling(maxPoolOp.name, in.Shape, sizes)
	n := maxPool(in, &p, len(sizes), true)
	return n.done(), n.maxPoolIndices(&p)
}

// AvgPool is the mean of each window on the last axes of x, which lie as those of
// [Variable.MaxPool]. It panics as that does.
func (x Variable) AvgPool(config AvgPoolConfig) Variable {
	in := x.check(avgPoolOp.name)
	p := slidingPooling(avgPoolOp.name, in.Shape, config.Kernel, config.Stride, config.Padding, nil, config.Ceil)
	return avgPool(x, tensor.Averaging{Pooling: p, ExcludePadding: config.ExcludePadding, Divisor: config.Divisor}, len(config.Kernel))
}

// AdaptiveAvgPool is the mean of each part of the last axes of x, which lie as those of
// [Variable.AdaptiveMaxPool]. With sizes 1 and 1 it is the mean of each image. It panics as
// that does.
func (x Variable) AdaptiveAvgPool(sizes ...int) Variable {
	in := x.check(avgPoolOp.name)
	return avgPool(x, tensor.Averaging{Pooling: adaptivePooling(avgPoolOp.name, in.Shape, sizes)}, len(sizes))
}

var maxPoolOp *op

// attr.ints is where the windows lie, attr.i along how many axes, aux which element of each is the greatest.
func init() {
	maxPoolOp = &op{
		name: "max pool",
		arguments: func(n *node) []Argument {
			at := poolingOf(n)
			return arguments(windowArguments(&at, n.attr.i)...)
		},
		vjp: func(p *pass, n *node, g Variable) {
			at, planes, windows := planesOf(n)
			places := scatter(g.Reshape(planes, windows), 1, n.maxPoolIndices(&at), []int{planes, planeSize(&at)})
			p.add(n, 0, places.Reshape(n.in[0].Shape...))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			at, planes, windows := planesOf(n)
			return gather(t(0).Reshape(planes, planeSize(&at)), 1, n.maxPoolIndices(&at), []int{planes, windows}).Reshape(n.Shape...)
		},
		fused: func(p *pass, n, g *node) {
			at := poolingOf(n)
			dst, accumulate := p.destination(n, 0)
			tensor.MaxPoolBackward(dst, &g.Array, &n.aux.Array, &at, accumulate)
		},
	}
}

// planesOf is where the windows lie whose greatest elements n is, in how many planes, and how
// many there are in each.
func planesOf(n *node) (at tensor.Pooling, planes, windows int) {
	at = poolingOf(n)
	if windows = at.Windows(); windows > 0 {
		planes = n.Len() / windows
	}
	return at, planes, windows
}

// maxPool keeps which elements are the greatest if a backward pass, or the caller, will ask.
func maxPool(in *node, at *tensor.Pooling, axes int, ask bool) *node {
	n := pooled(maxPoolOp, in, at, axes)
	tensor.MaxPool(&n.Array, &in.Array, n.keepIndex(at, ask), at)
	return n
}

// keepIndex is n's aux, in which to keep which elements are the greatest, or nil.
func (n *node) keepIndex(at *tensor.Pooling, ask bool) *tensor.Array {
	if ask || n.tracked || n.kind == derived {
		return &n.keepArray([]int{at.IndexSize(n.DType, n.Len())}).Array
	}
	return nil
}

// maxPoolIndices is where the elements of n lie in the planes of its operand.
func (n *node) maxPoolIndices(at *tensor.Pooling) []int {
	indices := make([]int, n.Len())
	tensor.MaxPoolIndices(indices, &n.aux.Array, at)
	return indices
}

// A mean is linear: its gradient is its adjoint, which spreads each number over its window
// in equal shares, and the gradient of that is the mean. In both, attr.ints is where the
// windows lie, attr.i along how many axes, attr.keep ExcludePadding and attr.x Divisor.
var avgPoolOp, avgSpreadOp *op

func init() {
	avgPoolOp = &op{
		name:      "avg pool",
		arguments: averagingArguments,
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, avgSpread(g, n.in[0].Shape, averagingOf(n), n.attr.i))
		},
		jvp: func(n *node, t func(int) Variable) Variable { return avgPool(t(0), averagingOf(n), n.attr.i) },
		fused: func(p *pass, n, g *node) {
			at := averagingOf(n)
			dst, accumulate := p.destination(n, 0)
			tensor.AvgPoolBackward(dst, &g.Array, &at, accumulate)
		},
	}
	avgSpreadOp = &op{
		name:      "avg pool backward",
		arguments: averagingArguments,
		vjp:       func(p *pass, n *node, g Variable) { p.add(n, 0, avgPool(g, averagingOf(n), n.attr.i)) },
		jvp: func(n *node, t func(int) Variable) Variable {
			return avgSpread(t(0), n.Shape, averagingOf(n), n.attr.i)
		},
	}
}

func avgPool(x Variable, at tensor.Averaging, axes int) Variable {
	in := x.check(avgPoolOp.name)
	n := pooled(avgPoolOp, in, &at.Pooling, axes)
	n.attr.keep, n.attr.x = at.ExcludePadding, at.Divisor
	tensor.AvgPool(&n.Array, &in.Array, &at)
	return n.done()
}

// avgSpread is the adjoint of avgPool of arrays of this shape.
func avgSpread(x Variable, shape []int, at tensor.Averaging, axes int) Variable {
	in := x.check(avgSpreadOp.name)
	n := avgSpreadOp.result(in.DType, shape, in)
	n.keepPooling(&at.Pooling)
	n.attr.i, n.attr.keep, n.attr.x = axes, at.ExcludePadding, at.Divisor
	tensor.AvgPoolBackward(&n.Array, &in.Array, &at, false)
	return n.done()
}

// pooled makes the node for what is pooled of in along the last axes.
func pooled(o *op, in *node, at *tensor.Pooling, axes int) *node {
	var buffer [8]int
	shape := append(buffer[:0], in.Shape...)
	for i := range axes {
		shape[len(shape)-1-i] = at[2-i].Count
	}
	n := o.result(in.DType, shape, in)
	n.keepPooling(at)
	n.attr.i = axes
	return n
}

// keepPooling and poolingOf store windows in a node and read them: they are the last numbers.
func (n *node) keepPooling(at *tensor.Pooling) { n.attr.ints = appendPooling(n.attr.ints[:0], at) }

func appendPooling(list []int, at *tensor.Pooling) []int {
	for i := range at {
		a, adaptive := &at[i], 0
		if a.Adaptive {
			adaptive = 1
		}
		list = append(list, a.Size, a.Count, a.Kernel, a.Stride, a.Padding, a.Dilation, adaptive)
	}
	return list
}

func poolingOf(n *node) (at tensor.Pooling) {
	i := n.attr.ints[len(n.attr.ints)-7*len(at):]
	for k := range at {
		at[k] = tensor.PoolAxis{Size: i[0], Count: i[1], Kernel: i[2], Stride: i[3], Padding: i[4], Dilation: i[5], Adaptive: i[6] == 1}
		i = i[7:]
	}
	return at
}

func averagingArguments(n *node) []Argument {
	at := averagingOf(n)
	return arguments(append(windowArguments(&at.Pooling, n.attr.i), "exclude padding", at.ExcludePadding, "divisor", at.Divisor)...)
}

func averagingOf(n *node) tensor.Averaging {
	return tensor.Averaging{Pooling: poolingOf(n), ExcludePadding: n.attr.keep, Divisor: n.attr.x}
}

// planeSize is the number of elements that are pooled together.
func planeSize(at *tensor.Pooling) int { return at[0].Size * at[1].Size * at[2].Size }

// on places the windows on an array of this shape.
func (c *MaxPoolConfig) on(shape []int) tensor.Pooling {
	p := slidingPooling(maxPoolOp.name, shape, c.Kernel, c.Stride, c.Padding, c.Dilation, c.Ceil)
	for i := range p {
		if p[i].Dilation > 1 && p[i].Empty() {
			panic(&ShapeError{maxPoolOp.name, [][]int{slices.Clone(shape)}, "a window lies in the padding as a whole"})
		}
	}
	return p
}

// slidingPooling places windows that slide along the last axes of an array.
func slidingPooling(name string, shape []int, kernel, stride, padding, dilation []int, ceil bool) tensor.Pooling {
	p := wholeAxes(name, shape, len(kernel))
	if stride == nil {
		stride = kernel
	}
	for i, size := range kernel {
		a := &p[3-len(kernel)+i]
		a.Kernel = size
		a.Stride = perAxis(name, "Stride", stride, i, len(kernel), 1)
		a.Padding = perAxis(name, "Padding", padding, i, len(kernel), 0)
		a.Dilation = perAxis(name, "Dilation", dilation, i, len(kernel), 1)
		if size < 1 || a.Stride < 1 || a.Dilation < 1 || tooLarge(size, a.Stride, a.Dilation) {
			panic(&ValueError{name, fmt.Sprintf("a kernel of %d with stride %d and dilation %d: expected positive numbers, at most %d", size, a.Stride, a.Dilation, maxWindow)})
		}
		if a.Padding < 0 || 2*a.Padding > size {
			panic(&ValueError{name, fmt.Sprintf("a padding of %d for a kernel of %d: expected at most half of it", a.Padding, size)})
		}
		room := a.Size + 2*a.Padding - a.Dilation*(size-1) - 1
		if room < 0 || a.Size == 0 {
			panic(&ShapeError{name, [][]int{slices.Clone(shape)}, fmt.Sprintf("a kernel of %v is larger than the padded axis, or this has no elements", slices.Clone(kernel))})
		}
		a.Count = room/a.Stride + 1
		if ceil && room%a.Stride != 0 && a.Count*a.Stride < a.Size+a.Padding {
			a.Count++
		}
	}
	return p
}

// adaptivePooling divides the last axes of an array.
func adaptivePooling(name string, shape []int, sizes []int) tensor.Pooling {
	p := wholeAxes(name, shape, len(sizes))
	for i, parts := range sizes {
		a := &p[3-len(sizes)+i]
		switch {
		case parts < 0:
			panic(&ValueError{name, fmt.Sprintf("%d parts of an axis", parts)})
		case parts > 0 && a.Size == 0:
			panic(&ShapeError{name, [][]int{slices.Clone(shape)}, "expected elements along the axes that are divided"})
		case parts > 0:
			*a = tensor.AdaptiveAxis(a.Size, parts)
		}
	}
	return p
}

// wholeAxes are the last axes of an array without windows.
func wholeAxes(name string, shape []int, axes int) (p tensor.Pooling) {
	if axes < 1 || axes > 3 {
		panic(&ValueError{name, fmt.Sprintf("sizes for %d axes: expected one to three", axes)})
	}
	if len(shape) < axes {
		panic(&ShapeError{name, [][]int{slices.Clone(shape)}, fmt.Sprintf("expected %d axes at least", axes)})
	}
	for i := range p {
		size := 1
		if back := 3 - i; back <= axes {
			size = shape[len(shape)-back]
		}
		p[i] = tensor.WholeAxis(size)
	}
	return p
}

// perAxis is the number for axis i of a list that has one for each axis, one for all or
// none.
func perAxis(op, field string, list []int, i, axes, otherwise int) int {
	switch len(list) {
	case 0:
		return otherwise
	case 1:
		return list[0]
	case axes:
		return list[i]
	}
	panic(&ValueError{op, fmt.Sprintf("%s has %d numbers for %d axes", field, len(list), axes)})
}
