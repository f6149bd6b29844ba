package nn_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// metricRow is a metric with what it makes of outputs. A new metric gets rows.
type metricRow struct {
	metric  nn.Metric
	name    string // what is special, or nothing
	outputs data.Array
	labels  []int
	targets data.Array
	weights []float64
	want    float64
}

// array is numbers of a shape, or with one axis.
func array(numbers []float64, shape ...int) data.Array { return data.NewArray(numbers, shape...) }

// classColumns is outputs that say for each example one of three classes, -1 for a NaN.
func classColumns(classes ...int) data.Array {
	numbers := make([]float64, 3*len(classes))
	for i, class := range classes {
		if class < 0 {
			numbers[3*i] = math.NaN()
		} else {
			numbers[3*i+class] = 1
		}
	}
	return array(numbers, len(classes), 3)
}

func metricRows() []metricRow {
	nan, ln := math.NaN(), math.Log
	pairs := func(numbers ...float64) data.Array { return array(numbers, len(numbers)/2, 2) }
	column := func(numbers ...float64) data.Array { return array(numbers, len(numbers), 1) }
	// Of classes 0, 1 and 2 there are 3, 2 and 1; 2, 3 and 1 are predicted, and 2, 1 and 0 right.
	labels, predicted := []int{0, 0, 0, 1, 1, 2}, classColumns(0, 0, 1, 1, 2, 1)
	// Ties, and of each score of class 1 against those of class 0: ½+1, 0+½ and 1+1 of 2 each.
	twoClasses, scores := []int{1, 0, 1, 0, 1}, column(0.5, 0.5, 0.1, 0.1, 0.9)
	// A row of probabilities 0.5, 0.25 and 0.25, in two forms.
	logits, probabilities := array([]float64{ln(2), 0, 0}, 1, 3), array([]float64{0.5, 0.25, 0.25}, 1, 3)

	return []metricRow{
		{metric: nn.Accuracy{}, outputs: pairs(1, 2, 3, 0), labels: []int{1, 1}, want: 0.5},
		{metric: nn.Accuracy{}, name: "the first of equals", outputs: pairs(2, 2, 3, 3), labels: []int{0, 1}, want: 0.5},
		{metric: nn.Accuracy{}, name: "examples left out", outputs: pairs(1, 2, 3, 0), labels: []int{-1, 0}, want: 1},
		{metric: nn.Accuracy{}, name: "all left out", outputs: pairs(1, 2), labels: []int{-1}, want: nan},
		{metric: nn.Accuracy{}, name: "logits", outputs: column(-1, 0, 0.1), labels: []int{0, 0, 1}, want: 1},
		{metric: nn.Accuracy{Threshold: 0.5}, name: "probabilities", outputs: array([]float64{0.125, 0.5, 0.75}), labels: []int{0, 0, 0}, want: 2. / 3},
		{metric: nn.Accuracy{}, name: "targets", outputs: pairs(1, 2, 3, 0), targets: pairs(0, 1, 0.2, 0.8), want: 0.5},
		{metric: nn.Accuracy{}, name: "single targets", outputs: column(1, -2), targets: column(1, 0.5), want: 1},
		{metric: nn.Accuracy{}, name: "NaN", outputs: pairs(nan, 1, 0, nan), labels: []int{0, 0}, want: 0},
		{metric: nn.Accuracy{}, name: "NaN as a single output", outputs: column(nan), labels: []int{0}, want: 0},
		{metric: nn.Accuracy{}, name: "a label for each position", outputs: array([]float64{1, 2, 3, 0, 0, 1, 5, 4}, 2, 2, 2), labels: []int{1, 0, -1, 1}, want: 2. / 3},
		{metric: nn.Accuracy{}, name: "a single output for each position", outputs: pairs(1, -2, 3, 0), labels: []int{1, 0, 1, 1}, want: 0.75},
		{metric: nn.Accuracy{ClassAxis: 1}, name: "images", outputs: array([]float64{1, 2, 9, 4, 5, 0, 7, 3}, 1, 2, 2, 2), labels: []int{1, 0, 1, -1}, want: 2. / 3},
		{metric: nn.Accuracy{ClassAxis: -2}, name: "an axis from the end", outputs: array([]float64{1, 2, 0, 5}, 1, 2, 2), labels: []int{0, 1}, want: 1},
		{metric: nn.Accuracy{}, name: "targets of several axes", outputs: pairs(1, 2, 3, 0), targets: array([]float64{0, 1, 0.2, 0.8}, 2, 2, 1), want: 0.5},
		{metric: nn.Accuracy{}, name: "NaN where the target is", outputs: pairs(nan, 1), targets: pairs(nan, 0), want: 0},
		{metric: nn.Accuracy{}, name: "weights", outputs: pairs(1, 2, 3, 0, nan, 0), labels: []int{1, 1, 0}, weights: []float64{3, 1, 0}, want: 0.75},
		{metric: nn.OnOutput("head", nn.Accuracy{}), outputs: pairs(1, 2, 3, 0), labels: []int{1, 1}, want: 0.5},
		{metric: nn.Unweighted(nn.Accuracy{}), name: "unweighted", outputs: pairs(1, 2, 3, 0), labels: []int{1, 1}, weights: []float64{3, 1}, want: 0.5},

		{metric: nn.TopKAccuracy{K: 2}, outputs: array([]float64{1, 2, 3, 1, 2, 3}, 2, 3), labels: []int{0, 1}, want: 0.5},
		{metric: nn.TopKAccuracy{K: 2}, name: "ties", outputs: array([]float64{2, 2, 2, 2, 2, 2}, 2, 3), labels: []int{1, 2}, want: 0.5},
		{metric: nn.TopKAccuracy{K: 2}, name: "NaN", outputs: array([]float64{9, 2, nan}, 1, 3), labels: []int{0}, want: 0},
		{metric: nn.TopKAccuracy{}, name: "more than there are", outputs: pairs(1, 2), labels: []int{0}, want: 1},

		{metric: nn.Precision{}, outputs: predicted, labels: labels, want: (1. + 1./3 + 0) / 3},
		{metric: nn.Precision{}, name: "of class 1 of two", outputs: pairs(0, 1, 0, 1, 1, 0), labels: []int{1, 0, 1}, want: 0.5},
		{metric: nn.Precision{}, name: "of a single output", outputs: column(1, 2, -1), labels: []int{1, 0, 1}, want: 0.5},
		{metric: nn.Precision{Average: nn.AverageMicro}, outputs: predicted, labels: labels, want: 0.5},
		{metric: nn.Precision{Average: nn.AverageWeighted}, outputs: predicted, labels: labels, want: (3 + 2./3) / 6},
		{metric: nn.Precision{Average: nn.OneClass, Class: 1}, outputs: predicted, labels: labels, want: 1. / 3},
		{metric: nn.Precision{}, name: "a class that is never predicted", outputs: column(-1, -2), labels: []int{1, 0}, want: 0},
		{metric: nn.Precision{Average: nn.AverageMacro}, name: "a class that is nowhere", outputs: classColumns(0, 1), labels: []int{0, 0}, want: 0.5},
		{metric: nn.Precision{}, name: "NaN", outputs: classColumns(0, -1), labels: []int{0, 0}, want: 1},
		{metric: nn.Precision{}, name: "none that counts", outputs: classColumns(0), labels: []int{-1}, want: nan},
		{metric: nn.Recall{}, outputs: predicted, labels: labels, want: (2./3 + 1./2 + 0) / 3},
		{metric: nn.Recall{Average: nn.AverageMicro}, outputs: predicted, labels: labels, want: 0.5},
		{metric: nn.Recall{Average: nn.AverageWeighted}, outputs: predicted, labels: labels, want: 0.5},
		{metric: nn.Recall{Average: nn.OneClass, Class: 2}, outputs: predicted, labels: labels, want: 0},
		{metric: nn.Recall{}, name: "NaN", outputs: classColumns(0, -1), labels: []int{0, 0}, want: 0.5},
		{metric: nn.Recall{}, name: "weights", outputs: column(1, 1, -1), labels: []int{1, 0, 1}, weights: []float64{3, 5, 1}, want: 0.75},
		{metric: nn.FBeta{}, outputs: predicted, labels: labels, want: (4./5 + 2./5 + 0) / 3},
		{metric: nn.FBeta{Beta: 2}, outputs: column(1, 1, -1), labels: []int{1, 0, 1}, want: 0.5},
		{metric: nn.FBeta{Beta: 0.5, Average: nn.OneClass}, outputs: predicted, labels: labels, want: 2.5 / (0.25*3 + 2)},
		{metric: nn.FBeta{Average: nn.AverageMicro}, outputs: predicted, labels: labels, want: 0.5},
		{metric: nn.FBeta{Average: nn.AverageWeighted}, outputs: predicted, labels: labels, want: (3*4./5 + 2*2./5) / 6},

		{metric: nn.CohenKappa{}, outputs: predicted, labels: labels, want: 1 - (3./6)/(1-(3.*2+2*3+1*1)/36)},
		{metric: nn.CohenKappa{Weights: nn.KappaLinear}, outputs: classColumns(0, 2), labels: []int{1, 2}, want: 1 - 1./2/(4./4)},
		{metric: nn.CohenKappa{Weights: nn.KappaQuadratic}, outputs: classColumns(0, 2), labels: []int{1, 2}, want: 1 - 1./2/(6./4)},
		{metric: nn.CohenKappa{}, name: "chance", outputs: pairs(1, 0, 1, 0, 0, 1, 0, 1), labels: []int{0, 1, 0, 1}, want: 0},
		{metric: nn.CohenKappa{}, name: "one class", outputs: pairs(1, 0), labels: []int{0}, want: nan},
		{metric: nn.CohenKappa{}, name: "NaN", outputs: classColumns(0, -1), labels: []int{0, 1}, want: nan},
		{metric: nn.MatthewsCorrelation{}, outputs: predicted, labels: labels, want: (3*6 - (3.*2 + 2*3 + 1*1)) / 22},
		{metric: nn.MatthewsCorrelation{}, name: "all wrong", outputs: column(-1, 1), labels: []int{1, 0}, want: -1},
		{metric: nn.MatthewsCorrelation{}, name: "one class", outputs: pairs(1, 0, 0, 1), labels: []int{0, 0}, want: 0},
		{metric: nn.MatthewsCorrelation{}, name: "NaN", outputs: classColumns(0, -1), labels: []int{0, 1}, want: nan},

		{metric: nn.ROCAUC{}, outputs: scores, labels: twoClasses, want: 4. / 6},
		{metric: nn.ROCAUC{}, name: "of two outputs", outputs: pairs(1, 1.5, 2, 2.5, 3, 3.125, 0, 0.125, 0, 1), labels: twoClasses, want: 4. / 6},
		{metric: nn.ROCAUC{Average: nn.OneClass}, name: "of class 0", outputs: scores, labels: twoClasses, want: 4. / 6},
		{metric: nn.ROCAUC{}, name: "one class", outputs: scores, labels: []int{1, 1, 1, 1, 1}, want: nan},
		{metric: nn.ROCAUC{}, name: "softmax", outputs: array([]float64{3, 0, 0, 0, 0, 0, 0, 3, 0}, 3, 3), labels: []int{0, 1, 1}, want: 1},
		{metric: nn.ROCAUC{Probabilities: true}, name: "three classes, one of them nowhere", outputs: array([]float64{3, 0, 0, 0, 0, 0, 0, 3, 0}, 3, 3), labels: []int{0, 1, 1}, want: (1. + 0.75) / 2},
		{metric: nn.ROCAUC{Probabilities: true}, name: "scores as they are", outputs: array([]float64{3, 0, 0, 0, 5, 0}, 2, 3), labels: []int{0, 1}, want: 1},
		{metric: nn.ROCAUC{Average: nn.AverageMicro, Probabilities: true}, outputs: array([]float64{3, 0, 0, 1, 0, 0}, 2, 3), labels: []int{0, 1}, want: (4 + 0.5*3) / 8},
		{metric: nn.ROCAUC{Average: nn.AverageWeighted, Probabilities: true}, outputs: array([]float64{3, 0, 0, 0, 0, 0, 0, 3, 0}, 3, 3), labels: []int{0, 1, 1}, want: (1. + 2*0.75) / 3},
		{metric: nn.ROCAUC{}, name: "NaN", outputs: column(1, nan), labels: []int{1, 0}, want: nan},
		{metric: nn.ROCAUC{}, name: "NaN among three", outputs: classColumns(0, -1, 2), labels: []int{0, 1, 2}, want: nan},
		{metric: nn.ROCAUC{}, name: "weights", outputs: scores, labels: twoClasses, weights: []float64{2, 3, 1, 1, 0}, want: (2*(3*0.5+1) + 1*0.5) / (3 * 4)},
		{metric: nn.AveragePrecision{}, outputs: scores, labels: twoClasses, want: (1 + 2./3 + 3./5) / 3},
		{metric: nn.AveragePrecision{}, name: "none of the class", outputs: column(1, 2), labels: []int{0, 0}, want: nan},
		{metric: nn.AveragePrecision{}, name: "one class", outputs: column(1, 2), labels: []int{1, 1}, want: 1},
		{metric: nn.AveragePrecision{}, name: "NaN", outputs: column(1, nan), labels: []int{1, 0}, want: nan},

		{metric: nn.LogLoss{}, outputs: logits, labels: []int{1}, want: ln(4)},
		{metric: nn.LogLoss{Probabilities: true}, outputs: probabilities, labels: []int{0}, want: ln(2)},
		{metric: nn.LogLoss{}, name: "a single output", outputs: column(ln(3), ln(3)), labels: []int{1, 0}, want: (ln(4./3) + ln(4)) / 2},
		{metric: nn.LogLoss{}, name: "far off", outputs: column(1e4, -1e4), labels: []int{0, 0}, want: 5e3},
		{metric: nn.LogLoss{Probabilities: true}, name: "a single output", outputs: column(0.25, 0.25), labels: []int{1, 0}, want: (ln(4) + ln(4./3)) / 2},
		{metric: nn.LogLoss{}, name: "NaN", outputs: column(nan), labels: []int{1}, want: nan},
		{metric: nn.LogLoss{}, name: "weights", outputs: column(ln(3), ln(3)), labels: []int{1, 0}, weights: []float64{3, 1}, want: (3*ln(4./3) + ln(4)) / 4},
		{metric: nn.Perplexity{}, name: "a label for each position", outputs: array([]float64{ln(2), 0, 0, 5, 5, 5, 0, 0, ln(2)}, 1, 3, 3), labels: []int{1, -1, 1}, want: 4},
		{metric: nn.Perplexity{Probabilities: true}, outputs: probabilities, labels: []int{0}, want: 2},
		{metric: nn.BrierScore{}, outputs: logits, labels: []int{1}, want: 0.25 + 0.75*0.75 + 0.0625},
		{metric: nn.BrierScore{}, name: "two outputs", outputs: pairs(0, ln(3)), labels: []int{0}, want: 0.75 * 0.75},
		{metric: nn.BrierScore{}, name: "a single output", outputs: column(ln(3), -ln(3)), labels: []int{0, 0}, want: (0.75*0.75 + 0.25*0.25) / 2},
		{metric: nn.BrierScore{Probabilities: true}, outputs: column(0.75, 0.5), labels: []int{0, 1}, want: (0.75*0.75 + 0.5*0.5) / 2},
		{metric: nn.CalibrationError{Bins: 2, Probabilities: true}, outputs: column(0.25, 0.5, 0.75, 1), labels: []int{1, 0, 1, 1}, want: (math.Abs(0.75-1) + math.Abs(1.75-2)) / 4},
		{metric: nn.CalibrationError{}, outputs: logits, labels: []int{0}, want: 0.5},
		{metric: nn.CalibrationError{}, name: "two outputs", outputs: pairs(ln(3), 0), labels: []int{0}, want: 0.25},
		{metric: nn.CalibrationError{}, name: "weights", outputs: column(ln(3), ln(3)), labels: []int{0, 1}, weights: []float64{1, 3}, want: 0},
		{metric: nn.CalibrationError{}, name: "NaN", outputs: column(nan), labels: []int{0}, want: nan},
		{metric: nn.CalibrationError{}, name: "NaN among three", outputs: classColumns(-1), labels: []int{0}, want: nan},

		{metric: nn.MeanSquaredError{}, outputs: pairs(1, 2, 3, 4), targets: pairs(1, 4, 0, 4), want: (4. + 9) / 4},
		{metric: nn.MeanSquaredError{}, name: "weights", outputs: column(1, 2, nan), targets: column(2, 4, 0), weights: []float64{1, 3, 0}, want: (1 + 3*4.) / 4},
		{metric: nn.RootMeanSquaredError{}, outputs: pairs(1, 2, 3, 4), targets: pairs(1, 4, 0, 4), want: math.Sqrt((4. + 9) / 4)},
		{metric: nn.MeanAbsoluteError{}, outputs: pairs(1, 2, 3, 4), targets: pairs(1, 4, 0, 4), want: 5. / 4},
		{metric: nn.MeanAbsolutePercentageError{}, outputs: column(1, 3), targets: column(2, -4), want: (0.5 + 1.75) / 2},
		{metric: nn.MeanAbsolutePercentageError{}, name: "a target of 0", outputs: column(1), targets: column(0), want: 0x1p52},
		{metric: nn.MaxError{}, outputs: pairs(1, 2, 3, 4), targets: pairs(1, 4, 0, 4), want: 3},
		{metric: nn.MaxError{}, name: "NaN", outputs: column(1, nan, 2), targets: column(0, 0, 0), want: nan},
		{metric: nn.MaxError{}, name: "weights", outputs: column(1, 9), targets: column(0, 0), weights: []float64{0.5, 0}, want: 1},
		{metric: nn.R2{}, outputs: column(1, 2, 4), targets: column(1, 2, 3), want: 0.5},
		{metric: nn.R2{}, name: "several outputs", outputs: pairs(1, 1, 2, 1, 4, 1), targets: pairs(1, 1, 2, 1, 3, 1), want: 0.75},
		{metric: nn.R2{}, name: "far from 0", outputs: column(1e9+1, 1e9+2, 1e9+4), targets: column(1e9+1, 1e9+2, 1e9+3), want: 0.5},
		{metric: nn.R2{}, name: "equal targets", outputs: column(1, 2), targets: column(1, 1), want: 0},
		{metric: nn.R2{}, name: "equal targets and outputs", outputs: column(1, 1), targets: column(1, 1), want: 1},
		{metric: nn.R2{}, name: "a single example", outputs: column(1), targets: column(1), want: nan},
		{metric: nn.R2{}, name: "NaN", outputs: column(1, nan), targets: column(1, 1), want: nan},
		{metric: nn.ExplainedVariance{}, outputs: column(2, 3, 5), targets: column(1, 2, 3), want: 1 - (2./3)/2},
		{metric: nn.ExplainedVariance{}, name: "equal targets, off by a constant", outputs: column(2, 2), targets: column(1, 1), want: 1},
		{metric: nn.ExplainedVariance{}, name: "weights", outputs: column(2, 9, 5), targets: column(1, 2, 3), weights: []float64{1, 0, 1}, want: 0.75},
	}
}

// batch is the row's examples with these numbers.
func (row *metricRow) batch(examples ...int) (output data.Array, batch *data.Batch) {
	batch = &data.Batch{Len: len(examples)}
	if row.labels != nil {
		batch.Labels = []int{}
	}
	positions := len(row.labels) / row.outputs.Rows()
	for _, i := range examples {
		batch.Labels = append(batch.Labels, row.labels[i*positions:(i+1)*positions]...)
		if row.weights != nil {
			batch.Weights = append(batch.Weights, row.weights[i])
		}
	}
	if row.targets.Shape != nil {
		batch.Y = rowsOf(row.targets, examples)
	}
	return rowsOf(row.outputs, examples), batch
}

// rowsOf is rows of an array.
func rowsOf(a data.Array, rows []int) data.Array {
	size := a.RowSize()
	var numbers []float64
	for _, i := range rows {
		numbers = append(numbers, a.Float64s[i*size:(i+1)*size]...)
	}
	return array(numbers, append([]int{len(rows)}, a.Shape[1:]...)...)
}

// all is the numbers of the row's examples.
func (row *metricRow) all() []int {
	examples := make([]int, row.outputs.Rows())
	for i := range examples {
		examples[i] = i
	}
	return examples
}

// measured is a meter that has seen batches of these examples.
func (row *metricRow) measured(batches ...[]int) nn.Meter {
	meter := row.metric.Begin()
	for _, examples := range batches {
		meter.Add(row.batch(examples...))
	}
	return meter
}

// near reports whether two values are equal up to rounding, both NaN included.
func near(x, y, tolerance float64) bool {
	return math.Abs(x-y) <= tolerance*max(1, math.Abs(y)) || math.IsNaN(x) && math.IsNaN(y)
}

func TestMetrics(t *testing.T) {
	for _, row := range metricRows() {
		t.Run(row.metric.Name()+" "+row.name, func(t *testing.T) {
			check := func(what string, meter nn.Meter, want, tolerance float64) {
				t.Helper()
				if got := meter.Value(); !near(got, want, tolerance) {
					t.Errorf("%s: %v, want %v", what, got, want)
				}
			}
			for range 2 { // each measurement begins anew
				check("value", row.measured(row.all()), row.want, 1e-14)
			}
			check("of nothing", row.metric.Begin(), math.NaN(), 0)
			row.checkBatches(t, check)
			row.checkState(t, check)
			row.checkWeights(check)
			row.checkMemory(t, check)
			if name := fmt.Sprintf("%T", row.metric); strings.ToLower(row.metric.Name()) != row.metric.Name() {
				t.Errorf("%s is called %q", name, row.metric.Name())
			}
		})
	}
}

type metricCheck = func(what string, meter nn.Meter, want, tolerance float64)

// checkBatches sees that batches of any size, merged or not, give the same value.
func (row *metricRow) checkBatches(t *testing.T, check metricCheck) {
	t.Helper()
	merged := row.metric.Begin()
	var single [][]int
	for _, i := range row.all() {
		single = append(single, []int{i})
		one := row.measured([]int{i})
		before := one.Value()
		merged.Merge(one)
		check("what was merged", one, before, 0)
	}
	check("examples one by one", row.measured(single...), row.want, 1e-12)
	check("meters merged", merged, row.want, 1e-12)
	merged = row.measured(row.all())
	merged.Merge(row.metric.Begin())
	check("merged with nothing", merged, row.want, 1e-14)
	var halves [2]nn.Meter // twice the same gives the same bits
	for k := range halves {
		halves[k] = row.measured(row.all()[:len(single)/2])
		halves[k].Merge(row.measured(row.all()[len(single)/2:]))
	}
	if a, b := halves[0].Value(), halves[1].Value(); math.Float64bits(a) != math.Float64bits(b) {
		t.Errorf("merged twice: %v and %v", a, b)
	}
}

// checkState sees that a measurement that was saved goes on with the same bits.
func (row *metricRow) checkState(t *testing.T, check metricCheck) {
	t.Helper()
	for _, n := range []int{0, 1, len(row.all())} {
		meter := row.measured(row.all()[:n])
		if n == 0 {
			meter = row.metric.Begin()
		}
		state := map[string]autograd.Variable{}
		for name, v := range meter.(nn.Stateful).State() {
			state[name] = v
		}
		restored := row.metric.Begin()
		if err := restored.(nn.Stateful).Restore(state); err != nil {
			t.Fatal(err)
		}
		for _, m := range []nn.Meter{meter, restored} {
			m.Add(row.batch(row.all()...))
		}
		if a, b := meter.Value(), restored.Value(); math.Float64bits(a) != math.Float64bits(b) {
			t.Errorf("restored after %d examples: %v, want %v", n, b, a)
		}
		for name, bad := range map[string]map[string]autograd.Variable{
			"nothing": {}, "another name": {"x": autograd.New([]float64{1, 2})}, "more": {"numbers": autograd.New(make([]float64, 999))},
			"another type": {"numbers": autograd.New([]float32{1, 2})}, "three": {"numbers": autograd.New([]float64{math.NaN(), 1, 2})},
		} {
			if err := restored.(nn.Stateful).Restore(bad); err == nil {
				t.Errorf("%s was restored", name)
			}
		}
	}
}

// checkWeights sees that an example of weight n counts as n of them, unless weights do not
// count.
func (row *metricRow) checkWeights(check metricCheck) {
	if row.weights != nil || math.IsNaN(row.want) {
		return
	}
	weighted, repeated := *row, []int(nil)
	for _, i := range row.all() {
		n := (i + 2) % 4
		weighted.weights = append(weighted.weights, float64(n))
		repeated = append(repeated, slices.Repeat([]int{i}, n)...)
	}
	check("weighted", weighted.measured(row.all()), row.measured(repeated).Value(), 1e-12)
	unweighted := weighted
	unweighted.metric = nn.Unweighted(row.metric)
	check("unweighted", unweighted.measured(row.all()), row.want, 1e-14)
	merged := unweighted.metric.Begin()
	merged.Merge(unweighted.measured(row.all()))
	check("unweighted and merged", merged, row.want, 1e-14)
	clear(weighted.weights)
	check("of weight 0", weighted.measured(row.all()), math.NaN(), 0)
}

// checkMemory sees that float32 does as well, and that a meter does not keep what it is given.
func (row *metricRow) checkMemory(t *testing.T, check metricCheck) {
	t.Helper()
	output, batch := row.batch(row.all()...)
	narrow := data.Array{Shape: output.Shape, Float32s: make([]float32, len(output.Float64s))}
	for i, x := range output.Float64s {
		narrow.Float32s[i] = float32(x)
	}
	meter := row.metric.Begin()
	meter.Add(narrow, batch)
	if row.name != "far from 0" {
		check("float32", meter, row.want, 1e-6)
	}
	kind := strings.TrimPrefix(fmt.Sprintf("%T", row.metric), "nn.")
	if allocations := testing.AllocsPerRun(5, func() { meter.Add(narrow, batch) }); allocations > 0 && kind != "ROCAUC" && kind != "AveragePrecision" {
		t.Errorf("%v allocations a batch", allocations)
	}
	meter = row.metric.Begin()
	meter.Add(output, batch)
	for i := range output.Float64s {
		output.Float64s[i] = 7
	}
	clear(batch.Labels)
	clear(batch.Weights)
	clear(batch.Y.Float64s)
	check("overwritten", meter, row.want, 1e-14)
}

func TestMetricNames(t *testing.T) {
	for want, metric := range map[string]nn.Metric{
		"accuracy":           nn.Accuracy{},
		"top5_accuracy":      nn.TopKAccuracy{},
		"top3_accuracy":      nn.Unweighted(nn.TopKAccuracy{K: 3}),
		"head_accuracy":      nn.OnOutput("head", nn.Accuracy{}),
		"head_rmse":          nn.Unweighted(nn.OnOutput("head", nn.RootMeanSquaredError{})),
		"precision":          nn.Precision{},
		"recall_macro":       nn.Recall{Average: nn.AverageMacro},
		"f1_micro":           nn.FBeta{Average: nn.AverageMicro},
		"f0.5_class3":        nn.FBeta{Beta: 0.5, Average: nn.OneClass, Class: 3},
		"roc_auc_weighted":   nn.ROCAUC{Average: nn.AverageWeighted},
		"average_precision":  nn.AveragePrecision{},
		"explained_variance": nn.ExplainedVariance{},
	} {
		if got := metric.Name(); got != want {
			t.Errorf("%#v is called %q, want %q", metric, got, want)
		}
	}
}

// What does not fit is refused, and says why.
func TestMetricsRefuse(t *testing.T) {
	labels := &data.Batch{Len: 2, Labels: []int{0, 1}}
	three := &data.Batch{Len: 3, Labels: []int{0, 1, 0}}
	wide, column := array([]float64{1, 2, 3, 4, 5, 6}, 2, 3), array([]float64{1, 2}, 2, 1)
	for name, f := range map[string]func(){
		"neither labels nor targets":       func() { nn.Accuracy{}.Begin().Add(column, &data.Batch{Len: 2}) },
		"has shape [2 1] for 3 labels":     func() { nn.Accuracy{}.Begin().Add(column, three) },
		"has shape [2 3] for 3 labels":     func() { nn.FBeta{}.Begin().Add(wide, three) },
		"the targets [2 2]":                func() { nn.Accuracy{}.Begin().Add(wide, &data.Batch{Len: 2, Y: array([]float64{1, 2, 3, 4}, 2, 2)}) },
		"one for each class":               func() { nn.TopKAccuracy{}.Begin().Add(column, labels) },
		"K is -1":                          func() { nn.TopKAccuracy{K: -1}.Begin() },
		"there is no Average(9)":           func() { nn.Precision{Average: 9}.Begin() },
		"Class is 2, with Average macro":   func() { nn.ROCAUC{Average: nn.AverageMacro, Class: 2}.Begin() },
		"Class is -1":                      func() { nn.Recall{Average: nn.OneClass, Class: -1}.Begin() },
		"Class is 3, of 3 classes":         func() { nn.Recall{Average: nn.OneClass, Class: 3}.Begin().Add(wide, labels) },
		"Beta is -2":                       func() { nn.FBeta{Beta: -2}.Begin() },
		"there is no KappaWeights(3)":      func() { nn.CohenKappa{Weights: 3}.Begin() },
		"Bins is -1":                       func() { nn.CalibrationError{Bins: -1}.Begin() },
		"is it a logit":                    func() { nn.BrierScore{Probabilities: true}.Begin().Add(column, labels) },
		"3 classes, after 2":               func() { m := new(nn.ConfusionMatrix); m.Add(column, labels); m.Add(wide, labels) },
		"a number of classes that differs": func() { m := new(nn.Ranking); m.Add(column, labels); m.Add(wide, labels) },
		"is NaN": func() {
			new(nn.ConfusionMatrix).Add(column, &data.Batch{Len: 2, Y: array([]float64{math.NaN(), 1}, 2, 1)})
		},
		"a target is NaN":                                func() { new(nn.Ranking).Add(column, &data.Batch{Len: 2, Y: array([]float64{math.NaN(), 1}, 2, 1)}) },
		"the data set has no numeric targets":            func() { nn.R2{}.Begin().Add(column, labels) },
		"the model's output has shape [2 1], the target": func() { nn.MeanAbsoluteError{}.Begin().Add(column, &data.Batch{Len: 2, Y: array([]float64{1, 2})}) },
		"2 outputs, after 1": func() {
			m := nn.R2{}.Begin()
			m.Add(column, &data.Batch{Len: 2, Y: column})
			m.Add(array([]float64{1, 2}, 1, 2), &data.Batch{Len: 1, Y: array([]float64{1, 2}, 1, 2)})
		},
	} {
		t.Run(name, func(t *testing.T) { expectRefusal(t, name, f) })
	}
}

// expectRefusal sees that f panics with a ValueError that says this.
func expectRefusal(t *testing.T, says string, f func()) {
	t.Helper()
	var valueError *autograd.ValueError
	if err := autograd.Try(f); !errors.As(err, &valueError) || !strings.Contains(err.Error(), says) {
		t.Errorf("got %v, want a ValueError that says %q", err, says)
	}
}

// A label that is no class is one of the batch: with its place.
func TestMetricsRefuseLabels(t *testing.T) {
	output := array([]float64{1, 2, 3, 4, 5, 6}, 2, 3)
	for _, metric := range []nn.Metric{nn.Accuracy{}, nn.Precision{}, nn.ROCAUC{}, nn.LogLoss{}, nn.CalibrationError{}} {
		err := autograd.Try(func() { metric.Begin().Add(output, &data.Batch{Len: 2, Labels: []int{0, 3}}) })
		if err == nil || !strings.Contains(err.Error(), "index 3 at position 1 is outside 0…2") {
			t.Errorf("%s: %v", metric.Name(), err)
		}
	}
}

// Meters of two kinds, or with two options, are not merged.
func TestMetersOfTwoKinds(t *testing.T) {
	metrics := []nn.Metric{nn.Accuracy{}, nn.Accuracy{Threshold: 0.5}, nn.TopKAccuracy{K: 2}, nn.Precision{}, nn.Precision{Average: nn.AverageMicro}, nn.Recall{}, nn.FBeta{}, nn.FBeta{Beta: 2},
		nn.CohenKappa{}, nn.CohenKappa{Weights: nn.KappaLinear}, nn.MatthewsCorrelation{}, nn.ROCAUC{}, nn.ROCAUC{Probabilities: true}, nn.AveragePrecision{}, nn.LogLoss{}, nn.BrierScore{}, nn.Perplexity{},
		nn.CalibrationError{}, nn.CalibrationError{Bins: 3}, nn.MeanSquaredError{}, nn.RootMeanSquaredError{}, nn.MeanAbsoluteError{}, nn.MaxError{}, nn.R2{}, nn.ExplainedVariance{}, nn.Unweighted(nn.Accuracy{}), nn.OnOutput("a", nn.Accuracy{}), nn.OnOutput("b", nn.Accuracy{}), nn.OnOutput("a", nn.R2{})}
	for i, a := range metrics {
		for j, b := range metrics {
			if i != j {
				expectRefusal(t, "cannot be merged", func() { a.Begin().Merge(b.Begin()) })
			}
		}
	}
}

func TestScores(t *testing.T) {
	scores := nn.Scores{{Name: "loss", Value: 0.08124}, {Name: "accuracy", Value: 0.9765}}
	if got := scores.String(); got != "loss: 0.0812 - accuracy: 0.9765" {
		t.Errorf("got %q", got)
	}
	if got, ok := scores.Get("accuracy"); got != 0.9765 || !ok {
		t.Errorf("accuracy is %v, %v", got, ok)
	}
	if got, ok := scores.Get("acuracy"); ok {
		t.Errorf("a score that is not there is %v", got)
	}
	if diff := cmp.Diff("", nn.Scores(nil).String()); diff != "" {
		t.Error(diff)
	}
}
