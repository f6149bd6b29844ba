package data

import (
	"cmp"
	"context"
	"math"
	"slices"
)

// Scaling is a map of features, each by itself, to where models learn best:
//
//	x ↦ (x − Offset) / Scale
//
// It is fitted on the examples that a model is trained on, by [Standardization] or
// [MinMax], and then applied to all that it sees. Package encoding/json writes and reads
// it, so that it can be kept with a model: in the metadata of its file, for instance.
type Scaling struct {
	Offset, Scale []float64 // one number for each feature
}

// Standardization is the Scaling that gives each feature of ds mean 0 and standard
// deviation 1 (of the examples, not of what they were drawn from). A feature that is the
// same everywhere becomes 0. It fails as ds does, when ctx is cancelled, and with a
// [*ValueError] if ds is nil or has no examples, or a number is not finite.
func Standardization(ctx context.Context, ds Dataset) (Scaling, error) {
	// Welford's recurrence: M₂ is the sum of squared distances from the mean so far.
	var mean, m2 []float64
	n := 0.0
	err := eachExample(ctx, "Standardization", ds, func(x []float64) {
		if n == 0 {
			mean, m2 = make([]float64, len(x)), make([]float64, len(x))
		}
		n++
		for j, v := range x {
			d := v - mean[j]
			mean[j] += d / n
			m2[j] += d * (v - mean[j])
		}
	})
	if err != nil {
		return Scaling{}, err
	}
	for j := range m2 {
		m2[j] = cmp.Or(math.Sqrt(m2[j]/n), 1)
	}
	return Scaling{mean, m2}, nil
}

// MinMax is the Scaling that takes the least number of each feature of ds to 0 and the
// greatest to 1. A feature that is the same everywhere becomes 0. It fails as
// [Standardization] does.
func MinMax(ctx context.Context, ds Dataset) (Scaling, error) {
	var least, greatest []float64
	err := eachExample(ctx, "MinMax", ds, func(x []float64) {
		if least == nil {
			least, greatest = slices.Clone(x), slices.Clone(x)
		}
		for j, v := range x {
			least[j], greatest[j] = min(least[j], v), max(greatest[j], v)
		}
	})
	if err != nil {
		return Scaling{}, err
	}
	for j := range greatest {
		greatest[j] = cmp.Or(greatest[j]-least[j], 1)
	}
	return Scaling{least, greatest}, nil
}

// eachExample hands the features of each example to f, which does not keep them.
func eachExample(ctx context.Context, op string, ds Dataset, f func(x []float64)) error {
	if isNil(ds) {
		return mismatch(op, "the data set is nil: was the error of loading it looked at?")
	}
	size, seen := 0, false
	for batch, err := range NewLoader(ds, LoaderConfig{BatchSize: 1024, DType: Float64}).Batches(ctx, 0) {
		if err != nil {
			return err
		}
		if seen && size != batch.X.RowSize() {
			return mismatch(op, "examples of %d and of %d features", size, batch.X.RowSize())
		}
		size, seen = batch.X.RowSize(), true
		for row := range batch.Len {
			x := batch.X.Float64s[row*size : (row+1)*size]
			for j, v := range x {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					return mismatch(op, "feature %d of example %d is %v, want a finite number", j, batch.Indices[row], v)
				}
			}
			f(x)
		}
	}
	if !seen {
		return mismatch(op, "the data set has no examples")
	}
	return nil
}

// Of returns the Dataset of ds's examples with scaled features. Filling a batch fails with a
// [*ValueError] if they have another number of features. It panics with [*ValueError]
// if ds is nil, or s is not of as many positive scales as offsets.
func (s Scaling) Of(ds Dataset) *Mapped {
	if len(s.Offset) != len(s.Scale) || slices.ContainsFunc(s.Scale, func(v float64) bool { return !(v > 0) }) {
		misuse("Scaling.Of", "%d offsets and scales %v: want a positive scale for each offset", len(s.Offset), s.Scale)
	}
	return Map(ds, func(batch *Batch) error {
		size := batch.X.RowSize()
		if size != len(s.Offset) {
			return mismatch("Scaling", "examples of %d features, want %d", size, len(s.Offset))
		}
		for start := 0; size > 0 && start < batch.Len*size; start += size {
			if batch.X.Float64s != nil {
				scaleRow(batch.X.Float64s[start:start+size], s)
			} else {
				scaleRow(batch.X.Float32s[start:start+size], s)
			}
		}
		return nil
	})
}

func scaleRow[T Float](x []T, s Scaling) {
	for j, v := range x {
		x[j] = T((float64(v) - s.Offset[j]) / s.Scale[j])
	}
}
