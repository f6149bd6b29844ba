package nn_test

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

func TestAccuracy(t *testing.T) {
	nan := math.NaN()
	for _, test := range []struct {
		name      string
		threshold float64
		outputs   data.Array
		labels    []int
		targets   data.Array
		want      float64
	}{
		{"labels", 0, data.NewArray([]float64{1, 2, 3, 0}, 2, 2), []int{1, 1}, data.Array{}, 0.5},
		{"float32", 0, data.NewArray([]float32{1, 2, 3, 0}, 2, 2), []int{1, 0}, data.Array{}, 1},
		{"the first of equals", 0, data.NewArray([]float64{2, 2, 3, 3}, 2, 2), []int{0, 1}, data.Array{}, 0.5},
		{"examples left out", 0, data.NewArray([]float64{1, 2, 3, 0}, 2, 2), []int{-1, 0}, data.Array{}, 1},
		{"all left out", 0, data.NewArray([]float64{1, 2}, 1, 2), []int{-1}, data.Array{}, nan},
		{"logits", 0, data.NewArray([]float64{-1, 0, 0.1}, 3, 1), []int{0, 0, 1}, data.Array{}, 1},
		{"probabilities", 0.5, data.NewArray([]float64{0.1, 0.5, 0.6}, 3), []int{0, 0, 0}, data.Array{}, 2. / 3},
		{"targets", 0, data.NewArray([]float64{1, 2, 3, 0}, 2, 2), nil, data.NewArray([]float64{0, 1, 0.2, 0.8}, 2, 2), 0.5},
		{"single targets", 0, data.NewArray([]float64{1, -2}, 2, 1), nil, data.NewArray([]float64{1, 0.5}, 2, 1), 1},
		{"NaN", 0, data.NewArray([]float64{nan, 1, 0, nan}, 2, 2), []int{0, 0}, data.Array{}, 0},
		{"NaN as a single output", 0, data.NewArray([]float64{nan}, 1, 1), []int{0}, data.Array{}, 0},
		{"NaN where the target is", 0, data.NewArray([]float64{nan, 1}, 1, 2), nil, data.NewArray([]float64{nan, 0}, 1, 2), 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			meter := nn.Accuracy{Threshold: test.threshold}.Begin()
			meter.Add(test.outputs, &data.Batch{Len: test.outputs.Rows(), Labels: test.labels, Y: test.targets})
			if diff := cmp.Diff(test.want, meter.Value(), cmpopts.EquateNaNs()); diff != "" {
				t.Errorf("accuracy differs (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAccuracyRejectsWhatDoesNotFit(t *testing.T) {
	output := data.NewArray([]float64{1, 2}, 2, 1)
	expectValueError(t, "Accuracy", func() { nn.Accuracy{}.Begin().Add(output, &data.Batch{Len: 2}) })
	expectValueError(t, "Accuracy", func() { nn.Accuracy{}.Begin().Add(output, &data.Batch{Len: 3, Labels: []int{0, 1, 0}}) })
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
}
