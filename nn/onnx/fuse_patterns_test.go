package onnx

import (
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// patternTest is a file whose nodes are put together, or are not though it looks like it.
type patternTest struct {
	name    string
	pattern string // a row of patterns that must be found, or with none set must not be
	none    bool
	left    string // the operators that are left, unless empty
	file
	config Config
}

// inference is of models that are only run.
var inference = Config{Inference: true}

// weight is a tensor of random numbers that depend on its name and seed alone, from ½ to 1½.
func weight(name string, shape ...int) *onnxpb.TensorProto {
	h := fnv.New64()
	h.Write([]byte(name))
	rng := rand.New(rand.NewPCG(h.Sum64(), 1))
	size, _ := sizeOf(shape)
	data := make([]float32, size)
	for i := range data {
		data[i] = 0.5 + rng.Float32()
	}
	return floatTensor(name, shape, data...)
}

// scalars are constants of one element, by name.
func scalars(values map[string]float32) []*onnxpb.NodeProto {
	var nodes []*onnxpb.NodeProto
	for _, name := range slices.Sorted(maps.Keys(values)) {
		nodes = append(nodes, nodeOf(name+" = Constant()", attribute("value_float", float64(values[name]))))
	}
	return nodes
}

// lines are nodes, one a line, with constants of one element in front of them.
func lines(values map[string]float32, text string) []*onnxpb.NodeProto {
	nodes := scalars(values)
	for line := range strings.SplitSeq(strings.TrimSpace(text), "\n") {
		if line = strings.TrimSpace(line); line == "" {
			continue
		}
		call, attributes, _ := strings.Cut(line, ";")
		var list []*onnxpb.AttributeProto
		for _, field := range strings.Fields(attributes) {
			name, value, _ := strings.Cut(field, "=")
			list = append(list, attribute(name, attributeValue(value)))
		}
		nodes = append(nodes, nodeOf(strings.TrimSpace(call), list...))
	}
	return nodes
}

// attributeValue is an attribute: a list of integers in brackets, a number with a point, an integer or text.
func attributeValue(value string) any {
	if inner, ok := strings.CutPrefix(value, "["); ok {
		list := []int{}
		for part := range strings.SplitSeq(strings.TrimSuffix(inner, "]"), ",") {
			var i int
			fmt.Sscan(part, &i)
			list = append(list, i)
		}
		return list
	}
	var i int
	var x float64
	if strings.Contains(value, ".") {
		if _, err := fmt.Sscan(value, &x); err == nil {
			return x
		}
	}
	if _, err := fmt.Sscan(value, &i); err == nil {
		return i
	}
	return value
}

// inputsFor draws what a model is given. Sizes that may be any are 3, or by name.
func inputsFor(m *Model, seed uint64) map[string]Value {
	rng := rand.New(rand.NewPCG(seed, 7))
	inputs := map[string]Value{}
	for _, in := range m.Inputs() {
		var shape []int
		for _, d := range in.Shape {
			size := d.Size
			if size < 0 {
				size = 3
			}
			shape = append(shape, size)
		}
		inputs[in.Name] = Tensor(autograd.Normal(rng, in.Type.dtype(), 0, 1, shape...))
	}
	return inputs
}

func operatorsOf(m *Model) string {
	var names []string
	for _, n := range m.main.nodes {
		name := n.op.name
		if n.relu {
			name += "+Relu"
		}
		if n.pool != nil {
			name += "+MaxPool"
		}
		names = append(names, name)
	}
	return strings.Join(names, " ")
}

var allPatterns = slices.Concat(movementPatterns, convolutionPatterns, productPatterns, functionPatterns, normalizationPatterns, attentionPatterns, encoderPatterns, recurrentPatterns)

// TestPatterns compares files whose nodes are put together with what they are as they are written.
func TestPatterns(t *testing.T) {
	found, missed := map[string]bool{}, map[string]bool{}
	for _, test := range allPatterns {
		t.Run(test.pattern+"/"+test.name, func(t *testing.T) {
			fused := test.mustRead(t, test.config)
			plain := test.config
			plain.asWritten = true
			compareModels(t, fused, test.mustRead(t, plain))
			if (fused.fused[test.pattern] > 0) == test.none {
				t.Errorf("the pattern was there %d times; there are %s", fused.fused[test.pattern], operatorsOf(fused))
			}
			if got := operatorsOf(fused); test.left != "" && got != test.left {
				t.Errorf("there are %s, expected %s", got, test.left)
			}
		})
		if test.none {
			missed[test.pattern] = true
		} else {
			found[test.pattern] = true
		}
	}
	for _, p := range patterns {
		if !found[p.name] || !missed[p.name] {
			t.Errorf("%q: there is a test where it is: %t, where it is not: %t", p.name, found[p.name], missed[p.name])
		}
	}
}

// compareModels compares outputs and gradients, without a tape, in inference and in training.
func compareModels(t *testing.T, got, want *Model) {
	t.Helper()
	compared := 0
	for seed, tape := range []*autograd.Tape{nil, autograd.NewTape(autograd.TapeConfig{NoGrad: true}), autograd.NewTape(autograd.TapeConfig{})} {
		inputs := inputsFor(want, uint64(seed))
		g, w := evaluateFor(t, got, tape, inputs), evaluateFor(t, want, tape, inputs)
		for name, v := range w {
			if v == (autograd.Variable{}) {
				continue
			}
			tolerance := 2e-5
			if strings.HasPrefix(name, "gradient") {
				tolerance = 2e-4
			}
			if err := near(Tensor(g[name]), Tensor(v), tolerance); err != nil {
				t.Errorf("%s %v", name, err)
			}
			if slices.ContainsFunc(v.Floats(), func(x float64) bool { return x != 0 && !math.IsNaN(x) }) {
				compared++
			}
		}
	}
	if compared < 4 {
		t.Errorf("%d arrays were compared", compared)
	}
}

// evaluateFor is the outputs of a model and, on a tape that records, the gradients of parameters and inputs.
func evaluateFor(t *testing.T, m *Model, tape *autograd.Tape, inputs map[string]Value) map[string]autograd.Variable {
	t.Helper()
	watched := map[string]Value{}
	records := tape != nil && tape.Recording()
	for name, v := range inputs {
		if records {
			v = Tensor(tape.Watch(v.float))
		}
		watched[name] = v
	}
	outputs, err := m.Run(tape, watched)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]autograd.Variable{}
	sum := autograd.Variable{}
	for _, name := range slices.Sorted(maps.Keys(outputs)) {
		v := outputs[name].float
		if !outputs[name].isTensor() {
			continue
		}
		all["output "+name] = v
		if !records {
			continue
		}
		weights := autograd.Normal(rand.New(rand.NewPCG(5, 6)), v.DType(), 0, 1, v.Shape()...)
		if loss := v.Mul(v).Mul(weights).Sum(); sum == (autograd.Variable{}) {
			sum = loss
		} else {
			sum = sum.Add(loss)
		}
	}
	if records {
		grads := sum.Backward()
		for name, v := range watched {
			all["gradient of "+name] = grads.Of(v.float)
		}
		for name, p := range nn.Params(m) {
			all["gradient of "+name] = grads.Of(p)
		}
	}
	return all
}
