package nn

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// EarlyStoppingConfig configures [NewEarlyStopping]. The zero value follows the loss on
// the validation data.
type EarlyStoppingConfig struct {
	Score    string  // what to follow, such as "accuracy"; "" means the loss
	Training bool    // as measured in training, not on validation data
	Maximize bool    // greater is better: accuracies, not losses
	Patience int     // after how many epochs without improvement to stop; 0 means 10
	MinDelta float64 // the difference to the best score above which one is an improvement
	KeepLast bool    // leave the last weights in the model, not those of the best epoch
}

// EarlyStopping is a [Callback] that ends training when a score has stopped improving. The
// run ends with the parameters, buffers and counters of the epoch with the best score, also
// where something else ends it, unless KeepLast says otherwise; if there is an average of
// weights ([EMA], [SWA]), which is what is validated, with the average's of that epoch. The
// optimizer stays as it is. It keeps one copy of the model.
//
// A score that is NaN is no improvement. The state, best weights included, is saved in
// checkpoints. A run that begins with the first epoch begins without a best score.
type EarlyStopping struct {
	NoCallback
	config  EarlyStoppingConfig
	watch   watch
	trainer *Trainer

	best  float64                      // score; not finite without one
	epoch float64                      // that it is of; −1 without one
	bad   float64                      // epochs since
	kept  map[string]autograd.Variable // what the model had then, under the names of stateOf
}

// NewEarlyStopping is an EarlyStopping that has seen nothing. It panics with
// [*autograd.ValueError] if a number of config is not in its range.
func NewEarlyStopping(config EarlyStoppingConfig) *EarlyStopping {
	const op = "nn.NewEarlyStopping"
	config.MinDelta = number(op, "MinDelta", config.MinDelta, 0)
	if config.Patience = orDefaultInt(config.Patience, 10); config.Patience < 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Patience is %d, expected no negative number", config.Patience)})
	}
	s := &EarlyStopping{config: config, watch: watch{"nn.EarlyStopping", config.Score, config.Training}}
	s.forget()
	return s
}

func (s *EarlyStopping) forget() {
	s.best, s.epoch, s.bad, s.kept = math.Inf(1), -1, 0, nil
	if s.config.Maximize {
		s.best = math.Inf(-1)
	}
}

// Best is the best score so far and the epoch it is of, from 0; ok is false if there is
// none.
func (s *EarlyStopping) Best() (epoch int, score float64, ok bool) {
	return int(s.epoch), s.best, s.epoch >= 0
}

// Begin sees that there will be a score to follow.
func (s *EarlyStopping) Begin(t *Trainer) error {
	s.trainer = t
	if epoch, step := t.Position(); epoch == 0 && step == 0 {
		s.forget()
	}
	return s.watch.check(t)
}

// Epoch compares the epoch's score with the best, and ends the run if that has been the
// best for too long.
func (s *EarlyStopping) Epoch(e *Epoch) error {
	score, err := s.watch.value(e)
	if err != nil {
		return err
	}
	if !s.improves(score) {
		if s.bad++; s.isOver() {
			return ErrStop
		}
		return nil
	}
	s.best, s.epoch, s.bad = score, float64(e.Number), 0
	if s.config.KeepLast {
		return nil
	}
	return s.trainer.WithAverages(context.Background(), s.keep)
}

func (s *EarlyStopping) improves(score float64) bool {
	if s.epoch < 0 {
		return !math.IsNaN(score)
	}
	if s.config.Maximize {
		return score > s.best+s.config.MinDelta
	}
	return score < s.best-s.config.MinDelta
}

// isOver reports whether patience has ended, as in the checkpoint of a last epoch.
func (s *EarlyStopping) isOver() bool { return s.bad >= float64(s.config.Patience) }

// keep copies what the model has.
func (s *EarlyStopping) keep() error {
	state, err := stateOf(s.trainer.objective)
	if err != nil {
		return err
	}
	if s.kept == nil {
		s.kept = map[string]autograd.Variable{}
	}
	for _, e := range state {
		now := e.v
		if e.counter != nil {
			now = autograd.Scalar(float64(*e.counter))
		}
		if old, ok := s.kept[e.name]; ok && sameForm(old, now) {
			old.CopyFrom(now)
		} else {
			s.kept[e.name] = now.Clone()
		}
	}
	return nil
}

func sameForm(a, b autograd.Variable) bool {
	return a.DType() == b.DType() && slices.Equal(a.Shape(), b.Shape())
}

// Finish leaves the weights of the best epoch in the model.
func (s *EarlyStopping) Finish(context.Context) error {
	if s.kept == nil {
		return nil
	}
	state, err := stateOf(s.trainer.objective)
	if err != nil {
		return err
	}
	for _, e := range state {
		form := e.v
		if e.counter != nil {
			form = autograd.Scalar(0.0)
		}
		if kept, ok := s.kept[e.name]; !ok || !sameForm(kept, form) {
			return s.watch.wrong(fmt.Sprintf("the state that was restored has no weights for %q as the model has them", e.name))
		}
	}
	for _, e := range state {
		kept := s.kept[e.name]
		if e.counter != nil {
			*e.counter = int64(kept.Item())
		} else {
			e.v.CopyFrom(kept)
		}
	}
	return nil
}

// numbers yields the numbers of the state.
func (s *EarlyStopping) numbers(yield func(string, *float64) bool) {
	_ = yield("best", &s.best) && yield("epoch", &s.epoch) && yield("bad", &s.bad)
}

// keptPrefix is before the names of the weights of the best epoch in a state.
const keptPrefix = "weights."

// State yields the best score, the epoch it is of, and how many epochs there were since, as
// scalars of float64, and the weights of that epoch.
func (s *EarlyStopping) State() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		for name, x := range s.numbers {
			if !yield(name, autograd.Scalar(*x)) {
				return
			}
		}
		for _, name := range slices.Sorted(maps.Keys(s.kept)) {
			if !yield(keptPrefix+name, s.kept[name]) {
				return
			}
		}
	}
}

// Restore takes over what State yielded. If it is none, nothing is changed and the error
// is a [*optim.StateError]. Weights are compared with the model when the run ends.
func (s *EarlyStopping) Restore(state map[string]autograd.Variable) error {
	restored := *s
	problem, known := &optim.StateError{}, map[string]bool{}
	for name, x := range restored.numbers {
		v, ok := state[name]
		switch {
		case !ok:
			problem.Missing = append(problem.Missing, name)
		case !v.IsValid() || v.Size() != 1:
			problem.Wrong = append(problem.Wrong, name+" (expected a number)")
		default:
			*x = v.Item()
		}
		known[name] = true
	}
	restored.kept = nil
	for name, v := range state {
		weight, ok := strings.CutPrefix(name, keptPrefix)
		switch {
		case known[name]:
		case !ok || !v.IsValid():
			problem.Unknown = append(problem.Unknown, name)
		default:
			if restored.kept == nil {
				restored.kept = map[string]autograd.Variable{}
			}
			restored.kept[weight] = v.Clone()
		}
	}
	slices.Sort(problem.Unknown)
	if len(problem.Missing)+len(problem.Unknown)+len(problem.Wrong) > 0 {
		return problem
	}
	*s = restored
	return nil
}
