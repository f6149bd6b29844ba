package nn_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// blobs is a data set of three clouds of points in the plane, 120 degrees apart.
func blobs(seed uint64, n int) *data.Arrays {
	rng := newRand(seed)
	set := &data.Arrays{Classes: []string{"a", "b", "c"}}
	points := make([]float32, 0, 2*n)
	for i := range n {
		class := i % 3
		sin, cos := math.Sincos(2 * math.Pi * float64(class) / 3)
		points = append(points, float32(cos+0.3*rng.NormFloat64()), float32(sin+0.3*rng.NormFloat64()))
		set.Labels = append(set.Labels, class)
	}
	set.X = data.NewArray(points, n, 2)
	return set
}

// xor is the data set of exclusive or, with numeric targets.
func xor() *data.Arrays {
	return &data.Arrays{
		X: data.NewArray([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2),
		Y: data.NewArray([]float32{0, 1, 1, 0}, 4, 1),
	}
}

func classifier(seed uint64) nn.Sequential {
	return nn.NewMLP(newRand(seed), nn.MLPConfig{Sizes: []int{2, 16, 3}})
}

func TestFitLearnsXOR(t *testing.T) {
	for _, test := range []struct {
		name      string
		dtype     autograd.DType
		loss      nn.Loss
		threshold float64
		output    nn.Layer
	}{
		{"logits float32", autograd.Float32, nn.BCEWithLogits{}, 0, nil},
		{"logits float64", autograd.Float64, nn.BCEWithLogits{}, 0, nil},
		{"probabilities", autograd.Float32, nn.BCE{}, 0.5, nn.Sigmoid{}},
		{"squares", autograd.Float32, nil, 0.5, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 8, 1}, Activation: nn.Tanh{}, Output: test.output, DType: test.dtype})
			history, err := nn.Fit(context.Background(), model, xor(), nn.FitConfig{
				Epochs:    300,
				Loss:      test.loss,
				Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.05}),
				Metrics:   []nn.Metric{nn.Accuracy{Threshold: test.threshold}},
			})
			if err != nil {
				t.Fatal(err)
			}
			last := history.Epochs[len(history.Epochs)-1]
			if score(t, last.Train, "accuracy") != 1 || !(score(t, last.Train, "loss") < 0.05) {
				t.Errorf("after %d epochs: %v", len(history.Epochs), last.Train)
			}
		})
	}
}

// Two classes are learned by labels too, from a single output for each example.
func TestFitLearnsXORByLabels(t *testing.T) {
	for _, test := range []struct {
		name   string
		loss   nn.Loss
		output nn.Layer
	}{
		{"logits", nn.BCEWithLogits{}, nil},
		{"probabilities", nn.BCE{}, nn.Sigmoid{}},
	} {
		t.Run(test.name, func(t *testing.T) {
			set := &data.Arrays{X: xor().X, Labels: []int{0, 1, 1, 0}}
			model := nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 8, 1}, Activation: nn.Tanh{}, Output: test.output})
			threshold := 0.
			if test.output != nil {
				threshold = 0.5
			}
			history, err := nn.Fit(context.Background(), model, set, nn.FitConfig{
				Epochs: 300, Loss: test.loss, Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.05}),
				Metrics: []nn.Metric{nn.Accuracy{Threshold: threshold}, nn.FBeta{Threshold: threshold}, nn.ROCAUC{Probabilities: test.output != nil}},
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, s := range history.Epochs[299].Train[1:] {
				if s.Value != 1 {
					t.Errorf("%s is %v", s.Name, s.Value)
				}
			}
		})
	}
}

func TestFitLearnsBlobs(t *testing.T) {
	model := classifier(1)
	test := blobs(2, 300)
	var epochs []nn.Epoch
	steps := 0
	history, err := nn.Fit(context.Background(), model, blobs(1, 1000), nn.FitConfig{
		Epochs:     5,
		Optimizer:  optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.01}),
		Metrics:    []nn.Metric{nn.Accuracy{}},
		Validation: test,
		Callbacks: []nn.Callback{
			nn.OnStep(func(step *nn.Step) error { steps++; return nil }),
			nn.OnEpoch(func(epoch *nn.Epoch) error { epochs = append(epochs, *epoch); return nil }),
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	if accuracy, ok := history.Validation("accuracy"); !ok || len(accuracy) != 5 || !(accuracy[4] > 0.97) {
		t.Errorf("the validation accuracy is %v", accuracy)
	}
	if loss, ok := history.Train("loss"); !ok || !(loss[4] < loss[0]/2) {
		t.Errorf("the loss is %v", loss)
	}
	if values, ok := history.Train("acuracy"); ok {
		t.Errorf("a score that is not there is %v", values)
	}
	if diff := cmp.Diff(history.Epochs, epochs); diff != "" {
		t.Errorf("OnEpoch saw other epochs (-history +seen):\n%s", diff)
	}
	for i, e := range history.Epochs {
		if e.Number != i || e.Steps != 32 || e.Partial || e.Duration <= 0 {
			t.Errorf("epoch %d: %+v", i, e)
		}
	}
	if steps != 5*32 {
		t.Errorf("OnStep was called %d times", steps)
	}
	// The last validation is what Evaluate measures of the trained model.
	scores, err := nn.Evaluate(context.Background(), model, test, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	if diff := cmp.Diff(history.Epochs[4].Validation, scores); err != nil || diff != "" {
		t.Errorf("Evaluate (-validation +evaluated), error %v:\n%s", err, diff)
	}
}

// A small network and one large enough for its work to be spread.
func TestFitGivesTheSameBits(t *testing.T) {
	for _, hidden := range []int{16, 600} {
		t.Run(fmt.Sprint(hidden), func(t *testing.T) {
			run := func(procs, prefetch int, seed uint64) (bits map[string][]uint64, history *nn.History) {
				parallel.WithProcs(procs, func() {
					model := nn.NewMLP(newRand(3), nn.MLPConfig{Sizes: []int{2, hidden, hidden, 3}})
					var err error
					history, err = nn.Fit(context.Background(), model, blobs(1, 300), nn.FitConfig{
						Epochs: 2, BatchSize: 128, Seed: seed, Prefetch: prefetch, Workers: prefetch,
						Metrics: []nn.Metric{nn.Accuracy{}}, Validation: blobs(2, 150),
					})
					if err != nil {
						t.Fatal(err)
					}
					bits = bitsOf(model)
				})
				return bits, history
			}
			wantBits, wantHistory := run(1, 0, 5)
			for _, procs := range []int{1, 2, 3, 8} {
				bits, history := run(procs, procs-1, 5)
				if diff := cmp.Diff(wantHistory, history, cmpopts.IgnoreFields(nn.Epoch{}, "Duration")); diff != "" {
					t.Errorf("GOMAXPROCS %d changes the history (-1 +%d):\n%s", procs, procs, diff)
				}
				if !cmp.Equal(wantBits, bits) {
					t.Errorf("GOMAXPROCS %d changes the weights", procs)
				}
			}
			if bits, _ := run(1, 0, 6); cmp.Equal(wantBits, bits) {
				t.Error("another seed gives the same weights")
			}
		})
	}
}

func TestFitDefaults(t *testing.T) {
	model := classifier(1)
	order := map[string]int{}
	history, err := nn.Fit(context.Background(), model, blobs(1, 100), nn.FitConfig{
		Callbacks: []nn.Callback{nn.OnStep(func(step *nn.Step) error {
			order[fmt.Sprint(step.Epoch, step.Index, step.Total, step.Examples)]++
			return nil
		})},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int{"0 0 4 32": 1, "0 1 4 32": 1, "0 2 4 32": 1, "0 3 4 4": 1}, order); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if len(history.Epochs) != 1 || len(history.Epochs[0].Train) != 1 || history.Epochs[0].Validation != nil {
		t.Errorf("got %+v", history)
	}
	if v, ok := history.Validation("loss"); ok || len(v) != 1 || !math.IsNaN(v[0]) {
		t.Errorf("the validation loss is %v, %v", v, ok)
	}
}

// The loss of an epoch is the mean over its examples, not over its batches.
func TestMeansWeighExamples(t *testing.T) {
	model := classifier(1)
	set := blobs(1, 100)
	frozen := optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: optim.None})
	history, err := nn.Fit(context.Background(), model, set, nn.FitConfig{
		BatchSize: 64, Optimizer: frozen, Metrics: []nn.Metric{nn.Accuracy{}}, Validation: set, NoShuffle: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	output := model.Forward(tape.Const(autograd.New(set.X.Float32s, 100, 2)))
	right := 0
	for i, class := range output.ArgMax(-1) {
		if class == set.Labels[i] {
			right++
		}
	}
	want := nn.Scores{{"loss", nn.CrossEntropyLoss(output, set.Labels).Item()}, {"accuracy", float64(right) / 100}}
	for _, got := range []nn.Scores{history.Epochs[0].Train, history.Epochs[0].Validation} {
		if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 1e-6)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestFitCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	model := classifier(1)
	var learned map[string][]uint64
	history, err := nn.Fit(ctx, model, blobs(1, 320), nn.FitConfig{
		Epochs:     3,
		Validation: blobs(2, 10),
		Callbacks: []nn.Callback{nn.OnStep(func(step *nn.Step) error {
			if step.Epoch == 1 && step.Index == 3 {
				cancel()
				learned = bitsOf(model)
			}
			return nil
		})},
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(learned, bitsOf(model)); diff != "" {
		t.Errorf("the model went on after it was cancelled:\n%s", diff)
	}
	if len(history.Epochs) != 2 || history.Epochs[0].Partial || !history.Epochs[1].Partial || history.Epochs[1].Steps != 4 {
		t.Errorf("the history is %+v", history)
	}
	if v := history.Epochs[1].Validation; v != nil {
		t.Errorf("the interrupted epoch has validation %v", v)
	}
}

func TestFitCancelledAtOnce(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	model := classifier(1)
	history, err := nn.Fit(ctx, model, blobs(1, 320), nn.FitConfig{})
	if !errors.Is(err, context.Canceled) || len(history.Epochs) != 0 || !cmp.Equal(bitsOf(model), bitsOf(classifier(1))) {
		t.Errorf("got %+v, %v", history, err)
	}
}

func TestCallbacksEndTheRun(t *testing.T) {
	mistake := errors.New("a mistake")
	for _, err := range []error{nn.ErrStop, fmt.Errorf("enough: %w", nn.ErrStop), mistake} {
		for _, test := range []struct {
			name    string
			config  nn.FitConfig
			epochs  int
			partial bool
		}{
			{"OnStep", nn.FitConfig{Callbacks: []nn.Callback{nn.OnStep(func(step *nn.Step) error {
				if step.Epoch == 1 && step.Index == 2 {
					return err
				}
				return nil
			})}}, 2, true},
			{"OnEpoch", nn.FitConfig{Callbacks: []nn.Callback{nn.OnEpoch(func(epoch *nn.Epoch) error {
				if epoch.Number == 2 {
					return err
				}
				return nil
			})}}, 3, false},
		} {
			t.Run(fmt.Sprint(test.name, " ", err), func(t *testing.T) {
				test.config.Epochs = 9
				history, got := nn.Fit(context.Background(), classifier(1), blobs(1, 320), test.config)
				if err == mistake && got != mistake || err != mistake && got != nil {
					t.Errorf("got error %v", got)
				}
				if n := len(history.Epochs); n != test.epochs || history.Epochs[n-1].Partial != test.partial {
					t.Errorf("the history is %+v", history)
				}
			})
		}
	}
}

func TestFitStopsWhenNotFinite(t *testing.T) {
	for _, test := range []struct {
		name  string
		loss  nn.Loss
		what  string
		steps int
	}{
		{"the loss", nn.ForLabels(func(output autograd.Variable, labels []int) autograd.Variable {
			return nn.CrossEntropyLoss(output, labels).MulScalar(math.NaN())
		}), "the loss is NaN", 0},
		{"a gradient", nn.ForLabels(func(output autograd.Variable, labels []int) autograd.Variable {
			return nn.CrossEntropyLoss(output, labels).Add(output.MulScalar(0).Sqrt().Sum())
		}), "the gradient of 0.weight is", 0},
		{"the loss, late", diverging(8), "epoch 1, step 3: the loss is +Inf", 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := classifier(1)
			good := bitsOf(model)
			steps := 0
			history, err := nn.Fit(context.Background(), model, blobs(1, 128), nn.FitConfig{
				Epochs:    3,
				Loss:      test.loss,
				Callbacks: []nn.Callback{nn.OnStep(func(step *nn.Step) error { good = bitsOf(model); steps++; return nil })},
			})
			var e *nn.NonFiniteError
			if !errors.As(err, &e) || !strings.Contains(err.Error(), test.what) {
				t.Fatalf("got %v", err)
			}
			if steps != test.steps || e.Epoch*4+e.Step != steps {
				t.Errorf("after %d steps: %v", steps, err)
			}
			if diff := cmp.Diff(good, bitsOf(model)); diff != "" {
				t.Errorf("the bad step changed the model:\n%s", diff)
			}
			if want := (test.steps + 3) / 4; len(history.Epochs) != want {
				t.Errorf("the history is %+v", history)
			}
		})
	}
}

// diverging is a loss that is infinite after it was computed a number of times: once before
// the first step, and in each step.
func diverging(steps int) nn.Loss {
	return nn.ForLabels(func(output autograd.Variable, labels []int) autograd.Variable {
		steps--
		if steps < 0 {
			return nn.CrossEntropyLoss(output, labels).AddScalar(math.Inf(1))
		}
		return nn.CrossEntropyLoss(output, labels)
	})
}

// Gradients whose norm alone is too large for a number are no reason to stop.
func TestHugeGradients(t *testing.T) {
	model := nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 3}, DType: autograd.Float64})
	_, err := nn.Fit(context.Background(), model, blobs(1, 32), nn.FitConfig{
		Loss: nn.ForLabels(func(output autograd.Variable, labels []int) autograd.Variable {
			return nn.CrossEntropyLoss(output, labels).MulScalar(1e300)
		}),
	})
	if err != nil {
		t.Error(err)
	}
}

func TestFitErrors(t *testing.T) {
	labelled := blobs(1, 10)
	unlabelled := &data.Arrays{X: labelled.X}
	outside := blobs(1, 10)
	outside.Labels[7] = 3
	broken := errors.New("the disk is on fire")
	for _, test := range []struct {
		name   string
		model  nn.Layer
		data   data.Dataset
		config nn.FitConfig
		says   string
	}{
		{"no examples", classifier(1), blobs(1, 0), nn.FitConfig{}, "nn: Fit: the data set has no examples"},
		{"no validation examples", classifier(1), labelled, nn.FitConfig{Validation: blobs(1, 0)}, "nn: Fit: validation: the data set has no examples"},
		{"wrong input", nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{3, 3}}), labelled, nn.FitConfig{}, "nn: Fit: training data: batch 0: 0 (Linear): autograd: linear of [10 2] and [3 3]"},
		{"wrong label", classifier(1), outside, nn.FitConfig{NoShuffle: true}, "nn: Fit: training data: batch 0: example 7 of the data set: label 3 is outside 0…2"},
		{"nothing to learn", classifier(1), unlabelled, nn.FitConfig{}, "neither labels nor targets"},
		{"one output for two classes", nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 1}}), labelled, nn.FitConfig{}, "BCEWithLogits for labels 0 and 1 and outputs that are logits"},
		{"one output for three classes", nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 1}}), labelled, nn.FitConfig{Loss: nn.BCEWithLogits{}, NoShuffle: true}, "example 2 of the data set: label 2 is outside 0…1"},
		{"BCE of three outputs", classifier(1), labelled, nn.FitConfig{Loss: nn.BCE{}}, "expected one output for each of 10 labels"},
		{"weights for a function", classifier(1), &data.Weighted{Dataset: labelled, Weights: make([]float64, 10)}, nn.FitConfig{Loss: nn.ForLabels(nn.CrossEntropyLoss)}, "the data set has weights, which the function cannot know"},
		{"no labels", classifier(1), xor(), nn.FitConfig{Loss: nn.NLL{}}, "the data set has no labels"},
		{"no targets", classifier(1), labelled, nn.FitConfig{Loss: nn.MSE{}}, "the data set has no numeric targets"},
		{"targets of another shape", classifier(1), xor(), nn.FitConfig{}, "nn.MSE of [4 3] and [4 1]"},
		{"data fail", classifier(1), failing{labelled, broken}, nn.FitConfig{}, "the disk is on fire"},
		{"validation data fail", classifier(1), labelled, nn.FitConfig{Validation: failing{labelled, broken}}, "nn: Fit: validation: data: batch 0 of epoch 0: the disk is on fire"},
		{"metric without classes", classifier(1), unlabelled, nn.FitConfig{
			Loss:    squares{},
			Metrics: []nn.Metric{nn.Accuracy{}},
		}, "nn.Accuracy: the data set has neither labels nor targets"},
		{"no model", nil, labelled, nn.FitConfig{}, "nn.Supervised: the model is nil"},
		{"no model behind a pointer", (*nn.Linear)(nil), labelled, nn.FitConfig{}, "nn.Supervised: the model is nil"},
		{"no layer", nn.Sequential{nil}, labelled, nn.FitConfig{}, `"0" of the module is nil`},
		{"no data", classifier(1), nil, nn.FitConfig{}, "the data set is nil"},
		{"no data behind a pointer", classifier(1), (*data.Arrays)(nil), nn.FitConfig{}, "the data set is nil"},
		{"another optimizer", classifier(1), labelled, nn.FitConfig{Optimizer: optim.NewAdam(nn.Params(classifier(1)), optim.AdamConfig{})}, `the optimizer has "0.weight", which is no parameter of the objective`},
		{"epochs", classifier(1), labelled, nn.FitConfig{Epochs: -1}, "Epochs is -1"},
		{"batch size", classifier(1), labelled, nn.FitConfig{BatchSize: -1}, "batch size -1"},
		{"prefetch", classifier(1), labelled, nn.FitConfig{Prefetch: -1}, "prefetch -1"},
		{"buckets", classifier(1), labelled, nn.FitConfig{Buckets: 2}, "examples have lengths"},
		{"no metric", classifier(1), labelled, nn.FitConfig{Metrics: []nn.Metric{nil}}, "Metrics[0] is nil"},
		{"no callback", classifier(1), labelled, nn.FitConfig{Callbacks: []nn.Callback{nn.NoCallback{}, nil}}, "Callbacks[1] is nil"},
		{"no function", nn.Sequential{nn.Func(nil), classifier(1)}, labelled, nn.FitConfig{}, `"0" of the module is nil`},
		{"clip norm", classifier(1), labelled, nn.FitConfig{ClipNorm: math.NaN()}, "ClipNorm is NaN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := nn.Fit(context.Background(), test.model, test.data, test.config); err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
		})
	}
}

// failing is a data set whose examples cannot be read.
type failing struct {
	data.Dataset
	err error
}

func (f failing) Fill(*data.Batch, []int) error { return f.err }

// squares is a loss without a target.
type squares struct{}

func (squares) Of(output autograd.Variable, _ nn.Target) (autograd.Variable, float64) {
	return output.Square().Mean(), float64(output.Size())
}

// score is a score that is there.
func score(t *testing.T, scores nn.Scores, name string) float64 {
	t.Helper()
	value, ok := scores.Get(name)
	if !ok {
		t.Errorf("there is no %s in %v", name, scores)
	}
	return value
}

func second[T any](_ T, err error) error { return err }
