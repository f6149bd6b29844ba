package nn

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// BilinearConfig configures [NewBilinear]. The zero value is a layer of float32 with a bias.
type BilinearConfig struct {
	NoBias bool           // leave the bias out
	Init   Initializer    // of weight and bias; nil means uniform in ±1/√in1
	DType  autograd.DType // Float32 by default
}

// Bilinear is the layer y[o] = aᵀ·W[o]·b + bias[o] of a [..., in1] and b [..., in2]. Its
// parameters are named "weight" and "bias".
type Bilinear struct {
	Weight autograd.Variable // [out, in1, in2]
	Bias   autograd.Variable // [out]; the zero Variable for none
}

// NewBilinear is a Bilinear layer with weights drawn from rng. It panics with
// [*autograd.ValueError] unless all sizes are positive.
func NewBilinear(rng *rand.Rand, in1, in2, out int, config BilinearConfig) *Bilinear {
	if in1 < 1 || in2 < 1 || out < 1 {
		panic(&autograd.ValueError{Op: "nn.NewBilinear", Reason: fmt.Sprintf("%d and %d inputs, %d outputs: expected positive numbers", in1, in2, out)})
	}
	bound := 1 / math.Sqrt(float64(in1))
	init := orInit(config.Init, Uniform(-bound, bound))
	l := &Bilinear{Weight: autograd.Parameter(autograd.Zeros(config.DType, out, in1, in2))}
	init(rng, l.Weight, in1*in2, out)
	if !config.NoBias {
		l.Bias = autograd.Parameter(autograd.Zeros(config.DType, out))
		init(rng, l.Bias, in1*in2, out)
	}
	return l
}

// Parts yields weight and bias.
func (l *Bilinear) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("weight", l.Weight), Weight("bias", l.Bias))
}

// ForwardPair is the layer for a [..., in1] and b [..., in2] with the same first axes, of
// shape [..., out]. It panics with [*autograd.ShapeError] if the shapes do not fit.
func (l *Bilinear) ForwardPair(a, b autograd.Variable) autograd.Variable {
	defer in(l)
	if a.Rank() < 1 || a.Rank() != b.Rank() || a.Dim(-1) != l.Weight.Dim(1) || b.Dim(-1) != l.Weight.Dim(2) {
		panic(shapeError("nn.Bilinear", fmt.Sprintf("expected [..., %d] and [..., %d]", l.Weight.Dim(1), l.Weight.Dim(2)), a, b))
	}
	w := watched(a, l.Weight)
	// [..., in1·in2] · [in1·in2, out]
	products := a.Unsqueeze(-1).Mul(b.Unsqueeze(-2)).Flatten(-2)
	return Hooked(l, autograd.Linear(products, w.Flatten(1), l.Bias))
}
