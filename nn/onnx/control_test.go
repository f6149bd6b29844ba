package onnx

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// loopModel has a state that grows by the sum of itself at each turn, sees the scale of the
// graph around, gives the state's sum for each turn, and goes on while that is below a limit.
func loopModel(t testing.TB, most ...int64) *Model {
	body := testGraph("body", []string{"turn", "before", "state"}, []string{"goes", "next", "total"},
		testNode("ReduceSum", []string{"state"}, []string{"sum"}),
		testNode("Mul", []string{"sum", "scale"}, []string{"scaled"}),
		testNode("Reshape", []string{"scaled", "one"}, []string{"entry"}),
		testNode("Concat", []string{"state", "entry"}, []string{"next"}, testInt("axis", 0)),
		testNode("Identity", []string{"scaled"}, []string{"total"}),
		testNode("Squeeze", []string{"scaled"}, []string{"number"}),
		testNode("Less", []string{"number", "limit"}, []string{"goes"}),
	)
	body.Output[2].Type = tensorType(Float)
	body.Output[2].Type.GetTensorType().Shape = &onnxpb.TensorShapeProto{Dim: []*onnxpb.TensorShapeProto_Dimension{
		{Value: &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: 1}},
	}}
	turns := ""
	g := testGraph("loops", []string{"x", "scale", "limit"}, []string{"last", "totals"})
	g.Initializer = []*onnxpb.TensorProto{testInts("one", 1)}
	if most != nil {
		turns = "turns"
		g.Initializer = append(g.Initializer, testInts("turns", most...))
	}
	g.Node = append(g.Node, testNode("Loop", []string{turns, "", "x"}, []string{"last", "totals"}, testSubgraph("body", body)))
	return testModel(t, 17, g)
}

func runLoop(t *testing.T, m *Model, tape *autograd.Tape, x autograd.Variable) (last, totals Value) {
	t.Helper()
	outputs, err := m.Run(tape, map[string]Value{
		"x": Tensor(x), "scale": Tensor(autograd.Scalar(float32(0.5))), "limit": Tensor(autograd.Scalar(float32(4))),
	})
	if err != nil {
		t.Fatal(err)
	}
	return outputs["last"], outputs["totals"]
}

// A loop carries a state whose shape changes, ends by its condition or its number of turns,
// and gradients flow through it.
func TestLoop(t *testing.T) {
	for name, c := range map[string]struct {
		turns        []int64
		last, totals []float32
	}{
		"by condition": {nil, []float32{1, 2, 1.5, 2.25, 3.375, 5.0625}, []float32{1.5, 2.25, 3.375, 5.0625}},
		"by number":    {[]int64{2}, []float32{1, 2, 1.5, 2.25}, []float32{1.5, 2.25}},
		"no turns":     {[]int64{0}, []float32{1, 2}, []float32{}},
	} {
		t.Run(name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x := tape.Watch(autograd.New([]float32{1, 2}))
			last, totals := runLoop(t, loopModel(t, c.turns...), tape, x)
			if diff := cmp.Diff(c.last, last.Variable().Float32s()); diff != "" {
				t.Errorf("the state: %s", diff)
			}
			if diff := cmp.Diff(c.totals, append([]float32{}, totals.Variable().Float32s()...)); diff != "" {
				t.Errorf("the totals: %s", diff)
			}
			// Every new element is linear in the sum of the first two.
			want := float32(1)
			for _, total := range c.totals {
				want += total / 3
			}
			for _, g := range last.Variable().Sum().Backward().Of(x).Float32s() {
				if g-want > 1e-5 || want-g > 1e-5 {
					t.Errorf("the gradient is %v, expected %v", g, want)
				}
			}
		})
	}
}

// A loop that never ends by itself ends by the limit of memory.
func TestEndlessLoop(t *testing.T) {
	body := testGraph("body", []string{"turn", "before"}, []string{"before"})
	g := testGraph("endless", nil, []string{"y"}, testNode("Loop", []string{"", ""}, []string{"y"}, testSubgraph("body", body)))
	body.Output = append(body.Output, &onnxpb.ValueInfoProto{Name: proto.String("turn")})
	text, err := proto.Marshal(&onnxpb.ModelProto{Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Version: proto.Int64(17)}}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := (&Model{config: Config{MaxBytes: 1 << 16}}).parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Run(nil, nil); err == nil {
		t.Error("an endless loop ended well")
	}
}

// An optional input may be left out, and a model may ask whether it was.
func TestOptionalInputs(t *testing.T) {
	optional := info("x float 2")
	optional.Type = &onnxpb.TypeProto{Value: &onnxpb.TypeProto_OptionalType{OptionalType: &onnxpb.TypeProto_Optional{ElemType: optional.Type}}}
	then := testGraph("then", nil, []string{"a"}, nodeOf("a = OptionalGetElement(x)"))
	otherwise := testGraph("otherwise", nil, []string{"b"}, nodeOf("b = Constant()", attribute("value", floatTensor("", []int{2}, 5, 6))))
	g := testGraph("g", nil, []string{"there", "y"},
		nodeOf("there = OptionalHasElement(x)"),
		nodeOf("y = If(there)", testSubgraph("then_branch", then), testSubgraph("else_branch", otherwise)),
	)
	g.Input = []*onnxpb.ValueInfoProto{optional}
	m := testModel(t, 18, g)
	if in := m.Inputs()[0]; !in.Optional || in.Type != Float || len(in.Shape) != 1 {
		t.Errorf("the input is %+v", in)
	}
	for _, test := range []struct {
		inputs map[string]Value
		there  bool
		want   []float32
	}{
		{map[string]Value{"x": vector(1, 2)}, true, []float32{1, 2}},
		{map[string]Value{"x": {}}, false, []float32{5, 6}},
		{nil, false, []float32{5, 6}},
	} {
		got, err := m.Run(nil, test.inputs)
		if err != nil {
			t.Fatal(err)
		}
		if there := got["there"].Bools(); len(got["there"].Shape()) != 0 || there[0] != test.there || !slices.Equal(got["y"].Variable().Float32s(), test.want) {
			t.Errorf("%v gives %v and %v", test.inputs, there, got["y"].Variable())
		}
	}
	for _, inputs := range []map[string]Value{{"x": vector(1, 2, 3)}, {"z": vector(1, 2)}} {
		if _, err := m.Run(nil, inputs); !typedError(err) {
			t.Errorf("%v gives the error %v", inputs, err)
		}
	}
}
