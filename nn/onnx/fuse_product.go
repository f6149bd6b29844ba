package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Patterns around products with matrices.

// linearOperator is x·wᵀ + bias of rows: x [..., in], w [out, in] and, if there is one, bias [out].
// Where the node says so w is [in, out], as parameters of a MatMul are, which stay as they are.
var linearOperator = &operator{name: "Linear"}

func linearRows(c *call) {
	x, w := c.float(0), c.value(1)
	same(c.in[0], w)
	_, out := c.node.sides(w.Shape())
	if x.Rank() > 0 {
		c.room(x.Size()/max(1, x.Dim(-1)), out)
	}
	if !c.node.columns {
		c.set(0, autograd.Linear(x, c.float(1), c.optional(2)))
		return
	}
	y := x.MatMul(c.float(1))
	if c.has(2) {
		y = y.Add(c.float(2))
	}
	c.set(0, y)
}

// sides is how many features go into a Linear with weights of a shape, and how many come out.
func (n *node) sides(w []int) (in, out int) {
	if n.columns {
		return w[0], w[1]
	}
	return w[1], w[0]
}

func shapeOfLinear(s *shapes, n *node) ([]dim, bool) {
	x, known := s.of(n, 0)
	if w := s.b.values[n.inputs[1]].Shape(); known && len(x) > 0 && len(w) == 2 {
		_, out := n.sides(w)
		return append(slices.Clone(x[:len(x)-1]), size(out)), true
	}
	return nil, false
}

// linear makes a product with a matrix one with rows that lie as the operation has them, where the
// matrix does or is constant.
func (f *fusion) linear(n *node) bool {
	w := f.value(n.inputs[1])
	if !w.isTensor() || len(w.Shape()) != 2 || isEmpty(w.Shape()) {
		return false
	}
	weights := n.inputs[1]
	constant := f.b.constant[weights] && (w.dtype == Float || w.dtype == Double)
	if n.op.name == "MatMul" {
		ok := true
		if constant {
			weights, ok = f.turned(turnedMatrix{weights, 1, true})
		}
		if ok {
			f.become(n, linearOperator, linearRows, n.inputs[0], weights)
			n.columns = !constant
		}
		return ok
	}
	m := turnedMatrix{weights, n.float("alpha", 1), !n.flag("transB", false)}
	if same := !m.turn && m.times == 1; n.flag("transA", false) || !same && !constant {
		return false
	} else if !same {
		var ok bool
		if weights, ok = f.turned(m); !ok {
			return false
		}
	}
	inputs := []int{n.inputs[0], weights}
	if len(n.inputs) > 2 && n.inputs[2] != absent {
		bias, ok := f.gemmBias(n, f.value(weights).Shape()[0], n.float("beta", 1), w.dtype)
		if !ok {
			return false
		}
		inputs = append(inputs, bias)
	}
	f.become(n, linearOperator, linearRows, inputs...)
	return true
}

// linearBias makes what is added to each row of a product its bias.
func (f *fusion) linearBias(n *node) bool {
	for from := range n.inputs {
		product, with := f.only(n.inputs[from], "Linear"), n.inputs[1-from]
		if product == nil || len(product.inputs) != 2 || n.version < 7 {
			continue
		}
		w, added := f.value(product.inputs[1]), f.value(with)
		if _, out := product.sides(w.Shape()); !added.isTensor() || added.dtype != w.dtype || !slices.Equal(added.Shape(), []int{out}) {
			continue
		}
		f.merge(n, product)
		n.inputs = append(n.inputs, with)
		return true
	}
	return false
}

// isEmpty reports whether there are no elements.
func isEmpty(shape []int) bool { return slices.Contains(shape, 0) }

// turnedMatrix is a constant matrix times a number, the other way round if it says so.
type turnedMatrix struct {
	slot  int
	times float64
	turn  bool
}

// turned is a slot with a matrix that is made of another, the same for all nodes; ok is false if there is
// no memory for it.
func (f *fusion) turned(m turnedMatrix) (slot int, ok bool) {
	if slot, ok = f.b.matrices[m]; ok {
		return slot, true
	}
	v := f.value(m.slot)
	if !f.affords(v.Size()) {
		return absent, false
	}
	data, shape, ok := f.constantFloats(m.slot)
	if !ok {
		return absent, false
	}
	rows, columns := shape[0], shape[1]
	moved := make([]float64, len(data))
	down, right := columns, 1 // how far rows, and elements of one, come to be apart
	if m.turn {
		down, right = 1, rows
	}
	for i := range rows {
		for j, x := range data[i*columns:][:columns] {
			moved[i*down+j*right] = x * m.times
		}
	}
	if m.turn {
		rows, columns = columns, rows
	}
	slot = f.numbersSlot(v.dtype, moved, rows, columns)
	f.b.matrices[m] = slot
	return slot, true
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
	shape := v.Shape()
	if len(shape) > 2 || len(shape) == 2 && shape[0] != 1 || v.Size() != 1 && v.Size() != out || !f.b.constant[slot] || !f.affords(out) {
		return 0, false
	}
	data, _, ok := f.constantFloats(slot)
	if !ok {
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
	y, ok := f.shapes.shape[n.outputs[0]]
	in, out := product.sides(f.value(product.inputs[1]).Shape())
	if !ok || !known || len(x) < 1 || x[len(x)-1] != size(in) || !slices.Equal(append(slices.Clone(x[:len(x)-1]), size(out)), y) {
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
