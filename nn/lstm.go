package nn

import (
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// LSTMConfig configures [NewLSTM]. The zero value is one layer in one direction, with
// biases, of float32, with the batch as first axis.
type LSTMConfig struct {
	Layers        int            // each takes the outputs of the one before; 0 means 1
	Projection    int            // units that the hidden state is projected to; 0 means none
	Bidirectional bool           // a second set of weights goes from the last step to the first
	Dropout       float64        // of the outputs of all layers but the last, in training; from 0 to 1
	NoBias        bool           // leave the biases out
	TimeFirst     bool           // arrays are [time, batch, features]
	Init          Initializer    // of weights and biases; nil means uniform in ±1/√hidden
	DType         autograd.DType // Float32 by default
}

// LSTM is a recurrent layer of long short-term memory (Hochreiter and Schmidhuber 1997;
// Gers et al. 2000). At each step, from the step's input x and the hidden and cell state
// h and c of the step before,
//
//	i, f, g, o = σ, σ, tanh, σ of Wᵢₕx + bᵢₕ + Wₕₕh + bₕₕ, a quarter each
//	c ← f⊙c + i⊙g
//	h ← o⊙tanh(c), or with a projection Wₕᵣ·(o⊙tanh(c)) (Sak et al. 2014)
//
// and h is the output. Parameters are those of [Recurrent], and weight_hr_l0 for the
// projection.
type LSTM struct{ Recurrent }

// NewLSTM is an LSTM with weights drawn from rng. It panics with [*autograd.ValueError]
// unless in and hidden are positive, and the numbers of config are in their range.
func NewLSTM(rng *rand.Rand, in, hidden int, config LSTMConfig) *LSTM {
	return &LSTM{newRecurrent(rng, in, recurrentConfig{
		op: "nn.LSTM", cell: lstmCell, layers: config.Layers, hidden: hidden, projection: config.Projection,
		bidirectional: config.Bidirectional, noBias: config.NoBias, timeFirst: config.TimeFirst,
		dropout: config.Dropout, init: config.Init, dtype: config.DType,
	})}
}

// LSTMState is the state between two steps: hidden state [layers·directions, batch, out]
// and cell state [layers·directions, batch, hidden] of each direction of each layer, where
// out is hidden, or the size of the projection.
type LSTMState struct{ H, C autograd.Variable }

// LSTMInput is what an LSTM takes besides the sequences. The zero value is sequences of
// one length that start from a state of zeros.
type LSTMInput struct {
	State LSTMState // before the first step; zero Variables for zeros

	// Lengths is how many steps each sequence of the batch has; nil if all have as many
	// as there are. Outputs after the end of a sequence are 0, and get no gradient; its
	// final state is that at its end, where the other direction starts.
	Lengths []int
}

// Forward is the outputs for sequences x [batch, time, in] that start from zeros.
func (l *LSTM) Forward(x autograd.Variable) autograd.Variable {
	y, _ := l.Run(x, LSTMInput{})
	return y
}

// Run computes the outputs for sequences x [batch, time, in]: y is [batch, time,
// directions·out], those of the last layer, and state the final one, from which
// another Run can go on: a detached copy of it outlives the step. With TimeFirst x and y
// have their first two axes the other way round. For one sequence [time, in] all arrays
// have no batch axis. It panics with [*autograd.ShapeError] if the shapes do not fit or
// there are no steps, and with [*autograd.IndexError] for a length that is not from 0 to
// the number of steps.
func (l *LSTM) Run(x autograd.Variable, input LSTMInput) (y autograd.Variable, state LSTMState) {
	defer in(l)
	checkBoth("nn.LSTM", input.State)
	y, state = l.run(x, input.State, input.Lengths)
	return Hooked(l, y), state
}

// checkBoth panics if there is one part of a state without the other.
func checkBoth(op string, s LSTMState) {
	none := autograd.Variable{}
	if (s.H == none) != (s.C == none) {
		panic(&autograd.ValueError{Op: op, Reason: "a hidden state without a cell state, or the other way round"})
	}
}

var lstmCell = cell{gates: 4, run: autograd.LSTM}
