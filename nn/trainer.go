package nn

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// TrainerConfig configures [NewTrainer]. The zero value trains with Adam.
type TrainerConfig struct {
	Optimizer optim.Optimizer // of what is to be trained; nil means Adam of all parameters
	Schedule  optim.Schedule  // of the learning rate, by steps made; nil leaves it to the optimizer
	Metrics   []Metric        // measured besides the loss
	ClipNorm  float64         // the greatest norm of the gradients, see optim.ClipGradNorm; 0 for no limit
	Seed      uint64          // of random numbers that layers draw in training

	// MicroBatch is how many examples of a batch are computed at once, which bounds the
	// memory that a step takes; 0 means all. The gradients of all micro-batches together
	// are those of the batch, to rounding, for every loss and objective that says what it
	// divides by ([Loss]), and metrics see the outputs side by side. What looks at several
	// examples at once, as batch normalization, sees those of a micro-batch: running
	// statistics move once for each of them, as if they were batches.
	MicroBatch int

	// Shards is in how many parts each batch, or micro-batch, is cut, which are computed
	// at the same time; 0 means 1. It pays where operations are too small to be spread
	// over processors themselves, as those of recurrent layers and of small batches. The
	// gradients are as with MicroBatch, summed in the order of the shards, so that the same
	// number of shards gives the same bits on any number of processors. Buffers get the
	// mean of what the shards assign, weighed by examples, and counters the greatest. The
	// objective, layers included, must allow Loss to be called by several goroutines at
	// once, each with a StepContext of its own; those of this package do.
	Shards int

	// DetectAnomaly ends a step at the first operation that gives a NaN or an infinity,
	// with an error that names it and its layer. It takes time: every array is read once
	// more.
	DetectAnomaly bool
}

// Trainer trains step by step: loss, backward, optimizer. What it trains is the
// parameters that the optimizer has: no gradient is computed for others, and the norm of
// the gradients is that of these. Buffers and counters, such as running statistics, move in
// all layers that the loss is computed with, but for those that are [Frozen]. [Fit] is the
// whole run. A Trainer belongs to one goroutine at a time; several of them may share a
// model in turns, as of a generator and its adversary.
type Trainer struct {
	objective Objective
	config    TrainerConfig
	names     []string            // of the parameters trained
	params    []autograd.Variable // trained
	tally     tally
	counts    int // the epoch that tally is about, -1 for none

	callbacks []Callback // of Fit
	epochs    int        // that Fit is to make
	validates bool       // Fit does, after each epoch
	history   History    // of Fit

	// unvalidated is 1 between the last step of an epoch of Fit and the end of its
	// validation: what is next is that, not the step that the position says.
	unvalidated int64

	// Counts are int64 as checkpoints have them.
	epoch, index int64        // position: the next step
	made         int64        // steps in all
	seed         int64        // of random numbers
	loader       *data.Loader // of the last Epoch
	dataset      data.Dataset // of the loader under way, nil for none
	dealt        dealing      // by the loader of the last Epoch
	expects      dealing      // what a checkpoint says of the loader; zero if it does not matter
	step         Step         // what Step returns

	shards  []*shard         // one at least
	tapes   []*autograd.Tape // of shards
	job     shardJob
	weights []float64          // of the shards of a micro-batch
	total   autograd.Gradients // sums over micro-batches
	pieces  pieces
}

// Step is a step of training that was made.
type Step struct {
	Epoch    int     // the epoch, from 0
	Index    int     // the step within the epoch, from 0
	Total    int     // how many steps the epoch has; 0 if that is not known
	Examples int     // how many examples the batch had
	Loss     float64 // of the batch, before the step
	GradNorm float64 // Euclidean norm of all gradients, before clipping

	trainer *Trainer
	grads   autograd.Gradients
}

// Gradients is the gradients that the optimizer was given, after clipping. They are valid
// until the next step, as s itself is, and not to be changed.
func (s *Step) Gradients() autograd.Gradients { return s.grads }

// Means is the scores of the steps of the epoch so far: the loss, what the objective logs
// and the metrics, each with the weights of its time. They are computed when they are
// asked for, which may take a while ([Ranking] sorts), and valid until the next step. A
// Step that is none of a Trainer has none.
func (s *Step) Means() Scores {
	if s.trainer == nil {
		return nil
	}
	return s.trainer.tally.update()
}

// NewTrainer is a Trainer at the start of its first epoch. It panics with
// [*autograd.ValueError] if the objective is nil or not well made (see [Walk]), the
// optimizer has a parameter that is none of the objective's, a metric is nil, or a number
// of config is negative or not finite.
func NewTrainer(objective Objective, config TrainerConfig) *Trainer {
	const op = "nn.NewTrainer"
	if isNil(objective) {
		panic(&autograd.ValueError{Op: op, Reason: "the objective is nil"})
	}
	checkNoneNil(op, "Metrics", config.Metrics)
	config.ClipNorm = number(op, "ClipNorm", config.ClipNorm, 0)
	config.Shards = orDefaultInt(config.Shards, 1)
	if config.MicroBatch < 0 || config.Shards < 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("MicroBatch is %d, Shards is %d: expected no negative number", config.MicroBatch, config.Shards)})
	}
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(Params(objective), optim.AdamConfig{})
	}
	t := &Trainer{
		objective: objective,
		config:    config,
		tally:     tally{metrics: config.Metrics},
		counts:    -1,
		seed:      int64(config.Seed),
	}
	t.addShards(config.Shards, autograd.TapeConfig{Training: true, DetectAnomaly: config.DetectAnomaly})
	known := map[autograd.Variable]bool{}
	for _, w := range Params(objective) {
		known[w] = true
	}
	for name, w := range optim.Params(config.Optimizer) {
		if !known[w] {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("the optimizer has %q, which is no parameter of the objective: is it that of another model?", name)})
		}
		t.names, t.params = append(t.names, name), append(t.params, w)
	}
	return t
}

// Objective is what is trained.
func (t *Trainer) Objective() Objective { return t.objective }

// Optimizer is what trains it.
func (t *Trainer) Optimizer() optim.Optimizer { return t.config.Optimizer }

// Epochs is how many epochs [Fit] is to make in all; 0 for a Trainer that is not Fit's.
func (t *Trainer) Epochs() int { return t.epochs }

// Position is where training is: the epoch, and the step within it, that comes next.
// After the last step of an epoch that is the first step of the next one. Only
// [Trainer.Epoch] moves it.
func (t *Trainer) Position() (epoch, step int) { return int(t.epoch), int(t.index) }

// WithAverages calls f while the model has the averages that callbacks of [Fit] keep
// ([Averaging]), as validation does: to save or measure what the run would leave in the
// model. f must not train or save a checkpoint. Without such callbacks it is f alone. The
// error is that of f or of a callback.
func (t *Trainer) WithAverages(ctx context.Context, f func() error) (err error) {
	for _, c := range t.callbacks {
		averaging, ok := c.(Averaging)
		if !ok {
			continue
		}
		if err := averaging.Swap(ctx); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, averaging.Swap(ctx)) }()
	}
	return f()
}

// Epoch trains to the end of an epoch, step by step, to be ranged over:
//
//	for step, err := range trainer.Epoch(ctx, loader) {
//
// The first call is the first epoch, the next one the second; after a loop that was
// left, or ended with an error, it goes on where that stopped. A step is valid until
// the next iteration, its batch is trained on when it appears. When ctx is cancelled,
// data fail, the model does not fit them or numbers are no longer finite
// ([*NonFiniteError]), the loop ends with one iteration whose error says so and whose
// step is nil; the model is as the last step left it. So it does if a checkpoint that was
// loaded is of another loader ([*LoaderError]).
func (t *Trainer) Epoch(ctx context.Context, loader *data.Loader) iter.Seq2[*Step, error] {
	return func(yield func(*Step, error) bool) {
		t.loader, t.dealt = loader, dealingOf(loader)
		if err := t.expects.check(t.dealt); err != nil {
			yield(nil, err)
			return
		}
		t.expects = dealing{}
		t.dataset = loader.Dataset()
		defer func() { t.dataset = nil }()
		for batch, err := range loader.BatchesFrom(ctx, int(t.epoch), int(t.index)) {
			if err != nil {
				yield(nil, fmt.Errorf("nn: training: %w", err))
				return
			}
			step, err := t.Step(batch)
			if err != nil {
				yield(nil, err)
				return
			}
			step.Total = loader.NumBatches()
			t.advance(step.Total)
			if !yield(step, nil) {
				return
			}
		}
		if t.index > 0 || loader.NumBatches() == 0 { // of another loader, or of one without batches
			t.advance(0)
		}
	}
}

// advance moves on by a step of an epoch of so many.
func (t *Trainer) advance(total int) {
	if t.index++; t.index >= int64(total) {
		t.epoch, t.index = t.epoch+1, 0
	}
}

// Step trains on one batch, for loops with data of their own. The running means of the
// result start anew whenever batch.Epoch changes. After the first steps it allocates
// nothing, but for losses with weights or with labels left out, which make a few numbers for
// each example. What operations panic with, such as [*autograd.ShapeError], is returned as
// an error; it and a [*NonFiniteError] leave parameters, buffers, counters and optimizer
// as they were, and random numbers to be drawn again. The result is valid until the next
// call.
func (t *Trainer) Step(batch *data.Batch) (*Step, error) {
	if t.counts != batch.Epoch {
		t.counts = batch.Epoch
		t.tally.begin()
	}
	if err := t.train(batch); err != nil {
		return nil, fmt.Errorf("nn: epoch %d, step %d: %w", batch.Epoch, batch.Number, named(locate(err, t.objective), t.dataset))
	}
	return &t.step, nil
}

// train makes the step. Nothing outlasts it if it fails.
func (t *Trainer) train(batch *data.Batch) (err error) {
	defer autograd.Catch(&err)
	grads, err := t.gradients(batch)
	if err != nil {
		return t.explained(err, batch)
	}
	t.step = Step{Epoch: batch.Epoch, Index: batch.Number, Examples: batch.Len, Loss: t.pieces.loss, trainer: t, grads: grads}
	if t.step.GradNorm = t.clip(grads); !isFinite(t.step.GradNorm) {
		if err := t.nonFinite(grads, batch); err != nil {
			return t.explained(err, batch)
		}
	}
	t.tally.measure(&t.pieces.measured, batch)
	if t.config.Schedule != nil {
		t.config.Schedule.Set(int(t.made), t.config.Optimizer.Groups()...)
	}
	t.config.Optimizer.Step(grads)
	t.tapes[0].Commit()
	t.tally.merge(&t.pieces.tally)
	t.made++
	return nil
}

// reset ends the life of what the last step left on tapes.
func (t *Trainer) reset() {
	for _, s := range t.shards {
		s.tape.Reset()
	}
}

// clip limits the gradients' norm if that is asked for, and returns it.
func (t *Trainer) clip(grads autograd.Gradients) float64 {
	if t.config.ClipNorm > 0 {
		return optim.ClipGradNorm(grads, t.config.ClipNorm)
	}
	return grads.Norm()
}
