package nn

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// Layers without parameters. Func makes one of any other operation.

// ReLU is the layer max(x, 0), element by element of any shape.
type ReLU struct{}

// Forward is max(x, 0), whose derivative at 0 is 0.
func (ReLU) Forward(x autograd.Variable) autograd.Variable { return x.ReLU() }

// Params yields nothing.
func (ReLU) Params() iter.Seq2[string, autograd.Variable] { return noParams }

// Sigmoid is the layer 1/(1+e⁻ˣ), element by element of any shape.
type Sigmoid struct{}

// Forward is 1/(1+e⁻ˣ).
func (Sigmoid) Forward(x autograd.Variable) autograd.Variable { return x.Sigmoid() }

// Params yields nothing.
func (Sigmoid) Params() iter.Seq2[string, autograd.Variable] { return noParams }

// Tanh is the layer of hyperbolic tangents, element by element of any shape.
type Tanh struct{}

// Forward is the hyperbolic tangent of x.
func (Tanh) Forward(x autograd.Variable) autograd.Variable { return x.Tanh() }

// Params yields nothing.
func (Tanh) Params() iter.Seq2[string, autograd.Variable] { return noParams }

// Softmax is the layer eˣ/Σeˣ along the last axis of [..., classes]: their
// probabilities. Models that are trained with [CrossEntropy] do without it, as that
// takes logits.
type Softmax struct{}

// Forward is eˣ/Σeˣ along the last axis, finite for any finite x. It panics with
// [*autograd.AxisError] if x has no axes.
func (Softmax) Forward(x autograd.Variable) autograd.Variable { return x.Softmax(-1) }

// Params yields nothing.
func (Softmax) Params() iter.Seq2[string, autograd.Variable] { return noParams }

// Flatten is the layer that joins all axes but the first: of [batch, height, width]
// it makes [batch, height·width].
type Flatten struct{}

// Forward joins all axes of x but the first, without copying.
func (Flatten) Forward(x autograd.Variable) autograd.Variable { return x.Flatten(1) }

// Params yields nothing.
func (Flatten) Params() iter.Seq2[string, autograd.Variable] { return noParams }
