package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// NAdamConfig configures [NewNAdam].
type NAdamConfig struct {
	LR            float64    // learning rate α; 0 means 2e-3
	Betas         [2]float64 // decay β₁, β₂ of the two moments, below 1; 0 means 0.9 and 0.999
	Eps           float64    // ε, added to the denominator; 0 means 1e-8
	WeightDecay   float64    // λ, an L2 penalty
	MomentumDecay float64    // ψ, how soon the momentum reaches β₁; 0 means 4e-3
}

// NewNAdam is [NewAdam] with Nesterov's momentum, of Dozat (2016). At a parameter's step t,
// from 1 on, with μ(t) = β₁(1 − 0.96^(tψ)/2) and P the product of μ(1) … μ(t),
//
//	g ← g + λw
//	m ← β₁m + (1−β₁)g
//	v ← β₂v + (1−β₂)g²
//	w ← w − α·((1−μ(t))/(1−P)·g + μ(t+1)/(1−P·μ(t+1))·m) / (√(v/(1−β₂ᵗ)) + ε)
//
// State: "exp_avg" m, "exp_avg_sq" v, "mu_product" P; the groups' Momentum is β₁. It panics
// as [NewAdam] does.
func NewNAdam(params iter.Seq2[string, autograd.Variable], config NAdamConfig, groups ...Group) Optimizer {
	const op = "optim.NewNAdam"
	c := config.resolve(op)
	n := &nadam{beta2: c.Betas[1], eps: c.Eps, momentumDecay: c.MomentumDecay}
	n.update = updateOf(n, nadamRange[float32], nadamRange[float64])
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Betas[0]},
		slots: []slot{
			{name: "exp_avg"},
			{name: "exp_avg_sq"},
			{name: "mu_product", number: true, initial: func(*Group) float64 { return 1 }},
		},
		step: n.step,
	}, params, groups)
}

func (c NAdamConfig) resolve(op string) NAdamConfig {
	s := settings{op, "NAdamConfig"}
	s.number(&c.LR, "LR", 2e-3, nonNegative)
	s.betas(&c.Betas, 0.9, 0.999)
	s.number(&c.Eps, "Eps", 1e-8, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	s.number(&c.MomentumDecay, "MomentumDecay", 4e-3, nonNegative)
	return c
}

type nadam struct {
	beta2, eps, momentumDecay float64

	// Of the step at work: rates of the gradient and of the moment, 1/√(1−β₂ᵗ).
	beta1, decay, gradRate, momentRate, scale float64
	update                                    tensor.Update
}

func (n *nadam) step(p *param, g *Group) {
	n.beta1, n.decay = g.Momentum, g.WeightDecay
	mu, next := n.momentum(p.steps), n.momentum(p.steps+1)
	product := p.number(2)
	*product *= mu
	n.gradRate = g.Rate() * (1 - mu) / (1 - *product)
	n.momentRate = g.Rate() * next / (1 - *product*next)
	n.scale = 1 / math.Sqrt(1-math.Pow(n.beta2, float64(p.steps)))
	p.apply(&n.update)
}

// momentum is μ(t).
func (n *nadam) momentum(t int) float64 {
	return n.beta1 * (1 - math.Pow(0.96, float64(t)*n.momentumDecay)/2)
}

func nadamRange[T simd.Float](n *nadam, x tensor.Slices[T]) {
	decay, eps, scale, gradRate, momentRate := T(n.decay), T(n.eps), T(n.scale), T(n.gradRate), T(n.momentRate)
	blend, beta2, blend2 := T(1-n.beta1), T(n.beta2), T(1-n.beta2)
	m, v := x.Slots[0], x.Slots[1]
	for i, w := range x.W {
		g := x.G[i] + decay*w
		m[i] += blend * (g - m[i])
		v[i] = beta2*v[i] + blend2*g*g
		x.W[i] = w - (gradRate*g+momentRate*m[i])/(root(v[i])*scale+eps)
	}
}
