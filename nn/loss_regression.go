package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses of numbers: distances of outputs from targets, and likelihoods.

// L1Loss is the mean absolute error, the mean of |output − target| over all elements.
// The derivative where they are equal is taken as 0. Both have the same shape, or it
// panics with [*autograd.ShapeError].
func L1Loss(output, target autograd.Variable) autograd.Variable {
	return LossConfig{}.L1Loss(output, target)
}

// L1Loss is the absolute error |output − target|, as [L1Loss] otherwise.
func (c LossConfig) L1Loss(output, target autograd.Variable) autograd.Variable {
	checkSameShape("nn.L1Loss", output, target)
	return c.reduce("nn.L1Loss", output.Sub(target).Abs())
}

// HuberLoss is squared near the target and linear far from it, so that outliers count
// less: the mean over all elements of
//
//	½d²             for |d| = |output − target| ≤ delta
//	delta·(|d| − ½delta)   elsewhere
//
// Both have the same shape, or it panics with [*autograd.ShapeError]; it panics with
// [*autograd.ValueError] unless delta is positive. P. Huber, "Robust Estimation of a
// Location Parameter", 1964.
func HuberLoss(output, target autograd.Variable, delta float64) autograd.Variable {
	return LossConfig{}.HuberLoss(output, target, delta)
}

// HuberLoss is the loss of Huber, see the function [HuberLoss].
func (c LossConfig) HuberLoss(output, target autograd.Variable, delta float64) autograd.Variable {
	return c.reduce("nn.HuberLoss", huber("nn.HuberLoss", output, target, delta))
}

// SmoothL1Loss is [HuberLoss] divided by beta: the absolute error, smoothed where it is
// less than beta. It panics as HuberLoss does.
func SmoothL1Loss(output, target autograd.Variable, beta float64) autograd.Variable {
	return LossConfig{}.SmoothL1Loss(output, target, beta)
}

// SmoothL1Loss is the smoothed absolute error, see the function [SmoothL1Loss].
func (c LossConfig) SmoothL1Loss(output, target autograd.Variable, beta float64) autograd.Variable {
	return c.reduce("nn.SmoothL1Loss", huber("nn.SmoothL1Loss", output, target, beta).DivScalar(beta))
}

// huber is the loss of each element. With the difference d limited to c, it is
// ½c² + delta·|d−c|.
func huber(op string, output, target autograd.Variable, delta float64) autograd.Variable {
	checkSameShape(op, output, target)
	if !(delta > 0) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the bound between squared and linear is %v, expected a positive number", delta)})
	}
	d := output.Sub(target)
	c := d.Clamp(-delta, delta)
	return c.Square().MulScalar(0.5).Add(d.Sub(c).Abs().MulScalar(delta))
}

// minVariance is the least variance that GaussianNLLLoss takes as it is.
const minVariance = 1e-6

// GaussianNLLLoss is the negative logarithm of the likelihood of targets under normal
// distributions with the given means and variances, without its constant term: the mean
// of
//
//	½(ln v + (mean − target)²/v)
//
// over all elements. Variances v below 1e-6 count as that, with gradient 0. All have the
// same shape, or it panics with [*autograd.ShapeError].
func GaussianNLLLoss(mean, target, variance autograd.Variable) autograd.Variable {
	return LossConfig{}.GaussianNLLLoss(mean, target, variance)
}

// GaussianNLLLoss is the likelihood of normal distributions, see the function
// [GaussianNLLLoss].
func (c LossConfig) GaussianNLLLoss(mean, target, variance autograd.Variable) autograd.Variable {
	const op = "nn.GaussianNLLLoss"
	checkSameShape(op, mean, target)
	checkSameShape(op, mean, variance)
	v := variance.Clamp(minVariance, math.Inf(1))
	return c.reduce(op, v.Log().Add(mean.Sub(target).Square().Div(v)).MulScalar(0.5))
}

// PoissonNLLLoss is the negative logarithm of the likelihood of counts under Poisson
// distributions whose rates have the given logarithms, without the term that does not
// depend on them: the mean of e^logRate − count·logRate over all elements. Both have the
// same shape, or it panics with [*autograd.ShapeError].
func PoissonNLLLoss(logRate, count autograd.Variable) autograd.Variable {
	return LossConfig{}.PoissonNLLLoss(logRate, count)
}

// PoissonNLLLoss is the likelihood of Poisson distributions, see the function
// [PoissonNLLLoss].
func (c LossConfig) PoissonNLLLoss(logRate, count autograd.Variable) autograd.Variable {
	checkSameShape("nn.PoissonNLLLoss", logRate, count)
	return c.reduce("nn.PoissonNLLLoss", logRate.Exp().Sub(count.Mul(logRate)))
}
