package nn

import (
	"fmt"
	"math"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metric measures how well a model does, in a number to be shown. Metrics work on
// plain slices, so that no computation is kept alive by measuring it. A Metric is only
// a description: several measurements of one may be under way at once, each with a
// [Meter] of its own.
type Metric interface {
	// Name is what the number is called, such as "accuracy".
	Name() string

	// Begin starts a measurement.
	Begin() Meter
}

// Meter is a measurement under way: of an epoch of training, or of an evaluation. It
// belongs to one goroutine.
type Meter interface {
	// Add takes in what the model put out for a batch. It must not modify or keep
	// output or batch, whose memory is used again.
	Add(output data.Array, batch *data.Batch)

	// Value is the result for the batches so far, NaN if they do not have one.
	Value() float64
}

// Score is the value of a metric.
type Score struct {
	Name  string
	Value float64
}

// Scores are the loss and the metrics, in order.
type Scores []Score

// Get is the value of the score with this name, and NaN if there is none.
func (s Scores) Get(name string) float64 {
	for _, score := range s {
		if score.Name == name {
			return score.Value
		}
	}
	return math.NaN()
}

// String is the scores as "loss: 0.0812 - accuracy: 0.9765".
func (s Scores) String() string {
	var b strings.Builder
	for i, score := range s {
		if i > 0 {
			b.WriteString(" - ")
		}
		fmt.Fprintf(&b, "%s: %.4f", score.Name, score.Value)
	}
	return b.String()
}

// lossName is the name of the score that every run has.
const lossName = "loss"

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
	if a.Float64s != nil {
		return classOfRow(a.Float64s[i*size:(i+1)*size], threshold)
	}
	return classOfRow(a.Float32s[i*size:(i+1)*size], threshold)
}

func classOfRow[T autograd.Float](row []T, threshold float64) int {
	if len(row) == 1 {
		switch {
		case row[0] != row[0]:
			return noClass
		case float64(row[0]) > threshold:
			return 1
		}
		return 0
	}
	best := 0
	for j, x := range row {
		if x != x {
			return noClass
		}
		if x > row[best] {
			best = j
		}
	}
	return best
}

// elementsOf is a Variable's own elements and shape.
func elementsOf(v autograd.Variable) data.Array {
	if v.DType() == autograd.Float32 {
		return data.Array{Shape: v.Shape(), Float32s: v.Float32s()}
	}
	return data.Array{Shape: v.Shape(), Float64s: v.Float64s()}
}

// tally is the mean loss and the metrics of the batches so far.
type tally struct {
	metrics []Metric
	meters  []Meter
	loss    float64 // Σ loss·examples
	count   int     // examples
	scores  Scores
}

// begin starts anew.
func (t *tally) begin() {
	t.loss, t.count = 0, 0
	t.meters = t.meters[:0]
	for _, m := range t.metrics {
		t.meters = append(t.meters, m.Begin())
	}
}

// add takes in a batch. The mean loss weighs batches by their number of examples.
func (t *tally) add(loss float64, output autograd.Variable, batch *data.Batch) {
	t.loss += loss * float64(batch.Len)
	t.count += batch.Len
	for _, m := range t.meters {
		m.Add(elementsOf(output), batch)
	}
}

// update brings scores up to date and returns them; they are overwritten next time.
func (t *tally) update() Scores {
	t.scores = append(t.scores[:0], Score{lossName, t.loss / float64(t.count)})
	for i, m := range t.meters {
		t.scores = append(t.scores, Score{t.metrics[i].Name(), m.Value()})
	}
	return t.scores
}
