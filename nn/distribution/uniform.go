package distribution

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Uniform is the uniform distribution between two numbers,
//
//	p(x) = 1/(high−low)   for low ≤ x ≤ high
type Uniform struct {
	shapes
	Low, High autograd.Variable
}

// NewUniform makes the uniform distributions from low to high, which broadcast. It panics
// with [*autograd.ValueError] unless low is less than high.
func NewUniform(low, high autograd.Variable) *Uniform {
	s := scalars("Uniform", low, high)
	each(high.Detach().Sub(low.Detach()), func(i int, v float64) {
		if v <= 0 {
			panic(&autograd.ValueError{Op: "Uniform", Reason: fmt.Sprintf("low must be less than high, of element %d it is not", i)})
		}
	})
	return &Uniform{s, low, high}
}

func (d *Uniform) width() autograd.Variable { return d.High.Sub(d.Low) }

// LogProb is −ln(high−low) from low to high, and −Inf elsewhere.
func (d *Uniform) LogProb(x autograd.Variable) autograd.Variable {
	return within(x, d.Low, d.High, d.width().Log().Neg())
}

// RSample is low + u·(high−low), with u uniform in (0, 1).
func (d *Uniform) RSample(rng *rand.Rand, shape ...int) autograd.Variable {
	return standardUniform(rng, d.Low.DType(), d.sample(shape)).Mul(d.width()).Add(d.Low)
}

// Sample is RSample without gradients.
func (d *Uniform) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	return (&Uniform{d.shapes, d.Low.Detach(), d.High.Detach()}).RSample(rng, shape...)
}

// Mean is (low+high)/2.
func (d *Uniform) Mean() autograd.Variable { return d.spread(d.Low.Add(d.High).MulScalar(0.5)) }

// Variance is (high−low)²/12.
func (d *Uniform) Variance() autograd.Variable {
	return d.spread(d.width().Square().DivScalar(12))
}

// Entropy is ln(high−low).
func (d *Uniform) Entropy() autograd.Variable { return d.spread(d.width().Log()) }

// CDF is the probability of a draw of at most x.
func (d *Uniform) CDF(x autograd.Variable) autograd.Variable {
	return x.Sub(d.Low).Div(d.width()).Clamp(0, 1)
}

// Quantile is the inverse of CDF, for p between 0 and 1.
func (d *Uniform) Quantile(p autograd.Variable) autograd.Variable {
	return p.Mul(d.width()).Add(d.Low)
}
