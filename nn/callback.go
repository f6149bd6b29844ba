package nn

import (
	"context"
	"errors"
)

// Callback sees a run of [Fit], and can end it. Embed [NoCallback] for the methods that
// one does not need; [OnStep] and [OnEpoch] make one of a function.
//
// The methods are called on the goroutine of Fit, for several callbacks in the order of
// FitConfig.Callbacks, those of End in the opposite order. What they are given is valid
// during the call. An error ends the run, without asking the callbacks that come after.
// [ErrStop] ends it well, once those that come after have seen the step or epoch, too. A run
// without callbacks pays nothing for them.
//
// What else a callback may have is said by further methods: a state that belongs into
// checkpoints ([Stateful]), averages that are validated in place of the weights
// ([Averaging]), weights that the run is to leave in the model ([Finisher]), and interest
// in how validation goes on ([Validating]). One that
// saves checkpoints comes after those whose states it saves, so that these have seen the
// step or epoch that it is about.
type Callback interface {
	// Begin is called before the first step.
	Begin(t *Trainer) error

	// Step is called after each step.
	Step(s *Step) error

	// Epoch is called after each epoch and its validation, but not after one that was
	// interrupted.
	Epoch(e *Epoch) error

	// End is called once for each callback whose Begin returned nil, with the error that
	// the run ends with, nil where it ends well. The error it returns, if any, is joined
	// to that.
	End(err error) error
}

// Averaging is a [Callback] that keeps averages of the weights, with which Fit validates
// in place of those that are being trained: [EMA] and [SWA].
type Averaging interface {
	// Swap exchanges what the model has with the averages, and the next time back. On an
	// error nothing is exchanged.
	Swap(ctx context.Context) error
}

// Finisher is a [Callback] that has other weights than the last ones of training for the
// model to be left with, as [EarlyStopping] has the best ones.
type Finisher interface {
	// Finish gives them to the model. It is called once, however the run ends, after End
	// of all callbacks, if Begin returned nil: for callbacks that are [Averaging] first,
	// then for the others, each in order. Its error is joined to that of the run.
	Finish(ctx context.Context) error
}

// Validating is a [Callback] that follows validation, too.
type Validating interface {
	// Validated is called after each batch of the validation data, the model as it is
	// validated: so many of them are done. It must not change anything.
	Validated(done, total int) error
}

// ErrStop is what callbacks return to end training early, without an error.
var ErrStop = errors.New("nn: stop training")

// NoCallback is a [Callback] that does nothing.
type NoCallback struct{}

// Begin does nothing.
func (NoCallback) Begin(*Trainer) error { return nil }

// Step does nothing.
func (NoCallback) Step(*Step) error { return nil }

// Epoch does nothing.
func (NoCallback) Epoch(*Epoch) error { return nil }

// End does nothing.
func (NoCallback) End(error) error { return nil }

// OnStep is a [Callback] that calls f after each step.
func OnStep(f func(s *Step) error) Callback { return onStep{f: f} }

type onStep struct {
	NoCallback
	f func(s *Step) error
}

func (c onStep) Step(s *Step) error { return c.f(s) }

// OnEpoch is a [Callback] that calls f after each epoch and its validation.
func OnEpoch(f func(e *Epoch) error) Callback { return onEpoch{f: f} }

type onEpoch struct {
	NoCallback
	f func(e *Epoch) error
}

func (c onEpoch) Epoch(e *Epoch) error { return c.f(e) }
