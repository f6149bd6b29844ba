package nn

import (
	"fmt"
	"strings"
)

// watch is a score that a callback follows.
type watch struct {
	op       string // the callback, for errors
	score    string // its name; "" means the loss
	training bool   // of training, not of validation
}

func (w *watch) name() string {
	if w.score == "" {
		return LossName
	}
	return w.score
}

// check finds out before the first step, as far as that can be known, that there will be
// such a score.
func (w *watch) check(t *Trainer) error {
	if !w.training && !t.validates {
		return w.wrong("there is no validation data: set FitConfig.Validation, or Training to follow the scores of training")
	}
	names := []string{LossName}
	for _, m := range t.config.Metrics {
		names = append(names, m.Name())
	}
	for _, name := range names {
		if name == w.name() {
			return nil
		}
	}
	if _, known := t.objective.(*supervised); known { // other objectives may Log it
		return w.wrong(fmt.Sprintf("there is no score %q, but %s", w.name(), strings.Join(names, ", ")))
	}
	return nil
}

// value is the score of an epoch.
func (w *watch) value(e *Epoch) (float64, error) {
	scores := e.Validation
	if w.training {
		scores = e.Train
	}
	value, ok := scores.Get(w.name())
	if !ok {
		return 0, w.wrong(fmt.Sprintf("epoch %d has no score %q: it has %v", e.Number, w.name(), scores))
	}
	return value, nil
}

func (w *watch) wrong(reason string) error { return wrong(w.op, reason) }
