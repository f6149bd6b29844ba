package nn_test

import (
	"fmt"
	"go/ast"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// metricRow is a metric with what it makes of a batch. A new metric gets rows.
type metricRow struct {
	name    string // what is special, or nothing
	metric  nn.Metric
	outputs data.Array
	labels  []int
	targets data.Array
	want    float64
}

func metricRows() []metricRow {
	nan := math.NaN()
	logits, probabilities := nn.Accuracy{}, nn.Accuracy{Threshold: 0.5}
	return []metricRow{
		{"labels", logits, data.NewArray([]float64{1, 2, 3, 0}, 2, 2), []int{1, 1}, data.Array{}, 0.5},
		{"float32", logits, data.NewArray([]float32{1, 2, 3, 0}, 2, 2), []int{1, 0}, data.Array{}, 1},
		{"the first of equals", logits, data.NewArray([]float64{2, 2, 3, 3}, 2, 2), []int{0, 1}, data.Array{}, 0.5},
		{"examples left out", logits, data.NewArray([]float64{1, 2, 3, 0}, 2, 2), []int{-1, 0}, data.Array{}, 1},
		{"all left out", logits, data.NewArray([]float64{1, 2}, 1, 2), []int{-1}, data.Array{}, nan},
		{"logits", logits, data.NewArray([]float64{-1, 0, 0.1}, 3, 1), []int{0, 0, 1}, data.Array{}, 1},
		{"probabilities", probabilities, data.NewArray([]float64{0.1, 0.5, 0.6}, 3), []int{0, 0, 0}, data.Array{}, 2. / 3},
		{"targets", logits, data.NewArray([]float64{1, 2, 3, 0}, 2, 2), nil, data.NewArray([]float64{0, 1, 0.2, 0.8}, 2, 2), 0.5},
		{"single targets", logits, data.NewArray([]float64{1, -2}, 2, 1), nil, data.NewArray([]float64{1, 0.5}, 2, 1), 1},
		{"NaN", logits, data.NewArray([]float64{nan, 1, 0, nan}, 2, 2), []int{0, 0}, data.Array{}, 0},
		{"NaN as a single output", logits, data.NewArray([]float64{nan}, 1, 1), []int{0}, data.Array{}, 0},
		{"a label for each position", logits, data.NewArray([]float64{1, 2, 3, 0, 0, 1, 5, 4}, 2, 2, 2), []int{1, 0, -1, 1}, data.Array{}, 2. / 3},
		{"a single output for each position", logits, data.NewArray([]float64{1, -2, 3, 0}, 2, 2), []int{1, 0, 1, 1}, data.Array{}, 0.75},
		{"targets of several axes", logits, data.NewArray([]float64{1, 2, 3, 0}, 2, 2), nil, data.NewArray([]float64{0, 1, 0.2, 0.8}, 2, 2, 1), 0.5},
		{"NaN where the target is", logits, data.NewArray([]float64{nan, 1}, 1, 2), nil, data.NewArray([]float64{nan, 0}, 1, 2), 0},
	}
}

func TestMetrics(t *testing.T) {
	for _, row := range metricRows() {
		t.Run(row.metric.Name()+" "+row.name, func(t *testing.T) {
			batch := &data.Batch{Len: row.outputs.Rows(), Labels: row.labels, Y: row.targets}
			for range 2 { // each measurement begins anew
				meter := row.metric.Begin()
				meter.Add(row.outputs, batch)
				if diff := cmp.Diff(row.want, meter.Value(), cmpopts.EquateNaNs()); diff != "" {
					t.Errorf("the value differs (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// TestMetricRows sees that every exported metric has rows.
func TestMetricRows(t *testing.T) {
	rows := map[string]bool{}
	for _, row := range metricRows() {
		rows[fmt.Sprintf("%T", row.metric)] = true
	}
	found := 0
	for _, file := range sourceFiles(t, "*.go") {
		for _, declaration := range file.Decls {
			f, ok := declaration.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Begin" || len(f.Type.Params.List) > 0 {
				continue
			}
			found++
			if name := strings.TrimPrefix(typeText(f.Recv.List[0].Type), "*"); !rows["nn."+name] && !rows["*nn."+name] {
				t.Errorf("nn.%s has no rows in metricRows", name)
			}
		}
	}
	if found == 0 {
		t.Error("no metrics were found")
	}
}

func TestAccuracyRejectsWhatDoesNotFit(t *testing.T) {
	output := data.NewArray([]float64{1, 2}, 2, 1)
	expectValueError(t, "Accuracy", func() { nn.Accuracy{}.Begin().Add(output, &data.Batch{Len: 2}) })
	expectValueError(t, "Accuracy", func() { nn.Accuracy{}.Begin().Add(output, &data.Batch{Len: 3, Labels: []int{0, 1, 0}}) })
	expectValueError(t, "Accuracy", func() {
		nn.Accuracy{}.Begin().Add(data.NewArray([]float64{1, 2, 3, 4}, 2, 2), &data.Batch{Len: 1, Labels: []int{0}})
	})
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
