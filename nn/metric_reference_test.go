package nn_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io/fs"
	"math"
	"os"
	"testing"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

const metricTolerance = 1e-12

// metricCase is what scikit-learn computed. Files with expect have several numbers of a
// prediction; those with metric have one, or a curve.
type metricCase struct {
	Name    string           `json:"name"`
	Op      string           `json:"op"`
	Metric  string           `json:"metric"`
	Options metricOptions    `json:"options"`
	Outputs reference.Tensor `json:"outputs"`
	Labels  []int            `json:"labels"`
	Targets reference.Tensor `json:"targets"`
	Weights []float64        `json:"weights"`
	Want    json.RawMessage  `json:"want"`

	Classes   int                        `json:"classes"`
	Target    []float64                  `json:"target"`
	Predicted []float64                  `json:"predicted"`
	Score     []float64                  `json:"score"`
	Expect    map[string]json.RawMessage `json:"expect"`
}

// metricOptions are scikit-learn's names.
type metricOptions struct {
	Average string  `json:"average"`
	Class   int     `json:"class"`
	Beta    float64 `json:"beta"`
	Kappa   string  `json:"kappa"`
	K       int     `json:"k"`
	Bins    int     `json:"bins"`
}

var averages = map[string]nn.Average{
	"": nn.AverageDefault, "default": nn.AverageDefault, "macro": nn.AverageMacro, "micro": nn.AverageMicro, "weighted": nn.AverageWeighted, "class": nn.OneClass,
}

var kappas = map[string]nn.KappaWeights{"": nn.KappaUnweighted, "linear": nn.KappaLinear, "quadratic": nn.KappaQuadratic}

// begin starts the measurement that a name stands for, of outputs that are probabilities; nil
// if there is none.
func (o metricOptions) begin(name string) nn.Meter {
	average := averages[o.Average]
	metrics := map[string]nn.Metric{
		"accuracy":             nn.Accuracy{Threshold: 0.5},
		"top_k_accuracy":       nn.TopKAccuracy{K: o.K},
		"precision":            nn.Precision{Average: average, Threshold: 0.5},
		"recall":               nn.Recall{Average: average, Threshold: 0.5},
		"fbeta":                nn.FBeta{Average: average, Class: o.Class, Beta: o.Beta, Threshold: 0.5},
		"cohen_kappa":          nn.CohenKappa{Weights: kappas[o.Kappa], Threshold: 0.5},
		"matthews_correlation": nn.MatthewsCorrelation{Threshold: 0.5},
		"roc_auc":              nn.ROCAUC{Average: average, Probabilities: true},
		"average_precision":    nn.AveragePrecision{Average: average, Probabilities: true},
		"log_loss":             nn.LogLoss{Probabilities: true},
		"perplexity":           nn.Perplexity{Probabilities: true},
		"brier_score":          nn.BrierScore{Probabilities: true},
		"mse":                  nn.MeanSquaredError{},
		"rmse":                 nn.RootMeanSquaredError{},
		"mae":                  nn.MeanAbsoluteError{},
		"mape":                 nn.MeanAbsolutePercentageError{},
		"max_error":            nn.MaxError{},
		"r2":                   nn.R2{},
		"explained_variance":   nn.ExplainedVariance{},
	}
	switch name {
	case "confusion_matrix":
		return &nn.ConfusionMatrix{}
	case "roc", "precision_recall":
		return &nn.Ranking{Probabilities: true}
	case "reliability":
		return &nn.Reliability{Probabilities: true, Bins: o.Bins}
	}
	if metric, ok := metrics[name]; ok {
		return metric.Begin()
	}
	return nil
}

// result is what a meter says, as numbers or rows of numbers.
func (o metricOptions) result(name string, meter nn.Meter) any {
	var rows [][]float64
	switch name {
	case "confusion_matrix":
		return meter.(*nn.ConfusionMatrix).Counts()
	case "roc":
		for _, p := range meter.(*nn.Ranking).ROC(o.Class)[1:] {
			rows = append(rows, []float64{p.FalsePositiveRate, p.TruePositiveRate, p.Threshold})
		}
	case "precision_recall":
		for _, p := range meter.(*nn.Ranking).PrecisionRecall(o.Class)[1:] {
			rows = append(rows, []float64{p.Recall, p.Precision, p.Threshold})
		}
	case "reliability":
		for _, p := range meter.(*nn.Reliability).Points() {
			rows = append(rows, []float64{p.Predicted, p.Observed})
		}
	default:
		return meter.Value()
	}
	return rows
}

// averaged are the expectations of files with expect that are not called as above.
var averaged = map[string]struct {
	name    string
	options metricOptions
}{
	"precision_macro": {"precision", metricOptions{Average: "macro"}}, "precision_micro": {"precision", metricOptions{Average: "micro"}}, "precision_weighted": {"precision", metricOptions{Average: "weighted"}},
	"recall_macro": {"recall", metricOptions{Average: "macro"}}, "recall_micro": {"recall", metricOptions{Average: "micro"}}, "recall_weighted": {"recall", metricOptions{Average: "weighted"}},
	"f1_macro": {"fbeta", metricOptions{Average: "macro"}}, "f1_micro": {"fbeta", metricOptions{Average: "micro"}}, "f1_weighted": {"fbeta", metricOptions{Average: "weighted"}},
}

// check compares a case with what this package computes. skipped is that there is something
// in it that has no counterpart.
func (c *metricCase) check() (skipped bool, err error) {
	if c.Expect == nil {
		meter := c.Options.begin(c.Metric)
		if meter == nil {
			return true, nil
		}
		return false, c.compare(c.Metric, c.Options, meter, c.Want)
	}
	for expectation, want := range c.Expect {
		name, options := expectation, metricOptions{}
		if a, ok := averaged[expectation]; ok {
			name, options = a.name, a.options
		}
		meter := options.begin(name)
		if meter == nil || !c.predict(name) {
			return true, fmt.Errorf("%s: there is no %s", c.Name, expectation)
		}
		if err := c.compare(name, options, meter, want); err != nil {
			return false, err
		}
	}
	return false, nil
}

// predict makes outputs of predictions.
func (c *metricCase) predict(name string) bool {
	n := len(c.Target)
	c.Labels, c.Targets = nil, reference.Tensor{}
	c.Outputs = reference.Tensor{Shape: []int{n, 1}, Data: make([]reference.Number, n)}
	switch c.Op {
	case "classification":
		c.Outputs = reference.Tensor{Shape: []int{n, c.Classes}, Data: make([]reference.Number, n*c.Classes)}
		for i, class := range c.Predicted {
			c.Outputs.Data[i*c.Classes+int(class)] = 1
		}
	case "roc_auc":
		for i, score := range c.Score {
			if name == "log_loss" { // as the cases' note says
				score = min(max(score, 0.01), 0.99)
			}
			c.Outputs.Data[i] = reference.Number(score)
		}
	case "regression":
		for i, x := range c.Predicted {
			c.Outputs.Data[i] = reference.Number(x)
		}
		c.Targets = reference.Tensor{Shape: []int{n, 1}}
		for _, x := range c.Target {
			c.Targets.Data = append(c.Targets.Data, reference.Number(x))
		}
		return true
	default:
		return false
	}
	for _, class := range c.Target {
		c.Labels = append(c.Labels, int(class))
	}
	return true
}

// compare measures the case in three batches, the last of them by another meter.
func (c *metricCase) compare(name string, options metricOptions, meter nn.Meter, want json.RawMessage) error {
	row := metricRow{outputs: numbersOf(&c.Outputs), labels: c.Labels, targets: numbersOf(&c.Targets), weights: c.Weights}
	all := row.all()
	third := len(all) / 3
	other := options.begin(name)
	other.Add(row.batch(all[2*third:]...))
	meter.Add(row.batch(all[:third]...))
	meter.Add(row.batch(all[third : 2*third]...))
	meter.Merge(other)
	got := options.result(name, meter)
	if rows, ok := got.([][]float64); ok {
		var numbers [][]reference.Number
		if err := json.Unmarshal(want, &numbers); err != nil {
			return err
		}
		return compareRows(c.Name, rows, numbers)
	}
	var number reference.Number
	if err := json.Unmarshal(want, &number); err != nil {
		return err
	}
	if !near(got.(float64), float64(number), metricTolerance) {
		return fmt.Errorf("%s, %s: %v, want %v", c.Name, name, got, number)
	}
	return nil
}

func compareRows(name string, got [][]float64, want [][]reference.Number) error {
	if len(got) != len(want) {
		return fmt.Errorf("%s: %d rows %v, want %d", name, len(got), got, len(want))
	}
	for i, row := range got {
		if len(row) != len(want[i]) {
			return fmt.Errorf("%s: row %d: %v, want %v", name, i, row, want[i])
		}
		for j, x := range row {
			if !near(x, float64(want[i][j]), metricTolerance) {
				return fmt.Errorf("%s: row %d: %v, want %v", name, i, row, want[i])
			}
		}
	}
	return nil
}

// numbersOf is a tensor as an array; the zero Array for none.
func numbersOf(t *reference.Tensor) data.Array {
	if t.Shape == nil {
		return data.Array{}
	}
	numbers := make([]float64, len(t.Data))
	for i, x := range t.Data {
		numbers[i] = float64(x)
	}
	return array(numbers, t.Shape...)
}

// TestReferenceMetrics compares metrics with what scikit-learn computed, of this package's
// file and of the directory that the environment adds. All must pass.
func TestReferenceMetrics(t *testing.T) {
	const file = "metrics.jsonl.gz"
	reference.Each(t, os.DirFS("testdata"), file, func(t *testing.T, dir fs.FS) { runMetricCases(t, dir, file) })
}

// TestMetricsOfScikitLearn is about ties, weights, curves and classes that do not occur.
func TestMetricsOfScikitLearn(t *testing.T) {
	runMetricCases(t, os.DirFS("testdata"), "sklearn.jsonl.gz")
}

func runMetricCases(t *testing.T, dir fs.FS, file string) {
	passed, failed, skipped := 0, 0, 0
	cases := metricCases(t, dir, file)
	for _, c := range cases {
		switch skip, err := c.check(); {
		case skip:
			skipped++
		case err != nil:
			failed++
			t.Error(err)
		default:
			passed++
		}
	}
	t.Logf("%s: %d passed, %d failed, %d skipped", file, passed, failed, skipped)
	if passed == 0 || skipped > 0 || passed+failed+skipped != len(cases) {
		t.Errorf("%s: of %d cases %d passed and %d were skipped, want all to pass", file, len(cases), passed, skipped)
	}
}

func metricCases(t *testing.T, dir fs.FS, file string) []*metricCase {
	t.Helper()
	f, err := dir.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	unzipped, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var cases []*metricCase
	lines := bufio.NewScanner(unzipped)
	lines.Buffer(nil, 16<<20)
	for lines.Scan() {
		c := new(metricCase)
		if err := json.Unmarshal(lines.Bytes(), c); err != nil {
			t.Fatalf("%s: line %d: %v", file, len(cases)+1, err)
		}
		cases = append(cases, c)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return cases
}

// A number of a case that is changed by a millionth is noticed, whichever it is.
func TestReferenceMetricsNoticeChanges(t *testing.T) {
	changed := func(x float64) json.RawMessage {
		text, err := json.Marshal(x + 1e-6*math.Max(1, math.Abs(x)))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	noticed := 0
	expectNoticed := func(c *metricCase, what string) {
		t.Helper()
		if skipped, err := c.check(); skipped || err == nil {
			t.Errorf("%s: %s was changed, and nothing was noticed", c.Name, what)
		}
		noticed++
	}
	for _, file := range []string{"metrics.jsonl.gz", "sklearn.jsonl.gz"} {
		for _, c := range metricCases(t, os.DirFS("testdata"), file) {
			expectations := c.Expect
			if expectations == nil {
				var number float64
				if json.Unmarshal(c.Want, &number) == nil {
					c.Want = changed(number)
				} else {
					c.Want = changedRows(t, c.Want, changed)
				}
				expectNoticed(c, c.Metric)
			}
			for name, want := range expectations {
				c.Expect = map[string]json.RawMessage{}
				for n, w := range expectations {
					c.Expect[n] = w
				}
				var number float64
				if json.Unmarshal(want, &number) == nil {
					c.Expect[name] = changed(number)
				} else {
					c.Expect[name] = changedRows(t, want, changed)
				}
				expectNoticed(c, name)
			}
		}
	}
	if noticed < 700 {
		t.Errorf("%d numbers were changed", noticed)
	}
}

// changedRows is rows of numbers whose last one is changed.
func changedRows(t *testing.T, text json.RawMessage, changed func(float64) json.RawMessage) json.RawMessage {
	t.Helper()
	var rows [][]json.RawMessage
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatal(err)
	}
	last := rows[len(rows)-1]
	var number float64
	if err := json.Unmarshal(last[len(last)-1], &number); err != nil {
		t.Fatal(err)
	}
	last[len(last)-1] = changed(number)
	text, err := json.Marshal(rows)
	if err != nil {
		t.Fatal(err)
	}
	return text
}
