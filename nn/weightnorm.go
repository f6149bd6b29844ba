package nn

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// Reweighted is a layer that can do with another weight than its own: what [NewWeightNorm] and
// [NewSpectralNorm] are put around. [Linear], the convolutions and the transposed convolutions
// are, and so is a layer of one's own that has ForwardWith, and whose Forward is
//
//	func (l *layer) Forward(x autograd.Variable) autograd.Variable { return l.ForwardWith(x, l.Weight) }
type Reweighted interface {
	Layer

	// ForwardWith is Forward with weight in place of the part named "weight".
	ForwardWith(x, weight autograd.Variable) autograd.Variable
}

// ForwardWith is Forward with another weight, for [NewWeightNorm] and the like.
func (l *Linear) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	defer in(l)
	return Hooked(l, autograd.Linear(x, weight, l.Bias))
}

// ForwardWith is Forward with another weight, for [NewWeightNorm] and the like.
func (c *Conv1d) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	defer in(c)
	other := c.Conv
	other.Weight = weight
	return Hooked(c, other.convolve("nn.Conv1d", x, folded{}))
}

// ForwardWith is Forward with another weight, for [NewWeightNorm] and the like.
func (c *Conv2d) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	defer in(c)
	other := c.Conv
	other.Weight = weight
	return Hooked(c, other.convolve("nn.Conv2d", x, folded{}))
}

// ForwardWith is Forward with another weight, for [NewWeightNorm] and the like.
func (c *Conv3d) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	defer in(c)
	other := c.Conv
	other.Weight = weight
	return Hooked(c, other.convolve("nn.Conv3d", x, folded{}))
}

// ForwardWith is Forward with another weight, for [NewWeightNorm] and the like.
func (c *ConvTranspose1d) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	defer in(c)
	other := c.ConvTranspose
	other.Weight = weight
	return Hooked(c, other.convolve("nn.ConvTranspose1d", x))
}

// ForwardWith is Forward with another weight, for [NewWeightNorm] and the like.
func (c *ConvTranspose2d) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	defer in(c)
	other := c.ConvTranspose
	other.Weight = weight
	return Hooked(c, other.convolve("nn.ConvTranspose2d", x))
}

// ForwardWith is Forward with another weight, for [NewWeightNorm] and the like.
func (c *ConvTranspose3d) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	defer in(c)
	other := c.ConvTranspose
	other.Weight = weight
	return Hooked(c, other.convolve("nn.ConvTranspose3d", x))
}

// weightPart is the parameter named weight of a layer.
func weightPart(op string, layer Layer) autograd.Variable {
	if isNil(layer) {
		panic(&autograd.ValueError{Op: op, Reason: "the layer is nil"})
	}
	for name, p := range layer.Parts() {
		if name == "weight" && (p.Param != autograd.Variable{}) {
			return p.Param
		}
	}
	panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s has no parameter named weight", typeName(layer))})
}

// partsWithout yields the parts of a layer but for its weight, then others.
func partsWithout(layer Layer, others ...NamedPart) iter.Seq2[string, Part] {
	return func(yield func(string, Part) bool) {
		for name, p := range layer.Parts() {
			if name != "weight" && !yield(name, p) {
				return
			}
		}
		for _, p := range others {
			if !yield(p.Name, p.Part) {
				return
			}
		}
	}
}

// WeightNormConfig configures [NewWeightNorm]. The zero value is PyTorch's default.
type WeightNormConfig struct {
	Axis  int  // along which each slice of the weight has a length of its own
	Whole bool // one length for the whole weight, in place of Axis
}

// WeightNorm is a layer whose weight is a length times a direction, which are trained in its
// place (Salimans and Kingma 2016):
//
//	weight = g·v/‖v‖
//
// Its parts are those of the layer without "weight", then "weight_g" and "weight_v", as
// PyTorch's weight_norm has them.
type WeightNorm struct {
	G autograd.Variable // the lengths: of size 1 but along the axis; a scalar if there is one
	V autograd.Variable // of the shape of the weight

	layer Reweighted
	whole bool
	over  []int // the axes of a norm, unless it is of the whole
}

// NewWeightNorm puts a WeightNorm around a layer. Its weight at first is that of the layer,
// which is no longer in use. It panics with [*autograd.ValueError] if the layer is nil or has
// no weight, and with [*autograd.AxisError] if that has no such axis.
func NewWeightNorm(layer Reweighted, config WeightNormConfig) *WeightNorm {
	w := weightPart("nn.NewWeightNorm", layer).Clone()
	n := &WeightNorm{layer: layer, V: autograd.Parameter(w), whole: config.Whole}
	if !config.Whole {
		w.Dim(config.Axis)
		for axis := range w.Rank() {
			if axis != (config.Axis+w.Rank())%w.Rank() {
				n.over = append(n.over, axis)
			}
		}
	}
	n.G = autograd.Parameter(n.norm(w).Clone())
	return n
}

// norm is the length of each slice.
func (n *WeightNorm) norm(v autograd.Variable) autograd.Variable {
	switch {
	case n.whole:
		return v.Norm()
	case len(n.over) == 0:
		return v.Abs()
	}
	return v.Square().SumKeepDims(n.over...).Sqrt()
}

// Parts yields the parts of the layer, with weight_g and weight_v for its weight.
func (n *WeightNorm) Parts() iter.Seq2[string, Part] {
	return partsWithout(n.layer, Weight("weight_g", n.G), Weight("weight_v", n.V))
}

// Forward is that of the layer.
func (n *WeightNorm) Forward(x autograd.Variable) autograd.Variable {
	defer in(n)
	g, v := watched(x, n.G), watched(x, n.V)
	return Hooked(n, n.layer.ForwardWith(x, v.Mul(g.Div(n.norm(v)))))
}
