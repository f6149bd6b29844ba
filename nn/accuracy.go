package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Accuracy is the fraction of examples whose class the model gets right. For outputs
// [batch, classes] the class is that of the greatest, the first if there are several; a
// row with a NaN is wrong. A single output, [batch, 1] or [batch], means class 1 if it
// is above Threshold, and class 0 otherwise. With a label for each position, as of texts,
// outputs are [batch, positions…, classes], and it is positions that count.
//
// The right class is the label; examples with a negative one do not count, and without
// any that counts the accuracy is NaN. If the data set has no labels it is the class of
// the greatest target, or for a single target 1 if it is above ½.
type Accuracy struct {
	Threshold float64 // of a single output: 0 fits logits, 0.5 probabilities
}

// Name is "accuracy".
func (Accuracy) Name() string { return "accuracy" }

// Begin starts counting.
func (a Accuracy) Begin() Meter { return &accuracyMeter{threshold: a.Threshold} }

type accuracyMeter struct {
	threshold    float64
	right, total int
}

// Add counts a batch. It panics with [*autograd.ValueError] if the batch has neither
// labels nor targets, or the output not a row for each label, or example.
func (m *accuracyMeter) Add(output data.Array, batch *data.Batch) {
	rows := batch.Len
	switch {
	case batch.Labels != nil:
		rows = len(batch.Labels)
	case batch.Y.Shape == nil:
		panic(&autograd.ValueError{Op: "nn.Accuracy", Reason: "the data set has neither labels nor targets"})
	}
	size, ok := classesOf(output.Shape, rows)
	if !ok {
		panic(&autograd.ValueError{Op: "nn.Accuracy", Reason: fmt.Sprintf("the model's output has shape %v for %d labels or examples", output.Shape, rows)})
	}
	for i := range rows {
		want := noClass
		if batch.Labels == nil {
			want = classOf(&batch.Y, i, batch.Y.RowSize(), 0.5)
		} else if want = batch.Labels[i]; want < 0 {
			continue
		}
		m.total++
		if got := classOf(&output, i, size, m.threshold); got == want && got != noClass {
			m.right++
		}
	}
}

// classesOf is how many outputs of this shape there are for each of so many rows: those
// along the last axis, or one.
func classesOf(shape []int, rows int) (classes int, ok bool) {
	n := 1
	for axis, size := range shape {
		if axis > 0 && axis == len(shape)-1 && n == rows {
			return size, true
		}
		n *= size
	}
	return 1, n == rows && len(shape) > 0
}

// Value is the fraction that was right.
func (m *accuracyMeter) Value() float64 { return float64(m.right) / float64(m.total) }

// noClass is the class of a row with a NaN.
const noClass = -1

// classOf is the class that row i of a, of so many elements, stands for.
func classOf(a *data.Array, i, size int, threshold float64) int {
	first := i * size
	if size == 1 {
		switch x := elementAt(a, first); {
		case math.IsNaN(x):
			return noClass
		case x > threshold:
			return 1
		}
		return 0
	}
	best, greatest := 0, math.Inf(-1)
	for j := range size {
		x := elementAt(a, first+j)
		if math.IsNaN(x) {
			return noClass
		}
		if x > greatest {
			best, greatest = j, x
		}
	}
	return best
}
