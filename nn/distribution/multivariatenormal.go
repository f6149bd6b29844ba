package distribution

import (
	"fmt"
	"math/rand/v2"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// MultivariateNormal is the normal distribution of vectors of n numbers, with the mean μ
// and the covariance matrix Σ = L·Lᵀ,
//
//	p(x) = exp(−½·(x−μ)ᵀ·Σ⁻¹·(x−μ)) / √((2π)ⁿ·det Σ)
type MultivariateNormal struct {
	shapes
	Loc       autograd.Variable // μ, [..., n]
	ScaleTril autograd.Variable // L, [..., n, n], lower triangular with a positive diagonal
}

// NewMultivariateNormal makes the normal distributions with the means loc [..., n] and the
// Cholesky factors scaleTril [..., n, n] of their covariances, of which only the lower
// triangle counts. Batches broadcast. It panics with [*autograd.ShapeError] if the shapes do
// not fit, and with [*autograd.ValueError] unless the diagonals are positive. Of a covariance
// matrix the factor is covariance.Cholesky().
func NewMultivariateNormal(loc, scaleTril autograd.Variable) *MultivariateNormal {
	const op = "MultivariateNormal"
	a, b := loc.Shape(), scaleTril.Shape()
	if len(a) < 1 || len(b) < 2 || b[len(b)-1] != a[len(a)-1] || b[len(b)-2] != a[len(a)-1] {
		panic(&autograd.ShapeError{Op: op, Shapes: [][]int{a, b}, Reason: "expected a mean [..., n] and a factor [..., n, n]"})
	}
	if loc.DType() != scaleTril.DType() {
		panic(&autograd.DTypeError{Op: op, DTypes: []autograd.DType{loc.DType(), scaleTril.DType()}, Reason: "the parameters' types must be the same"})
	}
	n := a[len(a)-1]
	positive(op, "the diagonal of scaleTril", scaleTril.Detach().Diagonal(0))
	batch := broadcast(op, a[:len(a)-1], b[:len(b)-2])
	return &MultivariateNormal{shapes{batch, []int{n}}, loc, scaleTril.Tril(0)}
}

// logDiagonal is Σ ln Lᵢᵢ, half of ln det Σ.
func (d *MultivariateNormal) logDiagonal() autograd.Variable {
	return d.ScaleTril.Diagonal(0).Log().Sum(-1)
}

// mahalanobis is |L⁻¹·x|² of vectors x [..., n], whose batch broadcasts.
func (d *MultivariateNormal) mahalanobis(x autograd.Variable) autograd.Variable {
	y := autograd.SolveTriangular(d.ScaleTril, x.Unsqueeze(-1), autograd.TriangularConfig{})
	return y.Squeeze(-1).Square().Sum(-1)
}

// LogProb is −½·|L⁻¹·(x−μ)|² − Σ ln Lᵢᵢ − n/2·ln 2π of vectors x [..., n].
func (d *MultivariateNormal) LogProb(x autograd.Variable) autograd.Variable {
	n := float64(d.event[0])
	if shape := x.Shape(); len(shape) == 0 || shape[len(shape)-1] != d.event[0] {
		panic(&autograd.ShapeError{Op: "MultivariateNormal", Shapes: [][]int{shape}, Reason: fmt.Sprintf("expected vectors of %d", d.event[0])})
	}
	return d.mahalanobis(x.Sub(d.Loc)).MulScalar(-0.5).Sub(d.logDiagonal()).SubScalar(n / 2 * log2Pi)
}

// RSample is μ + L·ε, with ε of the standard normal distribution.
func (d *MultivariateNormal) RSample(rng *rand.Rand, shape ...int) autograd.Variable {
	noise := standardNormal(rng, d.Loc.DType(), d.sample(shape))
	return d.ScaleTril.MatMul(noise.Unsqueeze(-1)).Squeeze(-1).Add(d.Loc)
}

// Sample is RSample without gradients.
func (d *MultivariateNormal) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	return (&MultivariateNormal{d.shapes, d.Loc.Detach(), d.ScaleTril.Detach()}).RSample(rng, shape...)
}

// Mean is μ.
func (d *MultivariateNormal) Mean() autograd.Variable { return d.spread(d.Loc) }

// Covariance is Σ, with the shape [batch…, n, n].
func (d *MultivariateNormal) Covariance() autograd.Variable {
	c := d.ScaleTril.MatMul(d.ScaleTril.T())
	return c.BroadcastTo(slices.Concat(d.batch, d.event, d.event)...)
}

// Variance is the diagonal of Σ: the variances of the vector's elements.
func (d *MultivariateNormal) Variance() autograd.Variable {
	return d.spread(d.ScaleTril.Square().Sum(-1))
}

// Entropy is n/2·(1 + ln 2π) + Σ ln Lᵢᵢ.
func (d *MultivariateNormal) Entropy() autograd.Variable {
	h := d.logDiagonal().AddScalar(float64(d.event[0]) / 2 * (1 + log2Pi))
	return h.BroadcastTo(d.batch...)
}
