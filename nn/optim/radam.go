package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// RAdamConfig configures [NewRAdam].
type RAdamConfig struct {
	LR          float64    // learning rate α; 0 means 1e-3
	Betas       [2]float64 // decay β₁, β₂ of the two moments, below 1; 0 means 0.9 and 0.999
	Eps         float64    // ε, added to the denominator; 0 means 1e-8
	WeightDecay float64    // λ, an L2 penalty
}

// NewRAdam is [NewAdam] that does not divide by the second moment while too few gradients
// are known of it, of Liu et al. (2019). At a parameter's step t, from 1 on, with
// ρ∞ = 2/(1−β₂) − 1 and ρ = ρ∞ − 2tβ₂ᵗ/(1−β₂ᵗ),
//
//	g ← g + λw
//	m ← β₁m + (1−β₁)g
//	v ← β₂v + (1−β₂)g²
//	w ← w − α·m/(1−β₁ᵗ)                           where ρ ≤ 5
//	w ← w − α·m/(1−β₁ᵗ) · r·√(1−β₂ᵗ)/(√v + ε)     where ρ > 5
//	r = √((ρ−4)(ρ−2)ρ∞ / ((ρ∞−4)(ρ∞−2)ρ))
//
// State: "exp_avg" m, "exp_avg_sq" v; the groups' Momentum is β₁. It panics as [NewAdam]
// does.
func NewRAdam(params iter.Seq2[string, autograd.Variable], config RAdamConfig, groups ...Group) Optimizer {
	const op = "optim.NewRAdam"
	c := config.resolve(op)
	r := &radam{beta2: c.Betas[1], eps: c.Eps}
	r.update = updateOf(r, radamRange[float32], radamRange[float64])
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Betas[0]},
		slots:    []slot{{name: "exp_avg"}, {name: "exp_avg_sq"}},
		step:     r.step,
	}, params, groups)
}

func (c RAdamConfig) resolve(op string) RAdamConfig {
	s := settings{op, "RAdamConfig"}
	s.number(&c.LR, "LR", 1e-3, nonNegative)
	s.betas(&c.Betas, 0.9, 0.999)
	s.number(&c.Eps, "Eps", 1e-8, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	return c
}

type radam struct {
	beta2, eps         float64
	beta1, decay, rate float64 // of the step at work
	rectified          bool    // divide by √v + ε
	update             tensor.Update
}

func (r *radam) step(p *param, g *Group) {
	r.beta1, r.decay = g.Momentum, g.WeightDecay
	t := float64(p.steps)
	power := math.Pow(r.beta2, t)
	limit := 2/(1-r.beta2) - 1
	rho := limit - 2*t*power/(1-power)
	r.rate = g.Rate() / (1 - math.Pow(r.beta1, t))
	if r.rectified = rho > 5; r.rectified {
		r.rate *= math.Sqrt((rho-4)*(rho-2)*limit/((limit-4)*(limit-2)*rho)) * math.Sqrt(1-power)
	}
	p.apply(&r.update)
}

func radamRange[T simd.Float](r *radam, x tensor.Slices[T]) {
	rate, decay, eps := T(r.rate), T(r.decay), T(r.eps)
	blend, beta2, blend2 := T(1-r.beta1), T(r.beta2), T(1-r.beta2)
	m, v := x.Slots[0], x.Slots[1]
	for i, w := range x.W {
		g := x.G[i] + decay*w
		m[i] += blend * (g - m[i])
		v[i] = beta2*v[i] + blend2*g*g
		step := m[i]
		if r.rectified {
			step /= root(v[i]) + eps
		}
		x.W[i] = w - rate*step
	}
}
