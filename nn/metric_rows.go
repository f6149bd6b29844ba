package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// scoring is how outputs name classes, as the fields of metrics say it.
type scoring struct {
	axis      int     // of the classes, 0 for the last
	threshold float64 // of a single output
}

// classRows is a batch as metrics of classes see it: rows of outputs, one for each example
// or position, with the class that is right and the weight.
type classRows struct {
	op         string
	output     data.Array
	batch      *data.Batch
	scoring    scoring
	rows       int
	size       int // outputs of a row: one for each class, or a single one for two classes
	inner      int // elements from one output of a row to the next
	perExample int // rows of an example
}

// noClass is the class of a row with a NaN.
const noClass = -1

// rowsOf brings the outputs and the batch together for the metric named op, and panics
// unless they fit.
func rowsOf(op string, scoring scoring, output data.Array, batch *data.Batch) classRows {
	r := classRows{op: op, output: output, batch: batch, scoring: scoring, rows: batch.Len}
	switch {
	case batch.Labels != nil:
		r.rows = len(batch.Labels)
	case batch.Y.Shape == nil:
		panic(&autograd.ValueError{Op: op, Reason: "the data set has neither labels nor targets"})
	}
	if !r.layOut(output.Shape) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the model's output has shape %v for %d labels or examples", output.Shape, r.rows)})
	}
	if batch.Labels == nil && max(batch.Y.RowSize(), 2) != r.classes() {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the model's output has shape %v, the targets %v", output.Shape, batch.Y.Shape)})
	}
	if r.perExample = 1; batch.Len > 0 {
		r.perExample = r.rows / batch.Len
	}
	return r
}

// layOut finds the classes in outputs of this shape, if there are as many rows as there
// should be.
func (r *classRows) layOut(shape []int) bool {
	all := 1
	for _, n := range shape {
		all *= n
	}
	rank, axis := len(shape), r.scoring.axis
	if axis == 0 {
		if axis = rank - 1; all == r.rows && (rank < 2 || shape[axis] > 1 && all > 0) { // [batch] or [batch, positions]
			r.size, r.inner = 1, 1
			return rank > 0
		}
	}
	if axis < 0 {
		axis += rank
	}
	if axis < 1 || axis >= rank {
		return false
	}
	r.size, r.inner = shape[axis], 1
	for _, n := range shape[axis+1:] {
		r.inner *= n
	}
	return r.size > 0 && all == r.rows*r.size || all == 0 && r.rows == 0
}

// classes is how many classes there are.
func (r *classRows) classes() int { return max(r.size, 2) }

// first is where the outputs of row i begin.
func (r *classRows) first(i int) int { return i/r.inner*r.size*r.inner + i%r.inner }

// at is output j of row i.
func (r *classRows) at(i, j int) float64 { return elementAt(&r.output, r.first(i)+j*r.inner) }

// truth is the class that is right for row i, and the weight of the row. ok is false if the
// row does not count. The class is noClass if a target is NaN.
func (r *classRows) truth(i int) (class int, weight float64, ok bool) {
	weight = weightOf(r.batch, i/r.perExample)
	if r.batch.Labels == nil {
		size := r.batch.Y.RowSize()
		return greatest(&r.batch.Y, i*size, size, 1, 0.5), weight, weight != 0
	}
	class = r.batch.Labels[i]
	if class >= r.classes() {
		panic(&autograd.IndexError{Op: r.op, Index: class, At: i, Size: r.classes()})
	}
	return class, weight, weight != 0 && class >= 0
}

// predicted is the class that row i of the outputs stands for; noClass if one is NaN.
func (r *classRows) predicted(i int) int {
	return greatest(&r.output, r.first(i), r.size, r.inner, r.scoring.threshold)
}

// greatest is the class that the elements of a from first on stand for, so many at a
// distance: the first of the greatest, and of a single one 1 if it is above the threshold.
func greatest(a *data.Array, first, size, distance int, threshold float64) int {
	if size == 1 {
		switch x := elementAt(a, first); {
		case math.IsNaN(x):
			return noClass
		case x > threshold:
			return 1
		}
		return 0
	}
	best, most := 0, math.Inf(-1)
	for j := range size {
		x := elementAt(a, first+j*distance)
		if math.IsNaN(x) {
			return noClass
		}
		if x > most {
			best, most = j, x
		}
	}
	return best
}
