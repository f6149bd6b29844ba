package nn

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

var errNoExamples = errors.New("the data set has no examples")

// EvaluateConfig configures [Evaluate]. The zero value computes the loss.
type EvaluateConfig struct {
	BatchSize int      // examples computed at once; 0 means 32
	Loss      Loss     // nil means CrossEntropy for data with labels, MSELoss for other
	Metrics   []Metric // measured besides the loss
	Prefetch  int      // batches prepared in the background, see data.LoaderConfig
}

// Evaluate measures a model on a data set: the mean of the loss over the examples, and
// the metrics. The mean is that of the batches' losses, weighted by their numbers of
// examples. Layers behave as in inference, and the model is only read: any number of
// goroutines may evaluate it at once, while nobody trains it. A loss that is NaN is a
// result, not an error. The error wraps that of a cancelled ctx,
// of the data, or a mistake in how model, loss and data fit together, such as
// [*autograd.ShapeError]. It panics with [*data.ValueError] if a number in config is
// negative.
func Evaluate(ctx context.Context, model Layer, ds data.Dataset, config EvaluateConfig) (Scores, error) {
	scores, err := newEvaluator(model, ds, config).run(ctx)
	if err != nil {
		return nil, fmt.Errorf("nn: Evaluate: %w", err)
	}
	return scores, nil
}

// evaluator measures a model, any number of times.
type evaluator struct {
	inference
	loss  Loss
	tally tally
}

func newEvaluator(model Layer, ds data.Dataset, config EvaluateConfig) *evaluator {
	e := &evaluator{
		inference: newInference(model, ds, config.BatchSize, config.Prefetch),
		loss:      config.Loss,
		tally:     tally{metrics: config.Metrics},
	}
	if e.loss == nil {
		e.loss = defaultLoss
	}
	return e
}

func (e *evaluator) run(ctx context.Context) (Scores, error) {
	e.tally.begin()
	err := e.each(ctx, func(output autograd.Variable, batch *data.Batch) {
		loss := e.loss(output, e.feed.target(e.tape, batch))
		e.tally.add(loss.Item(), output, batch)
	})
	if err != nil {
		return nil, err
	}
	return append(Scores(nil), e.tally.update()...), nil
}

// PredictConfig configures [Predict].
type PredictConfig struct {
	BatchSize int // examples computed at once; 0 means 32
	Prefetch  int // batches prepared in the background, see data.LoaderConfig
}

// Predict computes a model's outputs for all examples of a data set, in order: a
// constant of shape [examples, outputs…] that belongs to the caller. Layers behave as in
// inference, and the model is only read, as by [Evaluate], whose errors and panics it
// has. For logits of classes, ArgMax(-1) of the result is the classes. It is an error,
// an [*autograd.ShapeError], if the model does not give one output for each example, or
// outputs of one shape.
func Predict(ctx context.Context, model Layer, ds data.Dataset, config PredictConfig) (autograd.Variable, error) {
	var all autograd.Variable
	r := newInference(model, ds, config.BatchSize, config.Prefetch)
	done := 0 // elements
	err := r.each(ctx, func(output autograd.Variable, batch *data.Batch) {
		if output.Rank() == 0 || output.Dim(0) != batch.Len {
			panic(shapeError("nn.Predict", fmt.Sprintf("expected an output for each of %d examples", batch.Len), output))
		}
		if !all.IsValid() {
			shape := append([]int{ds.Len()}, output.Shape()[1:]...)
			all = autograd.Zeros(output.DType(), shape...)
		}
		if want := all.Shape()[1:]; !slices.Equal(output.Shape()[1:], want) {
			panic(shapeError("nn.Predict", fmt.Sprintf("expected outputs of shape %v, as for the first batch", want), output))
		}
		if all.DType() == autograd.Float32 {
			done += copy(all.Float32s()[done:], output.Float32s())
		} else {
			done += copy(all.Float64s()[done:], output.Float64s())
		}
	})
	if err != nil {
		return autograd.Variable{}, fmt.Errorf("nn: Predict: %w", err)
	}
	return all, nil
}

// inference applies a model to a data set.
type inference struct {
	model  Layer
	loader *data.Loader
	tape   *autograd.Tape
	feed   feed
}

func newInference(model Layer, ds data.Dataset, batchSize, prefetch int) inference {
	return inference{
		model:  model,
		loader: data.NewLoader(ds, data.LoaderConfig{BatchSize: batchSize, DType: dtypeOf(model), KeepBytes: true, Prefetch: prefetch}),
		tape:   autograd.NewTape(autograd.TapeConfig{NoGrad: true}),
	}
}

// each calls f with the output for each batch. What operations panic with it returns
// as an error.
func (r *inference) each(ctx context.Context, f func(output autograd.Variable, batch *data.Batch)) error {
	if r.loader.Steps() == 0 {
		return errNoExamples
	}
	for batch, err := range r.loader.Batches(ctx, 0) {
		if err != nil {
			return err
		}
		r.tape.Reset()
		err := autograd.Try(func() { f(r.model.Forward(r.feed.features(r.tape, batch)), batch) })
		if err != nil {
			return fmt.Errorf("batch %d: %w", batch.Step, err)
		}
	}
	return nil
}
