package nn

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// FitConfig configures [Fit]. The zero value trains for one epoch, with batches of 32
// in random order, by Adam.
type FitConfig struct {
	Epochs    int             // passes over the data; 0 means 1
	BatchSize int             // examples per step; 0 means 32
	Loss      Loss            // nil means CrossEntropy for data with labels, MSELoss for other
	Optimizer optim.Optimizer // of the model's parameters; nil means Adam with its defaults
	Metrics   []Metric        // measured besides the loss
	ClipNorm  float64         // the greatest norm of the gradients, see optim.ClipGradNorm; 0 for no limit

	// Validation is what the model is measured on after each epoch; nil for nothing.
	Validation data.Dataset

	Seed      uint64 // of the order of the examples, and of random numbers that layers draw
	NoShuffle bool   // visit the examples in the order of the data set
	Prefetch  int    // batches prepared in the background, see data.LoaderConfig

	// OnStep is called after each step, and OnEpoch after each epoch and its
	// validation. What they are given is valid during the call. An error ends the run:
	// ErrStop is the way to end it well.
	OnStep  func(step *Step) error
	OnEpoch func(epoch *Epoch) error
}

// ErrStop is what callbacks return to end training early, without an error.
var ErrStop = errors.New("nn: stop training")

// Epoch is what became of an epoch of training.
type Epoch struct {
	Number     int           // from 0
	Steps      int           // how many steps were made
	Partial    bool          // it was interrupted before its end
	Train      Scores        // means over its steps: the loss, then the metrics
	Validation Scores        // the same of the validation data afterwards; nil if there are none
	Duration   time.Duration // of training and validation
}

// History is the course of a training run.
type History struct {
	Epochs []Epoch
}

// Train is the values of a training score, one for each epoch; NaN where an epoch has
// none of this name.
func (h *History) Train(name string) []float64 {
	return h.values(name, func(e *Epoch) Scores { return e.Train })
}

// Validation is the values of a validation score, one for each epoch; NaN where an
// epoch has none of this name.
func (h *History) Validation(name string) []float64 {
	return h.values(name, func(e *Epoch) Scores { return e.Validation })
}

func (h *History) values(name string, scores func(*Epoch) Scores) []float64 {
	values := make([]float64, len(h.Epochs))
	for i := range h.Epochs {
		values[i] = scores(&h.Epochs[i]).Get(name)
	}
	return values
}

// Fit trains a model on a data set:
//
//	history, err := nn.Fit(ctx, model, train, nn.FitConfig{
//		Epochs:     10,
//		BatchSize:  128,
//		Metrics:    []nn.Metric{nn.Accuracy{}},
//		Validation: test,
//	})
//
// It changes the model's parameters, in place, and prints nothing: see OnStep and
// OnEpoch, which are called on the caller's goroutine. The same seed gives the same
// bits, on any number of processors. Nobody else may use the model, the optimizer or
// the losses and metrics that keep state while it runs.
//
// If the run ends early, the history has what was done so far, the epoch that was
// interrupted included, and the model what it has learned. The error is nil if a
// callback returned [ErrStop], and that of a callback if it returned another; otherwise
// it wraps that of a cancelled ctx, of the data, a [*NonFiniteError], or a mistake in
// how model, loss and data fit together, such as [*autograd.ShapeError]. Fit panics with
// [*autograd.ValueError] if a number in config is negative or ClipNorm NaN.
func Fit(ctx context.Context, model Layer, train data.Dataset, config FitConfig) (*History, error) {
	if config.Epochs < 0 || config.BatchSize < 0 || config.Prefetch < 0 {
		panic(&autograd.ValueError{Op: "nn.Fit", Reason: fmt.Sprintf("%d epochs, batch size %d, prefetch %d: expected no negative number", config.Epochs, config.BatchSize, config.Prefetch)})
	}
	f := newFitting(model, train, config)
	err := f.run(ctx)
	return &f.history, err
}

// fitting is a run of Fit.
type fitting struct {
	config    FitConfig
	trainer   *Trainer
	loader    *data.Loader
	evaluator *evaluator // nil without validation
	history   History
}

func newFitting(model Layer, train data.Dataset, config FitConfig) *fitting {
	f := &fitting{
		config: config,
		trainer: NewTrainer(model, TrainerConfig{
			Loss: config.Loss, Optimizer: config.Optimizer, Metrics: config.Metrics,
			ClipNorm: config.ClipNorm, Seed: config.Seed,
		}),
		loader: data.NewLoader(train, data.LoaderConfig{
			BatchSize: config.BatchSize, Shuffle: !config.NoShuffle, Seed: config.Seed,
			DType: dtypeOf(model), KeepBytes: true, Prefetch: config.Prefetch,
		}),
	}
	if config.Validation != nil {
		f.evaluator = newEvaluator(model, config.Validation, EvaluateConfig{
			BatchSize: config.BatchSize, Loss: config.Loss, Metrics: config.Metrics, Prefetch: config.Prefetch,
		})
	}
	return f
}

func (f *fitting) run(ctx context.Context) error {
	if f.loader.Steps() == 0 {
		return fmt.Errorf("nn: Fit: %w", errNoExamples)
	}
	for range max(1, f.config.Epochs) {
		if err := f.epoch(ctx); errors.Is(err, ErrStop) {
			return nil
		} else if err != nil {
			return err
		}
	}
	return nil
}

// epoch trains for an epoch and enters it in the history.
func (f *fitting) epoch(ctx context.Context) error {
	start := time.Now()
	epoch := Epoch{Partial: true}
	err := f.steps(ctx, &epoch)
	epoch.Partial = epoch.Steps < f.loader.Steps()
	if err == nil && f.evaluator != nil {
		if epoch.Validation, err = f.evaluator.run(ctx); err != nil {
			err = fmt.Errorf("nn: validation after epoch %d: %w", epoch.Number, err)
		}
	}
	epoch.Duration = time.Since(start)
	if epoch.Steps > 0 {
		f.history.Epochs = append(f.history.Epochs, epoch)
	}
	if err == nil && f.config.OnEpoch != nil {
		err = f.config.OnEpoch(&epoch)
	}
	return err
}

// steps makes the steps of an epoch.
func (f *fitting) steps(ctx context.Context, epoch *Epoch) error {
	for step, err := range f.trainer.Steps(ctx, f.loader) {
		if err != nil {
			return err
		}
		epoch.Number, epoch.Steps = step.Epoch, step.Index+1
		epoch.Train = append(epoch.Train[:0], step.Means...)
		if f.config.OnStep == nil {
			continue
		}
		if err := f.config.OnStep(step); err != nil {
			return err
		}
	}
	epoch.Train = slices.Clip(epoch.Train)
	return nil
}
