package progress_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/progress"
)

// points is a data set of n points in two classes.
func points(n int) *data.Arrays {
	x := make([]float32, 2*n)
	labels := make([]int, n)
	for i := range n {
		labels[i] = i % 2
		x[2*i] = float32(labels[i])
	}
	return &data.Arrays{X: data.NewArray(x, n, 2), Labels: labels}
}

func perceptron() nn.Sequential {
	return nn.NewMLP(rand.New(rand.NewPCG(1, 2)), nn.MLPConfig{Sizes: []int{2, 2}})
}

// ticking is a clock that goes on by a step whenever it is looked at.
func ticking(step time.Duration) func() time.Time {
	now := time.Unix(0, 0)
	return func() time.Time {
		now = now.Add(step)
		return now
	}
}

// shown is what a run of two epochs of three steps with five batches of validation shows.
func shown(t *testing.T, terminal progress.Terminal, callbacks ...nn.Callback) string {
	t.Helper()
	var out bytes.Buffer
	line := progress.New(&out, progress.Config{Terminal: &terminal, Now: ticking(20 * time.Millisecond)})
	_, err := nn.Fit(context.Background(), perceptron(), points(90), nn.FitConfig{
		Epochs: 2, Validation: points(150), Metrics: []nn.Metric{nn.Accuracy{}}, Callbacks: append([]nn.Callback{line}, callbacks...),
	})
	if err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return out.String()
}

func TestPlainRun(t *testing.T) {
	lines := strings.SplitAfter(shown(t, progress.Terminal{}), "\n")
	if len(lines) != 3 || lines[2] != "" {
		t.Fatalf("got %q, want two lines", lines)
	}
	for i, line := range lines[:2] {
		if !strings.HasPrefix(line, fmt.Sprintf("Epoch %d/2 - 3/3 - 0.1s 20ms/step - loss: ", i+1)) || strings.Count(line, " - ") != 6 ||
			!strings.Contains(line, " - accuracy: ") || !strings.Contains(line, " - val_loss: ") || !strings.Contains(line, " - val_accuracy: ") {
			t.Errorf("line %d is %q", i, line)
		}
	}
}

// On a terminal validation shows while it goes on, too.
func TestLiveRun(t *testing.T) {
	out := shown(t, progress.Terminal{Live: true, Columns: func() int { return 200 }})
	for _, want := range []string{
		"Epoch 1/2\n\r1/3 ━━━━━━──────────────", " ETA ", "\r3/3 ━━━━━━━━━━━━━━━━━━━━ validating 1/5 - loss: ", " validating 4/5 - loss: ",
		"\nEpoch 2/2\n\r1/3", " - val_accuracy: ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in\n%q", want, out)
		}
	}
	if !strings.HasSuffix(out, "\n") {
		t.Errorf("it ends in the middle of a line: %q", out)
	}
}

// A run that ends in the middle of an epoch, or of its validation, ends the line.
func TestInterruptedRun(t *testing.T) {
	stop := nn.OnStep(func(s *nn.Step) error {
		if s.Epoch == 1 && s.Index == 1 {
			return nn.ErrStop
		}
		return nil
	})
	if out := shown(t, progress.Terminal{Live: true}, stop); !strings.HasSuffix(out, "\n") || strings.HasSuffix(out, "\n\n") {
		t.Errorf("after a step: %q", out)
	}
	if out := shown(t, progress.Terminal{Live: true}, stopInValidation{}); !strings.HasSuffix(out, "\n") || !strings.Contains(out, "validating") || strings.Contains(out, "Epoch 2") {
		t.Errorf("in validation: %q", out)
	}
}

// stopInValidation ends a run in its first validation.
type stopInValidation struct{ nn.NoCallback }

func (stopInValidation) Validated(done, _ int) error {
	if done == 3 {
		return nn.ErrStop
	}
	return nil
}

// resumed begins with the third step of the second epoch.
type resumed struct {
	nn.NoCallback
	file []byte
}

func (r *resumed) Begin(t *nn.Trainer) error {
	_, err := nn.LoadCheckpoint(bytes.NewReader(r.file), nn.LoadCheckpointConfig{}, t)
	return err
}

// An epoch that was begun in an earlier run counts the steps of that, but not their time.
func TestResumedRun(t *testing.T) {
	var file bytes.Buffer
	var trainer *nn.Trainer
	save := nn.OnStep(func(s *nn.Step) error {
		if s.Epoch == 0 && s.Index == 0 {
			return nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, trainer)
		}
		return nil
	})
	shown(t, progress.Terminal{}, catch{trainer: &trainer}, save)
	first, _, _ := strings.Cut(shown(t, progress.Terminal{}, &resumed{file: file.Bytes()}), "\n")
	if want := "Epoch 1/2 - 3/3 - 0.1s 20ms/step - loss: "; !strings.HasPrefix(first, want) {
		t.Errorf("got %q, want %q", first, want)
	}
}

type catch struct {
	nn.NoCallback
	trainer **nn.Trainer
}

func (c catch) Begin(t *nn.Trainer) error {
	*c.trainer = t
	return nil
}

// broken is a writer that fails.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("broken") }

// Training goes on although nobody can see it.
func TestBrokenWriter(t *testing.T) {
	_, err := nn.Fit(context.Background(), perceptron(), points(90), nn.FitConfig{Callbacks: []nn.Callback{progress.New(broken{}, progress.Config{})}})
	if err != nil {
		t.Error(err)
	}
}

// Scores, which may take a while to compute, are computed when they are drawn only.
func TestScoresAreComputedForLinesOnly(t *testing.T) {
	counting := &counted{}
	_, err := nn.Fit(context.Background(), perceptron(), points(320), nn.FitConfig{
		Metrics: []nn.Metric{counting}, Callbacks: []nn.Callback{progress.New(&bytes.Buffer{}, progress.Config{Now: ticking(time.Second)})}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(1, counting.values); diff != "" {
		t.Errorf("values were asked for (-want +got):\n%s", diff)
	}
}

// counted is a metric that counts how often its value is asked for.
type counted struct{ values int }

func (*counted) Name() string                { return "counted" }
func (c *counted) Begin() nn.Meter           { return c }
func (*counted) Add(data.Array, *data.Batch) {}
func (*counted) Merge(nn.Meter)              {}
func (c *counted) Value() float64            { c.values++; return 0 }

func ExampleNew() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	noTime := func() time.Time { return time.Unix(0, 0) } // to always show the same
	_, err = nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:     3,
		Validation: test,
		Callbacks:  []nn.Callback{progress.New(os.Stdout, progress.Config{Terminal: &progress.Terminal{}, Now: noTime})},
	})
	if err != nil {
		panic(err)
	}
	// Output:
	// Epoch 1/3 - 45/45 - 0.0s 0µs/step - loss: 1.5251 - val_loss: 0.9305
	// Epoch 2/3 - 45/45 - 0.0s 0µs/step - loss: 0.6496 - val_loss: 0.5086
	// Epoch 3/3 - 45/45 - 0.0s 0µs/step - loss: 0.3832 - val_loss: 0.3539
}
