package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics that count what is right.

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
	ClassAxis int     // the axis of the classes; 0 means the last one. For images [batch, classes, height, width] it is 1
}

// Name is "accuracy".
func (Accuracy) Name() string { return "accuracy" }

// Begin starts counting.
func (a Accuracy) Begin() Meter {
	return &shareMeter{shareOptions: shareOptions{"nn.Accuracy", scoring{a.ClassAxis, a.Threshold}, 1}}
}

// TopKAccuracy is the fraction of examples whose class is among the K greatest outputs: fewer
// than K are greater than its own, or equal to it and of a class before. With K = 1 it is
// [Accuracy]. Rows with a NaN are wrong. Outputs, labels and targets are as of Accuracy, but
// there is no single output.
type TopKAccuracy struct {
	K         int // 0 means 5
	ClassAxis int // the axis of the classes; 0 means the last one
}

// Name is "top5_accuracy", with K.
func (t TopKAccuracy) Name() string { return fmt.Sprintf("top%d_accuracy", orDefaultInt(t.K, 5)) }

// Begin starts counting. It panics with [*autograd.ValueError] if K is negative.
func (t TopKAccuracy) Begin() Meter {
	const op = "nn.TopKAccuracy"
	k := orDefaultInt(t.K, 5)
	if k < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("K is %d, expected a positive number", k)})
	}
	return &shareMeter{shareOptions: shareOptions{op, scoring{axis: t.ClassAxis}, k}}
}

// shareMeter counts the rows whose class is among the k greatest.
type shareMeter struct {
	shareOptions
	weightedMean // of 1 for those, and 0 for others
}

type shareOptions struct {
	op      string
	scoring scoring
	k       int
}

func (m *shareMeter) Add(output data.Array, batch *data.Batch) {
	rows := rowsOf(m.op, m.scoring, output, batch)
	if rows.size == 1 && m.op == "nn.TopKAccuracy" {
		panic(&autograd.ValueError{Op: m.op, Reason: fmt.Sprintf("the model's output has shape %v: expected one for each class", output.Shape)})
	}
	for i := range rows.rows {
		class, weight, ok := rows.truth(i)
		if !ok {
			continue
		}
		m.take(number01(class != noClass && (m.k == 1 && rows.predicted(i) == class || m.k > 1 && rows.rank(i, class) < m.k)), weight)
	}
}

// rank is how many outputs of row i come before that of a class; all of them if one is NaN.
func (r *classRows) rank(i, class int) int {
	before, own := 0, r.at(i, class)
	for j := range r.size {
		switch x := r.at(i, j); {
		case x != x:
			return r.size
		case x > own, x == own && j < class:
			before++
		}
	}
	return before
}

func (m *shareMeter) Merge(other Meter) {
	o := sameMeter(m.op, m, other)
	sameOptions(m.op, m.shareOptions, o.shareOptions)
	m.merge(o.weightedMean)
}
