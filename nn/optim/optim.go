package optim

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// Optimizer changes parameters by their gradients. It belongs to one goroutine at a
// time, and while a step runs nobody else may use the parameters.
type Optimizer interface {
	// Step makes one step with the gradients of a loss, which it does not modify.
	// Parameters that grads does not have are left alone, state and all; gradients of
	// Variables that are not the optimizer's are ignored, and so are empty grads. It
	// panics with [*autograd.ValueError] if grads is not empty and has none of the
	// optimizer's parameters, which is a mistake (the optimizer of another model), or if
	// a number in a group is negative or not finite.
	Step(grads autograd.Gradients)

	// Groups is the groups of parameters, which are the values in force: changing a
	// field changes the steps that follow. The slice itself is not to be changed. The
	// first group has the parameters that were not given a group of their own, and is
	// there even if there are none.
	Groups() []*Group

	// State yields all that later steps depend on besides parameters, gradients and the
	// configuration, each with a name: the groups' numbers as "groups.0.lr", and for
	// each parameter the number of its steps as "0.weight.step" and its state under
	// PyTorch's names, as "0.weight.exp_avg". Numbers are scalars of float64; arrays have
	// the parameter's shape and type, share the optimizer's memory and are valid until its
	// next step. A parameter that had no step yet has the step count 0 and no arrays. A
	// parameter with several names has state under the first.
	State() iter.Seq2[string, autograd.Variable]

	// Restore takes over a copy of what State yielded, so that the steps that follow are
	// the same to the bit. If something is missing, does not belong there or has another
	// shape or type, nothing is changed and the error is a [*StateError], which names
	// all of it.
	Restore(state map[string]autograd.Variable) error
}

// Group is parameters that are trained alike. To the constructor of an optimizer a group
// names those of its parameters that have numbers of their own:
//
//	optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 1e-4},
//		optim.Group{Params: nn.Params(model.Head), LR: 1e-3})
//
// There the zero value of a number means that of the optimizer's configuration, and [None]
// means 0. The groups of a live optimizer ([Optimizer]'s method Groups) hold the values in
// force.
type Group struct {
	// Params yields the parameters. A constructor reads it once and looks for the
	// parameters only: their names are those the optimizer has for them. In a live
	// optimizer it yields names and parameters, and changing it has no effect.
	Params iter.Seq2[string, autograd.Variable]

	LR          float64 // learning rate α
	WeightDecay float64 // λ, see the optimizer
	Momentum    float64 // μ; β₁ in optimizers with two of them

	// Factor multiplies LR; to a constructor 0 means 1. It is what schedules set, and
	// only they: see [Schedule.Set].
	Factor float64
}

// Rate is the learning rate of the next step, LR·Factor.
func (g *Group) Rate() float64 { return g.LR * g.Factor }

// Params yields all parameters of an optimizer with their names, group by group.
func Params(optimizer Optimizer) iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for _, g := range optimizer.Groups() {
			for name, w := range g.Params {
				if !yield(name, w) {
					return
				}
			}
		}
	}
}

// Filter yields those of params that keep wants:
//
//	optim.Filter(params, func(name string, w autograd.Variable) bool { return strings.HasPrefix(name, "head.") })
func Filter(params iter.Seq2[string, autograd.Variable], keep func(name string, w autograd.Variable) bool) iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for name, w := range params {
			if keep(name, w) && !yield(name, w) {
				return
			}
		}
	}
}

// NoDecay is a group of those of params that have fewer than two axes, biases and the
// weights of normalizations, without weight decay:
//
//	optim.NewAdamW(params, optim.AdamConfig{}, optim.NoDecay(params))
func NoDecay(params iter.Seq2[string, autograd.Variable]) Group {
	vectors := func(_ string, w autograd.Variable) bool { return w.Rank() < 2 }
	return Group{Params: Filter(params, vectors), WeightDecay: None}
}
