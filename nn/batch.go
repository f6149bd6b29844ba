package nn

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Target is what a model's outputs for a batch should be. It is valid while the loss of
// the batch is computed.
type Target struct {
	Labels []int             // [batch] classes, negative to leave an example out; nil if the data set has none
	Values autograd.Variable // [batch, targets…]; the zero Variable if the data set has none
}

// Loss computes the number that training makes small, a Variable of one element, from
// the model's output for a batch, [batch, outputs…]. [ForLabels] and [ForTargets] make
// one of the losses of this package; any function will do. What it panics with by the
// types of package autograd, training and evaluation return as an error.
type Loss func(output autograd.Variable, target Target) autograd.Variable

// ForLabels is a Loss by the labels of a data set:
//
//	nn.ForLabels(nn.LossConfig{LabelSmoothing: 0.1}.CrossEntropy)
//
// It panics with [*autograd.ValueError] if the data set has none.
func ForLabels(f func(output autograd.Variable, labels []int) autograd.Variable) Loss {
	return func(output autograd.Variable, target Target) autograd.Variable {
		if target.Labels == nil {
			panic(&autograd.ValueError{Op: "nn.ForLabels", Reason: "the data set has no labels"})
		}
		return f(output, target.Labels)
	}
}

// ForTargets is a Loss by the numeric targets of a data set:
//
//	nn.ForTargets(nn.BCEWithLogitsLoss)
//
// Losses of targets do not broadcast: outputs and targets have one shape, [batch, 1] for
// instance. It panics with [*autograd.ValueError] if the data set has none.
func ForTargets(f func(output, target autograd.Variable) autograd.Variable) Loss {
	return func(output autograd.Variable, target Target) autograd.Variable {
		if !target.Values.IsValid() {
			panic(&autograd.ValueError{Op: "nn.ForTargets", Reason: "the data set has no numeric targets"})
		}
		return f(output, target.Values)
	}
}

// defaultLoss is the loss where none is given: [CrossEntropy] if there are labels, and
// [MSELoss] otherwise.
func defaultLoss(output autograd.Variable, target Target) autograd.Variable {
	switch {
	case target.Labels != nil:
		return CrossEntropy(output, target.Labels)
	case target.Values.IsValid():
		return MSELoss(output, target.Values)
	}
	panic(&autograd.ValueError{Op: "nn", Reason: "the data set has neither labels nor targets: give a Loss that does without"})
}

// feed brings batches onto tapes without allocating. A loader fills the same few
// arrays again and again, so the Variables over them are kept.
type feed struct {
	seen [16]autograd.Variable
	next int // of seen, to be replaced
}

// features is the batch's features on the tape.
func (f *feed) features(tape *autograd.Tape, batch *data.Batch) autograd.Variable {
	if x := &batch.X; x.Bytes != nil {
		return tape.Bytes(batch.DType, x.Bytes, x.Scale, x.Shift, x.Shape...)
	}
	return f.put(tape, &batch.X)
}

// put brings an array onto the tape; the zero Array becomes the zero Variable.
func (f *feed) put(tape *autograd.Tape, a *data.Array) autograd.Variable {
	if a.Shape == nil {
		return autograd.Variable{}
	}
	return tape.Const(f.variable(a))
}

// target is the batch's targets on the tape.
func (f *feed) target(tape *autograd.Tape, batch *data.Batch) Target {
	return Target{Labels: batch.Labels, Values: f.put(tape, &batch.Y)}
}

func (f *feed) variable(a *data.Array) autograd.Variable {
	for _, v := range f.seen {
		if v.IsValid() && isOver(v, a) {
			return v
		}
	}
	var v autograd.Variable
	if a.DType() == autograd.Float32 {
		v = autograd.New(a.Float32s, a.Shape...)
	} else {
		v = autograd.New(a.Float64s, a.Shape...)
	}
	f.seen[f.next] = v
	f.next = (f.next + 1) % len(f.seen)
	return v
}

// isOver reports whether v has the memory and the shape of a.
func isOver(v autograd.Variable, a *data.Array) bool {
	if v.DType() != a.DType() || !slices.Equal(v.Shape(), a.Shape) {
		return false
	}
	if a.DType() == autograd.Float32 {
		return sameMemory(v.Float32s(), a.Float32s)
	}
	return sameMemory(v.Float64s(), a.Float64s)
}

// sameMemory reports whether slices of one length start at the same place.
func sameMemory[T autograd.Float](a, b []T) bool { return len(a) == 0 || &a[0] == &b[0] }
