package nn

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// Residual is a layer with a shortcut around it, y = x + inner(x), so that what goes in and
// its gradient get past the layer as they are (He et al. 2016). Its parts are named "inner"
// and "shortcut".
type Residual struct {
	Inner    Layer
	Shortcut Layer // what x goes through where inner changes its shape; nil for nothing
}

// Parts yields inner and shortcut.
func (r *Residual) Parts() iter.Seq2[string, Part] {
	return Parts(Sub("inner", r.Inner), Sub("shortcut", r.Shortcut))
}

// Forward is x + inner(x), or shortcut(x) + inner(x). It panics with [*autograd.ShapeError] if
// the summands differ in shape.
func (r *Residual) Forward(x autograd.Variable) autograd.Variable {
	defer in(r)
	y := r.Inner.Forward(x)
	if !isNil(r.Shortcut) {
		x = r.Shortcut.Forward(x)
	}
	checkSameShape("nn.Residual", x, y)
	return Hooked(r, x.Add(y))
}
