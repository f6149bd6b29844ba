// Package networks builds the networks that the benchmarks train: small ones of each
// kind, with the batches they are trained with. Its users are package bench and the
// comparison with other libraries beside it.
//
// What lives here: networks in terms of package nn. What does not: how they are
// measured.
package networks

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Network is a network in float32 and what is to be known to train it.
type Network struct {
	Name    string
	Model   nn.Layer
	Input   []int // the shape of an example
	Batch   int   // examples a training step has
	Classes int   // trained with cross-entropy; 0 for the mean of the squares of all outputs

	// products are the multiplications of an example's products with weights, and among
	// each other, in a forward pass: the first is that with the input.
	products []int
}

// All returns the networks, each with weights of its own. They share nothing.
func All() []Network {
	rng := rand.New(rand.NewPCG(3, 4))
	return []Network{cnn(rng), lenet(rng), lstm(rng), gru(rng), transformer(rng)}
}

// ForwardFlops is how many multiplications and additions the products of a forward
// pass have for a batch.
func (n Network) ForwardFlops(batch int) float64 {
	sum := 0
	for _, product := range n.products {
		sum += product
	}
	return 2 * float64(batch) * float64(sum)
}

// StepFlops is how many those of a training step have: for each product two more, the
// gradients of its operands, but the input has none.
func (n Network) StepFlops() float64 {
	return 3*n.ForwardFlops(n.Batch) - 2*float64(n.Batch)*float64(n.products[0])
}

// Loss is what a training step makes smaller. Labels is not looked at without classes.
func (n Network) Loss(output autograd.Variable, labels []int) autograd.Variable {
	if n.Classes > 0 {
		return nn.CrossEntropyLoss(output, labels)
	}
	return output.Square().Mean()
}

// cnn is the convolutional network of many tutorials, for digits.
func cnn(rng *rand.Rand) Network {
	model := nn.Sequential{
		nn.NewConv2d(rng, 1, 32, []int{3}, nn.ConvConfig{}),
		nn.ReLU{},
		nn.NewConv2d(rng, 32, 64, []int{3}, nn.ConvConfig{}),
		nn.ReLU{},
		nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}),
		nn.Flatten{},
		nn.NewLinear(rng, 64*12*12, 128, nn.LinearConfig{}),
		nn.ReLU{},
		nn.NewLinear(rng, 128, 10, nn.LinearConfig{}),
	}
	return Network{
		Name: "cnn", Model: model, Input: []int{1, 28, 28}, Batch: 128, Classes: 10,
		products: []int{26 * 26 * 32 * 9, 24 * 24 * 64 * 32 * 9, 64 * 12 * 12 * 128, 128 * 10},
	}
}

// lenet is LeNet-5 with full connections between its maps (LeCun et al. 1998).
func lenet(rng *rand.Rand) Network {
	model := nn.Sequential{
		nn.NewConv2d(rng, 1, 6, []int{5}, nn.ConvConfig{Padding: []int{2}}),
		nn.Tanh{},
		nn.NewAvgPool2d([]int{2}, nn.AvgPoolConfig{}),
		nn.NewConv2d(rng, 6, 16, []int{5}, nn.ConvConfig{}),
		nn.Tanh{},
		nn.NewAvgPool2d([]int{2}, nn.AvgPoolConfig{}),
		nn.Flatten{},
		nn.NewLinear(rng, 16*5*5, 120, nn.LinearConfig{}),
		nn.Tanh{},
		nn.NewLinear(rng, 120, 84, nn.LinearConfig{}),
		nn.Tanh{},
		nn.NewLinear(rng, 84, 10, nn.LinearConfig{}),
	}
	return Network{
		Name: "lenet", Model: model, Input: []int{1, 28, 28}, Batch: 64, Classes: 10,
		products: []int{28 * 28 * 6 * 25, 10 * 10 * 16 * 6 * 25, 400 * 120, 120 * 84, 84 * 10},
	}
}

// Sizes of the recurrent networks.
const (
	steps    = 32
	features = 64
	hidden   = 128
)

// lstmLayer is an LSTM of which only the outputs are looked at.
type lstmLayer struct{ *nn.LSTM }

func (l lstmLayer) Forward(x autograd.Variable) autograd.Variable {
	y, _ := l.Run(x, nn.LSTMInput{})
	return y
}

func lstm(rng *rand.Rand) Network {
	return Network{
		Name: "lstm", Model: lstmLayer{nn.NewLSTM(rng, features, hidden, nn.LSTMConfig{})}, Input: []int{steps, features}, Batch: 64,
		products: []int{steps * features * 4 * hidden, steps * hidden * 4 * hidden},
	}
}

// gruLayer is a GRU of which only the outputs are looked at.
type gruLayer struct{ *nn.GRU }

func (l gruLayer) Forward(x autograd.Variable) autograd.Variable {
	y, _ := l.Run(x, nn.RecurrentInput{})
	return y
}

func gru(rng *rand.Rand) Network {
	return Network{
		Name: "gru", Model: gruLayer{nn.NewGRU(rng, features, hidden, nn.GRUConfig{})}, Input: []int{steps, features}, Batch: 64,
		products: []int{steps * features * 3 * hidden, steps * hidden * 3 * hidden},
	}
}

// transformer is one layer of an encoder, without dropout.
func transformer(rng *rand.Rand) Network {
	const length, width, feedForward = 64, 128, 512
	layer := nn.NewTransformerEncoderLayer(rng, width, 4, nn.TransformerConfig{
		FeedForward: feedForward, Dropout: nn.None, Activation: nn.GELU{},
	})
	return Network{
		Name: "transformer", Model: layer, Input: []int{length, width}, Batch: 32,
		products: []int{
			length * width * 3 * width, 2 * length * length * width, length * width * width, 2 * length * width * feedForward,
		},
	}
}
