package autograd

import (
	"fmt"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Recurrent layers, each direction of which is one operation for all steps.

// RecurrentWeights is the weights of one direction of one recurrent layer, or of a cell, of
// some hidden units. gates is 4 in an LSTM, 3 in a GRU and 1 in an RNN; out is hidden, or
// the size of the projection.
type RecurrentWeights struct {
	IH     Variable // [gates·hidden, in]
	HH     Variable // [gates·hidden, out]
	BiasIH Variable // [gates·hidden]; the zero Variable for none
	BiasHH Variable // [gates·hidden]; the zero Variable for none
	HR     Variable // [out, hidden], the projection of an LSTM; the zero Variable for none
}

// RecurrentConfig configures [LSTM], [GRU] and [RNN]. The zero value is sequences [time,
// batch, features] of one length, from the first step to the last, from a state of zeros.
type RecurrentConfig struct {
	H Variable // the hidden state before the first step, [batch, out]; the zero Variable for zeros
	C Variable // the cell state of an LSTM, [batch, hidden], which has it if there is H

	// Lengths is how many steps each sequence has; nil if all have as many as there are.
	// After its end a sequence's outputs are 0, and get no gradient, and its state stays.
	Lengths []int

	Reverse    bool // from the last step to the first
	BatchFirst bool // arrays are [batch, time, features]
	ReLU       bool // of an RNN: max(x, 0) in place of the hyperbolic tangent
}

// LSTM is a layer of long short-term memory (Hochreiter and Schmidhuber 1997; Gers et al.
// 2000) over sequences x [time, batch, in]. At each step, from the step's input x and the
// hidden and cell state h and c of the step before,
//
//	i, f, g, o = σ, σ, tanh, σ of Wᵢₕx + bᵢₕ + Wₕₕh + bₕₕ, a quarter each
//	c ← f⊙c + i⊙g
//	h ← o⊙tanh(c), or with a projection Wₕᵣ·(o⊙tanh(c)) (Sak et al. 2014)
//
// y [time, batch, out] is h of all steps; h [batch, out] and c [batch, hidden] are the
// state after the last. It panics with [*ShapeError] if the shapes do not fit or there are no steps,
// with [*IndexError] for a length that is not from 0 to the number of steps, and with
// [*ValueError] for one part of a state without the other.
func LSTM(x Variable, w RecurrentWeights, config RecurrentConfig) (y, h, c Variable) {
	if (config.H.n == nil) != (config.C.n == nil) {
		panic(&ValueError{lstmOp.name, "a hidden state without a cell state, or the other way round"})
	}
	return recurrent(lstmOp, tensor.LSTMCell, x, w, &config)
}

// GRU is a layer of gated recurrent units (Cho et al. 2014) over sequences x [time, batch,
// in]. At each step, from the step's input x and the state h of the step before,
//
//	r, z = σ, σ of Wᵢₕx + bᵢₕ + Wₕₕh + bₕₕ, a third each
//	n = tanh(Wᵢₕx + bᵢₕ + r⊙(Wₕₕh + bₕₕ)), of the last thirds
//	h ← (1−z)⊙n + z⊙h
//
// y [time, batch, hidden] is h of all steps, and h [batch, hidden] that after the last. It
// panics as [LSTM], and with [*ValueError] if there is a cell state or a projection.
func GRU(x Variable, w RecurrentWeights, config RecurrentConfig) (y, h Variable) {
	checkPlain(gruOp.name, w, &config)
	y, h, _ = recurrent(gruOp, tensor.GRUCell, x, w, &config)
	return y, h
}

// RNN is a recurrent layer of Elman (1990) over sequences x [time, batch, in]. At each step,
// from the step's input x and the state h of the step before,
//
//	h ← tanh(Wᵢₕx + bᵢₕ + Wₕₕh + bₕₕ)
//
// y [time, batch, hidden] is h of all steps, and h [batch, hidden] that after the last. It
// panics as [GRU].
func RNN(x Variable, w RecurrentWeights, config RecurrentConfig) (y, h Variable) {
	cell := tensor.TanhCell
	if config.ReLU {
		cell = tensor.ReLUCell
	}
	checkPlain(rnnOp.name, w, &config)
	y, h, _ = recurrent(rnnOp, cell, x, w, &config)
	return y, h
}

// checkPlain panics if there is what an LSTM only has.
func checkPlain(op string, w RecurrentWeights, config *RecurrentConfig) {
	if config.C.n != nil || w.HR.n != nil {
		panic(&ValueError{op, "there is a cell state or a projection, which an LSTM only has"})
	}
}

// checkRecurrent panics unless the shapes of operands, in the order of recurrentOperands,
// and the lengths fit for so many rows of weights a unit.
func checkRecurrent(op string, in *[recurrentOperands]*node, rows int, config *RecurrentConfig) {
	x, ih := in[operandX], in[operandIH]
	fail := func(n *node, expected string, sizes ...any) {
		panic(&ShapeError{op, shapesOf(x, n), fmt.Sprintf("expected "+expected, sizes...)})
	}
	if len(x.Shape) != 3 || len(ih.Shape) != 2 || x.Shape[2] != ih.Shape[1] || ih.Shape[0]%rows != 0 || ih.Shape[0] == 0 {
		fail(ih, "x [time, batch, in] and weights [%d·hidden, in]", rows)
	}
	steps, batch, hidden := x.Shape[0], x.Shape[1], ih.Shape[0]/rows
	if config.BatchFirst {
		steps, batch = batch, steps
	}
	if steps == 0 {
		fail(ih, "sequences of at least one step")
	}
	out := hidden
	if hr := in[operandHR]; hr != nil {
		if len(hr.Shape) != 2 || hr.Shape[0] == 0 || hr.Shape[1] != hidden {
			fail(hr, "a projection [out, %d]", hidden)
		}
		out = hr.Shape[0]
	}
	for _, operand := range [...]struct{ at, rows, cols int }{
		{operandHH, rows * hidden, out}, {operandH, batch, out}, {operandC, batch, hidden},
	} {
		if n := in[operand.at]; n != nil && (len(n.Shape) != 2 || n.Shape[0] != operand.rows || n.Shape[1] != operand.cols) {
			fail(n, "[%d, %d] for %s", operand.rows, operand.cols, recurrentNames[operand.at])
		}
	}
	for _, at := range [...]int{operandBiasIH, operandBiasHH} {
		if n := in[at]; n != nil && (len(n.Shape) != 1 || n.Shape[0] != rows*hidden) {
			fail(n, "[%d] for %s", rows*hidden, recurrentNames[at])
		}
	}
	if config.Lengths == nil {
		return
	}
	if len(config.Lengths) != batch {
		fail(ih, "as many lengths as there are sequences, not %d", len(config.Lengths))
	}
	for i, length := range config.Lengths {
		if length < 0 || length > steps {
			panic(&IndexError{op, length, i, steps + 1})
		}
	}
}
