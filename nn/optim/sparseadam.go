package optim

import (
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// SparseAdamConfig configures [NewSparseAdam]. Zero values are the defaults of the papers.
type SparseAdamConfig struct {
	LR    float64    // learning rate α; 0 means 1e-3
	Betas [2]float64 // decay β₁, β₂ of the two moments, below 1; 0 means 0.9 and 0.999
	Eps   float64    // ε, added to the denominator; 0 means 1e-8
}

// NewSparseAdam is [NewAdam] for large tables of which each step looks up a few rows: of a
// gradient that is kept as rows ([autograd.Gradients.Rows]), only these rows and their
// averages are visited. The others stay as they are, where Adam goes on moving them by what
// it remembers. A parameter's step t counts all steps that had a gradient for some of it. In
// rows that are visited
//
//	m ← β₁m + (1−β₁)g
//	v ← β₂v + (1−β₂)g²
//	w ← w − α·√(1−β₂ᵗ)/(1−β₁ᵗ) · m/(√v + ε)
//
// with ε as PyTorch has it here, not scaled with the correction. Parameters whose gradients
// are whole arrays are moved as a whole, so one optimizer does for a model with a table and
// other layers. State: "exp_avg" m, "exp_avg_sq" v; the groups' Momentum is β₁, and they have
// no WeightDecay. It panics as [NewAdam] does.
func NewSparseAdam(params iter.Seq2[string, autograd.Variable], config SparseAdamConfig, groups ...Group) Optimizer {
	const op = "optim.NewSparseAdam"
	c := config.resolve(op)
	s := &sparseAdam{eps: c.Eps, adam: adam{params: simd.AdamParams{Beta2: c.Betas[1]}}}
	s.update = updateOf(&s.params, adamRange[float32], adamRange[float64])
	return newEngine(rule{
		op:         op,
		defaults:   Group{LR: c.LR, Momentum: c.Betas[0]},
		slots:      []slot{{name: "exp_avg"}, {name: "exp_avg_sq"}},
		fixedDecay: true,
		step:       s.step,
		rows:       func(*Group) bool { return true },
	}, params, groups)
}

func (c SparseAdamConfig) resolve(op string) SparseAdamConfig {
	s := settings{op, "SparseAdamConfig"}
	s.number(&c.LR, "LR", 1e-3, nonNegative)
	s.betas(&c.Betas, 0.9, 0.999)
	s.number(&c.Eps, "Eps", 1e-8, nonNegative)
	return c
}

type sparseAdam struct {
	adam
	eps float64
}

func (s *sparseAdam) step(p *param, g *Group) {
	// √v/√(1−β₂ᵗ) + ε/√(1−β₂ᵗ) is what divides.
	s.params.Eps = s.eps / math.Sqrt(1-math.Pow(s.params.Beta2, float64(p.steps)))
	s.adam.step(p, g)
}
