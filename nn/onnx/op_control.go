package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// Operators that evaluate graphs within a graph.
var controlOperators = family{"Control flow", []operator{
	{name: "If", since: 1, in: one, out: oneOrMore, make: choose, typed: true},
	{name: "Loop", since: 1, in: span{0, many}, out: oneOrMore, make: loop, typed: true},
	{name: "Scan", since: 8, in: oneOrMore, out: oneOrMore, make: scanBatches, typed: true, note: "of sequences of one length"},
	{name: "Scan", since: 9, in: oneOrMore, out: oneOrMore, make: scan, typed: true},
	{name: "OptionalHasElement", since: 15, in: span{0, 1}, make: simple(hasElement), plain: []int{0}, note: "of tensors"},
	{name: "OptionalGetElement", since: 15, in: one, make: simple(func(c *call) { c.setValue(0, c.value(0)) }), typed: true, note: "of tensors"},
}}

// hasElement is whether there is an input: one of the model that is optional may be none.
func hasElement(c *call) { c.setHost(0, host.NewBools([]bool{c.has(0)})) }

// choose evaluates one of two graphs, which have no inputs of their own but see the values of
// the graphs that they are within.
func choose(n *node) kernel {
	then, otherwise := n.subgraph("then_branch"), n.subgraph("else_branch")
	for _, g := range []*graph{then, otherwise} {
		if len(g.inputs) > 0 || len(g.outputs) != len(n.outputs) {
			failf("a branch has %d inputs and %d outputs, expected 0 and %d", len(g.inputs), len(g.outputs), len(n.outputs))
		}
	}
	return func(c *call) {
		if c.in[0].Size() != 1 {
			failf("the condition is %s, expected one element", c.in[0].describe())
		}
		g := otherwise
		if c.bools(0).At(0) != 0 {
			g = then
		}
		c.eval(g)
		for i, slot := range g.outputs {
			c.setValue(i, c.values[slot])
		}
	}
}

// turnBytes is what a turn of a loop counts as memory, so that one that makes nothing ends too.
const turnBytes = 64

// turn evaluates a body for inputs and gives its outputs, of which the caller has a copy.
func (c *call) turn(body *graph, inputs, outputs []Value) {
	if c.budget -= turnBytes; c.budget < 0 {
		panic(errTooLarge(c.model.config.maxBytes()))
	}
	for i, slot := range body.inputs {
		c.values[slot] = inputs[i]
	}
	c.eval(body)
	for i, slot := range body.outputs {
		outputs[i] = c.values[slot]
	}
}

// loop evaluates a graph again and again: at most as often as input 0 says, and as long as the
// condition, input 1 and then the graph's first output, holds. The graph gets the number of
// the turn, the condition and states, and gives the condition, states and an entry for each
// further result.
func loop(n *node) kernel {
	body := n.subgraph("body")
	states := max(len(n.inputs)-2, 0)
	if len(body.inputs) != 2+states || len(body.outputs) != 1+len(n.outputs) || len(n.outputs) < states {
		failf("the body has %d inputs and %d outputs, expected %d and %d for %d states", len(body.inputs), len(body.outputs), 2+states, 1+len(n.outputs), states)
	}
	return func(c *call) {
		most := int64(-1)
		if c.has(0) {
			most = int64(c.int(0))
		}
		goesOn := !c.has(1) || c.truth(c.in[1])
		inputs, outputs := make([]Value, len(body.inputs)), make([]Value, len(body.outputs))
		copy(inputs[2:], c.in[min(2, len(c.in)):])
		entries := make([][]Value, len(n.outputs)-states)
		for i := int64(0); goesOn && (i < most || !c.has(0)); i++ {
			inputs[0], inputs[1] = ofHost(host.New([]int64{i}).Reshape()), ofHost(host.NewBools([]bool{true}).Reshape())
			c.turn(body, inputs, outputs)
			goesOn = c.truth(outputs[0])
			copy(inputs[2:], outputs[1:1+states])
			for k, v := range outputs[1+states:] {
				entries[k] = append(entries[k], v)
			}
		}
		for i, v := range inputs[2:] {
			c.setValue(i, v)
		}
		for k, list := range entries {
			c.setValue(states+k, c.stacked(list, 0, body.types[1+states+k]))
		}
	}
}

// truth is the one element of a condition.
func (c *call) truth(v Value) bool {
	if v.dtype != Bool || v.Size() != 1 {
		failf("the condition is %s, expected one truth value", v.describe())
	}
	return v.ints.At(0) != 0
}

// scanner is the attributes of a Scan.
type scanner struct {
	body            *graph
	states, scanned int
	inAxes, outAxes []int // nil for 0
	inBack, outBack []int // nil for 0: from the last entry to the first
}

func newScanner(n *node, inputs int, inBack string) *scanner {
	s := &scanner{body: n.subgraph("body"), scanned: n.needInt("num_scan_inputs"), inBack: n.ints(inBack)}
	s.states = inputs - s.scanned
	s.inAxes, s.outAxes, s.outBack = n.ints("scan_input_axes"), n.ints("scan_output_axes"), n.ints("scan_output_directions")
	results := len(n.outputs) - s.states
	if s.scanned < 1 || s.states < 0 || results < 0 || len(s.body.inputs) != inputs || len(s.body.outputs) != len(n.outputs) {
		failf("the body has %d inputs and %d outputs, expected %d and %d, with %d that are scanned", len(s.body.inputs), len(s.body.outputs), inputs, len(n.outputs), s.scanned)
	}
	for _, list := range []struct {
		ints []int
		n    int
	}{{s.inAxes, s.scanned}, {s.inBack, s.scanned}, {s.outAxes, results}, {s.outBack, results}} {
		if list.ints != nil && len(list.ints) != list.n {
			failf("an attribute has %d numbers, expected %d", len(list.ints), list.n)
		}
	}
	return s
}

// nth is entry i of a list, 0 if there is no list.
func nth(list []int, i int) int {
	if list == nil {
		return 0
	}
	return list[i]
}

// scan evaluates a graph for each entry of axes of inputs, carrying states, and stacks what it
// gives besides these.
func scan(n *node) kernel {
	s := newScanner(n, len(n.inputs), "scan_input_directions")
	return func(c *call) {
		for i, v := range s.run(c, c.in) {
			c.setValue(i, v)
		}
	}
}

// scanBatches is scan as it was in version 8: for each sequence of a batch.
func scanBatches(n *node) kernel {
	s := newScanner(n, len(n.inputs)-1, "directions")
	return func(c *call) {
		if c.has(0) {
			unsupportedf("lengths of sequences")
		}
		batch := 0
		for i, v := range c.in[1:] {
			if len(v.Shape()) == 0 || i > 0 && v.Shape()[0] != batch {
				failf("input %d is %s, expected a batch as that of the others", i+1, v.describe())
			}
			batch = v.Shape()[0]
		}
		results := make([][]Value, len(c.out))
		for b := range batch {
			in := make([]Value, len(c.in)-1)
			for i := range in {
				in[i] = c.entry(c.in[i+1], 0, b)
			}
			for i, v := range s.run(c, in) {
				results[i] = append(results[i], v)
			}
		}
		for i, list := range results {
			c.setValue(i, c.stacked(list, 0, Info{}))
		}
	}
}

// run scans values and gives the last states and what was stacked.
func (s *scanner) run(c *call, in []Value) []Value {
	steps := -1
	axes := make([]int, s.scanned)
	for i, v := range in[s.states:] {
		if axes[i] = nth(s.inAxes, i); len(v.Shape()) == 0 {
			failf("input %d is %s, expected an axis to scan", s.states+i, v.describe())
		}
		axes[i] = axisOf(axes[i], len(v.Shape()))
		if size := v.Shape()[axes[i]]; steps >= 0 && size != steps {
			failf("input %d is %s, expected %d entries as the others have", s.states+i, v.describe(), steps)
		}
		steps = v.Shape()[axes[i]]
	}
	inputs, outputs := make([]Value, len(in)), make([]Value, len(s.body.outputs))
	copy(inputs, in[:s.states])
	entries := make([][]Value, len(outputs)-s.states)
	for t := range steps {
		for i, v := range in[s.states:] {
			at := t
			if nth(s.inBack, i) != 0 {
				at = steps - 1 - t
			}
			inputs[s.states+i] = c.entry(v, axes[i], at)
		}
		c.turn(s.body, inputs, outputs)
		copy(inputs, outputs[:s.states])
		for k, v := range outputs[s.states:] {
			entries[k] = append(entries[k], v)
		}
	}
	results := slices.Clone(inputs[:s.states])
	for k, list := range entries {
		if nth(s.outBack, k) != 0 {
			slices.Reverse(list)
		}
		results = append(results, c.stacked(list, nth(s.outAxes, k), s.body.types[s.states+k]))
	}
	return results
}

// entry is entry i of an axis, without that axis.
func (c *call) entry(v Value, axis, i int) Value {
	return c.reshaped(c.part(v, axis, i, i+1), slices.Delete(slices.Clone(v.Shape()), axis, axis+1))
}

// stacked is values of one shape along a new axis. Where there are none, what they would be is
// declared.
func (c *call) stacked(list []Value, axis int, declared Info) Value {
	if len(list) == 0 {
		return c.noEntries(axis, declared)
	}
	shape := slices.Clone(list[0].Shape())
	axis = axisOf(axis, len(shape)+1)
	for _, v := range list {
		if v.dtype != list[0].dtype || !slices.Equal(v.Shape(), shape) {
			failf("the body gives %s and %s, expected one type and shape", list[0].describe(), v.describe())
		}
	}
	shape = slices.Insert(shape, axis, 1)
	c.room(append([]int{len(list)}, shape...)...)
	if list[0].ints == nil {
		all := make([]autograd.Variable, len(list))
		for i, v := range list {
			all[i] = c.onTape(v.float)
		}
		return Value{dtype: list[0].dtype, float: autograd.Stack(axis, all...)}
	}
	shape[axis] = len(list)
	stacked := host.Make(list[0].ints.Kind(), shape...)
	steps := host.Steps(shape)
	step := steps[axis]
	steps = slices.Delete(steps, axis, axis+1)
	for i, v := range list {
		stacked.Place(host.Positions(v.Shape(), steps, i*step), v.ints, host.Replace)
	}
	return ofHost(stacked)
}

// noEntries is an empty array of what is declared.
func (c *call) noEntries(axis int, declared Info) Value {
	if declared.Type == Undefined {
		failf("there are no turns, and it is not declared what the body would give")
	}
	var shape []int
	for _, d := range declared.Shape {
		shape = append(shape, max(d.Size, 0))
	}
	shape = slices.Insert(shape, axisOf(axis, len(shape)+1), 0)
	if declared.Type.isFloat() {
		return Value{dtype: declared.Type, float: c.full(declared.Type.dtype(), 0).BroadcastTo(shape...)}
	}
	return ofHost(host.Make(kinds[declared.Type], shape...))
}
