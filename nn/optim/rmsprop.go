package optim

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// RMSpropConfig configures [NewRMSprop].
type RMSpropConfig struct {
	LR          float64 // learning rate α; 0 means 0.01
	Alpha       float64 // decay ρ of the averages, below 1; 0 means 0.99
	Eps         float64 // ε, added to the denominator; 0 means 1e-8
	WeightDecay float64 // λ, an L2 penalty
	Momentum    float64 // μ, below 1: how much of the last step is kept
	Centered    bool    // divide by the standard deviation of the gradient
}

// NewRMSprop is the optimizer of Hinton's lectures (2012): it divides each element's step
// by a running root mean square of its gradient.
//
//	g ← g + λw
//	v ← ρv + (1−ρ)g²
//	s ← √v + ε, or √(v − a²) + ε with a ← ρa + (1−ρ)g if centered
//	w ← w − α·g/s, or b ← μb + g/s, w ← w − αb with momentum
//
// State: "square_avg" v, "grad_avg" a, "momentum_buffer" b. It panics as [NewSGD] does.
func NewRMSprop(params iter.Seq2[string, autograd.Variable], config RMSpropConfig, groups ...Group) Optimizer {
	const op = "optim.NewRMSprop"
	c := config.resolve(op)
	r := &rmsprop{alpha: c.Alpha, eps: c.Eps, centered: c.Centered}
	r.update = updateOf(r, rmspropRange[float32], rmspropRange[float64])
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Momentum},
		slots: []slot{
			{name: "square_avg"},
			{name: "grad_avg", when: func(*param, *Group) bool { return c.Centered }},
			{name: "momentum_buffer", when: hasMomentum},
		},
		step: r.step,
	}, params, groups)
}

func (c RMSpropConfig) resolve(op string) RMSpropConfig {
	s := settings{op, "RMSpropConfig"}
	s.number(&c.LR, "LR", 0.01, nonNegative)
	s.number(&c.Alpha, "Alpha", 0.99, fraction)
	s.number(&c.Eps, "Eps", 1e-8, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	s.number(&c.Momentum, "Momentum", 0, fraction)
	return c
}

type rmsprop struct {
	alpha, eps            float64
	centered              bool
	rate, decay, momentum float64 // of the group at work
	update                tensor.Update
}

func (r *rmsprop) step(p *param, g *Group) {
	r.rate, r.decay, r.momentum = g.Rate(), g.WeightDecay, g.Momentum
	p.apply(&r.update)
}

func rmspropRange[T simd.Float](r *rmsprop, x tensor.Slices[T]) {
	rate, decay, momentum, eps := T(r.rate), T(r.decay), T(r.momentum), T(r.eps)
	alpha, blend := T(r.alpha), T(1-r.alpha)
	v, a, b := x.Slots[0], x.Slots[1], x.Slots[2]
	for i, w := range x.W {
		g := x.G[i] + decay*w
		v[i] = alpha*v[i] + blend*g*g
		variance := v[i]
		if r.centered {
			a[i] = alpha*a[i] + blend*g
			variance = max(variance-a[i]*a[i], 0) // rounding may lead below 0
		}
		step := g / (root(variance) + eps)
		if momentum != 0 {
			b[i] = momentum*b[i] + step
			step = b[i]
		}
		x.W[i] = w - rate*step
	}
}
