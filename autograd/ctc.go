package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// The loss of connectionist temporal classification: the kernel, and what the operation keeps.

var ctcOp *op

// attr.i is the blank, attr.keep says that time comes first. attr.ints are for each example
// its time, then for each the number of its labels, then all labels. aux is what the backward
// pass needs.
func init() {
	ctcOp = composite("ctc loss", composedCTC, ctcBackward)
	ctcOp.arguments = func(n *node) []Argument {
		c := ctcOf(n, n.input(0))
		return arguments("blank", c.Blank, "time first", n.attr.keep, "lengths", c.Lengths, "label counts", c.Counts, "labels", c.Labels)
	}
}

// CTCConfig is how [CTCLoss] reads its arguments.
type CTCConfig struct {
	Blank     int  // the class that means no label
	TimeFirst bool // logProbs are [time, batch, classes]

	// Lengths says how much of the time is its own, for each example; all of it if nil.
	Lengths []int
}

// CTCLoss is connectionist temporal classification (Graves et al. 2006): for each example the
// negative log of the probability of a sequence of labels, where logProbs [batch, time,
// classes] are the logarithms of the probabilities of classes at each time, which do not say
// which time belongs to which label. That is the sum over all alignments: sequences of a class
// for each time which, with repetitions merged and the blank class left out after that, are the
// labels, targets[i], which may be none. The result is [batch]: +Inf for labels that have no
// alignment, as they do not fit into the time, or one of probability 0; these have gradient 0.
// Elements of logProbs of +Inf give NaN. Targets and lengths are copied.
//
// It panics with [*ShapeError] if logProbs have another rank or no elements, or targets or
// lengths are not as many as examples; with [*IndexError] for a label that is no class; and
// with [*ValueError] for one that is the blank, a blank that is no class, and a length that is
// not positive or more than there is.
func CTCLoss(logProbs Variable, targets [][]int, config CTCConfig) Variable {
	in := logProbs.check(ctcOp.name)
	time, batch := checkCTC(in, targets, &config)
	shape := [1]int{batch}
	n := ctcOp.result(in.DType, shape[:], in)
	n.attr.i, n.attr.keep = config.Blank, config.TimeFirst
	ints := n.attr.ints[:0]
	for i := range targets {
		if config.Lengths != nil {
			time = config.Lengths[i]
		}
		ints = append(ints, time)
	}
	for _, target := range targets {
		ints = append(ints, len(target))
	}
	for _, target := range targets {
		ints = append(ints, target...)
	}
	n.attr.ints = ints
	c := ctcOf(n, in)
	if n.op != nil {
		saved := [1]int{c.SavedSize()}
		c.Saved = &n.keepArray(saved[:]).Array
	}
	c.Forward(&n.Array, &in.Array)
	return n.done()
}

// checkCTC panics unless the arguments fit, and returns the sizes of the input.
func checkCTC(in *node, targets [][]int, config *CTCConfig) (time, batch int) {
	name := ctcOp.name
	if len(in.Shape) != 3 || sizeOf(in.Shape) == 0 {
		panic(&ShapeError{name, shapesOf(in), "expected logarithms of probabilities [batch, time, classes]"})
	}
	batch, time, classes := in.Shape[0], in.Shape[1], in.Shape[2]
	if config.TimeFirst {
		time, batch = batch, time
	}
	if len(targets) != batch || config.Lengths != nil && len(config.Lengths) != batch {
		panic(&ShapeError{name, shapesOf(in), fmt.Sprintf("there are %d examples, %d targets and %d lengths", batch, len(targets), len(config.Lengths))})
	}
	if config.Blank < 0 || config.Blank >= classes {
		panic(&ValueError{Op: name, Reason: fmt.Sprintf("the blank is %d, of %d classes", config.Blank, classes)})
	}
	for i, length := range config.Lengths {
		if length < 1 || length > time {
			panic(&ValueError{Op: name, Reason: fmt.Sprintf("the length of example %d is %d, of %d", i, length, time)})
		}
	}
	for i, target := range targets {
		for at, label := range target {
			if label < 0 || label >= classes {
				panic(&IndexError{Op: name, Index: label, At: at, Size: classes})
			}
			if label == config.Blank {
				panic(&ValueError{Op: name, Reason: fmt.Sprintf("label %d of example %d is %d, the blank", at, i, label)})
			}
		}
	}
	return time, batch
}

// ctcOf describes the computation of n, whose operand is in.
func ctcOf(n, in *node) tensor.CTC {
	batch, classes := n.Shape[0], in.Shape[2]
	c := tensor.CTC{
		Batch: batch, Classes: classes, Time: in.Shape[1], Example: in.Shape[1] * classes, Instant: classes,
		Blank: n.attr.i, Lengths: n.attr.ints[:batch], Counts: n.attr.ints[batch : 2*batch], Labels: n.attr.ints[2*batch:],
	}
	if n.attr.keep {
		c.Time, c.Example, c.Instant = in.Shape[0], classes, batch*classes
	}
	return c
}

// ctcBackward is the rule for passes that are not recorded.
func ctcBackward(p *pass, n, g *node) {
	in := n.input(0)
	c := ctcOf(n, in)
	c.Saved = &n.aux.Array
	dst, accumulate := p.destination(n, 0)
	c.Backward(dst, &g.Array, &n.Array, &in.Array, accumulate)
}
