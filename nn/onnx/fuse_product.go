package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Patterns around products with matrices.

// linearOperator is x·wᵀ + bias of rows: x [..., in], w [out, in] and, if there is one, bias [out].
var linearOperator = &operator{name: "Linear"}

func linearRows(c *call) {
	x, w := c.float(0), c.value(1)
	same(c.in[0], w)
	if x.Rank() > 0 {
		rows, out := x.Size()/max(1, x.Dim(-1)), w.Shape()[0]
		c.room(rows, out)
	}
	c.set(0, autograd.Linear(x, c.float(1), c.optional(2)))
}

func shapeOfLinear(s *shapes, n *node) ([]dim, bool) {
	x, known := s.of(n, 0)
	w, ok := s.of(n, 1)
	if !ok || !known || len(x) < 1 || len(w) != 2 {
		return nil, false
	}
	return append(slices.Clone(x[:len(x)-1]), w[0]), true
}

// linear makes a product with a matrix one with rows that lie as the operation has them: a matrix
// that does not must be constant.
func (f *fusion) linear(n *node) bool {
	if n.op.name == "MatMul" {
		data, shape, ok := f.constantFloats(n.inputs[1])
		if !ok || len(shape) != 2 || isEmpty(shape) || !f.affords(len(data)) {
			return false
		}
		f.become(n, linearOperator, linearRows, n.inputs[0], f.transposed(n.inputs[1], data, shape, 1))
		return true
	}
	alpha, beta := n.float("alpha", 1), n.float("beta", 1)
	w := f.value(n.inputs[1])
	if n.flag("transA", false) || !w.isTensor() || len(w.Shape()) != 2 || isEmpty(w.Shape()) {
		return false
	}
	weights, out := n.inputs[1], w.Shape()[0]
	data, shape, constant := f.constantFloats(weights)
	switch byRows := n.flag("transB", false); {
	case byRows && alpha == 1:
	case !constant || !f.affords(len(data)):
		return false
	case byRows:
		weights = f.numbersSlot(w.dtype, convert(data, func(x float64) float64 { return x * alpha }), shape...)
	default:
		out = shape[1]
	}
	inputs := []int{n.inputs[0], weights}
	if len(n.inputs) > 2 && n.inputs[2] != absent {
		bias, ok := f.gemmBias(n, out, beta, w.dtype)
		if !ok {
			return false
		}
		inputs = append(inputs, bias)
	}
	if !n.flag("transB", false) {
		inputs[1] = f.transposed(weights, data, shape, alpha)
	}
	f.become(n, linearOperator, linearRows, inputs...)
	return true
}

// isEmpty reports whether there are no elements.
func isEmpty(shape []int) bool { return slices.Contains(shape, 0) }

// transposed is a slot with a matrix the other way round, times a number.
func (f *fusion) transposed(slot int, data []float64, shape []int, times float64) int {
	rows, columns := shape[0], shape[1]
	moved := make([]float64, len(data))
	for i := range rows {
		for j := range columns {
			moved[j*rows+i] = data[i*columns+j] * times
		}
	}
	return f.numbersSlot(f.value(slot).dtype, moved, columns, rows)
}

// gemmBias is a slot with what a Gemm adds to each row, times beta.
func (f *fusion) gemmBias(n *node, out int, beta float64, dtype DataType) (slot int, ok bool) {
	slot = n.inputs[2]
	v := f.value(slot)
	if !v.isTensor() || v.dtype != dtype {
		return 0, false
	}
	if beta == 1 && slices.Equal(v.Shape(), []int{out}) {
		return slot, true
	}
	data, shape, ok := f.constantFloats(slot)
	if !ok || len(shape) > 2 || len(shape) == 2 && shape[0] != 1 || len(data) != 1 && len(data) != out {
		return 0, false
	}
	if len(data) == 1 {
		data = slices.Repeat(data, out)
	}
	return f.numbersSlot(dtype, convert(data, func(x float64) float64 { return x * beta }), out), true
}

// reshapedLinear is a product of rows that are put together for it, and apart again.
func (f *fusion) reshapedLinear(n *node) bool {
	product := f.only(n.inputs[0], "Linear")
	if product == nil {
		return false
	}
	first := f.only(product.inputs[0], "Reshape")
	if first == nil {
		return false
	}
	x, known := f.shapes.of(first, 0)
	w, fits := f.shapes.of(product, 1)
	y, ok := f.shapes.shape[n.outputs[0]]
	if !ok || !known || !fits || len(x) < 1 || len(w) != 2 || x[len(x)-1] != w[1] || len(y) != len(x) ||
		!slices.Equal(append(slices.Clone(x[:len(x)-1]), w[0]), y) {
		return false
	}
	f.merge(n, product, first)
	n.inputs[0] = first.inputs[0]
	return true
}

// transposedLinear is a product of rows that are put in another order for it, and back again.
func (f *fusion) transposedLinear(n *node) bool {
	product := f.only(n.inputs[0], "Linear")
	if product == nil {
		return false
	}
	first := f.only(product.inputs[0], "Transpose")
	dims, ok := f.shapes.of(product, 0)
	if first == nil || !ok {
		return false
	}
	p, ok := permutation(first, len(dims))
	q, fits := permutation(n, len(dims))
	if !ok || !fits || len(dims) < 2 || p[len(p)-1] != len(p)-1 {
		return false
	}
	for i, axis := range q {
		if p[axis] != i {
			return false
		}
	}
	f.merge(n, product, first)
	n.inputs[0] = first.inputs[0]
	return true
}

// recurrent puts the gates of a layer's weights in the order of package autograd, once, where they are
// constant.
func (f *fusion) recurrent(n *node) bool {
	if n.weights != nil {
		return false
	}
	c := &call{run: f.b.fold, node: n, in: make([]Value, len(n.inputs))}
	count := 0
	for i := 1; i < min(4, len(n.inputs)); i++ {
		slot := n.inputs[i]
		if slot != absent && !f.b.constant[slot] || slot == absent && i < 3 {
			return false
		}
		c.in[i] = f.value(slot)
		count += c.in[i].Size()
	}
	kind := map[string]*recurrentRule{"LSTM": lstmKind, "GRU": gruKind}[n.op.name]
	var weights []autograd.RecurrentWeights
	err := autograd.Try(func() {
		l := newRecurrentLayer(n, kind)
		l.beforeReset, l.couple = n.flag("linear_before_reset", false), n.flag("input_forget", false)
		if !l.isFused() || !f.affords(count) {
			return
		}
		for d := range l.reverse {
			weights = append(weights, l.weights(c, d, kind.order))
		}
	})
	if err != nil { // which comes again when the model is run
		return false
	}
	n.weights = weights
	return weights != nil
}
