package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Reductions made of others, and running sums.

// Var is the variance over axes, or of all elements without any, with Bessel's
// correction: Σ(x−x̄)²/(n−1). Of a single element it is NaN. For the uncorrected
// variance see [Variable.VarWith].
func (x Variable) Var(axes ...int) Variable { return x.VarWith(1, axes...) }

// VarWith is Σ(x−x̄)²/(n−correction) over axes: correction 0 gives the variance of a
// population, 1 the unbiased estimate from a sample.
func (x Variable) VarWith(correction float64, axes ...int) Variable {
	in := x.check("var")
	set := resolveAxes("var", axes, len(in.Shape))
	deviations := x.Sub(meanOp.applySet(in, set, true)).Square()
	n := float64(countAlong(in.Shape, set))
	return sumOp.applySet(deviations.n, set, false).DivScalar(max(0, n-correction))
}

// Std is the standard deviation, the square root of [Variable.Var]. Its derivative is
// taken as 0 where all elements are equal.
func (x Variable) Std(axes ...int) Variable { return x.StdWith(1, axes...) }

// StdWith is the square root of [Variable.VarWith], with the derivative 0 where that is 0.
func (x Variable) StdWith(correction float64, axes ...int) Variable {
	return rootOf(x.VarWith(correction, axes...), Variable.Sqrt)
}

var normOp *reduction

// ∂‖x‖/∂x = x/‖x‖, taken as 0 where ‖x‖ is 0.
func init() {
	normOp = newReduction(reduction{
		op:      op{name: "norm"},
		kernel:  tensor.Norm,
		emptyOK: true,
		spread:  func(g, x, y Variable, axes uint64) Variable { return strongMul(g, zeroOver(x, y)) },
		gather: func(t, x, y Variable, axes uint64) Variable {
			return sumOp.applySet(strongMul(t, zeroOver(x, y)).n, axes, true)
		},
	})
}

// Norm is the Euclidean norm √Σx² over axes, or of all elements without any. It neither
// overflows nor underflows on the way. Its derivative at 0 is taken as 0.
func (x Variable) Norm(axes ...int) Variable { return normOp.apply(x, axes, false) }

// NormP is the p-norm (Σ|x|ᵖ)^(1/p) over axes, or of all elements without any, for any p but
// NaN: +Inf gives the greatest |x|, −Inf the least, and 0 the number of elements that are
// not 0, through which no gradient flows. The derivative by an element that is 0 is taken as
// 0. It neither overflows nor underflows on the way.
func (x Variable) NormP(p float64, axes ...int) Variable {
	in := x.check("norm")
	set := resolveAxes("norm", axes, len(in.Shape))
	switch {
	case math.IsNaN(p):
		panic(&ValueError{"norm", "p is NaN"})
	case p == 2:
		return normOp.applySet(in, set, false)
	case math.IsInf(p, 1):
		return maxOp.applySet(x.Abs().n, set, false)
	case math.IsInf(p, -1):
		return minOp.applySet(x.Abs().n, set, false)
	case p == 1:
		return sumOp.applySet(x.Abs().n, set, false)
	case p == 0:
		return sumOp.applySet(x.NotEqual(x.scalar(0)).n, set, false)
	}
	m := x.scale(set)
	zero := x.Equal(x.scalar(0))
	ratios := Where(zero, x.scalar(1), x.Abs().Div(m))
	powers := Where(zero, x.scalar(math.Pow(0, p)), ratios.PowScalar(p))
	sums := sumOp.applySet(powers.n, set, true)
	norms := rootOf(sums, func(s Variable) Variable { return s.PowScalar(1 / p) }).Mul(m)
	var buffer [8]int
	return norms.Reshape(reducedShape(buffer[:0], in.Shape, set, false)...)
}

// scale is the greatest |x| along axes as a constant, and 1 where that is 0, infinite, or of
// nothing: what to divide x by so that powers do not overflow. Axes are kept.
func (x Variable) scale(axes uint64) Variable {
	if countAlong(x.n.Shape, axes) == 0 {
		return x.scalar(1)
	}
	m := maxOp.applySet(x.Detach().Abs().n, axes, true)
	usable := m.Greater(m.scalar(0)).Mul(m.Less(m.scalar(math.Inf(1))))
	return Where(usable, m, m.scalar(1))
}

// rootOf is root(s), and 0 with derivative 0 where s is 0. The root is not computed
// there, where its derivative is infinite.
func rootOf(s Variable, root func(Variable) Variable) Variable {
	zero := s.Equal(s.scalar(0))
	return Where(zero, s.scalar(0), root(Where(zero, s.scalar(1), s)))
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
	return x.Reshape(shape...)
}

// prodAlong multiplies along one axis, which keeps size 1.
func (x Variable) prodAlong(axis int) Variable {
	size := x.n.Shape[axis]
	if size == 0 {
		var buffer [8]int
		shape := append(buffer[:0], x.n.Shape...)
		shape[axis] = 1
		return x.scalar(1).constant(shape...)
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

var cumSumOp *op

// A running sum's transpose is the running sum from the other end. attr.i is the
// axis, attr.keep says from the end.
func init() {
	cumSumOp = &op{
		name: "cumsum",
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, cumSum(g, n.attr.i, !n.attr.keep))
		},
		jvp: func(n *node, t func(int) Variable) Variable { return cumSum(t(0), n.attr.i, n.attr.keep) },
	}
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
