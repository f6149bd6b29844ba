package nn

import (
	"errors"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// NonFiniteError reports a step whose loss or gradients are NaN or infinite. The step
// was not made: the model and the optimizer are as the step before left them.
type NonFiniteError struct {
	Epoch, Step int     // counted from 0
	What        string  // "the loss", or a parameter's gradient
	Value       float64 // of the loss, or of the gradient's first entry that is not finite

	// Cause says where the first NaN or infinity came up: an [*ExampleError] if it is in
	// the data, else an [*autograd.AnomalyError], within a [*LayerError] if it was in a
	// layer's Forward. To find it, the batch is looked through and the step computed once
	// more when it has failed; steps that do not fail cost nothing. It is nil if nothing was
	// found.
	Cause error
}

// Error says what is not finite, and where that began.
func (e *NonFiniteError) Error() string {
	text := fmt.Sprintf("%s is %v", e.What, e.Value)
	if e.Cause != nil {
		text += "; " + e.Cause.Error()
	}
	return text
}

// Unwrap returns Cause.
func (e *NonFiniteError) Unwrap() error { return e.Cause }

// explained adds to a NonFiniteError its cause: the step, which changes nothing, is
// computed again with the same random numbers on tapes that look for it.
func (t *Trainer) explained(err error, batch *data.Batch) error {
	var e *NonFiniteError
	if !errors.As(err, &e) || t.config.DetectAnomaly {
		return err
	}
	if blamed(err, batch); e.Cause != nil {
		return err
	}
	shards, tapes := t.shards, t.tapes
	defer func() { t.shards, t.tapes = shards, tapes }()
	t.addShards(len(shards), autograd.TapeConfig{Training: true, DetectAnomaly: true})
	var cause error
	if caught := autograd.Try(func() { _, cause = t.gradients(batch) }); caught != nil {
		cause = caught
	}
	var anomaly *autograd.AnomalyError
	if errors.As(cause, &anomaly) {
		e.Cause = locate(cause, t.objective)
	}
	return err
}

// nonFinite finds the parameter whose gradient is not finite. There is none if it was
// only their norm that is too large for a number.
func (t *Trainer) nonFinite(grads autograd.Gradients, batch *data.Batch) error {
	for i, w := range t.params {
		_, grad, ok := grads.Rows(w)
		if !ok {
			grad, ok = grads.Lookup(w)
		}
		if !ok {
			continue
		}
		for _, x := range grad.Floats() {
			if !isFinite(x) {
				return &NonFiniteError{Epoch: batch.Epoch, Step: batch.Number, What: "the gradient of " + t.names[i], Value: x}
			}
		}
	}
	return nil
}
