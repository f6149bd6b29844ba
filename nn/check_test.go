package nn_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// What does not fit is noticed before the first step: nothing is trained, and no callback
// has begun.
func TestFitChecksFirst(t *testing.T) {
	wrong := blobs(2, 500)
	wrong.Labels[431] = 7
	wide := &data.Arrays{X: array(make([]float64, 30), 10, 3), Labels: make([]int, 10)}
	unlabelled := &data.Arrays{X: blobs(2, 9).X}
	numbers := &data.Arrays{X: blobs(2, 9).X, Y: array(make([]float64, 18), 9, 2)}
	regression := func() nn.Layer { return nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 2}}) }
	pair := nn.Func(func(x v) v { return x.Slice(1, 0, 2) })
	binary := func() nn.Layer { return nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 1}}) }
	for _, test := range []struct {
		name   string
		model  nn.Layer
		train  data.Dataset
		config nn.FitConfig
		says   string
	}{
		{"validation of another shape", classifier(1), blobs(1, 99), nn.FitConfig{Validation: wide}, "nn: Fit: validation: batch 0: 0 (Linear): autograd: linear of [10 3]"},
		{"empty validation", classifier(1), blobs(1, 99), nn.FitConfig{Validation: blobs(1, 0)}, "nn: Fit: validation: the data set has no examples"},
		{"validation without labels", classifier(1), blobs(1, 99), nn.FitConfig{Validation: unlabelled}, "validation: batch 0: autograd: nn: the data set has neither labels nor targets"},
		{"a label of the validation data, late", classifier(1), blobs(1, 99), nn.FitConfig{Validation: wrong}, "nn: Fit: validation: example 431 of the data set: label 7 is outside 0…2"},
		{"a label of the training data, late", classifier(1), wrong, nn.FitConfig{}, "nn: Fit: training data: example 431 of the data set: label 7 is outside 0…2"},
		{"a label of a part", classifier(1), &data.Subset{Dataset: wrong, Indices: append(make([]int, 90), 431)}, nn.FitConfig{Loss: nn.CrossEntropy{}}, "example 90 of the data set: label 7 is outside 0…2"},
		{"a label, by NLL", nn.Sequential{classifier(1), nn.LogSoftmax{}}, wrong, nn.FitConfig{Loss: nn.NLL{}}, "label 7 is outside 0…2"},
		{"a label, by BCE", binary(), &data.Arrays{X: wrong.X, Labels: append(make([]int, 499), 2)}, nn.FitConfig{Loss: nn.BCEWithLogits{}}, "example 499 of the data set: label 2 is outside 0…1"},
		{"a metric of classes for numbers", nn.Sequential{regression(), pair}, numbers, nn.FitConfig{Metrics: []nn.Metric{nn.TopKAccuracy{}, nn.Precision{Average: nn.OneClass, Class: 5}}}, "training data: batch 0: autograd: nn.Precision: Class is 5, of 2 classes"},
		{"a metric of numbers for classes", classifier(1), blobs(1, 99), nn.FitConfig{Metrics: []nn.Metric{nn.R2{}}}, "nn.R2: the data set has no numeric targets"},
		{"logits for probabilities", classifier(1), blobs(1, 99), nn.FitConfig{Metrics: []nn.Metric{nn.LogLoss{Probabilities: true}}}, "which is no probability: is it a logit?"},
		{"another type", nn.Sequential{classifier(1), nn.NewLinear(newRand(1), 3, 3, nn.LinearConfig{DType: double})}, blobs(1, 99), nn.FitConfig{}, "float64"},
	} {
		t.Run(test.name, func(t *testing.T) {
			before, begun := bitsOf(test.model), false
			test.config.Callbacks = []nn.Callback{beginning(func() { begun = true })}
			history, err := nn.Fit(context.Background(), test.model, test.train, test.config)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
			if len(history.Epochs) > 0 || begun || !cmp.Equal(before, bitsOf(test.model)) {
				t.Error("the run began")
			}
		})
	}
}

// beginning is a callback that calls a function when a run begins.
type beginning func()

func (b beginning) Begin(*nn.Trainer) error { b(); return nil }
func (beginning) Step(*nn.Step) error       { return nil }
func (beginning) Epoch(*nn.Epoch) error     { return nil }
func (beginning) End(error) error           { return nil }

// shuffledNaN is blobs with names, one number of which is changed.
func shuffledNaN(example, feature int, x float64) *data.Arrays {
	set := blobs(1, 100)
	set.X.Float32s[2*example+feature] = float32(x)
	set.Names = []string{"width", "height"}
	return set
}

// A number that is not finite is named with its example and its column, wherever the loader
// puts it, and however the step is computed.
func TestNaNOfTheDataIsNamed(t *testing.T) {
	targets := &data.Arrays{X: blobs(1, 40).X, Y: array(make([]float64, 120), 40, 3)}
	targets.Y.Float64s[3*17+2] = math.Inf(-1)
	images := &data.Arrays{X: array(make([]float64, 8*4), 8, 1, 2, 2), Labels: make([]int, 8)}
	images.X.Float64s[4*5+3] = math.NaN()
	flat := func() nn.Layer {
		return nn.Sequential{nn.Flatten{}, nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{4, 3}})}
	}
	part := &data.Subset{Dataset: shuffledNaN(71, 0, math.NaN()), Indices: []int{3, 71, 4, 5}}
	for _, test := range []struct {
		name    string
		model   nn.Layer
		set     data.Dataset
		config  nn.FitConfig
		example int
		says    string
	}{
		{"a feature", classifier(1), shuffledNaN(71, 1, math.NaN()), nn.FitConfig{}, 71, "the loss is NaN; example 71 of the data set: feature 1 (height) is NaN"},
		{"an infinite one", classifier(1), shuffledNaN(71, 0, math.Inf(1)), nn.FitConfig{BatchSize: 7}, 71, "feature 0 (width) is +Inf"},
		{"of an image", flat(), images, nn.FitConfig{BatchSize: 3}, 5, "example 5 of the data set: feature [0 1 1] is NaN"},
		{"a target", classifier(1), targets, nn.FitConfig{}, 17, "example 17 of the data set: target 2 is -Inf"},
		{"of a part", classifier(1), &data.Weighted{Dataset: part, Weights: []float64{1, 2, 3, 4}}, nn.FitConfig{}, 1, "example 1 of the data set: feature 0 (width) is NaN"},
		{"found by operation", classifier(1), shuffledNaN(71, 1, math.NaN()), nn.FitConfig{DetectAnomaly: true}, 71, "example 71 of the data set: feature 1 (height) is NaN"},
		{"with an objective", nil, shuffledNaN(71, 1, math.NaN()), nn.FitConfig{}, 71, "feature 1 (height) is NaN"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var err error
			if model := classifier(1); test.model == nil {
				_, err = nn.FitObjective(context.Background(), objectiveFunc{model, func(s *nn.StepContext) v {
					return nn.CrossEntropyLoss(model.Forward(s.X()), s.Target().Labels)
				}}, test.set, test.config)
			} else {
				_, err = nn.Fit(context.Background(), test.model, test.set, test.config)
			}
			var example *nn.ExampleError
			if !errors.As(err, &example) || example.Example != test.example || example.InBatch || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
			var nonFinite *nn.NonFiniteError
			var anomaly *autograd.AnomalyError
			if !errors.As(err, &nonFinite) && !errors.As(err, &anomaly) {
				t.Errorf("what it did is not said: %v", err)
			}
		})
	}
	for _, config := range []nn.TrainerConfig{{Shards: 3}, {MicroBatch: 4}, {MicroBatch: 8, Shards: 2}} {
		trainer := nn.NewTrainer(nn.Supervised(classifier(1), nil), config)
		_, err := trainer.Step(whole(t, shuffledNaN(71, 1, math.NaN()), autograd.Float32))
		var example *nn.ExampleError
		if !errors.As(err, &example) || example.What != "feature 1 is NaN" {
			t.Errorf("%+v: got %v", config, err)
		}
	}
}

// fourTokens is a data set of tokens, four of them with a label each for an example.
type fourTokens struct{ tokens, labels []int }

func (s fourTokens) Len() int { return len(s.tokens) / 4 }

func (s fourTokens) Fill(batch *data.Batch, indices []int) error {
	batch.Reset(len(indices), 0)
	batch.ResetTokens(4)
	batch.Labels = batch.Labels[:0]
	for row, i := range indices {
		copy(batch.Tokens[4*row:], s.tokens[4*i:4*i+4])
		batch.Labels = append(batch.Labels, s.labels[4*i:4*i+4]...)
	}
	return nil
}

// tokenClasses gives each token scores of three classes.
type tokenClasses struct{ embedding *nn.Embedding }

func (m tokenClasses) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("embedding", m.embedding))
}

func (m tokenClasses) Loss(s *nn.StepContext) v {
	logits := m.embedding.Lookup(s.Tape, s.Batch.Tokens, s.Batch.Len, 4)
	s.Output(logits)
	return nn.CrossEntropyLoss(logits, s.Target().Labels)
}

// A label and a token that there is none of are named with the example and the position.
func TestLabelsAndTokensAreNamed(t *testing.T) {
	numbers := func(n int) []int {
		list := make([]int, n)
		for i := range list {
			list[i] = i % 3
		}
		return list
	}
	label, token := fourTokens{numbers(80), numbers(80)}, fourTokens{numbers(80), numbers(80)}
	label.labels[4*13+2], token.tokens[4*9+1] = 5, 50000
	for _, test := range []struct {
		name string
		set  data.Dataset
		says string
	}{
		{"a label", label, "example 13 of the data set: label 5 at position 2 is outside 0…2"},
		{"a token", token, "example 9 of the data set: token 50000 at position 1 is outside 0…9"},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := tokenClasses{nn.NewEmbedding(newRand(1), 10, 3, nn.EmbeddingConfig{})}
			_, fitted := nn.FitObjective(context.Background(), model, test.set, nn.FitConfig{BatchSize: 6, Seed: 3})
			_, evaluated := nn.EvaluateObjective(context.Background(), model, test.set, nn.EvaluateConfig{BatchSize: 6})
			for i, err := range []error{fitted, evaluated} {
				var example *nn.ExampleError
				var index *autograd.IndexError
				if !errors.As(err, &example) || !errors.As(err, &index) || !strings.Contains(err.Error(), test.says) {
					t.Errorf("%d: got %v, expected %q", i, err, test.says)
				}
			}
			trainer := nn.NewTrainer(model, nn.TrainerConfig{Shards: 3})
			batch := whole(t, test.set, autograd.Float32)
			batch.Indices = nil // of a loop of one's own
			if _, err := trainer.Step(batch); err == nil || !strings.Contains(err.Error(), strings.Replace(test.says, "data set", "batch", 1)) && !strings.Contains(err.Error(), "of the batch") {
				t.Errorf("without indices: got %v", err)
			}
		})
	}
}

// The checks draw no random numbers of training and change nothing: Fit gives the same bits
// as a loop, which has none.
func TestChecksChangeNothing(t *testing.T) {
	network := func() nn.Layer {
		rng := newRand(1)
		return nn.Sequential{nn.NewLinear(rng, 2, 16, nn.LinearConfig{}), nn.NewBatchNorm1d(16, nn.BatchNormConfig{}), nn.Dropout{P: 0.3}, nn.NewLinear(rng, 16, 3, nn.LinearConfig{})}
	}
	fitted, looped := network(), network()
	if _, err := nn.Fit(context.Background(), fitted, blobs(1, 90), nn.FitConfig{Seed: 4, Metrics: []nn.Metric{nn.ROCAUC{}}, Validation: blobs(2, 30)}); err != nil {
		t.Fatal(err)
	}
	trainer := nn.NewTrainer(nn.Supervised(looped, nil), nn.TrainerConfig{Seed: 4})
	for _, err := range trainer.Epoch(context.Background(), data.NewLoader(blobs(1, 90), data.LoaderConfig{Shuffle: true, Seed: 4})) {
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(bitsOf(looped), bitsOf(fitted)); diff != "" {
		t.Error(fmt.Sprint("the weights differ (-loop +Fit):\n", diff))
	}
}
