package nn

import (
	"iter"
	"strconv"

	"github.com/chainrule-go/chainrule/autograd"
)

// Module is a model or a layer of one: a function with parameters. A Module keeps no
// results, so any number of goroutines, each with its own tape, may call Forward at
// once while nobody writes to the parameters.
type Module interface {
	// Forward computes the output for x, whose first axis counts examples. It records
	// on x's tape, and draws random numbers, where it needs them, from that tape.
	Forward(x autograd.Variable) autograd.Variable

	// Params yields every parameter with its name, in the same order every time. The
	// names are those of PyTorch's state_dict.
	Params() iter.Seq2[string, autograd.Variable]
}

// Sequential is a model of layers, each applied to the result of the one before, so
// that it takes what the first layer takes and gives what the last one gives. The
// parameters of layer i are named with i and a dot in front: "0.weight". A layer that
// occurs twice shares its parameters, which then have two names.
type Sequential []Module

// Forward applies the layers in order. Without layers it is x.
func (s Sequential) Forward(x autograd.Variable) autograd.Variable {
	for _, layer := range s {
		x = layer.Forward(x)
	}
	return x
}

// Params yields the parameters of all layers, in order.
func (s Sequential) Params() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for i, layer := range s {
			prefix := strconv.Itoa(i) + "."
			for name, w := range layer.Params() {
				if !yield(prefix+name, w) {
					return
				}
			}
		}
	}
}

// Func makes a layer without parameters of a function, for instance of an operation:
//
//	nn.Func(autograd.Variable.GELU)
type Func func(x autograd.Variable) autograd.Variable

// Forward calls f.
func (f Func) Forward(x autograd.Variable) autograd.Variable { return f(x) }

// Params yields nothing.
func (f Func) Params() iter.Seq2[string, autograd.Variable] { return noParams }

// noParams is the parameters of a layer without any.
func noParams(func(string, autograd.Variable) bool) {}

// NumParams is the number of elements of all parameters of a model. A parameter that
// several layers share counts once.
func NumParams(model Module) int {
	return sumParams(model, autograd.Variable.Size)
}

// parameterBytes is the memory of all parameters.
func parameterBytes(model Module) int {
	return sumParams(model, func(w autograd.Variable) int { return w.Size() * w.DType().Size() })
}

// sumParams adds up what f is for each parameter, once where layers share it.
func sumParams(model Module, f func(w autograd.Variable) int) int {
	sum := 0
	seen := map[autograd.Variable]bool{}
	for _, w := range model.Params() {
		if !seen[w] {
			seen[w] = true
			sum += f(w)
		}
	}
	return sum
}

// dtypeOf is the element type of a model: that of its first parameter, and float32
// without any.
func dtypeOf(model Module) autograd.DType {
	for _, w := range model.Params() {
		return w.DType()
	}
	return autograd.Float32
}
