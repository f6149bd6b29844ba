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

// binary is the numeric targets of outputs that are of two classes each; of labels 0 and 1
// it makes such, one for each output. What is returned has the weights that go with them.
func (t Target) binary(op string, output autograd.Variable) (autograd.Variable, Target) {
	if (t.Values != autograd.Variable{}) || t.Labels == nil {
		return t.values(op), t
	}
	if output.Size() != len(t.Labels) {
		panic(shapeError(op, fmt.Sprintf("expected one output for each of %d labels; CrossEntropy is for one for each class", len(t.Labels)), output))
	}
	values, weights, weighted := make([]float64, len(t.Labels)), t.perLabel(op), t.Weights != nil
	for i, label := range t.Labels {
		switch {
		case label > 1:
			panic(&autograd.IndexError{Op: op, Index: label, At: i, Size: 2})
		case label == 1:
			values[i] = 1
		case label < 0:
			weights[i], weighted = 0, true
		}
	}
	if !weighted {
		weights = nil
	}
	return constant(output.DType(), values).Reshape(output.Shape()...), Target{Weights: weights}
}

// binaryClasses is how many classes labels may name where binary is used: 2, and 0 if they do
// not count.
func (t Target) binaryClasses() int {
	if t.Labels == nil || (t.Values != autograd.Variable{}) {
		return 0
	}
	return 2
}

// perLabel is a weight for each label: that of its example.
func (t Target) perLabel(op string) []float64 {
	weights := make([]float64, len(t.Labels))
	each := 1
	if t.Weights != nil {
		each = perExample(op, len(t.Labels), len(t.Weights))
	}
	for i := range weights {
		if weights[i] = 1; t.Weights != nil {
			weights[i] = t.Weights[i/each]
		}
	}
	return weights
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
	each := perExample(op, losses.Size(), len(t.Weights))
	sum, nothing := 0., make([]float64, len(t.Weights))
	left := false
	for i, weight := range t.Weights {
		sum += weight
		if weight == 0 {
			nothing[i], left = 1, true
		}
	}
	rows := losses.Reshape(len(t.Weights), each)
	if left {
		rows = rows.MaskedFill(constant(losses.DType(), nothing).Unsqueeze(1), 0)
	}
	losses = rows.Mul(constant(losses.DType(), t.Weights).Unsqueeze(1)).Reshape(losses.Shape()...)
	if divisor = sum * float64(each); r != ReduceMean {
		return r.reduce(op, losses), 0
	}
	if loss = losses.Sum(); divisor != 0 {
		loss = loss.DivScalar(divisor)
	}
	return loss, divisor
}
