package nn

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// GRUConfig configures [NewGRU]. The zero value is one layer in one direction, with
// biases, of float32, with the batch as first axis.
type GRUConfig struct {
	Layers        int            // each takes the outputs of the one before; 0 means 1
	Bidirectional bool           // a second set of weights goes from the last step to the first
	Dropout       float64        // of the outputs of all layers but the last, in training; from 0 to 1
	NoBias        bool           // leave the biases out
	TimeFirst     bool           // arrays are [time, batch, features]
	Init          Initializer    // of weights and biases; nil means uniform in ±1/√hidden
	DType         autograd.DType // Float32 by default
}

// GRU is a layer of gated recurrent units (Cho et al. 2014). At each step, from the step's
// input x and the state h of the step before,
//
//	r, z = σ, σ of Wᵢₕx + bᵢₕ + Wₕₕh + bₕₕ, a third each
//	n = tanh(Wᵢₕx + bᵢₕ + r⊙(Wₕₕh + bₕₕ)), of the last thirds
//	h ← (1−z)⊙n + z⊙h
//
// and h is the output. Parameters are those of [Recurrent].
type GRU struct{ Recurrent }

// NewGRU is a GRU with weights drawn from rng. It panics with [*autograd.ValueError]
// unless in and hidden are positive, and the numbers of config are in their range.
func NewGRU(rng *rand.Rand, in, hidden int, config GRUConfig) *GRU {
	return &GRU{newRecurrent(rng, in, recurrentConfig{
		op: "nn.GRU", cell: gruCell, layers: config.Layers, hidden: hidden,
		bidirectional: config.Bidirectional, noBias: config.NoBias, timeFirst: config.TimeFirst,
		dropout: config.Dropout, init: config.Init, dtype: config.DType,
	})}
}

// Forward is the outputs for sequences x [batch, time, in] that start from zeros.
func (l *GRU) Forward(x autograd.Variable) autograd.Variable {
	y, _ := l.Run(x, RecurrentInput{})
	return y
}

// Run computes the outputs for sequences x [batch, time, in]: y is [batch, time,
// directions·hidden], and state [layers·directions, batch, hidden] the final one. It is
// [LSTM.Run] in all else.
func (l *GRU) Run(x autograd.Variable, input RecurrentInput) (y, state autograd.Variable) {
	defer in(l)
	y, s := l.run(x, LSTMState{H: input.State}, input.Lengths)
	return Hooked(l, y), s.H
}

var gruCell = cell{gates: 3, run: func(x autograd.Variable, w RecurrentWeights, config autograd.RecurrentConfig) (y, h, c autograd.Variable) {
	y, h = autograd.GRU(x, w, config)
	return y, h, c
}}
