package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// SpectralNormConfig configures [NewSpectralNorm]. The zero value is PyTorch's default.
type SpectralNormConfig struct {
	Iterations int     // of the power method in each call in training; 0 means 1
	Eps        float64 // the least length that a vector is divided by; 0 means 1e-12, None 0

	// Axis is the axis of the weight that counts the rows of the matrix that is meant; the
	// others together are its columns. PyTorch takes 1 for transposed convolutions.
	Axis int
}

// SpectralNorm is a layer whose weight is divided by its greatest singular value σ, so that it
// makes no difference of inputs longer (Miyato et al. 2018):
//
//	weight = weight_orig/σ,  σ = uᵀ·W·v
//
// The singular vectors u and v come nearer to the right ones by the power method, in each
// call in training: v ← Wᵀu/‖Wᵀu‖, u ← Wv/‖Wv‖. They are constants to gradients. They move when
// the tape is committed, as the statistics of [BatchNorm]. Its parts are those of the layer without "weight", then the parameter
// "weight_orig" and the buffers "weight_u" and "weight_v", as PyTorch's spectral_norm has them.
type SpectralNorm struct {
	Orig autograd.Variable // the weight that is trained
	U, V autograd.Variable // [rows] and [columns], buffers

	layer      Reweighted
	iterations int
	eps        float64
	axis       int
}

// NewSpectralNorm puts a SpectralNorm around a layer, whose weight it takes over, with vectors
// drawn from rng. It panics with [*autograd.ValueError] if the layer is nil or has no weight,
// or a number of config is negative, and with [*autograd.AxisError] if the weight has no such
// axis.
func NewSpectralNorm(rng *rand.Rand, layer Reweighted, config SpectralNormConfig) *SpectralNorm {
	const op = "nn.NewSpectralNorm"
	w := weightPart(op, layer)
	rows := w.Dim(config.Axis)
	n := &SpectralNorm{
		Orig: w, layer: layer, iterations: orDefaultInt(config.Iterations, 1), eps: number(op, "Eps", config.Eps, 1e-12),
		axis: (config.Axis + w.Rank()) % w.Rank(),
	}
	if n.iterations < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d iterations: expected a positive number", config.Iterations)})
	}
	n.U = n.unit(autograd.Normal(rng, w.DType(), 0, 1, rows)).Clone()
	n.V = n.unit(autograd.Normal(rng, w.DType(), 0, 1, w.Size()/max(1, rows))).Clone()
	return n
}

// unit is x/max(‖x‖, eps).
func (n *SpectralNorm) unit(x autograd.Variable) autograd.Variable {
	length := x.Norm()
	if n.eps > 0 {
		length = length.Maximum(scalarFor(x, n.eps))
	}
	return x.Div(length)
}

// Parts yields the parts of the layer, with weight_orig, weight_u and weight_v for its weight.
func (n *SpectralNorm) Parts() iter.Seq2[string, Part] {
	return partsWithout(n.layer, Weight("weight_orig", n.Orig), Buffer("weight_u", n.U), Buffer("weight_v", n.V))
}

// Forward is that of the layer.
func (n *SpectralNorm) Forward(x autograd.Variable) autograd.Variable {
	defer in(n)
	w := watched(x, n.Orig)
	matrix := w
	if n.axis != 0 {
		matrix = matrix.Transpose(0, n.axis)
		// The other axes keep their order.
		for i := n.axis; i > 1; i-- {
			matrix = matrix.Transpose(i, i-1)
		}
	}
	matrix = matrix.Flatten(1)
	u, v := current(x, n.U), current(x, n.V)
	if tape := x.Tape(); tape != nil && tape.Training() {
		constant := matrix.Detach()
		for range n.iterations {
			v = n.unit(u.MatMul(constant))
			u = n.unit(constant.MatMul(v))
		}
		tape.Assign(n.U, u)
		tape.Assign(n.V, v)
	}
	sigma := u.Detach().Mul(matrix.MatMul(v.Detach())).Sum()
	return Hooked(n, n.layer.ForwardWith(x, w.Div(sigma)))
}
