package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Reductions over a set of axes. Without axes they reduce all, to a scalar. The
// KeepDims forms keep reduced axes with size 1, so that the result broadcasts
// against the operand; inside rules every gradient is brought to that form first.

// reduction is an operation that combines the elements along some axes.
// Nodes use attr.axes, the reduced axes, and attr.keep.
type reduction struct {
	op
	kernel func(dst, x *tensor.Array, axes uint64)

	// vjp and tangent in the form with kept axes: g and y have size 1 along
	// reduced axes. spread is g·∂y/∂x, of x's shape; gather is Σ t·∂y/∂x. Both follow
	// from slope, which is ∂y/∂x, where that is given.
	slope  func(x, y Variable, axes uint64) Variable
	spread func(g, x, y Variable, axes uint64) Variable
	gather func(t, x, y Variable, axes uint64) Variable

	// emptyOK says that reducing no elements at all has a meaning.
	emptyOK bool
}

func newReduction(r reduction) *reduction {
	o := &r
	if o.slope != nil {
		o.spread = func(g, x, y Variable, axes uint64) Variable { return strongMul(g, o.slope(x, y, axes)) }
		o.gather = func(t, x, y Variable, axes uint64) Variable {
			return sumOp.applySet(o.spread(t, x, y, axes).n, axes, true)
		}
	}
	o.arguments = func(n *node) []Argument {
		return arguments("axes", axesOf(n.attr.axes, len(n.in[0].Shape)), "keep", n.attr.keep)
	}
	o.vjp = func(p *pass, n *node, g Variable) {
		x, axes := n.arg(0), n.attr.axes
		p.add(n, 0, o.spread(g.keepDims(x, axes), x, n.variable().keepDims(x, axes), axes))
	}
	o.jvp = func(n *node, t func(int) Variable) Variable {
		x, axes := n.arg(0), n.attr.axes
		return o.gather(t(0), x, n.variable().keepDims(x, axes), axes).Reshape(n.Shape...)
	}
	return o
}

// keepDims is y, a reduction of x over axes, with reduced axes of size 1.
func (y Variable) keepDims(x Variable, axes uint64) Variable {
	var buffer [8]int
	return y.Reshape(reducedShape(buffer[:0], x.n.Shape, axes, true)...)
}

func reducedShape(dst, shape []int, axes uint64, keep bool) []int {
	for i, d := range shape {
		switch {
		case axes>>i&1 == 0:
			dst = append(dst, d)
		case keep:
			dst = append(dst, 1)
		}
	}
	return dst
}

func (o *reduction) apply(x Variable, axes []int, keep bool) Variable {
	in := x.check(o.name)
	return o.applySet(in, resolveAxes(o.name, axes, len(in.Shape)), keep)
}

func (o *reduction) applySet(in *node, axes uint64, keep bool) Variable {
	if !o.emptyOK && countAlong(in.Shape, axes) == 0 {
		panic(&ShapeError{o.name, shapesOf(in), "there are no elements to reduce"})
	}
	var buffer [8]int
	n := o.result(in.DType, reducedShape(buffer[:0], in.Shape, axes, keep), in)
	n.attr.axes, n.attr.keep = axes, keep
	o.kernel(&n.Array, &in.Array, axes)
	return n.done()
}

// countAlong is the number of elements that are combined into one.
func countAlong(shape []int, axes uint64) int {
	n := 1
	for i, d := range shape {
		if axes>>i&1 != 0 {
			n *= d
		}
	}
	return n
}

var sumOp *reduction

func init() {
	sumOp = newReduction(reduction{
		op:      op{name: "sum"},
		kernel:  tensor.Sum,
		emptyOK: true,
		spread: func(g, x, y Variable, axes uint64) Variable {
			return g.BroadcastTo(x.n.Shape...)
		},
		gather: func(t, x, y Variable, axes uint64) Variable {
			return sumOp.applySet(t.n, axes, true)
		},
	})
}

// Sum is the sum over axes, or over all without any. It is accumulated pairwise, in
// an order that depends on the shape alone. The sum of no elements is 0.
func (x Variable) Sum(axes ...int) Variable { return sumOp.apply(x, axes, false) }

// SumKeepDims is Sum with reduced axes kept at size 1.
func (x Variable) SumKeepDims(axes ...int) Variable { return sumOp.apply(x, axes, true) }

var meanOp *reduction

func init() {
	meanOp = newReduction(reduction{
		op: op{name: "mean"},
		kernel: func(dst, x *tensor.Array, axes uint64) {
			tensor.Sum(dst, x, axes)
			tensor.Scale(dst, dst, 1/float64(countAlong(x.Shape, axes)))
		},
		spread: func(g, x, y Variable, axes uint64) Variable {
			return g.MulScalar(1 / float64(countAlong(x.n.Shape, axes))).BroadcastTo(x.n.Shape...)
		},
		gather: func(t, x, y Variable, axes uint64) Variable {
			return meanOp.applySet(t.n, axes, true)
		},
	})
}

// Mean is the arithmetic mean over axes, or over all without any. It panics with
// [*ShapeError] if there are no elements.
func (x Variable) Mean(axes ...int) Variable { return meanOp.apply(x, axes, false) }

// MeanKeepDims is Mean with reduced axes kept at size 1.
func (x Variable) MeanKeepDims(axes ...int) Variable { return meanOp.apply(x, axes, true) }

// extremum is the greatest or the least element. The gradient is shared equally by all
// elements that attain it.
func extremum(name string, kernel func(dst, x *tensor.Array, axes uint64)) *reduction {
	return newReduction(reduction{
		op:     op{name: name},
		kernel: kernel,
		slope: func(x, y Variable, axes uint64) Variable {
			attained := x.Equal(y)
			return attained.Div(sumOp.applySet(attained.n, axes, true))
		},
	})
}

var maxOp *reduction

func init() {
	maxOp = extremum("max", tensor.Max)
}

// Max is the greatest element along axes, or of all without any; NaN if there is a
// NaN. The gradient is shared equally by the elements that attain it. It panics
// with [*ShapeError] if there are no elements.
func (x Variable) Max(axes ...int) Variable { return maxOp.apply(x, axes, false) }

// MaxKeepDims is Max with reduced axes kept at size 1.
func (x Variable) MaxKeepDims(axes ...int) Variable { return maxOp.apply(x, axes, true) }

var minOp *reduction

func init() {
	minOp = extremum("min", tensor.Min)
}

// Min is the least element along axes, or of all without any; NaN if there is a
// NaN. The gradient is shared equally by the elements that attain it. It panics
// with [*ShapeError] if there are no elements.
func (x Variable) Min(axes ...int) Variable { return minOp.apply(x, axes, false) }

// MinKeepDims is Min with reduced axes kept at size 1.
func (x Variable) MinKeepDims(axes ...int) Variable { return minOp.apply(x, axes, true) }

// softmaxOf is ∂y/∂x = eˣ⁻ʸ for y = ln Σ eˣ over axes. Where y is −Inf, it is 0; where y is
// +Inf, it is shared equally by the elements that are.
func softmaxOf(x, y Variable, axes uint64) Variable {
	if !y.n.someInfinite() {
		return x.Sub(y).Exp()
	}
	infinite := y.scalar(math.Inf(1))
	finite := Where(y.Abs().Equal(infinite), y.scalar(0), y)
	greatest := x.Equal(infinite)
	share := greatest.Div(sumOp.applySet(greatest.n, axes, true))
	return Where(y.Equal(infinite), share, x.Sub(finite).Exp())
}

// someInfinite reports whether an element is infinite or NaN.
func (n *node) someInfinite() bool { return tensor.HasNaNOrInf(&n.Array) }

var logSumExpOp *reduction

func init() {
	logSumExpOp = newReduction(reduction{op: op{name: "logsumexp"}, kernel: tensor.LogSumExp, slope: softmaxOf})
}

// LogSumExp is ln Σ eˣ over axes, or over all without any, without overflow. Of
// elements that are all −Inf it is −Inf, with gradient 0; the gradient is shared equally by
// elements that are +Inf. It panics with [*ShapeError] if there are no elements.
func (x Variable) LogSumExp(axes ...int) Variable { return logSumExpOp.apply(x, axes, false) }

// LogSumExpKeepDims is LogSumExp with reduced axes kept at size 1.
func (x Variable) LogSumExpKeepDims(axes ...int) Variable { return logSumExpOp.apply(x, axes, true) }

// AMinMax is the least and the greatest element over axes: [Variable.Min] and [Variable.Max].
func (x Variable) AMinMax(axes ...int) (least, greatest Variable) {
	return x.Min(axes...), x.Max(axes...)
}

// Prod is the product over axes, or of all elements without any. It multiplies in
// pairs, so derivatives of every order are right where elements are 0. The product
// of no elements is 1.
func (x Variable) Prod(axes ...int) Variable {
	in := x.check("prod")
	set := resolveAxes("prod", axes, len(in.Shape))
	var buffer [8]int
	shape := reducedShape(buffer[:0], in.Shape, set, false)
	for axis := range in.Shape {
		if set>>axis&1 != 0 {
			x = x.prodAlong(axis)
		}
	}
	return prodOp.recordWhole(x.Reshape(shape...), attributes{axes: set}, in)
}

// prodOp is what a trace has. attr.axes is the axes.
var prodOp = wholeOp("prod", func(n *node) []Argument {
	return arguments("axes", axesOf(n.attr.axes, len(n.in[0].Shape)), "keep", false)
})

// prodAlong multiplies along one axis, which keeps size 1.
func (x Variable) prodAlong(axis int) Variable {
	size := x.n.Shape[axis]
	if size == 0 {
		var buffer [8]int
		shape := append(buffer[:0], x.n.Shape...)
		shape[axis] = 1
		return x.full(1, shape...)
	}
	for size > 1 {
		half := size / 2
		product := slice(x, axis, 0, half, 1).Mul(slice(x, axis, half, half, 1))
		if size%2 == 1 {
			product = Concat(axis, product, slice(x, axis, size-1, 1, 1))
		}
		x, size = product, half+size%2
	}
	return x
}

// NanSum is the sum over axes, or over all without any, of elements that are not NaN. No
// gradient flows to those that are.
func (x Variable) NanSum(axes ...int) Variable {
	return Where(x.IsNaN(), x.scalar(0), x).Sum(axes...)
}

// NanMean is the mean over axes, or over all without any, of elements that are not NaN; NaN if
// there are none. No gradient flows to those that are.
func (x Variable) NanMean(axes ...int) Variable {
	missing := x.IsNaN()
	count := missing.MulScalar(-1).AddScalar(1).Sum(axes...)
	return Where(missing, x.scalar(0), x).Sum(axes...).Div(count)
}

// CountNonZero is the number of elements over axes, or over all without any, that are not 0.
// No gradient flows.
func (x Variable) CountNonZero(axes ...int) Variable {
	return x.NotEqual(x.scalar(0)).Sum(axes...)
}

// ArgMax is, for each row along axis, the index of the greatest element: the first
// of several, and the first NaN if there is one. The result lists rows in
// row-major order of the remaining axes. It panics with [*ShapeError] if axis has
// size 0.
func (x Variable) ArgMax(axis int) []int {
	return argOf("argmax", x, axis, tensor.ArgMax)
}

// ArgMin is, for each row along axis, the index of the least element, like
// [Variable.ArgMax]. It panics as that does.
func (x Variable) ArgMin(axis int) []int {
	return argOf("argmin", x, axis, tensor.ArgMin)
}

func argOf(op string, x Variable, axis int, kernel func(dst []int, x *tensor.Array, axis int)) []int {
	in := x.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	if in.Shape[axis] == 0 {
		panic(&ShapeError{op, shapesOf(in), "there are no elements to compare"})
	}
	dst := make([]int, in.Len()/in.Shape[axis])
	kernel(dst, &in.Array, axis)
	return dst
}

// sumToOp undoes a broadcast: it sums x over the axes along which the result's
// shape would have to be repeated to have x's.
var sumToOp *op

func init() {
	summed := func(_ *node, x Variable, like *node) Variable { return sumTo(x, like.Shape) }
	repeated := func(_ *node, x Variable, like *node) Variable { return x.BroadcastTo(like.Shape...) }
	sumToOp = newLinearMap("sum to", nil, summed, repeated)
}

// sumTo sums x to shape, which broadcasts to x's.
func sumTo(x Variable, shape []int) Variable {
	in := x.check(sumToOp.name)
	n := sumToOp.result(in.DType, shape, in)
	tensor.SumTo(&n.Array, &in.Array, false)
	return n.done()
}
