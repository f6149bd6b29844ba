package distribution

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Normal is the normal (Gaussian) distribution of numbers,
//
//	p(x) = exp(−(x−μ)²/2σ²) / (σ·√2π)
type Normal struct {
	shapes
	Loc   autograd.Variable // μ, the mean
	Scale autograd.Variable // σ, the standard deviation
}

// NewNormal makes the normal distributions with the means loc and the standard deviations
// scale, which broadcast. It panics with [*autograd.ValueError] unless scale is positive.
func NewNormal(loc, scale autograd.Variable) *Normal {
	s := scalars("Normal", loc, scale)
	positive("Normal", "scale", scale)
	return &Normal{s, loc, scale}
}

// LogProb is −(x−μ)²/2σ² − ln σ − ½·ln 2π.
func (d *Normal) LogProb(x autograd.Variable) autograd.Variable {
	z := x.Sub(d.Loc).Div(d.Scale)
	return z.Square().MulScalar(-0.5).Sub(d.Scale.Log()).SubScalar(log2Pi / 2)
}

// RSample is μ + σ·ε, with ε of the standard normal distribution.
func (d *Normal) RSample(rng *rand.Rand, shape ...int) autograd.Variable {
	noise := standardNormal(rng, d.Loc.DType(), d.sample(shape))
	return noise.Mul(d.Scale).Add(d.Loc)
}

// Sample is RSample without gradients.
func (d *Normal) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	return (&Normal{d.shapes, d.Loc.Detach(), d.Scale.Detach()}).RSample(rng, shape...)
}

// Mean is μ.
func (d *Normal) Mean() autograd.Variable { return d.spread(d.Loc) }

// Variance is σ².
func (d *Normal) Variance() autograd.Variable { return d.spread(d.Scale.Square()) }

// Entropy is ½ + ½·ln 2π + ln σ.
func (d *Normal) Entropy() autograd.Variable {
	return d.spread(d.Scale.Log().AddScalar((1 + log2Pi) / 2))
}

// CDF is the probability of a draw of at most x.
func (d *Normal) CDF(x autograd.Variable) autograd.Variable {
	return x.Sub(d.Loc).Div(d.Scale).NormalCDF()
}

// Quantile is the inverse of CDF, for p between 0 and 1: what a draw is below of with
// probability p.
func (d *Normal) Quantile(p autograd.Variable) autograd.Variable {
	return p.NormalQuantile().Mul(d.Scale).Add(d.Loc)
}
