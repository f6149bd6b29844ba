package nn

import (
	"iter"
	"strconv"

	"github.com/chainrule-go/chainrule/autograd"
)

// Sequential is a model of layers, each applied to the result of the one before, so
// that it takes what the first layer takes and gives what the last one gives. The parts
// of layer i are named with i and a dot in front: "0.weight". A layer that occurs twice
// shares its parameters, which then have two names.
type Sequential []Layer

// Forward applies the layers in order. Without layers it is x.
func (s Sequential) Forward(x autograd.Variable) autograd.Variable {
	for _, layer := range s {
		x = layer.Forward(x)
	}
	return x
}

// Parts yields the layers, in order.
func (s Sequential) Parts() iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		for i, layer := range s {
			if !yield(strconv.Itoa(i), Part{Module: layer}) {
				return
			}
		}
	}
}

// Func makes a layer without parts of a function, for instance of an operation:
//
//	nn.Func(autograd.Variable.GELU)
type Func func(x autograd.Variable) autograd.Variable

// Forward calls f.
func (f Func) Forward(x autograd.Variable) autograd.Variable { return f(x) }

// Parts yields nothing.
func (f Func) Parts() iter.Seq2[string, Part] { return Parts() }
