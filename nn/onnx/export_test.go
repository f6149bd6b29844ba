package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/onnxruntime"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

type v = autograd.Variable

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func normal(seed uint64, shape ...int) v {
	return autograd.Normal(newRand(seed), autograd.Float32, 0, 1, shape...)
}

func tokensBelow(seed uint64, limit, count int) []int {
	rng := newRand(seed)
	list := make([]int, count)
	for i := range list {
		list[i] = rng.IntN(limit)
	}
	return list
}

// mustExport is the file, which keeps the rules of the format.
func mustExport(t *testing.T, model nn.Module, inputs []ExportInput, config ExportConfig) []byte {
	t.Helper()
	var file bytes.Buffer
	if err := Export(&file, model, inputs, config); err != nil {
		t.Fatal(err)
	}
	if err := checkStructure(file.Bytes()); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func parsed(t *testing.T, file []byte) *onnxpb.GraphProto {
	t.Helper()
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(file, m); err != nil {
		t.Fatal(err)
	}
	return m.GetGraph()
}

// operators is the operators of a file, in order, without constants.
func operators(t *testing.T, file []byte) []string {
	var ops []string
	for _, n := range parsed(t, file).GetNode() {
		if n.GetOpType() != "Constant" {
			ops = append(ops, n.GetOpType())
		}
	}
	return ops
}

// dynamicCase is a model that is exported with an example, and run with inputs of other sizes.
type dynamicCase struct {
	name    string
	model   nn.Module
	example []ExportInput
	forward func(t *autograd.Tape, in []ExportValue) []v
	runs    [][]ExportInput // other inputs, with Name as in the example
}

// value is the first output for inputs.
func (c *dynamicCase) value(inputs []ExportInput) v {
	forward := c.forward
	if forward == nil {
		forward, _ = forwardOf(c.model, inputs)
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	var values []ExportValue
	for _, in := range inputs {
		value := ExportValue{Tokens: in.Tokens, Shape: in.Shape}
		if in.Tokens == nil && in.Bytes == nil {
			value = ExportValue{Variable: tape.Const(in.Variable), Shape: in.Variable.Shape()}
		}
		if in.Bytes != nil {
			value.Variable = tape.Bytes(autograd.Float32, in.Bytes, in.Scale, in.Shift, in.Shape...)
		}
		values = append(values, value)
	}
	return forward(tape, values)[0].Clone()
}

func arraysOf(inputs []ExportInput) map[string]onnxruntime.Array {
	arrays := map[string]onnxruntime.Array{}
	for _, in := range inputs {
		switch a := (onnxruntime.Array{Shape: in.Shape}); {
		case in.Tokens != nil:
			for _, token := range in.Tokens {
				a.Int64s = append(a.Int64s, int64(token))
			}
			arrays[in.Name] = a
		case in.Bytes != nil:
			a.Bytes = in.Bytes
			arrays[in.Name] = a
		case in.Variable.DType() == autograd.Float64:
			arrays[in.Name] = onnxruntime.Array{Shape: in.Variable.Shape(), Float64s: in.Variable.Float64s()}
		default:
			arrays[in.Name] = onnxruntime.Array{Shape: in.Variable.Shape(), Float32s: in.Variable.Float32s()}
		}
	}
	return arrays
}

func dynamicCases() []dynamicCase {
	rng := newRand(1)
	batchTime := map[int]string{0: "batch", 1: "time"}
	numbers := func(dynamic map[int]string, shape ...int) []ExportInput {
		return []ExportInput{{Name: "x", Variable: normal(uint64(len(shape)+shape[0]), shape...), Dynamic: dynamic}}
	}
	tokens := func(dynamic map[int]string, shape ...int) []ExportInput {
		return []ExportInput{{Name: "x", Tokens: tokensBelow(uint64(shape[0]), 9, product(shape)), Shape: shape, Dynamic: dynamic}}
	}
	lstm := nn.NewLSTM(rng, 3, 4, nn.LSTMConfig{Layers: 2, Bidirectional: true})
	gru := nn.NewGRU(rng, 3, 4, nn.GRUConfig{TimeFirst: true})
	attention := nn.NewMultiheadAttention(rng, 8, 2, nn.MultiheadAttentionConfig{})
	more := nn.NewMultiheadAttention(rng, 8, 2, nn.MultiheadAttentionConfig{AddBiasKV: true, AddZeroAttention: true})
	embedding := nn.NewEmbedding(rng, 9, 4, nn.EmbeddingConfig{Padding: []int{1}})
	bags := nn.NewEmbeddingBag(rng, 9, 4, nn.EmbeddingBagConfig{})
	longest := nn.NewEmbedding(rng, 9, 4, nn.EmbeddingConfig{MaxNorm: 1.5, Sparse: true})
	cell := nn.NewLSTMCell(rng, 4, 5, nn.CellConfig{})
	return []dynamicCase{
		{name: "LSTM of any time", model: lstm, example: numbers(batchTime, 2, 5, 3), runs: [][]ExportInput{numbers(nil, 1, 5, 3), numbers(nil, 4, 9, 3), numbers(nil, 3, 1, 3)}},
		{name: "GRU, time first", model: gru, example: numbers(map[int]string{0: "time", 1: "batch"}, 5, 2, 3), runs: [][]ExportInput{numbers(nil, 1, 1, 3), numbers(nil, 7, 4, 3)}},
		{name: "states in and out", model: lstm, example: []ExportInput{{Name: "x", Variable: normal(1, 2, 3, 3)}, {Name: "h", Variable: normal(2, 4, 2, 4), Dynamic: map[int]string{1: "batch"}}, {Name: "c", Variable: normal(3, 4, 2, 4), Dynamic: map[int]string{1: "batch"}}},
			forward: func(t *autograd.Tape, in []ExportValue) []v {
				y, state := lstm.Run(in[0].Variable, nn.LSTMInput{State: nn.LSTMState{H: in[1].Variable, C: in[2].Variable}})
				return []v{autograd.Concat(0, state.H.Transpose(0, 1).Flatten(1), state.C.Transpose(0, 1).Flatten(1), y.Flatten(1).Slice(1, 0, 16))}
			}, runs: [][]ExportInput{{{Name: "x", Variable: normal(1, 5, 3, 3)}, {Name: "h", Variable: normal(2, 4, 5, 4)}, {Name: "c", Variable: normal(3, 4, 5, 4)}}}},
		{name: "lengths", model: gru, example: []ExportInput{{Name: "x", Variable: normal(1, 4, 3, 3), Dynamic: map[int]string{1: "batch"}}, {Name: "lengths", Tokens: []int{4, 2, 1}}},
			forward: func(t *autograd.Tape, in []ExportValue) []v {
				y, _ := gru.Run(in[0].Variable, nn.RecurrentInput{Lengths: in[1].Tokens})
				return []v{y}
			}, runs: [][]ExportInput{{{Name: "x", Variable: normal(2, 4, 5, 3)}, {Name: "lengths", Tokens: []int{3, 1, 4, 4, 2}, Shape: []int{5}}}}},
		{name: "tokens", model: embedding, example: tokens(batchTime, 2, 5), runs: [][]ExportInput{tokens(nil, 1, 1), tokens(nil, 6, 3)}},
		{name: "one axis of tokens", model: embedding, example: tokens(nil, 6), runs: [][]ExportInput{tokens(nil, 1), tokens(nil, 3)}},
		{name: "bags", model: bags, example: tokens(map[int]string{1: "tokens"}, 2, 3),
			forward: func(t *autograd.Tape, in []ExportValue) []v {
				half := len(in[0].Tokens) / 2
				return []v{bags.Lookup(t, [][]int{in[0].Tokens[:half]})}
			}, runs: [][]ExportInput{tokens(nil, 2, 5)}},
		{name: "a step at a time", example: tokens(nil, 3, 4), forward: func(t *autograd.Tape, in []ExportValue) []v {
			var state nn.LSTMState
			for step := range in[0].Shape[1] {
				var column []int
				for row := range in[0].Shape[0] {
					column = append(column, in[0].Tokens[row*in[0].Shape[1]+step])
				}
				state = cell.Next(embedding.Lookup(t, column), state)
			}
			return []v{state.H}
		}, runs: [][]ExportInput{tokens(nil, 1, 4), tokens(nil, 5, 4)}},
		{name: "attention with more keys, of any time", model: more, example: numbers(batchTime, 2, 5, 8), runs: [][]ExportInput{numbers(nil, 1, 7, 8), numbers(nil, 3, 2, 8)}},
		{name: "causal attention of any time", model: attention, example: numbers(batchTime, 2, 5, 8), forward: func(t *autograd.Tape, in []ExportValue) []v {
			y, _ := attention.Attend(in[0].Variable, in[0].Variable, in[0].Variable, nn.AttentionInput{Causal: true})
			return []v{y}
		}, runs: [][]ExportInput{numbers(nil, 1, 7, 8), numbers(nil, 3, 2, 8)}},
		{name: "positions, of which there are few", model: nn.NewLearnedPositions(rng, 6, 8, nn.PositionsConfig{}), example: numbers(batchTime, 4, 6, 8), runs: [][]ExportInput{numbers(nil, 1, 6, 8), numbers(nil, 7, 3, 8)}},
		{name: "sizes of images", example: numbers(map[int]string{0: "batch", 2: "height", 3: "width"}, 2, 2, 6, 8), forward: func(t *autograd.Tape, in []ExportValue) []v {
			x := in[0].Variable
			w := normal(9, 3, 2, 3, 3)
			y := autograd.Conv2d(x, w, v{}, autograd.ConvConfig{Padding: [2]int{1, 1}}).ReLU().MaxPool(autograd.MaxPoolConfig{Kernel: []int{3, 3}, Stride: []int{1, 1}})
			return []v{y.Mean(2).Sub(y.Max(2)).MulScalar(0.5)}
		}, runs: [][]ExportInput{numbers(nil, 1, 2, 9, 5)}},
		{name: "sizes that are computed", example: numbers(batchTime, 3, 5, 4), forward: func(t *autograd.Tape, in []ExportValue) []v {
			x := in[0].Variable
			batch, time := x.Dim(0), x.Dim(1)
			y := x.Reshape(batch*time, 4).Unflatten(0, batch, time).Permute(1, 0, 2).Reshape(time, batch*4) // two that vary
			y = y.Reshape(2*time, 2*batch).Slice(0, 1, 2*time-1)                                            // not from the ends of another axis
			last := x.Index(-1).Sum(0).Tile(batch, 1).Flip(0)
			return []v{autograd.Concat(0, y.Sum().BroadcastTo(batch, 4), last, x.SliceStep(1, -1, -time-1, -1).Index(0).Slice(0, 0, 1))}
		}, runs: [][]ExportInput{numbers(nil, 1, 4, 4), numbers(nil, 5, 2, 4)}},
		{name: "constants of the batch's size", example: numbers(nil, 3, 2), forward: func(t *autograd.Tape, in []ExportValue) []v {
			x := in[0].Variable
			return []v{x.Add(t.Const(autograd.Full(autograd.Float32, 3, x.Dim(0), 2))).Mul(t.Const(autograd.Eye(autograd.Float32, 2).Slice(0, 0, 1).BroadcastTo(x.Shape()...)))}
		}, runs: [][]ExportInput{numbers(nil, 1, 2), numbers(nil, 7, 2)}},
		{name: "numbers that are sizes", example: numbers(nil, 3, 2), forward: func(t *autograd.Tape, in []ExportValue) []v {
			x := in[0].Variable
			n := float64(x.Dim(0))
			return []v{x.Sum(0).DivScalar(n).Add(x.Sum(0).MulScalar(1 / (n + 1))).Sub(x.Var(0)).AddScalar(2*n + 1)}
		}, runs: [][]ExportInput{numbers(nil, 2, 2), numbers(nil, 9, 2)}},
		{name: "rows of tokens, and a greatest norm", model: longest, example: tokens(nil, 4, 2), runs: [][]ExportInput{tokens(nil, 1, 2), tokens(nil, 3, 2)}},
		{name: "float64", model: nn.Sequential{nn.NewLinear(rng, 4, 3, nn.LinearConfig{DType: autograd.Float64}), nn.Tanh{}, nn.NewLayerNorm([]int{3}, nn.LayerNormConfig{DType: autograd.Float64})},
			example: []ExportInput{{Name: "x", Variable: normal(1, 2, 4).AsType(autograd.Float64)}}, runs: [][]ExportInput{{{Name: "x", Variable: normal(2, 5, 4).AsType(autograd.Float64)}}}},
		{name: "one type from another", example: numbers(nil, 3, 2), forward: func(t *autograd.Tape, in []ExportValue) []v {
			return []v{in[0].Variable.AsType(autograd.Float64).Exp().AsType(autograd.Float32)}
		}, runs: [][]ExportInput{numbers(nil, 2, 2)}},
		{name: "indices from the end", example: numbers(nil, 4, 2), forward: func(t *autograd.Tape, in []ExportValue) []v {
			return []v{in[0].Variable.IndexSelect(0, []int{-1, 0, 1, -2})}
		}, runs: [][]ExportInput{numbers(nil, 2, 2), numbers(nil, 9, 2)}},
		{name: "indices that count", example: numbers(nil, 3, 2), forward: func(t *autograd.Tape, in []ExportValue) []v {
			var even []int
			for i := range in[0].Shape[0] {
				even = append(even, i*2)
			}
			return []v{in[0].Variable.Reshape(-1, 1).IndexSelect(0, even)}
		}, runs: [][]ExportInput{numbers(nil, 6, 2)}},
		{name: "bytes", example: []ExportInput{{Name: "x", Bytes: []byte("some pixels!"), Shape: []int{3, 4}, Scale: 1. / 255, Shift: -0.5}}, forward: func(t *autograd.Tape, in []ExportValue) []v {
			return []v{in[0].Variable.Sin()}
		}, runs: [][]ExportInput{{{Name: "x", Bytes: []byte{0, 255, 3, 4}, Shape: []int{1, 4}, Scale: 1. / 255, Shift: -0.5}}}},
	}
}

// What depends on the sizes of dynamic axes is computed from them in the file.
func TestExportDynamicAxes(t *testing.T) {
	run := newRunner()
	for _, c := range dynamicCases() {
		t.Run(c.name, func(t *testing.T) {
			file := mustExport(t, c.model, c.example, ExportConfig{Forward: c.forward})
			for k, inputs := range append([][]ExportInput{c.example}, c.runs...) {
				for i := range inputs {
					if inputs[i].Shape == nil {
						inputs[i].Shape = c.example[i].Shape
					}
					if inputs[i].Shape == nil && inputs[i].Tokens != nil {
						inputs[i].Shape = []int{len(inputs[i].Tokens)}
					}
				}
				run.add(fmt.Sprintf("%s/%d", c.name, k), file, arraysOf(inputs), c.value(inputs))
			}
		})
	}
	run.compare(t)
}

// Weights have the names that a state_dict has, shared ones the first; nothing else is stored twice.
func TestExportNames(t *testing.T) {
	rng := newRand(1)
	linear := nn.NewLinear(rng, 4, 4, nn.LinearConfig{})
	model := nn.Sequential{nn.NewConv1d(rng, 2, 2, []int{3}, nn.ConvConfig{}), nn.NewBatchNorm1d(2, nn.BatchNormConfig{}), nn.NewLSTM(rng, 4, 4, nn.LSTMConfig{}), linear, nn.ReLU{}, linear}
	file := mustExport(t, model, []ExportInput{{Name: "image", Variable: normal(1, 2, 2, 6)}}, ExportConfig{
		Outputs: []string{"class"}, Name: "classifier", Producer: "a test", Doc: "It classifies.", Metadata: map[string]string{"b": "2", "a": "1"},
	})
	g := parsed(t, file)
	var names []string
	for _, a := range g.GetInitializer() {
		names = append(names, a.GetName())
	}
	slices.Sort(names)
	want := []string{"0.bias", "0.weight", "1.bias", "1.running_mean", "1.running_var", "1.weight", "2.bias_hh_l0", "2.bias_ih_l0", "2.weight_hh_l0", "2.weight_ih_l0", "3.bias", "3.weight"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(file, m); err != nil {
		t.Fatal(err)
	}
	if m.GetProducerName() != "a test" || m.GetDocString() != "It classifies." || g.GetName() != "classifier" || len(m.GetMetadataProps()) != 2 || m.GetMetadataProps()[0].GetKey() != "a" {
		t.Errorf("the texts are %q, %q, %q, %v", m.GetProducerName(), m.GetDocString(), g.GetName(), m.GetMetadataProps())
	}
	if g.GetInput()[0].GetName() != "image" || g.GetOutput()[0].GetName() != "class" || g.GetNode()[0].GetName() != "/0/Conv" {
		t.Errorf("input %s, output %s, first node %s", g.GetInput()[0].GetName(), g.GetOutput()[0].GetName(), g.GetNode()[0].GetName())
	}
	if dim := g.GetOutput()[0].GetType().GetTensorType().GetShape().GetDim()[0].GetDimParam(); dim != "batch" {
		t.Errorf("the first axis of the output is %q", dim)
	}
	if again := mustExport(t, model, []ExportInput{{Name: "image", Variable: normal(1, 2, 2, 6)}}, ExportConfig{
		Outputs: []string{"class"}, Name: "classifier", Producer: "a test", Doc: "It classifies.", Metadata: map[string]string{"b": "2", "a": "1"},
	}); !bytes.Equal(file, again) {
		t.Error("the same model gives another file")
	}
}

// Layers become the operators that are made for them, and nothing around.
func TestExportOperators(t *testing.T) {
	rng := newRand(1)
	for _, test := range []struct {
		name  string
		layer nn.Layer
		shape []int
		want  string
	}{
		{"perceptron", nn.Sequential{nn.Flatten{}, nn.NewLinear(rng, 12, 4, nn.LinearConfig{}), nn.ReLU{}, nn.Dropout{P: 0.5}, nn.NewLinear(rng, 4, 2, nn.LinearConfig{})}, []int{2, 3, 4}, "Reshape Gemm Relu Gemm"},
		{"convolutions", nn.Sequential{nn.NewConv1d(rng, 2, 3, []int{3}, nn.ConvConfig{}), nn.ReLU{}, nn.NewMaxPool1d([]int{2}, nn.MaxPoolConfig{})}, []int{2, 2, 8}, "Conv Relu MaxPool"},
		{"normalizations", nn.Sequential{nn.NewBatchNorm1d(3, nn.BatchNormConfig{}), nn.NewLayerNorm([]int{4}, nn.LayerNormConfig{}), nn.NewInstanceNorm1d(3, nn.InstanceNormConfig{})}, []int{2, 3, 4}, "BatchNormalization LayerNormalization InstanceNormalization"},
		{"rows", nn.NewLinear(rng, 4, 2, nn.LinearConfig{}), []int{2, 3, 4}, "Transpose MatMul Add"},
	} {
		got := strings.Join(operators(t, mustExport(t, test.layer, []ExportInput{{Variable: normal(1, test.shape...)}}, ExportConfig{})), " ")
		if got != test.want {
			t.Errorf("%s: %s, expected %s", test.name, got, test.want)
		}
	}
	embedding := nn.NewEmbedding(rng, 5, 2, nn.EmbeddingConfig{Padding: []int{0}})
	if got := operators(t, mustExport(t, embedding, []ExportInput{{Tokens: []int{0, 1, 2, 3}, Shape: []int{2, 2}}}, ExportConfig{})); !slices.Equal(got, []string{"Gather"}) {
		t.Errorf("Embedding: %v", got)
	}
}

// inner is a layer of one's own.
type inner struct{ layer nn.Layer }

func (m *inner) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("layer", m.layer)) }
func (m *inner) Forward(x v) v                     { return m.layer.Forward(x) }

// What cannot be written is an error that says what and where.
func TestExportErrors(t *testing.T) {
	x := []ExportInput{{Variable: normal(1, 3, 4)}}
	forward := func(f func(x v) v) ExportConfig {
		return ExportConfig{Forward: func(t *autograd.Tape, in []ExportValue) []v { return []v{f(in[0].Variable)} }}
	}
	function := &autograd.Function{Name: "my function", Forward: func(xs []v) v { return xs[0].Clone() }, VJP: func(xs []v, y, g v) []v { return []v{g} }}
	embedding := nn.NewEmbedding(newRand(1), 5, 2, nn.EmbeddingConfig{})
	for _, test := range []struct {
		name   string
		model  nn.Module
		inputs []ExportInput
		config ExportConfig
		says   string
	}{
		{"no inputs", nil, nil, ExportConfig{}, "there are no inputs"},
		{"nothing to compute", nil, x, ExportConfig{}, "set ExportConfig.Forward"},
		{"tokens for a layer of numbers", nn.ReLU{}, []ExportInput{{Tokens: []int{1}}}, ExportConfig{}, "nn.ReLU is no function of these inputs"},
		{"numbers for a layer of tokens", embedding, x, ExportConfig{}, "set ExportConfig.Forward"},
		{"two examples", nil, []ExportInput{{Variable: normal(1, 2), Tokens: []int{1}}}, forward(v.Exp), "expected one of Variable, Tokens and Bytes"},
		{"no elements", nn.ReLU{}, []ExportInput{{Variable: normal(1, 0, 2)}}, ExportConfig{}, "there are none"},
		{"a shape that does not fit", nil, []ExportInput{{Tokens: []int{1, 2}, Shape: []int{3}}}, forward(v.Exp), "shape [3] does not fit 2 elements"},
		{"a dynamic axis that is none", nn.ReLU{}, []ExportInput{{Variable: normal(1, 2), Dynamic: map[int]string{1: "time"}}}, ExportConfig{}, "Dynamic names axis 1"},
		{"axes of one name and two sizes", nil, []ExportInput{{Variable: normal(1, 2)}, {Variable: normal(1, 3)}}, forward(v.Exp), `the axes named "batch" have sizes 2 and 3`},
		{"one name twice", nil, []ExportInput{{Name: "a", Variable: normal(1, 2)}, {Name: "a", Variable: normal(1, 2)}}, forward(v.Exp), `two inputs have the name "a"`},
		{"the name of an output is taken", nn.ReLU{}, []ExportInput{{Name: "y", Variable: normal(1, 2)}}, ExportConfig{}, `the name "y" of an output is taken`},
		{"too few names", nn.ReLU{}, x, ExportConfig{Outputs: []string{}}, "0 names for 1 outputs"},
		{"no outputs", nil, x, ExportConfig{Forward: func(*autograd.Tape, []ExportValue) []v { return nil }}, "the model has no outputs"},
		{"an output of nothing", nil, x, forward(func(v) v { return autograd.Ones(autograd.Float32, 2) }), "output 0 was not computed on the tape"},
		{"a model that does not take the input", nn.Sequential{nn.NewLinear(newRand(1), 5, 2, nn.LinearConfig{})}, x, ExportConfig{}, "batch 3: 0 (Linear): autograd: linear of [3 4] and [2 5]"},
		{"an operation without counterpart", nn.Sequential{nn.ReLU{}, &inner{nn.Func(v.Lgamma)}}, x, ExportConfig{}, "layer 1: lgamma: it has no counterpart in ONNX: ONNX has no such special function"},
		{"a function of one's own", nil, x, forward(func(x v) v { return function.Apply(x).Exp() }), "my function: the operation is not one of this library"},
		{"dropout by chance", nil, x, forward(func(x v) v { return autograd.Dropout(x, 0.5, 1) }), "dropout: it has no counterpart"},
		{"a number taken out", nil, x, forward(func(x v) v { return x.MulScalar(x.Sum().Item()) }), "mul: an operand that is a constant differs: it depends on the values"},
		{"an index by value", nil, x, forward(func(x v) v { return x.IndexSelect(0, []int{x.Sum(1).ArgMax(0)[0]}) }), "gather rows: the indices: it depends on the values"},
		{"a branch by value", nil, x, forward(func(x v) v {
			if x.Index(0, 0).Item() == normal(1, 3, 4).At(0, 0) {
				return x.Exp()
			}
			return x.Sin()
		}), "exp: the computation has another structure"},
		{"a loop over the batch", nil, x, forward(func(x v) v {
			sum := x.Index(0)
			for i := 1; i < x.Dim(0); i++ {
				sum = sum.Add(x.Index(i))
			}
			return sum
		}), "operations and arrays for the example"},
		{"a constant that differs along the batch", nil, x, forward(func(x v) v { return x.Add(autograd.Arange(autograd.Float32, 0, float64(x.Dim(0)), 1).Unsqueeze(1)) }), "differs along a dynamic axis"},
		{"a size that is no polynomial", nil, x, forward(func(x v) v { return x.Reshape(-1).Slice(0, 0, x.Dim(0)/2).Mul(x.Sum()) }), "depends on the sizes of dynamic axes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var file bytes.Buffer
			err := Export(&file, test.model, test.inputs, test.config)
			if err == nil || !strings.HasPrefix(err.Error(), "onnx: Export: ") || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
			if file.Len() > 0 {
				t.Error("something was written")
			}
		})
	}
}

type failingWriter struct{}

var errFull = errors.New("the disk is full")

func (failingWriter) Write([]byte) (int, error) { return 0, errFull }

// A file is replaced when the new one is complete.
func TestExportFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "model.onnx")
	if err := os.WriteFile(path, []byte("before"), 0o666); err != nil {
		t.Fatal(err)
	}
	inputs := []ExportInput{{Variable: normal(1, 2, 3)}}
	if err := ExportFile(path, nn.Func(v.Lgamma), inputs, ExportConfig{}); err == nil || !strings.Contains(err.Error(), path+": lgamma") && !strings.Contains(err.Error(), path+": layer") {
		t.Errorf("got %v", err)
	}
	if data, _ := os.ReadFile(path); string(data) != "before" {
		t.Error("the file was written to")
	}
	if err := ExportFile(path, nn.ReLU{}, inputs, ExportConfig{}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil || checkStructure(data) != nil {
		t.Errorf("%v, %v", err, checkStructure(data))
	}
	if err := Export(failingWriter{}, nn.ReLU{}, inputs, ExportConfig{}); !errors.Is(err, errFull) {
		t.Errorf("got %v", err)
	}
}
