package nn

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses: functions of a model's outputs and what they should be, made of operations,
// so that they can be differentiated to any order. Here is what they share; they
// themselves are in the loss_*.go. A loss is a type whose fields are its options and
// whose method Loss computes it; a function of its name with Loss at the end is that of
// the zero value.

// Loss is a loss as training wants it: computed from what a model puts out for a batch,
// and what it should put out. The losses of this package are such, and [ForLabels] and
// [ForTargets] make one of a function. What it panics with by the types of package
// autograd, training and evaluation return as an error. Goroutines may share it.
type Loss interface {
	// Of is the loss, of one element, and the divisor: by what a sum over the batch was
	// divided to give it, such as the number of examples that count, or of elements, or
	// the sum of weights; 0 if it was not divided, as a loss that is a sum, or one of no
	// example that counts. The loss of several batches is the sum of theirs, each times
	// its divisor, divided by the sum of the divisors: that of all examples together,
	// whatever the size of the batches.
	Of(output autograd.Variable, target Target) (loss autograd.Variable, divisor float64)
}

// ForLabels is a Loss by the labels of a data set: f is the mean over the examples whose
// label is not negative. It is an error if the data set has none, as by the losses of this
// package, and if it has weights.
func ForLabels(f func(output autograd.Variable, labels []int) autograd.Variable) Loss {
	return forLabels(f)
}

type forLabels func(output autograd.Variable, labels []int) autograd.Variable

func (f forLabels) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	labels := target.labels("nn.ForLabels")
	target.unweighted("nn.ForLabels")
	return f(output, labels), float64(len(labels) - countNegative(labels))
}

// ForTargets is a Loss by the numeric targets of a data set: f is a mean over the
// examples, or over elements. It is an error if the data set has none, as by the losses of
// this package, and if it has weights.
func ForTargets(f func(output, target autograd.Variable) autograd.Variable) Loss {
	return forTargets(f)
}

type forTargets func(output, target autograd.Variable) autograd.Variable

func (f forTargets) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	values := target.values("nn.ForTargets")
	target.unweighted("nn.ForTargets")
	return f(output, values), float64(values.Size())
}

// defaultLoss is the loss where none is given: [CrossEntropy] if there are labels, and
// [MSE] otherwise.
type defaultLoss struct{}

func (defaultLoss) Of(output autograd.Variable, target Target) (autograd.Variable, float64) {
	switch {
	case target.Labels != nil && output.Size() == len(target.Labels):
		panic(&autograd.ValueError{Op: "nn", Reason: fmt.Sprintf("the model has one output for each label, of shape %v: give the Loss that is meant, BCEWithLogits for labels 0 and 1 and outputs that are logits, BCE for outputs that are probabilities; for more classes an output for each", output.Shape())})
	case target.Labels != nil:
		return CrossEntropy{}.Of(output, target)
	case target.Values != autograd.Variable{}:
		return MSE{}.Of(output, target)
	}
	panic(&autograd.ValueError{Op: "nn", Reason: "the data set has neither labels nor targets: give a Loss that does without"})
}

func (defaultLoss) classes(output autograd.Variable, target Target) int {
	return CrossEntropy{}.classes(output, target)
}

// Reduction says how the losses of single elements or examples become one number.
// Losses panic with [*autograd.ValueError] if there is no such Reduction.
type Reduction uint8

const (
	// ReduceMean takes their mean.
	ReduceMean Reduction = iota
	// ReduceSum takes their sum.
	ReduceSum
	// ReduceNone leaves them as they are: of the operands' shape, or one for each example
	// if it is examples that the loss is about.
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

// reduce combines the losses of single elements.
func (r Reduction) reduce(op string, losses autograd.Variable) autograd.Variable {
	switch r {
	case ReduceMean:
		return losses.Mean()
	case ReduceSum:
		return losses.Sum()
	case ReduceNone:
		return losses
	}
	panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there is no %v", r)})
}

// divisor is by what a sum of so many losses is divided.
func (r Reduction) divisor(losses int) float64 {
	if r == ReduceMean {
		return float64(losses)
	}
	return 0
}

// checkSameShape panics unless all operands have one shape. Losses do not broadcast: a
// target of another shape is a mistake that would otherwise train the wrong thing.
func checkSameShape(op string, x autograd.Variable, others ...autograd.Variable) {
	for _, other := range others {
		if !slices.Equal(x.Shape(), other.Shape()) {
			panic(shapeError(op, "expected operands of one shape", append([]autograd.Variable{x}, others...)...))
		}
	}
}

// checkMatrices panics unless all operands are [batch, columns] of one shape.
func checkMatrices(op, columns string, x autograd.Variable, others ...autograd.Variable) {
	checkSameShape(op, x, others...)
	if x.Rank() != 2 {
		panic(shapeError(op, "expected operands [batch, "+columns+"]", append([]autograd.Variable{x}, others...)...))
	}
}

func shapeError(op, reason string, xs ...autograd.Variable) *autograd.ShapeError {
	e := &autograd.ShapeError{Op: op, Reason: reason}
	for _, x := range xs {
		e.Shapes = append(e.Shapes, slices.Clone(x.Shape()))
	}
	return e
}
