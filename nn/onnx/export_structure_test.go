package onnx

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// A reader of files that knows the rules of the format that onnx's checker looks at, for where that is
// not there: names are given once and before they are used, operators have as many operands and results
// and the element types that the standard says, attributes are of one kind, arrays have as many
// elements as their shape says.

// signature is what the standard says of an operator, as far as Export uses it.
type signature struct {
	least, most int    // operands
	results     int    // at most
	types       string // of the operands: one letter for each, the last one for all others; see signatures
	result      string
}

// signatures: of types, T is any one, the same for all that have the letter; f a floating one, b bool, i
// int64, j int32, g float32.
var signatures = map[string]signature{
	"Add": {2, 2, 1, "T", "T"}, "Sub": {2, 2, 1, "T", "T"}, "Mul": {2, 2, 1, "T", "T"}, "Div": {2, 2, 1, "T", "T"},
	"Pow": {2, 2, 1, "T", "T"}, "Max": {1, 99, 1, "T", "T"}, "Min": {1, 99, 1, "T", "T"}, "Mod": {2, 2, 1, "T", "T"},
	"Neg": {1, 1, 1, "T", "T"}, "Abs": {1, 1, 1, "T", "T"}, "Sign": {1, 1, 1, "T", "T"}, "Clip": {1, 3, 1, "T", "T"},
	"And": {2, 2, 1, "b", "b"}, "Or": {2, 2, 1, "b", "b"}, "Xor": {2, 2, 1, "b", "b"}, "Not": {1, 1, 1, "b", "b"},
	"Equal": {2, 2, 1, "T", "b"}, "Less": {2, 2, 1, "T", "b"}, "LessOrEqual": {2, 2, 1, "T", "b"}, "Greater": {2, 2, 1, "T", "b"}, "GreaterOrEqual": {2, 2, 1, "T", "b"},
	"IsNaN": {1, 1, 1, "f", "b"}, "IsInf": {1, 1, 1, "f", "b"}, "Where": {3, 3, 1, "bT", "T"}, "Cast": {1, 1, 1, "T", ""}, "Identity": {1, 1, 1, "T", "T"},
	"ReduceSum": {1, 2, 1, "Ti", "T"}, "CumSum": {2, 2, 1, "Ti", "T"}, "TopK": {2, 2, 2, "Ti", "Ti"},
	"Reshape": {2, 2, 1, "Ti", "T"}, "Expand": {2, 2, 1, "Ti", "T"}, "Squeeze": {1, 2, 1, "Ti", "T"}, "Unsqueeze": {2, 2, 1, "Ti", "T"}, "Transpose": {1, 1, 1, "T", "T"},
	"Slice": {3, 5, 1, "Ti", "T"}, "Gather": {2, 2, 1, "Ti", "T"}, "GatherElements": {2, 2, 1, "Ti", "T"}, "ScatterElements": {3, 3, 1, "TiT", "T"}, "ScatterND": {3, 3, 1, "TiT", "T"},
	"Concat": {1, 9999, 1, "T", "T"}, "Pad": {2, 3, 1, "TiT", "T"}, "Shape": {1, 1, 1, "T", "i"}, "Range": {3, 3, 1, "T", "T"}, "Trilu": {1, 2, 1, "Ti", "T"},
	"Constant": {0, 0, 1, "T", ""}, "MatMul": {2, 2, 1, "T", "T"}, "SoftmaxCrossEntropyLoss": {2, 3, 1, "fi", "f"},
	"Resize": {1, 4, 1, "TggiT", "T"}, "LSTM": {3, 8, 3, "ffffjf", "f"}, "GRU": {3, 6, 2, "ffffjf", "f"}, "RNN": {3, 6, 2, "ffffjf", "f"},
}

func init() {
	one := strings.Fields("Exp Log Sqrt Reciprocal Sin Cos Tan Asin Acos Atan Sinh Cosh Asinh Acosh Atanh Erf Floor Ceil Round Relu Sigmoid Tanh Softplus Softsign " +
		"HardSwish LeakyRelu Elu HardSigmoid ReduceProd Softmax LogSoftmax Det GlobalAveragePool AveragePool MaxPool ReduceMean ReduceMax ReduceMin ReduceLogSumExp ReduceL2 DFT")
	for _, op := range one {
		signatures[op] = signature{1, 1, 1, "f", "f"}
	}
	for op, most := range map[string]int{"Gemm": 3, "Conv": 3, "ConvTranspose": 3, "LayerNormalization": 3, "InstanceNormalization": 3, "BatchNormalization": 5, "GridSample": 2} {
		signatures[op] = signature{2, most, 1, "f", "f"}
	}
}

var letterTypes = map[byte][]onnxpb.TensorProto_DataType{
	'f': {onnxpb.TensorProto_FLOAT, onnxpb.TensorProto_DOUBLE}, 'b': {onnxpb.TensorProto_BOOL},
	'i': {onnxpb.TensorProto_INT64}, 'j': {onnxpb.TensorProto_INT32}, 'g': {onnxpb.TensorProto_FLOAT},
}

// checkStructure says what is wrong with a file.
func checkStructure(file []byte) error {
	m := &onnxpb.ModelProto{}
	if err := proto.Unmarshal(file, m); err != nil {
		return err
	}
	if m.GetIrVersion() != 8 || len(m.GetOpsetImport()) != 1 || m.GetOpsetImport()[0].GetVersion() != ExportOpset {
		return fmt.Errorf("version %d of the format, operator sets %v", m.GetIrVersion(), m.GetOpsetImport())
	}
	g := m.GetGraph()
	types := map[string]onnxpb.TensorProto_DataType{}
	define := func(name string, of onnxpb.TensorProto_DataType) error {
		if _, ok := types[name]; ok || name == "" {
			return fmt.Errorf("the name %q is given twice, or empty", name)
		}
		types[name] = of
		return nil
	}
	for _, in := range g.GetInput() {
		if err := define(in.GetName(), onnxpb.TensorProto_DataType(in.GetType().GetTensorType().GetElemType())); err != nil {
			return err
		}
	}
	for _, a := range g.GetInitializer() {
		if err := checkSize(a); err != nil {
			return err
		}
		if err := define(a.GetName(), onnxpb.TensorProto_DataType(a.GetDataType())); err != nil {
			return err
		}
	}
	names := map[string]bool{}
	for _, n := range g.GetNode() {
		if names[n.GetName()] {
			return fmt.Errorf("two nodes have the name %s", n.GetName())
		}
		names[n.GetName()] = true
		results, err := resultTypes(n, types)
		if err != nil {
			return fmt.Errorf("node %s: %w", n.GetName(), err)
		}
		for k, name := range n.GetOutput() {
			if name == "" {
				continue
			}
			if err := define(name, results[k]); err != nil {
				return fmt.Errorf("node %s: %w", n.GetName(), err)
			}
		}
	}
	for _, out := range g.GetOutput() {
		if of, ok := types[out.GetName()]; !ok || int32(of) != out.GetType().GetTensorType().GetElemType() {
			return fmt.Errorf("output %s is not computed, or of type %v", out.GetName(), of)
		}
	}
	return nil
}

// checkSize checks that an array has the elements that its shape says.
func checkSize(a *onnxpb.TensorProto) error {
	size := map[onnxpb.TensorProto_DataType]int{onnxpb.TensorProto_FLOAT: 4, onnxpb.TensorProto_DOUBLE: 8, onnxpb.TensorProto_INT64: 8}[onnxpb.TensorProto_DataType(a.GetDataType())]
	for _, d := range a.GetDims() {
		size *= int(d)
	}
	if len(a.GetRawData()) != size {
		return fmt.Errorf("array %q has %d bytes, expected %d", a.GetName(), len(a.GetRawData()), size)
	}
	return nil
}

// resultTypes checks a node's operands, and gives the types of its results.
func resultTypes(n *onnxpb.NodeProto, types map[string]onnxpb.TensorProto_DataType) ([]onnxpb.TensorProto_DataType, error) {
	s, ok := signatures[n.GetOpType()]
	if !ok {
		return nil, fmt.Errorf("the operator %s is not known here", n.GetOpType())
	}
	if len(n.GetInput()) < s.least || len(n.GetInput()) > s.most || len(n.GetOutput()) < 1 || len(n.GetOutput()) > s.results {
		return nil, fmt.Errorf("%s has %d operands and %d results", n.GetOpType(), len(n.GetInput()), len(n.GetOutput()))
	}
	bound := map[byte]onnxpb.TensorProto_DataType{}
	for k, name := range n.GetInput() {
		if name == "" && k >= s.least {
			continue
		}
		of, ok := types[name]
		if !ok {
			return nil, fmt.Errorf("%s is used before it is computed", name)
		}
		letter := s.types[min(k, len(s.types)-1)]
		if before, ok := bound[letter]; ok && before != of || letterTypes[letter] != nil && !slices.Contains(letterTypes[letter], of) {
			return nil, fmt.Errorf("%s: operand %d is of type %v", n.GetOpType(), k, of)
		}
		bound[letter] = of
	}
	switch n.GetOpType() {
	case "Cast":
		return []onnxpb.TensorProto_DataType{onnxpb.TensorProto_DataType(n.GetAttribute()[0].GetI())}, nil
	case "Constant":
		t := n.GetAttribute()[0].GetT()
		return []onnxpb.TensorProto_DataType{onnxpb.TensorProto_DataType(t.GetDataType())}, checkSize(t)
	}
	var results []onnxpb.TensorProto_DataType
	for k := range n.GetOutput() {
		letter := s.result[min(k, len(s.result)-1)]
		of, ok := bound[letter]
		if !ok {
			of = letterTypes[letter][0]
		}
		results = append(results, of)
	}
	return results, nil
}
