package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Recurrent layers. What package autograd has as one operation for all steps is that; other
// activations, bounds and peepholes are computed step by step.
var recurrentOperators = family{"Recurrent layers", []operator{
	{name: "LSTM", since: 1, in: span{3, 8}, out: span{1, 3}, make: lstm},
	{name: "GRU", since: 1, in: span{3, 6}, out: span{1, 2}, make: gru},
	{name: "RNN", since: 1, in: span{3, 6}, out: span{1, 2}, make: rnn},
}}

// recurrentRule is what the layers differ in.
type recurrentRule struct {
	gates int
	order []int    // of our gates in the file's; nil if it is the same
	names []string // activations by default, for each direction
	fused func(l *recurrentLayer, x autograd.Variable, w autograd.RecurrentWeights, config autograd.RecurrentConfig) (y, h, c autograd.Variable)
	step  func(l *recurrentLayer, d *recurrentDirection, x, h, c autograd.Variable) (hNext, cNext autograd.Variable)
}

var (
	lstmKind = &recurrentRule{
		gates: 4, order: []int{0, 2, 3, 1}, names: []string{"Sigmoid", "Tanh", "Tanh"}, step: lstmStep,
		fused: func(_ *recurrentLayer, x autograd.Variable, w autograd.RecurrentWeights, config autograd.RecurrentConfig) (y, h, c autograd.Variable) {
			return autograd.LSTM(x, w, config)
		},
	}
	gruKind = &recurrentRule{
		gates: 3, order: []int{1, 0, 2}, names: []string{"Sigmoid", "Tanh"}, step: gruStep,
		fused: func(_ *recurrentLayer, x autograd.Variable, w autograd.RecurrentWeights, config autograd.RecurrentConfig) (y, h, c autograd.Variable) {
			y, h = autograd.GRU(x, w, config)
			return y, h, autograd.Variable{}
		},
	}
	rnnKind = &recurrentRule{
		gates: 1, names: []string{"Tanh"}, step: rnnStep,
		fused: func(l *recurrentLayer, x autograd.Variable, w autograd.RecurrentWeights, config autograd.RecurrentConfig) (y, h, c autograd.Variable) {
			config.ReLU = l.relu
			y, h = autograd.RNN(x, w, config)
			return y, h, autograd.Variable{}
		},
	}
)

// recurrentLayer is a layer with the attributes of a node.
type recurrentLayer struct {
	kind        *recurrentRule
	reverse     []bool // by direction
	activations []activation
	hidden      int // 0 if the node does not say
	batchFirst  bool
	clip        float64 // 0 for none
	couple      bool    // the forget gate is 1 − the input gate
	beforeReset bool    // the state is multiplied with its weights before the reset gate
	defaults    bool    // activations are those by default
	relu        bool    // of an RNN, and nothing else is unusual
	hasCell     bool
	names       []string
}

func lstm(n *node) kernel {
	l := newRecurrentLayer(n, lstmKind)
	l.couple, l.hasCell = n.flag("input_forget", false), true
	return l.run
}

func gru(n *node) kernel {
	l := newRecurrentLayer(n, gruKind)
	l.beforeReset = n.flag("linear_before_reset", false)
	return l.run
}

func rnn(n *node) kernel { return newRecurrentLayer(n, rnnKind).run }

func newRecurrentLayer(n *node, kind *recurrentRule) *recurrentLayer {
	l := &recurrentLayer{
		kind: kind, hidden: n.int("hidden_size", 0), batchFirst: n.flag("layout", false), clip: n.float("clip", 0),
		reverse: [][]bool{{false}, {true}, {false, true}}[n.choice("direction", "forward", "reverse", "bidirectional")],
	}
	n.ignore("output_sequence") // a result is made where it is asked for
	var usual []string
	for range l.reverse {
		usual = append(usual, kind.names...)
	}
	l.names = n.texts("activations")
	if l.names == nil {
		l.names = usual
	}
	if len(l.names) != len(usual) {
		failf("there are %d activations, expected %d", len(l.names), len(usual))
	}
	l.defaults = slices.Equal(l.names, usual)
	l.relu = kind == rnnKind && !slices.ContainsFunc(l.names, func(name string) bool { return name != "Relu" })
	alpha, beta := n.floats("activation_alpha"), n.floats("activation_beta")
	for _, name := range l.names {
		l.activations = append(l.activations, newActivation(name, &alpha, &beta))
	}
	return l
}

// activation is a function of each element.
type activation func(x autograd.Variable) autograd.Variable

// newActivation is an activation by name. Those that have parameters take them from the lists,
// while these last, and have the usual ones otherwise.
func newActivation(name string, alpha, beta *[]float32) activation {
	take := func(list *[]float32, otherwise float64) float64 {
		if len(*list) == 0 {
			return otherwise
		}
		first := (*list)[0]
		*list = (*list)[1:]
		return float64(first)
	}
	switch lower(name) {
	case "sigmoid":
		return autograd.Variable.Sigmoid
	case "tanh":
		return autograd.Variable.Tanh
	case "relu":
		return autograd.Variable.ReLU
	case "softsign":
		return func(x autograd.Variable) autograd.Variable { return x.Div(x.Abs().AddScalar(1)) }
	case "softplus":
		return func(x autograd.Variable) autograd.Variable { return x.Softplus() }
	case "affine":
		a, b := take(alpha, 1), take(beta, 0)
		return func(x autograd.Variable) autograd.Variable { return x.MulScalar(a).AddScalar(b) }
	case "leakyrelu":
		a := take(alpha, 0.01)
		return func(x autograd.Variable) autograd.Variable { return x.LeakyReLU(a) }
	case "elu":
		a := take(alpha, 1)
		return func(x autograd.Variable) autograd.Variable { return x.ELU(a) }
	case "thresholdedrelu":
		a := take(alpha, 1)
		return func(x autograd.Variable) autograd.Variable {
			return x.Mul(x.Detach().SubScalar(a).Sign().Clamp(0, 1))
		}
	case "scaledtanh":
		a, b := take(alpha, 1), take(beta, 1)
		return func(x autograd.Variable) autograd.Variable { return x.MulScalar(b).Tanh().MulScalar(a) }
	case "hardsigmoid":
		a, b := take(alpha, 0.2), take(beta, 0.5)
		return func(x autograd.Variable) autograd.Variable { return x.MulScalar(a).AddScalar(b).Clamp(0, 1) }
	}
	unsupportedf("activation %q", name)
	return nil
}

// recurrentDirection is one direction of a layer while it is computed.
type recurrentDirection struct {
	w           autograd.RecurrentWeights // in the file's order of gates; BiasIH [gates·hidden]
	peepholes   []autograd.Variable       // of an LSTM: input, output, forget, [hidden] each; nil for none
	activations []activation
}

// run computes all directions.
func (l *recurrentLayer) run(c *call) {
	x, w, r := c.float(0), c.float(1), c.float(2)
	directions, rows := len(l.reverse), 0
	if w.Rank() == 3 {
		rows = w.Dim(1)
	}
	hidden := rows / l.kind.gates
	if x.Rank() != 3 || w.Rank() != 3 || r.Rank() != 3 || hidden == 0 || rows%l.kind.gates != 0 || w.Dim(0) != directions ||
		w.Dim(2) != x.Dim(2) || !slices.Equal(r.Shape(), []int{directions, rows, hidden}) || l.hidden != 0 && l.hidden != hidden {
		failf("inputs are %s, %s and %s, which do not fit each other, %d directions and a hidden size of %d", c.in[0].describe(), c.in[1].describe(), c.in[2].describe(), directions, l.hidden)
	}
	steps, batch := x.Dim(0), x.Dim(1)
	if l.batchFirst {
		steps, batch = batch, steps
	}
	if steps == 0 {
		failf("there are no steps in %s", c.in[0].describe())
	}
	c.room(steps, batch, directions, rows)
	config := autograd.RecurrentConfig{BatchFirst: l.batchFirst, Lengths: c.intsOr(4)}
	c.checkSizes(3, directions, 2*rows)
	states := []int{directions, batch, hidden}
	if l.batchFirst {
		states = []int{batch, directions, hidden}
	}
	c.checkSizes(5, states...)
	peepholes := autograd.Variable{}
	if l.hasCell {
		c.checkSizes(6, states...)
		c.checkSizes(7, directions, 3*hidden)
		peepholes = c.optional(7)
	}
	var ys, hs, cs []autograd.Variable
	for d := range l.reverse {
		config.Reverse = l.reverse[d]
		config.H, config.C = l.state(c, 5, d, x), autograd.Variable{}
		if l.hasCell {
			config.C = l.state(c, 6, d, x)
			config.H, config.C = together(c, config.H, config.C, x.DType(), batch, hidden)
		}
		var y, h, cell autograd.Variable
		if l.isFused() && peepholes == (autograd.Variable{}) {
			y, h, cell = l.kind.fused(l, x, l.known(c, d), config)
		} else {
			y, h, cell = l.stepByStep(c, d, x, peepholes, config)
		}
		ys, hs, cs = append(ys, y), append(hs, h), append(cs, cell)
	}
	l.give(c, 0, ys, map[bool]int{false: 1, true: 2}[l.batchFirst])
	l.give(c, 1, hs, map[bool]int{false: 0, true: 1}[l.batchFirst])
	if l.hasCell {
		l.give(c, 2, cs, map[bool]int{false: 0, true: 1}[l.batchFirst])
	}
}

// isFused reports whether the layer is what package autograd has.
func (l *recurrentLayer) isFused() bool {
	return (l.defaults || l.relu) && l.clip == 0 && !l.couple && (l.kind != gruKind || l.beforeReset)
}

// checkSizes fails if input i is there in another shape.
func (c *call) checkSizes(i int, shape ...int) {
	if c.has(i) && !slices.Equal(c.in[i].Shape(), shape) {
		failf("input %d is %s, expected %v", i, c.in[i].describe(), shape)
	}
}

// together is a hidden and a cell state, of zeros where there is only the other.
func together(c *call, h, cell autograd.Variable, dtype autograd.DType, batch, hidden int) (autograd.Variable, autograd.Variable) {
	absent := autograd.Variable{}
	switch {
	case h == absent && cell != absent:
		h = c.full(dtype, 0, batch, hidden)
	case h != absent && cell == absent:
		cell = c.full(dtype, 0, batch, hidden)
	}
	return h, cell
}

// state is the initial state of a direction in input i, [batch, hidden]; the zero Variable if
// there is none.
func (l *recurrentLayer) state(c *call, i, d int, x autograd.Variable) autograd.Variable {
	all := c.optional(i)
	switch {
	case all == autograd.Variable{}:
		return all
	case l.batchFirst:
		return all.Slice(1, d, d+1).Reshape(all.Dim(0), all.Dim(2))
	}
	return all.Slice(0, d, d+1).Reshape(all.Dim(1), all.Dim(2))
}

// known is the weights of a direction as package autograd has them: those that were made when the
// model was opened, if they are constant.
func (l *recurrentLayer) known(c *call, d int) autograd.RecurrentWeights {
	if c.node.weights == nil {
		return l.weights(c, d, l.kind.order)
	}
	w := c.node.weights[d]
	for _, v := range []*autograd.Variable{&w.IH, &w.HH, &w.BiasIH, &w.BiasHH} {
		if *v != (autograd.Variable{}) {
			*v = c.onTape(*v)
		}
	}
	return w
}

// weights is the weights of a direction, their gates in the given order.
func (l *recurrentLayer) weights(c *call, d int, order []int) autograd.RecurrentWeights {
	gates, w, r := l.kind.gates, c.float(1), c.float(2)
	rows, in, hidden := w.Dim(1), w.Dim(2), r.Dim(2)
	sort := func(v autograd.Variable, axis int) autograd.Variable {
		if order == nil {
			return v
		}
		return v.IndexSelect(axis, order)
	}
	weights := autograd.RecurrentWeights{
		IH: sort(w.Slice(0, d, d+1).Reshape(gates, rows/gates*in), 0).Reshape(rows, in),
		HH: sort(r.Slice(0, d, d+1).Reshape(gates, rows/gates*hidden), 0).Reshape(rows, hidden),
	}
	if b := c.optional(3); b != (autograd.Variable{}) {
		b = sort(b.Slice(0, d, d+1).Reshape(2, gates, rows/gates), 1).Reshape(2, rows)
		weights.BiasIH, weights.BiasHH = b.Slice(0, 0, 1).Reshape(rows), b.Slice(0, 1, 2).Reshape(rows)
	}
	return weights
}

// give makes the arrays of all directions, side by side along an axis of their own, result i.
func (l *recurrentLayer) give(c *call, i int, parts []autograd.Variable, axis int) {
	if !c.node.wants(i) {
		return
	}
	if len(parts) == 1 {
		c.set(i, parts[0].Reshape(slices.Insert(slices.Clone(parts[0].Shape()), axis, 1)...))
		return
	}
	c.set(i, autograd.Stack(axis, parts...))
}

// stepByStep computes a direction as its definition says.
func (l *recurrentLayer) stepByStep(c *call, d int, x, peepholes autograd.Variable, config autograd.RecurrentConfig) (y, h, cell autograd.Variable) {
	if l.batchFirst {
		x = x.Transpose(0, 1)
	}
	steps, batch := x.Dim(0), x.Dim(1)
	per := len(l.kind.names)
	direction := &recurrentDirection{w: l.weights(c, d, nil), activations: l.activations[d*per : (d+1)*per]}
	hidden := direction.w.HH.Dim(1)
	if peepholes != (autograd.Variable{}) {
		p := peepholes.Slice(0, d, d+1).Reshape(3, hidden)
		for gate := range 3 {
			direction.peepholes = append(direction.peepholes, p.Slice(0, gate, gate+1).Reshape(hidden))
		}
	}
	h, cell = config.H, config.C
	if h == (autograd.Variable{}) {
		h = c.full(x.DType(), 0, batch, hidden)
		cell = h
	}
	if config.Lengths != nil && len(config.Lengths) != batch {
		failf("there are %d lengths of %d sequences", len(config.Lengths), batch)
	}
	ys := make([]autograd.Variable, steps)
	for i := range steps {
		t := i
		if config.Reverse {
			t = steps - 1 - i
		}
		hNext, cNext := l.kind.step(l, direction, x.Slice(0, t, t+1).Reshape(batch, x.Dim(2)), h, cell)
		ys[t] = hNext
		if config.Lengths != nil {
			runs := c.runs(config.Lengths, t, x.DType())
			ys[t] = hNext.Mul(runs)
			hNext = autograd.Where(runs, hNext, h)
			if l.hasCell {
				cNext = autograd.Where(runs, cNext, cell)
			}
		}
		h, cell = hNext, cNext
	}
	axis := 0
	if l.batchFirst {
		axis = 1
	}
	return autograd.Stack(axis, ys...), h, cell
}

// runs is 1 for the sequences that have step t, and 0 for the others, [batch, 1].
func (c *call) runs(lengths []int, t int, dtype autograd.DType) autograd.Variable {
	mask := make([]float64, len(lengths))
	for i, length := range lengths {
		if t < length {
			mask[i] = 1
		}
	}
	return c.numbersOf(dtype, mask, []int{len(lengths), 1})
}

// gate is a part of each row of an array [batch, gates·hidden].
func gate(x autograd.Variable, i, hidden int) autograd.Variable {
	return x.Slice(1, i*hidden, (i+1)*hidden)
}

// bounded is the input of a gate within the layer's clip, if there is one. That of the
// activation of an LSTM's cell is not bounded, as in onnxruntime.
func (l *recurrentLayer) bounded(x autograd.Variable) autograd.Variable {
	if l.clip == 0 {
		return x
	}
	return x.Clamp(-l.clip, l.clip)
}

// linear is x·Wᵀ + b, where b may be missing.
func linear(x, w, b autograd.Variable) autograd.Variable {
	if b == (autograd.Variable{}) {
		return x.MatMul(w.T())
	}
	return autograd.Linear(x, w, b)
}

// lstmStep is, with f, g, h the activations and P the peepholes,
//
//	i, o, φ, c̃ = x·Wᵀ + h·Rᵀ + b, a quarter each
//	i = f(i + Pᵢ⊙c), φ = f(φ + P_φ⊙c), c ← φ⊙c + i⊙g(c̃)
//	o = f(o + Pₒ⊙c), h ← o⊙h(c)
func lstmStep(l *recurrentLayer, d *recurrentDirection, x, h, c autograd.Variable) (hNext, cNext autograd.Variable) {
	all := linear(x, d.w.IH, d.w.BiasIH).Add(linear(h, d.w.HH, d.w.BiasHH))
	hidden := d.w.HH.Dim(1)
	peep := func(z autograd.Variable, i int, c autograd.Variable) autograd.Variable {
		if d.peepholes != nil {
			z = z.Add(d.peepholes[i].Mul(c))
		}
		return d.activations[0](l.bounded(z))
	}
	in := peep(gate(all, 0, hidden), 0, c)
	forget := in.Neg().AddScalar(1)
	if !l.couple {
		forget = peep(gate(all, 2, hidden), 2, c)
	}
	cNext = forget.Mul(c).Add(in.Mul(d.activations[1](l.bounded(gate(all, 3, hidden)))))
	out := peep(gate(all, 1, hidden), 1, cNext)
	return out.Mul(d.activations[2](cNext)), cNext
}

// gruStep is, with f and g the activations,
//
//	z, r = f(x·Wᵀ + h·Rᵀ + b), a third each
//	n = g(x·Wᵀ + (r⊙h)·Rᵀ + b), or r⊙(h·Rᵀ + b) in place of the product
//	h ← (1−z)⊙n + z⊙h
func gruStep(l *recurrentLayer, d *recurrentDirection, x, h, _ autograd.Variable) (hNext, cNext autograd.Variable) {
	hidden := d.w.HH.Dim(1)
	fromX, fromH := linear(x, d.w.IH, d.w.BiasIH), linear(h, d.w.HH, d.w.BiasHH)
	z := d.activations[0](l.bounded(gate(fromX, 0, hidden).Add(gate(fromH, 0, hidden))))
	r := d.activations[0](l.bounded(gate(fromX, 1, hidden).Add(gate(fromH, 1, hidden))))
	var part autograd.Variable
	if l.beforeReset {
		part = r.Mul(gate(fromH, 2, hidden))
	} else {
		bias := d.w.BiasHH
		if bias != (autograd.Variable{}) {
			bias = bias.Slice(0, 2*hidden, 3*hidden)
		}
		part = linear(r.Mul(h), d.w.HH.Slice(0, 2*hidden, 3*hidden), bias)
	}
	n := d.activations[1](l.bounded(gate(fromX, 2, hidden).Add(part)))
	return n.Add(z.Mul(h.Sub(n))), autograd.Variable{}
}

// rnnStep is h ← f(x·Wᵀ + h·Rᵀ + b).
func rnnStep(l *recurrentLayer, d *recurrentDirection, x, h, _ autograd.Variable) (hNext, cNext autograd.Variable) {
	return d.activations[0](l.bounded(linear(x, d.w.IH, d.w.BiasIH).Add(linear(h, d.w.HH, d.w.BiasHH)))), autograd.Variable{}
}
