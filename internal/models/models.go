package models

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Kind is one of the nine models.
type Kind struct {
	Name   string
	New    func(rng *rand.Rand) nn.Module // float32; an nn.Layer, or a TokenModel
	Input  []int                          // the shape of an example
	Tokens int                            // how many different tokens an input is made of; 0 if it is numbers
}

// TokenModel is a model whose input is tokens.
type TokenModel interface {
	nn.Module

	// ForTokens computes the output for tokens of shape [batch, length], on tape t.
	ForTokens(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable
}

// All lists the models.
func All() []Kind {
	image, tokens := []int{1, 28, 28}, []int{7}
	return []Kind{
		{Name: "mlp", New: mlp, Input: image},
		{Name: "lenet", New: lenet, Input: image},
		{Name: "cnn_batchnorm", New: cnn, Input: image},
		{Name: "residual_groupnorm", New: residual, Input: []int{3, 9, 9}},
		{Name: "lstm_tagger", New: lstmTagger, Input: tokens, Tokens: 20},
		{Name: "gru_tagger", New: gruTagger, Input: tokens, Tokens: 20},
		{Name: "transformer", New: transformer, Input: tokens, Tokens: 20},
		{Name: "autoencoder", New: autoencoder, Input: []int{20}},
		{Name: "upsampler", New: upsampler, Input: []int{4, 7, 7}},
	}
}

// Input is what a model takes: numbers or tokens.
type Input struct {
	Shape  []int     // [batch, …]
	Floats []float32 // nil for tokens
	Tokens []int     // nil for numbers
}

// Run computes the output of a model, which is an nn.Layer or a TokenModel, on tape t.
func Run(t *autograd.Tape, model nn.Module, x Input) autograd.Variable {
	if m, ok := model.(TokenModel); ok {
		return m.ForTokens(t, x.Tokens, x.Shape...)
	}
	return model.(nn.Layer).Forward(t.Float32s(x.Floats, x.Shape...))
}

func mlp(rng *rand.Rand) nn.Module {
	return nn.Sequential{
		nn.Flatten{}, nn.NewLinear(rng, 784, 128, nn.LinearConfig{}), nn.ReLU{},
		nn.NewLinear(rng, 128, 10, nn.LinearConfig{}),
	}
}

// lenet is LeNet-5 (LeCun et al. 1998) with tanh and average pooling.
func lenet(rng *rand.Rand) nn.Module {
	return nn.Sequential{
		nn.NewConv2d(rng, 1, 6, []int{5}, nn.ConvConfig{Padding: []int{2}}), nn.Tanh{}, nn.NewAvgPool2d([]int{2}, nn.AvgPoolConfig{}),
		nn.NewConv2d(rng, 6, 16, []int{5}, nn.ConvConfig{}), nn.Tanh{}, nn.NewAvgPool2d([]int{2}, nn.AvgPoolConfig{}),
		nn.Flatten{},
		nn.NewLinear(rng, 400, 120, nn.LinearConfig{}), nn.Tanh{},
		nn.NewLinear(rng, 120, 84, nn.LinearConfig{}), nn.Tanh{},
		nn.NewLinear(rng, 84, 10, nn.LinearConfig{}),
	}
}

func autoencoder(rng *rand.Rand) nn.Module {
	return nn.Sequential{
		nn.NewLinear(rng, 20, 8, nn.LinearConfig{}), nn.GELU{},
		nn.NewLinear(rng, 8, 20, nn.LinearConfig{}), nn.Sigmoid{},
	}
}

// upsampler makes an image of 14×14 of four channels of 7×7.
func upsampler(rng *rand.Rand) nn.Module {
	return nn.Sequential{
		nn.NewConvTranspose2d(rng, 4, 6, []int{4}, nn.ConvTransposeConfig{Stride: []int{2}, Padding: []int{1}}), nn.LeakyReLU{Slope: 0.2},
		nn.NewInstanceNorm2d(6, nn.InstanceNormConfig{Affine: true}),
		nn.NewConv2d(rng, 6, 1, []int{3}, nn.ConvConfig{Padding: []int{1}}), nn.Tanh{},
	}
}
