package autograd

import (
	"fmt"
	"math"
	"slices"
)

// Resizing of images, signals and volumes. Along each axis it is linear in the elements: a
// choice of them, or a product with a matrix of weights.

// InterpolateMode says how [Variable.Interpolate] computes an element.
type InterpolateMode uint8

// The modes. Linear, bilinear and trilinear are one, for signals, images and volumes.
const (
	InterpolateNearest InterpolateMode = iota // the one at the place, rounded down
	InterpolateLinear                         // of the two next to the place along each axis
	InterpolateCubic                          // of the four next to it, by Keys' cubic convolution with a = −0.75
	InterpolateArea                           // the mean of all within: adaptive average pooling
)

// InterpolateConfig configures [Variable.Interpolate]. One of Size and Scale is given: a
// number for each axis, or one for all of them.
type InterpolateConfig struct {
	Size  []int     // of the result
	Scale []float64 // the result's size is ⌊size·scale⌋
	Mode  InterpolateMode

	// AlignCorners, of modes linear and cubic, puts the first and last elements of x and of
	// the result at the same places; otherwise the edges of these are at the same places.
	AlignCorners bool
}

// Interpolate resizes signals, images or volumes x [batch, channels, …] along the axes
// after the second. Element i of the result lies at the place (i+½)·s − ½ of x, with s one
// over the scale, or the quotient of the sizes; in mode nearest at ⌊i·s⌋, and with
// AlignCorners at i·(n−1)/(m−1). Places beyond an edge are taken as the edge. It panics
// with [*ShapeError] unless x has three axes or more, and elements along those, and with
// [*ValueError] for sizes that are not positive or not as many as the axes.
func (x Variable) Interpolate(config InterpolateConfig) Variable {
	const name = "interpolate"
	in := x.check(name)
	if len(in.Shape) < 3 || slices.Contains(in.Shape[2:], 0) {
		panic(&ShapeError{name, shapesOf(in), "expected [batch, channels, …] with elements"})
	}
	y := x
	for i := range len(in.Shape) - 2 {
		size, step := config.along(name, i, len(in.Shape)-2, in.Shape[2+i])
		y = y.interpolateAlong(2+i, size, step, config)
	}
	if !config.isResize(in, y.n) {
		return y
	}
	return resizeOp.recordWhole(y, attributes{i: int(config.Mode), keep: config.AlignCorners, x: config.uniformScale()}, x.n)
}

// resizeOp is what a trace has. attr.i is the mode, attr.keep AlignCorners, attr.x the scale, or 0
// where the sizes say it.
var resizeOp = wholeOp("resize", func(n *node) []Argument {
	return arguments("mode", InterpolateMode(n.attr.i).name(), "align corners", n.attr.keep, "scale", n.attr.x)
})

// name is what a mode is called.
func (m InterpolateMode) name() string {
	return [...]string{InterpolateNearest: "nearest", InterpolateLinear: "linear", InterpolateCubic: "cubic", InterpolateArea: "area"}[m]
}

// uniformScale is the scale of all axes, 0 if there is none.
func (c InterpolateConfig) uniformScale() float64 {
	if len(c.Scale) == 0 || slices.Min(c.Scale) != slices.Max(c.Scale) {
		return 0
	}
	return c.Scale[0]
}

// isResize reports whether resizing x to y is what others call so, to the last element: where the nearest
// one is taken, that is when each becomes a whole number of them.
func (c InterpolateConfig) isResize(x, y *node) bool {
	if !traces(x) || len(c.Scale) > 0 && c.uniformScale() == 0 {
		return false
	}
	whole := c.uniformScale() == math.Trunc(c.uniformScale())
	for i, size := range x.Shape {
		whole = whole && y.Shape[i]%size == 0
	}
	switch c.Mode {
	case InterpolateNearest:
		return whole
	case InterpolateLinear:
		return len(x.Shape) <= 5
	case InterpolateCubic:
		return len(x.Shape) == 4
	}
	return false
}

// along is the size of the result along axis i of count, and how far its elements are apart
// in x, which has had of them.
func (c InterpolateConfig) along(name string, i, count, had int) (size int, step float64) {
	given := len(c.Size) + len(c.Scale)
	if len(c.Size) > 0 && len(c.Scale) > 0 || given != 1 && given != count {
		panic(&ValueError{name, fmt.Sprintf("size %v and scale %v: expected one of them, with one number or %d", c.Size, c.Scale, count)})
	}
	if given == 1 {
		i = 0
	}
	if len(c.Size) > 0 {
		size = c.Size[i]
		step = float64(had) / float64(size)
	} else {
		size = int(min(float64(had)*c.Scale[i], math.MaxInt32))
		step = 1 / c.Scale[i]
	}
	if size < 1 {
		panic(&ValueError{name, fmt.Sprintf("an axis of %d elements would have %d", had, size)})
	}
	if c.AlignCorners && c.Mode != InterpolateNearest {
		step = float64(had-1) / float64(max(1, size-1))
	}
	return size, step
}

func (x Variable) interpolateAlong(axis, size int, step float64, config InterpolateConfig) Variable {
	had := x.n.Shape[axis]
	if config.Mode == InterpolateNearest {
		list := indexLists.Get().(*[]int)
		defer indexLists.Put(list)
		index := (*list)[:0]
		for i := range size {
			index = append(index, min(int(float64(i)*step), had-1))
		}
		*list = index
		return x.IndexSelect(axis, index)
	}
	last := len(x.n.Shape) - 1
	if config.Mode == InterpolateArea {
		sizes := make([]int, last+1-axis)
		sizes[0] = size
		return x.AdaptiveAvgPool(sizes...)
	}
	weights := x.full(0, size, had)
	for i := range size {
		place := float64(i) * step
		if !config.AlignCorners {
			place += step/2 - 0.5
		}
		addTaps(weights.n, i, place, config.Mode)
	}
	if axis != last {
		x = x.Transpose(axis, last)
	}
	y := matmul(x, weights, false, true)
	if axis != last {
		y = y.Transpose(axis, last)
	}
	return y
}

// addTaps adds the weights of the elements around a place to row i of a matrix.
func addTaps(weights *node, i int, place float64, mode InterpolateMode) {
	_, had := weights.size()
	add := func(at int, weight float64) {
		at = i*had + min(max(at, 0), had-1)
		weights.Set(at, weights.At(at)+weight)
	}
	if mode == InterpolateLinear {
		place = max(place, 0)
	}
	first := math.Floor(place)
	t := place - first
	if mode == InterpolateLinear {
		add(int(first), 1-t)
		add(int(first)+1, t)
		return
	}
	for k := range 4 {
		add(int(first)+k-1, cubicTap(math.Abs(t-float64(k-1))))
	}
}

// keys is a of the cubic convolution of Keys (1981).
const keys = -0.75

// cubicTap is the weight of an element at this distance from the place, up to 2.
func cubicTap(d float64) float64 {
	if d <= 1 {
		return ((keys+2)*d-(keys+3))*d*d + 1
	}
	return ((keys*d-5*keys)*d+8*keys)*d - 4*keys
}
