package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses of numbers: distances of outputs from targets, and likelihoods.

// MSELoss is the mean squared error, the mean of (output − target)² over all
// elements. Both have the same shape; it panics with [*autograd.ShapeError] rather
// than broadcast them.
func MSELoss(output, target autograd.Variable) autograd.Variable {
	return LossConfig{}.MSELoss(output, target)
}

// MSELoss is the squared error (output − target)², as [MSELoss] otherwise.
func (c LossConfig) MSELoss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.MSELoss"
	checkSameShape(op, output, target)
	return c.reduce(op, output.Sub(target).Square())
}

// L1Loss is the mean absolute error, the mean of |output − target| over all elements.
// Where they are equal its derivative is taken as 0. Both have the same shape; it
// panics with [*autograd.ShapeError] rather than broadcast them.
func L1Loss(output, target autograd.Variable) autograd.Variable {
	return LossConfig{}.L1Loss(output, target)
}

// L1Loss is the absolute error |output − target|, as [L1Loss] otherwise.
func (c LossConfig) L1Loss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.L1Loss"
	checkSameShape(op, output, target)
	return c.reduce(op, output.Sub(target).Abs())
}

// HuberLoss is squared near the target and linear far from it, so that outliers count
// less: the mean of
//
//	½d²                  where |d| ≤ delta, with d = output − target
//	delta·(|d| − ½delta) elsewhere
//
// over all elements (Huber, "Robust Estimation of a Location Parameter", 1964). Its
// derivative has no jump; that of second order at |d| = delta is taken as 1. Both have
// the same shape, or it panics with [*autograd.ShapeError]; it panics with
// [*autograd.ValueError] unless delta is positive. +Inf makes it half of [MSELoss].
func HuberLoss(output, target autograd.Variable, delta float64) autograd.Variable {
	return LossConfig{}.HuberLoss(output, target, delta)
}

// HuberLoss is the loss of Huber, see the function [HuberLoss].
func (c LossConfig) HuberLoss(output, target autograd.Variable, delta float64) autograd.Variable {
	const op = "nn.HuberLoss"
	if !(delta > 0) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("delta is %v, expected a positive number", delta)})
	}
	checkSameShape(op, output, target)
	return c.reduce(op, huber(output.Sub(target), delta))
}

// SmoothL1Loss is [L1Loss] with its kink smoothed: the mean of
//
//	½d²/beta     where |d| < beta, with d = output − target
//	|d| − ½beta  elsewhere
//
// over all elements, which is [HuberLoss] divided by beta; with beta 0 it is L1Loss.
// Derivatives, shapes and panics are those of HuberLoss; it panics with
// [*autograd.ValueError] unless beta is finite and not negative.
func SmoothL1Loss(output, target autograd.Variable, beta float64) autograd.Variable {
	return LossConfig{}.SmoothL1Loss(output, target, beta)
}

// SmoothL1Loss is the smoothed absolute error, see the function [SmoothL1Loss].
func (c LossConfig) SmoothL1Loss(output, target autograd.Variable, beta float64) autograd.Variable {
	const op = "nn.SmoothL1Loss"
	if !(beta >= 0 && isFinite(beta)) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("beta is %v, expected a finite number that is not negative", beta)})
	}
	checkSameShape(op, output, target)
	d := output.Sub(target)
	if beta == 0 {
		return c.reduce(op, d.Abs())
	}
	return c.reduce(op, huber(d, beta).DivScalar(beta))
}

// huber is the loss of each difference d: with c, d limited to ±delta, it is c·(d − ½c)
// near and far.
func huber(d autograd.Variable, delta float64) autograd.Variable {
	c := d.Clamp(-delta, delta)
	return c.Mul(d.Sub(c.MulScalar(0.5)))
}

// minVariance is the least variance that GaussianNLLLoss takes as it is.
const minVariance = 1e-6

// GaussianNLLLoss is the negative logarithm of the likelihood of targets under normal
// distributions with the given means and variances, without the constant ½ln 2π: the
// mean of
//
//	½(ln v + (mean − target)²/v), v = max(variance, 1e-6)
//
// over all elements. As in PyTorch the limit does not stop the gradient: a variance
// below it, even a negative one, has the derivative by v, and so finds its way back.
// All have the same shape; it panics with [*autograd.ShapeError] rather than broadcast
// them.
func GaussianNLLLoss(mean, target, variance autograd.Variable) autograd.Variable {
	return LossConfig{}.GaussianNLLLoss(mean, target, variance)
}

// GaussianNLLLoss is the likelihood of normal distributions, see the function
// [GaussianNLLLoss].
func (c LossConfig) GaussianNLLLoss(mean, target, variance autograd.Variable) autograd.Variable {
	const op = "nn.GaussianNLLLoss"
	checkSameShape(op, mean, target, variance)
	// The difference is 0; it is what derivatives pass through.
	v := variance.Clamp(minVariance, math.Inf(1)).Detach().Add(variance.Sub(variance.Detach()))
	return c.reduce(op, v.Log().Add(mean.Sub(target).Square().Div(v)).MulScalar(0.5))
}

// PoissonNLLLoss is the negative logarithm of the likelihood of counts under Poisson
// distributions whose rates have the given logarithms, without the term ln count! that
// does not depend on them: the mean of
//
//	e^logRate − count·logRate
//
// over all elements. It has no kinks, and overflows where e^logRate does: in float32
// above 88. Both have the same shape; it panics with [*autograd.ShapeError] rather than
// broadcast them.
func PoissonNLLLoss(logRate, count autograd.Variable) autograd.Variable {
	return LossConfig{}.PoissonNLLLoss(logRate, count)
}

// PoissonNLLLoss is the likelihood of Poisson distributions, see the function
// [PoissonNLLLoss].
func (c LossConfig) PoissonNLLLoss(logRate, count autograd.Variable) autograd.Variable {
	const op = "nn.PoissonNLLLoss"
	checkSameShape(op, logRate, count)
	return c.reduce(op, logRate.Exp().Sub(count.Mul(logRate)))
}
