package nn

import (
	"fmt"
	"iter"
	"reflect"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics: how well a model does, in numbers. Here is what they share; they themselves are
// in the metric_*.go, one family a file.

// Metric measures how well a model does, in a number to be shown. Metrics work on
// plain slices, so that no computation is kept alive by measuring it. A Metric is only
// a description: several measurements of one may be under way at once, each with a
// [Meter] of its own.
//
// The metrics of this package agree on the following. An example whose weight is w
// ([data.Batch]) counts w times, one of weight 0 not at all; [Unweighted] measures without
// weights. Examples and positions with a negative label do not count. Where nothing has been
// counted the value is NaN. Where a value is not defined, as of one class only, the type says
// what it is.
type Metric interface {
	// Name is what the number is called, such as "accuracy".
	Name() string

	// Begin starts a measurement.
	Begin() Meter
}

// Meter is a measurement under way: of an epoch of training, or of an evaluation. It
// belongs to one goroutine. Those of this package are [Stateful]: a checkpoint that is made
// within an epoch has them.
type Meter interface {
	// Add takes in what the model put out for a batch. It must not modify or keep
	// output or batch, whose memory is used again. It panics with [*autograd.ValueError] if
	// output and batch do not fit each other or the metric, and with [*autograd.IndexError]
	// for a label that is no class.
	Add(output data.Array, batch *data.Batch)

	// Merge takes in what another Meter of the same Metric has measured, as if its batches
	// had been added after those of this one; the other stays as it is. What is merged in
	// the same order gives the same bits. It panics with [*autograd.ValueError] if the
	// other is of another Metric.
	Merge(other Meter)

	// Value is the result for the batches so far, NaN if they do not have one.
	Value() float64
}

// Unweighted is m without the weights of examples: each counts once.
func Unweighted(m Metric) Metric {
	if o, ok := m.(onOutput); ok {
		return onOutput{Unweighted(o.Metric), o.output}
	}
	return unweighted{m}
}

type unweighted struct{ Metric }

// Begin starts a measurement without weights.
func (u unweighted) Begin() Meter {
	return &unweightedMeter{wrappedMeter: wrappedMeter{u.Metric.Begin()}}
}

type unweightedMeter struct {
	wrappedMeter
	batch data.Batch // without weights
}

func (m *unweightedMeter) Add(output data.Array, batch *data.Batch) {
	m.batch = *batch
	m.batch.Weights = nil
	m.Meter.Add(output, &m.batch)
}

func (m *unweightedMeter) Merge(other Meter) {
	m.Meter.Merge(sameMeter("nn.Unweighted", m, other).Meter)
}

// wrappedMeter is a Meter within another one, which has its state.
type wrappedMeter struct{ Meter }

func (m *wrappedMeter) State() iter.Seq2[string, autograd.Variable] {
	if s, ok := m.Meter.(Stateful); ok {
		return s.State()
	}
	return func(func(string, autograd.Variable) bool) {}
}

func (m *wrappedMeter) Restore(state map[string]autograd.Variable) error {
	if s, ok := m.Meter.(Stateful); ok {
		return s.Restore(state)
	}
	return nil
}

// sameMeter is other as a Meter of m's type, of the metric named op.
func sameMeter[M Meter](op string, m M, other Meter) M {
	same, ok := other.(M)
	if !ok {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("a %v cannot be merged into a %v", reflect.TypeOf(other), reflect.TypeOf(m))})
	}
	return same
}

// sameOptions panics unless the options of two meters that are merged are equal.
func sameOptions[O comparable](op string, own, other O) {
	if own != other {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("what was measured with %+v cannot be merged into %+v", other, own)})
	}
}

// elementsOf is a Variable's own elements and shape.
func elementsOf(v autograd.Variable) data.Array {
	if v.DType() == autograd.Float32 {
		return data.Array{Shape: v.Shape(), Float32s: v.Float32s()}
	}
	return data.Array{Shape: v.Shape(), Float64s: v.Float64s()}
}

// weightOf is the weight of an example of a batch.
func weightOf(batch *data.Batch, example int) float64 {
	if batch.Weights == nil {
		return 1
	}
	return batch.Weights[example]
}

// elementAt is the element of a at a row-major position.
func elementAt(a *data.Array, i int) float64 {
	if a.Float64s != nil {
		return a.Float64s[i]
	}
	return float64(a.Float32s[i])
}
