package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// AdamConfig configures [NewAdam] and [NewAdamW]. Zero values are the defaults of the
// papers.
type AdamConfig struct {
	LR          float64    // learning rate α; 0 means 1e-3
	Betas       [2]float64 // decay β₁, β₂ of the two moments, below 1; 0 means 0.9 and 0.999
	Eps         float64    // ε, added to the denominator; 0 means 1e-8
	WeightDecay float64    // λ; 0 means none for Adam and 0.01 for AdamW
	AMSGrad     bool       // divide by the greatest v so far (Reddi, Kale and Kumar 2018)
}

// NewAdam is the optimizer of Kingma and Ba (2014): it scales each element's step by
// running averages of its gradient and squared gradient. At a parameter's step t, from 1
// on,
//
//	g ← g + λw
//	m ← β₁m + (1−β₁)g
//	v ← β₂v + (1−β₂)g²
//	w ← w − α·(m/(1−β₁ᵗ)) / (√(v/(1−β₂ᵗ)) + ε)
//
// With AMSGrad the greatest v so far stands for v in the last line. State: "exp_avg" m,
// "exp_avg_sq" v, "max_exp_avg_sq"; the groups' Momentum is β₁. It panics with
// [*autograd.ValueError] if there are no parameters, one of them is not a parameter, or a
// group or a number in config is not as documented.
func NewAdam(params iter.Seq2[string, autograd.Variable], config AdamConfig, groups ...Group) Optimizer {
	const op = "optim.NewAdam"
	return newAdam(op, params, config.resolve(op, 0), groups, false)
}

// NewAdamW is [NewAdam] with the weight decay of Loshchilov and Hutter (2017), which the
// averages do not see: instead of the first line, w ← w − αλw. It panics as NewAdam does.
func NewAdamW(params iter.Seq2[string, autograd.Variable], config AdamConfig, groups ...Group) Optimizer {
	const op = "optim.NewAdamW"
	return newAdam(op, params, config.resolve(op, 0.01), groups, true)
}

func (c AdamConfig) resolve(op string, decay float64) AdamConfig {
	s := settings{op, "AdamConfig"}
	s.number(&c.LR, "LR", 1e-3, nonNegative)
	s.betas(&c.Betas, 0.9, 0.999)
	s.number(&c.Eps, "Eps", 1e-8, nonNegative)
	s.number(&c.WeightDecay, "WeightDecay", decay, nonNegative)
	return c
}

// adam is the rule of Adam and AdamW.
type adam struct {
	params    simd.AdamParams
	steps     int // that the bias corrections are for
	decoupled bool
	update    tensor.Update
}

func newAdam(op string, params iter.Seq2[string, autograd.Variable], c AdamConfig, groups []Group, decoupled bool) Optimizer {
	a := &adam{decoupled: decoupled, params: simd.AdamParams{Beta2: c.Betas[1], Eps: c.Eps}}
	a.update = updateOf(&a.params, adamRange[float32], adamRange[float64])
	slots := []slot{{name: "exp_avg"}, {name: "exp_avg_sq"}}
	if c.AMSGrad {
		a.update = updateOf(&a.params, amsgradRange[float32], amsgradRange[float64])
		slots = append(slots, slot{name: "max_exp_avg_sq"})
	}
	return newEngine(rule{
		op:       op,
		defaults: Group{LR: c.LR, WeightDecay: c.WeightDecay, Momentum: c.Betas[0]},
		slots:    slots,
		step:     a.step,
	}, params, groups)
}

func (a *adam) step(p *param, g *Group) {
	c := &a.params
	if p.steps != a.steps || g.Momentum != c.Beta1 { // as a rule they are the same for all parameters
		c.Beta1, a.steps = g.Momentum, p.steps
		c.BiasCorrection1 = 1 - math.Pow(c.Beta1, float64(p.steps))
		c.BiasCorrection2 = 1 - math.Pow(c.Beta2, float64(p.steps))
	}
	c.LR = g.Rate()
	if a.decoupled {
		c.DecoupledDecay = g.WeightDecay
	} else {
		c.WeightDecay = g.WeightDecay
	}
	p.apply(&a.update)
}

func adamRange[T simd.Float](c *simd.AdamParams, x tensor.Slices[T]) {
	simd.Adam(x.W, x.Slots[0], x.Slots[1], x.G, *c)
}

func amsgradRange[T simd.Float](c *simd.AdamParams, x tensor.Slices[T]) {
	var (
		keep       = T(1 - c.LR*c.DecoupledDecay)
		decay      = T(c.WeightDecay)
		blend1     = T(1 - c.Beta1)
		beta2      = T(c.Beta2)
		blend2     = T(1 - c.Beta2)
		rate       = T(c.LR / c.BiasCorrection1)
		scale, eps = T(1 / math.Sqrt(c.BiasCorrection2)), T(c.Eps)
		m, v, most = x.Slots[0], x.Slots[1], x.Slots[2]
	)
	for i, w := range x.W {
		g := x.G[i] + decay*w
		m[i] += blend1 * (g - m[i])
		v[i] = beta2*v[i] + blend2*g*g
		most[i] = max(most[i], v[i])
		x.W[i] = keep*w - rate*m[i]/(root(most[i])*scale+eps)
	}
}
