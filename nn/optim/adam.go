package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// AdamConfig configures [NewAdam] and [NewAdamW]. Zero values are the defaults of the
// paper.
type AdamConfig struct {
	LR          float64    // learning rate α; 0 means 1e-3
	Betas       [2]float64 // decay β₁, β₂ of the two moments; both 0 mean 0.9, 0.999
	Eps         float64    // ε, added to the denominator; 0 means 1e-8
	WeightDecay float64    // λ; 0 means none for Adam and 0.01 for AdamW
}

// Adam is the optimizer of Kingma and Ba (2014): it scales each element's step by
// running averages of its gradient and squared gradient. At step t, from 1 on,
//
//	g ← g + λw
//	m ← β₁m + (1−β₁)g
//	v ← β₂v + (1−β₂)g²
//	w ← w − α·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)
//
// AdamW, of Loshchilov and Hutter (2017), decouples the weight decay from the
// averages: instead of the first line, w ← w − αλw.
type Adam struct {
	rate
	config    AdamConfig
	decoupled bool
	params    []adamParam
}

// adamParam is a parameter with its moments, which exist from its first step on.
type adamParam struct {
	param
	m, v tensor.Array
}

// NewAdam is an Adam optimizer of these parameters, whose weight decay is an L2
// penalty. It panics with [*autograd.ValueError] if there are no parameters, one of
// them is not a parameter, or config has a negative or infinite number or a beta
// outside 0 ≤ β < 1.
func NewAdam(params iter.Seq2[string, autograd.Variable], config AdamConfig) *Adam {
	return newAdam("optim.NewAdam", params, config, false)
}

// NewAdamW is an [Adam] optimizer with decoupled weight decay. It panics as [NewAdam]
// does.
func NewAdamW(params iter.Seq2[string, autograd.Variable], config AdamConfig) *Adam {
	config.WeightDecay = orDefault(config.WeightDecay, 0.01)
	return newAdam("optim.NewAdamW", params, config, true)
}

func newAdam(op string, params iter.Seq2[string, autograd.Variable], config AdamConfig, decoupled bool) *Adam {
	config.LR = orDefault(config.LR, 1e-3)
	config.Eps = orDefault(config.Eps, 1e-8)
	if config.Betas == [2]float64{} {
		config.Betas = [2]float64{0.9, 0.999}
	}
	checkAtLeastZero(op, "learning rate", config.LR)
	checkAtLeastZero(op, "eps", config.Eps)
	checkAtLeastZero(op, "weight decay", config.WeightDecay)
	checkFraction(op, "the first beta", config.Betas[0])
	checkFraction(op, "the second beta", config.Betas[1])
	a := &Adam{rate: rate{config.LR}, config: config, decoupled: decoupled}
	for _, p := range collect(op, params) {
		a.params = append(a.params, adamParam{param: p})
	}
	return a
}

// Step makes one step.
func (a *Adam) Step(grads autograd.Gradients) {
	var scalars simd.AdamParams
	steps := 0
	for i := range a.params {
		p := &a.params[i]
		if !p.begin(grads) {
			continue
		}
		if p.steps == 1 {
			p.m, p.v = p.state(), p.state()
		}
		if p.steps != steps { // as a rule they are the same for all parameters
			scalars, steps = a.scalars(p.steps), p.steps
		}
		tensor.Adam(&p.w, &p.m, &p.v, &p.grad, scalars)
		p.end()
	}
}

// scalars are the numbers of step t, from 1 on.
func (a *Adam) scalars(t int) simd.AdamParams {
	c := &a.config
	s := simd.AdamParams{
		LR:              a.lr,
		Beta1:           c.Betas[0],
		Beta2:           c.Betas[1],
		Eps:             c.Eps,
		BiasCorrection1: 1 - math.Pow(c.Betas[0], float64(t)),
		BiasCorrection2: 1 - math.Pow(c.Betas[1], float64(t)),
	}
	if a.decoupled {
		s.DecoupledDecay = c.WeightDecay
	} else {
		s.WeightDecay = c.WeightDecay
	}
	return s
}
