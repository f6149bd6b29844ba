package nn_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// EMA in Fit is EMA by hand: training goes on as without it, validation is with the
// averages, and they are what the run leaves in the model.
func TestEMA(t *testing.T) {
	build := func() nn.Sequential {
		rng := newRand(1)
		return nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{}), nn.NewLinear(rng, 8, 3, nn.LinearConfig{})}
	}
	train, test := blobs(1, 80), blobs(2, 40)
	byHand := build()
	trainer := nn.NewTrainer(nn.Supervised(byHand, nil), nn.TrainerConfig{})
	loader := data.NewLoader(train, data.LoaderConfig{BatchSize: 16, Shuffle: true})
	averages := maps.Collect(nn.Params(byHand))
	maps.Copy(averages, maps.Collect(nn.Buffers(byHand)))
	average := optim.NewEMA(maps.All(averages), optim.EMAConfig{Decay: 0.9})
	var want []nn.Scores
	for range 3 {
		for _, err := range trainer.Epoch(context.Background(), loader) {
			if err != nil {
				t.Fatal(err)
			}
			average.Update()
		}
		average.Swap()
		scores, err := nn.Evaluate(context.Background(), byHand, test, nn.EvaluateConfig{BatchSize: 16})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, scores)
		average.Swap()
	}
	trained := bitsOf(byHand)
	average.Apply()

	model := build()
	seen := &epochBits{model: model}
	history, err := nn.Fit(context.Background(), model, train, nn.FitConfig{Epochs: 3, BatchSize: 16, Validation: test,
		Callbacks: []nn.Callback{nn.NewEMA(model, optim.EMAConfig{Decay: 0.9}), seen}})
	if err != nil {
		t.Fatal(err)
	}
	for i, scores := range want {
		if diff := cmp.Diff(scores, history.Epochs[i].Validation); diff != "" {
			t.Errorf("validation of epoch %d (-want +got):\n%s", i, diff)
		}
	}
	if diff := cmp.Diff(trained, seen.bits[2]); diff != "" {
		t.Errorf("weights in training (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(bitsOf(byHand), bitsOf(model)); diff != "" {
		t.Errorf("averages (-want +got):\n%s", diff)
	}
}

// What is frozen keeps its bits.
func TestEMAOfFrozenLayers(t *testing.T) {
	rng := newRand(1)
	frozen := nn.NewLinear(rng, 2, 8, nn.LinearConfig{})
	model := nn.Sequential{nn.Frozen(frozen), nn.NewLinear(rng, 8, 3, nn.LinearConfig{})}
	before := bitsOf(frozen)
	if _, err := nn.Fit(context.Background(), model, blobs(1, 80), nn.FitConfig{Epochs: 5, Callbacks: []nn.Callback{nn.NewEMA(model, optim.EMAConfig{})}}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(before, bitsOf(frozen)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// After an error in validation the model has the weights of training, or rather what the
// run leaves it with.
func TestEMASwapsBack(t *testing.T) {
	model := classifier(1)
	ema := nn.NewEMA(model, optim.EMAConfig{Decay: 0.5})
	ctx, cancel := context.WithCancel(context.Background())
	_, err := nn.Fit(ctx, model, blobs(1, 80), nn.FitConfig{Epochs: 3, Validation: blobs(2, 30), Callbacks: []nn.Callback{ema,
		nn.OnStep(func(s *nn.Step) error {
			if s.Epoch == 1 && s.Index == s.Total-1 {
				cancel() // before validation
			}
			return nil
		})}})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	averages := maps.Collect(ema.Average().All())
	for name, w := range nn.Params(model) {
		if !cmp.Equal(averages[name].Floats(), w.Floats()) {
			t.Errorf("%s is not its average", name)
		}
	}
}

func TestEMAOfAnotherModel(t *testing.T) {
	_, err := nn.Fit(context.Background(), classifier(1), blobs(1, 80), nn.FitConfig{Callbacks: []nn.Callback{nn.NewEMA(classifier(2), optim.EMAConfig{})}})
	var e *autograd.ValueError
	if !errors.As(err, &e) || !strings.Contains(err.Error(), "it is another model") {
		t.Errorf("got %v", err)
	}
}

func ExampleNewEMA() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	ema := nn.NewEMA(model, optim.EMAConfig{Decay: 0.98, WarmUp: true})
	_, err = nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:     5,
		Validation: test, // with the averages
		Callbacks:  []nn.Callback{ema},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("steps:", ema.Average().Updates()) // the model has their average now
	// Output:
	// steps: 225
}
