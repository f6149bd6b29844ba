package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// EvaluateConfig configures [Evaluate]. The zero value computes the loss.
type EvaluateConfig struct {
	BatchSize int      // examples computed at once; 0 means 32
	Loss      Loss     // nil means CrossEntropy for data with labels, MSE for other
	Metrics   []Metric // measured besides the loss
	Prefetch  int      // batches prepared in the background, see data.LoaderConfig
}

// Evaluate measures a model on a data set: the loss and the metrics. The loss is that of
// all examples together, whatever the batch size, up to rounding (see [Loss]). Layers
// behave as in inference, and the model is only read: any number of goroutines may
// evaluate it at once, while nobody trains it. A loss that is NaN is a result, not an
// error. The error wraps that of a cancelled ctx, of the data, or a mistake in how model,
// loss, data and configuration fit together, such as [*autograd.ShapeError].
func Evaluate(ctx context.Context, model Layer, ds data.Dataset, config EvaluateConfig) (Scores, error) {
	objective, err := supervisedBy("nn.Evaluate", model, config.Loss)
	if err != nil {
		return nil, fmt.Errorf("nn: Evaluate: %w", err)
	}
	return EvaluateObjective(ctx, objective, ds, config)
}

// EvaluateObjective is [Evaluate] of an [Objective], which has a loss of its own in place
// of config.Loss. What it logs is among the scores.
func EvaluateObjective(ctx context.Context, objective Objective, ds data.Dataset, config EvaluateConfig) (Scores, error) {
	e, err := newEvaluator(objective, ds, config)
	if err != nil {
		return nil, fmt.Errorf("nn: Evaluate: %w", err)
	}
	scores, err := e.run(ctx)
	if err != nil {
		return nil, fmt.Errorf("nn: Evaluate: %w", err)
	}
	return scores, nil
}

// evaluator measures an objective, any number of times.
type evaluator struct {
	inference
	objective Objective
	tally     tally
}

func newEvaluator(objective Objective, ds data.Dataset, config EvaluateConfig) (e *evaluator, err error) {
	defer autograd.Catch(&err)
	checkNoneNil("nn.Evaluate", "Metrics", config.Metrics)
	r, err := newInference(objective, ds, config.BatchSize, config.Prefetch)
	return &evaluator{inference: r, objective: objective, tally: tally{metrics: config.Metrics}}, err
}

func (e *evaluator) run(ctx context.Context) (Scores, error) {
	e.tally.begin()
	err := e.each(ctx, func(s *StepContext) error {
		loss := e.objective.Loss(s).Item()
		e.tally.measure(s)
		e.tally.add(loss, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.Clone(e.tally.update()), nil
}

// PredictConfig configures [Predict].
type PredictConfig struct {
	BatchSize int // examples computed at once; 0 means 32
	Prefetch  int // batches prepared in the background, see data.LoaderConfig
}

// Predict computes a model's outputs for all examples of a data set, in order: a
// constant of shape [examples, outputs…] that belongs to the caller. Layers behave as in
// inference, and the model is only read, as by [Evaluate], whose errors it has. For logits
// of classes, ArgMax(-1) of the result is the classes. It is an error, an
// [*autograd.ShapeError], if the model does not give one output for each example, or
// outputs of one shape.
func Predict(ctx context.Context, model Layer, ds data.Dataset, config PredictConfig) (autograd.Variable, error) {
	return PredictBy(ctx, model, func(s *StepContext) autograd.Variable { return model.Forward(s.X()) }, ds, config)
}

// PredictBy is [Predict] by a function that computes the outputs for a batch with a
// model, for models that are no [Layer].
func PredictBy(ctx context.Context, model Module, f func(s *StepContext) autograd.Variable, ds data.Dataset, config PredictConfig) (autograd.Variable, error) {
	var all autograd.Variable
	r, err := newInference(model, ds, config.BatchSize, config.Prefetch)
	if err == nil {
		err = r.each(ctx, func(s *StepContext) error { return place(&all, f(s), s.Batch, ds.Len()) })
	}
	if err != nil {
		return autograd.Variable{}, fmt.Errorf("nn: Predict: %w", err)
	}
	return all, nil
}

// place puts the output for a batch where it belongs among all, so many.
func place(all *autograd.Variable, output autograd.Variable, batch *data.Batch, examples int) error {
	const op = "nn.Predict"
	if output.Rank() == 0 || output.Dim(0) != batch.Len {
		return shapeError(op, fmt.Sprintf("expected an output for each of %d examples", batch.Len), output)
	}
	if (*all == autograd.Variable{}) {
		*all = autograd.Zeros(output.DType(), append([]int{examples}, output.Shape()[1:]...)...)
	}
	if want := all.Shape()[1:]; !slices.Equal(output.Shape()[1:], want) {
		return shapeError(op, fmt.Sprintf("expected outputs of shape %v, as for the first batch", want), output)
	}
	row := output.Size() / batch.Len
	for i, example := range batch.Indices {
		if all.DType() == autograd.Float32 {
			copy(all.Float32s()[example*row:], output.Float32s()[i*row:(i+1)*row])
		} else {
			copy(all.Float64s()[example*row:], output.Float64s()[i*row:(i+1)*row])
		}
	}
	return nil
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
			return fmt.Errorf("batch %d: %w", batch.Number, locate(err, r.model))
		}
	}
	return nil
}

// caught is the error that f returns or panics with.
func caught(f func(s *StepContext) error, s *StepContext) (err error) {
	defer autograd.Catch(&err)
	return f(s)
}
