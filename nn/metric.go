package nn

import (
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

// elementsOf is a Variable's own elements and shape.
func elementsOf(v autograd.Variable) data.Array {
	if v.DType() == autograd.Float32 {
		return data.Array{Shape: v.Shape(), Float32s: v.Float32s()}
	}
	return data.Array{Shape: v.Shape(), Float64s: v.Float64s()}
}

// elementAt is the element of a at a row-major position.
func elementAt(a *data.Array, i int) float64 {
	if a.Float64s != nil {
		return a.Float64s[i]
	}
	return float64(a.Float32s[i])
}
