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
	// As PyTorch does, the divisor is a little more than the norm.
	const eps = 1e-6
	if scale := limit / (norm + eps); scale < 1 && !math.IsInf(norm, 0) {
		grads.Scale(scale)
	}
	return norm
}

// ClipGradValue limits every element of all gradients to −limit … limit, in place.
// NaN stays NaN. It panics with [*autograd.ValueError] unless limit is positive.
func ClipGradValue(grads autograd.Gradients, limit float64) {
	checkLimit("optim.ClipGradValue", limit)
	for _, grad := range grads.All() {
		a := arrayOf(grad)
		tensor.Clamp(&a, &a, -limit, limit)
	}
}

func checkLimit(op string, limit float64) {
	if !(limit > 0) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the limit is %v, expected a positive number", limit)})
	}
}
