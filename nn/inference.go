package nn

import (
	"context"
	"errors"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// What evaluation and prediction have in common, and training too: batches of a data set
// for a model.

// errNoExamples is that of a data set that is empty.
var errNoExamples = errors.New("the data set has no examples")

// newLoader deals out a data set for a model, or says why it cannot.
func newLoader(model Module, ds data.Dataset, config data.LoaderConfig) (loader *data.Loader, err error) {
	if isNil(ds) {
		return nil, &autograd.ValueError{Op: "nn", Reason: "the data set is nil"}
	}
	if config.BatchSize < 0 || config.Prefetch < 0 {
		return nil, &autograd.ValueError{Op: "nn", Reason: fmt.Sprintf("batch size %d, prefetch %d: expected no negative number", config.BatchSize, config.Prefetch)}
	}
	config.DType, config.KeepBytes = dtypeOf(model), true
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *data.ValueError: // what else does not fit
			loader, err = nil, &autograd.ValueError{Op: "nn", Reason: r.Reason}
		default:
			panic(r)
		}
	}()
	loader = data.NewLoader(ds, config)
	if loader.NumBatches() == 0 {
		return nil, errNoExamples
	}
	return loader, nil
}

// inference computes with a model, batch by batch.
type inference struct {
	model  Module
	loader *data.Loader
	tape   *autograd.Tape
}

func newInference(model Module, ds data.Dataset, batchSize, prefetch int) (r inference, err error) {
	defer autograd.Catch(&err)
	loader, err := newLoader(model, ds, data.LoaderConfig{BatchSize: batchSize, Prefetch: prefetch})
	return inference{model, loader, autograd.NewTape(autograd.TapeConfig{NoGrad: true})}, err
}

// each calls f for each batch. What operations panic with it returns as an error.
func (r *inference) each(ctx context.Context, f func(s *StepContext) error) error {
	var s StepContext
	for batch, err := range r.loader.Batches(ctx, 0) {
		if err != nil {
			return err
		}
		r.tape.Reset()
		s.begin(r.tape, batch)
		if err := caught(f, &s); err != nil {
			return fmt.Errorf("batch %d: %w", batch.Number, named(locate(blamed(err, batch), r.model), r.loader.Dataset()))
		}
	}
	return nil
}

// caught is the error that f returns or panics with.
func caught(f func(s *StepContext) error, s *StepContext) (err error) {
	defer autograd.Catch(&err)
	return f(s)
}
