package main

import (
	"context"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"github.com/chainrule-go/chainrule/nn/search"
)

// hyperparameters are those of a multilayer perceptron, of its training, and of how images
// are changed while it is trained.
var hyperparameters = search.Space{
	search.Int("layers", 1, 2),
	search.LogInt("units", 64, 256),
	search.Choice("activation", "relu", "tanh", "gelu"),
	search.Float("dropout", 0, 0.5),
	search.LogInt("batch", 16, 64),
	search.Choice("optimizer", "adam", "sgd"),
	search.LogFloat("adam rate", 3e-4, 1e-2).When("optimizer", "adam"),
	search.LogFloat("sgd rate", 3e-3, 1e-1).When("optimizer", "sgd"),
	search.Float("rotate", 0, 20),
	search.Float("scale", 0, 0.3),
	search.Float("elastic", 0, 2),
	search.Int("shift", 0, 2),
}

// contest is the data of a repeat: examples to train with, to choose by, and those that
// nobody looks at before the end.
type contest struct {
	seed                            uint64
	examples, validation, untouched data.Dataset
}

const trainExamples, validationExamples = 400, 400 // of 1797

func newContest(seed uint64) (*contest, error) {
	rest, untouched, err := data.Digits(seed, 1-(trainExamples+validationExamples)/1797.0)
	if err != nil {
		return nil, err
	}
	mean, deviation := rest.MeanStd()
	examples, validation := data.Split(rest.Standardize(mean, deviation), float64(validationExamples)/float64(rest.Len()), seed)
	return &contest{seed, examples, validation, untouched.Standardize(mean, deviation)}, nil
}

// training is a model that is being trained.
type training struct {
	model   nn.Layer
	trainer *nn.Trainer
	loader  *data.Loader
	epochs  int // made
}

// begin makes a model by its hyperparameters.
func (c *contest) begin(v search.Values, seed uint64) *training {
	rng := rand.New(rand.NewPCG(seed, 0))
	model, in := nn.Sequential{nn.Flatten{}}, 28*28
	activation := map[string]nn.Layer{"relu": nn.ReLU{}, "tanh": nn.Tanh{}, "gelu": nn.GELU{}}[v.Choice("activation")]
	for range v.Int("layers") {
		model = append(model, nn.NewLinear(rng, in, v.Int("units"), nn.LinearConfig{}), activation, nn.Dropout{P: v.Float("dropout")})
		in = v.Int("units")
	}
	model = append(model, nn.NewLinear(rng, in, 10, nn.LinearConfig{}))
	var optimizer optim.Optimizer
	if v.Choice("optimizer") == "adam" {
		optimizer = optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: v.Float("adam rate")})
	} else {
		optimizer = optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: v.Float("sgd rate"), Momentum: 0.9})
	}
	examples := c.examples
	if change := (data.AugmentConfig{Shift: v.Int("shift"), Rotate: v.Float("rotate"), Scale: v.Float("scale"), Elastic: v.Float("elastic")}); change != (data.AugmentConfig{}) {
		examples = data.Augment(examples, change)
	}
	return c.training(model, examples, v.Int("batch"), optimizer, seed)
}

// beginDefaults makes the model that one gets without asking for anything: a hidden layer of
// 128, Adam and batches of 32, each with the library's defaults.
func (c *contest) beginDefaults(seed uint64) *training {
	rng := rand.New(rand.NewPCG(seed, 0))
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{28 * 28, 128, 10}})}
	return c.training(model, c.examples, 0, nil, seed)
}

func (c *contest) training(model nn.Layer, examples data.Dataset, batch int, optimizer optim.Optimizer, seed uint64) *training {
	return &training{
		model:   model,
		trainer: nn.NewTrainer(nn.Supervised(model, nn.CrossEntropy{}), nn.TrainerConfig{Optimizer: optimizer, Seed: seed}),
		loader:  data.NewLoader(examples, data.LoaderConfig{BatchSize: batch, Shuffle: true, Seed: seed}),
	}
}

// to trains until so many epochs are made.
func (t *training) to(ctx context.Context, epochs int) error {
	for ; t.epochs < epochs; t.epochs++ {
		for _, err := range t.trainer.Epoch(ctx, t.loader) {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// try is a trial of the search: it goes on with the training that it is of, or begins it,
// and is measured by the loss on the validation data.
func (c *contest) try(ctx context.Context, t *search.Trial) (float64, error) {
	run, ok := t.State.(*training)
	if !ok {
		run = c.begin(t.Values, t.Seed)
		t.State = run
	}
	return c.measured(ctx, run, t.Budget)
}

// tryDefaults is a training with the defaults.
func (c *contest) tryDefaults(ctx context.Context, t *search.Trial) (float64, error) {
	return c.measured(ctx, c.beginDefaults(t.Seed), t.Budget)
}

func (c *contest) measured(ctx context.Context, run *training, epochs int) (float64, error) {
	if err := run.to(ctx, epochs); err != nil {
		return 0, err
	}
	scores, err := nn.Evaluate(ctx, run.model, c.validation, nn.EvaluateConfig{})
	if err != nil {
		return 0, err
	}
	loss, _ := scores.Get(nn.LossName)
	return loss, nil
}

// test trains the best trial once more, which gives the same model, and measures it on the
// untouched data: the share of wrong answers, and the loss.
func (c *contest) test(ctx context.Context, best search.Evaluation, defaults bool) (wrong, loss float64, err error) {
	run := c.beginDefaults(best.Seed)
	if !defaults {
		run = c.begin(best.Values, best.Seed)
	}
	if err := run.to(ctx, best.Budget); err != nil {
		return 0, 0, err
	}
	scores, err := nn.Evaluate(ctx, run.model, c.untouched, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		return 0, 0, err
	}
	accuracy, _ := scores.Get("accuracy")
	loss, _ = scores.Get(nn.LossName)
	return 1 - accuracy, loss, nil
}
