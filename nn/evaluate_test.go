package nn_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

func TestEvaluateAndPredict(t *testing.T) {
	model := classifier(1)
	set := blobs(1, 100)
	want := model.Forward(autograd.New(set.X.Float32s, 100, 2)).Detach()
	for _, batch := range []int{0, 1, 64, 1000} {
		got, err := nn.Predict(context.Background(), model, set, nn.PredictConfig{BatchSize: batch})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want.Floats(), got.Floats(), cmpopts.EquateApprox(0, 1e-6)); diff != "" || !cmp.Equal(got.Shape(), []int{100, 3}) {
			t.Errorf("batch %d, shape %v (-want +got):\n%s", batch, got.Shape(), diff)
		}
		scores, err := nn.Evaluate(context.Background(), model, set, nn.EvaluateConfig{
			BatchSize: batch, Loss: nn.CrossEntropy{LabelSmoothing: 0.5}, Metrics: []nn.Metric{nn.Accuracy{}, nn.Accuracy{}},
		})
		if err != nil || len(scores) != 3 || scores[1] != scores[2] {
			t.Errorf("batch %d: %v, %v", batch, scores, err)
		}
		if loss := (nn.CrossEntropy{LabelSmoothing: 0.5}).Loss(want, set.Labels).Item(); !(math.Abs(score(t, scores, "loss")-loss) < 1e-6) {
			t.Errorf("batch %d: the loss is %v, want %v", batch, scores, loss)
		}
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	for name, err := range map[string]error{
		"Predict, cancelled":   second(nn.Predict(ctx, model, set, nn.PredictConfig{})),
		"Evaluate, cancelled":  second(nn.Evaluate(ctx, model, set, nn.EvaluateConfig{})),
		"Predict, no examples": second(nn.Predict(context.Background(), model, blobs(1, 0), nn.PredictConfig{})),
		"Predict, sum":         second(nn.Predict(context.Background(), nn.Func(func(x autograd.Variable) autograd.Variable { return x.Sum() }), set, nn.PredictConfig{})),
		"Evaluate, no metric":  second(nn.Evaluate(context.Background(), model, set, nn.EvaluateConfig{Metrics: []nn.Metric{nil}})),
		"Evaluate, no model":   second(nn.Evaluate(context.Background(), nil, set, nn.EvaluateConfig{})),
		"Predict, no model":    second(nn.Predict(context.Background(), nil, set, nn.PredictConfig{})),
		"Predict, no data":     second(nn.Predict(context.Background(), model, nil, nn.PredictConfig{})),
		"Evaluate, no target":  second(nn.Evaluate(context.Background(), model, &data.Arrays{X: set.X}, nn.EvaluateConfig{})),
	} {
		if err == nil || !strings.Contains(err.Error(), strings.Split(name, ",")[0]) || strings.Contains(name, "cancelled") != errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Rows that grow from batch to batch are no array.
func TestPredictRejectsRowsOfTwoShapes(t *testing.T) {
	width := 0
	model := nn.Func(func(x autograd.Variable) autograd.Variable {
		width++
		return x.Slice(1, 0, width)
	})
	_, err := nn.Predict(context.Background(), model, blobs(1, 64), nn.PredictConfig{})
	var shapeError *autograd.ShapeError
	if !errors.As(err, &shapeError) || !strings.Contains(err.Error(), "batch 1: ") {
		t.Errorf("got %v, want a ShapeError of batch 1", err)
	}
}

// Meters of the caller's own take in every data set that they are given to.
func TestEvaluateMeters(t *testing.T) {
	model, ctx := classifier(1), context.Background()
	whole, first, second := blobs(1, 90), blobs(1, 90), blobs(1, 90)
	first.X, first.Labels = data.NewArray(whole.X.Float32s[:80], 40, 2), whole.Labels[:40]
	second.X, second.Labels = data.NewArray(whole.X.Float32s[80:], 50, 2), whole.Labels[40:]
	var want, got nn.ConfusionMatrix
	ranking := nn.ROCAUC{}.Begin()
	scores, err := nn.Evaluate(ctx, model, whole, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}, nn.ROCAUC{}}, Meters: []nn.Meter{&want}})
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []*data.Arrays{first, second} {
		if _, err := nn.Evaluate(ctx, model, part, nn.EvaluateConfig{BatchSize: 7, Meters: []nn.Meter{&got, ranking}}); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(want.Counts(), got.Counts()); diff != "" || want.Value() != score(t, scores, "accuracy") || ranking.Value() != score(t, scores, "roc_auc") {
		t.Errorf("%v, roc_auc %v; of all together %v (-want +got):\n%s", got.Value(), ranking.Value(), scores, diff)
	}
	if _, err := nn.Evaluate(ctx, model, whole, nn.EvaluateConfig{Meters: []nn.Meter{nil}}); err == nil || !strings.Contains(err.Error(), "Meters[0] is nil") {
		t.Errorf("got %v", err)
	}
}
