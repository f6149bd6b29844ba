package autograd

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Norms of vectors and matrices, and distances.

var normOp *reduction

// ∂‖x‖/∂x = x/‖x‖, taken as 0 where ‖x‖ is 0.
func init() {
	normOp = newReduction(reduction{
		op:      op{name: "norm"},
		kernel:  tensor.Norm,
		emptyOK: true,
		slope:   func(x, y Variable, axes uint64) Variable { return zeroOver(x, y) },
	})
}

// Norm is the Euclidean norm √Σx² over axes, or of all elements without any. It neither
// overflows nor underflows on the way. Its derivative at 0 is taken as 0.
func (x Variable) Norm(axes ...int) Variable { return normOp.apply(x, axes, false) }

// NormP is the p-norm (Σ|x|ᵖ)^(1/p) over axes, or of all elements without any, for any
// p but NaN: +Inf gives the greatest |x|, −Inf the least, and 0 the number of elements
// that are not 0, through which no gradient flows. The derivative by an element that is
// 0 is taken as 0. It neither overflows nor underflows on the way. NaN panics with
// [*ValueError].
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

// MatrixNorm is a norm of matrices [..., m, n], a number for each: for p 1 and +Inf the
// greatest sum of absolute values in a column and in a row, for p 2 the greatest singular
// value, and for −1, −Inf and −2 the least of these. It panics with [*ValueError] for
// another p. The norm of Frobenius is x.Norm(-2, -1); see also [Variable.NuclearNorm].
func (x Variable) MatrixNorm(p float64) Variable {
	const name = "matrix norm"
	rectangular(name, x)
	var sizes Variable
	switch math.Abs(p) {
	case 1:
		sizes = x.Abs().Sum(-2)
	case 2:
		sizes = x.SVDVals()
	case math.Inf(1):
		sizes = x.Abs().Sum(-1)
	default:
		panic(&ValueError{name, fmt.Sprintf("p is %g, expected ±1, ±2 or ±Inf", p)})
	}
	if p > 0 {
		return sizes.Max(-1)
	}
	return sizes.Min(-1)
}

// NuclearNorm is the sum of the singular values of matrices [..., m, n], a number for each.
func (x Variable) NuclearNorm() Variable { return x.SVDVals().Sum(-1) }

// Renorm scales the slices of x along axis whose p-norm is above limit down to that. It panics
// with [*ValueError] unless limit is positive.
func (x Variable) Renorm(p float64, axis int, limit float64) Variable {
	in := x.check("renorm")
	axis = resolveAxis("renorm", axis, len(in.Shape))
	if !(limit > 0) {
		panic(&ValueError{"renorm", "the limit must be positive"})
	}
	var others []int
	shape := append([]int{}, in.Shape...)
	for i := range shape {
		if i != axis {
			others = append(others, i)
			shape[i] = 1
		}
	}
	norms := x.Abs()
	if len(others) > 0 {
		norms = x.NormP(p, others...).Reshape(shape...)
	}
	// As PyTorch does, the divisor is a little more than the norm.
	factor := norms.AddScalar(1e-7).Reciprocal().MulScalar(limit)
	return x.Mul(Where(norms.Greater(norms.scalar(limit)), factor, factor.scalar(1)))
}

// CDist is the distances between rows: x [..., m, features] and y [..., n, features]
// give the p-norms of x's row i less y's row j, [..., m, n]. Axes in front broadcast.
// See [Variable.NormP]. It panics with [*ShapeError] for other shapes.
func CDist(x, y Variable, p float64) Variable {
	a, b := x.check("cdist"), y.check("cdist")
	if len(a.Shape) < 2 || len(b.Shape) < 2 || a.Shape[len(a.Shape)-1] != b.Shape[len(b.Shape)-1] {
		panic(&ShapeError{"cdist", shapesOf(a, b), "expected x [..., m, features] and y [..., n, features]"})
	}
	return x.Unsqueeze(-2).Sub(y.Unsqueeze(-3)).NormP(p, -1)
}

// PDist is the distances between all pairs of rows of x [n, features], of which there
// are n(n−1)/2: of rows 0 and 1, 0 and 2, …, 1 and 2, …. See [Variable.NormP]. It
// panics with [*ShapeError] for another number of axes.
func (x Variable) PDist(p float64) Variable {
	in := x.check("pdist")
	if len(in.Shape) != 2 {
		panic(&ShapeError{"pdist", shapesOf(in), "expected [n, features]"})
	}
	var first, second []int
	for i := range in.Shape[0] {
		for j := i + 1; j < in.Shape[0]; j++ {
			first, second = append(first, i), append(second, j)
		}
	}
	return gatherRows(x, first).Sub(gatherRows(x, second)).NormP(p, -1)
}
