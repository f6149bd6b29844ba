package nn

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Layers of two arrays. Their method is ForwardPair, as Forward has one.

// PairwiseDistance is the distance ‖a − b + ε‖ₚ along the last axis.
type PairwiseDistance struct {
	NoParts
	P        float64 // of the norm; 0 means 2, None 0
	Eps      float64 // ε, added to each difference; 0 means 1e-6, None 0
	KeepDims bool    // keep the last axis, with size 1
}

// ForwardPair is the distance of a and b [..., features], which are broadcast to each
// other, of shape [...]. It panics with [*autograd.ShapeError] if they cannot be, and with
// [*autograd.ValueError] if a number is negative or not finite.
func (l PairwiseDistance) ForwardPair(a, b autograd.Variable) autograd.Variable {
	const op = "nn.PairwiseDistance"
	p, eps := number(op, "P", l.P, 2), number(op, "Eps", l.Eps, 1e-6)
	d := a.Sub(b).AddScalar(eps).NormP(p, -1)
	if l.KeepDims {
		d = d.Unsqueeze(-1)
	}
	return d
}

// CosineSimilarityLayer is [CosineSimilarity] as a layer.
type CosineSimilarityLayer struct {
	NoParts
	Axis int // along which vectors lie; 0 means 1
}

// ForwardPair is the cosine of the angle between a and b, of their shape without the axis.
// It panics as CosineSimilarity does.
func (l CosineSimilarityLayer) ForwardPair(a, b autograd.Variable) autograd.Variable {
	return CosineSimilarity(a, b, orDefaultInt(l.Axis, 1))
}

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
	return autograd.Linear(products, w.Flatten(1), l.Bias)
}
