package autograd

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/gonum/graph"
	"gonum.org/v1/gonum/graph/encoding"
	"gonum.org/v1/gonum/graph/iterator"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Graph is the computation that y was recorded from, as a directed graph for
// gonum: an edge leads from each operand to each result computed from it. It is a
// snapshot that stays valid after the tape's Reset. Node IDs are positions in
// recording order, and negative for operands outside the record, so ascending IDs
// are a topological order; topo.Sort, path and encoding/dot work on it.
//
// Operands through which no gradient flows are leaves of the graph, however they
// were computed. It panics with [*TapeError] if y is not on a tape.
//
// More results of the same tape may be given: the graph has what they were recorded from too.
func Graph(y Variable, more ...Variable) *ComputationGraph {
	root := y.check("Graph").onTape()
	if root.tape == nil {
		panic(&TapeError{"Graph", "nothing was recorded: the Variable is on no tape"})
	}
	g := &ComputationGraph{Root: int64(root.index), nodes: map[int64]*GraphNode{}, of: map[Variable]*GraphNode{}}
	ids := map[*node]int64{}
	outside := int64(-1)
	stack := []*node{root}
	for _, v := range more {
		n := v.check("Graph")
		if n.tape != root.tape {
			panic(&TapeError{"Graph", "the results are not on one tape"})
		}
		stack = append(stack, n)
	}
	for len(stack) > 0 {
		n := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if _, seen := ids[n]; seen {
			continue
		}
		id := int64(n.index)
		if n.tape != root.tape || n.index < 0 {
			id = outside
			outside--
		}
		ids[n] = id
		g.add(n, id)
		n.inputs(func(_ int, in *node) { stack = append(stack, in) })
	}
	// In ascending order, so that lists of neighbours grow at their ends.
	for _, n := range slices.SortedFunc(maps.Keys(ids), func(a, b *node) int { return cmp.Compare(ids[a], ids[b]) }) {
		n.inputs(func(_ int, in *node) { g.connect(ids[in], ids[n]) })
	}
	return g
}

func (g *ComputationGraph) add(n *node, id int64) {
	described := describe(n, id)
	g.nodes[id] = described
	g.of[n.variable()] = described
	g.of[n.meant().variable()] = described
}

// ComputationGraph is what [Graph] returns: a gonum graph.Directed.
type ComputationGraph struct {
	// Root is the ID of the Variable the graph was made for.
	Root int64

	nodes map[int64]*GraphNode
	of    map[Variable]*GraphNode
}

// Find is the node of v: a Variable on the tape, or the parameter or watched Variable
// that one on the tape stands for. It is nil if the graph does not have it.
func (g *ComputationGraph) Find(v Variable) *GraphNode { return g.of[v] }

// SetNames names the nodes of Variables, for example the parameters of a model as nn.Params lists them.
// Variables that the graph does not have are ignored.
func (g *ComputationGraph) SetNames(variables iter.Seq2[string, Variable]) {
	for name, v := range variables {
		if n := g.Find(v); n != nil {
			n.Name = name
		}
	}
}

// SetGradients notes the norms of gradients in the nodes of their Variables: of leaves,
// and of those marked by [Variable.RetainGrad].
func (g *ComputationGraph) SetGradients(grads Gradients) {
	for v, grad := range grads.Stored() {
		if n := g.Find(v); n != nil {
			n.HasGrad, n.GradNorm = true, tensor.Norm2(&grad.n.Array)
		}
	}
}

// GraphNode is a Variable in a [ComputationGraph].
type GraphNode struct {
	// Op is the operation's name, or "parameter", "watched" or "constant".
	Op    string
	Name  string // see SetNames
	Shape []int
	DType DType

	// Min and Max are the least and the greatest element; both are NaN if one element
	// is, or there is none.
	Min, Max float64

	// Arguments are those of the operation that are not Variables, in an order that is the same for
	// all nodes of the operation.
	Arguments []Argument

	// Variable is the node's. Unlike the graph it is valid until its tape is Reset only.
	Variable Variable

	// GradNorm is the Euclidean norm of the gradient if HasGrad: see SetGradients.
	HasGrad  bool
	GradNorm float64

	// Inputs are the IDs of the operands in order; one that is used twice is there
	// twice, although the graph has a single edge.
	Inputs []int64

	id       int64
	from, to []int64 // IDs of neighbours, ascending, each once
}

func describe(n *node, id int64) *GraphNode {
	n.variable().check("Graph")
	d := &GraphNode{Op: opName(n), Shape: append([]int{}, n.Shape...), DType: n.DType, Min: math.NaN(), Max: math.NaN(), id: id}
	d.Variable = n.variable()
	if n.op != nil && n.op.arguments != nil {
		d.Arguments = n.op.arguments(n)
	}
	if n.Len() > 0 {
		d.Min, d.Max = tensor.MinMax(&n.Array)
	}
	return d
}

// opName is the name of the operation that n is the result of, or its role.
func opName(n *node) string {
	switch {
	case n.op != nil:
		return n.op.name
	case n.original() != nil && n.leafOf.kind == parameter:
		return "parameter"
	case n.original() != nil:
		return "watched"
	}
	return "constant"
}

// connect adds the operand from to the node to.
func (g *ComputationGraph) connect(from, to int64) {
	a, b := g.nodes[from], g.nodes[to]
	b.Inputs = append(b.Inputs, from)
	a.to = insertSorted(a.to, to)
	b.from = insertSorted(b.from, from)
}

func insertSorted(ids []int64, id int64) []int64 {
	at, found := slices.BinarySearch(ids, id)
	if found {
		return ids
	}
	return slices.Insert(ids, at, id)
}

// Node returns the node with the given ID, or nil.
func (g *ComputationGraph) Node(id int64) graph.Node {
	if n := g.nodes[id]; n != nil {
		return n
	}
	return nil
}

// Nodes returns all nodes.
func (g *ComputationGraph) Nodes() graph.Nodes {
	return g.list(slices.Sorted(maps.Keys(g.nodes)))
}

// From returns the nodes computed from the node with the given ID.
func (g *ComputationGraph) From(id int64) graph.Nodes {
	if n := g.nodes[id]; n != nil {
		return g.list(n.to)
	}
	return graph.Empty
}

// To returns the operands of the node with the given ID.
func (g *ComputationGraph) To(id int64) graph.Nodes {
	if n := g.nodes[id]; n != nil {
		return g.list(n.from)
	}
	return graph.Empty
}

func (g *ComputationGraph) list(ids []int64) graph.Nodes {
	if len(ids) == 0 {
		return graph.Empty
	}
	nodes := make([]graph.Node, len(ids))
	for i, id := range ids {
		nodes[i] = g.nodes[id]
	}
	return iterator.NewOrderedNodes(nodes)
}

// HasEdgeBetween reports whether one of two nodes is an operand of the other.
func (g *ComputationGraph) HasEdgeBetween(x, y int64) bool {
	return g.HasEdgeFromTo(x, y) || g.HasEdgeFromTo(y, x)
}

// HasEdgeFromTo reports whether u is an operand of v.
func (g *ComputationGraph) HasEdgeFromTo(u, v int64) bool {
	n := g.nodes[u]
	if n == nil {
		return false
	}
	_, found := slices.BinarySearch(n.to, v)
	return found
}

// Edge returns the edge from u to v, or nil.
func (g *ComputationGraph) Edge(u, v int64) graph.Edge {
	if !g.HasEdgeFromTo(u, v) {
		return nil
	}
	return graphEdge{g.nodes[u], g.nodes[v]}
}

// DOTID names the node in DOT.
func (n *GraphNode) DOTID() string {
	if n.id < 0 {
		return fmt.Sprintf("c%d", -n.id)
	}
	return fmt.Sprintf("n%d", n.id)
}

// Constant reports whether the node is data through which no gradient flows.
func (n *GraphNode) Constant() bool { return n.Op == "constant" }

// ID is the node's ID: its position in recording order, negative for an operand
// outside the record.
func (n *GraphNode) ID() int64 { return n.id }

// Attributes are the node's DOT attributes: a label with name or operation, shape and
// element type, and a shape and colour by role.
func (n *GraphNode) Attributes() []encoding.Attribute {
	form, fill := "ellipse", "white"
	switch n.Op {
	case "parameter":
		form, fill = "box", "lightblue"
	case "watched":
		form, fill = "box", "lightyellow"
	case "constant":
		form, fill = "box", "lightgrey"
	}
	return []encoding.Attribute{
		{Key: "label", Value: strconv.Quote(fmt.Sprintf("%s\n%s %s", cmp.Or(n.Name, n.Op), shapeString(n.Shape), n.DType))},
		{Key: "shape", Value: form},
		{Key: "style", Value: "filled"},
		{Key: "fillcolor", Value: fill},
	}
}

// graphEdge leads from an operand to a result.
type graphEdge struct{ from, to *GraphNode }

func (e graphEdge) From() graph.Node         { return e.from }
func (e graphEdge) To() graph.Node           { return e.to }
func (e graphEdge) ReversedEdge() graph.Edge { return e }
