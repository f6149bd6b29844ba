package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses: functions of a model's outputs and what they should be, made of operations,
// so that they can be differentiated to any order. Losses of classes are in
// crossentropy.go.

// Reduction says how the losses of single elements or examples become one number.
type Reduction uint8

const (
	// ReduceMean takes their mean.
	ReduceMean Reduction = iota
	// ReduceSum takes their sum.
	ReduceSum
	// ReduceNone leaves them as they are.
	ReduceNone
)

// String is PyTorch's name of the reduction: "mean", "sum" or "none".
func (r Reduction) String() string {
	switch r {
	case ReduceMean:
		return "mean"
	case ReduceSum:
		return "sum"
	case ReduceNone:
		return "none"
	}
	return fmt.Sprintf("Reduction(%d)", uint8(r))
}

// LossConfig says how a loss is computed. Its methods are the losses; the functions of
// the same names are those of the zero LossConfig.
//
//	loss := nn.LossConfig{Reduction: nn.ReduceSum}.MSELoss(output, target)
type LossConfig struct {
	Reduction Reduction

	// LabelSmoothing ε, from 0 to 1, makes cross-entropies compare with a mixture of
	// 1−ε of the target and ε of the uniform distribution. Other losses ignore it.
	LabelSmoothing float64

	// ClassWeights has for each class the weight of its examples in cross-entropies
	// and NLLLoss; nil means 1. Other losses ignore it.
	ClassWeights []float64
}

// MSELoss is the mean squared error, the mean of (output − target)² over all
// elements. Both have the same shape; it panics with [*autograd.ShapeError] rather
// than broadcast them.
func MSELoss(output, target autograd.Variable) autograd.Variable {
	return LossConfig{}.MSELoss(output, target)
}

// MSELoss is the squared error (output − target)², as [MSELoss] otherwise.
func (c LossConfig) MSELoss(output, target autograd.Variable) autograd.Variable {
	checkSameShape("nn.MSELoss", output, target)
	return c.reduce("nn.MSELoss", output.Sub(target).Square())
}

// BCELoss is the binary cross-entropy of probabilities 0 ≤ p ≤ 1, the mean of
//
//	−t·ln p − (1−t)·ln(1−p)
//
// over all elements, with targets 0 ≤ t ≤ 1 of the same shape. Logarithms below −100
// count as −100, with gradient 0, so that the loss stays finite. Elsewhere p makes
// NaN. Where the probabilities come from a sigmoid, [BCEWithLogitsLoss] on its
// operand is exact.
func BCELoss(p, target autograd.Variable) autograd.Variable {
	return LossConfig{}.BCELoss(p, target)
}

// BCELoss is the binary cross-entropy of probabilities, see the function [BCELoss].
func (c LossConfig) BCELoss(p, target autograd.Variable) autograd.Variable {
	checkSameShape("nn.BCELoss", p, target)
	limited := func(log autograd.Variable) autograd.Variable { return log.Clamp(-100, math.Inf(1)) }
	likelihood := target.Mul(limited(p.Log())).Add(complement(target).Mul(limited(p.Neg().Log1p())))
	return c.reduce("nn.BCELoss", likelihood.Neg())
}

// BCEWithLogitsLoss is the binary cross-entropy of the probabilities σ(x), the mean of
//
//	t·softplus(−x) + (1−t)·softplus(x)  =  −t·ln σ(x) − (1−t)·ln(1−σ(x))
//
// over all elements, with targets 0 ≤ t ≤ 1 of the same shape. It is accurate for any
// finite x.
func BCEWithLogitsLoss(x, target autograd.Variable) autograd.Variable {
	return LossConfig{}.BCEWithLogitsLoss(x, target)
}

// BCEWithLogitsLoss is the binary cross-entropy of logits, see the function
// [BCEWithLogitsLoss].
func (c LossConfig) BCEWithLogitsLoss(x, target autograd.Variable) autograd.Variable {
	checkSameShape("nn.BCEWithLogitsLoss", x, target)
	losses := target.Mul(x.Neg().Softplus()).Add(complement(target).Mul(x.Softplus()))
	return c.reduce("nn.BCEWithLogitsLoss", losses)
}

// complement is 1 − x.
func complement(x autograd.Variable) autograd.Variable { return x.Neg().AddScalar(1) }

// reduce combines the losses of single elements.
func (c LossConfig) reduce(op string, losses autograd.Variable) autograd.Variable {
	switch c.Reduction {
	case ReduceMean:
		return losses.Mean()
	case ReduceSum:
		return losses.Sum()
	case ReduceNone:
		return losses
	}
	panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there is no %v", c.Reduction)})
}

func checkSameShape(op string, output, target autograd.Variable) {
	if !slices.Equal(output.Shape(), target.Shape()) {
		panic(shapeError(op, "expected output and target of one shape", output, target))
	}
}

func shapeError(op, reason string, xs ...autograd.Variable) *autograd.ShapeError {
	e := &autograd.ShapeError{Op: op, Reason: reason}
	for _, x := range xs {
		e.Shapes = append(e.Shapes, slices.Clone(x.Shape()))
	}
	return e
}
