package autograd

import (
	"strings"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// The operations of recurrent layers. The result is one array with all that there is: the
// outputs, the final hidden state and, of an LSTM, the final cell state, one behind the
// other. aux is what the backward pass needs.

// Operands, in order; absent ones leave no gap.
const (
	operandX = iota
	operandIH
	operandHH
	operandBiasIH
	operandBiasHH
	operandHR
	operandH
	operandC
	recurrentOperands
)

var recurrentNames = [recurrentOperands]string{
	operandHH: "the weights of the state", operandBiasIH: "a bias", operandBiasHH: "a bias",
	operandH: "the hidden state", operandC: "the cell state",
}

// attr.i is the cell, attr.axes the set of operands that there are and, behind them, of these
// options. attr.ints are the lengths.
const (
	optionReverse = 1 << (recurrentOperands + iota)
	optionBatchFirst
	optionLengths
)

var lstmOp, gruOp, rnnOp *op

func init() {
	lstmOp = composite("lstm", composedRecurrence, recurrentBackward)
	gruOp = composite("gru", composedRecurrence, recurrentBackward)
	rnnOp = composite("rnn", composedRecurrence, recurrentBackward)
	for _, o := range [...]*op{lstmOp, gruOp, rnnOp} {
		o.arguments = recurrentArguments
	}
}

// recurrentArguments lists what n's attributes say: the names of its operands among them.
func recurrentArguments(n *node) []Argument {
	var operands []string
	for i, name := range recurrentOperandNames {
		if n.attr.axes&(1<<i) != 0 {
			operands = append(operands, name)
		}
	}
	list := arguments("operands", strings.Join(operands, " "), "reverse", n.attr.axes&optionReverse != 0,
		"batch first", n.attr.axes&optionBatchFirst != 0, "relu", tensor.RecurrentCell(n.attr.i) == tensor.ReLUCell)
	if n.attr.axes&optionLengths != 0 {
		list = append(list, arguments("lengths", n.attr.ints)...)
	}
	return list
}

var recurrentOperandNames = [recurrentOperands]string{"x", "weight_ih", "weight_hh", "bias_ih", "bias_hh", "weight_hr", "h", "c"}

// recurrent computes the operation, and takes the result apart.
func recurrent(o *op, cell tensor.RecurrentCell, x Variable, w RecurrentWeights, config *RecurrentConfig) (y, h, c Variable) {
	var in [recurrentOperands]*node
	var buffer [recurrentOperands]*node
	given, set := buffer[:0], uint64(0)
	for i, v := range [recurrentOperands]Variable{x, w.IH, w.HH, w.BiasIH, w.BiasHH, w.HR, config.H, config.C} {
		if v.n == nil && i > operandHH {
			continue
		}
		in[i] = v.check(o.name)
		given, set = append(given, in[i]), set|1<<i
		o.same(in[operandX], in[i])
	}
	checkRecurrent(o.name, &in, cell.Rows(), config)
	for _, option := range [...]struct {
		on  bool
		bit uint64
	}{{config.Reverse, optionReverse}, {config.BatchFirst, optionBatchFirst}, {config.Lengths != nil, optionLengths}} {
		if option.on {
			set |= option.bit
		}
	}
	r := recurrence(cell, set, config.Lengths, &in)
	shape := [1]int{r.ResultSize()}
	n := o.result(x.n.DType, shape[:], given...)
	n.attr.i, n.attr.axes, n.attr.ints = int(cell), set, append(n.attr.ints[:0], config.Lengths...)
	n.recur(&r)
	if r.HR != nil && traces(n) {
		return composedRecurrence(n).apart(&r)
	}
	return n.done().apart(&r)
}

// recur computes n's elements, and keeps what the backward pass needs if there may be one.
func (n *node) recur(r *tensor.Recurrence) {
	r.Keep = n.op != nil
	shape := [1]int{r.SavedSize()}
	if r.Keep || n.tape == nil {
		r.Saved = &n.keepArray(shape[:]).Array
		r.Forward(&n.Array)
		if !r.Keep {
			n.aux = nil
		}
		return
	}
	saved := n.tape.node(n.DType, shape[:])
	n.tape.allocate(saved)
	r.Saved = &saved.Array
	r.Forward(&n.Array)
	n.tape.unref(saved)
}

// apart is outputs and final states, which are parts of the result.
func (v Variable) apart(r *tensor.Recurrence) (y, h, c Variable) {
	outputs, state := r.Steps*r.Batch*r.Out, r.Batch*r.Out
	y = v.Slice(0, 0, outputs)
	if r.BatchFirst {
		y = y.Reshape(r.Batch, r.Steps, r.Out)
	} else {
		y = y.Reshape(r.Steps, r.Batch, r.Out)
	}
	h = v.Slice(0, outputs, outputs+state).Reshape(r.Batch, r.Out)
	if r.Cell == tensor.LSTMCell {
		c = v.Slice(0, outputs+state, v.Size()).Reshape(r.Batch, r.Hidden)
	}
	return y, h, c
}

// recurrence describes the computation on operands that have been checked.
func recurrence(cell tensor.RecurrentCell, set uint64, lengths []int, in *[recurrentOperands]*node) tensor.Recurrence {
	x := in[operandX]
	r := tensor.Recurrence{
		Cell: cell, Steps: x.Shape[0], Batch: x.Shape[1], In: x.Shape[2],
		Hidden: in[operandIH].Shape[0] / cell.Rows(), Out: in[operandHH].Shape[1],
		Reverse: set&optionReverse != 0, BatchFirst: set&optionBatchFirst != 0,
	}
	if r.BatchFirst {
		r.Steps, r.Batch = r.Batch, r.Steps
	}
	if set&optionLengths != 0 {
		r.Lengths = lengths
	}
	for i, to := range [recurrentOperands]**tensor.Array{&r.X, &r.IH, &r.HH, &r.BiasIH, &r.BiasHH, &r.HR, &r.H, &r.C} {
		if in[i] != nil {
			*to = &in[i].Array
		}
	}
	return r
}

// recurrentInputs are the operands of n, nil for those that are absent, and their positions
// among those that are there.
func (n *node) recurrentInputs() (in [recurrentOperands]*node, at [recurrentOperands]int) {
	k := 0
	for i := range in {
		if n.attr.axes&(1<<i) != 0 {
			in[i], at[i] = n.input(k), k
			k++
		}
	}
	return in, at
}

// recurrentBackward is the rule for passes that are not recorded.
func recurrentBackward(p *pass, n, g *node) {
	in, at := n.recurrentInputs()
	r := recurrence(tensor.RecurrentCell(n.attr.i), n.attr.axes, n.attr.ints, &in)
	r.Saved, r.Keep = &n.aux.Array, true
	var to tensor.RecurrentGradients
	// In the order in which the gradients are computed: an operand may be given twice.
	for _, operand := range [...]struct {
		i  int
		to *tensor.RecurrentGradient
	}{
		{operandH, &to.H}, {operandC, &to.C}, {operandIH, &to.IH}, {operandHH, &to.HH}, {operandHR, &to.HR},
		{operandBiasIH, &to.BiasIH}, {operandBiasHH, &to.BiasHH}, {operandX, &to.X},
	} {
		if in[operand.i] != nil && p.wants(in[operand.i]) {
			operand.to.To, operand.to.Add = p.destination(n, at[operand.i])
		}
	}
	r.Backward(&g.Array, &to)
}
