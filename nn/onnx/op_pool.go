package onnx

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Pooling.
var poolOperators = family{"Pooling", []operator{
	{name: "MaxPool", since: 1, in: one, out: oneOrTwo, make: maxPool, note: "one to three axes"},
	{name: "AveragePool", since: 1, in: one, make: averagePool, note: "one to three axes"},
	{name: "LpPool", since: 2, in: one, make: lpPool, note: "one to three axes"},
	{name: "GlobalMaxPool", since: 1, in: one, make: simple(global(autograd.Variable.MaxKeepDims))},
	{name: "GlobalAveragePool", since: 1, in: one, make: simple(global(autograd.Variable.MeanKeepDims))},
	{name: "GlobalLpPool", since: 2, in: one, make: globalLpPool},
	{name: "MaxUnpool", since: 9, in: span{2, 3}, make: maxUnpool},
}}

// pooling is a window with a kernel of its own over input 0, and its results' shape.
func (c *call) pooling(w window) (full window, shape []int) {
	sizes := c.spatial(0)
	if len(sizes) > 3 {
		unsupportedf("pooling along %d axes", len(sizes))
	}
	ceil := w.ceil
	w = w.over(sizes, w.kernel)
	w.ceil = ceil
	shape = append(slices.Clone(c.in[0].Shape()[:2]), w.counts(sizes)...)
	c.room(shape...)
	return w, shape
}

// filled is x with a value around it such that windows without padding of their own are those
// of w: as much behind as the last window needs.
func (c *call) filled(x autograd.Variable, w window, shape []int, value float64) autograd.Variable {
	widths := make([][2]int, len(w.kernel))
	around := slices.Clone(x.Shape())
	for i := range widths {
		size := x.Dim(2 + i)
		need := (shape[2+i]-1)*w.strides[i] + w.reach(i)
		widths[i] = [2]int{w.pads[i], need - size - w.pads[i]}
		around[2+i] = need
	}
	c.room(around...)
	return padded(x, value, widths)
}

// plainPadding reports whether the pooling operation itself pads as w asks.
func (w window) plainPadding() (padding []int, ok bool) {
	both, more := w.symmetric()
	for i, m := range more {
		if m != [2]int{} || 2*both[i] > w.kernel[i] {
			return nil, false
		}
	}
	return both, !w.ceil
}

func maxPool(n *node) kernel {
	w := windowOf(n)
	w.ceil = n.flag("ceil_mode", false)
	byColumns := n.flag("storage_order", false)
	if w.kernel == nil {
		failf("there is no attribute kernel_shape")
	}
	return func(c *call) {
		w, shape := c.pooling(w)
		v := c.value(0)
		x := v.float
		if v.ints != nil { // bytes: exact as floating-point numbers
			if v.dtype != Int8 && v.dtype != Uint8 {
				unsupportedf("elements of type %v", v.dtype)
			}
			x = newVariable(convert(v.ints.Floats(), func(x float64) float32 { return float32(x) }), v.Shape())
		}
		x = c.onTape(x)
		config := autograd.MaxPoolConfig{Kernel: w.kernel, Stride: w.strides, Dilation: w.dilations}
		offset := make([]int, len(w.kernel))
		if padding, ok := w.plainPadding(); ok {
			config.Padding = padding
		} else {
			x = c.filled(x, w, shape, math.Inf(-1))
			copy(offset, w.pads)
		}
		if !c.node.wants(1) {
			c.setPooled(v, x.MaxPool(config))
			return
		}
		y, index := x.MaxPoolIndices(config)
		c.setPooled(v, y)
		c.setHost(1, c.poolIndices(index, x.Shape()[2:], offset, shape, byColumns))
	}
}

// setPooled makes y result 0, of the type of v.
func (c *call) setPooled(v Value, y autograd.Variable) {
	if v.ints != nil {
		c.setNumbers(0, v.dtype, y.Floats(), y.Shape())
		return
	}
	c.set(0, y)
}

// poolIndices is where the greatest elements lie in input 0 as a whole, from where they lie
// within images of the given sizes that have offset elements of padding in front.
func (c *call) poolIndices(index, padded, offset, shape []int, byColumns bool) *host.Array {
	sizes := c.in[0].Shape()[2:]
	image, steps, paddedSteps := product(sizes), host.Steps(sizes), host.Steps(padded)
	if byColumns {
		step := 1
		for i, n := range sizes {
			steps[i] = step
			step *= n
		}
	}
	perImage := max(product(shape[2:]), 1)
	result := make([]int, len(index))
	for i, p := range index {
		at := i / perImage * image
		for axis, step := range paddedSteps {
			at += (p/step%padded[axis] - offset[axis]) * steps[axis]
		}
		result[i] = at
	}
	return host.Ints(result...).Reshape(shape...)
}

// averagePool is the mean of each window, of the elements that are no padding unless
// count_include_pad asks for all. What lies behind the padding counts in no case.
func averagePool(n *node) kernel {
	w := windowOf(n)
	w.ceil = n.flag("ceil_mode", false)
	include := n.flag("count_include_pad", false)
	if w.kernel == nil {
		failf("there is no attribute kernel_shape")
	}
	return func(c *call) {
		w, shape := c.pooling(w)
		x := c.float(0)
		dilated := slices.Max(w.dilations) > 1
		if padding, ok := w.plainPadding(); ok && !dilated {
			c.set(0, x.AvgPool(autograd.AvgPoolConfig{Kernel: w.kernel, Stride: w.strides, Padding: padding, ExcludePadding: !include}))
			return
		}
		// Sums of windows, divided by how many elements each has.
		y := sumPool(c.filled(x, w, shape, 0), w, shape)
		c.set(0, y.Div(c.numbersOf(x.DType(), w.elements(c.in[0].Shape()[2:], shape[2:], include), shape[2:])))
	}
}

// sumPool is the sum of each window of x, which is padded already: as a convolution by ones of
// each channel.
func sumPool(x autograd.Variable, w window, shape []int) autograd.Variable {
	images := append([]int{x.Dim(0) * x.Dim(1), 1}, x.Shape()[2:]...)
	ones := autograd.Ones(x.DType(), append([]int{1, 1}, w.kernel...)...)
	y := convolutionConfig{window: w, padding: make([]int, len(w.kernel)), groups: 1}.convolve(x.Reshape(images...), ones, autograd.Variable{})
	return y.Reshape(shape...)
}

// elements is how many elements each window has: those of the axes, and those of the padding
// if it is included.
func (w window) elements(sizes, counts []int, include bool) []float64 {
	axes := len(sizes)
	y := []float64{1}
	for axis, n := range sizes {
		next := make([]float64, 0, len(y)*counts[axis])
		row := make([]float64, counts[axis])
		low, high := 0, n
		if include {
			low, high = -w.pads[axis], n+w.pads[axes+axis]
		}
		for i := range row {
			for k := range w.kernel[axis] {
				if p := i*w.strides[axis] - w.pads[axis] + k*w.dilations[axis]; p >= low && p < high {
					row[i]++
				}
			}
		}
		for _, a := range y {
			for _, b := range row {
				next = append(next, a*b)
			}
		}
		y = next
	}
	for i := range y {
		y[i] = max(y[i], 1) // a window of padding only is 0
	}
	return y
}

// lpPool is (Σ|x|ᵖ)^(1/p) of each window.
func lpPool(n *node) kernel {
	w, p := windowOf(n), float64(n.int("p", 2))
	w.ceil = n.flag("ceil_mode", false)
	if w.kernel == nil || p < 1 {
		failf("attributes kernel_shape %v and p %v", w.kernel, p)
	}
	return func(c *call) {
		w, shape := c.pooling(w)
		powers := c.float(0).Abs().PowScalar(p)
		c.set(0, sumPool(c.filled(powers, w, shape, 0), w, shape).PowScalar(1/p))
	}
}

// global is a kernel of a reduction over all axes behind batch and channels, which stay with
// size 1.
func global(reduce floatReduction) kernel {
	return func(c *call) {
		var axes []int
		for i := range c.spatial(0) {
			axes = append(axes, 2+i)
		}
		c.set(0, reduce(c.float(0), axes...))
	}
}

func globalLpPool(n *node) kernel {
	p := float64(n.int("p", 2))
	return global(func(x autograd.Variable, axes ...int) autograd.Variable {
		return x.Abs().PowScalar(p).SumKeepDims(axes...).PowScalar(1 / p)
	})
}

// maxUnpool puts elements where MaxPool found them, with zeros around.
func maxUnpool(n *node) kernel {
	w := windowOf(n)
	n.ignore("auto_pad")
	if w.kernel == nil {
		failf("there is no attribute kernel_shape")
	}
	return func(c *call) {
		sizes := c.spatial(0)
		w := w.over(sizes, w.kernel)
		if !slices.Equal(c.in[0].Shape(), c.value(1).Shape()) {
			failf("indices are %s, elements %s", c.in[1].describe(), c.in[0].describe())
		}
		// Indices are those of an array of the size that pooling takes to the input's.
		shape := slices.Clone(c.in[0].Shape())
		for i, size := range sizes {
			if size > maxElements/w.strides[i] {
				failf("strides %v of %s", w.strides, c.in[0].describe())
			}
			shape[2+i] = (size-1)*w.strides[i] + w.kernel[i] - w.pads[i] - w.pads[len(sizes)+i]
		}
		result := shape
		if c.has(2) {
			result = c.ints(2)
			if len(result) != len(shape) {
				failf("the shape is %v for %d axes", result, len(shape))
			}
		}
		c.room(shape...)
		c.room(result...)
		x := c.float(0)
		index := c.indices(1, product(shape))
		if !slices.Equal(result, shape) {
			index = c.moved(index, shape, result)
		}
		zeros := c.full(x.DType(), 0, product(result))
		c.set(0, zeros.Scatter(0, index, x.Reshape(x.Size())).Reshape(result...))
	}
}

// moved is indices into an array of one shape as those of the same elements in another.
func (c *call) moved(index, from, to []int) []int {
	steps, toSteps := host.Steps(from), host.Steps(to)
	y := make([]int, len(index))
	for i, p := range index {
		for axis, step := range steps {
			at := p / step % from[axis]
			if at >= to[axis] {
				failf("index %d is %d, beyond shape %v", i, p, to)
			}
			y[i] += at * toSteps[axis]
		}
	}
	return y
}
