package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// CellConfig configures [NewLSTMCell], [NewGRUCell] and [NewRNNCell]. The zero value is a
// cell of float32 with biases.
type CellConfig struct {
	ReLU   bool           // of an RNNCell: max(x, 0) in place of the hyperbolic tangent
	NoBias bool           // leave the biases out
	Init   Initializer    // of weights and biases; nil means uniform in ±1/√hidden
	DType  autograd.DType // Float32 by default
}

// Cell is what [LSTMCell], [GRUCell] and [RNNCell] have in common: one step of a recurrent
// layer, for loops of one's own. Parameters are named weight_ih, weight_hh, bias_ih and
// bias_hh.
type Cell struct {
	RecurrentWeights

	op         string
	in, hidden int
	cell       cell
}

func newCell(op string, rng *rand.Rand, in, hidden int, kind cell, config CellConfig) Cell {
	r := newRecurrent(rng, in, recurrentConfig{op: op, cell: kind, hidden: hidden, noBias: config.NoBias, init: config.Init, dtype: config.DType})
	return Cell{r.Weights[0], op, in, hidden, kind}
}

// Parts yields the parameters under PyTorch's names.
func (c *Cell) Parts() iter.Seq2[string, Part] {
	return Parts(recurrentParts(&c.RecurrentWeights, "")...)
}

// next is the state after a step with input x.
func (c *Cell) next(x autograd.Variable, state LSTMState) LSTMState {
	if x.Rank() < 1 || x.Rank() > 2 || x.Dim(-1) != c.in {
		panic(shapeError(c.op, fmt.Sprintf("expected [batch, %d] or [%d]", c.in, c.in), x))
	}
	for _, v := range [...]autograd.Variable{state.H, state.C} {
		if (v != autograd.Variable{}) && (v.Rank() != x.Rank() || v.Dim(-1) != c.hidden || v.Dim(0) != x.Dim(0) && x.Rank() == 2) {
			panic(shapeError(c.op, fmt.Sprintf("expected a state with as many examples, of %d units", c.hidden), x, v))
		}
	}
	// A sequence of one step, of a batch of one if there is none.
	single := x.Rank() == 1
	if single {
		x, state.H, state.C = unsqueezed(x), unsqueezed(state.H), unsqueezed(state.C)
	}
	_, state.H, state.C = c.cell.run(x.Unsqueeze(0), c.RecurrentWeights, autograd.RecurrentConfig{H: state.H, C: state.C})
	if single {
		state.H = state.H.Squeeze(0)
		if (state.C != autograd.Variable{}) {
			state.C = state.C.Squeeze(0)
		}
	}
	return state
}

// unsqueezed is v with an axis of size 1 in front, if there is a v.
func unsqueezed(v autograd.Variable) autograd.Variable {
	if (v == autograd.Variable{}) {
		return v
	}
	return v.Unsqueeze(0)
}

// LSTMCell is a step of an [LSTM].
type LSTMCell struct{ Cell }

// NewLSTMCell is an LSTMCell with weights drawn from rng. It panics with
// [*autograd.ValueError] unless in and hidden are positive.
func NewLSTMCell(rng *rand.Rand, in, hidden int, config CellConfig) *LSTMCell {
	return &LSTMCell{newCell("nn.LSTMCell", rng, in, hidden, lstmCell, config)}
}

// Next is the state after a step with input x [batch, in], from a state of two arrays
// [batch, hidden], or zero Variables for zeros. All may be without the batch axis. It
// panics with [*autograd.ShapeError] if the shapes do not fit.
func (c *LSTMCell) Next(x autograd.Variable, state LSTMState) LSTMState {
	defer in(c)
	checkBoth("nn.LSTMCell", state)
	state = c.next(x, state)
	state.H = Hooked(c, state.H)
	return state
}

// GRUCell is a step of a [GRU].
type GRUCell struct{ Cell }

// NewGRUCell is a GRUCell, like [NewLSTMCell] otherwise.
func NewGRUCell(rng *rand.Rand, in, hidden int, config CellConfig) *GRUCell {
	return &GRUCell{newCell("nn.GRUCell", rng, in, hidden, gruCell, config)}
}

// Next is the state after a step with input x [batch, in], from a state [batch, hidden],
// or the zero Variable for zeros. It panics as [LSTMCell.Next].
func (c *GRUCell) Next(x, state autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.next(x, LSTMState{H: state}).H)
}

// RNNCell is a step of an [RNN].
type RNNCell struct{ Cell }

// NewRNNCell is an RNNCell, like [NewLSTMCell] otherwise.
func NewRNNCell(rng *rand.Rand, in, hidden int, config CellConfig) *RNNCell {
	return &RNNCell{newCell("nn.RNNCell", rng, in, hidden, rnnCell(config.ReLU), config)}
}

// Next is the state after a step, as that of [GRUCell].
func (c *RNNCell) Next(x, state autograd.Variable) autograd.Variable {
	defer in(c)
	return Hooked(c, c.next(x, LSTMState{H: state}).H)
}
