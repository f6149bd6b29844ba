package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses of classes: of one out of many, then of two. Logits are the logarithms of
// probabilities up to a constant: what a model's last layer gives before a softmax.

// CrossEntropy is the cross-entropy of the class probabilities softmax(logits) and the
// classes that labels name,
//
//	−ln softmax(logitsᵢ)[labelsᵢ]
//
// averaged over the examples i. logits is [batch, classes], and labels has for each
// example a class from 0 to classes−1, or a negative number to leave the example out;
// if all are left out the loss is 0. It is finite for any finite logits. It panics
// with [*autograd.ShapeError] if the sizes do not fit, and with [*autograd.IndexError]
// for a label that is no class.
func CrossEntropy(logits autograd.Variable, labels []int) autograd.Variable {
	return LossConfig{}.CrossEntropy(logits, labels)
}

// CrossEntropy is the cross-entropy of logits, see the function [CrossEntropy]. With
// ClassWeights the mean is weighted. It panics with [*autograd.ValueError] if c does
// not fit.
func (c LossConfig) CrossEntropy(logits autograd.Variable, labels []int) autograd.Variable {
	const op = "nn.CrossEntropy"
	c.check(op, logits, labels)
	losses := autograd.SoftmaxCrossEntropy(logits, labels)
	if c.ClassWeights != nil {
		losses = losses.Mul(c.exampleWeights(logits.DType(), labels))
	}
	if c.LabelSmoothing != 0 {
		uniform := c.crossEntropyOfUniform(logits, labels)
		losses = losses.MulScalar(1 - c.LabelSmoothing).Add(uniform.MulScalar(c.LabelSmoothing))
	}
	return c.reduceLabeled(op, losses, labels)
}

// crossEntropyOfUniform is −Σ wⱼ·ln softmax(logits)ⱼ/classes for each example that is
// not left out, 0 for the others.
func (c LossConfig) crossEntropyOfUniform(logits autograd.Variable, labels []int) autograd.Variable {
	return leaveOut(c.weighted(logits.LogSoftmax(1)).Mean(1).Neg(), labels)
}

// CrossEntropyProbabilities is the cross-entropy of the class probabilities
// softmax(logits) and given ones,
//
//	−Σ targetᵢⱼ·ln softmax(logitsᵢ)ⱼ
//
// averaged over the examples i. logits and target are [batch, classes]; each row of
// target should sum to 1. Terms whose target and probability are both 0 count as 0. It
// panics with [*autograd.ShapeError] if the shapes do not fit.
func CrossEntropyProbabilities(logits, target autograd.Variable) autograd.Variable {
	return LossConfig{}.CrossEntropyProbabilities(logits, target)
}

// CrossEntropyProbabilities is the cross-entropy of logits and probabilities, see the
// function [CrossEntropyProbabilities]. ClassWeights multiply the terms of their
// class; the mean is over the examples, unweighted. It panics with
// [*autograd.ValueError] if c does not fit.
func (c LossConfig) CrossEntropyProbabilities(logits, target autograd.Variable) autograd.Variable {
	const op = "nn.CrossEntropyProbabilities"
	checkMatrices(op, "classes", logits, target)
	c.checkOptions(op, logits.Dim(1))
	if c.LabelSmoothing != 0 {
		target = target.MulScalar(1 - c.LabelSmoothing).AddScalar(c.LabelSmoothing / float64(logits.Dim(1)))
	}
	log := logits.LogSoftmax(1)
	impossible := log.Equal(autograd.Full(log.DType(), math.Inf(-1))).Mul(target.Equal(autograd.Zeros(log.DType())))
	terms := target.Mul(log.MaskedFill(impossible, 0))
	return c.reduce(op, c.weighted(terms).Sum(1).Neg())
}

// NLLLoss is the negative log-likelihood −logProbs[i, labelsᵢ], averaged over the
// examples i: [CrossEntropy] for models that give logarithms of probabilities.
// logProbs is [batch, classes]; negative labels leave examples out. It panics as
// CrossEntropy does.
func NLLLoss(logProbs autograd.Variable, labels []int) autograd.Variable {
	return LossConfig{}.NLLLoss(logProbs, labels)
}

// NLLLoss is the negative log-likelihood, see the function [NLLLoss]. With
// ClassWeights the mean is weighted.
func (c LossConfig) NLLLoss(logProbs autograd.Variable, labels []int) autograd.Variable {
	const op = "nn.NLLLoss"
	c.check(op, logProbs, labels)
	index := slices.Clone(labels)
	for i, label := range index {
		index[i] = max(label, 0)
	}
	losses := leaveOut(logProbs.Gather(1, index, len(index), 1).Squeeze(1).Neg(), labels)
	if c.ClassWeights != nil {
		losses = losses.Mul(c.exampleWeights(logProbs.DType(), labels))
	}
	return c.reduceLabeled(op, losses, labels)
}

// BCELoss is the binary cross-entropy of probabilities 0 ≤ p ≤ 1, the mean of
//
//	−t·ln p − (1−t)·ln(1−p)
//
// over all elements, with targets 0 ≤ t ≤ 1 of the same shape. Logarithms below −100
// count as −100, with gradient 0, so that the loss stays finite. Any other p makes NaN.
// Where the probabilities come from a sigmoid, [BCEWithLogitsLoss] on its operand is
// exact. It panics with [*autograd.ShapeError] rather than broadcast.
func BCELoss(p, target autograd.Variable) autograd.Variable {
	return LossConfig{}.BCELoss(p, target)
}

// BCELoss is the binary cross-entropy of probabilities, see the function [BCELoss].
func (c LossConfig) BCELoss(p, target autograd.Variable) autograd.Variable {
	const op = "nn.BCELoss"
	checkSameShape(op, p, target)
	limited := func(log autograd.Variable) autograd.Variable { return log.Clamp(-100, math.Inf(1)) }
	likelihood := target.Mul(limited(p.Log())).Add(complement(target).Mul(limited(p.Neg().Log1p())))
	return c.reduce(op, likelihood.Neg())
}

// BCEWithLogitsLoss is the binary cross-entropy of the probabilities σ(x), the mean of
//
//	t·softplus(−x) + (1−t)·softplus(x)  =  −t·ln σ(x) − (1−t)·ln(1−σ(x))
//
// over all elements, with targets 0 ≤ t ≤ 1 of the same shape. It is accurate for any
// finite x, and has no kinks. It panics with [*autograd.ShapeError] rather than
// broadcast.
func BCEWithLogitsLoss(x, target autograd.Variable) autograd.Variable {
	return LossConfig{}.BCEWithLogitsLoss(x, target)
}

// BCEWithLogitsLoss is the binary cross-entropy of logits, see the function
// [BCEWithLogitsLoss].
func (c LossConfig) BCEWithLogitsLoss(x, target autograd.Variable) autograd.Variable {
	const op = "nn.BCEWithLogitsLoss"
	checkSameShape(op, x, target)
	losses := target.Mul(x.Neg().Softplus()).Add(complement(target).Mul(x.Softplus()))
	return c.reduce(op, losses)
}

// SoftMarginLoss is the logistic loss of two classes −1 and 1: the mean of
//
//	ln(1 + e^(−target·output))
//
// over all elements. It is accurate for any finite output and has no kinks. Both have
// the same shape; it panics with [*autograd.ShapeError] rather than broadcast them.
func SoftMarginLoss(output, target autograd.Variable) autograd.Variable {
	return LossConfig{}.SoftMarginLoss(output, target)
}

// SoftMarginLoss is the logistic loss, see the function [SoftMarginLoss].
func (c LossConfig) SoftMarginLoss(output, target autograd.Variable) autograd.Variable {
	const op = "nn.SoftMarginLoss"
	checkSameShape(op, output, target)
	return c.reduce(op, target.Mul(output).Neg().Softplus())
}

// complement is 1 − x.
func complement(x autograd.Variable) autograd.Variable { return x.Neg().AddScalar(1) }

// weighted multiplies the columns of terms [batch, classes] by their class's weight.
func (c LossConfig) weighted(terms autograd.Variable) autograd.Variable {
	if c.ClassWeights == nil {
		return terms
	}
	return terms.Mul(constant(terms.DType(), c.ClassWeights))
}

// exampleWeights is the weight of each example: its class's, and 0 if it is left out.
func (c LossConfig) exampleWeights(dtype autograd.DType, labels []int) autograd.Variable {
	weights := make([]float64, len(labels))
	for i, label := range labels {
		weights[i] = c.weight(label)
	}
	return constant(dtype, weights)
}

func (c LossConfig) weight(label int) float64 {
	switch {
	case label < 0:
		return 0
	case c.ClassWeights == nil:
		return 1
	}
	return c.ClassWeights[label]
}

// reduceLabeled combines the losses of labelled examples, of which those left out
// have the loss 0. The mean is over the weights of the others.
func (c LossConfig) reduceLabeled(op string, losses autograd.Variable, labels []int) autograd.Variable {
	if c.Reduction != ReduceMean || len(labels) > 0 && c.ClassWeights == nil && !anyLeftOut(labels) {
		return c.reduce(op, losses)
	}
	total := 0.0
	for _, label := range labels {
		total += c.weight(label)
	}
	if total == 0 {
		return losses.Sum()
	}
	return losses.Sum().DivScalar(total)
}

// leaveOut replaces the losses of examples with a negative label by 0.
func leaveOut(losses autograd.Variable, labels []int) autograd.Variable {
	if !anyLeftOut(labels) {
		return losses
	}
	out := make([]float64, len(labels))
	for i, label := range labels {
		if label < 0 {
			out[i] = 1
		}
	}
	return losses.MaskedFill(constant(losses.DType(), out), 0)
}

func anyLeftOut(labels []int) bool {
	return slices.ContainsFunc(labels, func(label int) bool { return label < 0 })
}

// check panics unless x is [batch, classes] for these labels, and c fits it.
func (c LossConfig) check(op string, x autograd.Variable, labels []int) {
	if x.Rank() != 2 || x.Dim(0) != len(labels) {
		panic(shapeError(op, fmt.Sprintf("expected [batch, classes] for %d labels", len(labels)), x))
	}
	c.checkOptions(op, x.Dim(1))
}

// checkOptions panics unless the options of c fit a number of classes.
func (c LossConfig) checkOptions(op string, classes int) {
	if !(c.LabelSmoothing >= 0 && c.LabelSmoothing <= 1) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("LabelSmoothing is %v, expected a number from 0 to 1", c.LabelSmoothing)})
	}
	if c.ClassWeights != nil && len(c.ClassWeights) != classes {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there are %d ClassWeights for %d classes", len(c.ClassWeights), classes)})
	}
	for class, weight := range c.ClassWeights {
		if !(weight >= 0 && isFinite(weight)) {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("ClassWeights[%d] is %v, expected a finite number that is not negative", class, weight)})
		}
	}
}

// constant is a constant with one axis.
func constant(dtype autograd.DType, values []float64) autograd.Variable {
	return autograd.New(values).AsType(dtype)
}
