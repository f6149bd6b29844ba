package nn

import (
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// RateFinderConfig configures [FindRate]. The zero value tries 100 rates from 1e-7 to 10.
type RateFinderConfig struct {
	Min, Max  float64 // the first and the last rate; 0 means 1e-7 and 10
	Steps     int     // how many rates are tried; 0 means 100
	Smoothing float64 // β of the average that smooths the losses; 0 means 0.9, None none
	Diverged  float64 // ends the test where the smoothed loss is this many times the least; 0 means 4

	// What training is to be like, as in FitConfig.
	BatchSize          int
	Optimizer          optim.Optimizer
	ClipNorm           float64
	MicroBatch, Shards int
	Seed               uint64
}

// RateCurve is how the loss depends on the learning rate, as [FindRate] found it.
type RateCurve struct{ Points []RatePoint }

// RatePoint is a step of the test.
type RatePoint struct {
	Rate     float64 // of the step
	Loss     float64 // of its batch, before the step
	Smoothed float64 // average of the losses so far, corrected for its beginning
}

// FindRate makes the learning rate range test of Smith (2017): it trains for some steps,
// the learning rate multiplied by the same factor after each, and notes the loss. Rates at
// which that falls are good to train with; where it rises they are too high. With several
// groups of parameters the rate is that of the first, and those of the others keep their
// ratio to it.
//
// The model's parameters, buffers and counters and the optimizer are afterwards as before,
// to the bit, also after an error. The same seed gives the same curve on any number of
// processors. The test ends early, without an error, where the smoothed loss is Diverged
// times its least or a number is not finite.
//
// The error is as of [Fit]; with it comes the curve so far.
func FindRate(ctx context.Context, model Layer, loss Loss, train data.Dataset, config RateFinderConfig) (*RateCurve, error) {
	objective, err := supervisedBy("nn.FindRate", model, loss)
	if err != nil {
		return &RateCurve{}, fmt.Errorf("nn: FindRate: %w", err)
	}
	return FindRateObjective(ctx, objective, train, config)
}

// FindRateObjective is [FindRate] of an [Objective], which has a loss of its own.
func FindRateObjective(ctx context.Context, objective Objective, train data.Dataset, config RateFinderConfig) (curve *RateCurve, err error) {
	curve = &RateCurve{}
	defer func() {
		if err != nil {
			err = fmt.Errorf("nn: FindRate: %w", err)
		}
	}()
	defer autograd.Catch(&err)
	config = config.resolve("nn.FindRate")
	if config.Optimizer == nil {
		config.Optimizer = optim.NewAdam(Params(objective), optim.AdamConfig{})
	}
	before := keepTraining(objective, config.Optimizer)
	defer func() { err = errors.Join(err, before.restore()) }()
	return curve, curve.measure(ctx, objective, train, config)
}

func (c RateFinderConfig) resolve(op string) RateFinderConfig {
	c.Min, c.Max = number(op, "Min", c.Min, 1e-7), number(op, "Max", c.Max, 10)
	c.Smoothing, c.Diverged = number(op, "Smoothing", c.Smoothing, 0.9), number(op, "Diverged", c.Diverged, 4)
	c.Steps = orDefaultInt(c.Steps, 100)
	if !(c.Min > 0 && c.Min < c.Max) || c.Steps < 2 || c.Smoothing >= 1 || c.Diverged <= 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf(
			"Min is %v, Max is %v, Steps is %d, Smoothing is %v, Diverged is %v: expected 0 < Min < Max, two steps or more, Smoothing below 1, Diverged above 1",
			c.Min, c.Max, c.Steps, c.Smoothing, c.Diverged)})
	}
	return c
}

// measure trains.
func (curve *RateCurve) measure(ctx context.Context, objective Objective, train data.Dataset, config RateFinderConfig) error {
	base := config.Optimizer.Groups()[0].LR
	if base == 0 {
		return &autograd.ValueError{Op: "nn.FindRate", Reason: "the first group of the optimizer has the learning rate 0"}
	}
	rate := func(step int) float64 {
		return config.Min * math.Pow(config.Max/config.Min, float64(step)/float64(config.Steps-1))
	}
	trainer := NewTrainer(objective, TrainerConfig{
		Optimizer: config.Optimizer, Schedule: func(step int) float64 { return rate(step) / base },
		ClipNorm: config.ClipNorm, MicroBatch: config.MicroBatch, Shards: config.Shards, Seed: config.Seed,
	})
	loader, err := newLoader(objective, train, data.LoaderConfig{BatchSize: config.BatchSize, Shuffle: true, Seed: config.Seed})
	if err != nil {
		return err
	}
	average, least := 0.0, math.Inf(1)
	for {
		for step, err := range trainer.Epoch(ctx, loader) {
			var diverged *NonFiniteError
			if errors.As(err, &diverged) {
				return nil
			}
			if err != nil {
				return err
			}
			n := len(curve.Points)
			average = config.Smoothing*average + (1-config.Smoothing)*step.Loss
			smoothed := average / (1 - math.Pow(config.Smoothing, float64(n+1)))
			curve.Points = append(curve.Points, RatePoint{rate(n), step.Loss, smoothed})
			if least = min(least, smoothed); smoothed > config.Diverged*least && least > 0 || n+1 == config.Steps {
				return nil
			}
		}
	}
}

// keptTraining is a copy of all that training changes.
type keptTraining struct {
	params    map[autograd.Variable]autograd.Variable
	rest      keptState
	optimizer optim.Optimizer
	state     map[string]autograd.Variable
}

func keepTraining(objective Objective, optimizer optim.Optimizer) *keptTraining {
	k := &keptTraining{map[autograd.Variable]autograd.Variable{}, keepState(objective), optimizer, map[string]autograd.Variable{}}
	for _, w := range Params(objective) {
		k.params[w] = w.Clone()
	}
	for name, v := range optimizer.State() {
		k.state[name] = v.Clone()
	}
	return k
}

func (k *keptTraining) restore() error {
	for w, value := range k.params {
		w.CopyFrom(value)
	}
	k.rest.restore(nil)
	return k.optimizer.Restore(k.state)
}

// Steepest is the rate at which the smoothed loss falls fastest with the logarithm of the
// rate: a good one to try. ok is false if it falls nowhere or the curve has fewer than three
// points.
func (c *RateCurve) Steepest() (rate float64, ok bool) {
	least := 0.0
	for i := 1; i+1 < len(c.Points); i++ {
		if slope := c.Points[i+1].Smoothed - c.Points[i-1].Smoothed; slope < least {
			rate, least, ok = c.Points[i].Rate, slope, true
		}
	}
	return rate, ok
}

// WriteCSV writes the curve as a table of the columns "rate", "loss" and "smoothed".
func (c *RateCurve) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	rows := [][]string{{"rate", "loss", "smoothed"}}
	for _, p := range c.Points {
		rows = append(rows, []string{formatNumber(p.Rate), formatNumber(p.Loss), formatNumber(p.Smoothed)})
	}
	if err := out.WriteAll(rows); err != nil { // which flushes
		return fmt.Errorf("nn: RateCurve.WriteCSV: %w", err)
	}
	return nil
}
