package onnx

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/onnxruntime"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// recurrentCase is a recurrent layer over 5 steps of 3 sequences, with 4 features and 6 units.
type recurrentCase struct {
	operator   string
	direction  string
	batchFirst bool
	lengths    bool
	state      bool
	bias       bool
	peepholes  bool
	attributes []*onnxpb.AttributeProto
}

const testSteps, testBatch, testIn, testHidden = 5, 3, 4, 6

func testInt(name string, value int64) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_INT.Enum(), I: &value}
}

func testFloat(name string, value float32) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_FLOAT.Enum(), F: &value}
}

func testFloats(name string, values ...float32) *onnxpb.AttributeProto {
	return &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_FLOATS.Enum(), Floats: values}
}

func testTexts(name string, values ...string) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: &name, Type: onnxpb.AttributeProto_STRINGS.Enum()}
	for _, v := range values {
		a.Strings = append(a.Strings, []byte(v))
	}
	return a
}

// proto is the model of a case, with the names of its inputs, and arrays for these.
func (c recurrentCase) proto(more ...*onnxpb.AttributeProto) (*onnxpb.ModelProto, map[string]autograd.Variable) {
	rng := rand.New(rand.NewPCG(1, 2))
	gates := map[string]int{"LSTM": 4, "GRU": 3, "RNN": 1}[c.operator]
	directions := 1
	if c.direction == "bidirectional" {
		directions = 2
	}
	arrays := map[string]autograd.Variable{}
	names := []string{"x", "w", "r", "", "", "", "", ""}
	add := func(i int, name string, shape ...int) {
		names[i] = name
		arrays[name] = autograd.Normal(rng, autograd.Float32, 0, 0.7, shape...)
	}
	add(1, "w", directions, gates*testHidden, testIn)
	add(2, "r", directions, gates*testHidden, testHidden)
	layout, states := int64(0), []int{directions, testBatch, testHidden}
	if c.batchFirst {
		layout, states = 1, []int{testBatch, directions, testHidden}
		add(0, "x", testBatch, testSteps, testIn)
	} else {
		add(0, "x", testSteps, testBatch, testIn)
	}
	if c.bias {
		add(3, "b", directions, 2*gates*testHidden)
	}
	if c.lengths {
		names[4] = "lengths"
	}
	if c.state {
		add(5, "h", states...)
		if c.operator == "LSTM" {
			add(6, "c", states...)
		}
	}
	if c.peepholes {
		add(7, "p", directions, 3*testHidden)
	}
	for names[len(names)-1] == "" {
		names = names[:len(names)-1]
	}
	outputs := []string{"y", "yh"}
	if c.operator == "LSTM" {
		outputs = append(outputs, "yc")
	}
	attributes := append([]*onnxpb.AttributeProto{testInt("hidden_size", testHidden),
		{Name: proto.String("direction"), Type: onnxpb.AttributeProto_STRING.Enum(), S: []byte(c.direction)}}, more...)
	if layout != 0 {
		attributes = append(attributes, testInt("layout", layout))
	}
	g := testGraph("recurrent", nil, outputs, testNode(c.operator, names, outputs, append(attributes, c.attributes...)...))
	for _, out := range g.Output {
		out.Type = tensorType(Float)
	}
	for _, name := range names {
		if _, ok := arrays[name]; ok {
			g.Input = append(g.Input, &onnxpb.ValueInfoProto{Name: proto.String(name), Type: tensorType(Float)})
		}
	}
	if c.lengths {
		g.Initializer = append(g.Initializer, &onnxpb.TensorProto{Name: proto.String("lengths"), DataType: proto.Int32(int32(Int32)), Dims: []int64{testBatch}, Int32Data: []int32{2, testSteps, 1}})
	}
	return &onnxpb.ModelProto{IrVersion: proto.Int64(8), Graph: g, OpsetImport: []*onnxpb.OperatorSetIdProto{{Domain: proto.String(""), Version: proto.Int64(14)}}}, arrays
}

func tensorType(dtype DataType) *onnxpb.TypeProto {
	return &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(int32(dtype))}}}
}

// run computes a model's outputs, and the gradients of a weighed sum of them.
func (c recurrentCase) run(t *testing.T, more ...*onnxpb.AttributeProto) (outputs map[string]Value, grads map[string][]float64) {
	t.Helper()
	p, arrays := c.proto(more...)
	m := readProto(t, p)
	tape := autograd.NewTape(autograd.TapeConfig{})
	inputs, watched := map[string]Value{}, map[string]autograd.Variable{}
	for name, v := range arrays {
		watched[name] = tape.Watch(v)
		inputs[name] = Tensor(watched[name])
	}
	outputs, err := m.Run(tape, inputs)
	if err != nil {
		t.Fatal(err)
	}
	loss := tape.Const(autograd.Scalar(float32(0)))
	rng := rand.New(rand.NewPCG(3, 4))
	for _, out := range m.Outputs() {
		v := outputs[out.Name].Variable()
		loss = loss.Add(v.Mul(tape.Const(autograd.Normal(rng, autograd.Float32, 0, 1, v.Shape()...))).Sum())
	}
	all := loss.Backward()
	grads = map[string][]float64{}
	for name, v := range watched {
		grads[name] = all.Of(v).Floats()
	}
	return outputs, grads
}

// Layers that are one operation and those that are computed step by step, which a bound that
// nothing reaches makes them, have the same outputs and gradients.
func TestRecurrentLayersStepByStep(t *testing.T) {
	for _, operator := range []string{"LSTM", "GRU", "RNN"} {
		for _, direction := range []string{"forward", "reverse", "bidirectional"} {
			for bits := range 16 {
				c := recurrentCase{operator: operator, direction: direction, batchFirst: bits&1 != 0, lengths: bits&2 != 0, state: bits&4 != 0, bias: bits&8 != 0}
				if operator == "GRU" {
					c.attributes = append(c.attributes, testInt("linear_before_reset", 1))
				}
				outputs, grads := c.run(t)
				steps, stepGrads := c.run(t, testFloat("clip", 1e6))
				for name, v := range outputs {
					if err := near(v, steps[name], 1e-5); err != nil {
						t.Errorf("%+v: %s %v", c, name, err)
					}
				}
				for name, g := range grads {
					want := floats(Double, stepGrads[name], []int{len(g)})
					if err := near(floats(Double, g, []int{len(g)}), want, 1e-5); err != nil {
						t.Errorf("%+v: the gradient of %s %v", c, name, err)
					}
				}
			}
		}
	}
}

// What is peculiar to files is as onnxruntime has it.
func TestRecurrentLayersOfONNXRuntime(t *testing.T) {
	if !onnxruntime.Available() {
		t.Skipf("there is no onnxruntime: %s names none", onnxruntime.Variable)
	}
	all := []recurrentCase{
		{operator: "LSTM", direction: "bidirectional", lengths: true, state: true, bias: true},
		{operator: "LSTM", direction: "bidirectional", state: true, bias: true, peepholes: true},
		{operator: "LSTM", direction: "reverse", peepholes: true, lengths: true},
		{operator: "LSTM", direction: "forward", bias: true, attributes: []*onnxpb.AttributeProto{testFloat("clip", 0.3)}},
		{operator: "LSTM", direction: "forward", bias: true, attributes: []*onnxpb.AttributeProto{testInt("input_forget", 1)}},
		{operator: "LSTM", direction: "forward", bias: true, attributes: []*onnxpb.AttributeProto{testTexts("activations", "HardSigmoid", "Softsign", "Relu")}},
		{operator: "GRU", direction: "bidirectional", lengths: true, state: true, bias: true},
		{operator: "GRU", direction: "reverse", bias: true, attributes: []*onnxpb.AttributeProto{testInt("linear_before_reset", 1)}},
		{operator: "GRU", direction: "forward", bias: true, attributes: []*onnxpb.AttributeProto{testFloat("clip", 0.3)}},
		{operator: "GRU", direction: "forward", attributes: []*onnxpb.AttributeProto{testTexts("activations", "Sigmoid", "LeakyRelu"), testFloats("activation_alpha", 0.2)}},
		{operator: "RNN", direction: "bidirectional", lengths: true, state: true, bias: true, attributes: []*onnxpb.AttributeProto{testTexts("activations", "Relu", "Tanh")}},
		{operator: "RNN", direction: "forward", bias: true, attributes: []*onnxpb.AttributeProto{testTexts("activations", "Affine"), testFloats("activation_alpha", 0.2), testFloats("activation_beta", 0.1)}},
	}
	var cases []onnxruntime.Case
	for _, c := range all {
		p, arrays := c.proto()
		text, err := proto.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		inputs := map[string]onnxruntime.Array{}
		for name, v := range arrays {
			inputs[name] = onnxruntime.Array{Shape: v.Shape(), Float32s: v.Float32s()}
		}
		cases = append(cases, onnxruntime.Case{Model: text, Inputs: inputs})
	}
	results, err := onnxruntime.Run(cases)
	if err != nil {
		t.Fatal(err)
	}
	for i, c := range all {
		if results[i].Err != nil {
			t.Errorf("%+v: onnxruntime says %v", c, results[i].Err)
			continue
		}
		outputs, _ := c.run(t)
		for name, want := range results[i].Outputs {
			if err := near(outputs[name], floats(Float, slices.Clone(want.Float32s), want.Shape), 1e-5); err != nil {
				t.Errorf("case %d, %s: %s %v", i, fmt.Sprintf("%s %s %v", c.operator, c.direction, c.attributes), name, err)
			}
		}
	}
}
