package main

import (
	"context"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/attack"
)

// epsilons are by how much attacks may change a pixel.
var epsilons = []float64{0, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3}

// shifts are other images than those that were trained on, which nobody made to fool the model.
var shifts = []struct {
	name   string
	noise  float64 // standard deviation
	pixels int     // to the right
}{
	{"as they are", 0, 0},
	{"noise 0.1", 0.1, 0}, {"noise 0.2", 0.2, 0}, {"noise 0.3", 0.3, 0}, {"noise 0.4", 0.4, 0},
	{"1 pixel right", 0, 1}, {"2 pixels", 0, 2}, {"3 pixels", 0, 3}, {"4 pixels", 0, 4},
}

// result is how a model does.
type result struct {
	name      string
	fgsm, pgd []float64 // accuracy, for each of epsilons
	shifted   []scores  // for each of shifts
}

type scores struct{ accuracy, calibration float64 }

func measure(ctx context.Context, name string, m *trained, seed uint64) (*result, error) {
	r := &result{name: name}
	for _, e := range epsilons {
		fgsm, err := m.score(ctx, attack.FGSM(m.model, m.x, m.labels, attack.FGSMConfig{Epsilon: e, High: 1}))
		if err != nil {
			return nil, err
		}
		pgd, err := m.score(ctx, attack.PGD(m.model, m.x, m.labels, attack.PGDConfig{Epsilon: e, High: 1, Steps: 20, Seed: seed}))
		if err != nil {
			return nil, err
		}
		r.fgsm, r.pgd = append(r.fgsm, fgsm.accuracy), append(r.pgd, pgd.accuracy)
	}
	for _, s := range shifts {
		x := m.x.Pad(0, [][2]int{{0, 0}, {0, 0}, {0, 0}, {s.pixels, 0}}...).Slice(3, 0, 28)
		x = x.Add(autograd.Normal(rand.New(rand.NewPCG(seed, 2)), autograd.Float32, 0, s.noise, x.Shape()...)).Clamp(0, 1)
		scores, err := m.score(ctx, x)
		if err != nil {
			return nil, err
		}
		r.shifted = append(r.shifted, scores)
	}
	return r, nil
}

// score is how a model does on images that were made of those that it was not trained on.
func (m *trained) score(ctx context.Context, x autograd.Variable) (scores, error) {
	set := &data.Arrays{X: data.NewArray(x.Float32s(), x.Shape()...), Labels: m.labels}
	values, err := nn.Evaluate(ctx, m.model, set, nn.EvaluateConfig{BatchSize: 64, Metrics: []nn.Metric{nn.Accuracy{}, nn.CalibrationError{}}})
	if err != nil {
		return scores{}, err
	}
	accuracy, _ := values.Get(nn.Accuracy{}.Name())
	calibration, _ := values.Get(nn.CalibrationError{}.Name())
	return scores{accuracy, calibration}, nil
}
