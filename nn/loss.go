package nn

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses: functions of a model's outputs and what they should be, made of operations,
// so that they can be differentiated to any order. Here is what they share; they
// themselves are in loss_regression.go, loss_classification.go and loss_comparison.go.

// Reduction says how the losses of single elements or examples become one number.
type Reduction uint8

const (
	// ReduceMean takes their mean.
	ReduceMean Reduction = iota
	// ReduceSum takes their sum.
	ReduceSum
	// ReduceNone leaves them as they are: of the operands' shape, or [batch] if it is
	// examples that the loss is about.
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
//
// Besides what they say themselves, losses panic with [*autograd.DTypeError] if their
// operands are not all float32 or all float64, and with [*autograd.ValueError] if there
// is no such Reduction. They only read c, so that goroutines may share it.
type LossConfig struct {
	Reduction Reduction

	// LabelSmoothing ε, from 0 to 1, makes cross-entropies compare with a mixture of
	// 1−ε of the target and ε of the uniform distribution. Other losses ignore it.
	LabelSmoothing float64

	// ClassWeights has for each class the weight of its examples in cross-entropies
	// and NLLLoss; nil means 1. Other losses ignore it.
	ClassWeights []float64
}

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
