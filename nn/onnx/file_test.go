package onnx

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Files for tests are built here.

func attribute(name string, value any) *onnxpb.AttributeProto {
	a := &onnxpb.AttributeProto{Name: &name}
	kind := onnxpb.AttributeProto_INT
	switch v := value.(type) {
	case int:
		a.I = proto.Int64(int64(v))
	case []int:
		kind = onnxpb.AttributeProto_INTS
		a.Ints = convert(v, func(x int) int64 { return int64(x) })
	case float64:
		kind = onnxpb.AttributeProto_FLOAT
		a.F = proto.Float32(float32(v))
	case string:
		kind = onnxpb.AttributeProto_STRING
		a.S = []byte(v)
	case *onnxpb.TensorProto:
		kind = onnxpb.AttributeProto_TENSOR
		a.T = v
	case *onnxpb.GraphProto:
		kind = onnxpb.AttributeProto_GRAPH
		a.G = v
	default:
		panic(fmt.Sprintf("no attribute is a %T", value))
	}
	a.Type = &kind
	return a
}

// nodeOf is a node, as "y z = Op(a, b)", of an operator with its domain.
func nodeOf(text string, attributes ...*onnxpb.AttributeProto) *onnxpb.NodeProto {
	outputs, call, _ := strings.Cut(text, " = ")
	op, inputs, _ := strings.Cut(strings.TrimSuffix(call, ")"), "(")
	n := &onnxpb.NodeProto{Output: strings.Fields(outputs), Attribute: attributes}
	for name := range strings.SplitSeq(inputs, ",") {
		n.Input = append(n.Input, strings.TrimSpace(name))
	}
	if inputs == "" {
		n.Input = nil
	}
	if i := strings.LastIndex(op, "."); i >= 0 {
		n.Domain, op = proto.String(op[:i]), op[i+1:]
	}
	n.OpType = &op
	return n
}

func floatTensor(name string, shape []int, data ...float32) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{Name: &name, DataType: proto.Int32(int32(Float)), Dims: convert(shape, func(x int) int64 { return int64(x) })}
	for _, x := range data {
		t.RawData = binary.LittleEndian.AppendUint32(t.RawData, math.Float32bits(x))
	}
	return t
}

func intTensor(name string, data ...int64) *onnxpb.TensorProto {
	return &onnxpb.TensorProto{Name: &name, DataType: proto.Int32(int32(Int64)), Dims: []int64{int64(len(data))}, Int64Data: data}
}

// info is an input or output, as "x float 2 n ?".
func info(text string) *onnxpb.ValueInfoProto {
	fields := strings.Fields(text)
	v := &onnxpb.ValueInfoProto{Name: &fields[0]}
	if len(fields) == 1 {
		return v
	}
	t := &onnxpb.TypeProto_Tensor{ElemType: proto.Int32(onnxpb.TensorProto_DataType_value[strings.ToUpper(fields[1])]), Shape: &onnxpb.TensorShapeProto{}}
	for _, d := range fields[2:] {
		var size int64
		dim := &onnxpb.TensorShapeProto_Dimension{}
		if _, err := fmt.Sscan(d, &size); err == nil {
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimValue{DimValue: size}
		} else if d != "?" {
			dim.Value = &onnxpb.TensorShapeProto_Dimension_DimParam{DimParam: d}
		}
		t.Shape.Dim = append(t.Shape.Dim, dim)
	}
	v.Type = &onnxpb.TypeProto{Value: &onnxpb.TypeProto_TensorType{TensorType: t}}
	return v
}

// file is a file for a test.
type file struct {
	version      int // of the standard's operator set; 0 means 17
	inputs       string
	outputs      string // separated by commas
	initializers []*onnxpb.TensorProto
	nodes        []*onnxpb.NodeProto
	functions    []*onnxpb.FunctionProto
	sets         []*onnxpb.OperatorSetIdProto // further ones
}

func set(domain string, version int) *onnxpb.OperatorSetIdProto {
	return &onnxpb.OperatorSetIdProto{Domain: &domain, Version: proto.Int64(int64(version))}
}

func infos(text string) []*onnxpb.ValueInfoProto {
	var list []*onnxpb.ValueInfoProto
	for part := range strings.SplitSeq(text, ",") {
		if strings.TrimSpace(part) != "" {
			list = append(list, info(part))
		}
	}
	return list
}

func (f file) bytes() []byte {
	if f.version == 0 {
		f.version = 17
	}
	data, err := proto.Marshal(&onnxpb.ModelProto{
		IrVersion:   proto.Int64(8),
		OpsetImport: append(f.sets, set("", f.version)),
		Functions:   f.functions,
		Graph: &onnxpb.GraphProto{
			Name: proto.String("g"), Input: infos(f.inputs), Output: infos(f.outputs),
			Initializer: f.initializers, Node: f.nodes,
		},
	})
	if err != nil {
		panic(err)
	}
	return data
}

func (f file) read(config Config) (*Model, error) { return Read(bytes.NewReader(f.bytes()), config) }

func (f file) mustRead(t *testing.T, config Config) *Model {
	t.Helper()
	m, err := f.read(config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func vector(data ...float32) Value { return Tensor(autograd.New(data, len(data))) }
