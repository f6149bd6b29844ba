package main

import (
	"cmp"
	"context"
	"fmt"

	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/progress"
)

const inferenceBatch = 256 // images computed at once where nothing is learned

// evaluateOptions is what the flags of evaluate say.
type evaluateOptions struct {
	source
	dataset, dataDir string
}

// evaluate is the command of that name.
func (a *app) evaluate(ctx context.Context, o *evaluateOptions) error {
	net, err := loadTrained(o.source)
	if err != nil {
		return err
	}
	name := cmp.Or(o.dataset, net.recipe.Dataset)
	if name == digits && o.dataDir != "" {
		return fmt.Errorf("--data-dir: %s was trained on the embedded digits; say --dataset %s to measure it on other images", net.path, mnist)
	}
	set, err := a.loadDataset(ctx, name, dataDirectory(o.dataDir, name))
	if err != nil {
		return err
	}
	if n := len(set.classes()); n > len(net.recipe.Classes) {
		return fmt.Errorf("%s: %d classes, but %s was trained to tell %d apart", set.title, n, net.path, len(net.recipe.Classes))
	}
	a.print("Weights: %s (%s, trained on %s)", net.path, net.text, net.recipe.Dataset)
	a.print("Data: %s (%s test images)", set.title, grouped(set.test.N))
	return a.measure(ctx, net.model, set, net.recipe.Classes)
}

// measure applies the model to the test images and reports how it does: the last lines of
// both train and evaluate.
func (a *app) measure(ctx context.Context, model nn.Layer, set *dataset, classes []string) error {
	logits, err := nn.Predict(ctx, model, set.test.Flatten(), nn.PredictConfig{BatchSize: inferenceBatch})
	if err != nil {
		return err
	}
	table := newConfusion(classes)
	right := 0
	for i, predicted := range logits.ArgMax(-1) {
		label := set.test.Labels[i]
		table.counts[label][predicted]++
		if predicted == label {
			right++
		}
	}
	table.print(a.stdout)
	a.print("Test loss: %s", progress.Number(nn.CrossEntropyLoss(logits, set.test.Labels).Item()))
	a.print("Test accuracy: %.4f", float64(right)/float64(set.test.N))
	return nil
}
