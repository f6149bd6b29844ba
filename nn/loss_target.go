package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// Target is what a model's outputs for a batch should be. It is valid while the loss of
// the batch is computed.
type Target struct {
	Labels []int             // classes, negative to leave an example out; nil if the data set has none
	Values autograd.Variable // [batch, targets…]; the zero Variable if the data set has none

	// Weights says how much each example of the batch counts, see data.Batch; nil if all
	// have weight 1. A loss multiplies by them and, if it is a mean, divides by their sum. It
	// may ignore them, if it says so.
	Weights []float64
}

// labels are the labels, which the loss named op needs.
func (t Target) labels(op string) []int {
	if t.Labels == nil {
		panic(&autograd.ValueError{Op: op, Reason: "the data set has no labels"})
	}
	return t.Labels
}

// values are the numeric targets, which the loss named op needs.
func (t Target) values(op string) autograd.Variable {
	if (t.Values == autograd.Variable{}) {
		panic(&autograd.ValueError{Op: op, Reason: "the data set has no numeric targets"})
	}
	return t.Values
}

// unweighted panics if there are weights, for the loss named op that cannot take them.
func (t Target) unweighted(op string) {
	if t.Weights != nil {
		panic(&autograd.ValueError{Op: op, Reason: "the data set has weights, which the function cannot know: a Loss of one's own can, by Target.Weights"})
	}
}

// byValues is the loss of outputs by the numeric targets, for the loss named op: l, of single
// elements or examples, reduced.
func (t Target) byValues(op string, r Reduction, output autograd.Variable, l func(output, target autograd.Variable) autograd.Variable) (loss autograd.Variable, divisor float64) {
	return t.reduce(op, r, l(output, t.values(op)))
}

// binary is the numeric targets of outputs that are of two classes each; of labels 0 and 1
// it makes such, one for each output.
func (t Target) binary(op string, output autograd.Variable) autograd.Variable {
	if !t.byLabels() {
		return t.values(op)
	}
	if output.Size() != len(t.Labels) {
		panic(shapeError(op, fmt.Sprintf("expected one output for each of %d labels; CrossEntropy is for one for each class", len(t.Labels)), output))
	}
	for i, label := range t.Labels {
		if label > 1 {
			panic(&autograd.IndexError{Op: op, Index: label, At: i, Size: 2})
		}
	}
	return constantFor(output, func(i int) float64 { return number01(t.Labels[i] == 1) }, output.Shape()...)
}

// byLabels reports whether it is labels that outputs of two classes are compared with.
func (t Target) byLabels() bool { return t.Labels != nil && (t.Values == autograd.Variable{}) }

// reduceBinary is reduce of losses by what binary returns: of those by labels, the ones of
// negative labels do not count.
func (t Target) reduceBinary(op string, r Reduction, losses autograd.Variable) (loss autograd.Variable, divisor float64) {
	if !t.byLabels() || t.Weights == nil && countNegative(t.Labels) == 0 {
		return t.reduce(op, r, losses)
	}
	weights := t.perLabel(op)
	return reduceWeighted(op, r, losses, len(t.Labels), func(i int) float64 {
		if t.Labels[i] < 0 {
			return 0
		}
		return weights.of(i)
	})
}

// binaryClasses is how many classes labels may name where binary is used: 2, and 0 if they do
// not count.
func (t Target) binaryClasses() int {
	if !t.byLabels() {
		return 0
	}
	return 2
}

// labelWeights are weights of labels, of which each example has as many.
type labelWeights struct {
	weights []float64 // of the examples; nil means 1
	each    int
}

// of is the weight of label i.
func (w labelWeights) of(i int) float64 {
	if w.weights == nil {
		return 1
	}
	return w.weights[i/w.each]
}

// perLabel is the weights of the labels: those of their examples.
func (t Target) perLabel(op string) labelWeights {
	if t.Weights == nil {
		return labelWeights{}
	}
	return labelWeights{t.Weights, perExample(op, len(t.Labels), len(t.Weights))}
}

// perExample is how many of all there are for each weight.
func perExample(op string, all, weights int) int {
	if weights == 0 || all%weights != 0 {
		if all == 0 {
			return 1
		}
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d weights for %d losses", weights, all)})
	}
	return all / weights
}

// reduce combines losses of elements or examples, along whose first axis examples lie.
// divisor is what [Loss] says. Those of weight 0 do not count, whatever they are.
func (t Target) reduce(op string, r Reduction, losses autograd.Variable) (loss autograd.Variable, divisor float64) {
	if t.Weights == nil {
		return r.reduce(op, losses), r.divisor(losses.Size())
	}
	return reduceWeighted(op, r, losses, len(t.Weights), func(i int) float64 { return t.Weights[i] })
}

// reduceWeighted combines losses in n equal parts, each of which has a weight.
func reduceWeighted(op string, r Reduction, losses autograd.Variable, n int, weight func(i int) float64) (loss autograd.Variable, divisor float64) {
	each := perExample(op, losses.Size(), n)
	sum, left := 0., false
	for i := range n {
		w := weight(i)
		sum += w
		left = left || w == 0
	}
	rows := losses.Reshape(n, each)
	if left {
		rows = rows.MaskedFill(constantFor(losses, func(i int) float64 { return number01(weight(i) == 0) }, n, 1), 0)
	}
	losses = rows.Mul(constantFor(losses, weight, n, 1)).Reshape(losses.Shape()...)
	if divisor = sum * float64(each); r != ReduceMean {
		return r.reduce(op, losses), 0
	}
	if loss = losses.Sum(); divisor != 0 {
		loss = loss.DivScalar(divisor)
	}
	return loss, divisor
}
