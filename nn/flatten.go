package nn

import "github.com/chainrule-go/chainrule/autograd"

// Flatten is the layer that joins all axes but the first: of [batch, height, width]
// it makes [batch, height·width].
type Flatten struct{ NoParts }

// Forward joins all axes of x but the first, without copying.
func (Flatten) Forward(x autograd.Variable) autograd.Variable { return x.Flatten(1) }
