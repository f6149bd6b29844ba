package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Statistics and norms, and other reductions made of those of reduce.go.

// Var is the variance over axes, or of all elements without any, with Bessel's
// correction: Σ(x−x̄)²/(n−1). Of a single element it is NaN. For the uncorrected
// variance see [Variable.VarWith].
func (x Variable) Var(axes ...int) Variable { return x.VarWith(1, axes...) }

// VarWith is Σ(x−x̄)²/(n−correction) over axes: correction 0 gives the variance of a
// population, 1 the unbiased estimate from a sample. It panics with [*ShapeError]
// if there are no elements.
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

// VarMean is [Variable.VarWith] and the mean.
func (x Variable) VarMean(correction float64, axes ...int) (variance, mean Variable) {
	return x.VarWith(correction, axes...), x.Mean(axes...)
}

// StdMean is [Variable.StdWith] and the mean.
func (x Variable) StdMean(correction float64, axes ...int) (std, mean Variable) {
	return x.StdWith(correction, axes...), x.Mean(axes...)
}

// CovConfig configures [Cov].
type CovConfig struct {
	// Biased divides by the number of observations instead of by one less.
	Biased bool

	// Counts, if given, says how often each observation occurs.
	Counts []int

	// Weights [observations], unless the zero Variable, are weights of the observations.
	Weights Variable
}

// Cov is the covariance matrix [variables, variables] of x [variables, observations]; of one
// variable, which may be given as a vector, it is the variance, a scalar. It panics with [*ShapeError] if the shapes
// do not fit.
func Cov(x Variable, config CovConfig) Variable {
	const op = "cov"
	in := x.check(op)
	if len(in.Shape) > 2 {
		panic(&ShapeError{op, shapesOf(in), "expected [variables, observations]"})
	}
	if len(in.Shape) < 2 {
		x = x.Reshape(1, in.Len())
	}
	observations := x.Dim(1)
	ones := x.scalar(1).constant(observations)
	weights, counts := ones, ones
	if config.Counts != nil {
		if len(config.Counts) != observations {
			panic(&ShapeError{op, [][]int{append([]int{}, in.Shape...), {len(config.Counts)}}, "expected a count for each observation"})
		}
		values := make([]float64, observations)
		for i, c := range config.Counts {
			values[i] = float64(c)
		}
		counts = x.numbers(values, observations)
		weights = counts
	}
	factor := ones
	if config.Weights.n != nil {
		w := config.Weights.check(op)
		if len(w.Shape) > 1 || w.Len() != observations {
			panic(&ShapeError{op, shapesOf(in, w), "expected a weight for each observation"})
		}
		factor = config.Weights.Reshape(-1)
		weights = weights.Mul(factor)
	}
	total := weights.Sum()
	deviations := x.Sub(x.Mul(weights).SumKeepDims(1).Div(total))
	norm := total
	if !config.Biased {
		norm = total.Sub(weights.Mul(factor).Sum().Div(total))
	}
	c := deviations.Mul(weights).MatMul(deviations.T()).Div(norm)
	if c.Size() == 1 {
		return c.Reshape()
	}
	return c
}

// CorrCoef is the matrix of correlation coefficients of x [variables, observations]; of one
// variable it is 1, a scalar. It panics as [Cov] does.
func CorrCoef(x Variable) Variable {
	c := Cov(x, CovConfig{})
	if c.Rank() == 0 {
		return c.Div(c)
	}
	deviation := c.Diagonal(0).Sqrt()
	return c.Div(deviation.Unsqueeze(1)).Div(deviation)
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
