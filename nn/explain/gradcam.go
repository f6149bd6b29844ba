package explain

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// GradCAMConfig configures [GradCAM].
type GradCAMConfig struct {
	// Raw leaves the map at the size of the layer's output, instead of enlarging it to that
	// of x.
	Raw bool
}

// GradCAM is where a convolutional model sees what speaks for an output, a map of shape
// [batch, 1, …] with the sizes of x's axes after the channels (Selvaraju et al. 2017). Of the
// output A [batch, channels, …] of a layer, the module with this name, it is
//
//	ReLU(Σ_k α_k A_k), α_k = mean over the positions of ∂f/∂A_k
//
// enlarged linearly. The last convolution before the classifier, or the activation behind it,
// is the usual layer. Names are those of [nn.Modules]. GradCAM panics with
// [*autograd.ValueError] for a name that no module has or that hooks cannot tell from others
// (see [nn.AddHooks]), and a layer that is not called; with [*autograd.ShapeError] for a layer
// whose output is not [batch, channels, …] or, unless Raw, has other axes than x; and with
// [*autograd.TapeError] if f does not depend on the layer's output. Of a layer that is called
// several times it is about the last one.
func GradCAM(model nn.Layer, x autograd.Variable, targets []int, layer string, config GradCAMConfig) autograd.Variable {
	s := newSubject("GradCAM", model, x, targets)
	batch := s.x.Dim(0)
	var a autograd.Variable
	remove := nn.AddHooks(s.tape, model, map[string]nn.Hook{layer: func(_ string, y autograd.Variable) autograd.Variable {
		a = y
		return y
	}})
	defer remove()
	y := s.outputs(model.Forward(s.tape.Watch(s.x)), batch)
	switch {
	case a == autograd.Variable{}:
		panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("the model does not call its module %q", layer)})
	case a.Rank() < 3 || a.Dim(0) != batch:
		panic(shapeError(s.op, fmt.Sprintf("expected [batch, channels, …] of %q", layer), a))
	case !config.Raw && a.Rank() != s.x.Rank():
		panic(shapeError(s.op, fmt.Sprintf("expected axes as of the examples of %q", layer), s.x, a))
	}
	positions := make([]int, a.Rank()-2)
	for i := range positions {
		positions[i] = i + 2
	}
	alpha := y.Gather(1, s.targets, batch, 1).Sum().Backward(a).Of(a).Detach().MeanKeepDims(positions...)
	cam := alpha.Mul(a.Detach()).SumKeepDims(1).ReLU()
	if !config.Raw {
		cam = cam.Interpolate(autograd.InterpolateConfig{Size: s.x.Shape()[2:], Mode: autograd.InterpolateLinear})
	}
	return constant(cam)
}
