package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses that compare vectors: distributions, distances, directions.

// KLDivLoss is the Kullback–Leibler divergence of a model's distributions from given
// ones: for each example
//
//	Σ target·(ln target − logProbs)
//
// averaged over the examples, which PyTorch calls "batchmean". logProbs and target are
// [batch, classes]: logarithms of probabilities, as [autograd.Variable.LogSoftmax] gives
// them, and probabilities. Terms whose target is 0 count as 0, with gradient 0. It
// panics with [*autograd.ShapeError] if the shapes do not fit.
func KLDivLoss(logProbs, target autograd.Variable) autograd.Variable {
	return LossConfig{}.KLDivLoss(logProbs, target)
}

// KLDivLoss is the Kullback–Leibler divergence of each example, [batch] where they are
// left as they are; see the function [KLDivLoss].
func (c LossConfig) KLDivLoss(logProbs, target autograd.Variable) autograd.Variable {
	const op = "nn.KLDivLoss"
	checkMatrices(op, "classes", logProbs, target)
	impossible := target.Equal(autograd.Zeros(target.DType()))
	terms := target.Mul(target.MaskedFill(impossible, 1).Log().Sub(logProbs.MaskedFill(impossible, 0)))
	return c.reduce(op, terms.Sum(1))
}

// KLDivLogTargetLoss is [KLDivLoss] of targets that are logarithms of probabilities
// too, PyTorch's log_target: for each example
//
//	Σ e^logTarget·(logTarget − logProbs)
//
// averaged over the examples. Terms whose logTarget is −Inf count as 0, with gradient
// 0. Shapes and panics are those of KLDivLoss.
func KLDivLogTargetLoss(logProbs, logTarget autograd.Variable) autograd.Variable {
	return LossConfig{}.KLDivLogTargetLoss(logProbs, logTarget)
}

// KLDivLogTargetLoss is the Kullback–Leibler divergence of each example, see the
// function [KLDivLogTargetLoss].
func (c LossConfig) KLDivLogTargetLoss(logProbs, logTarget autograd.Variable) autograd.Variable {
	const op = "nn.KLDivLogTargetLoss"
	checkMatrices(op, "classes", logProbs, logTarget)
	impossible := logTarget.Equal(autograd.Full(logTarget.DType(), math.Inf(-1)))
	difference := logTarget.MaskedFill(impossible, 0).Sub(logProbs.MaskedFill(impossible, 0))
	return c.reduce(op, logTarget.Exp().Mul(difference).Sum(1))
}

// TripletMarginConfig configures [TripletMarginLoss]. Zero values are PyTorch's
// defaults.
type TripletMarginConfig struct {
	Margin float64 // how much nearer positives should be; 0 means 1
	P      float64 // of the p-norm that measures distances, +Inf for the greatest |x|; 0 means 2
	Eps    float64 // added to each difference before the norm; 0 means 1e-6

	// Swap takes the negative's distance from the positive where that is less than
	// from the anchor (Balntas et al. 2016).
	Swap bool
}

// TripletMarginLoss wants anchors nearer to their positives than to their negatives by a
// margin: the mean over the examples of
//
//	max(0, ‖anchor − positive + eps‖ − ‖anchor − negative + eps‖ + margin)
//
// All three are [batch, features], or it panics with [*autograd.ShapeError]. Eps gives
// equal vectors a derivative; at the edge of the margin it is taken as 0. It panics with
// [*autograd.ValueError] if a number in config is negative, infinite (but for P) or NaN.
func TripletMarginLoss(anchor, positive, negative autograd.Variable, config TripletMarginConfig) autograd.Variable {
	return LossConfig{}.TripletMarginLoss(anchor, positive, negative, config)
}

// TripletMarginLoss is the loss of each example, [batch] where they are left as they
// are; see the function [TripletMarginLoss].
func (c LossConfig) TripletMarginLoss(anchor, positive, negative autograd.Variable, config TripletMarginConfig) autograd.Variable {
	const op = "nn.TripletMarginLoss"
	config.check(op)
	checkMatrices(op, "features", anchor, positive, negative)
	near, far := config.distance(anchor, positive), config.distance(anchor, negative)
	if config.Swap {
		far = far.Minimum(config.distance(positive, negative))
	}
	return c.reduce(op, near.Sub(far).AddScalar(orDefault(config.Margin, 1)).ReLU())
}

// distance is that of the rows of x and y.
func (t TripletMarginConfig) distance(x, y autograd.Variable) autograd.Variable {
	d := x.Sub(y).AddScalar(orDefault(t.Eps, 1e-6))
	if p := orDefault(t.P, 2); p != 2 {
		return d.NormP(p, 1)
	}
	return d.Norm(1)
}

func (t TripletMarginConfig) check(op string) {
	if !(t.Margin >= 0 && isFinite(t.Margin) && t.P >= 0 && t.Eps >= 0 && isFinite(t.Eps)) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("margin %v, p %v, eps %v: expected finite numbers that are not negative, p may be +Inf", t.Margin, t.P, t.Eps)})
	}
}

func orDefault(x, def float64) float64 {
	if x == 0 {
		return def
	}
	return x
}

// minNorm is the least norm that CosineSimilarity divides by.
const minNorm = 1e-8

// CosineSimilarity is the cosine of the angle between vectors along an axis,
//
//	Σxy/(max(‖x‖, 1e-8)·max(‖y‖, 1e-8))
//
// of the operands' shape without that axis; negative axes count from the end. Norms
// below the limit are constants to derivatives, so that zero vectors have one. The
// squares of the elements must not overflow. x and y have the same shape, or it panics
// with [*autograd.ShapeError]; it panics with [*autograd.AxisError] if there is no such
// axis. As a loss, take 1 minus it.
func CosineSimilarity(x, y autograd.Variable, axis int) autograd.Variable {
	checkSameShape("nn.CosineSimilarity", x, y)
	norm := func(v autograd.Variable) autograd.Variable { return v.Norm(axis).Clamp(minNorm, math.Inf(1)) }
	return x.Mul(y).Sum(axis).Div(norm(x).Mul(norm(y)))
}
