package tensorboard_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"github.com/chainrule-go/chainrule/nn/tensorboard"
)

// points are examples of two classes.
func points(n int) data.Dataset {
	x, labels := make([]float32, 2*n), make([]int, n)
	rng := rand.New(rand.NewPCG(1, uint64(n)))
	for i := range labels {
		labels[i] = i % 2
		x[2*i], x[2*i+1] = float32(rng.NormFloat64()+float64(labels[i])), float32(rng.NormFloat64())
	}
	return &data.Arrays{X: data.NewArray(x, n, 2), Labels: labels}
}

func classifier() nn.Layer {
	return nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 4, 2}})
}

// fit trains for some epochs of four steps.
func fit(t *testing.T, model nn.Layer, epochs int, callbacks ...nn.Callback) *nn.History {
	t.Helper()
	history, err := nn.Fit(context.Background(), model, points(16), nn.FitConfig{
		Epochs: epochs, BatchSize: 4, Metrics: []nn.Metric{nn.Accuracy{}}, Validation: points(6),
		Optimizer: optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: 0.1}),
		Callbacks: callbacks,
	})
	must(t, err)
	return history
}

// What a run has measured is in the files, under train, validation and steps.
func TestCallback(t *testing.T) {
	dir, model := t.TempDir(), classifier()
	board, err := tensorboard.New(dir, tensorboard.Config{
		Model: model, Example: autograd.Zeros(autograd.Float32, 1, 2), Steps: 3, Histograms: 2,
		OnEpoch: func(w *tensorboard.Writer, e *nn.Epoch) error {
			return w.Image("picture", int64(e.Number), tensorboard.Picture(autograd.Zeros(autograd.Float32, 2, 2)))
		},
		Writer: fixed(),
	})
	must(t, err)
	var losses []float64
	history := fit(t, model, 3, board, nn.OnStep(func(s *nn.Step) error {
		losses = append(losses, s.Loss)
		return nil
	}))
	train := eventsOf(t, filepath.Join(dir, "train"))
	checkScores(t, "train", history, scalarsOf(t, train), func(e nn.Epoch) nn.Scores { return e.Train })
	checkScores(t, "validation", history, scalarsOf(t, eventsOf(t, filepath.Join(dir, "validation"))), func(e nn.Epoch) nn.Scores { return e.Validation })
	steps := scalarsOf(t, eventsOf(t, filepath.Join(dir, "steps")))
	want := []point{{0, float32(losses[0])}, {3, float32(losses[3])}, {6, float32(losses[6])}, {9, float32(losses[9])}}
	if diff := cmp.Diff(want, steps["step/loss"]); diff != "" {
		t.Errorf("the loss of steps: %s", diff)
	}
	if diff := cmp.Diff([]point{{0, 0.1}, {3, 0.1}, {6, 0.1}, {9, 0.1}}, steps["step/lr"]); diff != "" {
		t.Errorf("the learning rate: %s", diff)
	}
	if diff := cmp.Diff(map[string][]int64{"picture": {0, 1, 2}}, stepsOf(t, train, valueImage)); diff != "" {
		t.Errorf("images: %s", diff)
	}
	wantHistograms := map[string][]int64{}
	for name := range nn.Params(model) {
		wantHistograms["parameters/"+name] = []int64{0, 2}
		wantHistograms["gradients/"+name] = []int64{0, 2}
	}
	if diff := cmp.Diff(wantHistograms, stepsOf(t, train, valueHistogram)); diff != "" {
		t.Errorf("histograms: %s", diff)
	}
	if len(train[2][eventGraph]) != 1 {
		t.Error("the first event of the run is not the graph")
	}
}

func checkScores(t *testing.T, run string, history *nn.History, got map[string][]point, scores func(nn.Epoch) nn.Scores) {
	t.Helper()
	for _, name := range []string{"loss", "accuracy"} {
		var want []point
		for _, e := range history.Epochs {
			value, _ := scores(e).Get(name)
			want = append(want, point{int64(e.Number), float32(value)})
		}
		if diff := cmp.Diff(want, got["epoch/"+name]); diff != "" {
			t.Errorf("%s of %s: %s", name, run, diff)
		}
	}
}

// Histograms of gradients are of those that the last step of the epoch had.
func TestGradientHistogram(t *testing.T) {
	dir, model := t.TempDir(), classifier()
	board, err := tensorboard.New(dir, tensorboard.Config{Writer: fixed()})
	must(t, err)
	want := map[string]float64{}
	fit(t, model, 1, board, nn.OnStep(func(s *nn.Step) error {
		for name, w := range nn.Params(model) {
			want["gradients/"+name] = s.Gradients().Of(w).Square().Sum().Item()
		}
		return nil
	}))
	found := 0
	for _, e := range eventsOf(t, filepath.Join(dir, "train")) {
		for _, v := range e.message(t, eventSummary).messages(t, summaryValue) {
			tag := v.text(valueTag)
			if !strings.HasPrefix(tag, "gradients/") {
				continue
			}
			found++
			if squares := v.message(t, valueHistogram).double(5); squares == 0 || squares < want[tag]*(1-1e-5) || squares > want[tag]*(1+1e-5) {
				t.Errorf("%s has the sum of squares %v, expected %v", tag, squares, want[tag])
			}
		}
	}
	if found != len(want) {
		t.Errorf("%d histograms, expected %d", found, len(want))
	}
}

// A run that goes on says where, and adds files.
func TestResumedRun(t *testing.T) {
	dir, checkpoints := t.TempDir(), t.TempDir()
	for i, epochs := range []int{2, 5} {
		board, err := tensorboard.New(dir, tensorboard.Config{Steps: 1, Writer: tensorboard.WriterConfig{
			Now: func() time.Time { return time.Unix(1_700_000_000+int64(i), 0) },
		}})
		must(t, err)
		fit(t, classifier(), epochs, board, nn.NewCheckpointing(checkpoints, nn.CheckpointingConfig{Resume: true}))
		for run, first := range map[string]int64{"train": int64(2 * i), "validation": int64(2 * i), "steps": int64(8 * i)} {
			paths, err := filepath.Glob(filepath.Join(dir, run, "events.out.tfevents.*"))
			must(t, err)
			if len(paths) != i+1 {
				t.Fatalf("%s, run %d: the files are %v", run, i, paths)
			}
			file, err := os.ReadFile(paths[i])
			must(t, err)
			all, _ := records(t, file)
			start := parse(t, all[1])
			if len(start[eventSession]) != 1 || start.integer(eventStep) != first {
				t.Errorf("%s, run %d: begins with %v, expected a start at %d", run, i, start, first)
			}
		}
	}
}

// Training is the same to the bit with the callback and without.
func TestCallbackChangesNothing(t *testing.T) {
	plain, watched := classifier(), classifier()
	fit(t, plain, 2)
	board, err := tensorboard.New(t.TempDir(), tensorboard.Config{Model: watched, Example: autograd.Zeros(autograd.Float32, 1, 2), Steps: 1})
	must(t, err)
	fit(t, watched, 2, board)
	other := map[string]autograd.Variable{}
	for name, w := range nn.Params(watched) {
		other[name] = w
	}
	for name, w := range nn.Params(plain) {
		if diff := cmp.Diff(w.Float32s(), other[name].Float32s()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMistakes(t *testing.T) {
	for name, config := range map[string]tensorboard.Config{
		"a model without an example": {Model: classifier()},
		"an example without a model": {Example: autograd.Zeros(autograd.Float32, 1)},
		"a negative number of steps": {Steps: -1},
	} {
		if _, err := tensorboard.New(t.TempDir(), config); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
	file := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(file, nil, 0o666))
	broken := errors.New("broken")
	for name, config := range map[string]struct {
		dir    string
		config tensorboard.Config
		want   string
	}{
		"no directory": {file, tensorboard.Config{}, "not a directory"},
		"own error":    {t.TempDir(), tensorboard.Config{OnEpoch: func(*tensorboard.Writer, *nn.Epoch) error { return broken }}, "broken"},
		"no graph":     {t.TempDir(), tensorboard.Config{Model: classifier(), Example: autograd.Zeros(autograd.Float32, 1, 3)}, "tensorboard: graph: "},
	} {
		board, err := tensorboard.New(config.dir, config.config)
		must(t, err)
		_, err = nn.Fit(context.Background(), classifier(), points(8), nn.FitConfig{Callbacks: []nn.Callback{board}})
		if err == nil || !strings.Contains(err.Error(), config.want) {
			t.Errorf("%s: the run ends with %v, expected %q", name, err, config.want)
		}
	}
}
