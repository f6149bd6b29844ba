package onnx

import (
	"slices"

	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Nodes that package autograd has as one operation become one: what an operation gives is then
// written once, and not read and written again. Values and gradients are those of the nodes, but
// for rounding; and where the nodes compute 0·∞ or ∞−∞, as of functions at −∞ and of attention to
// no key at all, the operation may give the limit, 0, in place of NaN. What lies between the nodes
// must be used by nothing else.

// pattern is nodes that are put together.
type pattern struct {
	name string
	ends []string // the operators that the last node may be of
	make func(f *fusion, n *node) bool
}

// patterns are tried in this order at each node, from the first node of a graph to the last.
// A pattern is a row here and the function that looks for it, which changes nothing and returns
// false where it is not.
var patterns = []pattern{
	{"what is known before the model runs", nil, (*fusion).known},
	{"a node that changes nothing", []string{"Identity", "Dropout", "Reshape", "Transpose", "Pad"}, (*fusion).nothing},
	{"reshapes behind each other", []string{"Reshape"}, (*fusion).reshapes},
	{"transpositions behind each other", []string{"Transpose"}, (*fusion).transpositions},

	{"convolution and what is added", []string{"Add"}, (*fusion).convolutionBias},
	{"convolution and max(x, 0)", []string{"Relu"}, (*fusion).convolutionReLU},
	{"convolution and pooling", []string{"MaxPool"}, (*fusion).convolutionPool},
	{"scale and shift of a product", []string{"BatchNormalization", "Mul", "Add", "Sub", "Div"}, (*fusion).scaledProduct},
	{"scale and shift", []string{"Add"}, (*fusion).scaleShift},
	{"convolution of what is scaled and shifted", []string{"Conv"}, (*fusion).shiftedConvolution},
	{"product with a matrix", []string{"MatMul", "Gemm"}, (*fusion).linear},
	{"product with a matrix and what is added", []string{"Add"}, (*fusion).linearBias},
	{"product of rows in another shape", []string{"Reshape"}, (*fusion).reshapedLinear},
	{"product of rows in another order", []string{"Transpose"}, (*fusion).transposedLinear},

	{"recurrent layer of constants", []string{"LSTM", "GRU"}, (*fusion).recurrent},

	{"HardSwish", []string{"Div", "Mul"}, (*fusion).hardSwish},
	{"SiLU", []string{"Mul"}, (*fusion).silu},
	{"GELU", []string{"Mul", "Div"}, (*fusion).gelu},
	{"GELU by tanh", []string{"Mul", "Div"}, (*fusion).geluTanh},
	{"layer normalization", []string{"Add", "Mul", "Div"}, (*fusion).layerNormalization},
	{"group normalization", []string{"Reshape", "Mul", "Add"}, (*fusion).groupNormalization},
	{"attention", []string{"MatMul"}, (*fusion).attention},
	{"layer of an encoder", []string{"LayerNormalization", "Add"}, (*fusion).encoderLayer},
}

// maxSweeps is how often all nodes are looked at: what one pattern makes may be part of another.
const maxSweeps = 12

// fusion is the nodes of one graph while they are put together.
type fusion struct {
	*sweep
	graph  *graph
	makes  map[int]*node // the node of the graph that makes a slot
	users  map[int]*node // a node of the graph that used a slot when the sweep began
	gone   map[*node]bool
	before map[*node][]*node // new nodes, in front of one
}

// sweep is what the graphs of a model have in common while all nodes are looked at once.
type sweep struct {
	b       *builder
	shapes  *shapes
	uses    []int        // of a slot, in all graphs
	results map[int]bool // slots that are outputs of a graph
	same    map[int]int  // slots that are to be another
}

// maxReads is how often patterns look at the constants, and minReads at how many elements in any
// case: nodes of a file may share one that is large.
const (
	maxReads = 64
	minReads = 1 << 24
)

// fuse puts nodes together in all graphs.
func (b *builder) fuse() {
	b.reads, b.matrices = minReads, map[turnedMatrix]int{}
	for slot, v := range b.values {
		if b.constant[slot] && v.isTensor() {
			b.reads += maxReads * v.Size()
		}
	}
	for range maxSweeps {
		b.dropUnused()
		s := &sweep{b: b, shapes: b.infer(), uses: b.countUses(), results: map[int]bool{}, same: map[int]int{}}
		for _, g := range b.graphs {
			for _, slot := range g.outputs {
				s.results[slot] = true
			}
		}
		changed := false
		for _, g := range b.graphs {
			f := &fusion{sweep: s, graph: g, makes: map[int]*node{}, users: map[int]*node{}, gone: map[*node]bool{}, before: map[*node][]*node{}}
			changed = f.all() || changed
		}
		b.rename(s.same)
		if !changed {
			return
		}
	}
	b.dropUnused()
}

// countUses is how often each slot is used.
func (b *builder) countUses() []int {
	uses := make([]int, len(b.values))
	for _, g := range b.graphs {
		for _, slot := range g.outputs {
			uses[slot]++
		}
		for _, n := range g.nodes {
			for _, slot := range n.inputs {
				if slot != absent {
					uses[slot]++
				}
			}
		}
	}
	return uses
}

// dropUnused drops nodes whose results nothing uses.
func (b *builder) dropUnused() {
	uses := b.countUses()
	for _, g := range b.graphs { // those within a graph come before it
		for i, n := range slices.Backward(g.nodes) {
			if !n.isPure || slices.ContainsFunc(n.outputs, func(slot int) bool { return slot != absent && uses[slot] > 0 }) {
				continue
			}
			for _, slot := range n.inputs {
				if slot != absent {
					uses[slot]--
				}
			}
			g.nodes[i] = nil
		}
		g.nodes = slices.DeleteFunc(g.nodes, func(n *node) bool { return n == nil })
	}
}

// all tries all patterns at all nodes and reports whether there were any.
func (f *fusion) all() (changed bool) {
	for _, n := range f.graph.nodes {
		for _, slot := range n.outputs {
			f.makes[slot] = n
		}
		for _, slot := range n.inputs {
			f.users[slot] = n
		}
	}
	for _, n := range f.graph.nodes {
		for _, p := range patterns {
			if f.gone[n] {
				break
			}
			if (p.ends == nil || n.op.domain == "" && slices.Contains(p.ends, n.op.name)) && p.make(f, n) {
				f.b.model.fused[p.name]++
				changed = true
			}
		}
	}
	if !changed {
		return false
	}
	var nodes []*node
	for _, n := range f.graph.nodes {
		nodes = append(nodes, f.before[n]...)
		if !f.gone[n] {
			nodes = append(nodes, n)
		}
	}
	f.graph.nodes = nodes
	return true
}

// rename puts slots in the place of others. What a graph within another one took for the same may be
// taken for a third by that, which is looked at later.
func (b *builder) rename(same map[int]int) {
	if len(same) == 0 {
		return
	}
	for _, g := range b.graphs {
		for _, n := range g.nodes {
			for i, slot := range n.inputs {
				for other, ok := same[slot]; ok; other, ok = same[slot] {
					slot = other
				}
				n.inputs[i] = slot
			}
		}
	}
}

// replace makes everything that uses one slot use another.
func (f *fusion) replace(slot, other int) {
	if earlier, ok := f.same[other]; ok {
		other = earlier
	}
	f.same[slot] = other
	f.uses[other] += f.uses[slot]
}

// by is the node of an operator that makes a slot, and nil if another does.
func (f *fusion) by(slot int, operators ...string) *node {
	n := f.makes[slot]
	if slot == absent || n == nil || f.gone[n] || n.op.domain != "" || !slices.Contains(operators, n.op.name) || len(n.outputs) != 1 {
		return nil
	}
	return n
}

// only is by for a slot that nothing else uses.
func (f *fusion) only(slot int, operators ...string) *node {
	if n := f.by(slot, operators...); n != nil && f.uses[slot] == 1 {
		return n
	}
	return nil
}

// merge makes n, the last of several nodes, give its results as first does from its inputs. The
// others are no longer needed.
func (f *fusion) merge(n, first *node, others ...*node) {
	outputs := n.outputs
	*n = *first
	n.outputs, n.inputs = outputs, slices.Clone(first.inputs)
	f.drop(append(others, first)...)
}

// become makes n a node of another operator.
func (f *fusion) become(n *node, op *operator, k kernel, inputs ...int) {
	n.op, n.kernel, n.inputs = op, k, inputs
	n.attributes = map[string]*onnxpb.AttributeProto{}
	n.isPure = !op.impure
}

// drop marks nodes that are no longer needed.
func (f *fusion) drop(nodes ...*node) {
	for _, n := range nodes {
		f.gone[n] = true
	}
}

// insert puts a new node of the standard in front of one, at whose place in the file it is, and
// returns its result.
func (f *fusion) insert(n *node, operator string, attributes map[string]*onnxpb.AttributeProto, inputs ...int) (slot int) {
	added := &node{place: n.place, version: n.version, op: rowOf(operator), inputs: inputs, attributes: attributes, read: map[string]bool{}, model: f.b.model}
	added.kernel = added.op.make(added)
	return f.insertNode(n, added)
}

// insertNode puts a new node in front of one and returns its result.
func (f *fusion) insertNode(n, added *node) (slot int) {
	slot = f.newSlot(Value{})
	added.outputs, added.isPure = []int{slot}, true
	if added.attributes == nil {
		added.attributes, added.read = map[string]*onnxpb.AttributeProto{}, map[string]bool{}
	}
	f.before[n] = append(f.before[n], added)
	f.makes[slot] = added
	f.uses[slot] = 1
	for _, in := range inputs(added) {
		f.uses[in]++
	}
	return slot
}

// inputs is the inputs of a node that are not left out.
func inputs(n *node) []int {
	return slices.DeleteFunc(slices.Clone(n.inputs), func(slot int) bool { return slot == absent })
}

// newSlot is a slot for a value, nothing for one that is computed.
func (f *fusion) newSlot(v Value) int {
	f.b.values = append(f.b.values, v)
	f.b.constant = append(f.b.constant, !v.isNone())
	f.uses = append(f.uses, 0)
	return len(f.b.values) - 1
}

// constantFloats is the elements of a slot that are known numbers of single or double precision.
func (f *fusion) constantFloats(slot int) (data []float64, shape []int, ok bool) {
	if slot == absent || !f.b.constant[slot] {
		return nil, nil, false
	}
	v := f.b.values[slot]
	if !v.isTensor() || v.dtype != Float && v.dtype != Double || !f.mayRead(v.Size()) {
		return nil, nil, false
	}
	return v.float.Floats(), v.Shape(), true
}

// mayRead reports whether patterns may look at so many more elements, and counts them.
func (f *fusion) mayRead(count int) bool {
	f.b.reads -= count
	return f.b.reads >= 0
}

// value is what is known of a slot, a parameter too.
func (f *fusion) value(slot int) Value {
	if slot == absent {
		return Value{}
	}
	return f.b.values[slot]
}

// affords reports whether there is memory for so many more numbers, and takes it.
func (f *fusion) affords(count int) bool {
	if int64(count)*8 > f.b.fold.budget {
		return false
	}
	f.b.fold.budget -= int64(count) * 8
	return true
}

// numbersSlot is a new slot with numbers of a type.
func (f *fusion) numbersSlot(dtype DataType, data []float64, shape ...int) int {
	if dtype == Double {
		return f.newSlot(Value{dtype: dtype, float: newVariable(data, shape)})
	}
	return f.newSlot(Value{dtype: dtype, float: newVariable(convert(data, func(x float64) float32 { return float32(x) }), shape)})
}

// number is the one element of a slot that is known, and that makes no shape larger where it is
// an operand with x.
func (f *fusion) number(slot, x int) (number float64, ok bool) {
	if slot == absent || !f.b.constant[slot] {
		return 0, false
	}
	v := f.b.values[slot]
	if !v.isTensor() || v.Size() != 1 {
		return 0, false
	}
	if rank := len(v.Shape()); rank > 0 {
		if known, ok := f.shapes.rank(x); !ok || known < rank {
			return 0, false
		}
	}
	return v.float.Floats()[0], true
}

// is reports whether a slot is known to be about one number.
func (f *fusion) is(slot, x int, number float64) bool {
	got, ok := f.number(slot, x)
	return ok && got >= number*(1-1e-6) && got <= number*(1+1e-6)
}

// operand is the other input of a node of two that is a number: which, and the number.
func (f *fusion) operand(n *node) (x int, number float64, ok bool) {
	for i, slot := range n.inputs {
		if number, ok := f.number(slot, n.inputs[1-i]); ok && len(n.inputs) == 2 && n.version >= 7 {
			return n.inputs[1-i], number, true
		}
	}
	return absent, 0, false
}
