package nn

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// Frozen is a layer that is not trained: it behaves as in inference, also in training, so
// that its statistics do not move, and its parameters are buffers, so that optimizers do
// not get them, while files have them under the same names. Its results are
// differentiated with respect to its input as always.
//
//	model := nn.Sequential{nn.Frozen(pretrained), nn.NewLinear(rng, 512, 10, nn.LinearConfig{})}
//
// It panics with [*autograd.ValueError] if the layer is nil.
func Frozen(layer Layer) Layer {
	if isNil(layer) {
		panic(&autograd.ValueError{Op: "nn.Frozen", Reason: "the layer is nil"})
	}
	return &frozenLayer{frozen{layer}, layer}
}

type frozenLayer struct {
	frozen
	layer Layer
}

// Forward is that of the layer in inference.
func (f *frozenLayer) Forward(x autograd.Variable) autograd.Variable {
	if tape := x.Tape(); tape != nil && tape.Training() {
		tape.SetTraining(false)
		defer tape.SetTraining(true)
	}
	return f.layer.Forward(x)
}

// frozen is a module whose parameters are buffers.
type frozen struct{ module Module }

// Parts yields the module's parts, parameters as buffers.
func (f frozen) Parts() iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		for name, p := range f.module.Parts() {
			switch {
			case p.Param != autograd.Variable{}:
				p = Part{Buffer: p.Param}
			case !isNil(p.Module):
				p = Part{Module: frozen{p.Module}}
			}
			if !yield(name, p) {
				return
			}
		}
	}
}

func (f frozen) thawed() Module { return f.module }

// thawed is the module that m is the frozen form of, or m.
func thawed(m Module) Module {
	for {
		f, ok := m.(interface{ thawed() Module })
		if !ok {
			return m
		}
		m = f.thawed()
	}
}
