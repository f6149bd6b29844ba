package optim

import (
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// RpropConfig configures [NewRprop].
type RpropConfig struct {
	LR    float64    // size of the first step; 0 means 0.01
	Etas  [2]float64 // what a step shrinks and grows by, below 1 and above; 0 means 0.5 and 1.2
	Sizes [2]float64 // least and greatest size of a step; 0 means 1e-6 and 50
}

// NewRprop is the optimizer of Riedmiller and Braun (1993), for gradients of the whole
// data: steps grow while the gradient keeps its sign, and shrink when it changes. With h
// the gradient of the step before,
//
//	s ← s·η₊ where g·h > 0; s·η₋ and g ← 0 where g·h < 0
//	s ← s limited to its least and greatest size
//	w ← w − sign(g)·s·Factor
//
// State: "prev" h, "step_size" s. The groups' LR is what s starts with and has no effect
// later, except that 0 makes no step; they have no Momentum and no WeightDecay. It panics
// as [NewSGD] does.
func NewRprop(params iter.Seq2[string, autograd.Variable], config RpropConfig, groups ...Group) Optimizer {
	const op = "optim.NewRprop"
	c := config.resolve(op)
	r := &rprop{RpropConfig: c}
	r.update = updateOf(r, rpropRange[float32], rpropRange[float64])
	return newEngine(rule{
		op:            op,
		defaults:      Group{LR: c.LR},
		slots:         []slot{{name: "prev"}, {name: "step_size", initial: func(g *Group) float64 { return g.LR }}},
		fixedMomentum: true,
		fixedDecay:    true,
		step:          r.step,
	}, params, groups)
}

func (c RpropConfig) resolve(op string) RpropConfig {
	s := settings{op, "RpropConfig"}
	s.number(&c.LR, "LR", 0.01, nonNegative)
	s.number(&c.Etas[0], "Etas[0]", 0.5, fraction)
	s.number(&c.Etas[1], "Etas[1]", 1.2, nonNegative)
	s.number(&c.Sizes[0], "Sizes[0]", 1e-6, nonNegative)
	s.number(&c.Sizes[1], "Sizes[1]", 50, nonNegative)
	return c
}

type rprop struct {
	RpropConfig
	factor float64 // of the group at work
	update tensor.Update
}

func (r *rprop) step(p *param, g *Group) {
	if r.factor = g.Factor; g.Rate() > 0 {
		p.apply(&r.update)
	}
}

func rpropRange[T simd.Float](r *rprop, x tensor.Slices[T]) {
	shrink, grow, least, greatest := T(r.Etas[0]), T(r.Etas[1]), T(r.Sizes[0]), T(r.Sizes[1])
	factor, prev, size := T(r.factor), x.Slots[0], x.Slots[1]
	for i, w := range x.W {
		g := x.G[i]
		switch same := g * prev[i]; {
		case same > 0:
			size[i] *= grow
		case same < 0:
			size[i] *= shrink
			g = 0
		}
		size[i] = min(max(size[i], least), greatest)
		x.W[i] = w - factor*sign(g)*size[i]
		prev[i] = g
	}
}
