package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"io"
	"math"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/explain"
	"github.com/chainrule-go/chainrule/nn/optim"
)

//go:embed wine.csv
var wineCSV []byte

// wineResult is what a network for the wines looks at.
type wineResult struct {
	names       []string
	accuracy    float64             // on wines that it was not trained on
	permutation *explain.Importance // by how much the accuracy falls
	shapley     []float64           // mean magnitude of the Shapley values of the predicted class
	gap         float64             // the greatest error of their sum
}

// explainWine trains a network on 70 % of the wines and explains it on the others.
func explainWine(ctx context.Context, seed uint64) (*wineResult, error) {
	table, err := data.ReadCSV(bytes.NewReader(wineCSV), data.CSVConfig{Label: "cultivar"})
	if err != nil {
		return nil, err
	}
	rest, held := data.Split(table, 0.3, seed)
	scaling, err := data.Standardization(ctx, rest)
	if err != nil {
		return nil, err
	}
	train, test := scaling.Of(rest), scaling.Of(held)
	model := nn.NewMLP(rand.New(rand.NewPCG(seed, 0)), nn.MLPConfig{Sizes: []int{13, 16, 3}})
	if _, err := nn.Fit(ctx, model, train, nn.FitConfig{
		Epochs: 60, BatchSize: 16, Seed: seed,
		Optimizer: optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.01, WeightDecay: 0.05}),
	}); err != nil {
		return nil, err
	}

	r := &wineResult{names: table.Names, shapley: make([]float64, 13)}
	r.permutation, err = explain.PermutationImportance(ctx, model, test, explain.PermutationConfig{Metric: nn.Accuracy{}, Repeats: 30, Seed: seed})
	if err != nil {
		return nil, err
	}
	r.accuracy = r.permutation.Score

	// Of each wine, compared with all wines of the training set.
	x, _, err := all(test)
	if err != nil {
		return nil, err
	}
	background, _, err := all(train)
	if err != nil {
		return nil, err
	}
	values := explain.Shapley(model, x, nil, explain.ShapleyConfig{Background: background, Permutations: 2 * background.Dim(0), Seed: seed})
	for i, v := range values.Values.Floats() {
		r.shapley[i%13] += math.Abs(v) / float64(x.Dim(0))
	}
	for _, g := range values.Gaps() {
		r.gap = max(r.gap, math.Abs(g))
	}
	return r, nil
}

// all is the features and labels of a data set.
func all(ds data.Dataset) (autograd.Variable, []int, error) {
	indices := make([]int, ds.Len())
	for i := range indices {
		indices[i] = i
	}
	var batch data.Batch
	if err := ds.Fill(&batch, indices); err != nil {
		return autograd.Variable{}, nil, err
	}
	return autograd.New(batch.X.Float32s, batch.X.Shape...), batch.Labels, nil
}

func (r *wineResult) print(w io.Writer) {
	fmt.Fprintf(w, "wine: accuracy %.3f on wines that were held out\n", r.accuracy)
	fmt.Fprintln(w, "                        accuracy lost      mean size of")
	fmt.Fprintln(w, "                        when shuffled      Shapley value")
	for _, i := range r.permutation.Ranking() {
		fmt.Fprintf(w, "  %-20s  %6.3f ± %.3f  %13.2f\n", r.names[i], r.permutation.Mean[i], r.permutation.Std[i], r.shapley[i])
	}
	fmt.Fprintf(w, "  Shapley values add up to the output but for %.0e at most\n", r.gap)
}
