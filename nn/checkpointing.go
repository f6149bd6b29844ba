package nn

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"time"

	"github.com/chainrule-go/chainrule/autograd"
)

// CheckpointingConfig configures [NewCheckpointing]. The zero value saves a checkpoint
// after each epoch, and keeps the two latest.
type CheckpointingConfig struct {
	// Resume goes on with the latest checkpoint of the directory; without any, training
	// begins at the beginning. Without Resume the directory must have none.
	Resume bool

	// OtherData allows to go on with other examples, batches or order than those of the
	// checkpoint.
	OtherData bool

	Steps    int           // save also after every so many steps of the run; 0 for no
	Interval time.Duration // save also after a step when the last time is so long ago; 0 for no

	Keep     int    // how many of the latest to keep; 0 means 2
	KeepBest int    // how many of the best epochs to keep besides, by Score
	Score    string // what is best, such as "accuracy"; "" means the loss
	Training bool   // as measured in training, not on validation data
	Maximize bool   // greater is better: accuracies, not losses

	// Extra, if not nil, gives bytes of the caller's own to be saved, by name.
	// CheckpointInfo.Extra has them when training goes on.
	Extra func() (map[string][]byte, error)

	// Metadata is kept in the head of each file, see SaveCheckpointConfig.
	Metadata map[string]string
}

// Checkpointing is a [Callback] that saves checkpoints in a directory, and goes on from the
// latest, so that a run that was killed at any moment, and started again with the same
// program on a processor with the same instructions, ends with the same weights, to the
// bit. Fit calls it after all other callbacks,
// wherever it is in the list, so that they have seen what is saved of them.
//
// When the run is cancelled it saves where that was, even in the middle of an epoch, or
// before its validation. A run that another callback ends ([ErrStop]) has come to its end,
// and what it did after the last checkpoint is repeated when it goes on.
//
// The directory belongs to one run at a time: a second one fails in Begin, as does one that
// cannot write there. A file that cannot be written, as the disk is full, ends the run with
// an error that names it; the checkpoints there are stay. See [CheckpointDir].
type Checkpointing struct {
	NoCallback
	dir     CheckpointDir
	config  CheckpointingConfig
	trainer *Trainer
	resumed *CheckpointInfo
	unlock  func() error

	seen  int64     // steps made when all callbacks had seen them
	saved position  // of the last checkpoint
	last  time.Time // when that was
	now   func() time.Time
}

// position is what a checkpoint is of.
type position struct{ made, unvalidated int64 }

// NewCheckpointing is a Checkpointing for a directory, which is made if it is not there. It
// panics with [*autograd.ValueError] if a number of config is negative.
func NewCheckpointing(path string, config CheckpointingConfig) *Checkpointing {
	for _, n := range []struct {
		name  string
		value int
	}{{"Steps", config.Steps}, {"Interval", int(config.Interval)}, {"Keep", config.Keep}, {"KeepBest", config.KeepBest}} {
		if n.value < 0 {
			panic(&autograd.ValueError{Op: "nn.NewCheckpointing", Reason: fmt.Sprintf("%s is %d, expected no negative number", n.name, n.value)})
		}
	}
	return &Checkpointing{
		dir:    CheckpointDir{Path: path, Keep: orDefaultInt(config.Keep, 2), KeepBest: config.KeepBest, Maximize: config.Maximize},
		config: config, now: time.Now,
	}
}

// Dir is the directory.
func (c *Checkpointing) Dir() CheckpointDir { return c.dir }

// Resumed says where the run went on, after Begin; nil if it began at the beginning.
func (c *Checkpointing) Resumed() *CheckpointInfo { return c.resumed }

// Begin takes the directory, and goes on from the latest checkpoint if that is asked for.
func (c *Checkpointing) Begin(t *Trainer) error {
	c.trainer, c.resumed = t, nil
	if c.config.KeepBest > 0 {
		if err := c.watch().check(t); err != nil {
			return err
		}
	}
	unlock, err := c.dir.Lock()
	if err != nil {
		return err
	}
	if err := c.resume(); err != nil {
		return errors.Join(err, unlock())
	}
	c.unlock, c.last = unlock, c.now()
	c.seen, c.saved = t.made, position{t.made, t.unvalidated}
	return nil
}

func (c *Checkpointing) resume() error {
	list, err := c.dir.Files()
	switch {
	case err != nil:
		return err
	case len(list) == 0:
		return nil
	case !c.config.Resume:
		return fmt.Errorf("nn: checkpoints: %s has those of an earlier run, such as %s: set Resume to go on with it, or take another directory: %w",
			c.dir.Path, list[0].Path, fs.ErrExist)
	}
	c.resumed, err = c.dir.Load(LoadCheckpointConfig{OtherData: c.config.OtherData}, c.trainer)
	return err
}

// watch is the score that the best epochs are chosen by.
func (c *Checkpointing) watch() *watch {
	return &watch{"nn.Checkpointing", c.config.Score, c.config.Training}
}

// Step saves a checkpoint if that is due.
func (c *Checkpointing) Step(*Step) error {
	c.seen = c.trainer.made
	if n := int64(c.config.Steps); n > 0 && c.seen%n == 0 {
		return c.save(math.NaN())
	}
	if c.config.Interval > 0 && c.now().Sub(c.last) >= c.config.Interval {
		return c.save(math.NaN())
	}
	return nil
}

// Epoch saves a checkpoint.
func (c *Checkpointing) Epoch(e *Epoch) error {
	c.seen = c.trainer.made
	score := math.NaN()
	if c.config.KeepBest > 0 {
		var err error
		if score, err = c.watch().value(e); err != nil {
			return err
		}
	}
	return c.save(score)
}

// End saves where a run was cancelled, and gives the directory back.
func (c *Checkpointing) End(err error) error {
	var saving error
	t := c.trainer
	cancelled := errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
	if cancelled && c.seen == t.made && c.saved != (position{t.made, t.unvalidated}) {
		saving = c.save(math.NaN())
	}
	return errors.Join(saving, c.unlock())
}

func (c *Checkpointing) save(score float64) error {
	config := SaveCheckpointConfig{Metadata: c.config.Metadata}
	if c.config.Extra != nil {
		extra, err := c.config.Extra()
		if err != nil {
			return fmt.Errorf("nn: Checkpointing: Extra: %w", err)
		}
		config.Extra = extra
	}
	if _, err := c.dir.Save(score, config, c.trainer); err != nil {
		return err
	}
	c.saved, c.last = position{c.trainer.made, c.trainer.unvalidated}, c.now()
	return nil
}
