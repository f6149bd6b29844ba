package nn

import "github.com/chainrule-go/chainrule/autograd"

// GLU is the gated linear unit a·sigmoid(b), with a and b the halves of x along an axis
// (Dauphin et al. 2017): of [..., 2·n] it makes [..., n].
type GLU struct {
	NoParts
	Axis int // 0 means the last
}

// Forward is the first half times the sigmoid of the second. It panics with
// [*autograd.AxisError] if x has no such axis, and with [*autograd.ShapeError] if that
// cannot be halved.
func (l GLU) Forward(x autograd.Variable) autograd.Variable {
	axis := orDefaultInt(l.Axis, -1)
	size := x.Dim(axis)
	if size%2 != 0 {
		panic(shapeError("nn.GLU", "expected an even number of elements along the axis", x))
	}
	return x.Slice(axis, 0, size/2).Mul(x.Slice(axis, size/2, size).Sigmoid())
}
