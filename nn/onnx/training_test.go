package onnx

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// normalization is a file with a batch normalization of two channels.
var normalization = file{
	inputs: "x float n 2", outputs: "y float n 2",
	initializers: []*onnxpb.TensorProto{
		floatTensor("bn.weight", []int{2}, 1, 2), floatTensor("bn.bias", []int{2}, 0, 1),
		floatTensor("bn.running_mean", []int{2}, 0.5, -0.5), floatTensor("bn.running_var", []int{2}, 2, 3),
	},
	nodes: []*onnxpb.NodeProto{nodeOf("y = BatchNormalization(x, bn.weight, bn.bias, bn.running_mean, bn.running_var)", attribute("momentum", 0.8))},
}

// In training a batch normalization of a file does what the layer of package nn does, running
// statistics included, and in inference too.
func TestBatchNormalizationTrains(t *testing.T) {
	m := normalization.mustRead(t, Config{})
	layer := nn.NewBatchNorm1d(2, nn.BatchNormConfig{Momentum: 0.2})
	layer.Weight.CopyFrom(autograd.New([]float32{1, 2}, 2))
	layer.Bias.CopyFrom(autograd.New([]float32{0, 1}, 2))
	layer.RunningMean.CopyFrom(autograd.New([]float32{0.5, -0.5}, 2))
	layer.RunningVar.CopyFrom(autograd.New([]float32{2, 3}, 2))
	tape := autograd.NewTape(autograd.TapeConfig{})
	rng := rand.New(rand.NewPCG(1, 2))
	for step := range 6 {
		tape.SetTraining(step%3 != 2)
		x := tape.Const(autograd.Normal(rng, autograd.Float32, 1, 2, 5, 2))
		got, want := m.Forward(x), layer.Forward(x)
		closeTo(t, "output", got, want)
		a, b := got.Square().Sum().Backward(), want.Square().Sum().Backward()
		params := map[string]autograd.Variable{"bn.weight": layer.Weight, "bn.bias": layer.Bias}
		for name, w := range nn.Params(m) {
			closeTo(t, "gradient of "+name, a.Of(w), b.Of(params[name]))
		}
		tape.Commit()
		buffers := map[string]autograd.Variable{"bn.running_mean": layer.RunningMean, "bn.running_var": layer.RunningVar}
		count := 0
		for name, buffer := range nn.Buffers(m) {
			closeTo(t, name, buffer, buffers[name])
			count++
		}
		if count != 2 {
			t.Fatalf("there are %d buffers", count)
		}
		tape.Reset()
	}
}

// closeTo compares elements within what float32 allows.
func closeTo(t *testing.T, what string, got, want autograd.Variable) {
	t.Helper()
	g, w := got.Floats(), want.Floats()
	if len(g) != len(w) {
		t.Fatalf("%s: has shape %v, expected %v", what, got.Shape(), want.Shape())
	}
	for i := range w {
		if !(math.Abs(g[i]-w[i]) <= 1e-6*(1+math.Abs(w[i]))) {
			t.Errorf("%s: element %d is %v, expected %v", what, i, g[i], w[i])
		}
	}
}

// A model is saved and loaded as any is, running statistics too.
func TestModelSaves(t *testing.T) {
	m := normalization.mustRead(t, Config{})
	var saved bytes.Buffer
	if err := nn.Save(&saved, m, nn.SaveConfig{}); err != nil {
		t.Fatal(err)
	}
	for _, w := range nn.Params(m) {
		clear(w.Float32s())
	}
	for _, b := range nn.Buffers(m) {
		clear(b.Float32s())
	}
	if err := nn.Load(bytes.NewReader(saved.Bytes()), m, nn.LoadConfig{}); err != nil {
		t.Fatal(err)
	}
	x := autograd.New([]float32{1, 2, 3, 4}, 2, 2)
	closeTo(t, "output", m.Forward(x), normalization.mustRead(t, Config{}).Forward(x))
}

// Dropout drops in training, by the tape's chance, and not in inference, whatever version.
func TestDropoutTrains(t *testing.T) {
	for _, version := range []int{6, 7, 10, 13} {
		f := file{version: version, inputs: "x float n", outputs: "y float n"}
		if version < 12 {
			f.nodes = []*onnxpb.NodeProto{nodeOf("y = Dropout(x)", attribute("ratio", 0.25))}
		} else {
			f.initializers = []*onnxpb.TensorProto{floatTensor("ratio", nil, 0.25)}
			f.nodes = []*onnxpb.NodeProto{nodeOf("y = Dropout(x, ratio)")}
		}
		m := f.mustRead(t, Config{})
		if n := nn.NumParams(m); n != 0 {
			t.Errorf("version %d: the ratio is a parameter", version)
		}
		tape := autograd.NewTape(autograd.TapeConfig{Seed: 3})
		x := tape.Const(autograd.Ones(autograd.Float32, 10000))
		if y := m.Forward(x); y.Sum().Item() != 10000 {
			t.Errorf("version %d: elements are dropped in inference", version)
		}
		tape.SetTraining(true)
		first, second := m.Forward(x).Float32s(), m.Forward(x).Float32s()
		dropped, equal := 0, 0
		for i := range first {
			if first[i] == 0 {
				dropped++
			} else if math.Abs(float64(first[i])-4.0/3) > 1e-6 {
				t.Fatalf("version %d: an element is %v", version, first[i])
			}
			if first[i] == second[i] {
				equal++
			}
		}
		if dropped < 2350 || dropped > 2650 || equal == len(first) {
			t.Errorf("version %d: %d of 10000 elements are dropped, %d alike in both calls", version, dropped, equal)
		}
	}
}

// Gradients flow through operators to the inputs and weights: checked by differences, of models
// in double precision.
func TestGradients(t *testing.T) {
	tests := map[string][]*onnxpb.NodeProto{
		"arithmetic": {nodeOf("a = Mul(x, x)"), nodeOf("b = Div(a, two)"), nodeOf("c = Pow(two, x)"), nodeOf("d = Sub(c, b)"), nodeOf("e = Max(d, x)"), nodeOf("y = Mean(e, x, d)")},
		"choices":    {nodeOf("p = Greater(x, zero)"), nodeOf("q = Where(p, x, two)"), nodeOf("f = Cast(p)", attribute("to", int(Double))), nodeOf("y = Mul(q, f)")},
		"movement":   {nodeOf("a = Transpose(x)"), nodeOf("b = Slice(a, start, end, axis, step)"), nodeOf("c = Concat(b, a)", attribute("axis", 0)), nodeOf("d = Pad(c, widths)", attribute("mode", "reflect")), nodeOf("y = Expand(d, shape)")},
		"indices":    {nodeOf("a = Gather(x, index)", attribute("axis", 1)), nodeOf("b = GatherElements(a, elements)"), nodeOf("c = ScatterND(x, places, row)", attribute("reduction", "add")), nodeOf("d = ReduceSum(b)"), nodeOf("y = Mul(c, d)")},
		"reductions": {nodeOf("a = ReduceLogSumExp(x)", attribute("axes", []int{1})), nodeOf("b = ReduceL2(x)", attribute("axes", []int{-1})), nodeOf("c = ReduceProd(x)", attribute("axes", []int{1})), nodeOf("d = CumSum(x, axis)", attribute("exclusive", 1), attribute("reverse", 1)), nodeOf("e = Sum(a, b, c)"), nodeOf("y = Mul(d, e)")},
		"products":   {nodeOf("a = Gemm(x, x, row)", attribute("transB", 1), attribute("alpha", 0.5), attribute("beta", 2.0)), nodeOf("b = Einsum(a, x)", attribute("equation", "ij,jk->ki")), nodeOf("c = Softmax(b)"), nodeOf("y = LogSoftmax(c)", attribute("axis", 0))},
		"windows":    {nodeOf("a = Reshape(x, image)"), nodeOf("b = Conv(a, kernel)", attribute("pads", []int{1, 0, 2, 1}), attribute("strides", []int{2, 1})), nodeOf("c = AveragePool(b)", attribute("kernel_shape", []int{2, 2}), attribute("auto_pad", "SAME_UPPER"), attribute("count_include_pad", 1)), nodeOf("d = ConvTranspose(c, kernel)", attribute("strides", []int{2, 2}), attribute("pads", []int{1, 0, 0, 1})), nodeOf("e = MaxPool(d)", attribute("kernel_shape", []int{2, 2}), attribute("ceil_mode", 1)), nodeOf("y = LRN(e)", attribute("size", 3))},
		"activation": {nodeOf("a = Celu(x)", attribute("alpha", 0.7)), nodeOf("b = ThresholdedRelu(a)", attribute("alpha", 0.3)), nodeOf("c = Shrink(b)", attribute("bias", 0.1)), nodeOf("d = HardSigmoid(x)"), nodeOf("e = PRelu(x, two)"), nodeOf("f = Selu(e)"), nodeOf("y = Sum(c, d, f)")},
	}
	doubles := func(name string, shape []int, data ...float64) *onnxpb.TensorProto {
		p := floatTensor(name, shape)
		*p.DataType, p.DoubleData = int32(Double), data
		return p
	}
	constants := []*onnxpb.TensorProto{
		doubles("two", []int{1}, 2), doubles("zero", []int{1}, 0), doubles("row", []int{1, 3}, 1, 2, 3),
		doubles("kernel", []int{1, 1, 2, 2}, 1, -2, 3, 0.5),
		intTensor("start", 2), intTensor("end", -4), intTensor("axis", 0), intTensor("step", -1),
		intTensor("widths", 1, 2, 2, 0), intTensor("shape", 2, 1, 1), intTensor("index", 2, 0, -1), intTensor("image", 1, 1, 3, 3),
		{Name: ref("elements"), DataType: ref(int32(Int64)), Dims: []int64{2, 3}, Int64Data: []int64{0, -1, 1, 2, 2, 0}},
		{Name: ref("places"), DataType: ref(int32(Int64)), Dims: []int64{1, 1}, Int64Data: []int64{1}},
	}
	x := autograd.New([]float64{0.6, -1.1, 0.25, 1.7, -0.4, 0.9, -2.2, 1.3, 0.8}, 3, 3)
	for name, nodes := range tests {
		t.Run(name, func(t *testing.T) {
			m := file{inputs: "x double 3 3", outputs: "y", initializers: constants, nodes: nodes}.mustRead(t, Config{Trainable: func(string) bool { return false }})
			_, err := gradcheck.Check(func(xs []autograd.Variable) autograd.Variable { return m.Forward(xs[0]) }, []autograd.Variable{x}, gradcheck.Config{})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func ref[T any](x T) *T { return &x }
