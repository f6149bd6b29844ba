package optim

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// ClipGradNorm scales all gradients, in place, so that their common Euclidean norm is
// at most limit, and returns the norm they had. Gradients within the limit keep their
// bits. If the norm is NaN or infinite they are left as they are, for the caller to
// see. It panics with [*autograd.ValueError] unless limit is positive.
func ClipGradNorm(grads autograd.Gradients, limit float64) float64 {
	checkLimit("optim.ClipGradNorm", limit)
	norm := grads.Norm()
	for _, factor := range clipFactors(norm, limit) {
		if factor < 1 {
			grads.Scale(factor)
		}
	}
	return norm
}

// ClipEachGradNorm scales each gradient on its own, in place, so that its Euclidean norm is
// at most limit, and returns the greatest norm there was, NaN if one is NaN. Otherwise it is
// as [ClipGradNorm].
func ClipEachGradNorm(grads autograd.Gradients, limit float64) float64 {
	checkLimit("optim.ClipEachGradNorm", limit)
	greatest := 0.0
	for _, grad := range grads.Stored() {
		a := arrayOf(grad)
		norm := tensor.Norm2(&a)
		for _, factor := range clipFactors(norm, limit) {
			if factor < 1 {
				tensor.Scale(&a, &a, factor)
			}
		}
		greatest = max(greatest, norm)
	}
	return greatest
}

// clipFactors are two factors that take a norm to a limit: one and 1, but where it would be
// too small for a float32, its root twice.
func clipFactors(norm, limit float64) [2]float64 {
	if !(norm > limit) || math.IsInf(norm, 0) {
		return [2]float64{1, 1}
	}
	// As PyTorch does, the divisor is a little more than the norm.
	factor := limit / (norm + 1e-6*min(1, norm))
	if factor < 1e-30 {
		root := math.Sqrt(factor)
		return [2]float64{root, root}
	}
	return [2]float64{factor, 1}
}

// ClipGradValue limits every element of all gradients to −limit … limit, in place.
// NaN stays NaN. It panics with [*autograd.ValueError] unless limit is positive.
func ClipGradValue(grads autograd.Gradients, limit float64) {
	checkLimit("optim.ClipGradValue", limit)
	for _, grad := range grads.Stored() {
		a := arrayOf(grad)
		tensor.Clamp(&a, &a, -limit, limit)
	}
}

func checkLimit(op string, limit float64) {
	if !(limit > 0) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the limit is %v, expected a positive number", limit)})
	}
}
