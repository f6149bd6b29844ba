package autograd

// Statistics, made of the reductions of reduce.go.

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
	ones := x.full(1, observations)
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
