package nn

import (
	"context"
	"fmt"
	"iter"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// TrainerConfig configures [NewTrainer]. The zero value trains with Adam.
type TrainerConfig struct {
	Loss      Loss            // nil means CrossEntropy for data with labels, MSELoss for other
	Optimizer optim.Optimizer // of the model's parameters; nil means Adam with its defaults
	Metrics   []Metric        // measured besides the loss
	ClipNorm  float64         // the greatest norm of the gradients, see optim.ClipGradNorm; 0 for no limit
	Seed      uint64          // of random numbers that layers draw in training
}

// Trainer trains a model step by step: forward, loss, backward, optimizer. [Fit] is
// the whole run. A Trainer belongs to one goroutine at a time.
type Trainer struct {
	model  Layer
	config TrainerConfig
	tape   *autograd.Tape
	feed   feed
	tally  tally
	counts int // the epoch that tally is about, -1 for none

	epoch, index int  // position: the next step
	step         Step // what Step returns

	batch   *data.Batch // at work in train
	failure error       // of train
	attempt func()      // train, as a value made once
}

// Step is a step of training that was done.
type Step struct {
	Epoch    int     // the epoch, from 0
	Index    int     // the step within the epoch, from 0
	Steps    int     // how many steps the epoch has; 0 if that is not known
	Examples int     // how many examples the batch had
	Loss     float64 // of the batch, before the step
	GradNorm float64 // Euclidean norm of all gradients, before clipping

	// Means has the loss and the metrics over the steps of the epoch so far, each with
	// the weights of its time. It is valid until the next step.
	Means Scores
}

// NonFiniteError reports a step whose loss or gradients are NaN or infinite. The step
// was not made: parameters and optimizer are as the step before left them.
type NonFiniteError struct {
	Epoch, Step int     // counted from 0
	What        string  // "the loss", or a parameter's gradient
	Value       float64 // of the loss, or of the gradient's first entry that is not finite
}

// Error names epoch, step and value.
func (e *NonFiniteError) Error() string {
	return fmt.Sprintf("nn: epoch %d, step %d: %s is %v", e.Epoch, e.Step, e.What, e.Value)
}

// NewTrainer is a Trainer of a model, at the start of its first epoch. It panics with
// [*autograd.ValueError] if ClipNorm is negative.
func NewTrainer(model Layer, config TrainerConfig) *Trainer {
	if !(config.ClipNorm >= 0) {
		panic(&autograd.ValueError{Op: "nn.NewTrainer", Reason: fmt.Sprintf("ClipNorm is %v, expected 0 or a positive number", config.ClipNorm)})
	}
	if config.Loss == nil {
		config.Loss = defaultLoss
	}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(Params(model), optim.AdamConfig{})
	}
	t := &Trainer{
		model:  model,
		config: config,
		tape:   autograd.NewTape(autograd.TapeConfig{Training: true, Seed: config.Seed}),
		tally:  tally{metrics: config.Metrics},
		counts: -1,
	}
	t.attempt = t.train
	return t
}

// Position is where training is: the epoch, and the step within it, that comes next.
// After the last step of an epoch that is the first step of the next one. Only
// [Trainer.Steps] moves it.
func (t *Trainer) Position() (epoch, step int) { return t.epoch, t.index }

// Steps trains to the end of an epoch, step by step, to be ranged over:
//
//	for step, err := range trainer.Steps(ctx, loader) {
//
// The first call is the first epoch, the next one the second; after a loop that was
// left, or ended with an error, it goes on where that stopped. A step is valid until
// the next iteration, its batch is trained on when it appears. When ctx is cancelled,
// data fail, the model does not fit them or numbers are no longer finite
// ([*NonFiniteError]), the loop ends with one iteration whose error says so and whose
// step is nil; the model is as the last step left it.
func (t *Trainer) Steps(ctx context.Context, loader *data.Loader) iter.Seq2[*Step, error] {
	return func(yield func(*Step, error) bool) {
		for batch, err := range loader.BatchesFrom(ctx, t.epoch, t.index) {
			if err != nil {
				yield(nil, fmt.Errorf("nn: training: %w", err))
				return
			}
			step, err := t.Step(batch)
			if err != nil {
				yield(nil, err)
				return
			}
			step.Steps = loader.Steps()
			t.advance(step.Steps)
			if !yield(step, nil) {
				return
			}
		}
		if t.index > 0 || loader.Steps() == 0 { // of another loader, or of one without batches
			t.advance(0)
		}
	}
}

// advance moves on by a step of an epoch of so many.
func (t *Trainer) advance(steps int) {
	if t.index++; t.index >= steps {
		t.epoch, t.index = t.epoch+1, 0
	}
}

// Step trains on one batch, for loops with data of their own. The running means of the
// result start anew whenever batch.Epoch changes. After the first steps it allocates
// nothing. What operations panic with, such as [*autograd.ShapeError], is returned as
// an error; it and a [*NonFiniteError] leave the model as it was. The result is valid
// until the next call.
func (t *Trainer) Step(batch *data.Batch) (*Step, error) {
	if t.counts != batch.Epoch {
		t.counts = batch.Epoch
		t.tally.begin()
	}
	t.batch, t.failure = batch, nil
	err := autograd.Try(t.attempt)
	t.batch = nil
	if err != nil {
		return nil, fmt.Errorf("nn: epoch %d, step %d: %w", batch.Epoch, batch.Step, err)
	}
	if t.failure != nil {
		return nil, t.failure
	}
	t.step.Means = t.tally.update()
	return &t.step, nil
}

// train is the step itself, on t.batch.
func (t *Trainer) train() {
	batch, tape := t.batch, t.tape
	tape.Reset()
	output := t.model.Forward(t.feed.features(tape, batch))
	loss := t.config.Loss(output, t.feed.target(tape, batch))
	t.step = Step{Epoch: batch.Epoch, Index: batch.Step, Examples: batch.Len, Loss: loss.Item()}
	if !isFinite(t.step.Loss) {
		t.failure = &NonFiniteError{batch.Epoch, batch.Step, "the loss", t.step.Loss}
		return
	}
	grads := loss.Backward()
	if t.step.GradNorm = t.clip(grads); !isFinite(t.step.GradNorm) {
		if t.failure = t.nonFinite(grads, batch); t.failure != nil {
			return
		}
	}
	t.tally.add(t.step.Loss, output, batch)
	t.config.Optimizer.Step(grads)
}

// clip limits the gradients' norm if that is asked for, and returns it.
func (t *Trainer) clip(grads autograd.Gradients) float64 {
	if t.config.ClipNorm > 0 {
		return optim.ClipGradNorm(grads, t.config.ClipNorm)
	}
	return grads.Norm()
}

// nonFinite finds the parameter whose gradient is not finite. There is none if it was
// only their norm that is too large for a number.
func (t *Trainer) nonFinite(grads autograd.Gradients, batch *data.Batch) error {
	for name, w := range Params(t.model) {
		grad, ok := grads.Lookup(w)
		if !ok {
			continue
		}
		for _, x := range grad.Floats() {
			if !isFinite(x) {
				return &NonFiniteError{batch.Epoch, batch.Step, "the gradient of " + name, x}
			}
		}
	}
	return nil
}

func isFinite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }
