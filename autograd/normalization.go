package autograd

import (
	"cmp"
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
	in := x.check(layerNormOp.name)
	last := trailing(layerNormOp.name, in, weight, bias)
	return layerNorm(layerNormOp, x, weight, bias, last, eps)
}

// RMSNorm divides x by the root of the mean of squares over the axes of weight, which
// are the last ones of x, and multiplies by weight (Zhang and Sennrich 2019). Weight may
// be the zero Variable for none; then it is over the last axis. eps is added to the
// mean; without it zeros stay 0, with derivative 0. It panics with [*ShapeError] if the shapes do not fit.
func RMSNorm(x, weight Variable, eps float64) Variable {
	in := x.check(rmsNormOp.name)
	last := trailing(rmsNormOp.name, in, weight)
	return layerNorm(rmsNormOp, x, weight, Variable{}, last, eps)
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
// [*ShapeError] if the shapes do not fit, and with [*ValueError] for a mean without a
// variance or the other way round.
func BatchNorm(x, weight, bias Variable, config BatchNormConfig) Variable {
	y, _, _ := batchNorm(x, weight, bias, config, false)
	return y
}

// BatchNormStats is [BatchNorm] by mean and variance of the batch, and these, [channels]
// each, as constants: for running averages. It panics as BatchNorm does.
func BatchNormStats(x, weight, bias Variable, eps float64) (y, mean, variance Variable) {
	return batchNorm(x, weight, bias, BatchNormConfig{Eps: eps}, true)
}

func batchNorm(x, weight, bias Variable, config BatchNormConfig, stats bool) (y, mean, variance Variable) {
	name := batchNormOp.name
	in := channelled(name, x)
	perChannel(name, in, weight, bias, config.Mean, config.Var)
	switch {
	case config.Mean.n != nil && config.Var.n != nil:
		return channelScale(x, weight, bias, config), Variable{}, Variable{}
	case config.Mean.n == nil && config.Var.n == nil:
		return channelNorm(batchNormOp, x, weight, bias, 0, config.Eps, stats)
	}
	panic(&ValueError{name, "a mean without a variance, or the other way round"})
}

// GroupNorm normalizes groups of channels of x [batch, channels, …], each example by
// itself (Wu and He 2018). The result is multiplied by weight [channels] and bias
// [channels] is added; either may be the zero Variable for none. With a group for each
// channel it is instance normalization (Ulyanov et al. 2016). It panics with [*ShapeError]
// if the shapes do not fit or the channels cannot be divided into groups.
func GroupNorm(x Variable, groups int, weight, bias Variable, eps float64) Variable {
	y, _, _ := groupNorm(x, groups, weight, bias, eps, false)
	return y
}

// GroupNormStats is [GroupNorm], and mean and variance of the groups, [batch, groups] each,
// as constants. It panics as GroupNorm does.
func GroupNormStats(x Variable, groups int, weight, bias Variable, eps float64) (y, mean, variance Variable) {
	return groupNorm(x, groups, weight, bias, eps, true)
}

func groupNorm(x Variable, groups int, weight, bias Variable, eps float64, stats bool) (y, mean, variance Variable) {
	name := groupNormOp.name
	in := channelled(name, x)
	if groups < 1 || in.Shape[1]%groups != 0 {
		panic(&ShapeError{name, shapesOf(in), fmt.Sprintf("expected [batch, channels, …] with channels for %d groups", groups)})
	}
	perChannel(name, in, weight, bias)
	return channelNorm(groupNormOp, x, weight, bias, groups, eps, stats)
}

// channelled panics unless x is [batch, channels, …].
func channelled(name string, x Variable) *node {
	in := x.check(name)
	if len(in.Shape) < 2 {
		panic(&ShapeError{name, shapesOf(in), "expected [batch, channels, …]"})
	}
	return in
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
		last = cmp.Or(last, len(n.Shape))
		if last == 0 || len(n.Shape) != last || last > len(x.Shape) || !tensor.EqualShape(n.Shape, x.Shape[len(x.Shape)-last:]) {
			panic(&ShapeError{name, shapesOf(x, n), "expected weight and bias to have the shape of x's last axes"})
		}
	}
	if len(x.Shape) == 0 {
		panic(&ShapeError{name, shapesOf(x), "expected an axis to normalize over"})
	}
	return max(1, last)
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

// operandsOf appends the nodes of those of vs that are not zero Variables to nodes, which
// begin with x, and says which they are, as bits.
func (o *op) operandsOf(nodes []*node, vs ...Variable) (operands []*node, given int) {
	for i, v := range vs {
		if v.n != nil {
			n := v.check(o.name)
			o.same(nodes[0], n)
			nodes = append(nodes, n)
			given |= 1 << i
		}
	}
	return nodes, given
}
