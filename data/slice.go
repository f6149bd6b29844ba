package data

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
