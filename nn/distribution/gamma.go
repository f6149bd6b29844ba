package distribution

import (
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Gamma is the gamma distribution of positive numbers,
//
//	p(x) = βᵅ·x^(α−1)·e^(−βx) / Γ(α)
type Gamma struct {
	shapes
	Concentration autograd.Variable // α
	Rate          autograd.Variable // β
}

// NewGamma makes the gamma distributions with these parameters, which broadcast. It panics
// with [*autograd.ValueError] unless both are positive.
func NewGamma(concentration, rate autograd.Variable) *Gamma {
	s := scalars("Gamma", concentration, rate)
	positive("Gamma", "concentration", concentration)
	positive("Gamma", "rate", rate)
	return &Gamma{s, concentration, rate}
}

// LogProb is α·ln β + (α−1)·ln x − β·x − ln Γ(α) for x ≥ 0, and −Inf elsewhere.
func (d *Gamma) LogProb(x autograd.Variable) autograd.Variable {
	low, high := full(x, 0), full(x, math.Inf(1))
	inside := autograd.Where(x.GreaterEqual(low), x, full(x, 1))
	power := autograd.Xlogy(d.Concentration.SubScalar(1), inside)
	y := d.Concentration.Mul(d.Rate.Log()).Add(power).Sub(d.Rate.Mul(inside)).Sub(d.Concentration.Lgamma())
	return within(x, low, high, y)
}

// RSample draws numbers whose gradients are implicit: with the distribution function F and
// the density p of the draw x, ∂x/∂α = −(∂F/∂α)/p. That one can be differentiated once; a pass
// that is to be differentiated again panics with [*autograd.TapeError]. Draws too small for
// the element type are the smallest normal number.
func (d *Gamma) RSample(rng *rand.Rand, shape ...int) autograd.Variable {
	return atLeastTiny(logGammaSample(rng, d.Concentration, d.sample(shape)).Sub(d.Rate.Log()).Exp())
}

// Sample is RSample without gradients.
func (d *Gamma) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	return (&Gamma{d.shapes, d.Concentration.Detach(), d.Rate.Detach()}).RSample(rng, shape...)
}

// Mean is α/β.
func (d *Gamma) Mean() autograd.Variable { return d.spread(d.Concentration.Div(d.Rate)) }

// Variance is α/β².
func (d *Gamma) Variance() autograd.Variable {
	return d.spread(d.Concentration.Div(d.Rate.Square()))
}

// Entropy is α − ln β + ln Γ(α) + (1−α)·ψ(α).
func (d *Gamma) Entropy() autograd.Variable {
	a := d.Concentration
	h := a.Add(a.Lgamma()).Add(a.Neg().AddScalar(1).Mul(a.Digamma()))
	return d.spread(h.Sub(d.Rate.Log()))
}

// atLeastTiny keeps positive numbers that underflow from becoming 0, where a density may be
// infinite.
func atLeastTiny(x autograd.Variable) autograd.Variable {
	if x.DType() == autograd.Float32 {
		return x.Clamp(0x1p-126, math.MaxFloat32)
	}
	return x.Clamp(0x1p-1022, math.MaxFloat64)
}
