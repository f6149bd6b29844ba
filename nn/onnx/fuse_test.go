package onnx

import (
	"math/rand/v2"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

func testFloatTensor(name string, v autograd.Variable) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{Name: &name, DataType: proto.Int32(int32(Float)), FloatData: v.Float32s()}
	for _, d := range v.Shape() {
		t.Dims = append(t.Dims, int64(d))
	}
	return t
}

// fusedGraph is a convolution, what is added to its channels, max(x, 0), and the chain of
// operators that is x·min(max(x+3, 0), 6)/6. With more outputs nothing of it can be one.
func fusedGraph(limit float32, outputs ...string) *onnxpb.GraphProto {
	rng := rand.New(rand.NewPCG(1, 2))
	g := testGraph("fused", []string{"x"}, append([]string{"y"}, outputs...),
		testNode("Conv", []string{"x", "weight"}, []string{"product"}),
		testNode("Add", []string{"bias", "product"}, []string{"sum"}),
		testNode("Relu", []string{"sum"}, []string{"rectified"}),
		testNode("Conv", []string{"rectified", "weight2"}, []string{"product2"}),
		testNode("Add", []string{"product2", "three"}, []string{"above"}),
		testNode("Clip", []string{"above", "zero", "six"}, []string{"bounded"}),
		testNode("Mul", []string{"product2", "bounded"}, []string{"times"}),
		testNode("Div", []string{"times", "six"}, []string{"y"}),
	)
	g.Initializer = []*onnxpb.TensorProto{
		testFloatTensor("weight", autograd.Normal(rng, autograd.Float32, 0, 1, 4, 2, 3, 3)),
		testFloatTensor("bias", autograd.Normal(rng, autograd.Float32, 0, 1, 1, 4, 1, 1)),
		testFloatTensor("weight2", autograd.Normal(rng, autograd.Float32, 0, 1, 3, 4, 1, 1)),
	}
	for name, value := range map[string]float32{"three": 3, "zero": 0, "six": limit} {
		g.Node = append([]*onnxpb.NodeProto{testNode("Constant", nil, []string{name}, testFloat("value_float", value))}, g.Node...)
	}
	return g
}

// What is put together gives the values and gradients of its nodes.
func TestFusion(t *testing.T) {
	for name, c := range map[string]struct {
		limit   float32
		outputs []string
		nodes   int
	}{
		"all of it":               {6, nil, 3},
		"another limit":           {5, nil, 6},
		"every node is an output": {6, []string{"product", "sum", "rectified", "product2", "above", "bounded", "times"}, 8},
	} {
		t.Run(name, func(t *testing.T) {
			fused := testModel(t, 17, fusedGraph(c.limit, c.outputs...))
			plain := testModel(t, 17, fusedGraph(c.limit, "product", "sum", "rectified", "product2", "above", "bounded", "times"))
			if n := len(fused.main.nodes); n != c.nodes {
				t.Errorf("there are %d nodes, expected %d", n, c.nodes)
			}
			x := autograd.Normal(rand.New(rand.NewPCG(3, 4)), autograd.Float32, 0, 2, 2, 2, 5, 5)
			got, grads := outputAndGrads(t, fused, x)
			want, wantGrads := outputAndGrads(t, plain, x)
			if err := near(got, want, 1e-6); err != nil {
				t.Errorf("the output %v", err)
			}
			for name, g := range wantGrads {
				if err := near(Tensor(grads[name]), Tensor(g), 1e-5); err != nil {
					t.Errorf("the gradient of %s %v", name, err)
				}
			}
		})
	}
}

// outputAndGrads is the output y of a model and the gradients of the sum of its squares.
func outputAndGrads(t *testing.T, m *Model, x autograd.Variable) (y Value, grads map[string]autograd.Variable) {
	t.Helper()
	tape := autograd.NewTape(autograd.TapeConfig{})
	in := tape.Watch(x)
	outputs, err := m.Run(tape, map[string]Value{"x": Tensor(in)})
	if err != nil {
		t.Fatal(err)
	}
	all := outputs["y"].Variable().Square().Sum().Backward()
	grads = map[string]autograd.Variable{"x": all.Of(in)}
	for name, w := range nn.Params(m) {
		grads[name] = all.Of(w)
	}
	if len(grads) < 4 {
		t.Fatalf("there are gradients of %d arrays", len(grads))
	}
	return outputs["y"], grads
}
