package nn

import (
	"cmp"
	"fmt"
	"slices"
	"sync"

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
	defer c.release()
	smoothing := checkSmoothing(op, l.LabelSmoothing)
	losses := c.weighted(autograd.SoftmaxCrossEntropy(c.x, c.labels))
	if smoothing != 0 {
		uniform := c.leaveOut(weighClasses(c.x.LogSoftmax(-1), l.ClassWeights, -1).Mean(-1).Neg())
		if c.samples.weights != nil {
			uniform = uniform.Mul(constantFor(uniform, func(i int) float64 { return c.samples.of(i) }, len(c.labels)))
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
	impossible := log.IsInf().Mul(target.Equal(scalarFor(log, 0)))
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
	defer c.release()
	index := integers(len(c.labels))
	defer index.release()
	for i, label := range c.labels {
		index.list[i] = max(label, 0)
	}
	picked := c.x.Gather(1, index.list, len(index.list), 1).Squeeze(1)
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
	op      string
	scores  autograd.Variable // as they were given
	axis    int               // of the classes in them
	x       autograd.Variable // [examples, classes]
	labels  []int             // one for each example, below the number of classes; negative if it does not count
	own     *integerList      // the memory of labels, if they are not the target's
	ignored int               // how many labels are negative
	weights []float64         // of the classes; nil means 1
	samples labelWeights      // of the examples
}

// classify brings scores and labels together, and panics unless they and weights fit.
func classify(op string, x autograd.Variable, target Target, axis int, weights []float64) classified {
	axis, labels := classAxis(op, x, axis), target.Labels
	c := classified{op: op, scores: x, axis: axis, x: x, labels: labels, weights: weights}
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
	var buffer [8]int
	order := buffer[:0]
	for i := range shape {
		if i != axis {
			order = append(order, i)
		}
	}
	c.x = x.Permute(append(order, axis)...).Reshape(len(labels), classes)
	return c
}

// weigh gives c the weights of a target, and leaves out what has none.
func (c *classified) weigh(target Target) {
	c.samples = target.perLabel(c.op)
	if !slices.Contains(target.Weights, 0) {
		return
	}
	c.own = integers(len(c.labels))
	for i, label := range c.labels {
		if c.own.list[i] = label; c.samples.of(i) == 0 {
			c.own.list[i] = -1
		}
	}
	c.labels = c.own.list
}

// release gives memory back: the labels must not be used any more.
func (c *classified) release() {
	if c.own != nil {
		c.own.release()
	}
}

// integerList is memory for a list that operations copy.
type integerList struct{ list []int }

var integerLists sync.Pool

// integers is a list of n integers of any values, which are to be released.
func integers(n int) *integerList {
	l, _ := integerLists.Get().(*integerList)
	if l == nil {
		l = &integerList{}
	}
	l.list = slices.Grow(l.list[:0], n)[:n]
	return l
}

func (l *integerList) release() { integerLists.Put(l) }

// classAxis is the axis of the classes of x: that given, or the last.
func classAxis(op string, x autograd.Variable, axis int) int {
	rank := x.Rank()
	axis = cmp.Or(axis, rank-1)
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
	if c.weights == nil && c.samples.weights == nil {
		return losses
	}
	return losses.Mul(constantFor(losses, func(i int) float64 { return c.weight(i) }, len(c.labels)))
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
	return weight * c.samples.of(i)
}

// leaveOut replaces the losses of examples with a negative label by 0.
func (c *classified) leaveOut(losses autograd.Variable) autograd.Variable {
	if c.ignored == 0 {
		return losses
	}
	return losses.MaskedFill(constantFor(losses, func(i int) float64 { return number01(c.labels[i] < 0) }, len(c.labels)), 0)
}

// reduce combines the losses of examples, of which those left out have the loss 0. The
// mean is over the weights of the others, whose sum is the divisor.
func (c *classified) reduce(r Reduction, losses autograd.Variable) (loss autograd.Variable, divisor float64) {
	if r == ReduceNone {
		losses = losses.Reshape(slices.Delete(slices.Clone(c.scores.Shape()), c.axis, c.axis+1)...)
	}
	if r != ReduceMean || len(c.labels) > 0 && c.weights == nil && c.samples.weights == nil && c.ignored == 0 {
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
	var buffer [8]int
	shape, rank := buffer[:0], terms.Rank()
	for range rank {
		shape = append(shape, 1)
	}
	shape[(axis+rank)%rank] = len(weights)
	return terms.Mul(constantFor(terms, func(i int) float64 { return weights[i] }, shape...))
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

// scalarFor is a constant of one element and no axis, as constantFor makes it.
func scalarFor(x autograd.Variable, value float64) autograd.Variable {
	return constantFor(x, func(int) float64 { return value })
}

// zerosFor is a constant of zeros, as constantFor makes it.
func zerosFor(x autograd.Variable, shape ...int) autograd.Variable {
	return scalarFor(x, 0).BroadcastTo(shape...)
}

// constantFor is a constant of f(0), f(1), … in row-major order, of x's element type and on
// its tape, if it is on one.
func constantFor(x autograd.Variable, f func(i int) float64, shape ...int) autograd.Variable {
	if tape := x.Tape(); tape != nil {
		return tape.FromFunc(x.DType(), f, shape...)
	}
	values := autograd.Zeros(autograd.Float64, shape...)
	for i := range values.Float64s() {
		values.Float64s()[i] = f(i)
	}
	return values.AsType(x.DType())
}
