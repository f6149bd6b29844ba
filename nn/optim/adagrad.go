package optim

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// AdagradConfig configures [NewAdagrad].
type AdagradConfig struct {
	LR                 float64 // learning rate α; 0 means 0.01
	LRDecay            float64 // η, by which the rate falls with the number of steps
	WeightDecay        float64 // λ, an L2 penalty
	InitialAccumulator float64 // what the sum of squares starts with
	Eps                float64 // ε, added to the denominator; 0 means 1e-10
}

// NewAdagrad is the optimizer of Duchi, Hazan and Singer (2011): it divides each element's
// step by the root of the sum of its squared gradients so far. At a parameter's step t,
// from 1 on,
//
//	g ← g + λw
//	s ← s + g²
//	w ← w − α/(1 + (t−1)η) · g/(√s + ε)
//
// State: "sum" s; the groups have no Momentum. It panics as [NewSGD] does.
func NewAdagrad(params iter.Seq2[string, autograd.Variable], config AdagradConfig, groups ...Group) Optimizer {
	const op = "optim.NewAdagrad"
	c := config.resolve(op)
	a := &adagrad{rateDecay: c.LRDecay, eps: c.Eps}
	a.update = updateOf(a, adagradRange[float32], adagradRange[float64])
	return newEngine(rule{
		op:            op,
		defaults:      Group{LR: c.LR, WeightDecay: c.WeightDecay},
		slots:         []slot{{name: "sum", initial: func(*Group) float64 { return c.InitialAccumulator }}},
		fixedMomentum: true,
		step:          a.step,
		rows:          func(g *Group) bool { return g.WeightDecay == 0 },
	}, params, groups)
}

func (c AdagradConfig) resolve(op string) AdagradConfig {
	s := settings{op, "AdagradConfig"}
	s.number(&c.LR, "LR", 0.01, nonNegative)
	s.number(&c.LRDecay, "LRDecay", 0, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	s.number(&c.InitialAccumulator, "InitialAccumulator", 0, nonNegative)
	s.number(&c.Eps, "Eps", 1e-10, nonNegative)
	return c
}

type adagrad struct {
	rateDecay, eps float64
	rate, decay    float64 // of the step at work
	update         tensor.Update
}

func (a *adagrad) step(p *param, g *Group) {
	a.rate, a.decay = g.Rate()/(1+float64(p.steps-1)*a.rateDecay), g.WeightDecay
	p.apply(&a.update)
}

func adagradRange[T simd.Float](a *adagrad, x tensor.Slices[T]) {
	rate, decay, eps := T(a.rate), T(a.decay), T(a.eps)
	sum := x.Slots[0]
	for i, w := range x.W {
		g := x.G[i] + decay*w
		sum[i] += g * g
		x.W[i] = w - rate*g/(root(sum[i])+eps)
	}
}
