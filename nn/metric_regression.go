package nn

import (
	"fmt"
	"iter"
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// Metrics of numbers: outputs and targets have one shape, [batch, …].

// MeanSquaredError is the mean of (output − target)² over all elements.
type MeanSquaredError struct{}

// Name is "mse".
func (MeanSquaredError) Name() string { return "mse" }

// Begin starts with no examples.
func (MeanSquaredError) Begin() Meter {
	return newErrorMeter("nn.MeanSquaredError", squaredError, nil)
}

// RootMeanSquaredError is the square root of the mean of (output − target)² over all elements.
type RootMeanSquaredError struct{}

// Name is "rmse".
func (RootMeanSquaredError) Name() string { return "rmse" }

// Begin starts with no examples.
func (RootMeanSquaredError) Begin() Meter {
	return newErrorMeter("nn.RootMeanSquaredError", squaredError, math.Sqrt)
}

func squaredError(output, target float64) float64 { return (output - target) * (output - target) }

// MeanAbsoluteError is the mean of |output − target| over all elements.
type MeanAbsoluteError struct{}

// Name is "mae".
func (MeanAbsoluteError) Name() string { return "mae" }

// Begin starts with no examples.
func (MeanAbsoluteError) Begin() Meter {
	return newErrorMeter("nn.MeanAbsoluteError", func(output, target float64) float64 { return math.Abs(output - target) }, nil)
}

// MeanAbsolutePercentageError is the mean of |output − target| / |target| over all elements:
// a fraction, 0.05 for 5 %. A target nearer to 0 than 2⁻⁵² counts as that far from it, which
// makes the mean large.
type MeanAbsolutePercentageError struct{}

// Name is "mape".
func (MeanAbsolutePercentageError) Name() string { return "mape" }

// Begin starts with no examples.
func (MeanAbsolutePercentageError) Begin() Meter {
	return newErrorMeter("nn.MeanAbsolutePercentageError", func(output, target float64) float64 {
		return math.Abs(output-target) / max(math.Abs(target), 0x1p-52)
	}, nil)
}

// errorMeter is the mean of a function of outputs and targets, or a function of that.
type errorMeter struct {
	op string
	of func(output, target float64) float64
	weightedMean
}

func newErrorMeter(op string, of func(output, target float64) float64, then func(mean float64) float64) Meter {
	return &errorMeter{op, of, weightedMean{then: then}}
}

func (m *errorMeter) Add(output data.Array, batch *data.Batch) {
	row := checkTargets(m.op, output, batch)
	for i := range row * output.Rows() {
		if weight := weightOf(batch, i/row); weight != 0 {
			m.take(m.of(elementAt(&output, i), elementAt(&batch.Y, i)), weight)
		}
	}
}

func (m *errorMeter) Merge(other Meter) {
	o := sameMeter(m.op, m, other)
	sameOptions(m.op, m.op, o.op)
	m.merge(o.weightedMean)
}

// checkTargets is how many outputs an example has; it panics unless they are the numeric
// targets' for the metric named op.
func checkTargets(op string, output data.Array, batch *data.Batch) int {
	if batch.Y.Shape == nil {
		panic(&autograd.ValueError{Op: op, Reason: "the data set has no numeric targets"})
	}
	if !slices.Equal(output.Shape, batch.Y.Shape) {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the model's output has shape %v, the targets %v", output.Shape, batch.Y.Shape)})
	}
	return output.RowSize()
}

// MaxError is the greatest |output − target| of all elements; NaN if one is NaN.
type MaxError struct{}

// Name is "max_error".
func (MaxError) Name() string { return "max_error" }

// Begin starts with no examples.
func (MaxError) Begin() Meter { return &maxMeter{greatest: math.NaN()} }

type maxMeter struct{ greatest, elements float64 }

func (m *maxMeter) Add(output data.Array, batch *data.Batch) {
	row := checkTargets("nn.MaxError", output, batch)
	for i := range row * output.Rows() {
		if weightOf(batch, i/row) != 0 {
			m.take(math.Abs(elementAt(&output, i) - elementAt(&batch.Y, i)))
		}
	}
}

func (m *maxMeter) take(x float64) {
	if m.elements == 0 {
		m.greatest = x
	}
	m.greatest = max(m.greatest, x)
	m.elements++
}

func (m *maxMeter) Merge(other Meter) {
	if o := sameMeter("nn.MaxError", m, other); o.elements > 0 {
		m.take(o.greatest)
	}
}

func (m *maxMeter) State() iter.Seq2[string, autograd.Variable] {
	return numbersState(m.greatest, m.elements)
}

func (m *maxMeter) Restore(state map[string]autograd.Variable) error {
	return restoreNumbers(state, &m.greatest, &m.elements)
}

func (m *maxMeter) Value() float64 { return m.greatest }
