package data

import "slices"

// Arrays is a Dataset of numbers held in memory.
type Arrays struct {
	X       Array    // features, of shape [examples, features…]
	Labels  []int    // classes, one per example; nil for none
	Y       Array    // numeric targets, of shape [examples, targets…]; the zero Array for none
	Classes []string // names of the classes, by number; nil if unknown
	Names   []string // names of the features; nil if unknown
}

// Len is the number of examples.
func (a *Arrays) Len() int { return a.X.Len() }

// Label is the class of example i, if it has one.
func (a *Arrays) Label(i int) (class int, ok bool) {
	if a.Labels == nil {
		return 0, false
	}
	return a.Labels[i], true
}

// NumClasses is the number of classes: that of Classes, or one more than the
// largest label, or 0 without labels.
func (a *Arrays) NumClasses() int { return numClasses(a.Classes, a.Labels) }

// Fill makes batch hold the examples with these indices. It never fails; it panics
// with [*ValueError] if an index is out of range or the fields do not fit each
// other.
func (a *Arrays) Fill(batch *Batch, indices []int) error {
	a.check()
	checkIndices("Arrays.Fill", indices, a.Len())
	batch.Reset(len(indices), a.X.Shape[1:]...)
	batch.X.setRows(&a.X, indices)
	if a.Labels != nil {
		batch.ResetLabels()
		for row, i := range indices {
			batch.Labels[row] = a.Labels[i]
		}
	}
	if a.Y.Shape != nil {
		batch.ResetTargets(a.Y.Shape[1:]...)
		batch.Y.setRows(&a.Y, indices)
	}
	return nil
}

// check panics unless the fields fit each other.
func (a *Arrays) check() {
	const op = "Arrays"
	if len(a.X.Shape) == 0 {
		misuse(op, "X has no axis that counts examples")
	}
	if size := sizeOf(op, a.X.Shape); len(a.X.Float32s)+len(a.X.Float64s) != size {
		misuse(op, "X of shape %v has %d elements", slices.Clone(a.X.Shape), len(a.X.Float32s)+len(a.X.Float64s))
	}
	if a.Labels != nil && len(a.Labels) != a.Len() {
		misuse(op, "%d examples with %d labels", a.Len(), len(a.Labels))
	}
	if a.Y.Shape == nil {
		return
	}
	if a.Y.Len() != a.Len() {
		misuse(op, "%d examples with targets of shape %v", a.Len(), slices.Clone(a.Y.Shape))
	}
	if size := sizeOf(op, a.Y.Shape); len(a.Y.Float32s)+len(a.Y.Float64s) != size {
		misuse(op, "Y of shape %v has %d elements", slices.Clone(a.Y.Shape), len(a.Y.Float32s)+len(a.Y.Float64s))
	}
}

// numClasses is the number of classes, known by their names or by the labels.
func numClasses(classes []string, labels []int) int {
	n := len(classes)
	for _, label := range labels {
		n = max(n, label+1)
	}
	return n
}
