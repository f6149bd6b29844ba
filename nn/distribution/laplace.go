package distribution

import (
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Laplace is the Laplace distribution,
//
//	p(x) = exp(−|x−μ|/b) / 2b
type Laplace struct {
	shapes
	Loc   autograd.Variable // μ, the mean
	Scale autograd.Variable // b
}

// NewLaplace makes the Laplace distributions with the means loc and scales scale, which
// broadcast. It panics with [*autograd.ValueError] unless scale is positive.
func NewLaplace(loc, scale autograd.Variable) *Laplace {
	s := scalars("Laplace", loc, scale)
	positive("Laplace", "scale", scale)
	return &Laplace{s, loc, scale}
}

// LogProb is −|x−μ|/b − ln 2b.
func (d *Laplace) LogProb(x autograd.Variable) autograd.Variable {
	return x.Sub(d.Loc).Abs().Div(d.Scale).Neg().Sub(d.Scale.MulScalar(2).Log())
}

// RSample is μ − b·sgn(u)·ln(1 − 2|u|), with u uniform in (−½, ½).
func (d *Laplace) RSample(rng *rand.Rand, shape ...int) autograd.Variable {
	u := standardUniform(rng, d.Loc.DType(), d.sample(shape)).SubScalar(0.5)
	noise := u.Sign().Mul(u.Abs().MulScalar(-2).Log1p()).Neg()
	return noise.Mul(d.Scale).Add(d.Loc)
}

// Sample is RSample without gradients.
func (d *Laplace) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	return (&Laplace{d.shapes, d.Loc.Detach(), d.Scale.Detach()}).RSample(rng, shape...)
}

// Mean is μ.
func (d *Laplace) Mean() autograd.Variable { return d.spread(d.Loc) }

// Variance is 2b².
func (d *Laplace) Variance() autograd.Variable { return d.spread(d.Scale.Square().MulScalar(2)) }

// Entropy is 1 + ln 2b.
func (d *Laplace) Entropy() autograd.Variable {
	return d.spread(d.Scale.Log().AddScalar(1 + math.Ln2))
}

// CDF is the probability of a draw of at most x.
func (d *Laplace) CDF(x autograd.Variable) autograd.Variable {
	z := x.Sub(d.Loc).Div(d.Scale)
	tail := z.Abs().Neg().Exp().MulScalar(0.5)
	return autograd.Where(z.Less(full(z, 0)), tail, tail.Neg().AddScalar(1))
}

// Quantile is the inverse of CDF, for p between 0 and 1.
func (d *Laplace) Quantile(p autograd.Variable) autograd.Variable {
	u := p.SubScalar(0.5)
	return u.Sign().Mul(u.Abs().MulScalar(-2).Log1p()).Mul(d.Scale).Neg().Add(d.Loc)
}
