package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses of numbers: distances of outputs from targets, and likelihoods.

// MSE is the mean squared error, the mean of
//
//	(output − target)²
//
// over all elements. Both have the same shape; it panics with [*autograd.ShapeError]
// rather than broadcast them.
type MSE struct{ Reduction Reduction }

// Loss is the squared error of output from target.
func (l MSE) Loss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.MSE"
	checkSameShape(op, output, target)
	return l.Reduction.reduce(op, output.Sub(target).Square())
}

// Of is Loss by the targets of a batch.
func (l MSE) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	return target.byValues("nn.MSE", l.Reduction, output, MSE{ReduceNone}.Loss)
}

// MSELoss is the loss of the zero [MSE].
func MSELoss(output, target autograd.Variable) autograd.Variable { return MSE{}.Loss(output, target) }

// L1 is the mean absolute error, the mean of
//
//	|output − target|
//
// over all elements. Where they are equal its derivative is taken as 0. Both have the
// same shape; it panics with [*autograd.ShapeError] rather than broadcast them.
type L1 struct{ Reduction Reduction }

// Loss is the absolute error of output from target.
func (l L1) Loss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.L1"
	checkSameShape(op, output, target)
	return l.Reduction.reduce(op, output.Sub(target).Abs())
}

// Of is Loss by the targets of a batch.
func (l L1) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	return target.byValues("nn.L1", l.Reduction, output, L1{ReduceNone}.Loss)
}

// L1Loss is the loss of the zero [L1].
func L1Loss(output, target autograd.Variable) autograd.Variable { return L1{}.Loss(output, target) }

// Huber is squared near the target and linear far from it, so that outliers count less:
// the mean of
//
//	½d²                  where |d| ≤ delta, with d = output − target
//	delta·(|d| − ½delta) elsewhere
//
// over all elements (Huber, "Robust Estimation of a Location Parameter", 1964). Its
// derivative has no jump; that of second order at |d| = delta is taken as 1. Both have
// the same shape, or it panics with [*autograd.ShapeError].
type Huber struct {
	Reduction Reduction
	Delta     float64 // where the loss becomes linear; 0 means 1, and +Inf makes it half of MSE
}

// Loss is the Huber loss of output from target. It panics with [*autograd.ValueError]
// unless Delta is positive.
func (l Huber) Loss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.Huber"
	delta := orDefault(l.Delta, 1)
	if !(delta > 0) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Delta is %v, expected a positive number", delta)})
	}
	checkSameShape(op, output, target)
	return l.Reduction.reduce(op, huber(output.Sub(target), delta))
}

// Of is Loss by the targets of a batch.
func (l Huber) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	r := l.Reduction
	l.Reduction = ReduceNone
	return target.byValues("nn.Huber", r, output, l.Loss)
}

// HuberLoss is the loss of the zero [Huber].
func HuberLoss(output, target autograd.Variable) autograd.Variable {
	return Huber{}.Loss(output, target)
}

// huber is the loss of each difference d: with c, d limited to ±delta, it is c·(d − ½c)
// near and far.
func huber(d autograd.Variable, delta float64) autograd.Variable {
	c := d.Clamp(-delta, delta)
	return c.Mul(d.Sub(c.MulScalar(0.5)))
}

// SmoothL1 is [L1] with its kink smoothed: the mean of
//
//	½d²/beta     where |d| < beta, with d = output − target
//	|d| − ½beta  elsewhere
//
// over all elements, which is [Huber] divided by beta; with beta 0 it is L1. Derivatives,
// shapes and panics are those of Huber.
type SmoothL1 struct {
	Reduction Reduction
	Beta      float64 // where the loss becomes linear; 0 means 1, None 0
}

// Loss is the smoothed absolute error of output from target. It panics with
// [*autograd.ValueError] unless Beta is finite and not negative.
func (l SmoothL1) Loss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.SmoothL1"
	beta := number(op, "Beta", l.Beta, 1)
	checkSameShape(op, output, target)
	d := output.Sub(target)
	if beta == 0 {
		return l.Reduction.reduce(op, d.Abs())
	}
	return l.Reduction.reduce(op, huber(d, beta).DivScalar(beta))
}

// Of is Loss by the targets of a batch.
func (l SmoothL1) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	r := l.Reduction
	l.Reduction = ReduceNone
	return target.byValues("nn.SmoothL1", r, output, l.Loss)
}

// SmoothL1Loss is the loss of the zero [SmoothL1].
func SmoothL1Loss(output, target autograd.Variable) autograd.Variable {
	return SmoothL1{}.Loss(output, target)
}

// GaussianNLL is the negative logarithm of the likelihood of targets under normal
// distributions with given means and variances, without the constant ½ln 2π: the mean of
//
//	½(ln v + (mean − target)²/v), v = max(variance, eps)
//
// over all elements. As in PyTorch the limit does not stop the gradient: a variance
// below it, even a negative one, has the derivative by v, and so finds its way back.
// All have the same shape; it panics with [*autograd.ShapeError] rather than broadcast
// them.
type GaussianNLL struct {
	Reduction Reduction
	Eps       float64 // the least variance that is taken as it is; 0 means 1e-6
}

// Loss is the loss of targets under distributions of this mean and variance. It panics
// with [*autograd.ValueError] unless Eps is finite and not negative.
func (l GaussianNLL) Loss(mean, target, variance autograd.Variable) autograd.Variable {
	const op = "nn.GaussianNLL"
	eps := number(op, "Eps", l.Eps, 1e-6)
	checkSameShape(op, mean, target, variance)
	v := atLeast(variance, eps)
	return l.Reduction.reduce(op, v.Log().Add(mean.Sub(target).Square().Div(v)).MulScalar(0.5))
}

// GaussianNLLLoss is the loss of the zero [GaussianNLL].
func GaussianNLLLoss(mean, target, variance autograd.Variable) autograd.Variable {
	return GaussianNLL{}.Loss(mean, target, variance)
}

// atLeast is max(x, low) whose derivative is 1 everywhere.
func atLeast(x autograd.Variable, low float64) autograd.Variable {
	fixed := x.Detach()
	return fixed.Clamp(low, math.Inf(1)).Add(x.Sub(fixed)) // of which the second term is 0
}

// PoissonNLL is the negative logarithm of the likelihood of counts under Poisson
// distributions whose rates have the given logarithms, without the term ln count! that
// does not depend on them: the mean of
//
//	e^logRate − count·logRate
//
// over all elements. It has no kinks, and overflows where e^logRate does: in float32
// above 88. Both have the same shape; it panics with [*autograd.ShapeError] rather than
// broadcast them.
type PoissonNLL struct{ Reduction Reduction }

// Loss is the loss of counts under distributions of these rates.
func (l PoissonNLL) Loss(logRate, count autograd.Variable) autograd.Variable {
	const op = "nn.PoissonNLL"
	checkSameShape(op, logRate, count)
	return l.Reduction.reduce(op, logRate.Exp().Sub(count.Mul(logRate)))
}

// Of is Loss by the targets of a batch.
func (l PoissonNLL) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	return target.byValues("nn.PoissonNLL", l.Reduction, output, PoissonNLL{ReduceNone}.Loss)
}

// PoissonNLLLoss is the loss of the zero [PoissonNLL].
func PoissonNLLLoss(logRate, count autograd.Variable) autograd.Variable {
	return PoissonNLL{}.Loss(logRate, count)
}
