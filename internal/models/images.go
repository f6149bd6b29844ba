package models

import (
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// CNN is a convolutional network with batch normalization: [batch, 1, 28, 28] to [batch, 10].
type CNN struct{ Features, Classifier nn.Sequential }

func cnn(rng *rand.Rand) nn.Module {
	return &CNN{
		Features: nn.Sequential{
			nn.NewConv2d(rng, 1, 6, []int{3}, nn.ConvConfig{Padding: []int{1}}), nn.NewBatchNorm2d(6, nn.BatchNormConfig{}), nn.ReLU{},
			nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}),
			nn.NewConv2d(rng, 6, 8, []int{3}, nn.ConvConfig{Stride: []int{2}, NoBias: true}), nn.NewBatchNorm2d(8, nn.BatchNormConfig{}), nn.ReLU{},
		},
		Classifier: nn.Sequential{nn.Flatten{}, nn.Dropout{P: 0.5}, nn.NewLinear(rng, 8*6*6, 10, nn.LinearConfig{})},
	}
}

// Parts yields features and classifier.
func (m *CNN) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("features", m.Features), nn.Sub("classifier", m.Classifier))
}

// Forward is the scores of ten classes.
func (m *CNN) Forward(x autograd.Variable) autograd.Variable {
	return m.Classifier.Forward(m.Features.Forward(x))
}

// Residual is a network with a shortcut, group normalization and a convolution in groups:
// [batch, 3, height, width] to [batch, 4].
type Residual struct {
	Conv1, Conv2 *nn.Conv2d
	Norm         *nn.GroupNorm
	FC           *nn.Linear
}

func residual(rng *rand.Rand) nn.Module {
	return &Residual{
		Conv1: nn.NewConv2d(rng, 3, 8, []int{3}, nn.ConvConfig{Padding: []int{1}}),
		Conv2: nn.NewConv2d(rng, 8, 8, []int{3}, nn.ConvConfig{Padding: []int{1}, Groups: 2}),
		Norm:  nn.NewGroupNorm(2, 8, nn.GroupNormConfig{}),
		FC:    nn.NewLinear(rng, 8, 4, nn.LinearConfig{}),
	}
}

// Parts yields conv1, conv2, norm and fc.
func (m *Residual) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("conv1", m.Conv1), nn.Sub("conv2", m.Conv2), nn.Sub("norm", m.Norm), nn.Sub("fc", m.FC))
}

// Forward is the logarithms of the probabilities of four classes.
func (m *Residual) Forward(x autograd.Variable) autograd.Variable {
	x = m.Conv1.Forward(x).ReLU()
	x = x.Add(m.Norm.Forward(m.Conv2.Forward(x)).ReLU())
	return m.FC.Forward(x.Mean(2, 3)).LogSoftmax(1)
}
