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
// is above Threshold, and class 0 otherwise.
//
// The right class is the example's label; examples with a negative one do not count,
// and without any that counts the accuracy is NaN. If the data set has no labels it is
// the class of the greatest target, or for a single target 1 if it is above ½.
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
// labels nor targets, or the output not a row for each example.
func (m *accuracyMeter) Add(output data.Array, batch *data.Batch) {
	switch {
	case batch.Labels == nil && batch.Y.Shape == nil:
		panic(&autograd.ValueError{Op: "nn.Accuracy", Reason: "the data set has neither labels nor targets"})
	case output.Rows() != batch.Len:
		panic(&autograd.ValueError{Op: "nn.Accuracy", Reason: fmt.Sprintf("the model's output has shape %v for %d examples", output.Shape, batch.Len)})
	}
	for i := range batch.Len {
		want := classOf(&batch.Y, i, 0.5)
		if batch.Labels != nil {
			want = batch.Labels[i]
			if want < 0 {
				continue
			}
		}
		m.total++
		if got := classOf(&output, i, m.threshold); got == want && got != noClass {
			m.right++
		}
	}
}

// Value is the fraction that was right.
func (m *accuracyMeter) Value() float64 { return float64(m.right) / float64(m.total) }

// noClass is the class of a row with a NaN.
const noClass = -1

// classOf is the class that row i of a stands for.
func classOf(a *data.Array, i int, threshold float64) int {
	if a.Shape == nil {
		return noClass
	}
	size := a.RowSize()
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
