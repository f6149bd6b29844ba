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
	Meters    []Meter  // take in the outputs too: the caller's own, to be asked for more than a number afterwards
	Prefetch  int      // batches prepared in the background, see data.LoaderConfig
}

// Evaluate measures a model on a data set: the loss and the metrics. The loss is that of
// all examples together, whatever the batch size, up to rounding (see [Loss]). Meters, such
// as a [ConfusionMatrix] or a [Ranking], are not begun anew: they may measure several data
// sets together. Layers
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
	after     func(done, total int) error // each batch; nil for nothing
}

func newEvaluator(objective Objective, ds data.Dataset, config EvaluateConfig) (e *evaluator, err error) {
	defer autograd.Catch(&err)
	checkNoneNil("nn.Evaluate", "Metrics", config.Metrics)
	checkNoneNil("nn.Evaluate", "Meters", config.Meters)
	r, err := newInference(objective, ds, config.BatchSize, config.Prefetch)
	return &evaluator{inference: r, objective: objective, tally: tally{metrics: config.Metrics, guests: config.Meters}}, err
}

func (e *evaluator) run(ctx context.Context) (Scores, error) {
	e.tally.begin()
	err := e.each(ctx, func(s *StepContext) error {
		loss := e.objective.Loss(s).Item()
		e.tally.measureAll(s)
		e.tally.add(loss, s)
		if e.after != nil {
			return e.after(s.Batch.Number+1, e.loader.NumBatches())
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return slices.Clone(e.tally.update()), nil
}
