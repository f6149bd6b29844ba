package explain

import (
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Attribution is how much each feature of the examples of a batch adds to an output, compared
// with what the output is for a baseline.
type Attribution struct {
	Values   autograd.Variable // a constant of x's shape
	Targets  []int             // the outputs that are explained, one for each example
	Output   []float64         // what they are, f(x)
	Baseline []float64         // what they are for the baseline, or on average over several
}

// Gaps is by how much the values of each example miss what they are to add up to:
//
//	Σᵢ Values[i] − (Output − Baseline)
//
// It is the error of completeness of [IntegratedGradients], small if the steps suffice, and
// that of efficiency of [Shapley], where rounding alone makes it.
func (a Attribution) Gaps() []float64 {
	gaps := make([]float64, len(a.Output))
	values := a.Values.Floats()
	size := len(values) / len(gaps)
	for i := range gaps {
		for _, v := range values[i*size : (i+1)*size] {
			gaps[i] += v
		}
		gaps[i] -= a.Output[i] - a.Baseline[i]
	}
	return gaps
}

// subject is a model and the examples and outputs for which it is explained.
type subject struct {
	op      string
	model   nn.Layer
	x       autograd.Variable // [batch, features…], a constant on no tape
	targets []int             // one for each example
	tape    *autograd.Tape    // records
	forward *autograd.Tape    // does not
}

func newSubject(op string, model nn.Layer, x autograd.Variable, targets []int) *subject {
	op = "explain." + op
	if model == nil {
		panic(&autograd.ValueError{Op: op, Reason: "the model is nil"})
	}
	if x.Rank() < 2 || x.Size() == 0 {
		panic(shapeError(op, "expected examples [batch, features…]", x))
	}
	s := &subject{
		op: op, model: model, x: constant(x),
		tape: autograd.NewTape(autograd.TapeConfig{}), forward: autograd.NewTape(autograd.TapeConfig{NoGrad: true}),
	}
	batch := x.Dim(0)
	switch len(targets) {
	case batch:
		s.targets = slices.Clone(targets)
	case 0:
		s.forward.Reset()
		s.targets = s.outputs(model.Forward(s.forward.Const(s.x)), batch).ArgMax(1)
	case 1:
		s.targets = slices.Repeat(targets, batch)
	default:
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d targets for %d examples: expected one for each, one, or none", len(targets), batch)})
	}
	return s
}

// outputs is a model's output as [batch, outputs].
func (s *subject) outputs(y autograd.Variable, batch int) autograd.Variable {
	switch {
	case y.Rank() == 1 && y.Dim(0) == batch:
		return y.Reshape(batch, 1)
	case y.Rank() == 2 && y.Dim(0) == batch && y.Dim(1) > 0:
		return y
	}
	panic(shapeError(s.op, fmt.Sprintf("expected outputs [%d, outputs] or [%d] of the model", batch, batch), y))
}

// gradient is ∂f/∂x at x, which has the shape of the examples: a row for each, on the tape
// until the next call.
func (s *subject) gradient(x autograd.Variable) autograd.Variable {
	s.tape.Reset()
	leaf := s.tape.Watch(x)
	y := s.outputs(s.model.Forward(leaf), x.Dim(0))
	return y.Gather(1, s.targets, len(s.targets), 1).Sum().Backward(leaf).Of(leaf)
}

// values is f at x, for the targets, one for each example of x.
func (s *subject) values(x autograd.Variable, targets []int) []float64 {
	s.forward.Reset()
	y := s.outputs(s.model.Forward(s.forward.Const(x)), x.Dim(0))
	return y.Gather(1, targets, len(targets), 1).Floats()
}

// baseline is a baseline of the examples' shape: zeros for the zero Variable, or one for
// all or for each.
func (s *subject) baseline(b autograd.Variable) autograd.Variable {
	shape := s.x.Shape()
	switch {
	case b == autograd.Variable{}:
		return autograd.Zeros(s.x.DType(), shape...)
	case b.DType() != s.x.DType():
		panic(&autograd.DTypeError{Op: s.op, DTypes: []autograd.DType{s.x.DType(), b.DType()}, Reason: "expected a baseline of the examples' type"})
	case slices.Equal(b.Shape(), shape):
		return constant(b)
	case slices.Equal(b.Shape(), shape[1:]):
		return constant(constant(b).BroadcastTo(shape...))
	}
	panic(shapeError(s.op, "expected a baseline of the shape of the examples, or of one of them", s.x, b))
}

// constant is x's value on no tape, in memory of its own.
func constant(x autograd.Variable) autograd.Variable {
	return newConstant(x.DType(), x.Floats(), x.Shape())
}

// newConstant is a constant of these elements.
func newConstant(dtype autograd.DType, elements []float64, shape []int) autograd.Variable {
	if dtype == autograd.Float64 {
		return autograd.New(elements, shape...)
	}
	narrow := make([]float32, len(elements))
	for i, e := range elements {
		narrow[i] = float32(e)
	}
	return autograd.New(narrow, shape...)
}

// orDefault is n, or the default for 0. It panics if n is negative.
func (s *subject) orDefault(field string, n, otherwise int) int {
	if n < 0 {
		panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("%s is %d: expected no negative number", field, n)})
	}
	if n == 0 {
		return otherwise
	}
	return n
}

func shapeError(op, reason string, xs ...autograd.Variable) *autograd.ShapeError {
	e := &autograd.ShapeError{Op: op, Reason: reason}
	for _, x := range xs {
		e.Shapes = append(e.Shapes, slices.Clone(x.Shape()))
	}
	return e
}
