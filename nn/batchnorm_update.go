package nn

import (
	"context"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// UpdateBatchNorm makes the running statistics of all batch normalizations of an objective
// those of a pass over the first epoch of a loader: the mean over its batches, each with the
// same weight, whatever the layers' momentum. It is for weights that were not trained with
// the statistics that the model has, such as averages ([SWA] does it by itself): without
// it they may be worth nothing.
//
// The objective is computed as in training, with random numbers of seed 0, and without
// gradients; batches may be of any size that training may have. All other buffers and
// counters stay as they are, and so do the statistics of [Frozen] layers; without any batch
// normalization there is no pass. The error wraps that of a cancelled ctx, of the data, or
// a mistake in how they fit together; after it nothing is changed. Nobody else may use the
// model meanwhile.
func UpdateBatchNorm(ctx context.Context, objective Objective, loader *data.Loader) error {
	if err := updateBatchNorm(ctx, objective, objective, loader); err != nil {
		return fmt.Errorf("nn: UpdateBatchNorm: %w", err)
	}
	return nil
}

// statistics is the batch normalization itself, of a layer that embeds it.
func (b *BatchNorm) statistics() *BatchNorm { return b }

// updateBatchNorm updates the batch normalizations of a model that is part of an objective.
func updateBatchNorm(ctx context.Context, model Module, objective Objective, loader *data.Loader) (err error) {
	defer autograd.Catch(&err)
	norms := batchNorms(model)
	if len(norms) == 0 {
		return nil
	}
	before := keepState(objective)
	for _, b := range norms {
		b.restart()
		cumulative := b.config.Cumulative
		b.config.Cumulative = true
		defer func() { b.config.Cumulative = cumulative }()
	}
	if err := statisticsPass(ctx, objective, loader); err != nil {
		before.restore(nil)
		return err
	}
	before.restore(norms)
	return nil
}

// batchNorms is the batch normalizations of a model that keep statistics, each once.
func batchNorms(model Module) (norms map[any]*BatchNorm) {
	norms = map[any]*BatchNorm{}
	for _, m := range Modules(model) {
		if layer, ok := m.(interface{ statistics() *BatchNorm }); ok {
			if b := layer.statistics(); !b.config.NoRunningStats {
				norms[&b.NumBatchesTracked] = b
			}
		}
	}
	return norms
}

// restart forgets what the running statistics are of.
func (b *BatchNorm) restart() {
	b.RunningMean.CopyFrom(autograd.Zeros(b.RunningMean.DType(), b.channels))
	b.RunningVar.CopyFrom(autograd.Ones(b.RunningVar.DType(), b.channels))
	b.NumBatchesTracked = 0
}

// statisticsPass computes the objective for each batch of an epoch and writes what it
// assigns.
func statisticsPass(ctx context.Context, objective Objective, loader *data.Loader) error {
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true, Training: true})
	var s StepContext
	for batch, err := range loader.Batches(ctx, 0) {
		if err != nil {
			return err
		}
		s.begin(tape, batch)
		err := caught(func(s *StepContext) error {
			objective.Loss(s)
			tape.Commit()
			return nil
		}, &s)
		if err != nil {
			return fmt.Errorf("batch %d: %w", batch.Number, locate(err, objective))
		}
		tape.Reset()
	}
	return nil
}

// keptState is a copy of a model's buffers and counters.
type keptState struct {
	buffers  map[autograd.Variable]autograd.Variable
	counters map[*int64]int64
}

func keepState(m Module) keptState {
	k := keptState{map[autograd.Variable]autograd.Variable{}, map[*int64]int64{}}
	for _, b := range Buffers(m) {
		k.buffers[b] = b.Clone()
	}
	for _, c := range Counters(m) {
		k.counters[c] = *c
	}
	return k
}

// restore gives the model back what it had, but for some batch normalizations.
func (k keptState) restore(but map[any]*BatchNorm) {
	for _, b := range but {
		delete(k.buffers, b.RunningMean)
		delete(k.buffers, b.RunningVar)
		delete(k.counters, &b.NumBatchesTracked)
	}
	for b, value := range k.buffers {
		b.CopyFrom(value)
	}
	for c, value := range k.counters {
		*c = value
	}
}
