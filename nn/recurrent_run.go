package nn

import (
	"fmt"
	"slices"
	"sync"

	"github.com/chainrule-go/chainrule/autograd"
)

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

// recurrentRun is the intermediate results of a run, in memory that is used again.
type recurrentRun struct {
	outputs []autograd.Variable // of the direction under way, by step
	sides   []autograd.Variable // outputs of the layer's directions
	h, c    []autograd.Variable // final states
}

var recurrentRuns = sync.Pool{New: func() any { return new(recurrentRun) }}

func (r *recurrentRun) release() {
	for _, list := range []*[]autograd.Variable{&r.outputs, &r.sides, &r.h, &r.c} {
		clear(*list)
		*list = (*list)[:0]
	}
	recurrentRuns.Put(r)
}

// layers runs all layers over x [time, batch, features].
func (r *Recurrent) layers(x autograd.Variable, state LSTMState, lengths masks) (y autograd.Variable, final LSTMState) {
	c := &r.config
	run := recurrentRuns.Get().(*recurrentRun)
	defer run.release()
	y = x
	for layer := range c.layers {
		if layer > 0 && c.dropout > 0 {
			y = dropout(y, c.dropout, 3)
		}
		for direction := range c.directions() {
			k := layer*c.directions() + direction
			run.direction(c.cell, &r.Weights[k], y, state.at(k), lengths, direction == 1)
		}
		y = run.joined()
	}
	final.H = autograd.Stack(0, run.h...)
	if (run.c[0] != autograd.Variable{}) {
		final.C = autograd.Stack(0, run.c...)
	}
	return y, final
}

// at is the part of a state that belongs to direction and layer k.
func (s LSTMState) at(k int) LSTMState {
	of := func(v autograd.Variable) autograd.Variable {
		if (v == autograd.Variable{}) {
			return v
		}
		return v.Slice(0, k, k+1).Squeeze(0)
	}
	return LSTMState{of(s.H), of(s.C)}
}

// joined is the outputs of a layer: those of its directions side by side.
func (r *recurrentRun) joined() autograd.Variable {
	y := r.sides[0]
	if len(r.sides) > 1 {
		y = autograd.Concat(2, r.sides...)
	}
	r.sides = r.sides[:0]
	return y
}

// direction is one direction of a layer, over x [time, batch, features].
func (r *recurrentRun) direction(c cell, w *RecurrentWeights, x autograd.Variable, state LSTMState, lengths masks, reverse bool) {
	steps := x.Dim(0)
	// The product with the inputs is one for all steps.
	inputs := autograd.Linear(x, w.IH, w.BiasIH)
	r.outputs = slices.Grow(r.outputs[:0], steps)[:steps]
	for i := range steps {
		t := i
		if reverse {
			t = steps - 1 - i
		}
		next := c.step(w, inputs.Slice(0, t, t+1).Squeeze(0), state)
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
	switch none := (autograd.Variable{}); {
	case after == none:
		return after
	case before == none:
		return after.MaskedFill(over, 0)
	}
	return autograd.Where(over, before, after)
}
