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
	Epochs    int             // passes over the data, those of a loaded checkpoint included; 0 means 1
	BatchSize int             // examples per step; 0 means 32
	Loss      Loss            // nil means CrossEntropy for data with labels, MSE for other
	Optimizer optim.Optimizer // of what is to be trained; nil means Adam of all parameters
	Schedule  optim.Schedule  // of the learning rate, by steps made; nil leaves it to the optimizer
	Metrics   []Metric        // measured besides the loss
	ClipNorm  float64         // the greatest norm of the gradients, see optim.ClipGradNorm; 0 for no limit

	// Validation is what the model is measured on after each epoch; nil for nothing.
	Validation data.Dataset

	Seed      uint64 // of the order of the examples, and of random numbers that layers draw
	NoShuffle bool   // visit the examples in the order of the data set
	Prefetch  int    // batches prepared in the background, see data.LoaderConfig
	Workers   int    // goroutines that prepare them; 0 means 1
	Buckets   int    // batches among which sequences of similar length are put together, see data.LoaderConfig; 0 means not to

	MicroBatch int // examples computed at once, to save memory; 0 means all of a batch, see TrainerConfig
	Shards     int // parts of a batch computed at the same time; 0 means 1, see TrainerConfig

	// DetectAnomaly finds the operation and the layer where a NaN or an infinity comes up
	// first, see TrainerConfig.
	DetectAnomaly bool

	// Callbacks see the run and can end it.
	Callbacks []Callback
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
// It changes the model's parameters and buffers, in place, and prints nothing: see
// FitConfig.Callbacks. The same seed gives the same bits, on any number of processors.
// Nobody else may use the model, the optimizer or the losses and metrics that keep state
// while it runs.
//
// A callback that loads a checkpoint in Begin makes it go on from there, as
// [Checkpointing] does; the history has what came before, too.
//
// Before the first step it computes the loss and the metrics of the first examples of the
// validation data, and of the training data, as [Evaluate] does, and looks at all labels of
// data sets that are [data.Labeled]: what does not fit is an error at once. The training
// data are not looked at for an Objective of one's own ([FitObjective]), which may do
// something else in training.
//
// If the run ends early, the history has what was done so far, the epoch that was
// interrupted included, and the model what it has learned, or what a callback such as
// [EarlyStopping] or [EMA] leaves it with. The error is nil if a
// callback returned [ErrStop], and that of a callback if it returned another; otherwise
// it wraps that of a cancelled ctx, of the data, a [*NonFiniteError], or a mistake in
// how model, loss, data and configuration fit together, such as [*autograd.ShapeError]
// or [*autograd.ValueError], which names the layer where it is in one ([*LayerError]). Where
// an example is at fault it names that ([*ExampleError]).
func Fit(ctx context.Context, model Layer, train data.Dataset, config FitConfig) (*History, error) {
	objective, err := supervisedBy("nn.Fit", model, config.Loss)
	if err != nil {
		return &History{}, fmt.Errorf("nn: Fit: %w", err)
	}
	return FitObjective(ctx, objective, train, config)
}

// FitObjective is [Fit] of an [Objective], which has a loss of its own in place of
// config.Loss.
func FitObjective(ctx context.Context, objective Objective, train data.Dataset, config FitConfig) (*History, error) {
	f, err := newFitting(objective, train, config)
	if err == nil {
		err = f.check(ctx, train)
	}
	if err != nil {
		return &History{}, fmt.Errorf("nn: Fit: %w", err)
	}
	err = f.run(ctx)
	return &f.trainer.history, err
}

// fitting is a run of Fit.
type fitting struct {
	config    FitConfig
	trainer   *Trainer
	loader    *data.Loader
	evaluator *evaluator // nil without validation
}

func newFitting(objective Objective, train data.Dataset, config FitConfig) (f *fitting, err error) {
	defer autograd.Catch(&err)
	if config.Epochs < 0 {
		return nil, &autograd.ValueError{Op: "nn.Fit", Reason: fmt.Sprintf("Epochs is %d, expected no negative number", config.Epochs)}
	}
	checkNoneNil("nn.Fit", "Callbacks", config.Callbacks)
	config.Callbacks = savingLast(config.Callbacks)
	f = &fitting{config: config, trainer: NewTrainer(objective, TrainerConfig{
		Optimizer: config.Optimizer, Schedule: config.Schedule, Metrics: config.Metrics,
		ClipNorm: config.ClipNorm, Seed: config.Seed, DetectAnomaly: config.DetectAnomaly,
		MicroBatch: config.MicroBatch, Shards: config.Shards,
	})}
	f.trainer.callbacks, f.trainer.validates = config.Callbacks, config.Validation != nil
	f.trainer.epochs = orDefaultInt(config.Epochs, 1)
	loading := data.LoaderConfig{BatchSize: config.BatchSize, Shuffle: !config.NoShuffle, Seed: config.Seed, Prefetch: config.Prefetch, Workers: config.Workers, Buckets: config.Buckets}
	if f.loader, err = newLoader(objective, train, loading); err != nil {
		return nil, err
	}
	f.trainer.loader = f.loader
	if config.Validation != nil {
		f.evaluator, err = newEvaluator(objective, config.Validation, EvaluateConfig{
			BatchSize: config.BatchSize, Metrics: config.Metrics, Prefetch: config.Prefetch,
		})
		if err != nil {
			return nil, fmt.Errorf("validation: %w", err)
		}
		f.evaluator.after = f.validated
	}
	return f, nil
}

// validated tells the callbacks that follow validation how it goes on.
func (f *fitting) validated(done, total int) error {
	for _, c := range f.config.Callbacks {
		if v, ok := c.(Validating); ok {
			if err := v.Validated(done, total); err != nil {
				return err
			}
		}
	}
	return nil
}

// savingLast puts those callbacks last that save what all the others have come to.
func savingLast(callbacks []Callback) []Callback {
	saves := func(c Callback) bool { _, ok := c.(*Checkpointing); return ok }
	others := slices.DeleteFunc(slices.Clone(callbacks), saves)
	saving := slices.DeleteFunc(slices.Clone(callbacks), func(c Callback) bool { return !saves(c) })
	return append(others, saving...)
}

func (f *fitting) run(ctx context.Context) error {
	begun := 0
	err := f.begin(&begun)
	for err == nil && !f.isOver() {
		err = f.epoch(ctx)
	}
	if errors.Is(err, ErrStop) {
		err = nil
	}
	err = f.end(begun, err)
	if own := f.finish(ctx, begun); own != nil {
		err = errors.Join(err, own)
	}
	return err
}

func (f *fitting) begin(begun *int) error {
	for _, c := range f.config.Callbacks {
		if err := c.Begin(f.trainer); err != nil {
			return err
		}
		*begun++
	}
	return nil
}

// end tells the callbacks that have begun that the run ends with err.
func (f *fitting) end(begun int, err error) error {
	all := err
	for _, c := range slices.Backward(f.config.Callbacks[:begun]) {
		if own := c.End(err); own != nil {
			all = errors.Join(all, own)
		}
	}
	return all
}

// finish lets the callbacks that have begun leave the model with other weights.
func (f *fitting) finish(ctx context.Context, begun int) error {
	var all error
	for _, averages := range []bool{true, false} {
		for _, c := range f.config.Callbacks[:begun] {
			finisher, ok := c.(Finisher)
			if _, averaging := c.(Averaging); ok && averaging == averages {
				all = errors.Join(all, finisher.Finish(ctx))
			}
		}
	}
	return all
}

// epoch trains for an epoch, or what of it is left to do, and enters it in the history.
func (f *fitting) epoch(ctx context.Context) error {
	start, t := time.Now(), f.trainer
	epoch := Epoch{Number: int(t.epoch - t.unvalidated), Partial: true}
	var err error
	if t.unvalidated == 0 {
		err = f.steps(ctx, &epoch)
	} else { // as a checkpoint says that was made before the validation
		epoch.Steps, epoch.Train = f.loader.NumBatches(), slices.Clone(t.tally.update())
	}
	epoch.Partial = epoch.Steps < f.loader.NumBatches()
	if err == nil && f.evaluator != nil {
		err = f.trainer.WithAverages(ctx, func() (err error) {
			epoch.Validation, err = f.evaluator.run(ctx)
			return err
		})
		if err != nil {
			err = fmt.Errorf("nn: validation after epoch %d: %w", epoch.Number, err)
		}
	}
	epoch.Duration = time.Since(start)
	if epoch.Steps > 0 {
		t.history.Epochs = append(t.history.Epochs, epoch)
	}
	if err != nil {
		return err
	}
	t.unvalidated = 0
	return f.tell(func(c Callback) error { return c.Epoch(&epoch) })
}

// tell tells the callbacks of a step or an epoch. One that stops the run does not keep
// those after it from seeing the last one.
func (f *fitting) tell(see func(c Callback) error) error {
	var stop error
	for _, c := range f.config.Callbacks {
		switch err := see(c); {
		case err == nil:
		case !errors.Is(err, ErrStop):
			return err
		case stop == nil:
			stop = err
		}
	}
	return stop
}

// isOver reports whether a run that goes on from a checkpoint has nothing left to do.
func (f *fitting) isOver() bool {
	if f.trainer.epoch-f.trainer.unvalidated >= int64(f.trainer.epochs) {
		return true
	}
	return slices.ContainsFunc(f.config.Callbacks, func(c Callback) bool {
		over, ok := c.(interface{ isOver() bool })
		return ok && over.isOver()
	})
}

// steps makes the steps of an epoch.
func (f *fitting) steps(ctx context.Context, epoch *Epoch) error {
	defer func() {
		if epoch.Steps > 0 {
			epoch.Train = slices.Clone(f.trainer.tally.update())
		}
	}()
	for step, err := range f.trainer.Epoch(ctx, f.loader) {
		if err != nil {
			return err
		}
		epoch.Number, epoch.Steps = step.Epoch, step.Index+1
		if f.trainer.index == 0 { // it was the last one
			f.trainer.unvalidated = 1
		}
		if err := f.tell(func(c Callback) error { return c.Step(step) }); err != nil {
			return err
		}
	}
	return nil
}
