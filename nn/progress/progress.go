package progress

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/chainrule-go/chainrule/nn"
)

// RedrawEvery is how long a line stays as it is at least, unless it is the last.
const RedrawEvery = 50 * time.Millisecond

// Config configures [New]. The zero value finds out what the writer is.
type Config struct {
	Terminal *Terminal        // what the writer can do; nil means TerminalOf(w, os.Getenv)
	Now      func() time.Time // the clock; nil means time.Now
}

// Line is a callback of nn.Fit that shows each epoch: how many steps were made, how long
// they take and will take, the scores of training and, as "val_loss" and so on, those of
// validation, whose batches it counts as they go by. What goes wrong in writing is ignored,
// so that training does not end with the terminal that it was started from. A Line belongs
// to one run at a time.
type Line struct {
	line
	validated time.Time // when the line was last drawn in validation
	last      *nn.Step  // made; its means are those of the epoch so far
	trainer   *nn.Trainer
}

// New is a Line that writes to w.
func New(w io.Writer, config Config) *Line {
	l := &Line{line: line{w: w, now: config.Now}}
	if l.now == nil {
		l.now = time.Now
	}
	if config.Terminal != nil {
		l.terminal = *config.Terminal
	} else {
		l.terminal = TerminalOf(w, os.Getenv)
	}
	return l
}

// Begin notes when the run begins.
func (l *Line) Begin(t *nn.Trainer) error {
	l.trainer, l.last = t, nil
	l.started = l.now()
	return nil
}

// Step shows the epoch so far.
func (l *Line) Step(s *nn.Step) error {
	if l.last == nil { // the first step of the epoch in this run
		l.epochs, l.steps, l.before = max(l.trainer.Epochs(), s.Epoch+1), s.Total, s.Index
		l.begin(s.Epoch + 1)
	}
	l.last = s
	l.step(s.Index+1, func() []metric { return metrics("", s.Means()) })
	return nil
}

// Validated shows how many batches of the validation data are done.
func (l *Line) Validated(done, total int) error {
	if !l.terminal.Live || l.last == nil {
		return nil
	}
	if now := l.now(); now.Sub(l.validated) >= RedrawEvery {
		l.validated = now
		l.draw(l.last.Index+1, fmt.Sprintf("validating %d/%d", done, total), metrics("", l.last.Means()))
	}
	return nil
}

// Epoch finishes the line of an epoch.
func (l *Line) Epoch(e *nn.Epoch) error {
	if l.last == nil { // a run that goes on with the validation of an epoch
		l.epochs, l.steps, l.before = max(l.trainer.Epochs(), e.Number+1), e.Steps, e.Steps
		l.begin(e.Number + 1)
	}
	l.last = nil
	l.end(e.Steps, append(metrics("", e.Train), metrics("val_", e.Validation)...))
	l.started = l.now()
	return nil
}

// End ends a line that is being drawn over, so that others can follow.
func (l *Line) End(error) error {
	l.interrupt()
	return nil
}

func metrics(prefix string, scores nn.Scores) []metric {
	list := make([]metric, len(scores))
	for i, score := range scores {
		list[i] = metric{prefix + score.Name, score.Value}
	}
	return list
}
