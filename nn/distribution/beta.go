package distribution

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Beta is the beta distribution of numbers between 0 and 1,
//
//	p(x) = x^(α−1)·(1−x)^(β−1) / B(α, β)
type Beta struct {
	shapes
	Alpha, Beta autograd.Variable
}

// NewBeta makes the beta distributions with these parameters, which broadcast. It panics
// with [*autograd.ValueError] unless both are positive.
func NewBeta(alpha, beta autograd.Variable) *Beta {
	s := scalars("Beta", alpha, beta)
	positive("Beta", "alpha", alpha)
	positive("Beta", "beta", beta)
	return &Beta{s, alpha, beta}
}

// LogProb is (α−1)·ln x + (β−1)·ln(1−x) − ln B(α, β) for x from 0 to 1, and −Inf elsewhere.
func (d *Beta) LogProb(x autograd.Variable) autograd.Variable {
	low, high := full(x, 0), full(x, 1)
	inside := autograd.Where(x.GreaterEqual(low).Mul(x.LessEqual(high)), x, full(x, 0.5))
	y := autograd.Xlogy(d.Alpha.SubScalar(1), inside).Add(autograd.Xlog1py(d.Beta.SubScalar(1), inside.Neg()))
	return within(x, low, high, y.Sub(autograd.LogBeta(d.Alpha, d.Beta)))
}

// RSample is x/(x+y), with x and y of gamma distributions with concentrations α and β, whose
// gradients are implicit: see [Gamma.RSample]. Draws that would be rounded to 0 or 1 are
// the numbers next to these.
func (d *Beta) RSample(rng *rand.Rand, shape ...int) autograd.Variable {
	shape = d.sample(shape)
	x := logGammaSample(rng, d.Alpha, shape).Sub(logGammaSample(rng, d.Beta, shape)).Sigmoid()
	if x.DType() == autograd.Float32 {
		return x.Clamp(0x1p-126, 1-0x1p-24)
	}
	return x.Clamp(0x1p-1022, 1-0x1p-53)
}

// Sample is RSample without gradients.
func (d *Beta) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	return (&Beta{d.shapes, d.Alpha.Detach(), d.Beta.Detach()}).RSample(rng, shape...)
}

// Mean is α/(α+β).
func (d *Beta) Mean() autograd.Variable { return d.spread(d.Alpha.Div(d.Alpha.Add(d.Beta))) }

// Variance is α·β/((α+β)²·(α+β+1)).
func (d *Beta) Variance() autograd.Variable {
	sum := d.Alpha.Add(d.Beta)
	return d.spread(d.Alpha.Div(sum).Mul(d.Beta.Div(sum)).Div(sum.AddScalar(1)))
}

// Entropy is ln B(α, β) − (α−1)·ψ(α) − (β−1)·ψ(β) + (α+β−2)·ψ(α+β).
func (d *Beta) Entropy() autograd.Variable {
	term := func(x autograd.Variable, shift float64) autograd.Variable {
		return x.SubScalar(shift).Mul(x.Digamma())
	}
	h := autograd.LogBeta(d.Alpha, d.Beta).Sub(term(d.Alpha, 1)).Sub(term(d.Beta, 1))
	return d.spread(h.Add(term(d.Alpha.Add(d.Beta), 2)))
}
