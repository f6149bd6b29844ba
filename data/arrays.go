package data

import "slices"

// Arrays is a Dataset of numbers held in memory.
type Arrays struct {
	X       Array    // features, of shape [examples, features…]
	Labels  []int    // classes, one per example; nil for none
	Y       Array    // numeric targets, of shape [examples, targets…]; the zero Array for none
	Classes []string // names of the classes, by number; nil if unknown
	Names   []string // names of the features; nil if unknown
	Dropped int      // lines of a file that were left out, as values were missing
}

// Len is the number of examples.
func (a *Arrays) Len() int { return a.X.Rows() }

// Label is the class of example i, if it has one.
func (a *Arrays) Label(i int) (class int, ok bool) { return labelOf(a.Labels, i) }

// NumClasses is the number of classes: that of Classes, or one more than the
// largest label, or 0 without labels.
func (a *Arrays) NumClasses() int { return numClasses(a.Classes, a.Labels) }

// Fill makes batch hold the examples with these indices. It fails, with a
// [*ValueError], if the fields do not fit each other or an index is out of range.
func (a *Arrays) Fill(batch *Batch, indices []int) error {
	if err := a.check(); err != nil {
		return err
	}
	if err := checkIndices("Arrays", indices, a.Len()); err != nil {
		return err
	}
	batch.Reset(len(indices), a.X.Shape[1:]...)
	batch.X.setRows(&a.X, indices)
	batch.pickLabels(a.Labels, indices)
	if a.Y.Shape != nil {
		batch.ResetTargets(a.Y.Shape[1:]...)
		batch.Y.setRows(&a.Y, indices)
	}
	return nil
}

// check finds fields that do not fit each other.
func (a *Arrays) check() error {
	if len(a.X.Shape) == 0 {
		return mismatch("Arrays", "X has no axis that counts examples")
	}
	if err := a.X.check("X"); err != nil {
		return err
	}
	if a.Labels != nil && len(a.Labels) != a.Len() {
		return mismatch("Arrays", "%d examples with %d labels", a.Len(), len(a.Labels))
	}
	if a.Y.Shape == nil {
		return nil
	}
	if a.Y.Rows() != a.Len() {
		return mismatch("Arrays", "%d examples with targets of shape %v", a.Len(), slices.Clone(a.Y.Shape))
	}
	return a.Y.check("Y")
}

// check finds a shape that is not that of the elements.
func (a *Array) check(name string) error {
	size, ok := product(a.Shape)
	if !ok {
		return mismatch("Arrays", "%s has the impossible shape %v", name, slices.Clone(a.Shape))
	}
	if have := len(a.Float32s) + len(a.Float64s); have != size {
		return mismatch("Arrays", "%s of shape %v has %d numbers", name, slices.Clone(a.Shape), have)
	}
	return nil
}

// labelOf is the label of example i, if there is one.
func labelOf(labels []int, i int) (class int, ok bool) {
	if i < 0 || i >= len(labels) {
		return 0, false
	}
	return labels[i], true
}

// numClasses is the number of classes, known by their names or by the labels.
func numClasses(classes []string, labels []int) int {
	n := len(classes)
	for _, label := range labels {
		n = max(n, label+1)
	}
	return n
}
