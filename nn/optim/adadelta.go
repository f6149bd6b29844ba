package optim

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// AdadeltaConfig configures [NewAdadelta].
type AdadeltaConfig struct {
	LR          float64 // learning rate α; 0 means 1
	Rho         float64 // decay ρ of the averages, below 1; 0 means 0.9
	Eps         float64 // ε, added below the roots; 0 means 1e-6
	WeightDecay float64 // λ, an L2 penalty
}

// NewAdadelta is the optimizer of Zeiler (2012): the root mean square of the steps so far
// takes the place of a rate.
//
//	g ← g + λw
//	v ← ρv + (1−ρ)g²
//	d ← √(u + ε)/√(v + ε) · g
//	u ← ρu + (1−ρ)d²
//	w ← w − αd
//
// State: "square_avg" v, "acc_delta" u; the groups have no Momentum. It panics as [NewSGD]
// does.
func NewAdadelta(params iter.Seq2[string, autograd.Variable], config AdadeltaConfig, groups ...Group) Optimizer {
	const op = "optim.NewAdadelta"
	c := config.resolve(op)
	a := &adadelta{rho: c.Rho, eps: c.Eps}
	a.update = updateOf(a, adadeltaRange[float32], adadeltaRange[float64])
	return newEngine(rule{
		op:            op,
		defaults:      Group{LR: c.LR, WeightDecay: c.WeightDecay},
		slots:         []slot{{name: "square_avg"}, {name: "acc_delta"}},
		fixedMomentum: true,
		step:          a.step,
	}, params, groups)
}

func (c AdadeltaConfig) resolve(op string) AdadeltaConfig {
	s := settings{op, "AdadeltaConfig"}
	s.number(&c.LR, "LR", 1, nonNegative)
	s.number(&c.Rho, "Rho", 0.9, fraction)
	s.number(&c.Eps, "Eps", 1e-6, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	return c
}

type adadelta struct {
	rho, eps    float64
	rate, decay float64 // of the group at work
	update      tensor.Update
}

func (a *adadelta) step(p *param, g *Group) {
	a.rate, a.decay = g.Rate(), g.WeightDecay
	p.apply(&a.update)
}

func adadeltaRange[T simd.Float](a *adadelta, x tensor.Slices[T]) {
	rate, decay, eps, rho, blend := T(a.rate), T(a.decay), T(a.eps), T(a.rho), T(1-a.rho)
	v, u := x.Slots[0], x.Slots[1]
	for i, w := range x.W {
		g := x.G[i] + decay*w
		v[i] = rho*v[i] + blend*g*g
		d := root(u[i]+eps) / root(v[i]+eps) * g
		u[i] = rho*u[i] + blend*d*d
		x.W[i] = w - rate*d
	}
}
