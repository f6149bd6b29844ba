package autograd

import (
	"fmt"
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

// Norm is the Euclidean norm √Σx² over axes, or of all elements without any. Its
// derivative at 0 is taken as 0.
func (x Variable) Norm(axes ...int) Variable {
	in := x.check("norm")
	squares := sumOp.applySet(x.Square().n, resolveAxes("norm", axes, len(in.Shape)), false)
	return rootOf(squares, Variable.Sqrt)
}

// NormP is the p-norm (Σ|x|ᵖ)^(1/p) over axes, or of all elements without any. p is
// positive; +Inf gives the greatest |x|. Its derivative at 0 is taken as 0.
func (x Variable) NormP(p float64, axes ...int) Variable {
	in := x.check("norm")
	set := resolveAxes("norm", axes, len(in.Shape))
	switch {
	case !(p > 0):
		panic(&ValueError{"norm", fmt.Sprintf("p = %g is not positive", p)})
	case math.IsInf(p, 1):
		return maxOp.applySet(x.Abs().n, set, false)
	case p == 1:
		return sumOp.applySet(x.Abs().n, set, false)
	}
	powers := sumOp.applySet(x.Abs().PowScalar(p).n, set, false)
	return rootOf(powers, func(s Variable) Variable { return s.PowScalar(1 / p) })
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
