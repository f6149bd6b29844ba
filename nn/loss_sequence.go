package nn

import (
	"fmt"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Losses of sequences.

// CTC is connectionist temporal classification (Graves et al. 2006): the negative log of
// the probability of a sequence of labels, where a model gives the probabilities of the
// classes at each time and does not say which time belongs to which label. That is the sum
// over all alignments: sequences of a class for each time which, with repetitions merged
// and the blank class left out after that, are the labels.
type CTC struct {
	// Reduction by mean divides the loss of each example by the number of its labels, at
	// least 1, before it takes the mean.
	Reduction Reduction

	Blank     int  // the class that means no label
	TimeFirst bool // logProbs are [time, batch, classes]

	// ZeroInfinity makes the loss of an example that has no alignment, as its labels do not
	// fit into its time, 0 instead of +Inf. Either way it has no gradient.
	ZeroInfinity bool
}

// Loss is the loss by logProbs [batch, time, classes], logarithms of probabilities, of
// targets, a sequence of labels for each example, which may be empty. lengths, unless it is
// nil, has for each example how much of the time is its own. It panics with
// [*autograd.ShapeError] if the sizes do not fit, with [*autograd.IndexError] for a label
// that is no class, and with [*autograd.ValueError] for one that is the blank, a blank that
// is no class, and a length that is not positive or more than there is.
func (l CTC) Loss(logProbs autograd.Variable, targets [][]int, lengths []int) autograd.Variable {
	const op = "nn.CTC"
	if logProbs.Rank() != 3 || logProbs.Size() == 0 {
		panic(shapeError(op, "expected logarithms of probabilities [batch, time, classes]", logProbs))
	}
	x := logProbs
	if !l.TimeFirst {
		x = x.Transpose(0, 1)
	}
	l.check(op, logProbs, x, targets, lengths)
	a := l.alignments(targets)
	defer a.classes.release()
	losses := a.sum(x, lengths).Neg()
	if l.ZeroInfinity {
		losses = losses.MaskedFill(losses.Equal(scalarFor(x, math.Inf(1))), 0)
	}
	if l.Reduction == ReduceMean {
		losses = losses.Div(constantFor(x, func(i int) float64 { return float64(max(1, len(targets[i]))) }, len(targets)))
	}
	return l.Reduction.reduce(op, losses)
}

// check panics unless the arguments fit x [time, batch, classes].
func (l CTC) check(op string, logProbs, x autograd.Variable, targets [][]int, lengths []int) {
	time, batch, classes := x.Dim(0), x.Dim(1), x.Dim(2)
	if len(targets) != batch || lengths != nil && len(lengths) != batch {
		panic(shapeError(op, fmt.Sprintf("there are %d targets and %d lengths", len(targets), len(lengths)), logProbs))
	}
	if l.Blank < 0 || l.Blank >= classes {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the blank is %d, of %d classes", l.Blank, classes)})
	}
	for i, length := range lengths {
		if length < 1 || length > time {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the length of example %d is %d, of %d", i, length, time)})
		}
	}
	for i, target := range targets {
		for at, label := range target {
			if label < 0 || label >= classes {
				panic(&autograd.IndexError{Op: op, Index: label, At: at, Size: classes})
			}
			if label == l.Blank {
				panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("label %d of example %d is %d, the blank", at, i, label)})
			}
		}
	}
}

// alignments are the states that alignments go through, for each example its labels with a
// blank before and behind each: state 2k+1 is label k.
type alignments struct {
	targets [][]int
	states  int          // of the example with most labels
	classes *integerList // of the states of each example, in memory to be released
}

func (l CTC) alignments(targets [][]int) alignments {
	a := alignments{targets: targets, states: 1}
	for _, target := range targets {
		a.states = max(a.states, 2*len(target)+1)
	}
	a.classes = integers(len(targets) * a.states)
	for i, target := range targets {
		for s := range a.states {
			class := l.Blank
			if s%2 == 1 && s/2 < len(target) {
				class = target[s/2]
			}
			a.classes.list[i*a.states+s] = class
		}
	}
	return a
}

// mask is 1 for the states [batch, states] that are chosen, and 0 for the others, on the
// tape of x.
func (a alignments) mask(x autograd.Variable, chosen func(example, state int) bool) autograd.Variable {
	return constantFor(x, func(i int) float64 {
		if chosen(i/a.states, i%a.states) {
			return 1
		}
		return 0
	}, len(a.targets), a.states)
}

// skips reports whether an alignment may come to a state from the one before the last: to a
// label that is not the same as the one before.
func (a alignments) skips(example, state int) bool {
	classes := a.classes.list[example*a.states:]
	return state > 2 && state%2 == 1 && classes[state] != classes[state-2]
}

// sum is the logarithm of the probability of all alignments, for each example, by logProbs
// x [time, batch, classes]. With αₜ(s) the logarithm of the probability to be in state s at
// time t,
//
//	αₜ(s) = ln(e^αₜ₋₁(s) + e^αₜ₋₁(s−1) + e^αₜ₋₁(s−2)) + xₜ(class of s)
//
// where the last term is there only for a label that is not that of state s−2.
func (a alignments) sum(x autograd.Variable, lengths []int) autograd.Variable {
	time := x.Dim(0)
	emissions := a.emissions(x)
	at := func(t int) autograd.Variable { return emissions.Slice(0, t, t+1).Squeeze(0) }
	never := scalarFor(x, math.Inf(-1))
	alpha := autograd.Where(a.mask(x, func(i, s int) bool { return s < 2 && s <= 2*len(a.targets[i]) }), at(0), never)
	skips := a.mask(x, a.skips)
	shifted := func(by int) autograd.Variable {
		return alpha.Pad(math.Inf(-1), [2]int{}, [2]int{by, 0}).Slice(1, 0, a.states)
	}
	for t := 1; t < time; t++ {
		next := autograd.LogAddExp(alpha, shifted(1))
		if a.states > 3 {
			next = autograd.LogAddExp(next, autograd.Where(skips, shifted(2), never))
		}
		next = next.Add(at(t))
		if lengths != nil && t >= slices.Min(lengths) {
			next = autograd.Where(a.mask(x, func(i, _ int) bool { return t < lengths[i] }), next, alpha)
		}
		alpha = next
	}
	last := a.mask(x, func(i, s int) bool { n := 2 * len(a.targets[i]); return s == n || s == n-1 })
	return autograd.Where(last, alpha, never).LogSumExp(1)
}

// emissions is x [time, batch, classes] of the classes of the states: [time, batch, states].
func (a alignments) emissions(x autograd.Variable) autograd.Variable {
	time, once := x.Dim(0), a.classes.list
	index := integers(time * len(once))
	defer index.release()
	for t := range time {
		copy(index.list[t*len(once):], once)
	}
	return x.Gather(2, index.list, time, len(a.targets), a.states)
}

// CTCLoss is the loss of the zero [CTC] for examples that all have the whole time.
func CTCLoss(logProbs autograd.Variable, targets [][]int) autograd.Variable {
	return CTC{}.Loss(logProbs, targets, nil)
}
