package nn

import "github.com/chainrule-go/chainrule/autograd"

// Identity is the layer that gives back what it gets.
type Identity struct{ NoParts }

// Forward is x.
func (Identity) Forward(x autograd.Variable) autograd.Variable { return x }
