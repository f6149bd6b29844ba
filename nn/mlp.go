package nn

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// MLPConfig configures [NewMLP].
type MLPConfig struct {
	Sizes      []int          // inputs, units of each hidden layer, outputs
	Activation Layer          // after each layer but the last, one for all; nil means ReLU
	Output     Layer          // after the last layer; nil means none, as losses on logits want it
	Init       Initializer    // see LinearConfig
	NoBias     bool           // leave the biases out
	DType      autograd.DType // Float32 by default
}

// NewMLP is a multilayer perceptron: [Linear] layers with an activation in between, of x
// [..., inputs] it makes [..., outputs]. Sizes {784, 128, 10} make the same model as
//
//	nn.Sequential{
//		nn.NewLinear(rng, 784, 128, nn.LinearConfig{}),
//		nn.ReLU{},
//		nn.NewLinear(rng, 128, 10, nn.LinearConfig{}),
//	}
//
// It panics with [*autograd.ValueError] unless there are two sizes or more, all of
// them positive.
func NewMLP(rng *rand.Rand, config MLPConfig) Sequential {
	if len(config.Sizes) < 2 {
		panic(&autograd.ValueError{Op: "nn.NewMLP", Reason: fmt.Sprintf("Sizes is %v, expected at least inputs and outputs", config.Sizes)})
	}
	activation := config.Activation
	if activation == nil {
		activation = ReLU{}
	}
	linear := LinearConfig{NoBias: config.NoBias, Init: config.Init, DType: config.DType}
	var model Sequential
	for i, in := range config.Sizes[:len(config.Sizes)-1] {
		if i > 0 {
			model = append(model, activation)
		}
		model = append(model, NewLinear(rng, in, config.Sizes[i+1], linear))
	}
	if config.Output != nil {
		model = append(model, config.Output)
	}
	return model
}
