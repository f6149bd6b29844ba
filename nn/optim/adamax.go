package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// AdamaxConfig configures [NewAdamax].
type AdamaxConfig struct {
	LR          float64    // learning rate α; 0 means 2e-3
	Betas       [2]float64 // decay β₁, β₂ of the average and the maximum, below 1; 0 means 0.9 and 0.999
	Eps         float64    // ε, added to the magnitude of the gradient; 0 means 1e-8
	WeightDecay float64    // λ, an L2 penalty
}

// NewAdamax is [NewAdam] with the maximum norm in place of the second moment, of the same
// paper. At a parameter's step t, from 1 on,
//
//	g ← g + λw
//	m ← β₁m + (1−β₁)g
//	u ← max(β₂u, |g| + ε)
//	w ← w − α/(1−β₁ᵗ) · m/u
//
// State: "exp_avg" m, "exp_inf" u; the groups' Momentum is β₁. It panics as [NewAdam] does.
func NewAdamax(params iter.Seq2[string, autograd.Variable], config AdamaxConfig, groups ...Group) Optimizer {
	const op = "optim.NewAdamax"
	c := config.resolve(op)
	a := &adamax{beta2: c.Betas[1], eps: c.Eps}
	a.update = updateOf(a, adamaxRange[float32], adamaxRange[float64])
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Betas[0]},
		slots:    []slot{{name: "exp_avg"}, {name: "exp_inf"}},
		step:     a.step,
	}, params, groups)
}

func (c AdamaxConfig) resolve(op string) AdamaxConfig {
	s := settings{op, "AdamaxConfig"}
	s.number(&c.LR, "LR", 2e-3, nonNegative)
	s.betas(&c.Betas, 0.9, 0.999)
	s.number(&c.Eps, "Eps", 1e-8, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	return c
}

type adamax struct {
	beta2, eps         float64
	rate, decay, beta1 float64 // of the step at work
	update             tensor.Update
}

func (a *adamax) step(p *param, g *Group) {
	a.beta1, a.decay = g.Momentum, g.WeightDecay
	a.rate = g.Rate() / (1 - math.Pow(a.beta1, float64(p.steps)))
	p.apply(&a.update)
}

func adamaxRange[T simd.Float](a *adamax, x tensor.Slices[T]) {
	rate, decay, eps, blend, beta2 := T(a.rate), T(a.decay), T(a.eps), T(1-a.beta1), T(a.beta2)
	m, u := x.Slots[0], x.Slots[1]
	for i, w := range x.W {
		g := x.G[i] + decay*w
		m[i] += blend * (g - m[i])
		u[i] = max(beta2*u[i], max(g, -g)+eps)
		if u[i] != 0 { // only without ε, and then m is 0 too
			x.W[i] = w - rate*m[i]/u[i]
		}
	}
}
