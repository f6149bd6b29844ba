package distribution

import (
	"math/rand/v2"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Mixture is a mixture of k distributions of one family,
//
//	p(x) = Σ wᵢ·pᵢ(x)
//
// It has no entropy in closed form, and its samples carry no gradients: which component a
// draw is of does not change smoothly with the weights.
type Mixture struct {
	shapes
	Weights    *Categorical // of the components
	Components Distribution // the last axis of its batch is that of the components
}

// NewMixture makes mixtures of components, whose batch shape is [batch…, k], with weights of
// k classes whose batch broadcasts to [batch…]. It panics with [*autograd.ShapeError] if they
// do not fit, and with [*autograd.DTypeError] if their element types differ.
func NewMixture(weights *Categorical, components Distribution) *Mixture {
	batch, w := components.BatchShape(), weights.LogProbs
	k := len(batch) - 1
	if k < 0 || batch[k] != weights.Classes() || !slices.Equal(broadcast("Mixture", weights.batch, batch[:k]), batch[:k]) {
		panic(&autograd.ShapeError{Op: "Mixture", Shapes: [][]int{w.Shape(), batch}, Reason: "expected weights [..., k] that broadcast to the components' batch [..., k]"})
	}
	if dtype := components.Mean().DType(); dtype != w.DType() {
		panic(&autograd.DTypeError{Op: "Mixture", DTypes: []autograd.DType{w.DType(), dtype}, Reason: "weights' and components' types must be the same"})
	}
	return &Mixture{shapes{batch[:k], components.EventShape()}, weights, components}
}

// axis is that of the components in their draws, from the end.
func (d *Mixture) axis() int { return -1 - len(d.event) }

// LogProb is ln Σ wᵢ·pᵢ(x).
func (d *Mixture) LogProb(x autograd.Variable) autograd.Variable {
	each := d.Components.LogProb(x.Unsqueeze(d.axis()))
	return each.Add(d.Weights.LogProbs).LogSumExp(-1)
}

// Responsibilities are the probabilities that x is of each of the components,
// wᵢ·pᵢ(x)/Σ wⱼ·pⱼ(x), as in the E-step of expectation maximization: [..., k].
func (d *Mixture) Responsibilities(x autograd.Variable) autograd.Variable {
	return d.Components.LogProb(x.Unsqueeze(d.axis())).Add(d.Weights.LogProbs).Softmax(-1)
}

// Sample draws a component, and from that.
func (d *Mixture) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	wide := slices.Concat(shape, d.batch)
	each := d.Components.Sample(rng, shape...)
	weights := d.Weights.Probs().Detach().BroadcastTo(slices.Concat(d.batch, []int{d.Weights.Classes()})...)
	chosen := NewCategorical(weights.Log()).Sample(rng, shape...)
	events := 1
	for _, n := range d.event {
		events *= n
	}
	index := make([]int, 0, chosen.Size()*events)
	for _, c := range chosen.Floats() {
		for range events {
			index = append(index, int(c))
		}
	}
	return each.Gather(d.axis(), index, slices.Concat(wide, []int{1}, d.event)...).Squeeze(d.axis())
}

// weights are those of the components, to be multiplied with their moments.
func (d *Mixture) weights() autograd.Variable {
	w := d.Weights.Probs()
	for range d.event {
		w = w.Unsqueeze(-1)
	}
	return w
}

// Mean is Σ wᵢ·μᵢ.
func (d *Mixture) Mean() autograd.Variable {
	return d.weights().Mul(d.Components.Mean()).Sum(d.axis())
}

// Variance is Σ wᵢ·(σᵢ² + (μᵢ−μ)²).
func (d *Mixture) Variance() autograd.Variable {
	deviation := d.Components.Mean().Sub(d.Mean().Unsqueeze(d.axis()))
	return d.weights().Mul(d.Components.Variance().Add(deviation.Square())).Sum(d.axis())
}
