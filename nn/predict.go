package nn

import (
	"context"
	"fmt"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

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
