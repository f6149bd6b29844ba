package data

// Mapped is a Dataset of another's examples, changed by a function. It is made by [Map].
type Mapped struct {
	dataset Dataset
	change  func(batch *Batch) error
}

// Map returns the Dataset of ds's examples as change leaves them, which is called with
// every batch that ds has filled. Features are numbers then, never bytes. Change may be
// called from several goroutines at once; what it makes of an example should not depend
// on the others of the batch. An error of it ends the loop over the batches. Map panics
// with [*ValueError] if ds or change is nil.
func Map(ds Dataset, change func(batch *Batch) error) *Mapped {
	if isNil(ds) || change == nil {
		misuse("Map", "the data set or the function is nil")
	}
	return &Mapped{ds, change}
}

// Len is the number of examples.
func (m *Mapped) Len() int { return m.dataset.Len() }

// Label is the class that example i of the original has, if it has one.
func (m *Mapped) Label(i int) (class int, ok bool) { return classOf(m.dataset, i) }

// Fill makes batch hold the examples with these indices, changed. It fails as the
// original and the function do.
func (m *Mapped) Fill(batch *Batch, indices []int) error {
	batch.KeepBytes = false
	if err := m.dataset.Fill(batch, indices); err != nil {
		return err
	}
	return m.change(batch)
}

// classOf is the class of an example, if the data set knows it.
func classOf(ds Dataset, i int) (class int, ok bool) {
	if labeled, known := ds.(Labeled); known {
		return labeled.Label(i)
	}
	return 0, false
}

// Func is a Dataset of N examples that a function makes when they are asked for: made-up
// data, or what is read from somewhere. The function is that of [Dataset] and obeys its
// rules.
type Func struct {
	N            int
	FillExamples func(batch *Batch, indices []int) error
}

// Len is N.
func (f Func) Len() int { return f.N }

// Fill calls FillExamples. It fails as that does, and with a [*ValueError] if there is
// none or an index is out of range.
func (f Func) Fill(batch *Batch, indices []int) error {
	if f.FillExamples == nil {
		return mismatch("Func", "FillExamples is nil")
	}
	if err := checkIndices("Func", indices, f.N); err != nil {
		return err
	}
	return f.FillExamples(batch, indices)
}

// OneHot returns the Dataset of ds's examples with targets in place of classes: each is
// a row of classes numbers, 1 at the class and 0 elsewhere. A label that is negative
// gives zeros. Filling a batch fails with a [*ValueError] if an example has no label, or one
// that is not below classes. It panics with [*ValueError] if ds is nil or classes is not
// positive.
func OneHot(ds Dataset, classes int) *Mapped {
	if classes <= 0 {
		misuse("OneHot", "%d classes: want a positive number", classes)
	}
	return Map(ds, func(batch *Batch) error {
		if len(batch.Labels) != batch.Len {
			return mismatch("OneHot", "%d examples with %d labels, want one each", batch.Len, len(batch.Labels))
		}
		labels := batch.Labels
		batch.ResetTargets(classes)
		clear(batch.Y.Float32s)
		clear(batch.Y.Float64s)
		for row, label := range labels {
			if label >= classes {
				return mismatch("OneHot", "label %d of example %d, with %d classes", label, batch.example(row), classes)
			}
			if label >= 0 {
				batch.Y.set(row*classes+label, 1)
			}
		}
		batch.Labels = nil
		return nil
	})
}

// example is the index of the example in a row, as far as the batch knows it.
func (b *Batch) example(row int) int {
	if row < len(b.Indices) {
		return b.Indices[row]
	}
	return row
}
