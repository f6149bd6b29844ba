package onnx

import (
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Recurrent layers. The result of the operation is one array with outputs, hidden state and cell state, of
// which slices are taken; in the file these are results of their own.

var exportRecurrent = exportRows{
	"lstm": composed("LSTM, Gather, Cast, Concat, Transpose, Squeeze, Unsqueeze", exportWholeRecurrence),
	"gru":  composed("GRU, Gather, Concat, Transpose, Squeeze, Unsqueeze", exportWholeRecurrence),
	"rnn":  composed("RNN, Concat, Transpose, Squeeze, Unsqueeze", exportWholeRecurrence),

	"attention":  without("a trace has the products and the softmax that it is made of"),
	"checkpoint": without("a trace has the operations within"),
}

// resultPart is a part of a result.
type resultPart struct {
	name         string
	dims         []extents // in the file
	start, count extents   // in the result
}

// resultPart is what a slice of node i's result is, if that is a recurrent layer's; "" else. The name is
// that of an array with dims of its own, see exporter.natural.
func (e *exporter) resultPart(i int, start, count extents) string {
	if op := e.node(i).Op; op != "lstm" && op != "gru" && op != "rnn" {
		return ""
	}
	for _, p := range e.recurrence(i) {
		if slices.Equal(p.start, start) && slices.Equal(p.count, count) {
			return p.name
		}
	}
	return ""
}

// exportWholeRecurrence is for a result that is used as a whole.
func exportWholeRecurrence(e *exporter, i int) string {
	var flat []string
	for _, p := range e.recurrence(i) {
		flat = append(flat, e.emit("Reshape", []string{p.name, e.ints(-1)}))
	}
	return e.emit("Concat", flat, attrInt("axis", 0))
}

// recurrentKind is what differs between the kinds: the operator, and where its gates lie in the weights of
// the operation.
type recurrentKind struct {
	op    string
	gates []int
}

var recurrentKinds = map[string]recurrentKind{
	"lstm": {"LSTM", []int{0, 3, 1, 2}}, // input, output, forget, cell
	"gru":  {"GRU", []int{1, 0, 2}},     // update, reset, new
	"rnn":  {"RNN", []int{0}},
}

// recurrence writes the layer of node i, once.
func (e *exporter) recurrence(i int) []resultPart {
	if parts, ok := e.parts[i]; ok {
		return parts
	}
	e.current = append(e.current, i)
	defer func() { e.current = e.current[:len(e.current)-1] }()
	n := e.node(i)
	kind := recurrentKinds[n.Op]
	at := map[string]int{}
	for k, name := range strings.Fields(the[string](e, i, "operands")) {
		at[name] = k
	}
	operand := func(name string) string { return e.in(i, at[name]) }
	batchFirst := the[bool](e, i, "batch first")
	x, dims := operand("x"), e.inDims(i, 0)
	steps, batch := dims[0], dims[1]
	exchange := func(x string) string { return e.emit("Transpose", []string{x}, attrInts("perm", []int{1, 0, 2})) }
	if batchFirst {
		x, steps, batch = exchange(x), batch, steps
	}
	hidden := e.inDims(i, at["weight_hh"])[1]
	in := []string{x, e.gates(kind, operand("weight_ih"), hidden[0]), e.gates(kind, operand("weight_hh"), hidden[0]), e.biases(i, kind, at, hidden[0]), "", ""}
	if lists := e.argument(i, "lengths"); lists != nil {
		in[4] = e.lengths(e.intLists(i, "lengths"), steps)
	}
	if _, ok := at["h"]; ok {
		in[5] = e.emit("Unsqueeze", []string{operand("h"), e.ints(0)})
	}
	if _, ok := at["c"]; ok {
		in = append(in, e.emit("Unsqueeze", []string{operand("c"), e.ints(0)}))
	}
	for len(in) > 3 && in[len(in)-1] == "" {
		in = in[:len(in)-1]
	}
	results := 2
	if n.Op == "lstm" {
		results = 3
	}
	y := e.emitSeveral(kind.op, in, results, e.recurrentAttributes(i, n.Op, hidden[0])...)
	outputs := e.emit("Squeeze", []string{y[0], e.ints(1)})
	if batchFirst {
		outputs = exchange(outputs)
	}
	list := []resultPart{{name: outputs, dims: []extents{dims[0], dims[1], hidden}}}
	for _, state := range y[1:] {
		list = append(list, resultPart{name: e.emit("Squeeze", []string{state, e.ints(0)}), dims: []extents{batch, hidden}})
	}
	start := make(extents, len(e.traces))
	for k := range list {
		p := &list[k]
		p.start, p.count = slices.Clone(start), e.product(p.dims)
		for t := range start {
			start[t] += p.count[t]
		}
		e.natural[p.name] = p.dims
	}
	e.parts[i] = list
	return list
}

func (e *exporter) recurrentAttributes(i int, op string, hidden int) []*onnxpb.AttributeProto {
	list := []*onnxpb.AttributeProto{attrInt("hidden_size", hidden)}
	if the[bool](e, i, "reverse") {
		list = append(list, attrString("direction", "reverse"))
	}
	switch {
	case op == "gru":
		list = append(list, attrInt("linear_before_reset", 1))
	case op == "rnn" && the[bool](e, i, "relu"):
		list = append(list, attrStrings("activations", "Relu"))
	}
	return list
}

// gates is weights, or a bias, with the gates in the order of ONNX, and a first axis for the direction.
func (e *exporter) gates(kind recurrentKind, w string, hidden int) string {
	return e.emit("Unsqueeze", []string{e.ordered(kind, w, hidden), e.ints(0)})
}

func (e *exporter) ordered(kind recurrentKind, w string, hidden int) string {
	if len(kind.gates) == 1 {
		return w
	}
	var rows []int
	for _, gate := range kind.gates {
		for k := range hidden {
			rows = append(rows, gate*hidden+k)
		}
	}
	return e.emit("Gather", []string{w, e.ints(rows...)}, attrInt("axis", 0))
}

// biases is both biases side by side; "" without any.
func (e *exporter) biases(i int, kind recurrentKind, at map[string]int, hidden int) string {
	var parts []string
	any := false
	for _, name := range []string{"bias_ih", "bias_hh"} {
		if k, ok := at[name]; ok {
			any = true
			parts = append(parts, e.ordered(kind, e.in(i, k), hidden))
			continue
		}
		size := len(kind.gates) * hidden
		parts = append(parts, e.floats(i, []int{size}, make([]float64, size)...))
	}
	if !any {
		return ""
	}
	return e.emit("Unsqueeze", []string{e.emit("Concat", parts, attrInt("axis", 0)), e.ints(0)})
}

// lengths is those of the sequences, as int32; "" if all have all steps.
func (e *exporter) lengths(lists [][]int, steps extents) string {
	all := true
	for t, list := range lists {
		for _, length := range list {
			all = all && length == steps[t]
		}
	}
	if all {
		return ""
	}
	flat, _, _ := e.tokens(lists, "the lengths of sequences")
	return e.emit("Cast", []string{flat}, attrInt("to", int(onnxpb.TensorProto_INT32)))
}
