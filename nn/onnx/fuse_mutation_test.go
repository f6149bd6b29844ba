package onnx

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// The files of all patterns with something changed, compared with what they are as they are written.

// changed is a copy of a file, whose nodes and lists may be written to.
func (f file) changed() file {
	f.initializers = slices.Clone(f.initializers)
	nodes := f.nodes
	f.nodes = nil
	for _, n := range nodes {
		f.nodes = append(f.nodes, proto.Clone(n).(*onnxpb.NodeProto))
	}
	return f
}

// sameAsWritten compares what a file gives without a tape and on one, if it can be read and run as it is
// written, and reports whether it can. The other way it may be more lenient, but must not panic.
func sameAsWritten(t *testing.T, what string, f file, config Config, tapes autograd.TapeConfig) bool {
	t.Helper()
	plain := config
	plain.asWritten = true
	want, err := f.read(plain)
	got, fusedErr := f.read(config)
	if err != nil || fusedErr != nil {
		if err == nil || fusedErr == nil || !typedError(fusedErr) {
			t.Errorf("%s: %v, as written %v", what, fusedErr, err)
		}
		return false
	}
	inputs := inputsForAll(f)
	for _, tape := range []*autograd.Tape{nil, autograd.NewTape(tapes)} {
		values, err := want.Run(tape, inputs)
		fused, fusedErr := got.Run(tape, inputs)
		if err != nil {
			if fusedErr != nil && !typedError(fusedErr) {
				t.Errorf("%s: %T %v", what, fusedErr, fusedErr)
			}
			return false
		}
		if fusedErr != nil {
			t.Errorf("%s: %v (there are %s)", what, fusedErr, operatorsOf(got))
			return true
		}
		for name, v := range values {
			if !v.isTensor() || slices.ContainsFunc(v.float.Floats(), func(x float64) bool { return x != x || max(x, -x) > 1e20 }) {
				continue
			}
			if err := near(fused[name], v, 1e-4); err != nil {
				t.Errorf("%s: %s %v (there are %s)", what, name, err, operatorsOf(got))
			}
		}
	}
	return true
}

// inputsForAll is inputs by what a file says of them, where a truth value is true.
func inputsForAll(f file) map[string]Value {
	m := &Model{}
	inputs := map[string]Value{}
	for _, in := range infos(f.inputs) {
		if info := infoOf(in); info.Type == Bool {
			inputs[info.Name] = ofHost(host.NewBools([]bool{true}).Reshape())
		} else {
			m.inputs = append(m.inputs, info)
		}
	}
	for name, v := range inputsFor(m, 3) {
		inputs[name] = v
	}
	return inputs
}

// What lies between nodes may be an output of the model, or used by a graph within it, in which nodes are
// put together or taken away before those around it.
func TestPatternsUsedElsewhere(t *testing.T) {
	compared := 0
	for _, test := range allPatterns {
		for _, n := range test.nodes {
			slot := n.GetOutput()[0]
			if n.GetOpType() == "Constant" {
				continue
			}
			f := test.changed()
			then := testGraph("then", nil, []string{"a"}, nodeOf("same = Identity("+slot+")"), nodeOf("a = Relu(same)"))
			otherwise := testGraph("otherwise", nil, []string{"b"}, nodeOf("b = Neg("+slot+")"))
			f.inputs += ", condition bool"
			f.outputs += ", inner"
			f.nodes = append(f.nodes, nodeOf("inner = If(condition)", testSubgraph("then_branch", then), testSubgraph("else_branch", otherwise)))
			if sameAsWritten(t, test.pattern+"/"+test.name+"/"+slot+" in a branch", f, test.config, autograd.TapeConfig{}) {
				compared++
			}
			if names := strings.Fields(strings.ReplaceAll(test.outputs, ",", " ")); slices.Contains(names, slot) {
				continue
			}
			f = test.changed()
			f.outputs += ", " + slot
			if sameAsWritten(t, test.pattern+"/"+test.name+"/"+slot+" as an output", f, test.config, autograd.TapeConfig{}) {
				compared++
			}
		}
	}
	if compared < 1000 {
		t.Errorf("%d models were compared", compared)
	}
}

// In training a model that is not for inference only gives what its nodes do.
func TestPatternsInTraining(t *testing.T) {
	constant := Config{Trainable: func(string) bool { return false }}
	for _, test := range allPatterns {
		if slices.ContainsFunc(test.nodes, func(n *onnxpb.NodeProto) bool { return n.GetOpType() == "Dropout" }) {
			continue // two tapes draw other numbers
		}
		for name, config := range map[string]Config{"as it is": test.config, "without parameters": constant} {
			if !sameAsWritten(t, test.pattern+"/"+test.name+"/"+name, test.file, config, autograd.TapeConfig{Training: true}) {
				t.Errorf("%s/%s: cannot be run", test.pattern, test.name)
			}
		}
	}
	// Statistics that are no initializers do not move, but a tape in training mode does not ask for them.
	f := file{inputs: "x float n 3 4 4", outputs: "y", initializers: tensors(weight("w", 2, 3, 1, 1))}
	for _, name := range []string{"scale", "shift", "mean", "variance"} {
		f.nodes = append(f.nodes, nodeOf(name+" = Constant()", attribute("value", weight(name, 2))))
	}
	f.nodes = append(f.nodes, lines(nil, `
		h = Conv(x, w)
		y = BatchNormalization(h, scale, shift, mean, variance)`)...)
	if !sameAsWritten(t, "statistics that are constants", f, constant, autograd.TapeConfig{Training: true}) {
		t.Error("statistics that are constants: cannot be run")
	}
}

// Nodes without an input, and weights of other shapes, are no reason to panic.
func TestPatternsDamaged(t *testing.T) {
	for _, test := range allPatterns {
		for i, n := range test.nodes {
			for k := range n.Input {
				f := test.changed()
				f.nodes[i].Input[k] = ""
				sameAsWritten(t, fmt.Sprintf("%s/%s/%s without input %d", test.pattern, test.name, n.GetOpType(), k), f, test.config, autograd.TapeConfig{})
			}
		}
		for i, x := range test.initializers {
			if DataType(x.GetDataType()) != Float {
				continue
			}
			for _, shape := range [][]int{{}, {3}, {1, 1}, {0, 0, 0}} {
				f := test.changed()
				f.initializers[i] = weight(x.GetName(), shape...)
				sameAsWritten(t, fmt.Sprintf("%s/%s/%s of shape %v", test.pattern, test.name, x.GetName(), shape), f, test.config, autograd.TapeConfig{})
			}
		}
	}
	residual := file{inputs: "x float n 3 4", outputs: "y", initializers: tensors(weight("g", 4), weight("w", 4, 4)), nodes: lines(nil, `
		n = LayerNormalization(, g)
		a = MatMul(n, w)
		r = Relu(a)
		b = MatMul(r, w)
		y = Add(, b)`)}
	sameAsWritten(t, "a sum of nothing", residual, inference, autograd.TapeConfig{})
}

// Nodes that share a large constant, or name it many times, do not take as much memory and time as if
// each had one of its own.
func TestPatternsOfSharedConstants(t *testing.T) {
	const count, features = 500, 500
	many := slices.Repeat([]string{"c"}, 200000)
	chain := func(text string) []*onnxpb.NodeProto {
		var nodes []*onnxpb.NodeProto
		x := "x"
		for i := range count {
			y := fmt.Sprintf("y%d", i)
			for line := range strings.SplitSeq(text, "; ") {
				n := nodeOf(strings.NewReplacer("X", x, "Y", y).Replace(line))
				if n.GetOpType() == "Gemm" {
					n.Attribute = append(n.Attribute, attribute("transB", 1), attribute("beta", 2.0))
				}
				nodes = append(nodes, n)
			}
			x = y
		}
		return append(nodes, nodeOf("y = Relu("+x+")"))
	}
	sizes := nodeOf("y = Concat(s)", attribute("axis", 0))
	sizes.Input = append(sizes.Input, many...)
	for _, test := range []struct {
		name string
		file
	}{
		{"products", file{inputs: "x float n 500", initializers: tensors(weight("c", features, features)), nodes: chain("hY = MatMul(X, c); Y = Add(hY, x)")}},
		{"convolutions", file{inputs: "x float n 500 1", initializers: tensors(weight("c", features, features, 1)), nodes: chain("hY = Conv(X, c); Y = Add(hY, x)")}},
		{"biases", file{inputs: "x float n 1", initializers: tensors(weight("c", features*features, 1), weight("b", 1, features*features)), nodes: chain("hY = Gemm(x, c, b); Y = Add(X, hY)")}},
		{"sizes", file{inputs: "x float n 3", initializers: tensors(intTensor("c", make([]int64, maxNumbers)...)), nodes: []*onnxpb.NodeProto{nodeOf("s = Shape(x)"), sizes}}},
	} {
		test.outputs = "y"
		data := test.bytes()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Read(strings.NewReader(string(data)), inference); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		limit := uint64(4*foldBytes + 400*len(data))
		if took := after.TotalAlloc - before.TotalAlloc; took > limit {
			t.Errorf("%s: reading %d bytes took %d bytes of memory, expected %d at most", test.name, len(data), took, limit)
		} else {
			t.Logf("%s: reading %d bytes took %d bytes of memory", test.name, len(data), took)
		}
	}
}
