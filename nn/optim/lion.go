package optim

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// LionConfig configures [NewLion].
type LionConfig struct {
	LR          float64    // learning rate α; 0 means 1e-4
	Betas       [2]float64 // β₁ of the step and β₂ of the average, below 1; 0 means 0.9 and 0.99
	WeightDecay float64    // λ, decoupled
}

// NewLion is the optimizer of Chen et al. (2023): all elements make steps of the same size,
// in the direction of the sign of an average.
//
//	w ← w − α(sign(β₁m + (1−β₁)g) + λw)
//	m ← β₂m + (1−β₂)g
//
// State: "exp_avg" m; the groups' Momentum is β₁. It panics as [NewSGD] does.
func NewLion(params iter.Seq2[string, autograd.Variable], config LionConfig, groups ...Group) Optimizer {
	const op = "optim.NewLion"
	c := config.resolve(op)
	l := &lion{beta2: c.Betas[1]}
	l.update = updateOf(l, lionRange[float32], lionRange[float64])
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Betas[0]},
		slots:    []slot{{name: "exp_avg"}},
		step:     l.step,
	}, params, groups)
}

func (c LionConfig) resolve(op string) LionConfig {
	s := settings{op, "LionConfig"}
	s.number(&c.LR, "LR", 1e-4, nonNegative)
	s.betas(&c.Betas, 0.9, 0.99)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	return c
}

type lion struct {
	beta2              float64
	beta1, decay, rate float64 // of the group at work
	update             tensor.Update
}

func (l *lion) step(p *param, g *Group) {
	l.beta1, l.decay, l.rate = g.Momentum, g.WeightDecay, g.Rate()
	p.apply(&l.update)
}

func lionRange[T simd.Float](l *lion, x tensor.Slices[T]) {
	rate, keep := T(l.rate), T(1-l.rate*l.decay)
	beta1, blend1, blend2 := T(l.beta1), T(1-l.beta1), T(1-l.beta2)
	m := x.Slots[0]
	for i, w := range x.W {
		g := x.G[i]
		x.W[i] = keep*w - rate*sign(beta1*m[i]+blend1*g)
		m[i] += blend2 * (g - m[i])
	}
}

// sign is −1, 0 or 1, and NaN of NaN.
func sign[T simd.Float](x T) T {
	switch {
	case x > 0:
		return 1
	case x < 0:
		return -1
	}
	return x // 0 or NaN
}
