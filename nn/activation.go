package nn

import "github.com/chainrule-go/chainrule/autograd"

// Layers without parts. Func makes one of any other operation.

// ReLU is the layer max(x, 0), element by element of any shape.
type ReLU struct{ NoParts }

// Forward is max(x, 0), whose derivative at 0 is 0.
func (ReLU) Forward(x autograd.Variable) autograd.Variable { return x.ReLU() }

// Sigmoid is the layer 1/(1+e⁻ˣ), element by element of any shape.
type Sigmoid struct{ NoParts }

// Forward is 1/(1+e⁻ˣ).
func (Sigmoid) Forward(x autograd.Variable) autograd.Variable { return x.Sigmoid() }

// Tanh is the layer of hyperbolic tangents, element by element of any shape.
type Tanh struct{ NoParts }

// Forward is the hyperbolic tangent of x.
func (Tanh) Forward(x autograd.Variable) autograd.Variable { return x.Tanh() }

// Softmax is the layer eˣ/Σeˣ along the last axis of [..., classes]: their
// probabilities. Models that are trained with [CrossEntropy] do without it, as that
// takes logits.
type Softmax struct{ NoParts }

// Forward is eˣ/Σeˣ along the last axis, finite for any finite x. It panics with
// [*autograd.AxisError] if x has no axes.
func (Softmax) Forward(x autograd.Variable) autograd.Variable { return x.Softmax(-1) }
