package nn

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"

	"github.com/chainrule-go/chainrule/autograd"
)

// LSTMConfig configures [NewLSTM]. The zero value is one layer in one direction, with
// biases, of float32, with the batch as first axis.
type LSTMConfig struct {
	Layers        int            // each takes the outputs of the one before; 0 means 1
	Bidirectional bool           // a second set of weights goes from the last step to the first
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
//	h ← o⊙tanh(c)
//
// and h is the output. Parameters have PyTorch's names: weight_ih_l0, weight_hh_l0,
// bias_ih_l0 and bias_hh_l0 of the first layer, with _reverse behind for the other
// direction.
type LSTM struct {
	Weights []LSTMWeights // layer by layer, in each the forward direction first

	config LSTMConfig
	in     int
	hidden int
}

// LSTMWeights is the parameters of one direction of one layer. The gates come in the order
// i, f, g, o.
type LSTMWeights struct {
	IH     autograd.Variable // [4·hidden, in]
	HH     autograd.Variable // [4·hidden, hidden]
	BiasIH autograd.Variable // [4·hidden]; the zero Variable for none
	BiasHH autograd.Variable // [4·hidden]; the zero Variable for none
}

// NewLSTM is an LSTM with weights drawn from rng. It panics with [*autograd.ValueError]
// unless in and hidden are positive, and Layers is not negative.
func NewLSTM(rng *rand.Rand, in, hidden int, config LSTMConfig) *LSTM {
	config.Layers = orDefaultInt(config.Layers, 1)
	if in < 1 || hidden < 1 || config.Layers < 1 {
		panic(&autograd.ValueError{Op: "nn.NewLSTM", Reason: fmt.Sprintf("%d inputs, %d hidden units, %d layers: expected positive numbers", in, hidden, config.Layers)})
	}
	l := &LSTM{config: config, in: in, hidden: hidden}
	bound := 1 / math.Sqrt(float64(hidden))
	array := func(shape ...int) autograd.Variable {
		w := autograd.Parameter(autograd.Zeros(config.DType, shape...))
		orInit(config.Init, Uniform(-bound, bound))(rng, w, shape[len(shape)-1], 4*hidden)
		return w
	}
	for layer := range config.Layers {
		size := in
		if layer > 0 {
			size = hidden * l.directions()
		}
		for range l.directions() {
			w := LSTMWeights{IH: array(4*hidden, size), HH: array(4*hidden, hidden)}
			if !config.NoBias {
				w.BiasIH, w.BiasHH = array(4*hidden), array(4*hidden)
			}
			l.Weights = append(l.Weights, w)
		}
	}
	return l
}

func (l *LSTM) directions() int {
	if l.config.Bidirectional {
		return 2
	}
	return 1
}

// Parts yields the parameters under PyTorch's names.
func (l *LSTM) Parts() iter.Seq2[string, Part] {
	var parts []NamedPart
	for i, w := range l.Weights {
		suffix := "_l" + strconv.Itoa(i/l.directions())
		if i%l.directions() == 1 {
			suffix += "_reverse"
		}
		parts = append(parts, Weight("weight_ih"+suffix, w.IH), Weight("weight_hh"+suffix, w.HH),
			Weight("bias_ih"+suffix, w.BiasIH), Weight("bias_hh"+suffix, w.BiasHH))
	}
	return Parts(parts...)
}

// LSTMState is the state between two steps: hidden and cell state of each direction of
// each layer, [layers·directions, batch, hidden].
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
// directions·hidden], those of the last layer, and state the final one, from which
// another Run can go on: a detached copy of it outlives the step. With TimeFirst x and y
// have their first two axes the other way round. It panics with [*autograd.ShapeError] if
// the shapes do not fit or there are no steps, and with [*autograd.IndexError] for a
// length that is not from 0 to the number of steps.
func (l *LSTM) Run(x autograd.Variable, input LSTMInput) (y autograd.Variable, state LSTMState) {
	const op = "nn.LSTM"
	defer in(l)
	if x.Rank() != 3 || x.Dim(2) != l.in {
		panic(shapeError(op, fmt.Sprintf("expected [batch, time, %d]", l.in), x))
	}
	if !l.config.TimeFirst {
		x = x.Transpose(0, 1)
	}
	steps, batch := x.Dim(0), x.Dim(1)
	if steps == 0 {
		panic(shapeError(op, "expected sequences of at least one step", x))
	}
	l.checkState(op, input.State, batch)
	lengths := newMasks(op, x, input.Lengths)
	r := lstmRuns.Get().(*lstmRun)
	defer r.release()
	y = x
	for layer := range l.config.Layers {
		for direction := range l.directions() {
			k := layer*l.directions() + direction
			r.run(l, k, y, stateOfRun(input.State, k), lengths, direction == 1)
		}
		y = r.joined()
	}
	state = LSTMState{autograd.Stack(0, r.h...), autograd.Stack(0, r.c...)}
	if !l.config.TimeFirst {
		y = y.Transpose(0, 1)
	}
	return y, state
}

func (l *LSTM) checkState(op string, s LSTMState, batch int) {
	none := autograd.Variable{}
	if (s.H == none) != (s.C == none) {
		panic(&autograd.ValueError{Op: op, Reason: "a hidden state without a cell state, or the other way round"})
	}
	for _, v := range [...]autograd.Variable{s.H, s.C} {
		if v != none && (v.Rank() != 3 || v.Dim(0) != len(l.Weights) || v.Dim(1) != batch || v.Dim(2) != l.hidden) {
			panic(shapeError(op, fmt.Sprintf("expected states [%d, %d, %d]", len(l.Weights), batch, l.hidden), s.H, s.C))
		}
	}
}

// stateOfRun is the part of a state that belongs to direction and layer k.
func stateOfRun(s LSTMState, k int) LSTMState {
	if (s.H == autograd.Variable{}) {
		return s
	}
	of := func(v autograd.Variable) autograd.Variable { return v.Slice(0, k, k+1).Squeeze(0) }
	return LSTMState{of(s.H), of(s.C)}
}

// masks says which sequences are over at each step.
type masks struct {
	over autograd.Variable // [time, batch, 1]; the zero Variable if all have the same length
}

func newMasks(op string, x autograd.Variable, lengths []int) masks {
	steps, batch := x.Dim(0), x.Dim(1)
	if lengths == nil {
		return masks{}
	}
	if len(lengths) != batch {
		panic(shapeError(op, fmt.Sprintf("there are %d lengths for %d sequences", len(lengths), batch), x))
	}
	over := autograd.Zeros(x.DType(), steps, batch, 1)
	for i, length := range lengths {
		if length < 0 || length > steps {
			panic(&autograd.IndexError{Op: op, Index: length, At: i, Size: steps + 1})
		}
		for t := length; t < steps; t++ {
			set(over, t*batch+i, 1)
		}
	}
	return masks{over}
}

// at is the mask of a step, [batch, 1].
func (m masks) at(t int) autograd.Variable { return m.over.Slice(0, t, t+1).Squeeze(0) }

// lstmRun is the intermediate results of a Run, in memory that is used again.
type lstmRun struct {
	outputs []autograd.Variable // of the direction under way, by step
	sides   []autograd.Variable // outputs of the layer's directions
	h, c    []autograd.Variable // final states
}

var lstmRuns = sync.Pool{New: func() any { return new(lstmRun) }}

func (r *lstmRun) release() {
	for _, list := range []*[]autograd.Variable{&r.outputs, &r.sides, &r.h, &r.c} {
		clear(*list)
		*list = (*list)[:0]
	}
	lstmRuns.Put(r)
}

// joined is the outputs of a layer: those of its directions side by side.
func (r *lstmRun) joined() autograd.Variable {
	y := r.sides[0]
	if len(r.sides) > 1 {
		y = autograd.Concat(2, r.sides...)
	}
	r.sides = r.sides[:0]
	return y
}

// run is one direction of a layer, over x [time, batch, features].
func (r *lstmRun) run(l *LSTM, k int, x autograd.Variable, state LSTMState, lengths masks, reverse bool) {
	w := l.Weights[k]
	steps := x.Dim(0)
	// The product with the inputs is one for all steps.
	inputs := autograd.Linear(x, w.IH, w.BiasIH)
	if (w.BiasHH != autograd.Variable{}) {
		inputs = inputs.Add(w.BiasHH)
	}
	r.outputs = slices.Grow(r.outputs[:0], steps)[:steps]
	for i := range steps {
		t := i
		if reverse {
			t = steps - 1 - i
		}
		next := l.step(w, inputs.Slice(0, t, t+1).Squeeze(0), state)
		y := next.H
		if (lengths.over != autograd.Variable{}) {
			over := lengths.at(t)
			y = y.MaskedFill(over, 0)
			next = LSTMState{kept(over, state.H, next.H), kept(over, state.C, next.C)}
		}
		r.outputs[t], state = y, next
	}
	r.sides = append(r.sides, autograd.Stack(0, r.outputs...))
	r.h, r.c = append(r.h, state.H), append(r.c, state.C)
}

// kept is before where a sequence is over, and after elsewhere.
func kept(over, before, after autograd.Variable) autograd.Variable {
	if (before == autograd.Variable{}) {
		return after.MaskedFill(over, 0)
	}
	return autograd.Where(over, before, after)
}

// step is the state after one step whose input's product is given. A state of zeros may be
// the zero Variable.
func (l *LSTM) step(w LSTMWeights, gates autograd.Variable, state LSTMState) LSTMState {
	begun := state.H != autograd.Variable{}
	if begun {
		gates = gates.Add(autograd.Linear(state.H, w.HH, autograd.Variable{}))
	}
	gate := func(i int) autograd.Variable { return gates.Slice(1, i*l.hidden, (i+1)*l.hidden) }
	c := gate(0).Sigmoid().Mul(gate(2).Tanh())
	if begun {
		c = gate(1).Sigmoid().Mul(state.C).Add(c)
	}
	return LSTMState{H: gate(3).Sigmoid().Mul(c.Tanh()), C: c}
}
