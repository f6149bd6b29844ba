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
	Momentum    float64 // μ: how much of the last step is kept
	Dampening   float64 // τ: how much of the gradient is held back from the momentum
	Nesterov    bool    // step along the momentum after this step's; needs Momentum and no Dampening
	WeightDecay float64 // λ, an L2 penalty
}

// SGD is stochastic gradient descent, with momentum if asked for:
//
//	g ← g + λw
//	b ← μb + (1−τ)g, or g at a parameter's first step
//	w ← w − αb, or w − α(g + μb) with Nesterov, or w − αg without momentum
type SGD struct {
	rate
	config SGDConfig
	params []sgdParam
}

// sgdParam is a parameter with its momentum, which exists from its first step on.
type sgdParam struct {
	param
	momentum tensor.Array
}

// NewSGD is an SGD optimizer of these parameters. It panics with
// [*autograd.ValueError] if there are no parameters, one of them is not a parameter,
// a number is negative or infinite, Momentum is not below 1 or Dampening above 1, or
// Nesterov is asked for without Momentum or with Dampening.
func NewSGD(params iter.Seq2[string, autograd.Variable], config SGDConfig) *SGD {
	const op = "optim.NewSGD"
	config.LR = orDefault(config.LR, 0.01)
	checkAtLeastZero(op, "learning rate", config.LR)
	checkAtLeastZero(op, "weight decay", config.WeightDecay)
	checkFraction(op, "momentum", config.Momentum)
	if !(config.Dampening >= 0 && config.Dampening <= 1) {
		panic(&autograd.ValueError{Op: op, Reason: "dampening must be from 0 to 1"})
	}
	if config.Nesterov && (config.Momentum == 0 || config.Dampening != 0) {
		panic(&autograd.ValueError{Op: op, Reason: "Nesterov needs Momentum and no Dampening"})
	}
	s := &SGD{rate: rate{config.LR}, config: config}
	for _, p := range collect(op, params) {
		s.params = append(s.params, sgdParam{param: p})
	}
	return s
}

// Step makes one step.
func (s *SGD) Step(grads autograd.Gradients) {
	c := &s.config
	for i := range s.params {
		p := &s.params[i]
		if !p.begin(grads) {
			continue
		}
		if p.steps == 1 && c.Momentum != 0 {
			p.momentum = p.state()
		}
		tensor.SGD(&p.w, &p.momentum, &p.grad, simd.SGDParams{
			LR:          s.lr,
			Momentum:    c.Momentum,
			Dampening:   c.Dampening,
			WeightDecay: c.WeightDecay,
			Nesterov:    c.Nesterov,
			First:       p.steps == 1,
		})
		p.end()
	}
}
