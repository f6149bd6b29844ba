package onnx

import (
	"fmt"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// exporter writes what is the same in the traces as a graph of ONNX. It goes from the outputs
// to what they are computed from, and only writes what is needed.
type exporter struct {
	*tracer
	traces []*trace
	step   int // by which sizes differ in the traces
	table  map[string]exportRow

	nodes  []*onnxpb.NodeProto
	arrays []*onnxpb.TensorProto

	written   []string          // names of the nodes of the trace, once they are written
	constants map[string]string // arrays that are written, by their content
	sizeNames map[string]string // by the values in the traces
	taken     map[string]bool
	counts    map[string]int
	bools     map[string]string    // numbers that are truth values: the name of these
	natural   map[string][]extents // parts of results of recurrent layers: the dims that they have in the file
	parts     map[int][]resultPart
	current   []int // nodes that are being written
}

func newExporter(t *tracer, traces []*trace) *exporter {
	e := &exporter{
		tracer: t, traces: traces, step: 1, table: exportTable(),
		written: make([]string, len(traces[0].nodes)), constants: map[string]string{}, sizeNames: map[string]string{},
		taken: map[string]bool{}, counts: map[string]int{}, bools: map[string]string{}, natural: map[string][]extents{}, parts: map[int][]resultPart{},
	}
	if len(traces) > exampleTraces && traces[exampleTraces].extents[0] < traces[0].extents[0] {
		e.step = -1
	}
	return e
}

// node is a node of the first trace.
func (e *exporter) node(i int) *traceNode { return &e.traces[0].nodes[i] }

// fail gives up at the node that is being written.
func (e *exporter) fail(reason string) {
	err := &exportError{reason: reason}
	if len(e.current) > 0 {
		n := e.node(e.current[len(e.current)-1])
		err.op, err.layer = n.Op, n.layer
	}
	panic(err)
}

// dependence says why something differs between traces.
func (e *exporter) dependence(byValue bool, what string) string {
	if byValue {
		return what + ": it depends on the values of the inputs in a way that the computation does not show"
	}
	return what + ": it depends on the sizes of dynamic axes in a way that cannot be written down"
}

// emit writes a node with one result, whose name it returns.
func (e *exporter) emit(op string, inputs []string, attributes ...*onnxpb.AttributeProto) string {
	return e.emitSeveral(op, inputs, 1, attributes...)[0]
}

// emitSeveral writes a node with several results.
func (e *exporter) emitSeveral(op string, inputs []string, count int, attributes ...*onnxpb.AttributeProto) []string {
	name := e.unique(op)
	n := &onnxpb.NodeProto{OpType: proto.String(op), Name: proto.String(name), Input: slices.Clone(inputs), Attribute: attributes}
	for k := range count {
		n.Output = append(n.Output, fmt.Sprintf("%s_output_%d", name, k))
	}
	e.nodes = append(e.nodes, n)
	return n.Output
}

// unique is a name for a node: the path of its layer, the operator and a number.
func (e *exporter) unique(op string) string {
	prefix := "/"
	if len(e.current) > 0 {
		if layer := e.node(e.current[len(e.current)-1]).layer; layer != "" {
			prefix = "/" + layer + "/"
		}
	}
	name := prefix + op
	e.counts[name]++
	if k := e.counts[name]; k > 1 {
		name = fmt.Sprintf("%s_%d", name, k-1)
	}
	return name
}

// name is that of node i, which is written if it is not yet.
func (e *exporter) name(i int) string {
	if e.written[i] == "" {
		n := e.node(i)
		switch {
		case n.input >= 0:
			e.written[i] = e.inputName(n.input)
		case n.array != "":
			e.written[i] = e.modelArray(n)
		case !n.isOperation():
			e.written[i] = e.constantNode(i)
		default:
			e.written[i] = e.operation(i)
		}
	}
	return e.written[i]
}

func (e *exporter) operation(i int) string {
	e.current = append(e.current, i)
	defer func() { e.current = e.current[:len(e.current)-1] }()
	row, ok := e.table[e.node(i).Op]
	switch {
	case !ok:
		e.fail("the operation is not one of this library, and has no counterpart in ONNX")
	case row.emit == nil:
		e.fail("it has no counterpart in ONNX: " + row.reason)
	}
	return row.emit(e, i)
}

// in is the name of operand k of node i, in the form that the node expects it.
func (e *exporter) in(i, k int) string {
	name := e.name(e.node(i).in[k])
	if dims, ok := e.natural[name]; ok {
		return e.reshaped(name, dims, e.dims(e.node(i).in[k]))
	}
	return name
}

// ins is the names of all operands.
func (e *exporter) ins(i int) []string {
	var names []string
	for k := range e.node(i).in {
		names = append(names, e.in(i, k))
	}
	return names
}

// inDims is the dims of operand k of node i.
func (e *exporter) inDims(i, k int) []extents { return e.dims(e.node(i).in[k]) }

// rank is the number of axes of node i.
func (e *exporter) rank(i int) int { return len(e.node(i).Shape) }

// argument is an argument of node i in each of the traces.
func (e *exporter) argument(i int, name string) []any {
	var values []any
	for _, t := range e.traces {
		for _, a := range t.nodes[i].Arguments {
			if a.Name == name {
				values = append(values, a.Value)
			}
		}
	}
	if len(values) == 0 {
		return nil
	}
	if len(values) != len(e.traces) {
		e.fail(fmt.Sprintf("%s is not given in all traces", name))
	}
	return values
}

// the is an argument that is the same in all traces.
func the[T comparable](e *exporter, i int, name string) T {
	values := e.argument(i, name)
	for t, v := range values {
		if v != values[0] {
			e.fail(e.dependence(t < exampleTraces, fmt.Sprintf("%s is %v and %v", name, values[0], v)))
		}
	}
	return values[0].(T)
}

// theInts is a list that is the same in all traces.
func (e *exporter) theInts(i int, name string) []int {
	list := e.intLists(i, name)
	for t, l := range list {
		if !slices.Equal(l, list[0]) {
			e.fail(e.dependence(t < exampleTraces, fmt.Sprintf("%s is not the same", name)))
		}
	}
	return list[0]
}

func (e *exporter) intLists(i int, name string) [][]int {
	var lists [][]int
	for _, v := range e.argument(i, name) {
		lists = append(lists, v.([]int))
	}
	return lists
}

// sizesOf is an argument that may be another number in each trace.
func (e *exporter) sizesOf(i int, name string) extents {
	var s extents
	for _, v := range e.argument(i, name) {
		s = append(s, v.(int))
	}
	return s
}

// condition is the name of truth values that the condition of node i, a choice, stands for. It need not be
// repeated to the size of the choices.
func (e *exporter) condition(i int) string {
	name := e.in(i, 0)
	if at := e.node(i).in[0]; e.node(at).Op == "broadcast" && (equalDims(e.inDims(i, 1), e.dims(i)) || equalDims(e.inDims(i, 2), e.dims(i))) {
		name = e.in(at, 0)
	}
	if b, ok := e.bools[name]; ok {
		return b
	}
	b := e.emit("Cast", []string{name}, attrInt("to", int(onnxpb.TensorProto_BOOL)))
	e.bools[name] = b
	return b
}

// number is truth values as numbers of node i's type.
func (e *exporter) number(i int, b string) string {
	name := e.emit("Cast", []string{b}, attrInt("to", int(elementType(e.node(i).DType))))
	e.bools[name] = b
	return name
}

// graph writes all.
func (e *exporter) graph(config ExportConfig) *onnxpb.GraphProto {
	g := &onnxpb.GraphProto{Name: proto.String(orDefault(config.Name, "model"))}
	for k := range e.inputs {
		in := &e.inputs[k]
		elements := onnxpb.TensorProto_UINT8
		switch {
		case in.Tokens != nil:
			elements = onnxpb.TensorProto_INT64
		case in.Bytes == nil:
			elements = elementType(in.Variable.DType())
		}
		g.Input = append(g.Input, e.valueInfo(in.Name, elements, e.inputDims(k)))
		e.taken[in.Name] = true
	}
	outputs := e.traces[0].outputs
	names := config.Outputs
	if names == nil {
		for k := range outputs {
			names = append(names, []string{"y", fmt.Sprintf("y%d", k)}[min(len(outputs)-1, 1)])
		}
	}
	if len(names) != len(outputs) {
		panic(&exportError{reason: fmt.Sprintf("%d names for %d outputs", len(names), len(outputs))})
	}
	for _, name := range names {
		if e.taken[name] || name == "" {
			panic(&exportError{reason: fmt.Sprintf("the name %q of an output is taken, or empty", name)})
		}
		e.taken[name] = true
	}
	for k, i := range outputs {
		name := e.name(i)
		if dims, ok := e.natural[name]; ok {
			name = e.reshaped(name, dims, e.dims(i))
		}
		e.nodes = append(e.nodes, &onnxpb.NodeProto{OpType: proto.String("Identity"), Name: proto.String("/output/" + names[k]), Input: []string{name}, Output: []string{names[k]}})
		g.Output = append(g.Output, e.valueInfo(names[k], elementType(e.node(i).DType), e.dims(i)))
	}
	e.dropUnused(names)
	e.inlineOutputs(names)
	g.Node, g.Initializer = e.nodes, e.arrays
	return g
}

func (e *exporter) valueInfo(name string, elements onnxpb.TensorProto_DataType, dims []extents) *onnxpb.ValueInfoProto {
	shape := &onnxpb.TensorShapeProto{}
	for axis, s := range dims {
		d := &onnxpb.TensorShapeProto_Dimension{}
		if s.constant() {
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: int64(s[0])}
		} else if c, ok := e.fit(s); ok {
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: c.text(e.symbols)}
		} else {
			d.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: fmt.Sprintf("%s_%d", name, axis)}
		}
		shape.Dim = append(shape.Dim, d)
	}
	return &onnxpb.ValueInfoProto{Name: proto.String(name), Type: &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{
		TensorType: &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(elements)), Shape: shape},
	}}}
}

// dropUnused leaves out what no output needs.
func (e *exporter) dropUnused(outputs []string) {
	needed := map[string]bool{}
	for _, name := range outputs {
		needed[name] = true
	}
	var kept []*onnxpb.NodeProto
	for _, n := range slices.Backward(e.nodes) {
		if !slices.ContainsFunc(n.Output, func(name string) bool { return needed[name] }) {
			continue
		}
		if n.GetOpType() != "TopK" { // whose results are all there
			for k, name := range n.Output {
				if !needed[name] {
					n.Output[k] = ""
				}
			}
			for len(n.Output) > 1 && n.Output[len(n.Output)-1] == "" {
				n.Output = n.Output[:len(n.Output)-1]
			}
		}
		for _, name := range n.Input {
			needed[name] = true
		}
		kept = append(kept, n)
	}
	slices.Reverse(kept)
	e.nodes = kept
	e.arrays = slices.DeleteFunc(e.arrays, func(t *onnxpb.TensorProto) bool { return !needed[t.GetName()] })
}

// inlineOutputs gives the results that are outputs their names, in place of copies.
func (e *exporter) inlineOutputs(outputs []string) {
	producers := map[string]*onnxpb.NodeProto{}
	for _, n := range e.nodes {
		for _, name := range n.Output {
			producers[name] = n
		}
	}
	for _, output := range outputs {
		identity := producers[output]
		old := identity.Input[0]
		n := producers[old]
		if identity.GetOpType() != "Identity" || n == nil || slices.Contains(outputs, old) {
			continue // it is an input, or an array of the model, or two outputs are the same
		}
		for _, m := range e.nodes {
			renameAll(m.Input, old, output)
			renameAll(m.Output, old, output)
		}
		e.nodes = slices.DeleteFunc(e.nodes, func(m *onnxpb.NodeProto) bool { return m == identity })
		delete(producers, old)
		producers[output] = n
	}
}

func renameAll(names []string, from, to string) {
	for i, name := range names {
		if name == from {
			names[i] = to
		}
	}
}
