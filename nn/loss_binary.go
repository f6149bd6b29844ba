package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses of two classes, element by element.

// BCE is the binary cross-entropy of probabilities 0 ≤ p ≤ 1, the mean of
//
//	−t·ln p − (1−t)·ln(1−p)
//
// over all elements, with targets 0 ≤ t ≤ 1 of the same shape. Logarithms below −100
// count as −100, so that the loss stays finite, and their derivatives are those at 1e-12
// where p, or 1−p, is less than that: a p of 0 that should be 1 has the derivative −1e12,
// as in PyTorch. Any other p makes NaN. Where the probabilities come from a sigmoid,
// [BCEWithLogits] on its operand is exact. It panics with [*autograd.ShapeError] rather
// than broadcast.
type BCE struct{ Reduction Reduction }

// Loss is the binary cross-entropy of the probabilities p.
func (l BCE) Loss(p, target autograd.Variable) autograd.Variable {
	const op = "nn.BCE"
	checkSameShape(op, p, target)
	fixed := p.Detach()
	likelihood := target.Mul(limitedLog(p, fixed.Log())).
		Add(complement(target).Mul(limitedLog(complement(p), fixed.Neg().Log1p())))
	return l.Reduction.reduce(op, likelihood.Neg())
}

// Of is Loss by the targets of a batch, or by its labels if it has none: these are 0, 1, or
// negative to leave an output out, and as many as outputs.
func (l BCE) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	const op = "nn.BCE"
	return target.reduceBinary(op, l.Reduction, BCE{ReduceNone}.Loss(output, target.binary(op, output)))
}

func (l BCE) classes(_ autograd.Variable, target Target) int { return target.binaryClasses() }

// BCELoss is the loss of the zero [BCE].
func BCELoss(p, target autograd.Variable) autograd.Variable { return BCE{}.Loss(p, target) }

// limitedLog is max(ln p, −100), with the derivative 1/max(p, 1e-12). exact is ln p,
// whose derivative does not count.
func limitedLog(p, exact autograd.Variable) autograd.Variable {
	log := atLeast(p, 1e-12).Log()
	return log.Add(exact.Clamp(-100, math.Inf(1)).Sub(log.Detach()))
}

// BCEWithLogits is the binary cross-entropy of the probabilities σ(x), the mean of
//
//	p·t·softplus(−x) + (1−t)·softplus(x)  =  −p·t·ln σ(x) − (1−t)·ln(1−σ(x))
//
// over all elements, where p is PosWeight, with targets 0 ≤ t ≤ 1 of the same shape. It is accurate for any
// finite x, and has no kinks. It panics with [*autograd.ShapeError] rather than
// broadcast.
type BCEWithLogits struct {
	Reduction Reduction

	// PosWeight is how much positive targets count: above 1 a positive that is missed costs
	// more than a false one, as where positives are rare. It has one number for all outputs,
	// or one for each along the last axis; nil means 1. The mean is over the number of
	// elements, whatever it is.
	PosWeight []float64
}

// Loss is the binary cross-entropy of the logits x. It panics with [*autograd.ValueError] if
// PosWeight does not fit x or has a number that is negative or not finite.
func (l BCEWithLogits) Loss(x, target autograd.Variable) autograd.Variable {
	const op = "nn.BCEWithLogits"
	checkSameShape(op, x, target)
	positive := weighPositives(op, x, target, l.PosWeight)
	losses := positive.Mul(x.Neg().Softplus()).Add(complement(target).Mul(x.Softplus()))
	return l.Reduction.reduce(op, losses)
}

// Of is Loss by the targets of a batch, or by its labels if it has none: these are 0, 1, or
// negative to leave an output out, and as many as outputs.
func (l BCEWithLogits) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	const op = "nn.BCEWithLogits"
	r := l.Reduction
	l.Reduction = ReduceNone
	return target.reduceBinary(op, r, l.Loss(output, target.binary(op, output)))
}

func (l BCEWithLogits) classes(_ autograd.Variable, target Target) int { return target.binaryClasses() }

// weighPositives multiplies the targets for logits x by a PosWeight.
func weighPositives(op string, x, target autograd.Variable, weights []float64) autograd.Variable {
	if weights == nil {
		return target
	}
	outputs := 1
	if target.Rank() > 0 {
		outputs = target.Dim(-1)
	}
	if len(weights) != 1 && len(weights) != outputs {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there are %d numbers of PosWeight for %d outputs", len(weights), outputs)})
	}
	for i, weight := range weights {
		if !(weight >= 0 && isFinite(weight)) {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("PosWeight[%d] is %v, expected a finite number that is not negative", i, weight)})
		}
	}
	if len(weights) == 1 {
		return target.MulScalar(weights[0])
	}
	return target.Mul(constantFor(x, func(i int) float64 { return weights[i] }, len(weights)))
}

// BCEWithLogitsLoss is the loss of the zero [BCEWithLogits].
func BCEWithLogitsLoss(x, target autograd.Variable) autograd.Variable {
	return BCEWithLogits{}.Loss(x, target)
}

// SoftMargin is the logistic loss of two classes −1 and 1: the mean of
//
//	ln(1 + e^(−target·output))
//
// over all elements. It is accurate for any finite output and has no kinks. Both have
// the same shape; it panics with [*autograd.ShapeError] rather than broadcast them.
type SoftMargin struct{ Reduction Reduction }

// Loss is the logistic loss of output.
func (l SoftMargin) Loss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.SoftMargin"
	checkSameShape(op, output, target)
	return l.Reduction.reduce(op, target.Mul(output).Neg().Softplus())
}

// Of is Loss by the targets of a batch.
func (l SoftMargin) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	return target.byValues("nn.SoftMargin", l.Reduction, output, SoftMargin{ReduceNone}.Loss)
}

// SoftMarginLoss is the loss of the zero [SoftMargin].
func SoftMarginLoss(output, target autograd.Variable) autograd.Variable {
	return SoftMargin{}.Loss(output, target)
}

// complement is 1 − x.
func complement(x autograd.Variable) autograd.Variable { return x.Neg().AddScalar(1) }
