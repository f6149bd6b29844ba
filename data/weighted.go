package data

import "math"

// Weighted is a Dataset whose examples count differently, see [Batch]: those that are rare,
// or certain, more than others.
type Weighted struct {
	Dataset Dataset
	Weights []float64 // one for each example of Dataset: finite, not negative
}

// Len is the number of examples.
func (w *Weighted) Len() int {
	if isNil(w.Dataset) {
		return 0
	}
	return w.Dataset.Len()
}

// Label is the class of example i, if it has one.
func (w *Weighted) Label(i int) (class int, ok bool) {
	if i < 0 || i >= w.Len() {
		return 0, false
	}
	return classOf(w.Dataset, i)
}

// Fill makes batch hold the examples with these indices, and their weights: if Dataset has
// weights itself, its own times these. It fails, with a [*ValueError], if there is no
// Dataset, there is not a weight for each of its examples, or one of these weights is
// negative or not finite, and as Dataset does.
func (w *Weighted) Fill(batch *Batch, indices []int) error {
	if isNil(w.Dataset) {
		return mismatch("Weighted", "the data set is nil")
	}
	if n := w.Len(); len(w.Weights) != n {
		return mismatch("Weighted", "%d examples with %d weights", n, len(w.Weights))
	}
	if err := checkIndices("Weighted", indices, len(w.Weights)); err != nil {
		return err
	}
	if err := w.Dataset.Fill(batch, indices); err != nil {
		return err
	}
	own := batch.Weights
	batch.ResetWeights() // where own is, if there is one
	for row, i := range indices {
		weight := w.Weights[i]
		if !(weight >= 0 && weight <= math.MaxFloat64) {
			return mismatch("Weighted", "the weight of example %d is %v, want a finite number that is not negative", i, weight)
		}
		if own != nil {
			weight *= own[row]
		}
		batch.Weights[row] = weight
	}
	return nil
}
