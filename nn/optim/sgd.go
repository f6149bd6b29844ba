package optim

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// SGDConfig configures [NewSGD]. The zero value is plain gradient descent with a rate
// of 0.01.
type SGDConfig struct {
	LR          float64 // learning rate α; 0 means 0.01
	Momentum    float64 // μ, below 1: how much of the last step is kept
	Dampening   float64 // τ, at most 1: how much of the gradient is held back from the momentum
	Nesterov    bool    // step along the momentum after this step's; needs Momentum and no Dampening
	WeightDecay float64 // λ, an L2 penalty
}

// NewSGD is stochastic gradient descent, with momentum if asked for:
//
//	g ← g + λw
//	b ← μb + (1−τ)g, or g at the first step that has momentum
//	w ← w − αb, or w − α(g + μb) with Nesterov, or w − αg without momentum
//
// Each parameter's b is its state "momentum_buffer"; without momentum there is none.
// NewSGD panics with [*autograd.ValueError] if there are no parameters, one of them is
// not a parameter, a group or a number in config is not as documented, or Nesterov is
// asked for without Momentum or with Dampening.
func NewSGD(params iter.Seq2[string, autograd.Variable], config SGDConfig, groups ...Group) Optimizer {
	const op = "optim.NewSGD"
	c := config.resolve(op)
	if c.Nesterov && (c.Momentum == 0 || c.Dampening != 0) {
		panic(&autograd.ValueError{Op: op, Reason: "Nesterov needs Momentum and no Dampening"})
	}
	s := &sgd{params: simd.SGDParams{Dampening: c.Dampening, Nesterov: c.Nesterov}}
	s.plain = updateOf(&s.params, sgdRange[float32], sgdRange[float64])
	s.momentum = updateOf(&s.params, momentumRange[float32], momentumRange[float64])
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Momentum},
		slots:    []slot{{name: "momentum_buffer", when: hasMomentum}},
		step:     s.step,
		rows:     func(g *Group) bool { return g.Momentum == 0 && g.WeightDecay == 0 },
	}, params, groups)
}

func (c SGDConfig) resolve(op string) SGDConfig {
	s := settings{op, "SGDConfig"}
	s.number(&c.LR, "LR", 0.01, nonNegative)
	s.number(&c.Momentum, "Momentum", 0, fraction)
	s.number(&c.Dampening, "Dampening", 0, share)
	s.number(&c.WeightDecay, "WeightDecay", 0, nonNegative)
	return c
}

func hasMomentum(_ *param, g *Group) bool { return g.Momentum != 0 }

type sgd struct {
	params          simd.SGDParams
	plain, momentum tensor.Update
}

func (s *sgd) step(p *param, g *Group) {
	c := &s.params
	c.LR, c.WeightDecay, c.Momentum, c.First = g.Rate(), g.WeightDecay, g.Momentum, p.made[0]
	if c.Momentum == 0 {
		p.apply(&s.plain)
	} else {
		p.apply(&s.momentum)
	}
}

func sgdRange[T simd.Float](c *simd.SGDParams, x tensor.Slices[T]) {
	simd.SGD(x.W, x.G, c.LR, c.WeightDecay)
}

func momentumRange[T simd.Float](c *simd.SGDParams, x tensor.Slices[T]) {
	simd.SGDMomentum(x.W, x.Slots[0], x.G, *c)
}
