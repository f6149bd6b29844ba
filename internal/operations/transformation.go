package operations

import "github.com/chainrule-go/chainrule/autograd"

// Transformations that are operations themselves.
var transformations = []Row{
	{Name: "Checkpoint", F: func(xs []v) v {
		return autograd.Checkpoint(func(xs []v) v { return xs[0].Sin().Mul(xs[1]) }, xs...)
	}, Shapes: broadcast},
}
