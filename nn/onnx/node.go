package onnx

import (
	"maps"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// graph is a graph of nodes in the order in which they are evaluated. All values of a model,
// its subgraphs' too, have a slot each, in one array.
type graph struct {
	name    string
	nodes   []*node
	inputs  []int // slots
	outputs []int
	types   []Info // of outputs, as declared
}

// node is a node of a graph.
type node struct {
	place   Place
	version int       // of the operator set
	op      *operator // the row of the table
	inputs  []int     // slots; absent for those left out
	outputs []int
	kernel  kernel
	role    role // how its results are kept
	isPure  bool // they depend on the inputs alone

	relu      bool                        // of a convolution: max(x, 0) of what it gives
	pool      *autograd.MaxPoolConfig     // of a convolution: and then pooled
	attention *autograd.AttentionConfig   // of an Attention of all in one, or of heads side by side
	columns   bool                        // of a Linear: its weights are [in, out]
	weights   []autograd.RecurrentWeights // of a recurrent layer, for each direction, if they are constant
	failed    bool                        // it cannot be computed before the model runs

	// What operators are made from, while the model is opened.
	attributes map[string]*onnxpb.AttributeProto
	read       map[string]bool   // attributes that the operator knows
	graphs     map[string]*graph // attributes that are graphs
	model      *Model
}

// absent is the slot of an input or output that is left out.
const absent = -1

// wants reports whether output i is asked for.
func (n *node) wants(i int) bool { return i < len(n.outputs) && n.outputs[i] != absent }

// attribute is the attribute of a name and type, nil if there is none.
func (n *node) attribute(name string, kind onnxpb.AttributeProto_AttributeType) *onnxpb.AttributeProto {
	n.read[name] = true
	a := n.attributes[name]
	if a != nil && a.GetType() != kind && a.GetType() != onnxpb.AttributeProto_UNDEFINED {
		failf("attribute %q is of type %v, expected %v", name, a.GetType(), kind)
	}
	return a
}

// hasAttribute reports whether there is an attribute of the name.
func (n *node) hasAttribute(name string) bool { return n.attributes[name] != nil }

// int is an integer attribute, or what it is by default.
func (n *node) int(name string, otherwise int) int {
	a := n.attribute(name, onnxpb.AttributeProto_INT)
	if a == nil {
		return otherwise
	}
	return toInt(name, a.GetI())
}

func toInt(name string, x int64) int {
	if int64(int(x)) != x {
		failf("attribute %q is %d", name, x)
	}
	return int(x)
}

// flag is an integer attribute that is 0 or 1.
func (n *node) flag(name string, otherwise bool) bool {
	value := 0
	if otherwise {
		value = 1
	}
	return n.int(name, value) != 0
}

// needInt is an integer attribute that must be there.
func (n *node) needInt(name string) int {
	if !n.hasAttribute(name) {
		failf("there is no attribute %q", name)
	}
	return n.int(name, 0)
}

// ints is a list of integers, nil if there is none.
func (n *node) ints(name string) []int {
	a := n.attribute(name, onnxpb.AttributeProto_INTS)
	if a == nil {
		return nil
	}
	ints := make([]int, len(a.GetInts()))
	for i, x := range a.GetInts() {
		ints[i] = toInt(name, x)
	}
	return ints
}

// float is an attribute that is a number, or what it is by default.
func (n *node) float(name string, otherwise float64) float64 {
	a := n.attribute(name, onnxpb.AttributeProto_FLOAT)
	if a == nil {
		return otherwise
	}
	return float64(a.GetF())
}

// floats is a list of numbers, nil if there is none.
func (n *node) floats(name string) []float32 {
	return n.attribute(name, onnxpb.AttributeProto_FLOATS).GetFloats()
}

// text is an attribute that is a string, or what it is by default.
func (n *node) text(name, otherwise string) string {
	a := n.attribute(name, onnxpb.AttributeProto_STRING)
	if a == nil {
		return otherwise
	}
	return string(a.GetS())
}

// texts is a list of strings, nil if there is none.
func (n *node) texts(name string) []string {
	a := n.attribute(name, onnxpb.AttributeProto_STRINGS)
	if a == nil {
		return nil
	}
	texts := make([]string, len(a.GetStrings()))
	for i, s := range a.GetStrings() {
		texts[i] = string(s)
	}
	return texts
}

// choice is an attribute that is one of some strings, the first by default. Its place among
// them is returned.
func (n *node) choice(name string, choices ...string) int {
	s := n.text(name, choices[0])
	i := slices.Index(choices, s)
	if i < 0 {
		failf("attribute %q is %q, expected one of %s", name, s, strings.Join(choices, ", "))
	}
	return i
}

// tensor is an attribute that is a tensor, nothing if there is none.
func (n *node) tensor(name string) Value {
	a := n.attribute(name, onnxpb.AttributeProto_TENSOR)
	if a == nil {
		return Value{}
	}
	return readTensor(a.GetT(), n.model.directory)
}

// subgraph is an attribute that is a graph and must be there.
func (n *node) subgraph(name string) *graph {
	if n.attribute(name, onnxpb.AttributeProto_GRAPH) == nil {
		failf("there is no attribute %q", name)
	}
	return n.graphs[name]
}

// ignore marks attributes that change nothing here.
func (n *node) ignore(names ...string) {
	for _, name := range names {
		n.read[name] = true
	}
}

// finish ends the making of a node: an attribute that its operator did not ask for would
// change what is computed in a way that is not known.
func (n *node) finish() {
	for _, name := range slices.Sorted(maps.Keys(n.attributes)) {
		if !n.read[name] {
			unsupportedf("attribute %q", name)
		}
	}
	n.graphs = nil
}

// pure reports whether the node's results depend on its inputs alone.
func (n *node) pure() bool { return !n.op.impure && len(n.graphs) == 0 }

func lower(s string) string { return strings.ToLower(s) }
