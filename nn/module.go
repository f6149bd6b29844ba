package nn

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// Module is what models are made of: something with parts. A type of one's own names
// its parts, and Params, Save, Load, Summary and the optimizers know it:
//
//	func (m *block) Parts() iter.Seq2[string, nn.Part] {
//		return nn.Parts(nn.Sub("conv1", m.conv1), nn.Weight("scale", m.scale))
//	}
//
// A Module keeps no results, so any number of goroutines, each with its own tape, may
// compute with it at once while nobody writes to its parameters and buffers.
type Module interface {
	// Parts yields each part with its name, the same ones in the same order every
	// time. The names are those of PyTorch's attributes; they have no dots, which
	// stand between the names of nested modules.
	Parts() iter.Seq2[string, Part]
}

// Layer is a Module that is a function of one array: what [Sequential] chains and [Fit]
// trains. Modules with several inputs or results have methods of their own for them, as
// [LSTM] and [MultiheadAttention].
type Layer interface {
	Module

	// Forward computes the output for x, whose first axis counts examples. It records
	// on x's tape; whether to behave as in training, and random numbers, come from
	// that tape too.
	Forward(x autograd.Variable) autograd.Variable
}

// Part is a part of a [Module]. Exactly one field is set.
type Part struct {
	// Param is a parameter: saved, and trained by optimizers that are given it.
	Param autograd.Variable

	// Buffer is a constant that is saved but not trained, such as running statistics.
	// In training it changes by [autograd.Tape.Assign].
	Buffer autograd.Variable

	// Counter is an integer that is saved, such as num_batches_tracked of
	// [BatchNorm2d].
	Counter *int64

	// Module is a part with parts of its own.
	Module Module
}

// NamedPart is a part for [Parts]: see [Weight], [Buffer], [Counter] and [Sub].
type NamedPart struct {
	Name string
	Part
}

// Parts lists the parts of a module, in order. Those that are not there are left out:
// zero Variables and nil pointers.
func Parts(parts ...NamedPart) iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		for _, p := range parts {
			if !p.isAbsent() && !yield(p.Name, p.Part) {
				return
			}
		}
	}
}

// Weight is a parameter as a part.
func Weight(name string, w autograd.Variable) NamedPart { return NamedPart{name, Part{Param: w}} }

// Buffer is a buffer as a part.
func Buffer(name string, b autograd.Variable) NamedPart { return NamedPart{name, Part{Buffer: b}} }

// Counter is a counter as a part.
func Counter(name string, c *int64) NamedPart { return NamedPart{name, Part{Counter: c}} }

// Sub is a module as a part: its parts have names with name and a dot in front.
func Sub(name string, m Module) NamedPart { return NamedPart{name, Part{Module: m}} }

// isAbsent reports whether nothing is set.
func (p Part) isAbsent() bool {
	var none autograd.Variable
	return p.Param == none && p.Buffer == none && p.Counter == nil && isNil(p.Module)
}

// NoParts is for layers without parts to embed.
type NoParts struct{}

// Parts yields nothing.
func (NoParts) Parts() iter.Seq2[string, Part] { return Parts() }

// watched is a parameter on x's tape, if x is on one: what is computed from it alone is
// recorded there, and allocates nothing. A weight that was computed is on a tape already.
func watched(x, w autograd.Variable) autograd.Variable {
	if tape := x.Tape(); tape != nil && w.Tape() == nil {
		return tape.Watch(w)
	}
	return w
}

// current is the value that a buffer has in the step that x belongs to.
func current(x, buffer autograd.Variable) autograd.Variable {
	if tape := x.Tape(); tape != nil {
		return tape.Current(buffer)
	}
	return buffer
}
