package distribution

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Bernoulli is the distribution of a choice between 1, with probability p, and 0. Its
// parameter is the logit l = ln(p/(1−p)), any finite number.
type Bernoulli struct {
	shapes
	Logits autograd.Variable
}

// NewBernoulli makes the Bernoulli distributions with these logits, which of probabilities
// between 0 and 1 are p.Logit().
func NewBernoulli(logits autograd.Variable) *Bernoulli {
	return &Bernoulli{shapes{batch: logits.Shape()}, logits}
}

// LogProb is x·ln p + (1−x)·ln(1−p) for x between 0 and 1, which is ln p at 1 and ln(1−p) at 0,
// and −Inf elsewhere.
func (d *Bernoulli) LogProb(x autograd.Variable) autograd.Variable {
	one := x.Mul(d.Logits.LogSigmoid())
	zero := x.Neg().AddScalar(1).Mul(d.Logits.Neg().LogSigmoid())
	return within(x, full(x, 0), full(x, 1), one.Add(zero))
}

// Sample draws zeros and ones.
func (d *Bernoulli) Sample(rng *rand.Rand, shape ...int) autograd.Variable {
	p, y := d.Probs().Floats(), autograd.Zeros(d.Logits.DType(), d.sample(shape)...)
	fill(y, func(i int) float64 {
		if rng.Float64() < p[i%len(p)] {
			return 1
		}
		return 0
	})
	return y
}

// Probs are the probabilities of 1.
func (d *Bernoulli) Probs() autograd.Variable { return d.Logits.Sigmoid() }

// Mean is p.
func (d *Bernoulli) Mean() autograd.Variable { return d.Probs() }

// Variance is p·(1−p).
func (d *Bernoulli) Variance() autograd.Variable {
	return d.Probs().Mul(d.Logits.Neg().Sigmoid())
}

// Entropy is −p·ln p − (1−p)·ln(1−p).
func (d *Bernoulli) Entropy() autograd.Variable {
	// Logits l and −l have the same entropy, softplus(−l) + l·sigmoid(−l), where nothing
	// cancels if l is positive.
	l := magnitude(d.Logits)
	return l.Neg().Softplus().Add(l.Mul(l.Neg().Sigmoid()))
}
