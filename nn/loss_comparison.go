package nn

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses that compare vectors: distributions, directions, distances.

// KLDivLoss is the Kullback–Leibler divergence of a model's distributions from given
// ones: for each example
//
//	Σ target·(ln target − logProbs)
//
// averaged over the examples. logProbs and target are [batch, classes]: logarithms of
// probabilities, as [autograd.Variable.LogSoftmax] gives them, and probabilities. Terms
// whose target is 0 count as 0. It panics with [*autograd.ShapeError] if the shapes do
// not fit. PyTorch calls this mean "batchmean".
func KLDivLoss(logProbs, target autograd.Variable) autograd.Variable {
	return LossConfig{}.KLDivLoss(logProbs, target)
}

// KLDivLoss is the Kullback–Leibler divergence of each example, see the function
// [KLDivLoss].
func (c LossConfig) KLDivLoss(logProbs, target autograd.Variable) autograd.Variable {
	const op = "nn.KLDivLoss"
	checkSameShape(op, logProbs, target)
	if logProbs.Rank() != 2 {
		panic(shapeError(op, "expected logProbs and target [batch, classes]", logProbs, target))
	}
	impossible := target.Equal(autograd.Zeros(target.DType()))
	terms := target.Mul(target.MaskedFill(impossible, 1).Log().Sub(logProbs.MaskedFill(impossible, 0)))
	return c.reduce(op, terms.Sum(1))
}

// SoftMarginLoss is the logistic loss of two classes −1 and 1: the mean of
// ln(1 + e^(−target·output)) over all elements. Both have the same shape, or it panics
// with [*autograd.ShapeError].
func SoftMarginLoss(output, target autograd.Variable) autograd.Variable {
	return LossConfig{}.SoftMarginLoss(output, target)
}

// SoftMarginLoss is the logistic loss, see the function [SoftMarginLoss].
func (c LossConfig) SoftMarginLoss(output, target autograd.Variable) autograd.Variable {
	checkSameShape("nn.SoftMarginLoss", output, target)
	return c.reduce("nn.SoftMarginLoss", target.Mul(output).Neg().Softplus())
}

// tripletOffset is what TripletMarginLoss adds to differences.
const tripletOffset = 1e-6

// TripletMarginLoss wants anchors nearer to their positives than to their negatives by a
// margin: the mean over the examples of
//
//	max(0, ‖anchor − positive‖ − ‖anchor − negative‖ + margin)
//
// with the Euclidean norm. As in PyTorch, 1e-6 is added to each difference, so that equal
// vectors have a derivative. All are [batch, features], or it panics with
// [*autograd.ShapeError].
func TripletMarginLoss(anchor, positive, negative autograd.Variable, margin float64) autograd.Variable {
	return LossConfig{}.TripletMarginLoss(anchor, positive, negative, margin)
}

// TripletMarginLoss is the loss of each example, see the function [TripletMarginLoss].
func (c LossConfig) TripletMarginLoss(anchor, positive, negative autograd.Variable, margin float64) autograd.Variable {
	const op = "nn.TripletMarginLoss"
	checkSameShape(op, anchor, positive)
	checkSameShape(op, anchor, negative)
	if anchor.Rank() != 2 {
		panic(shapeError(op, "expected anchor, positive and negative [batch, features]", anchor, positive, negative))
	}
	distance := func(other autograd.Variable) autograd.Variable {
		return anchor.Sub(other).AddScalar(tripletOffset).Norm(1)
	}
	near, far := distance(positive), distance(negative)
	return c.reduce(op, near.Sub(far).AddScalar(margin).ReLU())
}

// minNorm is the least norm that CosineSimilarity divides by.
const minNorm = 1e-8

// CosineSimilarity is the cosine of the angle between vectors along an axis,
// Σxy/(‖x‖·‖y‖), of x's shape without that axis. Norms below 1e-8 count as that. Both
// have the same shape, or it panics with [*autograd.ShapeError].
func CosineSimilarity(x, y autograd.Variable, axis int) autograd.Variable {
	checkSameShape("nn.CosineSimilarity", x, y)
	norm := func(v autograd.Variable) autograd.Variable { return v.Norm(axis).Clamp(minNorm, math.Inf(1)) }
	return x.Mul(y).Sum(axis).Div(norm(x).Mul(norm(y)))
}
