package nn

import (
	"fmt"
	"sync"

	"github.com/chainrule-go/chainrule/autograd"
)

// checkLengths panics unless lengths are those of sequences of so many steps.
func checkLengths(op string, x autograd.Variable, batch, steps int, lengths []int) {
	if lengths == nil {
		return
	}
	if len(lengths) != batch {
		panic(shapeError(op, fmt.Sprintf("there are %d lengths for %d sequences", len(lengths), batch), x))
	}
	for i, length := range lengths {
		if length < 0 || length > steps {
			panic(&autograd.IndexError{Op: op, Index: length, At: i, Size: steps + 1})
		}
	}
}

// recurrentRun is the intermediate results of a run, in memory that is used again.
type recurrentRun struct {
	sides []autograd.Variable // outputs of the layer's directions
	h, c  []autograd.Variable // final states
}

var recurrentRuns = sync.Pool{New: func() any { return new(recurrentRun) }}

func (r *recurrentRun) release() {
	for _, list := range []*[]autograd.Variable{&r.sides, &r.h, &r.c} {
		clear(*list)
		*list = (*list)[:0]
	}
	recurrentRuns.Put(r)
}

// layers runs all layers over x.
func (r *Recurrent) layers(x autograd.Variable, state LSTMState, lengths []int) (y autograd.Variable, final LSTMState) {
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
			before := state.at(k)
			side, h, c := c.cell.run(y, r.Weights[k], autograd.RecurrentConfig{
				H: before.H, C: before.C, Lengths: lengths, Reverse: direction == 1, BatchFirst: !c.timeFirst,
			})
			run.sides, run.h, run.c = append(run.sides, side), append(run.h, h), append(run.c, c)
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
