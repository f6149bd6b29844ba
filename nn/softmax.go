package nn

import "github.com/chainrule-go/chainrule/autograd"

// Layers that normalize along an axis. In all of them Axis 0 means the last axis: the first
// one counts examples. Negative axes count from the end. A scalar counts as one element of
// an axis.

// alongAxis is f along the axis that a layer's field means.
func alongAxis(x autograd.Variable, axis int, f func(x autograd.Variable, axis int) autograd.Variable) autograd.Variable {
	axis = orDefaultInt(axis, -1)
	if x.Rank() == 0 {
		return f(x.Reshape(1), axis).Reshape()
	}
	return f(x, axis)
}

// Softmax is the layer eˣ/Σeˣ along an axis, by default the last of [..., classes]: their
// probabilities. Models that are trained with [CrossEntropy] do without it, as that
// takes logits.
type Softmax struct {
	NoParts
	Axis int // 0 means the last
}

// Forward is eˣ/Σeˣ along the axis, finite for any finite x. It panics with
// [*autograd.AxisError] if x has no such axis.
func (l Softmax) Forward(x autograd.Variable) autograd.Variable {
	return alongAxis(x, l.Axis, autograd.Variable.Softmax)
}

// LogSoftmax is the layer ln(eˣ/Σeˣ) along an axis.
type LogSoftmax struct {
	NoParts
	Axis int // 0 means the last
}

// Forward is the logarithm of the softmax along the axis. It panics as [Softmax.Forward].
func (l LogSoftmax) Forward(x autograd.Variable) autograd.Variable {
	return alongAxis(x, l.Axis, autograd.Variable.LogSoftmax)
}

// Softmin is the layer e⁻ˣ/Σe⁻ˣ along an axis.
type Softmin struct {
	NoParts
	Axis int // 0 means the last
}

// Forward is the softmax of −x along the axis. It panics as [Softmax.Forward].
func (l Softmin) Forward(x autograd.Variable) autograd.Variable {
	return alongAxis(x.Neg(), l.Axis, autograd.Variable.Softmax)
}

// Softmax2d is the softmax over the channels of [batch, channels, height, width], or of
// [channels, height, width], at each place.
type Softmax2d struct{ NoParts }

// Forward is the softmax over the channels. It panics with [*autograd.ShapeError] if x has
// another number of axes.
func (l Softmax2d) Forward(x autograd.Variable) autograd.Variable {
	if x.Rank() != 3 && x.Rank() != 4 {
		panic(shapeError("nn.Softmax2d", "expected [batch, channels, height, width] or [channels, height, width]", x))
	}
	return x.Softmax(-3)
}
