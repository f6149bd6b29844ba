package main

import (
	"context"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/attack"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// trained is a model and the images that it was not trained on.
type trained struct {
	model  nn.Layer
	x      autograd.Variable // [n, 1, 28, 28], of 0 to 1
	labels []int
}

// train trains a network on four fifths of the digits, attacked by up to epsilon.
func train(ctx context.Context, seed uint64, epochs int, epsilon float64) (*trained, error) {
	digits, test, err := data.Digits(seed, 0.2)
	if err != nil {
		return nil, err
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	half := nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{})
	model := nn.Sequential{
		nn.NewConv2d(rng, 1, 16, []int{3}, nn.ConvConfig{Same: true}), nn.ReLU{}, half,
		nn.NewConv2d(rng, 16, 32, []int{3}, nn.ConvConfig{Same: true}), nn.ReLU{}, half,
		nn.Flatten{}, nn.NewLinear(rng, 7*7*32, 64, nn.LinearConfig{}), nn.ReLU{}, nn.NewLinear(rng, 64, 10, nn.LinearConfig{}),
	}
	const batch = 32
	steps := (digits.Len() + batch - 1) / batch
	trainer := nn.NewTrainer(&robust{model, epsilon, steps}, nn.TrainerConfig{
		Optimizer: optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.003}),
		Schedule:  optim.OneCycle(optim.OneCycleConfig{Steps: epochs * steps}),
	})
	loader := data.NewLoader(digits, data.LoaderConfig{BatchSize: batch, Shuffle: true, Seed: seed})
	for range epochs {
		for _, err := range trainer.Epoch(ctx, loader) {
			if err != nil {
				return nil, err
			}
		}
	}

	indices := make([]int, test.Len())
	for i := range indices {
		indices[i] = i
	}
	var all data.Batch
	if err := test.Fill(&all, indices); err != nil {
		return nil, err
	}
	return &trained{model, autograd.New(all.X.Float32s, all.X.Shape...), all.Labels}, nil
}

// first is the model with only so many images, if there are more.
func (m *trained) first(images int) *trained {
	n := min(images, len(m.labels))
	return &trained{m.model, m.x.Slice(0, 0, n), m.labels[:n]}
}

// robust is the objective of adversarial training (Madry et al. 2018): the loss of the images
// that are the worst ones, as far as an attack finds them, among all that differ by at most
// epsilon from those of the batch.
type robust struct {
	nn.Layer // its parts are those of the objective
	epsilon  float64
	steps    int // of an epoch
}

func (r *robust) Loss(s *nn.StepContext) autograd.Variable {
	x := s.X()
	if r.epsilon > 0 {
		x = s.Tape.Const(attack.PGD(r.Layer, x, s.Batch.Labels, attack.PGDConfig{
			Epsilon: r.epsilon, High: 1, Steps: 5, Seed: uint64(s.Epoch*r.steps + s.Step),
		}))
	}
	output := r.Forward(x)
	s.Output(output)
	return nn.CrossEntropyLoss(output, s.Batch.Labels)
}
