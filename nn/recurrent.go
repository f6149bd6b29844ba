package nn

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
)

// Recurrent is what [RNN], [GRU] and [LSTM] have in common: layers that go through
// sequences step by step, with a state. Parameters have PyTorch's names: weight_ih_l0,
// weight_hh_l0, bias_ih_l0 and bias_hh_l0 of the first layer, with _reverse behind for the
// other direction.
type Recurrent struct {
	Weights []RecurrentWeights // layer by layer, in each the forward direction first

	config recurrentConfig
	in     int
}

// RecurrentWeights is the parameters of one direction of one layer, or of a cell.
type RecurrentWeights = autograd.RecurrentWeights

// recurrentConfig is the options of a recurrent layer.
type recurrentConfig struct {
	op            string // for errors: "nn.LSTM"
	cell          cell
	layers        int
	hidden        int
	projection    int // 0 for none
	bidirectional bool
	noBias        bool
	timeFirst     bool
	dropout       float64
	init          Initializer
	dtype         autograd.DType
}

// cell is what a recurrent layer computes.
type cell struct {
	gates int // rows of the weights for each unit

	// run goes through sequences in one direction. c is the zero Variable but for an LSTM.
	run func(x autograd.Variable, w RecurrentWeights, config autograd.RecurrentConfig) (y, h, c autograd.Variable)
}

// newRecurrent checks the options, and draws the weights.
func newRecurrent(rng *rand.Rand, in int, c recurrentConfig) Recurrent {
	constructor := strings.Replace(c.op, "nn.", "nn.New", 1)
	c.layers = orDefaultInt(c.layers, 1)
	if in < 1 || c.hidden < 1 || c.layers < 1 || c.projection < 0 || c.projection > 0 && c.projection >= c.hidden {
		panic(&autograd.ValueError{Op: constructor, Reason: fmt.Sprintf(
			"%d inputs, %d hidden units, %d layers, projection to %d: expected positive numbers, and a projection to fewer units", in, c.hidden, c.layers, c.projection)})
	}
	if c.dropout = number(constructor, "Dropout", c.dropout, 0); c.dropout > 1 {
		panic(&autograd.ValueError{Op: constructor, Reason: fmt.Sprintf("Dropout is %v, expected a number from 0 to 1", c.dropout)})
	}
	r := Recurrent{config: c, in: in}
	for layer := range c.layers {
		size := in
		if layer > 0 {
			size = c.out() * c.directions()
		}
		for range c.directions() {
			r.Weights = append(r.Weights, c.weights(rng, size))
		}
	}
	return r
}

// weights draws those of one direction of a layer with in inputs.
func (c *recurrentConfig) weights(rng *rand.Rand, in int) RecurrentWeights {
	bound := 1 / math.Sqrt(float64(c.hidden))
	array := func(shape ...int) autograd.Variable {
		w := autograd.Parameter(autograd.Zeros(c.dtype, shape...))
		orInit(c.init, Uniform(-bound, bound))(rng, w, shape[len(shape)-1], shape[0])
		return w
	}
	rows := c.cell.gates * c.hidden
	w := RecurrentWeights{IH: array(rows, in), HH: array(rows, c.out())}
	if !c.noBias {
		w.BiasIH, w.BiasHH = array(rows), array(rows)
	}
	if c.projection > 0 {
		w.HR = array(c.projection, c.hidden)
	}
	return w
}

// out is the number of features that a direction gives.
func (c *recurrentConfig) out() int { return orDefaultInt(c.projection, c.hidden) }

func (c *recurrentConfig) directions() int {
	if c.bidirectional {
		return 2
	}
	return 1
}

// recurrentParts lists the parameters, whose names end in suffix.
func recurrentParts(w *RecurrentWeights, suffix string) []NamedPart {
	return []NamedPart{
		Weight("weight_ih"+suffix, w.IH), Weight("weight_hh"+suffix, w.HH),
		Weight("bias_ih"+suffix, w.BiasIH), Weight("bias_hh"+suffix, w.BiasHH), Weight("weight_hr"+suffix, w.HR),
	}
}

// Parts yields the parameters under PyTorch's names.
func (r *Recurrent) Parts() iter.Seq2[string, Part] {
	var parts []NamedPart
	for i := range r.Weights {
		suffix := "_l" + strconv.Itoa(i/r.config.directions())
		if i%r.config.directions() == 1 {
			suffix += "_reverse"
		}
		parts = append(parts, recurrentParts(&r.Weights[i], suffix)...)
	}
	return Parts(parts...)
}

// RecurrentInput is what an [RNN] or a [GRU] takes besides the sequences. The zero value is
// sequences of one length that start from a state of zeros.
type RecurrentInput struct {
	State   autograd.Variable // before the first step, as the final one; the zero Variable for zeros
	Lengths []int             // as in LSTMInput
}

// run computes outputs and final state for x [batch, time, in] or [time, in].
func (r *Recurrent) run(x autograd.Variable, state LSTMState, lengths []int) (autograd.Variable, LSTMState) {
	c, op := &r.config, r.config.op
	if x.Rank() == 2 && lengths == nil {
		return r.runSingle(x, state)
	}
	if x.Rank() != 3 || x.Dim(2) != r.in {
		panic(shapeError(op, fmt.Sprintf("expected [batch, time, %d] or [time, %d]", r.in, r.in), x))
	}
	batch, steps := x.Dim(0), x.Dim(1)
	if c.timeFirst {
		batch, steps = steps, batch
	}
	if steps == 0 {
		panic(shapeError(op, "expected sequences of at least one step", x))
	}
	r.checkState(op, state, batch)
	checkLengths(op, x, batch, steps, lengths)
	return r.layers(x, state, lengths)
}

// runSingle is run for a sequence without a batch axis.
func (r *Recurrent) runSingle(x autograd.Variable, state LSTMState) (autograd.Variable, LSTMState) {
	batch := 0
	if r.config.timeFirst {
		batch = 1
	}
	for _, v := range [...]*autograd.Variable{&state.H, &state.C} {
		if (*v != autograd.Variable{}) {
			*v = v.Unsqueeze(1)
		}
	}
	y, state := r.run(x.Unsqueeze(batch), state, nil)
	state.H = state.H.Squeeze(1)
	if (state.C != autograd.Variable{}) {
		state.C = state.C.Squeeze(1)
	}
	return y.Squeeze(batch), state
}

func (r *Recurrent) checkState(op string, s LSTMState, batch int) {
	c := &r.config
	for i, v := range [...]autograd.Variable{s.H, s.C} {
		size := [...]int{c.out(), c.hidden}[i]
		if (v != autograd.Variable{}) && (v.Rank() != 3 || v.Dim(0) != len(r.Weights) || v.Dim(1) != batch || v.Dim(2) != size) {
			panic(shapeError(op, fmt.Sprintf("expected a state [%d, %d, %d]", len(r.Weights), batch, size), v))
		}
	}
}
