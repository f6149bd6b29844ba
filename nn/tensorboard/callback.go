package tensorboard

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// Config configures [New]. The zero value writes the scores and histograms of every epoch.
type Config struct {
	// Model and Example, a batch of inputs for it, give the graph; without them none is
	// written.
	Model   nn.Layer
	Example autograd.Variable

	// Histograms is after how many epochs the distributions of parameters, and of their
	// gradients in the last step, are written; 0 means 1, a negative number never.
	Histograms int

	// Steps is after how many steps the loss of the batch, the norm of the gradients and
	// the rates of learning are written; 0 means never.
	Steps int

	// OnEpoch, unless it is nil, is called after each epoch to write more, such as
	// images. Its error ends the run.
	OnEpoch func(w *Writer, e *nn.Epoch) error

	// Writer configures the files.
	Writer WriterConfig
}

// Callback is a [nn.Callback] that writes event files into directories of a run:
//
//   - train: the scores of each epoch, as "epoch/loss", and the learning rates, as
//     "epoch/lr" (for further groups of parameters "epoch/lr_1" and so on); histograms of
//     parameters, as "parameters/0.weight", and of gradients, as "gradients/0.weight"; and
//     the graph of the model;
//   - validation: its scores, under the same names, so that TensorBoard shows the curves of
//     both in one picture;
//   - steps: the loss and the norm of the gradients of single steps, as "step/loss" and
//     "step/grad_norm", and the learning rates, if Config.Steps asks for them.
//
// The first two are over the number of the epoch, the last is over that of the step in the
// whole run, each from 0. A run that goes on from a checkpoint gets files of its own beside
// those of the run before, of which TensorBoard then shows what came before; a run from the
// start takes the place of one whose directory it gets.
type Callback struct {
	nn.NoCallback
	dir     string
	config  Config
	trainer *nn.Trainer
	last    *nn.Step // of the epoch under way

	train, validation, steps *Writer // nil until they are needed: a checkpoint may be loaded after Begin
}

// New is a Callback that writes below a directory, which is made if it is not there. It
// is an error to have one of Model and Example alone, or a negative number of Steps.
func New(dir string, config Config) (*Callback, error) {
	if (config.Model == nil) != (config.Example == autograd.Variable{}) {
		return nil, errors.New("tensorboard: the graph needs a model and an example of its input: Config has one of them")
	}
	if config.Steps < 0 {
		return nil, fmt.Errorf("tensorboard: Config.Steps is %d, expected no negative number", config.Steps)
	}
	config.Histograms = cmp.Or(config.Histograms, 1)
	return &Callback{dir: dir, config: config}, nil
}

// Begin takes up a run.
func (c *Callback) Begin(t *nn.Trainer) error {
	c.trainer, c.last = t, nil
	return nil
}

// Step writes what Config.Steps asks for.
func (c *Callback) Step(s *nn.Step) error {
	c.last = s
	number := s.Epoch*s.Total + s.Index
	if c.config.Steps == 0 || number%c.config.Steps != 0 {
		return nil
	}
	if err := c.open(&c.steps, "steps", number); err != nil {
		return err
	}
	scores := append(nn.Scores{{Name: "loss", Value: s.Loss}, {Name: "grad_norm", Value: s.GradNorm}}, c.rates()...)
	return c.steps.Scores("step/", int64(number), scores)
}

// Epoch writes the scores of the epoch, and histograms.
func (c *Callback) Epoch(e *nn.Epoch) error {
	number := int64(e.Number)
	if err := c.opened(e); err != nil {
		return err
	}
	if err := c.train.Scores("epoch/", number, append(slices.Clip(e.Train), c.rates()...)); err != nil {
		return err
	}
	if e.Validation != nil {
		if err := c.validation.Scores("epoch/", number, e.Validation); err != nil {
			return err
		}
	}
	if every := c.config.Histograms; every > 0 && e.Number%every == 0 {
		if err := c.histograms(number); err != nil {
			return err
		}
	}
	c.last = nil
	if c.config.OnEpoch == nil {
		return nil
	}
	return c.config.OnEpoch(c.train, e)
}

// opened makes the files that an epoch is written to, unless they are there.
func (c *Callback) opened(e *nn.Epoch) error {
	fresh := c.train == nil
	if err := c.open(&c.train, "train", e.Number); err != nil {
		return err
	}
	if fresh && c.config.Model != nil {
		if err := c.train.Graph(c.config.Model, c.config.Example); err != nil {
			return err
		}
	}
	if e.Validation == nil {
		return nil
	}
	return c.open(&c.validation, "validation", e.Number)
}

// open makes a file that begins with a step, unless it is there.
func (c *Callback) open(w **Writer, name string, step int) (err error) {
	if *w != nil {
		return nil
	}
	if *w, err = Create(filepath.Join(c.dir, name), c.config.Writer); err != nil {
		return err
	}
	return (*w).Restart(int64(step))
}

// rates are the learning rates in force.
func (c *Callback) rates() nn.Scores {
	var rates nn.Scores
	for i, group := range c.trainer.Optimizer().Groups() {
		name := "lr"
		if i > 0 {
			name = fmt.Sprintf("lr_%d", i)
		}
		rates = append(rates, nn.Score{Name: name, Value: group.Rate()})
	}
	return rates
}

// histograms writes those of parameters and of gradients.
func (c *Callback) histograms(epoch int64) error {
	for name, w := range optim.Params(c.trainer.Optimizer()) {
		if err := c.train.Histogram("parameters/"+name, epoch, w); err != nil {
			return err
		}
		if c.last == nil { // the epoch's steps were made before a checkpoint
			continue
		}
		if grad, ok := c.last.Gradients().Lookup(w); ok {
			if err := c.train.Histogram("gradients/"+name, epoch, grad); err != nil {
				return err
			}
		}
	}
	return nil
}

// End closes the files.
func (c *Callback) End(error) error {
	var all error
	for _, w := range []*Writer{c.train, c.validation, c.steps} {
		if w != nil {
			all = errors.Join(all, w.Close())
		}
	}
	c.train, c.validation, c.steps = nil, nil, nil
	return all
}
