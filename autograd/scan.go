package autograd

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Running sums, products and extremes, differences, and integrals of samples.

var cumSumOp *op

// A running sum's transpose is the running sum from the other end. attr.i is the
// axis, attr.keep says from the end.
func init() {
	forward := func(n *node, x Variable, _ *node) Variable { return cumSum(x, n.attr.i, n.attr.keep) }
	back := func(n *node, x Variable, _ *node) Variable { return cumSum(x, n.attr.i, !n.attr.keep) }
	cumSumOp = newLinearMap("cumsum", func(n *node) []Argument { return arguments("axis", n.attr.i, "reverse", n.attr.keep) }, forward, back)
}

// CumSum is the running sum along axis: entry i is the sum of entries 0 … i.
func (x Variable) CumSum(axis int) Variable {
	in := x.check(cumSumOp.name)
	return cumSum(x, resolveAxis(cumSumOp.name, axis, len(in.Shape)), false)
}

func cumSum(x Variable, axis int, reverse bool) Variable {
	in := x.check(cumSumOp.name)
	n := cumSumOp.result(in.DType, in.Shape, in)
	n.attr.i, n.attr.keep = axis, reverse
	tensor.CumSum(&n.Array, &in.Array, axis, reverse)
	return n.done()
}

// CumProd is the running product along axis: entry i is the product of entries 0 … i. It
// multiplies in pairs, so derivatives of every order are right where elements are 0.
func (x Variable) CumProd(axis int) Variable {
	return runningPairs("cumprod", x, axis, Variable.Mul)
}

// LogCumSumExp is ln of the running sum of eˣ along axis, without overflow. While all are
// −Inf it is −Inf, with gradient 0.
func (x Variable) LogCumSumExp(axis int) Variable {
	y := runningPairs("logcumsumexp", x, axis, LogAddExp)
	if !y.n.someInfinite() {
		return y
	}
	low := y.scalar(math.Inf(-1))
	return Where(y.Equal(low), low, y)
}

// runningPairs combines entries 0 … i along axis for every i, by twos, fours and so on.
func runningPairs(op string, x Variable, axis int, combine func(a, b Variable) Variable) Variable {
	in := x.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	size := in.Shape[axis]
	for shift := 1; shift < size; shift *= 2 {
		later := combine(slice(x, axis, shift, size-shift, 1), slice(x, axis, 0, size-shift, 1))
		x = Concat(axis, slice(x, axis, 0, shift, 1), later)
	}
	return x
}

// CumMax is the greatest of entries 0 … i along axis for every i, NaN from a NaN on, and its
// index, the last of several. The gradient goes to that element.
func (x Variable) CumMax(axis int) (values Variable, index []int) {
	return runningExtreme("cummax", x, axis, Variable.Maximum, func(a, b float64) bool { return a >= b })
}

// CumMin is the least of entries 0 … i along axis for every i, like [Variable.CumMax].
func (x Variable) CumMin(axis int) (values Variable, index []int) {
	return runningExtreme("cummin", x, axis, Variable.Minimum, func(a, b float64) bool { return a <= b })
}

// runningExtreme picks elements; in a trace the values are those that combine, which is the greater
// or the lesser of two, gives.
func runningExtreme(op string, x Variable, axis int, combine func(a, b Variable) Variable, beats func(a, b float64) bool) (values Variable, index []int) {
	needElements(op, x, axis, 0)
	values, index = pick(op, x, axis, x.Dim(axis), true, func(row []float64, index []int) {
		best := 0
		for i, v := range row {
			if math.IsNaN(v) || !math.IsNaN(row[best]) && beats(v, row[best]) {
				best = i
			}
			index[i] = best
		}
	})
	if traces(x.n) {
		values = runningPairs(op, x, axis, combine)
	}
	return values, index
}

// Diff is the differences between neighbours along axis, taken n times: each time the axis
// gets shorter by one. It panics with [*ValueError] if n is negative.
func (x Variable) Diff(n, axis int) Variable {
	in := x.check("diff")
	axis = resolveAxis("diff", axis, len(in.Shape))
	if n < 0 {
		panic(&ValueError{"diff", "the number of times must not be negative"})
	}
	for range min(n, in.Shape[axis]) {
		size := x.Dim(axis) - 1
		x = slice(x, axis, 1, size, 1).Sub(slice(x, axis, 0, size, 1))
	}
	return x
}

// Trapezoid is the integral of samples y along axis by the trapezoidal rule. x has the places of
// the samples and y's shape, broadcasting, or is a vector along axis; the zero Variable stands
// for a distance of 1. It panics with [*ShapeError] if x does not fit.
func Trapezoid(y, x Variable, axis int) Variable {
	return trapezoids("trapezoid", y, x, axis).Sum(axis)
}

// CumulativeTrapezoid is the integrals of [Trapezoid] from the first sample to each later one.
func CumulativeTrapezoid(y, x Variable, axis int) Variable {
	return trapezoids("cumulative trapezoid", y, x, axis).CumSum(axis)
}

// trapezoids is the areas between neighbouring samples.
func trapezoids(op string, y, x Variable, axis int) Variable {
	in := y.check(op)
	axis = resolveAxis(op, axis, len(in.Shape))
	size := max(0, in.Shape[axis]-1)
	heights := slice(y, axis, min(1, in.Shape[axis]), size, 1).Add(slice(y, axis, 0, size, 1)).MulScalar(0.5)
	if x.n == nil {
		return heights
	}
	places := x.check(op)
	if len(places.Shape) == 1 && len(in.Shape) > 1 && places.Shape[0] == in.Shape[axis] {
		shape := slices.Repeat([]int{1}, len(in.Shape)-axis)
		shape[0] = places.Shape[0]
		x = x.Reshape(shape...)
	} else {
		x = x.BroadcastTo(in.Shape...)
	}
	return heights.Mul(x.Diff(1, axis-len(in.Shape)))
}
