package tensorboard

import (
	"fmt"
	"iter"
	"strings"

	"gonum.org/v1/gonum/graph"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/tensorboard/internal/eventpb"
)

// graphOf records a forward pass and describes its operations.
func graphOf(model nn.Layer, x autograd.Variable) (g *eventpb.GraphDef, err error) {
	defer autograd.Catch(&err)
	tape := autograd.NewTape(autograd.TapeConfig{})
	in := tape.Watch(x.Detach()) // so that what is computed of x alone is recorded
	var results []moduleResult
	for name := range nn.Modules(model) {
		note := func(name string, y autograd.Variable) autograd.Variable {
			results = append(results, moduleResult{name, y})
			return autograd.Variable{}
		}
		if name != "" { // modules that cannot be told apart have no group
			_ = autograd.Try(func() { nn.AddHooks(tape, model, map[string]nn.Hook{name: note}) })
		}
	}
	y := model.Forward(in)
	if y.Tape() == nil {
		return nil, &autograd.TapeError{Op: "tensorboard.Graph", Reason: "the model's output does not come from its input or parameters"}
	}
	recorded := autograd.Graph(y)
	recorded.SetNames(single("input", in))
	recorded.SetNames(nn.Params(model))
	n := namer{graph: recorded, scopes: map[int64]string{}, names: map[int64]string{}, taken: map[string]bool{}}
	for _, r := range results {
		n.attribute(r)
	}
	g = &eventpb.GraphDef{Versions: &eventpb.VersionDef{Producer: 22}}
	for _, node := range graph.NodesOf(recorded.Nodes()) {
		g.Node = append(g.Node, n.describe(node.(*autograd.GraphNode)))
	}
	return g, nil
}

func single(name string, v autograd.Variable) iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) { yield(name, v) }
}

// moduleResult is what a module computed. Those of inner modules come before.
type moduleResult struct {
	name string
	y    autograd.Variable
}

// namer gives nodes their names.
type namer struct {
	graph  *autograd.ComputationGraph
	scopes map[int64]string // modules of operations
	names  map[int64]string
	taken  map[string]bool
}

// attribute says of the operations of a module that they are. Going back from its result,
// those are its own that come from one of its own parameters.
func (n *namer) attribute(r moduleResult) {
	result := n.graph.Find(r.y)
	if result == nil {
		return
	}
	own := map[int64]bool{} // whether it comes from a parameter of the module
	var visit func(node *autograd.GraphNode) bool
	visit = func(node *autograd.GraphNode) bool {
		id := node.ID()
		if known, ok := own[id]; ok {
			return known
		}
		own[id] = len(node.Inputs) == 0 && strings.HasPrefix(node.Name, r.name+".")
		for _, input := range node.Inputs {
			if visit(n.graph.Node(input).(*autograd.GraphNode)) {
				own[id] = true
			}
		}
		return own[id]
	}
	visit(result)
	own[result.ID()] = true
	for id, is := range own {
		node := n.graph.Node(id).(*autograd.GraphNode)
		if _, attributed := n.scopes[id]; is && !attributed && len(node.Inputs) > 0 {
			n.scopes[id] = r.name
		}
	}
}

// describe makes a node of the graph one of TensorBoard's. Its operands have been
// described before.
func (n *namer) describe(node *autograd.GraphNode) *eventpb.NodeDef {
	name := node.Name
	if name == "" {
		name = node.Op
		if scope := n.scopes[node.ID()]; scope != "" {
			name = scope + "." + node.Op
		}
	}
	described := &eventpb.NodeDef{
		Name: n.unique(node.ID(), name), Op: node.Op,
		Attr: map[string]*eventpb.AttrValue{"dtype": {Value: &eventpb.AttrValue_Type{Type: typeOf(node.DType)}}},
	}
	for _, id := range node.Inputs {
		described.Input = append(described.Input, n.names[id])
	}
	shape := &eventpb.TensorShapeProto{}
	for _, size := range node.Shape {
		shape.Dim = append(shape.Dim, &eventpb.TensorShapeProto_Dim{Size: int64(size)})
	}
	described.Attr["_output_shapes"] = &eventpb.AttrValue{Value: &eventpb.AttrValue_List{
		List: &eventpb.AttrValue_ListValue{Shape: []*eventpb.TensorShapeProto{shape}},
	}}
	return described
}

// unique is a name that no other node has, of the characters that names may have, where a
// slash leads into a group.
func (n *namer) unique(id int64, name string) string {
	name = strings.Map(func(r rune) rune {
		switch {
		case r == '.':
			return '/'
		case r == '_' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z':
			return r
		}
		return '_'
	}, name)
	free := name
	for i := 1; n.taken[free]; i++ {
		free = fmt.Sprintf("%s_%d", name, i)
	}
	n.taken[free] = true
	n.names[id] = free
	return free
}

func typeOf(dtype autograd.DType) eventpb.DataType {
	if dtype == autograd.Float64 {
		return eventpb.DataType_DT_DOUBLE
	}
	return eventpb.DataType_DT_FLOAT
}
