package data

import "slices"

// Batches that are rows of one other, and batches put together from rows of several: what
// Concat and Cached are made of.

// Slice makes part the examples lo ≤ i < hi of b. It shares b's memory, and is valid as
// long as b is; part is not to be filled or reset. It panics with [*ValueError] if b does
// not have these examples.
func (b *Batch) Slice(part *Batch, lo, hi int) {
	if lo < 0 || hi < lo || hi > b.Len {
		misuse("Batch.Slice", "examples %d to %d of a batch of %d", lo, hi, b.Len)
	}
	part.DType, part.KeepBytes = b.DType, b.KeepBytes
	part.Epoch, part.Number, part.Seed = b.Epoch, b.Number, b.Seed
	part.Len = hi - lo
	b.X.slice(&part.X, lo, hi)
	b.Y.slice(&part.Y, lo, hi)
	b.Mask.slice(&part.Mask, lo, hi)
	part.Labels = rows(b.Labels, b.Len, lo, hi)
	part.Tokens = rows(b.Tokens, b.Len, lo, hi)
	part.Lengths = rows(b.Lengths, b.Len, lo, hi)
	part.Weights = rows(b.Weights, b.Len, lo, hi)
	part.Indices = rows(b.Indices, b.Len, lo, hi)
}

// rows is those of examples lo to hi of a list that has equally many elements for each of
// n examples; nil if the list is.
func rows[T any](list []T, n, lo, hi int) []T {
	if list == nil || n == 0 {
		return list
	}
	each := len(list) / n
	return list[lo*each : hi*each : hi*each]
}

// slice makes part the rows lo to hi of a. It keeps the memory of part's shape.
func (a *Array) slice(part *Array, lo, hi int) {
	n := a.Rows()
	shape := append(part.Shape[:0], a.Shape...)
	if a.Shape == nil {
		shape = nil
	} else {
		shape[0] = hi - lo
	}
	*part = Array{
		Shape: shape, Scale: a.Scale, Shift: a.Shift,
		Float32s: rows(a.Float32s, n, lo, hi), Float64s: rows(a.Float64s, n, lo, hi), Bytes: rows(a.Bytes, n, lo, hi),
	}
}

// place says where an example is: row of a batch.
type place struct {
	batch *Batch
	row   int
}

// assemble makes b hold the examples at these places. It fails, with a [*ValueError]
// of op, if they do not have the same arrays with rows of the same shapes.
func (b *Batch) assemble(op string, places []place) error {
	if len(places) == 0 {
		return nil
	}
	first := places[0].batch
	for _, p := range places[1:] {
		if p.batch != first {
			if err := alike(op, first, p.batch); err != nil {
				return err
			}
		}
	}
	n := len(places)
	if shape := first.X.Shape[1:]; first.X.Bytes != nil {
		b.ResetBytes(n, first.X.Scale, first.X.Shift, shape...)
	} else {
		b.Reset(n, shape...)
	}
	if first.Y.Shape != nil {
		b.ResetTargets(first.Y.Shape[1:]...)
	}
	if first.Mask.Shape != nil {
		b.ResetMask(first.Mask.Shape[1:]...)
	}
	if first.Labels != nil {
		b.ResetLabels(len(first.Labels) / first.Len)
	}
	if first.Weights != nil {
		b.ResetWeights()
	}
	if first.Tokens != nil {
		b.ResetTokens(len(first.Tokens) / first.Len)
	}
	if first.Lengths != nil {
		b.ResetLengths()
	}
	for row, p := range places {
		b.copyRow(row, p)
	}
	return nil
}

// copyRow sets a row of everything that b has.
func (b *Batch) copyRow(row int, from place) {
	copyRow(&b.X, row, &from.batch.X, from.row)
	copyRow(&b.Y, row, &from.batch.Y, from.row)
	copyRow(&b.Mask, row, &from.batch.Mask, from.row)
	n, m := b.Len, from.batch.Len
	copyRows(b.Labels, row, n, from.batch.Labels, from.row, m)
	copyRows(b.Weights, row, n, from.batch.Weights, from.row, m)
	copyRows(b.Tokens, row, n, from.batch.Tokens, from.row, m)
	copyRows(b.Lengths, row, n, from.batch.Lengths, from.row, m)
}

// copyRow copies a row between arrays of the same type, if they are arrays.
func copyRow(dst *Array, row int, src *Array, from int) {
	if src.Shape == nil {
		return
	}
	n, m := dst.Rows(), src.Rows()
	copyRows(dst.Float32s, row, n, src.Float32s, from, m)
	copyRows(dst.Float64s, row, n, src.Float64s, from, m)
	copyRows(dst.Bytes, row, n, src.Bytes, from, m)
}

// copyRows copies what example k of m has in src to example i of n in dst.
func copyRows[E any](dst []E, i, n int, src []E, k, m int) {
	copy(rows(dst, n, i, i+1), rows(src, m, k, k+1))
}

// alike finds what keeps examples of two batches from being in one.
func alike(op string, a, b *Batch) error {
	for _, array := range []struct {
		name string
		a, b *Array
	}{{"features", &a.X, &b.X}, {"targets", &a.Y, &b.Y}, {"masks", &a.Mask, &b.Mask}} {
		if (array.a.Shape == nil) != (array.b.Shape == nil) {
			return mismatch(op, "some examples have %s, others have none", array.name)
		}
		if array.a.Shape != nil && !slices.Equal(array.a.Shape[1:], array.b.Shape[1:]) {
			return mismatch(op, "%s of shape %v and of shape %v", array.name, slices.Clone(array.a.Shape[1:]), slices.Clone(array.b.Shape[1:]))
		}
	}
	for _, list := range []struct {
		name string
		a, b int // how many an example has, -1 if there are none
	}{
		{"labels", each(a.Labels, a.Len), each(b.Labels, b.Len)},
		{"weights", each(a.Weights, a.Len), each(b.Weights, b.Len)},
		{"tokens", each(a.Tokens, a.Len), each(b.Tokens, b.Len)},
		{"lengths", each(a.Lengths, a.Len), each(b.Lengths, b.Len)},
	} {
		switch {
		case (list.a < 0) != (list.b < 0):
			return mismatch(op, "some examples have %s, others have none", list.name)
		case list.a != list.b:
			return mismatch(op, "examples of %d and of %d %s", list.a, list.b, list.name)
		}
	}
	return nil
}

// each is how many elements of list an example has, -1 if there is no list.
func each[E any](list []E, examples int) int {
	if list == nil {
		return -1
	}
	return len(list) / max(examples, 1)
}

// sameMeaning reports whether both arrays have numbers, or bytes that stand for the
// same numbers.
func (a *Array) sameMeaning(other *Array) bool {
	return (a.Bytes == nil) == (other.Bytes == nil) && (a.Bytes == nil || a.Scale == other.Scale && a.Shift == other.Shift)
}

// makeParts gives b n empty batches that are filled as b is, for the examples of its
// parts. Their memory is kept.
func (b *Batch) makeParts(n int) {
	for len(b.parts) < n {
		b.parts = append(b.parts, &Batch{})
	}
	b.parts = b.parts[:n]
	for _, part := range b.parts {
		part.DType, part.KeepBytes, part.background = b.DType, b.KeepBytes, b.background
		part.Epoch, part.Number, part.Seed = b.Epoch, b.Number, b.Seed
		part.wanted = part.wanted[:0]
	}
}
