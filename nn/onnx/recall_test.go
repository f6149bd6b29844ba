package onnx

import (
	"bytes"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// testNode is a node of a test's model.
func testNode(operator string, inputs, outputs []string, attributes ...*onnxpb.AttributeProto) *onnxpb.NodeProto {
	return &onnxpb.NodeProto{OpType: &operator, Input: inputs, Output: outputs, Attribute: attributes}
}

func testGraph(name string, inputs, outputs []string, nodes ...*onnxpb.NodeProto) *onnxpb.GraphProto {
	g := &onnxpb.GraphProto{Name: &name, Node: nodes}
	for _, in := range inputs {
		g.Input = append(g.Input, &onnxpb.ValueInfoProto{Name: &in})
	}
	for _, out := range outputs {
		g.Output = append(g.Output, &onnxpb.ValueInfoProto{Name: &out})
	}
	return g
}

func testSubgraph(name string, g *onnxpb.GraphProto) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_GRAPH.Enum(), G: g}
}

func testInts(name string, values ...int64) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{Name: &name, DataType: proto.Int32(int32(Int64)), Dims: []int64{int64(len(values))}, Int64Data: values}
}

func testModel(t testing.TB, version int64, g *onnxpb.GraphProto) *Model {
	t.Helper()
	return readProto(t, &onnxpb.ModelProto{
		IrVersion: proto.Int64(8), Graph: g,
		OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: &version}},
	})
}

func readProto(t testing.TB, p *onnxpb.ModelProto) *Model {
	t.Helper()
	text, err := proto.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Read(bytes.NewReader(text), Config{})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// shapesModel computes, of x and a condition, x with its axes the other way round by its
// shape, the number of elements that are not 0 by the shape of their indices, and by the
// condition the shape of x or twice that.
func shapesModel(t testing.TB) *Model {
	twice := testGraph("twice", nil, []string{"b"}, testNode("Add", []string{"shape", "shape"}, []string{"b"}))
	own := testGraph("own", nil, []string{"a"},
		testNode("Shape", []string{"x"}, []string{"s"}), testNode("Mul", []string{"s", "one"}, []string{"a"}))
	g := testGraph("shapes", []string{"x", "condition"}, []string{"y", "count", "chosen"},
		testNode("Shape", []string{"x"}, []string{"shape"}),
		testNode("Gather", []string{"shape", "swap"}, []string{"swapped"}),
		testNode("Reshape", []string{"x", "swapped"}, []string{"y"}),
		testNode("NonZero", []string{"x"}, []string{"where"}),
		testNode("Shape", []string{"where"}, []string{"found"}),
		testNode("Gather", []string{"found", "one"}, []string{"count"}),
		testNode("If", []string{"condition"}, []string{"chosen"}, testSubgraph("then_branch", own), testSubgraph("else_branch", twice)),
	)
	g.Initializer = []*onnxpb.TensorProto{testInts("swap", 1, 0), testInts("one", 1)}
	return testModel(t, 17, g)
}

type shapesResult struct{ Shape, Count, Chosen []int64 }

func runShapes(m *Model, tape *autograd.Tape, x autograd.Variable, condition bool) (shapesResult, error) {
	outputs, err := m.Run(tape, map[string]Value{"x": Tensor(x), "condition": Ints([]bool{condition})})
	if err != nil {
		return shapesResult{}, err
	}
	var shape []int64
	for _, d := range outputs["y"].Shape() {
		shape = append(shape, int64(d))
	}
	return shapesResult{shape, outputs["count"].Int64s(), outputs["chosen"].Int64s()}, nil
}

// What is kept from other runs is never taken for what it is not: shapes come again, depend on
// elements and are asked for in branches that earlier runs did not take.
func TestShapesAreRecalled(t *testing.T) {
	m := shapesModel(t)
	cases := []struct {
		x         autograd.Variable
		condition bool
		want      shapesResult
	}{
		{autograd.New([]float32{1, 0, 0, 0, 0, 0}, 2, 3), true, shapesResult{[]int64{3, 2}, []int64{1}, []int64{2, 3}}},
		{autograd.New([]float32{1, 2, 0, 0, 0, 3}, 2, 3), true, shapesResult{[]int64{3, 2}, []int64{3}, []int64{2, 3}}},
		{autograd.New([]float32{1, 2, 0, 0, 0, 3}, 2, 3), false, shapesResult{[]int64{3, 2}, []int64{3}, []int64{4, 6}}},
		{autograd.New([]float32{1, 2, 0, 0, 0, 3}, 6, 1), false, shapesResult{[]int64{1, 6}, []int64{3}, []int64{12, 2}}},
		{autograd.New([]float32{1, 2, 0, 0}, 1, 4), true, shapesResult{[]int64{4, 1}, []int64{2}, []int64{1, 4}}},
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	for turn := range 40 {
		c := cases[(turn*7+turn/5)%len(cases)]
		got, err := runShapes(m, tape, c.x, c.condition)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Fatalf("turn %d, %v, %v: %s", turn, c.x.Shape(), c.condition, diff)
		}
		tape.Reset()
	}
}

// There are records for some shapes only, and what is kept is taken: an evaluation of nodes
// whose results are there would count as memory.
func TestRecordsAreFew(t *testing.T) {
	m := shapesModel(t)
	for size := range 3 * maxRecords {
		if _, err := runShapes(m, nil, autograd.Ones(autograd.Float32, size+1, 2), true); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(m.records.all); n != maxRecords {
		t.Errorf("there are %d records, expected %d", n, maxRecords)
	}
	latest := m.records.all[0]
	if _, err := runShapes(m, nil, autograd.Ones(autograd.Float32, 3*maxRecords, 2), true); err != nil {
		t.Fatal(err)
	}
	if m.records.all[0] != latest {
		t.Error("a run of shapes that are known made a record")
	}
}

// Several goroutines run one model with various shapes.
func TestRecallByGoroutines(t *testing.T) {
	m := shapesModel(t)
	var all sync.WaitGroup
	for g := range 4 {
		all.Go(func() {
			tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
			for i := range 50 {
				rows := 1 + (i*(g+1))%(2*maxRecords)
				got, err := runShapes(m, tape, autograd.Ones(autograd.Float32, rows, 2), i%3 == 0)
				if err != nil {
					t.Error(err)
					return
				}
				if got.Shape[1] != int64(rows) || got.Count[0] != int64(2*rows) {
					t.Errorf("%d rows: %v", rows, got)
				}
				tape.Reset()
			}
		})
	}
	all.Wait()
}
