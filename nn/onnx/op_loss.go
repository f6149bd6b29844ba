package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses.
var lossOperators = family{"Losses", []operator{
	{name: "NegativeLogLikelihoodLoss", since: 12, in: span{2, 3}, make: likelihoodLoss},
	{name: "SoftmaxCrossEntropyLoss", since: 12, in: span{2, 3}, out: oneOrTwo, make: crossEntropyLoss},
}}

func likelihoodLoss(n *node) kernel {
	loss := likelihood(n)
	return func(c *call) { loss(c, c.float(0)) }
}

// crossEntropyLoss gives also the logarithms of the probabilities.
func crossEntropyLoss(n *node) kernel {
	loss := likelihood(n)
	return func(c *call) {
		if len(c.value(0).Shape()) < 2 {
			failf("input 0 is %s, expected batch and classes", c.in[0].describe())
		}
		logits := c.float(0).LogSoftmax(1)
		loss(c, logits)
		c.set(1, logits)
	}
}

// likelihood is −w[t]·x[n, t, …] for the class t of each place, which are summed, or averaged
// with the weights, or given as they are. x is [batch, classes, …], classes are
// [batch, …], and those of ignore_index count for nothing.
func likelihood(n *node) func(c *call, x autograd.Variable) {
	reduction := n.choice("reduction", "mean", "sum", "none")
	ignored, ignores := n.int("ignore_index", 0), n.hasAttribute("ignore_index")
	return func(c *call, x autograd.Variable) {
		target := c.value(1)
		if x.Rank() < 2 || !slices.Equal(target.Shape(), slices.Delete(slices.Clone(x.Shape()), 1, 2)) {
			failf("classes are %s for scores %s", target.describe(), c.in[0].describe())
		}
		classes := c.ints(1)
		counts := make([]float64, len(classes))
		for i, t := range classes {
			switch {
			case ignores && t == ignored:
				classes[i] = 0
			case t < 0 || t >= x.Dim(1):
				failf("class %d is %d, there are %d", i, t, x.Dim(1))
			default:
				counts[i] = 1
			}
		}
		weights := c.numbersOf(x.DType(), counts, target.Shape())
		if w := c.optional(2); c.has(2) {
			if w.Rank() != 1 || w.Dim(0) != x.Dim(1) {
				failf("weights are %s for %d classes", c.in[2].describe(), x.Dim(1))
			}
			weights = weights.Mul(w.IndexSelect(0, classes).Reshape(target.Shape()...))
		}
		if len(classes) > 0 && x.Dim(1) == 0 {
			failf("there are no classes")
		}
		picked := x.Gather(1, classes, slices.Insert(slices.Clone(target.Shape()), 1, 1)...).Reshape(target.Shape()...)
		// Zero for what is ignored, whatever is picked for it.
		picked = autograd.Where(c.numbersOf(x.DType(), counts, target.Shape()), picked, c.full(x.DType(), 0))
		losses := picked.Mul(weights).Neg()
		switch reduction {
		case 0:
			losses = losses.Sum().Div(weights.Sum())
		case 1:
			losses = losses.Sum()
		}
		c.set(0, losses)
	}
}
