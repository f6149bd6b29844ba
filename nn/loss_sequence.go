package nn

import (
	"fmt"
	"math"

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
	l.check(op, logProbs, targets, lengths)
	losses := autograd.CTCLoss(logProbs, targets, autograd.CTCConfig{Blank: l.Blank, TimeFirst: l.TimeFirst, Lengths: lengths})
	if l.ZeroInfinity {
		losses = losses.MaskedFill(losses.Equal(scalarFor(losses, math.Inf(1))), 0)
	}
	if l.Reduction == ReduceMean {
		losses = losses.Div(constantFor(losses, func(i int) float64 { return float64(max(1, len(targets[i]))) }, len(targets)))
	}
	return l.Reduction.reduce(op, losses)
}

// check panics unless the arguments fit logProbs.
func (l CTC) check(op string, logProbs autograd.Variable, targets [][]int, lengths []int) {
	if logProbs.Rank() != 3 || logProbs.Size() == 0 {
		panic(shapeError(op, "expected logarithms of probabilities [batch, time, classes]", logProbs))
	}
	batch, time, classes := logProbs.Dim(0), logProbs.Dim(1), logProbs.Dim(2)
	if l.TimeFirst {
		time, batch = batch, time
	}
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

// CTCLoss is the loss of the zero [CTC] for examples that all have the whole time.
func CTCLoss(logProbs autograd.Variable, targets [][]int) autograd.Variable {
	return CTC{}.Loss(logProbs, targets, nil)
}
