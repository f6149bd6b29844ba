package nn_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// The curve is what training by hand at these rates gives, and nothing is changed, of a
// fresh optimizer or one that was at work.
func TestFindRate(t *testing.T) {
	set := blobs(1, 100)
	const steps = 12
	for _, worked := range []int{0, 3} {
		build := func() (nn.Sequential, optim.Optimizer) {
			rng := newRand(1)
			model := nn.Sequential{nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{}), noise, nn.NewLinear(rng, 8, 3, nn.LinearConfig{})}
			optimizer := optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.02}, optim.Group{Params: nn.Params(model[3]), LR: 0.01})
			if worked > 0 {
				if _, err := nn.Fit(context.Background(), model, set, nn.FitConfig{Epochs: worked, Optimizer: optimizer}); err != nil {
					t.Fatal(err)
				}
			}
			return model, optimizer
		}
		model, optimizer := build()
		before, state := bitsOf(model), stateBits(optimizer)
		config := nn.RateFinderConfig{Min: 1e-4, Max: 1, Steps: steps, Optimizer: optimizer, Seed: 3, Diverged: 1e9}
		curve, err := nn.FindRate(context.Background(), model, nil, set, config)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, bitsOf(model)); diff != "" {
			t.Errorf("the model changed:\n%s", diff)
		}
		if diff := cmp.Diff(state, stateBits(optimizer)); diff != "" {
			t.Errorf("the optimizer changed:\n%s", diff)
		}

		byHand, own := build()
		n, average := 0, 0.0
		trainer := nn.NewTrainer(nn.Supervised(byHand, nil), nn.TrainerConfig{Optimizer: own, Seed: 3,
			Schedule: func(step int) float64 { return 1e-4 * math.Pow(1e4, float64(step)/(steps-1)) / 0.02 }})
		loader := data.NewLoader(set, data.LoaderConfig{Shuffle: true, Seed: 3})
		for n < steps {
			for step, err := range trainer.Epoch(context.Background(), loader) {
				if err != nil {
					t.Fatal(err)
				}
				average = 0.9*average + 0.1*step.Loss
				want := nn.RatePoint{Rate: 1e-4 * math.Pow(10, 4*float64(n)/(steps-1)), Loss: step.Loss, Smoothed: average / (1 - math.Pow(0.9, float64(n+1)))}
				got := curve.Points[n]
				if got.Loss != want.Loss || math.Abs(got.Rate/want.Rate-1) > 1e-12 || math.Abs(got.Smoothed-want.Smoothed) > 1e-12 {
					t.Errorf("after %d epochs, step %d: %+v, want %+v", worked, n, got, want)
				}
				if n++; n == steps {
					break
				}
			}
		}
		if len(curve.Points) != steps {
			t.Errorf("%d points, want %d", len(curve.Points), steps)
		}
		parallel.WithProcs(3, func() {
			again, err := nn.FindRate(context.Background(), model, nil, set, config)
			if diff := cmp.Diff(curve, again); err != nil || diff != "" {
				t.Errorf("the second time: %v\n%s", err, diff)
			}
		})
	}
}

// The test ends where the loss rises far above its least, or is no longer a number.
func TestFindRateDiverges(t *testing.T) {
	squares := nn.ForLabels(func(y v, _ []int) v { return y.SubScalar(3).Square().Mean() })
	for _, diverged := range []float64{0, 1e300} {
		model := classifier(1)
		optimizer := optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: 1})
		before := bitsOf(model)
		curve, err := nn.FindRate(context.Background(), model, squares, blobs(1, 100), nn.RateFinderConfig{
			Max: 1e6, Optimizer: optimizer, Smoothing: nn.None, Diverged: diverged})
		if n := len(curve.Points); err != nil || n < 50 || n == 100 {
			t.Fatalf("Diverged %v: %d points, %v", diverged, n, err)
		}
		least := math.Inf(1)
		for i, p := range curve.Points {
			if last := i == len(curve.Points)-1; diverged == 0 && (p.Loss > 4*least) != last || math.IsNaN(p.Loss) {
				t.Errorf("point %d of %d is %+v, the least before it %v", i, len(curve.Points), p, least)
			}
			least = min(least, p.Loss)
		}
		if !cmp.Equal(before, bitsOf(model)) {
			t.Error("the model changed")
		}
	}
}

func TestFindRateRefuses(t *testing.T) {
	set := blobs(1, 40)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	model := classifier(1)
	before := bitsOf(model)
	for want, f := range map[string]func() (*nn.RateCurve, error){
		"expected 0 < Min < Max": func() (*nn.RateCurve, error) {
			return nn.FindRate(context.Background(), model, nil, set, nn.RateFinderConfig{Min: 20})
		},
		"the learning rate 0": func() (*nn.RateCurve, error) {
			return nn.FindRate(context.Background(), model, nil, set, nn.RateFinderConfig{Optimizer: optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: optim.None})})
		},
		"context canceled": func() (*nn.RateCurve, error) {
			return nn.FindRate(ctx, model, nil, set, nn.RateFinderConfig{})
		},
		"another model": func() (*nn.RateCurve, error) {
			return nn.FindRate(context.Background(), model, nil, set, nn.RateFinderConfig{Optimizer: optim.NewAdam(nn.Params(classifier(2)), optim.AdamConfig{})})
		},
		"no examples": func() (*nn.RateCurve, error) {
			return nn.FindRate(context.Background(), model, nil, blobs(1, 0), nn.RateFinderConfig{})
		},
	} {
		curve, err := f()
		if err == nil || curve == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "nn: FindRate: ") {
			t.Errorf("got %v, expected %q", err, want)
		}
	}
	if _, err := nn.FindRate(ctx, model, nil, set, nn.RateFinderConfig{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if !cmp.Equal(before, bitsOf(model)) {
		t.Error("the model changed")
	}
}

func TestRateCurve(t *testing.T) {
	curve := &nn.RateCurve{}
	if _, ok := curve.Steepest(); ok {
		t.Error("an empty curve falls")
	}
	for i, loss := range []float64{3, 3, 2.9, 2, 0.5, 0.4, 2} {
		curve.Points = append(curve.Points, nn.RatePoint{Rate: math.Pow(10, float64(i-3)), Loss: loss + 1, Smoothed: loss})
	}
	if rate, ok := curve.Steepest(); !ok || rate != 1 {
		t.Errorf("the steepest is at %v, %v; want 1", rate, ok)
	}
	var table bytes.Buffer
	if err := curve.WriteCSV(&table); err != nil || !strings.HasPrefix(table.String(), "rate,loss,smoothed\n0.001,4,3\n0.01,4,3\n") || strings.Count(table.String(), "\n") != 8 {
		t.Errorf("%v:\n%s", err, table.String())
	}
}

func ExampleFindRate() {
	train, _, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	curve, err := nn.FindRate(context.Background(), model, nil, train, nn.RateFinderConfig{})
	if err != nil {
		panic(err)
	}
	rate, ok := curve.Steepest()
	fmt.Println(ok, rate > 1e-4 && rate < 1e-1)
	// Output:
	// true true
}
