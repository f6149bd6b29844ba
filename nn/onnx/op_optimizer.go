package onnx

import (
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Optimizers' steps, of the standard's preview of training. Inputs are the rate, the number of
// steps made, and then all parameters, all their gradients and all arrays of each kind of
// state; results are the new parameters and states, in the same order.
var optimizerOperators = family{"Optimizers", []operator{
	{name: "Adagrad", domain: preview, since: 1, in: span{3, many}, out: oneOrMore, make: adagrad},
	{name: "Adam", domain: preview, since: 1, in: span{3, many}, out: oneOrMore, make: adam},
	{name: "Momentum", domain: preview, since: 1, in: span{3, many}, out: oneOrMore, make: momentum},
}}

const preview = "ai.onnx.preview.training"

// optimizer makes a node of a rule: from the rate, the steps made, a parameter, its gradient and
// its states to the new parameter and states.
func optimizer(states int, rule func(rate, steps float64, x, grad autograd.Variable, state []autograd.Variable) []autograd.Variable) kernel {
	return func(c *call) {
		all := c.variables(2)
		n := len(all) / (2 + states)
		if len(all) != n*(2+states) {
			failf("there are %d inputs, expected parameters, gradients and states, as many of each", len(c.in))
		}
		for i := range n {
			var state []autograd.Variable
			for k := range states {
				state = append(state, all[(2+k)*n+i])
			}
			for k, v := range rule(c.number(0, 0), c.number(1, 0), all[i], all[n+i], state) {
				c.set(k*n+i, v)
			}
		}
	}
}

// adagrad is, with the rate r/(1 + steps·decay),
//
//	g ← g + λ·x, h ← h + g², x ← x − rate·g/(√h + ε)
func adagrad(n *node) kernel {
	decay, epsilon, norm := n.float("decay_factor", 0), n.float("epsilon", 0), n.float("norm_coefficient", 0)
	return optimizer(1, func(rate, steps float64, x, g autograd.Variable, state []autograd.Variable) []autograd.Variable {
		rate /= 1 + steps*decay
		g = g.Add(x.MulScalar(norm))
		h := state[0].Add(g.Square())
		return []autograd.Variable{x.Sub(g.MulScalar(rate).Div(h.Sqrt().AddScalar(epsilon))), h}
	})
}

// adam is, the rate corrected by √(1−βᵗ)/(1−αᵗ) for t steps but the first,
//
//	g ← g + λ·x, v ← α·v + (1−α)·g, h ← β·h + (1−β)·g², x ← (1−λ′)·(x − rate·v/(√h + ε))
func adam(n *node) kernel {
	alpha, beta, epsilon := n.float("alpha", 0.9), n.float("beta", 0.999), n.float("epsilon", 0)
	norm, after := n.float("norm_coefficient", 0), n.float("norm_coefficient_post", 0)
	return optimizer(2, func(rate, steps float64, x, g autograd.Variable, state []autograd.Variable) []autograd.Variable {
		g = g.Add(x.MulScalar(norm))
		v := state[0].MulScalar(alpha).Add(g.MulScalar(1 - alpha))
		h := state[1].MulScalar(beta).Add(g.Square().MulScalar(1 - beta))
		if steps > 0 {
			rate *= math.Sqrt(1-math.Pow(beta, steps)) / (1 - math.Pow(alpha, steps))
		}
		x = x.Sub(v.MulScalar(rate).Div(h.Sqrt().AddScalar(epsilon)))
		return []autograd.Variable{x.MulScalar(1 - after), v, h}
	})
}

// momentum is, β being 1 in the first step,
//
//	g ← g + λ·x, v ← α·v + β·g, x ← x − rate·v, or x − rate·(g + α·v) as Nesterov has it
func momentum(n *node) kernel {
	alpha, beta, norm := n.float("alpha", 0), n.float("beta", 0), n.float("norm_coefficient", 0)
	nesterov := n.choice("mode", "standard", "nesterov") == 1
	return optimizer(1, func(rate, steps float64, x, g autograd.Variable, state []autograd.Variable) []autograd.Variable {
		ofGrad := beta
		if steps == 0 {
			ofGrad = 1
		}
		g = g.Add(x.MulScalar(norm))
		v := state[0].MulScalar(alpha).Add(g.MulScalar(ofGrad))
		if nesterov {
			return []autograd.Variable{x.Sub(g.Add(v.MulScalar(alpha)).MulScalar(rate)), v}
		}
		return []autograd.Variable{x.Sub(v.MulScalar(rate)), v}
	})
}
