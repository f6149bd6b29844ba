package nn

import (
	"context"
	"errors"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// What Fit sees to before the first step, so that it does not come out after hours.

// check computes the loss and the metrics of the first examples, as evaluation does: of the
// validation data, and of the training data where the objective is that of a model and a loss.
// Where labels are known without reading the examples it looks at all of them.
func (f *fitting) check(ctx context.Context, train data.Dataset) error {
	if f.evaluator != nil {
		if err := f.evaluator.check(ctx); err != nil {
			return fmt.Errorf("validation: %w", err)
		}
	}
	if _, ok := f.trainer.objective.(*supervised); !ok {
		return nil // may be something else in training
	}
	size := f.loader.Config().BatchSize
	if micro := f.trainer.config.MicroBatch; micro > 0 {
		size = min(size, micro)
	}
	e, err := newEvaluator(f.trainer.objective, train, EvaluateConfig{BatchSize: size, Metrics: f.config.Metrics})
	if err == nil {
		err = e.check(ctx)
	}
	if err != nil {
		return fmt.Errorf("training data: %w", err)
	}
	return nil
}

// check evaluates the first batch only, and looks at the labels of all.
func (e *evaluator) check(ctx context.Context) error {
	first, config, classes := e.inference, e.loader.Config(), 0
	config.Prefetch = 0
	first.loader = data.NewLoader(e.loader.Dataset(), config)
	measuring := tally{metrics: e.tally.metrics}
	measuring.begin()
	err := first.each(ctx, func(s *StepContext) error {
		e.objective.Loss(s).Item()
		measuring.measureAll(s)
		if own, ok := e.objective.(*supervised); ok {
			if l, ok := own.loss.(classesLoss); ok {
				classes = l.classes(s.output, s.Target())
			}
		}
		return errEnough
	})
	if err != nil && !errors.Is(err, errEnough) {
		return err
	}
	return checkLabels(e.loader.Dataset(), classes)
}

// errEnough ends a pass over batches.
var errEnough = errors.New("enough")

// classesLoss is a loss that knows which labels there may be.
type classesLoss interface {
	// classes is how many classes labels may name; 0 if labels do not count.
	classes(output autograd.Variable, target Target) int
}

// checkLabels finds a label beyond so many classes; 0 for any number of them.
func checkLabels(ds data.Dataset, classes int) error {
	labeled, ok := ds.(data.Labeled)
	if !ok || classes == 0 {
		return nil
	}
	for i := range ds.Len() {
		if label, ok := labeled.Label(i); ok && label >= classes {
			return &ExampleError{Example: i, What: fmt.Sprintf("label %d is outside 0…%d", label, classes-1), feature: -1}
		}
	}
	return nil
}
