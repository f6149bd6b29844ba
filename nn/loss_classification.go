package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses of one class out of many. Logits are the logarithms of probabilities up to a
// constant: what a model's last layer gives before a softmax. Classes are on the last
// axis, or on the one that ClassAxis names; the examples are along all others.

// CrossEntropy is the cross-entropy of the class probabilities softmax(logits) and the
// classes that labels name,
//
//	−ln softmax(logitsᵢ)[labelsᵢ]
//
// averaged over the examples i. It is finite for any finite logits. With ClassWeights
// the mean is weighted.
type CrossEntropy struct {
	Reduction Reduction

	// ClassAxis is the axis of the classes; 0 means the last one. For logits
	// [batch, classes, height, width] it is 1.
	ClassAxis int

	// LabelSmoothing ε, from 0 to 1, compares with a mixture of 1−ε of the target and ε
	// of the uniform distribution.
	LabelSmoothing float64

	// ClassWeights has for each class the weight of its examples; nil means 1.
	ClassWeights []float64
}

// Loss is the cross-entropy of logits [..., classes] and labels, which have for each
// example, in row-major order, a class from 0 to classes−1, or a negative number to leave
// the example out; if all are left out the loss is 0. It panics with
// [*autograd.ShapeError] if the sizes do not fit, with [*autograd.IndexError] for a label
// that is no class, and with [*autograd.ValueError] if an option does not fit.
func (l CrossEntropy) Loss(logits autograd.Variable, labels []int) autograd.Variable {
	loss, _ := l.of(logits, Target{Labels: labels})
	return loss
}

func (l CrossEntropy) of(logits autograd.Variable, target Target) (loss autograd.Variable, divisor float64) {
	const op = "nn.CrossEntropy"
	c := classify(op, logits, target, l.ClassAxis, l.ClassWeights)
	smoothing := checkSmoothing(op, l.LabelSmoothing)
	losses := c.weighted(autograd.SoftmaxCrossEntropy(c.x, c.labels))
	if smoothing != 0 {
		uniform := c.leaveOut(weighClasses(c.x.LogSoftmax(-1), l.ClassWeights, -1).Mean(-1).Neg())
		if c.samples != nil {
			uniform = uniform.Mul(constant(uniform.DType(), c.samples))
		}
		losses = losses.MulScalar(1 - smoothing).Add(uniform.MulScalar(smoothing))
	}
	return c.reduce(l.Reduction, losses)
}

// Probabilities is the cross-entropy of logits and given class probabilities, of the
// same shape,
//
//	−Σ targetᵢⱼ·ln softmax(logitsᵢ)ⱼ
//
// averaged over the examples i. The probabilities of an example should sum to 1. Terms
// whose target and probability are both 0 count as 0. ClassWeights multiply the terms of
// their class; the mean is over the examples, unweighted. It panics as Loss does.
func (l CrossEntropy) Probabilities(logits, target autograd.Variable) autograd.Variable {
	const op = "nn.CrossEntropy"
	checkSameShape(op, logits, target)
	axis := classAxis(op, logits, l.ClassAxis)
	classes := logits.Dim(axis)
	checkClassWeights(op, l.ClassWeights, classes)
	if smoothing := checkSmoothing(op, l.LabelSmoothing); smoothing != 0 {
		target = target.MulScalar(1 - smoothing).AddScalar(smoothing / float64(classes))
	}
	log := logits.LogSoftmax(axis)
	impossible := log.Equal(autograd.Full(log.DType(), math.Inf(-1))).Mul(target.Equal(autograd.Zeros(log.DType())))
	terms := target.Mul(log.MaskedFill(impossible, 0))
	return l.Reduction.reduce(op, weighClasses(terms, l.ClassWeights, axis).Sum(axis).Neg())
}

// Of is Loss by the labels of a batch, and Probabilities by its targets if it has none.
func (l CrossEntropy) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	if target.Labels == nil && (target.Values != autograd.Variable{}) {
		r := l.Reduction
		l.Reduction = ReduceNone
		return target.reduce("nn.CrossEntropy", r, l.Probabilities(output, target.Values))
	}
	target.labels("nn.CrossEntropy")
	return l.of(output, target)
}

func (l CrossEntropy) classes(output autograd.Variable, target Target) int {
	return NLL{ClassAxis: l.ClassAxis}.classes(output, target)
}

// CrossEntropyLoss is the loss of the zero [CrossEntropy].
func CrossEntropyLoss(logits autograd.Variable, labels []int) autograd.Variable {
	return CrossEntropy{}.Loss(logits, labels)
}

// NLL is the negative log-likelihood −logProbsᵢ[labelsᵢ], averaged over the examples i:
// [CrossEntropy] for models that give logarithms of probabilities. With ClassWeights the
// mean is weighted.
type NLL struct {
	Reduction    Reduction
	ClassAxis    int       // the axis of the classes; 0 means the last one
	ClassWeights []float64 // for each class the weight of its examples; nil means 1
}

// Loss is the negative log-likelihood by logProbs [..., classes] of labels, which are
// those of [CrossEntropy], as are the panics.
func (l NLL) Loss(logProbs autograd.Variable, labels []int) autograd.Variable {
	loss, _ := l.of(logProbs, Target{Labels: labels})
	return loss
}

// Of is Loss by the labels of a batch.
func (l NLL) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	target.labels("nn.NLL")
	return l.of(output, target)
}

func (l NLL) of(logProbs autograd.Variable, target Target) (loss autograd.Variable, divisor float64) {
	c := classify("nn.NLL", logProbs, target, l.ClassAxis, l.ClassWeights)
	index := make([]int, len(c.labels))
	for i, label := range c.labels {
		index[i] = max(label, 0)
	}
	picked := c.x.Gather(1, index, len(index), 1).Squeeze(1)
	return c.reduce(l.Reduction, c.weighted(c.leaveOut(picked.Neg())))
}

func (l NLL) classes(output autograd.Variable, target Target) int {
	if target.Labels == nil {
		return 0
	}
	return output.Dim(classAxis("nn.NLL", output, l.ClassAxis))
}

// NLLLoss is the loss of the zero [NLL].
func NLLLoss(logProbs autograd.Variable, labels []int) autograd.Variable {
	return NLL{}.Loss(logProbs, labels)
}

// classified is scores of classes with labels that have been checked.
type classified struct {
	op       string
	x        autograd.Variable // [examples, classes]
	labels   []int             // one for each example, below the number of classes; negative if it does not count
	ignored  int               // how many labels are negative
	weights  []float64         // of the classes; nil means 1
	samples  []float64         // weights of the examples; nil means 1
	examples []int             // the axes of the examples
}

// classify brings scores and labels together, and panics unless they and weights fit.
func classify(op string, x autograd.Variable, target Target, axis int, weights []float64) classified {
	axis, labels := classAxis(op, x, axis), target.Labels
	c := classified{op: op, x: x, labels: labels, weights: weights}
	shape, classes := x.Shape(), x.Dim(axis)
	if classes*len(labels) != x.Size() || classes == 0 && len(labels) > 0 {
		panic(shapeError(op, fmt.Sprintf("expected %d labels' worth of classes, on axis %d", len(labels), axis), x))
	}
	checkClassWeights(op, weights, classes)
	for i, label := range labels {
		if label >= classes {
			panic(&autograd.IndexError{Op: op, Index: label, At: i, Size: classes})
		}
	}
	if target.Weights != nil {
		c.weigh(target)
	}
	c.ignored = countNegative(c.labels)
	if len(shape) == 2 && axis == 1 {
		return c
	}
	var order []int
	for i, size := range shape {
		if i != axis {
			order = append(order, i)
			c.examples = append(c.examples, size)
		}
	}
	c.x = x.Permute(append(order, axis)...).Reshape(len(labels), classes)
	return c
}

// weigh gives c the weights of a target, and leaves out what has none.
func (c *classified) weigh(target Target) {
	c.samples, c.labels = target.perLabel(c.op), slices.Clone(c.labels)
	for i, weight := range c.samples {
		if weight == 0 {
			c.labels[i] = -1
		}
	}
}

// classAxis is the axis of the classes of x: that given, or the last.
func classAxis(op string, x autograd.Variable, axis int) int {
	rank := x.Rank()
	if axis == 0 {
		axis = rank - 1
	}
	switch {
	case rank < 2:
		panic(shapeError(op, "expected [..., classes] with an axis of examples", x))
	case axis < -rank || axis >= rank:
		panic(&autograd.AxisError{Op: op, Axis: axis, Rank: rank, Reason: "there is no such ClassAxis"})
	case axis < 0:
		axis += rank
	}
	return axis
}

// weighted multiplies the loss of each example by its weight.
func (c *classified) weighted(losses autograd.Variable) autograd.Variable {
	if c.weights == nil && c.samples == nil {
		return losses
	}
	weights := make([]float64, len(c.labels))
	for i := range weights {
		weights[i] = c.weight(i)
	}
	return losses.Mul(constant(losses.DType(), weights))
}

// weight is that of an example: its own times its class's, and 0 if it is left out.
func (c *classified) weight(i int) float64 {
	if c.labels[i] < 0 {
		return 0
	}
	weight := 1.
	if c.weights != nil {
		weight = c.weights[c.labels[i]]
	}
	if c.samples != nil {
		weight *= c.samples[i]
	}
	return weight
}

// leaveOut replaces the losses of examples with a negative label by 0.
func (c *classified) leaveOut(losses autograd.Variable) autograd.Variable {
	if c.ignored == 0 {
		return losses
	}
	out := make([]float64, len(c.labels))
	for i, label := range c.labels {
		if label < 0 {
			out[i] = 1
		}
	}
	return losses.MaskedFill(constant(losses.DType(), out), 0)
}

// reduce combines the losses of examples, of which those left out have the loss 0. The
// mean is over the weights of the others, whose sum is the divisor.
func (c *classified) reduce(r Reduction, losses autograd.Variable) (loss autograd.Variable, divisor float64) {
	if r == ReduceNone && c.examples != nil {
		losses = losses.Reshape(c.examples...)
	}
	if r != ReduceMean || len(c.labels) > 0 && c.weights == nil && c.samples == nil && c.ignored == 0 {
		return r.reduce(c.op, losses), r.divisor(len(c.labels))
	}
	for i := range c.labels {
		divisor += c.weight(i)
	}
	loss = losses.Sum()
	if divisor != 0 {
		loss = loss.DivScalar(divisor)
	}
	return loss, divisor
}

// countNegative is how many labels leave their example out.
func countNegative(labels []int) int {
	n := 0
	for _, label := range labels {
		if label < 0 {
			n++
		}
	}
	return n
}

// weighClasses multiplies terms by the weight of their class.
func weighClasses(terms autograd.Variable, weights []float64, axis int) autograd.Variable {
	if weights == nil {
		return terms
	}
	shape := make([]int, terms.Rank())
	for i := range shape {
		shape[i] = 1
	}
	shape[(axis+len(shape))%len(shape)] = len(weights)
	return terms.Mul(constant(terms.DType(), weights).Reshape(shape...))
}

// checkSmoothing is the label smoothing that is meant.
func checkSmoothing(op string, smoothing float64) float64 {
	smoothing = number(op, "LabelSmoothing", smoothing, 0)
	if smoothing > 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("LabelSmoothing is %v, expected a number from 0 to 1", smoothing)})
	}
	return smoothing
}

func checkClassWeights(op string, weights []float64, classes int) {
	if weights != nil && len(weights) != classes {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there are %d ClassWeights for %d classes", len(weights), classes)})
	}
	for class, weight := range weights {
		if !(weight >= 0 && isFinite(weight)) {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("ClassWeights[%d] is %v, expected a finite number that is not negative", class, weight)})
		}
	}
}

// constant is a constant with one axis.
func constant(dtype autograd.DType, values []float64) autograd.Variable {
	return autograd.New(values).AsType(dtype)
}
