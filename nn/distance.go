package nn

import "github.com/chainrule-go/chainrule/autograd"

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
