package nn

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// RNNConfig configures [NewRNN]. The zero value is one layer in one direction, with
// biases and tanh, of float32, with the batch as first axis.
type RNNConfig struct {
	Layers        int            // each takes the outputs of the one before; 0 means 1
	ReLU          bool           // max(x, 0) in place of the hyperbolic tangent
	Bidirectional bool           // a second set of weights goes from the last step to the first
	Dropout       float64        // of the outputs of all layers but the last, in training; from 0 to 1
	NoBias        bool           // leave the biases out
	TimeFirst     bool           // arrays are [time, batch, features]
	Init          Initializer    // of weights and biases; nil means uniform in ±1/√hidden
	DType         autograd.DType // Float32 by default
}

// RNN is a recurrent layer of Elman (1990). At each step, from the step's input x and the
// state h of the step before,
//
//	h ← tanh(Wᵢₕx + bᵢₕ + Wₕₕh + bₕₕ)
//
// and h is the output. Parameters are those of [Recurrent].
type RNN struct{ Recurrent }

// NewRNN is an RNN with weights drawn from rng. It panics with [*autograd.ValueError]
// unless in and hidden are positive, and the numbers of config are in their range.
func NewRNN(rng *rand.Rand, in, hidden int, config RNNConfig) *RNN {
	return &RNN{newRecurrent(rng, in, recurrentConfig{
		op: "nn.RNN", cell: rnnCell(config.ReLU), layers: config.Layers, hidden: hidden,
		bidirectional: config.Bidirectional, noBias: config.NoBias, timeFirst: config.TimeFirst,
		dropout: config.Dropout, init: config.Init, dtype: config.DType,
	})}
}

// Forward is the outputs for sequences x [batch, time, in] that start from zeros.
func (l *RNN) Forward(x autograd.Variable) autograd.Variable {
	y, _ := l.Run(x, RecurrentInput{})
	return y
}

// Run computes the outputs for sequences x [batch, time, in], as [GRU.Run].
func (l *RNN) Run(x autograd.Variable, input RecurrentInput) (y, state autograd.Variable) {
	defer in(l)
	y, s := l.run(x, LSTMState{H: input.State}, input.Lengths)
	return Hooked(l, y), s.H
}

func rnnCell(relu bool) cell {
	return cell{gates: 1, run: func(x autograd.Variable, w RecurrentWeights, config autograd.RecurrentConfig) (y, h, c autograd.Variable) {
		config.ReLU = relu
		y, h = autograd.RNN(x, w, config)
		return y, h, c
	}}
}
