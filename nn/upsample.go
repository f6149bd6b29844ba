package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// Upsample is the layer that resizes signals, images or volumes [batch, channels, …]: see
// [autograd.Variable.Interpolate]. One of Size and Scale is given.
type Upsample struct {
	NoParts
	Size         []int                    // of the result: one number for all axes, or one for each
	Scale        []float64                // the result's size is ⌊size·scale⌋
	Mode         autograd.InterpolateMode // nearest by default
	AlignCorners bool                     // the first and last elements lie at the same places
}

// Forward resizes x. It panics as Interpolate does.
func (l Upsample) Forward(x autograd.Variable) autograd.Variable {
	return x.Interpolate(autograd.InterpolateConfig{Size: l.Size, Scale: l.Scale, Mode: l.Mode, AlignCorners: l.AlignCorners})
}

// PixelShuffle is the layer that makes larger images of channels (Shi et al. 2016): of
// [..., channels·Factor², height, width] it makes [..., channels, height·Factor, width·Factor].
type PixelShuffle struct {
	NoParts
	Factor int // positive
}

// Forward rearranges x. It panics with [*autograd.ShapeError] if the channels cannot be
// divided by Factor², and with [*autograd.ValueError] if that is not positive.
func (l PixelShuffle) Forward(x autograd.Variable) autograd.Variable {
	const op = "nn.PixelShuffle"
	f, c := l.Factor, checkFactor(op, x, l.Factor)
	if x.Dim(-3)%(f*f) != 0 {
		panic(shapeError(op, fmt.Sprintf("expected channels that can be divided by %d", f*f), x))
	}
	channels, height, width := x.Dim(c)/(f*f), x.Dim(-2)*f, x.Dim(-1)*f
	var buffer [8]int
	shape := append(append(buffer[:0], x.Shape()[:c]...), channels, height, width)
	x = x.Unflatten(c, -1, f, f) // …, channels, f, f, height, width
	return x.MoveDim(c+1, c+3).MoveDim(c+1, c+4).Reshape(shape...)
}

// PixelUnshuffle is the inverse of [PixelShuffle]: of [..., channels, height·Factor,
// width·Factor] it makes [..., channels·Factor², height, width].
type PixelUnshuffle struct {
	NoParts
	Factor int // positive
}

// Forward rearranges x. It panics with [*autograd.ShapeError] if height and width cannot be
// divided by Factor, and with [*autograd.ValueError] if that is not positive.
func (l PixelUnshuffle) Forward(x autograd.Variable) autograd.Variable {
	const op = "nn.PixelUnshuffle"
	f, c := l.Factor, checkFactor(op, x, l.Factor)
	if x.Dim(-2)%f != 0 || x.Dim(-1)%f != 0 {
		panic(shapeError(op, fmt.Sprintf("expected height and width that can be divided by %d", f), x))
	}
	channels, height, width := x.Dim(c)*f*f, x.Dim(-2)/f, x.Dim(-1)/f
	var buffer [8]int
	shape := append(append(buffer[:0], x.Shape()[:c]...), channels, height, width)
	x = x.Unflatten(c+2, -1, f).Unflatten(c+1, -1, f) // …, channels, height, f, width, f
	return x.MoveDim(c+4, c+1).MoveDim(c+3, c+1).Reshape(shape...)
}

// checkFactor is the axis of the channels.
func checkFactor(op string, x autograd.Variable, factor int) int {
	if factor < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Factor is %d, expected a positive number", factor)})
	}
	if x.Rank() < 3 {
		panic(shapeError(op, "expected [..., channels, height, width]", x))
	}
	return x.Rank() - 3
}
