package nn

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Flatten is the layer that joins axes, by default all but the first: of [batch, height,
// width] it makes [batch, height·width].
type Flatten struct {
	NoParts
	Start int // the first axis to join; 0 means 1, negative axes count from the end
	End   int // the last axis to join; 0 means the last, negative axes count from the end
}

// Forward joins the axes of x, without copying where they lie one behind the other. It
// panics with [*autograd.AxisError] if there is no such axis.
func (l Flatten) Forward(x autograd.Variable) autograd.Variable {
	start, end := orDefaultInt(l.Start, 1), orDefaultInt(l.End, -1)
	if end == -1 {
		return x.Flatten(start)
	}
	x.Dim(start)
	x.Dim(end)
	start, end = (start+x.Rank())%x.Rank(), (end+x.Rank())%x.Rank()
	shape := x.Shape()
	if end < start {
		panic(shapeError("nn.Flatten", "expected Start not behind End", x))
	}
	return x.Reshape(slices.Concat(shape[:start], []int{-1}, shape[end+1:])...)
}

// Unflatten is the layer that divides an axis into several: with Axis 1 and Sizes {3, 4}
// it makes [batch, 3, 4] of [batch, 12].
type Unflatten struct {
	NoParts
	Axis  int   // 0 means the last, negative axes count from the end
	Sizes []int // one may be −1
}

// Forward divides the axis. It panics with [*autograd.ShapeError] if the sizes do not
// multiply to that of the axis, and with [*autograd.AxisError] if there is none.
func (l Unflatten) Forward(x autograd.Variable) autograd.Variable {
	return x.Unflatten(orDefaultInt(l.Axis, -1), l.Sizes...)
}
