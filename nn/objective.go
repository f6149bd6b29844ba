package nn

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Objective is what training makes small: a loss that knows how to compute itself from a
// batch. [Supervised] makes the usual one, of a model and a [Loss]; a type of one's own
// serves where the loss is something else than that of an output and a target, as of
// autoencoders, adversaries and models with several heads.
//
// Its parts are all that the loss is computed with. What of them is trained is what the
// optimizer has.
type Objective interface {
	Module

	// Loss computes the loss of a batch, of one element. In training it is
	// differentiated; in evaluation, where s.Tape.Training() is false, only its value
	// counts. What it panics with by the types of package autograd is returned as an
	// error by those who call it.
	Loss(s *StepContext) autograd.Variable
}

// StepContext is what an [Objective] computes a loss from, and tells about it. It is valid
// while the loss is computed.
type StepContext struct {
	Tape  *autograd.Tape
	Batch *data.Batch
	Epoch int // of training, from 0
	Step  int // within the epoch, from 0

	x, y    autograd.Variable // of the batch, on the tape
	output  autograd.Variable
	named   []namedOutput
	divisor float64
	terms   []Score
}

// begin makes s that of a batch.
func (s *StepContext) begin(tape *autograd.Tape, batch *data.Batch) {
	*s = StepContext{
		Tape: tape, Batch: batch, Epoch: batch.Epoch, Step: batch.Number,
		divisor: float64(batch.Len), terms: s.terms[:0], named: s.named[:0],
	}
}

// X is the features of the batch on the tape, [batch, features…]; the zero Variable if it
// has none, but tokens.
func (s *StepContext) X() autograd.Variable {
	if (s.x == autograd.Variable{}) {
		s.x = onTape(s.Tape, s.Batch.DType, &s.Batch.X)
	}
	return s.x
}

// Target is the labels, the numeric targets and the weights of the batch, the targets on the
// tape.
func (s *StepContext) Target() Target {
	if (s.y == autograd.Variable{}) {
		s.y = onTape(s.Tape, s.Batch.DType, &s.Batch.Y)
	}
	return Target{Labels: s.Batch.Labels, Values: s.y, Weights: s.Batch.Weights}
}

// Mask is the mask of the batch on the tape, [batch, positions…]; the zero Variable if it
// has none. Tokens and Lengths are those of Batch.
func (s *StepContext) Mask() autograd.Variable { return onTape(s.Tape, s.Batch.DType, &s.Batch.Mask) }

// Output tells what the model put out for the batch, which is what metrics look at. Of a model
// with several outputs it is the one that metrics without a name look at, if there are such;
// see [StepContext.NamedOutput].
func (s *StepContext) Output(y autograd.Variable) { s.output = y }

// Log tells a term of the loss, or any other number of interest, of one element: its mean
// is among the scores of steps and epochs, under this name, weighed as the loss is.
func (s *StepContext) Log(name string, value autograd.Variable) {
	s.terms = append(s.terms, Score{name, value.Item()})
}

// Divisor tells by what a sum over the batch was divided to give the loss, as
// [Loss] says; unless told it is the number of examples. It panics with
// [*autograd.ValueError] if n is negative or not finite.
func (s *StepContext) Divisor(n float64) {
	if !(n >= 0) || !isFinite(n) {
		panic(&autograd.ValueError{Op: "nn.StepContext.Divisor", Reason: fmt.Sprintf("%v: expected a finite number that is not negative", n)})
	}
	s.divisor = n
}

// onTape brings an array of a batch onto a tape; the zero Array becomes the zero Variable.
func onTape(tape *autograd.Tape, dtype autograd.DType, a *data.Array) autograd.Variable {
	switch {
	case a.Shape == nil:
		return autograd.Variable{}
	case a.Bytes != nil:
		return tape.Bytes(dtype, a.Bytes, a.Scale, a.Shift, a.Shape...)
	case a.Float64s != nil:
		return tape.Float64s(a.Float64s, a.Shape...)
	}
	return tape.Float32s(a.Float32s, a.Shape...)
}

// Supervised is the objective of learning from examples: the loss of a model's output for
// the features of a batch, given its labels or targets. A nil loss means [CrossEntropy]
// for data with labels, and [MSE] for other. Its parts are those of the model.
func Supervised(model Layer, loss Loss) Objective {
	if loss == nil {
		loss = defaultLoss{}
	}
	return &supervised{model, loss}
}

// supervisedBy is Supervised for the function named op, and refuses a model that is an
// objective itself: whether its own loss is meant must be said.
func supervisedBy(op string, model Layer, loss Loss) (Objective, error) {
	if _, ok := model.(Objective); ok && loss == nil {
		return nil, &autograd.ValueError{Op: op, Reason: "the model has a Loss of its own: use " + op + "Objective, or say which Loss is meant"}
	}
	return Supervised(model, loss), nil
}

type supervised struct {
	model Layer
	loss  Loss
}

// Parts yields the model's parts, under their names in it.
func (s *supervised) Parts() iter.Seq2[string, Part] {
	if isNil(s.model) {
		panic(&autograd.ValueError{Op: "nn.Supervised", Reason: "the model is nil"})
	}
	return s.model.Parts()
}

// Loss is the loss of the model's output.
func (s *supervised) Loss(c *StepContext) autograd.Variable {
	output := s.model.Forward(c.X())
	c.Output(output)
	loss, divisor := s.loss.Of(output, c.Target())
	c.Divisor(divisor)
	return loss
}
