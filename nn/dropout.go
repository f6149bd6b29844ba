package nn

import (
	"fmt"
	"math"
	"sync"

	"github.com/chainrule-go/chainrule/autograd"
)

// Dropout is the layer that in training sets elements to 0, each with probability P and
// independently, and multiplies the others by 1/(1−P), so that the expected value stays
// (Srivastava et al. 2014). In inference it gives back what it gets. Chance comes from the
// tape's random source.
type Dropout struct {
	NoParts
	P float64 // from 0 to 1; 0 means 0.5, None 0
}

// Forward drops elements of x, of any shape. It panics with [*autograd.ValueError] unless
// P is from 0 to 1.
func (l Dropout) Forward(x autograd.Variable) autograd.Variable {
	return dropped("nn.Dropout", x, l.P, x.Rank())
}

// Dropout1d is the [Dropout] of whole channels of [batch, channels, length] or [channels,
// length].
type Dropout1d struct {
	NoParts
	P float64 // from 0 to 1; 0 means 0.5, None 0
}

// Forward drops channels. It panics as [Dropout.Forward], and with [*autograd.ShapeError]
// if x has another number of axes.
func (l Dropout1d) Forward(x autograd.Variable) autograd.Variable {
	return droppedChannels("nn.Dropout1d", x, l.P, 1, 2)
}

// Dropout2d is the [Dropout] of whole channels of [batch, channels, height, width]
// (Tompson et al. 2015). It has no form without the batch axis, nor has PyTorch's, which takes
// that for another.
type Dropout2d struct {
	NoParts
	P float64 // from 0 to 1; 0 means 0.5, None 0
}

// Forward drops channels, as [Dropout1d.Forward].
func (l Dropout2d) Forward(x autograd.Variable) autograd.Variable {
	return droppedChannels("nn.Dropout2d", x, l.P, 2, 4)
}

// Dropout3d is the [Dropout] of whole channels of [batch, channels, depth, height, width] or
// [channels, depth, height, width].
type Dropout3d struct {
	NoParts
	P float64 // from 0 to 1; 0 means 0.5, None 0
}

// Forward drops channels, as [Dropout1d.Forward].
func (l Dropout3d) Forward(x autograd.Variable) autograd.Variable {
	return droppedChannels("nn.Dropout3d", x, l.P, 3, 4)
}

// droppedChannels drops channels with so many axes each, of a batch, or of one example of least
// axes.
func droppedChannels(op string, x autograd.Variable, p float64, axes, least int) autograd.Variable {
	if x.Rank() < least || x.Rank() > 2+axes {
		panic(shapeError(op, fmt.Sprintf("expected channels with %d axes each, in %d axes at least and %d at most", axes, least, 2+axes), x))
	}
	return dropped(op, x, p, x.Rank()-axes)
}

// dropped is x in inference; in training, x with what has the same first axes dropped
// together.
func dropped(op string, x autograd.Variable, p float64, axes int) autograd.Variable {
	return dropout(x, probability(op, p), axes)
}

// dropout is dropped for a probability from 0 to 1.
func dropout(x autograd.Variable, p float64, axes int) autograd.Variable {
	switch {
	case p == 0 || x.Tape() == nil || !x.Tape().Training():
		return x
	case axes == x.Rank():
		return autograd.Dropout(x, p, x.Tape().Rand().Uint64())
	}
	return x.Mul(autograd.Dropout(onesBefore(x, axes), p, x.Tape().Rand().Uint64()))
}

// probability is the P of a layer.
func probability(op string, p float64) float64 {
	p = number(op, "P", p, 0.5)
	if p > 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("P is %v, expected a number from 0 to 1", p)})
	}
	return p
}

var dropoutMasks = sync.Pool{New: func() any { return new(dropoutMask) }}

// dropoutMask is memory for masks.
type dropoutMask struct {
	elements []float32
	shape    []int
}

// onesBefore is a constant of 1 of the shape of x's first axes, with axes of size 1 for the
// others.
func onesBefore(x autograd.Variable, axes int) autograd.Variable {
	m := dropoutMasks.Get().(*dropoutMask)
	defer dropoutMasks.Put(m)
	m.elements, m.shape = m.elements[:0], m.shape[:0]
	size := 1
	for axis := range x.Rank() {
		n := 1
		if axis < axes {
			n = x.Dim(axis)
		}
		m.shape = append(m.shape, n)
		size *= n
	}
	for range size {
		m.elements = append(m.elements, 1)
	}
	// A copy, as the memory is used again.
	return x.Tape().Float32s(m.elements, m.shape...).AsType(x.DType()).AddScalar(0)
}

// AlphaDropout is the dropout that keeps mean 0 and variance 1 of what goes through
// [SELU]: in training elements become α′ = −1.7581 with probability P, and all are scaled
// and shifted (Klambauer et al. 2017). In inference it gives back what it gets.
type AlphaDropout struct {
	NoParts
	P float64 // from 0 to 1; 0 means 0.5, None 0
}

// Forward drops elements of x, of any shape. It panics as [Dropout.Forward].
func (l AlphaDropout) Forward(x autograd.Variable) autograd.Variable {
	p := probability("nn.AlphaDropout", l.P)
	if p == 0 || x.Tape() == nil || !x.Tape().Training() {
		return x
	}
	if p == 1 {
		return x.MulScalar(0)
	}
	const least = -1.7580993408473768 // the limit of SELU towards −∞, α′
	// a(x·keep + α′(1−keep)) + b has the mean and variance of x.
	a := 1 / math.Sqrt((1-p)*(1+p*least*least))
	keep := autograd.Dropout(onesBefore(x, x.Rank()), p, x.Tape().Rand().Uint64()).MulScalar(1 - p)
	return x.Sub(keep.MulScalar(0).AddScalar(least)).Mul(keep).MulScalar(a).AddScalar(a*least - a*p*least)
}
