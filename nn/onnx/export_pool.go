package onnx

import (
	"math"
	"slices"
)

// Pooling. ONNX's operators pool all axes but the first two, and windows that end outside of the
// padding are a matter on which its versions differ: here such windows get padding of their own.

// pooling is where windows lie along the pooled axes, the last ones.
type pooling struct {
	kernel, stride, padding, dilation []int
	adaptive                          []bool
	in, out                           []extents // of the pooled axes
}

func (e *exporter) pooling(i int) *pooling {
	count := len(e.intLists(i, "kernel")[0])
	in, out := e.inDims(i, 0), e.dims(i)
	p := &pooling{in: in[len(in)-count:], out: out[len(out)-count:]}
	for _, a := range e.intLists(i, "adaptive")[0] {
		p.adaptive = append(p.adaptive, a == 1)
	}
	if slices.Contains(p.adaptive, true) {
		p.kernel, p.stride = e.intLists(i, "kernel")[0], e.intLists(i, "stride")[0]
		p.padding, p.dilation = e.intLists(i, "padding")[0], e.intLists(i, "dilation")[0]
		return p
	}
	p.kernel, p.stride = e.theInts(i, "kernel"), e.theInts(i, "stride")
	p.padding, p.dilation = e.theInts(i, "padding"), e.theInts(i, "dilation")
	return p
}

// divides says that adaptive windows are all of one size, side by side, as others are, and makes them so.
func (p *pooling) divides() bool {
	for k, adaptive := range p.adaptive {
		if !adaptive {
			continue
		}
		size, parts := p.in[k], p.out[k]
		if !size.constant() || !parts.constant() || size[0]%parts[0] != 0 {
			return false
		}
		p.kernel[k], p.stride[k], p.padding[k], p.dilation[k] = size[0]/parts[0], size[0]/parts[0], 0, 1
	}
	return true
}

// after is the padding at the end that the windows need along axis k.
func (e *exporter) after(p *pooling, k int) int {
	var need extents
	for t := range e.traces {
		need = append(need, max(p.padding[k], (p.out[k][t]-1)*p.stride[k]+p.dilation[k]*(p.kernel[k]-1)+1-p.in[k][t]-p.padding[k]))
	}
	if !need.constant() {
		e.fail(e.dependence(false, "the windows that are partly outside differ"))
	}
	return need[0]
}

// asImages is x with two axes before the pooled ones, and how to undo it.
func (e *exporter) asImages(i int, x string, pooled int) (y string, undo func(y string) string) {
	in, out := e.inDims(i, 0), e.dims(i)
	lead := len(in) - pooled
	if lead == 2 {
		return x, func(y string) string { return y }
	}
	rows := []extents{{1}, e.product(in[:lead])}
	from, to := slices.Concat(rows, in[lead:]), slices.Concat(rows, out[lead:])
	return e.reshaped(x, in, from), func(y string) string { return e.reshaped(y, to, out) }
}

func exportMaxPool(e *exporter, i int) string {
	p := e.pooling(i)
	if !p.divides() {
		return e.partsOf(i, p)
	}
	x, undo := e.asImages(i, e.in(i, 0), len(p.kernel))
	var after []int
	for k := range p.kernel {
		after = append(after, e.after(p, k))
	}
	before := p.padding
	for k := range after {
		if after[k] >= p.kernel[k] { // more than the operator takes
			x = e.around(i, x, before, after, math.Inf(-1))
			before, after = make([]int, len(before)), make([]int, len(after))
			break
		}
	}
	return undo(e.emit("MaxPool", []string{x}, attrInts("kernel_shape", p.kernel), attrInts("strides", p.stride),
		attrInts("pads", slices.Concat(before, after)), attrInts("dilations", p.dilation)))
}

// partsOf is the greatest element of parts that are not of one size, along one axis after the other.
func (e *exporter) partsOf(i int, p *pooling) string {
	x := e.in(i, 0)
	lead := e.rank(i) - len(p.kernel)
	for k := range p.kernel {
		size, parts := p.in[k], p.out[k]
		if !p.adaptive[k] {
			continue
		}
		if !size.constant() || !parts.constant() {
			e.fail(e.dependence(false, "parts of an axis differ"))
		}
		var list []string
		for part := range parts[0] {
			from, to := part*size[0]/parts[0], ((part+1)*size[0]+parts[0]-1)/parts[0]
			piece := e.emit("Slice", []string{x, e.ints(from), e.ints(to), e.ints(lead + k)})
			list = append(list, e.emit("ReduceMax", []string{piece}, attrInts("axes", []int{lead + k}), attrInt("keepdims", 1)))
		}
		x = e.emit("Concat", list, attrInt("axis", lead+k))
	}
	return x
}

func exportAvgPool(e *exporter, i int) string {
	p := e.pooling(i)
	whole := true
	for k := range p.adaptive {
		whole = whole && p.adaptive[k] && p.out[k].constant() && p.out[k][0] == 1
	}
	if whole {
		x, undo := e.asImages(i, e.in(i, 0), len(p.kernel))
		return undo(e.op1("GlobalAveragePool", x))
	}
	if !p.divides() {
		return e.meansOf(i, p)
	}
	x, undo := e.asImages(i, e.in(i, 0), len(p.kernel))
	exclude, divisor := the[bool](e, i, "exclude padding"), the[float64](e, i, "divisor")
	before, after := slices.Clone(p.padding), []int(nil)
	outside := false
	for k := range p.kernel {
		after = append(after, e.after(p, k))
		outside = outside || after[k] > p.padding[k]
	}
	// Padding that counts is put there as zeros, unless all padding does. With a divisor all of it counts.
	count := 1
	switch {
	case divisor != 0:
		if outside {
			x, before, after = e.around(i, x, before, after, 0), make([]int, len(before)), make([]int, len(before))
		}
	case exclude:
		count = 0
	case outside:
		rest := make([]int, len(after))
		for k := range after {
			rest[k] = after[k] - p.padding[k]
		}
		x, before, after, count = e.around(i, x, before, before, 0), make([]int, len(before)), rest, 0
	}
	y := e.emit("AveragePool", []string{x}, attrInts("kernel_shape", p.kernel), attrInts("strides", p.stride),
		attrInts("pads", slices.Concat(before, after)), attrInt("count_include_pad", count))
	if divisor != 0 {
		y = e.mulScalar(i, y, float64(product(p.kernel))/divisor)
	}
	return undo(y)
}

// around puts elements of a value around images.
func (e *exporter) around(i int, x string, before, after []int, value float64) string {
	return e.emit("Pad", []string{x, e.ints(slices.Concat([]int{0, 0}, before, []int{0, 0}, after)...), e.scalar(i, value)})
}

// meansOf is the means of parts that are not of one size, along one axis after the other: products with
// matrices [parts, size].
func (e *exporter) meansOf(i int, p *pooling) string {
	x, rank := e.in(i, 0), e.rank(i)
	for k := range p.kernel {
		size, parts := p.in[k], p.out[k]
		if !p.adaptive[k] {
			continue
		}
		if !size.constant() || !parts.constant() {
			e.fail(e.dependence(false, "parts of an axis differ"))
		}
		n, m := size[0], parts[0]
		values := make([]float64, n*m)
		for part := range m {
			from, to := part*n/m, ((part+1)*n+m-1)/m
			for at := from; at < to; at++ {
				values[at*m+part] = 1 / float64(to-from)
			}
		}
		perm := make([]int, rank)
		for axis := range perm {
			perm[axis] = axis
		}
		axis := rank - len(p.kernel) + k
		perm[axis], perm[rank-1] = rank-1, axis
		exchange := func(x string) string {
			if axis == rank-1 {
				return x
			}
			return e.emit("Transpose", []string{x}, attrInts("perm", perm))
		}
		x = exchange(e.op2("MatMul", exchange(x), e.floats(i, []int{n, m}, values...)))
	}
	return x
}
