package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Normalizations: y = (x − mean)/√(variance + ε), scaled and shifted. They differ in
// what mean and variance are taken over.

// LayerNorm normalizes over the axes of weight, which are the last ones of x, with mean
// and variance of its own for each of the other indices (Ba et al. 2016). The result is
// multiplied by weight and bias is added, which have the same shape; either may be the
// zero Variable for none, and without both it is over the last axis. eps is added to the
// variance; without it equal elements become 0, with derivative 0. It panics with [*ShapeError] if the shapes do not fit.
func LayerNorm(x, weight, bias Variable, eps float64) Variable {
	const name = "layer norm"
	in := x.check(name)
	last := trailing(name, in, weight, bias)
	joinGiven(name, &x, &weight, &bias)
	return affine(standardize(x, lastAxes(len(in.Shape), last), eps), weight, bias)
}

// RMSNorm divides x by the root of the mean of squares over the axes of weight, which
// are the last ones of x, and multiplies by weight (Zhang and Sennrich 2019). Weight may
// be the zero Variable for none; then it is over the last axis. eps is added to the
// mean; without it zeros stay 0, with derivative 0. It panics with [*ShapeError] if the shapes do not fit.
func RMSNorm(x, weight Variable, eps float64) Variable {
	const name = "rms norm"
	in := x.check(name)
	last := trailing(name, in, weight)
	joinGiven(name, &x, &weight)
	axes := lastAxes(len(in.Shape), last)
	return affine(x.Mul(inverseRoot(x.Square().MeanKeepDims(axes...), eps)), weight, Variable{})
}

// BatchNormConfig configures [BatchNorm].
type BatchNormConfig struct {
	Eps float64 // added to the variance

	// Mean and Var [channels], unless zero Variables, are what x is normalized by: in
	// inference, running statistics. Without them it is by those of the batch.
	Mean, Var Variable
}

// BatchNorm normalizes each channel of x [batch, channels, …] over all other axes, by
// mean and variance of the batch or by those given (Ioffe and Szegedy 2015). The result
// is multiplied by weight [channels] and bias [channels] is added; either may be the
// zero Variable for none. The variance is the mean of squared deviations. It panics with
// [*ShapeError] if the shapes do not fit.
func BatchNorm(x, weight, bias Variable, config BatchNormConfig) Variable {
	const name = "batch norm"
	in := x.check(name)
	if len(in.Shape) < 2 {
		panic(&ShapeError{name, shapesOf(in), "expected [batch, channels, …]"})
	}
	perChannel(name, in, weight, bias, config.Mean, config.Var)
	joinGiven(name, &x, &weight, &bias, &config.Mean, &config.Var)
	column := columnShape(len(in.Shape))
	given := func(v Variable) Variable {
		if v.n == nil {
			return v
		}
		return v.Reshape(column...)
	}
	var y Variable
	switch {
	case config.Mean.n != nil && config.Var.n != nil:
		y = x.Sub(given(config.Mean)).Mul(given(config.Var).AddScalar(config.Eps).Rsqrt())
	case config.Mean.n == nil && config.Var.n == nil:
		axes := append([]int{0}, lastAxes(len(in.Shape), len(in.Shape)-2)...)
		y = standardize(x, axes, config.Eps)
	default:
		panic(&ValueError{name, "a mean without a variance, or the other way round"})
	}
	return affine(y, given(weight), given(bias))
}

// GroupNorm normalizes groups of channels of x [batch, channels, …], each example by
// itself (Wu and He 2018). The result is multiplied by weight [channels] and bias
// [channels] is added; either may be the zero Variable for none. It panics with
// [*ShapeError] if the shapes do not fit or the channels cannot be divided into groups.
func GroupNorm(x Variable, groups int, weight, bias Variable, eps float64) Variable {
	const name = "group norm"
	in := x.check(name)
	if len(in.Shape) < 2 || groups < 1 || in.Shape[1]%groups != 0 {
		panic(&ShapeError{name, shapesOf(in), fmt.Sprintf("expected [batch, channels, …] with channels for %d groups", groups)})
	}
	perChannel(name, in, weight, bias)
	joinGiven(name, &x, &weight, &bias)
	size := in.Shape[1] / groups * sizeOf(in.Shape[2:])
	y := standardize(x.Reshape(in.Shape[0], groups, size), []int{2}, eps).Reshape(in.Shape...)
	column := columnShape(len(in.Shape))
	if weight.n != nil {
		weight = weight.Reshape(column...)
	}
	if bias.n != nil {
		bias = bias.Reshape(column...)
	}
	return affine(y, weight, bias)
}

// trailing is the number of axes of vs, which must have the shape of x's last axes,
// zero Variables excepted. Without any it is 1.
func trailing(name string, x *node, vs ...Variable) int {
	last := 0
	for _, v := range vs {
		if v.n == nil {
			continue
		}
		n := v.check(name)
		if last == 0 {
			last = len(n.Shape)
		}
		if last == 0 || len(n.Shape) != last || last > len(x.Shape) || !tensor.EqualShape(n.Shape, x.Shape[len(x.Shape)-last:]) {
			panic(&ShapeError{name, shapesOf(x, n), "expected weight and bias to have the shape of x's last axes"})
		}
	}
	if len(x.Shape) == 0 {
		panic(&ShapeError{name, shapesOf(x), "expected an axis to normalize over"})
	}
	return max(1, last)
}

// standardize is (x − mean)/√(variance + eps) with mean and variance over axes.
func standardize(x Variable, axes []int, eps float64) Variable {
	deviation := x.Sub(x.MeanKeepDims(axes...))
	return deviation.Mul(inverseRoot(deviation.Square().MeanKeepDims(axes...), eps))
}

// inverseRoot is 1/√(x+eps), and 0 with derivative 0 where x and eps are 0.
func inverseRoot(x Variable, eps float64) Variable {
	if eps != 0 {
		return x.AddScalar(eps).Rsqrt()
	}
	zero := x.Equal(x.scalar(0))
	return Where(zero, x.scalar(0), Where(zero, x.scalar(1), x).Rsqrt())
}

// affine is x·weight + bias, where zero Variables stand for 1 and 0.
func affine(x, weight, bias Variable) Variable {
	if weight.n != nil {
		x = x.Mul(weight)
	}
	if bias.n != nil {
		x = x.Add(bias)
	}
	return x
}

// perChannel panics unless vs, but for zero Variables, are [channels] for x [batch,
// channels, …].
func perChannel(name string, x *node, vs ...Variable) {
	for _, v := range vs {
		if v.n == nil {
			continue
		}
		if n := v.check(name); len(n.Shape) != 1 || n.Shape[0] != x.Shape[1] {
			panic(&ShapeError{name, shapesOf(x, n), fmt.Sprintf("expected one number for each channel, [%d]", x.Shape[1])})
		}
	}
}

// joinGiven is join for those of vs that are not zero Variables.
func joinGiven(name string, vs ...*Variable) {
	var given []*Variable
	for _, v := range vs {
		if v.n != nil {
			given = append(given, v)
		}
	}
	join(name, given...)
}

// columnShape is the shape [channels, 1, …] that broadcasts along the axes after the
// channels, with −1 for their number.
func columnShape(rank int) []int {
	shape := make([]int, rank-1)
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = -1
	return shape
}

// lastAxes lists the last count axes of rank.
func lastAxes(rank, count int) []int {
	var axes []int
	for axis := rank - count; axis < rank; axis++ {
		axes = append(axes, axis)
	}
	return axes
}
