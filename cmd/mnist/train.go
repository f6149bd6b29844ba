package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/progress"
)

// smallBatch is the batch size for the embedded digits unless one is given: they are
// few, and larger batches would leave few steps to learn in.
const smallBatch = 32

// train is the command of that name. Its options have been checked.
func (a *app) train(ctx context.Context, o *trainOptions) error {
	out, why, err := destination(o.out)
	if err != nil {
		return fmt.Errorf("--out: %w", err)
	}
	if err := o.refuseEarlier(); err != nil {
		return err
	}
	set, err := a.loadDataset(ctx, o.dataset, dataDirectory(o.dataDir, o.dataset))
	if err != nil {
		return err
	}
	if set.name == digits && !o.batchGiven {
		o.batch = smallBatch
	}
	a.describe(set, o.batch)
	if why != nil {
		a.print("The weights will not be kept: %v (--out FILE keeps them)", why)
	}

	r := &recipe{Hidden: o.hiddenSizes, Classes: set.classes(), Activation: o.activation, Dataset: set.name, Framing: set.framing}
	model := r.build(o.seed)
	if _, err := nn.Summary(a.stdout, model, imageSide*imageSide); err != nil {
		return err
	}
	history, err := a.fit(ctx, model, set, o)
	if err != nil {
		return a.interrupted(err, history, model, r, out, o.checkpoint)
	}
	if out != "" {
		if err := a.keep(out, model, r); err != nil {
			return err
		}
	}
	return a.measure(ctx, model, set, r.Classes)
}

// describe says what is trained on. Of a substitute it says, on the same line, what for.
func (a *app) describe(set *dataset, batch int) {
	counts := fmt.Sprintf("%s images to train on, %s to test with, batches of %d",
		grouped(set.train.N), grouped(set.test.N), batch)
	if set.why == "" {
		a.print("Data: %s (%s)", set.title, counts)
		return
	}
	a.print("Data: %s (%s), as MNIST is not in the cache and cannot be downloaded (%s); to train on MNIST, connect to the network or give the directory of its files with --data-dir",
		set.title, counts, set.why)
}

// fit trains the model and shows how that goes on.
func (a *app) fit(ctx context.Context, model nn.Layer, set *dataset, o *trainOptions) (*nn.History, error) {
	var train, validation data.Dataset = set.train.Flatten(), set.test.Flatten()
	if o.validation > 0 {
		rest, held := data.Split(train, o.validation, o.seed)
		if rest.Len() == 0 || held.Len() == 0 {
			return nil, fmt.Errorf("--validation %v of %d images leaves nothing to %s", o.validation, train.Len(),
				map[bool]string{true: "train on", false: "validate on"}[rest.Len() == 0])
		}
		train, validation = rest, held
	}
	optimizer, _ := find(optimizers, o.optimizer)
	if !o.rateGiven {
		o.rate = optimizer.rate
	}
	keeping, say := a.keeping(o, set.name)
	history, err := nn.Fit(ctx, model, train, nn.FitConfig{
		Epochs:     o.epochs,
		BatchSize:  o.batch,
		Optimizer:  optimizer.make(model, o.rate),
		Metrics:    []nn.Metric{nn.Accuracy{}},
		Validation: validation,
		Seed:       o.seed,
		Callbacks: append(keeping,
			progress.New(a.stdout, progress.Config{Terminal: &a.terminal, Now: a.now}),
			nn.OnStep(func(*nn.Step) error { return a.stdout.err }),
			nn.OnEpoch(func(*nn.Epoch) error { return a.stdout.err }),
		),
	})
	if err == nil {
		say() // of a run that had come to its end
	}
	return history, err
}

// interrupted ends a run that did not come to its end. Of one that was cancelled the
// weights are kept; those of one that diverged are worth nothing.
func (a *app) interrupted(err error, history *nn.History, model nn.Layer, r *recipe, out, checkpoint string) error {
	var diverged *nn.NonFiniteError
	if errors.As(err, &diverged) {
		return fmt.Errorf("training diverged in epoch %d, step %d: %s is %v; a lower --rate may help (no weights were kept)",
			diverged.Epoch+1, diverged.Step+1, diverged.What, diverged.Value)
	}
	if !errors.Is(err, context.Canceled) {
		return err
	}
	if history == nil || len(history.Epochs) == 0 {
		return &stoppedError{" before anything was learned"}
	}
	last := history.Epochs[len(history.Epochs)-1]
	if out != "" {
		if err := a.keep(out, model, r); err != nil {
			return err
		}
	}
	where := fmt.Sprintf(" in epoch %d, after %d steps of it", last.Number+1, last.Steps)
	if checkpoint != "" {
		where += fmt.Sprintf("; mnist train --checkpoint %s --resume goes on", checkpoint)
	}
	return &stoppedError{where}
}

func (a *app) print(format string, args ...any) { fmt.Fprintf(a.stdout, format+"\n", args...) }

// grouped is a number with commas between thousands.
func grouped(n int) string {
	text := strconv.Itoa(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
