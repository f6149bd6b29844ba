package nn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// scripted is a classifier whose score "script" is what a script has for the epoch.
type scripted struct {
	nn.Layer
	script []float64
}

func (s scripted) Loss(c *nn.StepContext) autograd.Variable {
	score := s.script[min(c.Epoch, len(s.script)-1)]
	c.Log("script", autograd.Scalar(score))
	y := s.Forward(c.X())
	c.Output(y)
	return nn.CrossEntropyLoss(y, c.Batch.Labels)
}

// epochBits notes what the model has at the end of each epoch.
type epochBits struct {
	nn.NoCallback
	model nn.Module
	bits  []map[string][]uint64
}

func (e *epochBits) Epoch(*nn.Epoch) error {
	e.bits = append(e.bits, bitsOf(e.model))
	return nil
}

func TestEarlyStopping(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		name   string
		config nn.EarlyStoppingConfig
		script []float64
		epochs int // of at most 8
		best   int // epoch, −1 for none
	}{
		{"at once", nn.EarlyStoppingConfig{Patience: 1}, []float64{3, 2, 2.5, 1}, 3, 1},
		{"patience", nn.EarlyStoppingConfig{Patience: 2}, []float64{3, 2, 2.5, 1, 1.5, 1.5, 0}, 6, 3},
		{"equal is no improvement", nn.EarlyStoppingConfig{Patience: 2}, []float64{3, 3, 3, 3}, 3, 0},
		{"a difference", nn.EarlyStoppingConfig{Patience: 2, MinDelta: 0.5}, []float64{3, 2.5, 2.4, 1.8, 1.7, 1.2}, 8, 5},
		{"a difference, over epochs", nn.EarlyStoppingConfig{Patience: 3, MinDelta: 0.5}, []float64{3, 2.6, 2.4, 2.3, 2.2, 2.1}, 6, 2},
		{"maximize", nn.EarlyStoppingConfig{Patience: 2, Maximize: true}, []float64{0.1, 0.5, 0.4, 0.3, 0.9}, 4, 1},
		{"maximize by a difference", nn.EarlyStoppingConfig{Patience: 2, Maximize: true, MinDelta: 0.2}, []float64{0.1, 0.2, 0.25, 0.3, 0.9}, 3, 0},
		{"NaN", nn.EarlyStoppingConfig{Patience: 2}, []float64{nan, 2, nan, nan, 1}, 4, 1},
		{"NaN only", nn.EarlyStoppingConfig{Patience: 2}, []float64{nan, nan, nan}, 2, -1},
		{"infinities", nn.EarlyStoppingConfig{Patience: 3}, []float64{inf, inf, 5, inf, inf, inf}, 6, 2},
		{"never", nn.EarlyStoppingConfig{Patience: 2}, []float64{8, 7, 6, 5, 4, 3, 2, 1}, 8, 7},
		{"the last weights", nn.EarlyStoppingConfig{Patience: 2, KeepLast: true}, []float64{3, 2, 4, 4, 4}, 4, 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := scripted{classifier(1), test.script}
			test.config.Score, test.config.Training = "script", true
			stop, seen := nn.NewEarlyStopping(test.config), &epochBits{model: model}
			history, err := nn.FitObjective(context.Background(), model, blobs(1, 64), nn.FitConfig{Epochs: 8, Callbacks: []nn.Callback{seen, stop}})
			if err != nil {
				t.Fatal(err)
			}
			epoch, score, ok := stop.Best()
			if len(history.Epochs) != test.epochs || epoch != test.best || ok != (test.best >= 0) || ok && score != test.script[epoch] {
				t.Errorf("%d epochs, the best is %d with %v, %v; want %d and %d", len(history.Epochs), epoch, score, ok, test.epochs, test.best)
			}
			want := len(seen.bits) - 1
			if !test.config.KeepLast && ok {
				want = epoch
			}
			if diff := cmp.Diff(seen.bits[want], bitsOf(model)); diff != "" {
				t.Errorf("the model is not that of epoch %d:\n%s", want, diff)
			}
		})
	}
}

// The best weights are restored whatever ends the run, and with them buffers and counters.
func TestEarlyStoppingWhateverEndsTheRun(t *testing.T) {
	broken := errors.New("broken")
	for name, fail := range map[string]error{"an error": broken, "a stop": nn.ErrStop} {
		rng := newRand(1)
		model := scripted{nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{}), nn.NewLinear(rng, 8, 3, nn.LinearConfig{})},
			[]float64{3, 1, 2, 2, 2}}
		seen := &epochBits{model: model}
		stop := nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "script", Training: true})
		_, err := nn.FitObjective(context.Background(), model, blobs(1, 64), nn.FitConfig{Epochs: 8, Callbacks: []nn.Callback{stop, seen,
			nn.OnEpoch(func(e *nn.Epoch) error {
				if e.Number == 3 {
					return fail
				}
				return nil
			})}})
		if fail == broken && err != broken || fail == nn.ErrStop && err != nil {
			t.Errorf("%s: got %v", name, err)
		}
		if diff := cmp.Diff(seen.bits[1], bitsOf(model)); diff != "" || len(seen.bits) != 4 {
			t.Errorf("%s: after %d epochs the model is not that of epoch 1:\n%s", name, len(seen.bits), diff)
		}
	}
}

// With averages the best weights are those that were validated, whatever the order of
// callbacks.
func TestEarlyStoppingOfAverages(t *testing.T) {
	for _, first := range []bool{true, false} {
		model := scripted{classifier(1), []float64{3, 1, 2, 2, 2}}
		average := nn.NewEMA(model, optim.EMAConfig{Decay: 0.5})
		stop := nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "script", Training: true, Patience: 2})
		var want map[string][]uint64
		callbacks := []nn.Callback{stop, average}
		if first {
			callbacks = []nn.Callback{average, stop}
		}
		callbacks = append(callbacks, nn.OnEpoch(func(e *nn.Epoch) error {
			if e.Number == 1 {
				average.Average().Swap()
				want = bitsOf(model)
				average.Average().Swap()
			}
			return nil
		}))
		if _, err := nn.FitObjective(context.Background(), model, blobs(1, 64), nn.FitConfig{Epochs: 8, Callbacks: callbacks}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, bitsOf(model)); diff != "" {
			t.Errorf("EMA first %v: the model does not have the averages of the best epoch:\n%s", first, diff)
		}
	}
}

// What can be known to be wrong is said before the first step.
func TestEarlyStoppingRefuses(t *testing.T) {
	for _, test := range []struct {
		config     nn.EarlyStoppingConfig
		validation data.Dataset
		want       string
	}{
		{nn.EarlyStoppingConfig{}, nil, "there is no validation data"},
		{nn.EarlyStoppingConfig{Score: "acuracy"}, blobs(2, 10), `there is no score "acuracy", but loss, accuracy`},
	} {
		steps := 0
		_, err := nn.Fit(context.Background(), classifier(1), blobs(1, 64), nn.FitConfig{
			Metrics: []nn.Metric{nn.Accuracy{}}, Validation: test.validation,
			Callbacks: []nn.Callback{nn.OnStep(func(*nn.Step) error { steps++; return nil }), nn.NewEarlyStopping(test.config)},
		})
		var e *autograd.ValueError
		if !errors.As(err, &e) || !strings.Contains(err.Error(), test.want) || steps > 0 {
			t.Errorf("%+v: after %d steps got %v", test.config, steps, err)
		}
	}
	_, err := nn.FitObjective(context.Background(), scripted{classifier(1), []float64{1}}, blobs(1, 64), nn.FitConfig{
		Callbacks: []nn.Callback{nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "scrypt", Training: true})}})
	if err == nil || !strings.Contains(err.Error(), `epoch 0 has no score "scrypt": it has loss: `) {
		t.Errorf("got %v", err)
	}
}

func TestEarlyStoppingRestore(t *testing.T) {
	stop := nn.NewEarlyStopping(nn.EarlyStoppingConfig{})
	err := stop.Restore(map[string]autograd.Variable{"best": autograd.Scalar(1.0), "bad": autograd.New([]float64{1, 2}), "x": autograd.Scalar(1.0)})
	var e *optim.StateError
	if !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if diff := cmp.Diff(optim.StateError{Missing: []string{"epoch"}, Unknown: []string{"x"}, Wrong: []string{"bad (expected a number)"}}, *e); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if _, _, ok := stop.Best(); ok || len(maps.Collect(stop.State())) != 3 {
		t.Error("it was changed")
	}
}

// resuming is a callback that loads a checkpoint in Begin.
type resuming struct {
	nn.NoCallback
	file []byte
}

func (r *resuming) Begin(t *nn.Trainer) error {
	_, err := nn.LoadCheckpoint(bytes.NewReader(r.file), nn.LoadCheckpointConfig{}, t)
	return err
}

// saving keeps a checkpoint of each epoch.
type saving struct {
	nn.NoCallback
	trainer *nn.Trainer
	files   [][]byte
}

func (s *saving) Begin(t *nn.Trainer) error { s.trainer = t; return nil }

func (s *saving) Epoch(*nn.Epoch) error {
	var file bytes.Buffer
	err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, s.trainer)
	s.files = append(s.files, file.Bytes())
	return err
}

// A run with EMA, early stopping and a plateau that goes on from any of its checkpoints
// ends with the same bits.
func TestCallbacksResume(t *testing.T) {
	run := func(file []byte, first bool) (bits map[string][]uint64, epochs int, files [][]byte) {
		rng := newRand(1)
		model := scripted{nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{}), noise, nn.NewLinear(rng, 8, 3, nn.LinearConfig{})},
			[]float64{3, 2, 2.5, 1, 2, 2, 2, 2}}
		save := &saving{}
		callbacks := []nn.Callback{
			nn.NewEMA(model, optim.EMAConfig{WarmUp: true}),
			nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "script", Training: true, Patience: 3}),
		}
		begin := nn.Callback(nn.NoCallback{})
		if file != nil {
			begin = &resuming{file: file}
		}
		if first {
			callbacks = append([]nn.Callback{begin}, callbacks...)
		} else {
			callbacks = append([]nn.Callback{nn.NoCallback{}}, append(callbacks, begin)...)
		}
		history, err := nn.FitObjective(context.Background(), model, blobs(1, 80), nn.FitConfig{
			Epochs: 12, BatchSize: 16, Validation: blobs(2, 30), Callbacks: append(callbacks, save)})
		if err != nil {
			t.Fatal(err)
		}
		return bitsOf(model), len(history.Epochs), save.files
	}
	want, epochs, files := run(nil, true)
	if epochs != 7 || len(files) != 7 {
		t.Fatalf("%d epochs, %d checkpoints", epochs, len(files))
	}
	for i, file := range files {
		for _, first := range []bool{true, false} {
			if !first {
				_, _, files = run(nil, false)
				file = files[i]
			}
			got, all, _ := run(file, first)
			if diff := cmp.Diff(want, got); diff != "" || all != epochs {
				t.Errorf("resumed after epoch %d, loaded first %v: %d epochs in all\n%s", i, first, all, diff)
			}
		}
	}
}

// A run that goes on from the checkpoint of its last epoch is over, also where that is not
// known from the number of epochs.
func TestEarlyStoppingResumedAtTheEnd(t *testing.T) {
	run := func(first nn.Callback) (map[string][]uint64, int, *saving) {
		model, save := scripted{classifier(1), []float64{3, 2, 4, 4, 0, 0}}, &saving{}
		history, err := nn.FitObjective(context.Background(), model, blobs(1, 64), nn.FitConfig{Epochs: 6, Callbacks: []nn.Callback{first,
			nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "script", Training: true, Patience: 2}), save}})
		if err != nil {
			t.Fatal(err)
		}
		return bitsOf(model), len(history.Epochs), save
	}
	want, epochs, save := run(nn.NoCallback{})
	got, all, again := run(&resuming{file: save.files[len(save.files)-1]})
	if diff := cmp.Diff(want, got); diff != "" || epochs != 4 || all != 4 || len(again.files) != 0 {
		t.Errorf("%d epochs, resumed %d, %d of them new:\n%s", epochs, all, len(again.files), diff)
	}
}

func ExampleNewEarlyStopping() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	stop := nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "accuracy", Maximize: true, Patience: 5})
	history, err := nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:     100,
		Metrics:    []nn.Metric{nn.Accuracy{}},
		Validation: test,
		Callbacks:  []nn.Callback{stop},
	})
	if err != nil {
		panic(err)
	}
	best, accuracy, _ := stop.Best()
	scores, err := nn.Evaluate(context.Background(), model, test, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		panic(err)
	}
	restored, _ := scores.Get("accuracy")
	fmt.Println("epochs after the best one:", len(history.Epochs)-1-best)
	fmt.Println("the model is that of the best epoch:", restored == accuracy)
	// Output:
	// epochs after the best one: 5
	// the model is that of the best epoch: true
}
