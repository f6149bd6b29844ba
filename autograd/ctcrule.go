package autograd

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// The loss of connectionist temporal classification written in operations, time by time: the
// recorded rule.

// alignments are the states that alignments go through, for each example its labels with a
// blank before and behind each: state 2k+1 is label k.
type alignments struct {
	counts  []int // of labels
	states  int   // of the example with most labels
	classes []int // of the states of each example
}

func alignmentsOf(c *tensor.CTC) alignments {
	a := alignments{counts: c.Counts, states: 2*slices.Max(c.Counts) + 1}
	labels := c.Labels
	for _, count := range c.Counts {
		for s := range a.states {
			class := c.Blank
			if s%2 == 1 && s/2 < count {
				class = labels[s/2]
			}
			a.classes = append(a.classes, class)
		}
		labels = labels[count:]
	}
	return a
}

// mask is 1 for the states [batch, states] that are chosen, and 0 for the others.
func (a *alignments) mask(x Variable, chosen func(example, state int) bool) Variable {
	m := x.full(0, len(a.counts), a.states)
	for i := range len(a.counts) * a.states {
		if chosen(i/a.states, i%a.states) {
			m.n.Set(i, 1)
		}
	}
	return m
}

// skips reports whether an alignment may come to a state from the one before the last: to a
// label that is not the same as the one before.
func (a *alignments) skips(example, state int) bool {
	classes := a.classes[example*a.states:]
	return state > 2 && state%2 == 1 && classes[state] != classes[state-2]
}

// composedCTC computes n's result by operations. With αₜ(s) the logarithm of the probability to
// be in state s at time t, for xₜ the logarithms of the probabilities of classes,
//
//	αₜ(s) = ln(e^αₜ₋₁(s) + e^αₜ₋₁(s−1) + e^αₜ₋₁(s−2)) + xₜ(class of s)
//
// where the last term is there only for a label that is not that of state s−2.
func composedCTC(n *node) Variable {
	x := n.input(0).variable()
	if !n.attr.keep {
		x = x.Transpose(0, 1)
	}
	c := ctcOf(n, n.input(0))
	a := alignmentsOf(&c)
	emissions := a.emissions(x)
	at := func(t int) Variable { return emissions.Slice(0, t, t+1).Squeeze(0) }
	never := x.scalar(math.Inf(-1))
	alpha := Where(a.mask(x, func(i, s int) bool { return s < 2 && s <= 2*a.counts[i] }), at(0), never)
	skips := a.mask(x, a.skips)
	shifted := func(by int) Variable {
		return alpha.Pad(math.Inf(-1), [2]int{}, [2]int{by, 0}).Slice(1, 0, a.states)
	}
	for t := 1; t < c.Time; t++ {
		next := LogAddExp(alpha, shifted(1))
		if a.states > 3 {
			next = LogAddExp(next, Where(skips, shifted(2), never))
		}
		next = next.Add(at(t))
		if t >= slices.Min(c.Lengths) {
			next = Where(a.mask(x, func(i, _ int) bool { return t < c.Lengths[i] }), next, alpha)
		}
		alpha = next
	}
	last := a.mask(x, func(i, s int) bool { end := 2 * a.counts[i]; return s == end || s == end-1 })
	return Where(last, alpha, never).LogSumExp(1).Neg()
}

// emissions is x [time, batch, classes] of the classes of the states: [time, batch, states].
func (a *alignments) emissions(x Variable) Variable {
	return x.Gather(2, slices.Repeat(a.classes, x.Dim(0)), x.Dim(0), len(a.counts), a.states)
}
