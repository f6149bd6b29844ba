package autograd

import "github.com/chainrule-go/chainrule/internal/tensor"

// Recurrent layers written in operations, step by step: the recorded rule.

// recurrentStep is the state after a step, from the product of its input with the weights,
// with the bias added. A state of zeros may be the zero Variable.
type recurrentStep func(w *RecurrentWeights, inputs, h, c Variable) (Variable, Variable)

// composedRecurrence computes n's result by operations.
func composedRecurrence(n *node) Variable {
	in, _ := n.recurrentInputs()
	operand := func(i int) Variable {
		if in[i] == nil {
			return Variable{}
		}
		return in[i].variable()
	}
	x, h, c := operand(operandX), operand(operandH), operand(operandC)
	w := &RecurrentWeights{operand(operandIH), operand(operandHH), operand(operandBiasIH), operand(operandBiasHH), operand(operandHR)}
	batchFirst := n.attr.axes&optionBatchFirst != 0
	if batchFirst {
		x = x.Transpose(0, 1)
	}
	step := [...]recurrentStep{
		tensor.LSTMCell: lstmStep, tensor.GRUCell: gruStep, tensor.TanhCell: rnnStep(Variable.Tanh), tensor.ReLUCell: rnnStep(Variable.ReLU),
	}[n.attr.i]
	inputs := Linear(x, w.IH, w.BiasIH)
	outputs := make([]Variable, x.Dim(0))
	for i := range outputs {
		t := i
		if n.attr.axes&optionReverse != 0 {
			t = len(outputs) - 1 - i
		}
		nextH, nextC := step(w, inputs.Slice(0, t, t+1).Squeeze(0), h, c)
		outputs[t] = nextH
		if n.attr.axes&optionLengths != 0 {
			over := overAt(t, n.attr.ints, x)
			outputs[t] = nextH.MaskedFill(over, 0)
			nextH, nextC = kept(over, h, nextH), kept(over, c, nextC)
		}
		h, c = nextH, nextC
	}
	y := Stack(0, outputs...)
	if batchFirst {
		y = y.Transpose(0, 1)
	}
	flat := []Variable{y.Reshape(y.Size()), h.Reshape(h.Size())}
	if c.n != nil {
		flat = append(flat, c.Reshape(c.Size()))
	}
	return Concat(0, flat...)
}

// overAt is 1 for sequences that have no step at time t, [batch, 1].
func overAt(t int, lengths []int, x Variable) Variable {
	over := x.full(0, len(lengths), 1)
	for i, length := range lengths {
		if t >= length {
			over.n.Set(i, 1)
		}
	}
	return over
}

// kept is before where a sequence is over, and after elsewhere.
func kept(over, before, after Variable) Variable {
	switch {
	case after.n == nil:
		return after
	case before.n == nil:
		return after.MaskedFill(over, 0)
	}
	return Where(over, before, after)
}

// fromState is the product with the state and its bias: the zero Variable if both are absent.
func (w *RecurrentWeights) fromState(h Variable) Variable {
	if h.n == nil {
		return w.BiasHH
	}
	return Linear(h, w.HH, w.BiasHH)
}

func lstmStep(w *RecurrentWeights, gates, h, c Variable) (Variable, Variable) {
	if from := w.fromState(h); from.n != nil {
		gates = gates.Add(from)
	}
	hidden := gates.Dim(-1) / 4
	gate := func(i int) Variable { return gates.Slice(-1, i*hidden, (i+1)*hidden) }
	next := gate(0).Sigmoid().Mul(gate(2).Tanh())
	if c.n != nil {
		next = gate(1).Sigmoid().Mul(c).Add(next)
	}
	h = gate(3).Sigmoid().Mul(next.Tanh())
	if w.HR.n != nil {
		h = Linear(h, w.HR, Variable{})
	}
	return h, next
}

func gruStep(w *RecurrentWeights, inputs, h, c Variable) (Variable, Variable) {
	hidden := inputs.Dim(-1) / 3
	gates, n := inputs.Slice(-1, 0, 2*hidden), inputs.Slice(-1, 2*hidden, 3*hidden)
	from := w.fromState(h)
	if from.n != nil {
		gates = gates.Add(from.Slice(-1, 0, 2*hidden))
	}
	gates = gates.Sigmoid()
	r, z := gates.Slice(-1, 0, hidden), gates.Slice(-1, hidden, 2*hidden)
	if from.n != nil {
		n = n.Add(r.Mul(from.Slice(-1, 2*hidden, 3*hidden)))
	}
	n = n.Tanh()
	if h.n == nil {
		return n.Sub(z.Mul(n)), c
	}
	return n.Add(z.Mul(h.Sub(n))), c
}

func rnnStep(activate func(Variable) Variable) recurrentStep {
	return func(w *RecurrentWeights, inputs, h, c Variable) (Variable, Variable) {
		if from := w.fromState(h); from.n != nil {
			inputs = inputs.Add(from)
		}
		return activate(inputs), c
	}
}
