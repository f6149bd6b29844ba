package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// PadMode says what stands around an array that is padded.
type PadMode uint8

// The modes, and PyTorch's names of the layers.
const (
	PadConstant    PadMode = iota // one value: ZeroPad, ConstantPad
	PadReflection                 // a mirror image, without the elements at the edge
	PadReplication                // the elements at the edge
	PadCircular                   // the elements from the other end
)

// Pad is the layer that puts elements around the last axes of x: with Widths of two pairs,
// {top, bottom} and {left, right}, around the images of [batch, channels, height, width].
// It is PyTorch's ZeroPad, ConstantPad, ReflectionPad, ReplicationPad and CircularPad of
// any number of axes; there, widths begin with those of the last axis.
type Pad struct {
	NoParts
	Widths [][2]int // before and after, for each of the last axes; negative ones take away
	Mode   PadMode
	Value  float64 // of PadConstant
}

// Forward pads x. It panics with [*autograd.ShapeError] if x has fewer axes than there are
// Widths, and with [*autograd.ValueError] if these do not fit its size.
func (l Pad) Forward(x autograd.Variable) autograd.Variable {
	return padded("nn.Pad", x, l.Widths, l.Mode, l.Value)
}

func padded(op string, x autograd.Variable, last [][2]int, mode PadMode, value float64) autograd.Variable {
	if x.Rank() < len(last) {
		panic(shapeError(op, fmt.Sprintf("expected at least %d axes", len(last)), x))
	}
	var buffer [8][2]int
	widths := append(buffer[:0], make([][2]int, x.Rank())...)
	copy(widths[x.Rank()-len(last):], last)
	switch mode {
	case PadConstant:
		return x.Pad(value, widths...)
	case PadReflection:
		return x.PadReflection(widths...)
	case PadReplication:
		return x.PadReplication(widths...)
	case PadCircular:
		return x.PadCircular(widths...)
	}
	panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("there is no mode %d", mode)})
}
