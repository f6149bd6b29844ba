package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// LAMBConfig configures [NewLAMB].
type LAMBConfig struct {
	LR          float64    // learning rate α; 0 means 1e-3
	Betas       [2]float64 // decay β₁, β₂ of the two moments, below 1; 0 means 0.9 and 0.999
	Eps         float64    // ε, added to the denominator; 0 means 1e-6
	WeightDecay float64    // λ; 0 means 0.01
}

// NewLAMB is the optimizer of You et al. (2019), for large batches: Adam's step, scaled for
// each parameter to the parameter's own norm. At a parameter's step t, from 1 on,
//
//	m ← β₁m + (1−β₁)g
//	v ← β₂v + (1−β₂)g²
//	r = (m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε) + λw
//	w ← w − α·‖w‖/‖r‖·r, or w − αr if a norm is 0
//
// State: "exp_avg" m, "exp_avg_sq" v; the groups' Momentum is β₁. It panics as [NewSGD]
// does.
func NewLAMB(params iter.Seq2[string, autograd.Variable], config LAMBConfig, groups ...Group) Optimizer {
	const op = "optim.NewLAMB"
	c := config.resolve(op)
	l := &lamb{beta2: c.Betas[1], eps: c.Eps}
	l.direction = updateOf(l, lambDirection[float32], lambDirection[float64])
	l.move = updateOf(l, lambMove[float32], lambMove[float64])
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Betas[0]},
		slots:    []slot{{name: "exp_avg"}, {name: "exp_avg_sq"}, {scratch: true}},
		step:     l.step,
	}, params, groups)
}

func (c LAMBConfig) resolve(op string) LAMBConfig {
	s := settings{op, "LAMBConfig"}
	s.number(&c.LR, "LR", 1e-3, nonNegative)
	s.betas(&c.Betas, 0.9, 0.999)
	s.number(&c.Eps, "Eps", 1e-6, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0.01, nonNegative)
	return c
}

type lamb struct {
	beta2, eps float64

	// Of the step at work: 1/(1−β₁ᵗ), 1/√(1−β₂ᵗ), and the rate with the ratio of norms.
	beta1, decay, scale1, scale2, rate float64

	direction, move tensor.Update
}

func (l *lamb) step(p *param, g *Group) {
	t := float64(p.steps)
	l.beta1, l.decay = g.Momentum, g.WeightDecay
	l.scale1 = 1 / (1 - math.Pow(l.beta1, t))
	l.scale2 = 1 / math.Sqrt(1-math.Pow(l.beta2, t))
	p.apply(&l.direction)
	l.rate = g.Rate()
	if weight, step := tensor.Norm2(&p.w), tensor.Norm2(&p.slots[2]); weight > 0 && step > 0 {
		l.rate *= weight / step
	}
	p.apply(&l.move)
}

// lambDirection updates the moments and leaves r in the third slot.
func lambDirection[T simd.Float](l *lamb, x tensor.Slices[T]) {
	decay, eps, scale1, scale2 := T(l.decay), T(l.eps), T(l.scale1), T(l.scale2)
	blend1, beta2, blend2 := T(1-l.beta1), T(l.beta2), T(1-l.beta2)
	m, v, r := x.Slots[0], x.Slots[1], x.Slots[2]
	for i, w := range x.W {
		g := x.G[i]
		m[i] += blend1 * (g - m[i])
		v[i] = beta2*v[i] + blend2*g*g
		r[i] = m[i]*scale1/(root(v[i])*scale2+eps) + decay*w
	}
}

func lambMove[T simd.Float](l *lamb, x tensor.Slices[T]) {
	simd.AddScaled(x.W, x.Slots[2], T(-l.rate))
}
