package onnx

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// Arrays of the file: those of the model, constants, and inputs.

func elementType(d autograd.DType) onnxpb.TensorProto_DataType {
	if d == autograd.Float32 {
		return onnxpb.TensorProto_FLOAT
	}
	return onnxpb.TensorProto_DOUBLE
}

// modelArray is a parameter or buffer of the model.
func (e *exporter) modelArray(n *traceNode) string {
	if !e.taken[n.array] {
		e.taken[n.array] = true
		e.arrays = append(e.arrays, tensorOf(n.array, elementType(n.DType), n.Shape, rawFloats(n.Variable)))
	}
	return n.array
}

func tensorOf(name string, elements onnxpb.TensorProto_DataType, shape []int, raw []byte) *onnxpb.TensorProto {
	t := &onnxpb.TensorProto{Name: proto.String(name), DataType: proto.Int32(int32(elements)), RawData: raw}
	for _, d := range shape {
		t.Dims = append(t.Dims, int64(d))
	}
	return t
}

// constant is the name of an array with this content, which is written once. It is no initializer: those
// are what the model has.
func (e *exporter) constant(elements onnxpb.TensorProto_DataType, shape []int, raw []byte) string {
	key := fmt.Sprint(elements, shape, string(raw))
	name, ok := e.constants[key]
	if !ok {
		name = fmt.Sprintf("constant_%d", len(e.constants))
		e.constants[key] = name
		value := &onnxpb.AttributeProto{Name: proto.String("value"), Type: onnxpb.AttributeProto_TENSOR.Enum(), T: tensorOf("", elements, shape, raw)}
		e.nodes = append(e.nodes, &onnxpb.NodeProto{
			OpType: proto.String("Constant"), Name: proto.String("/" + name), Output: []string{name}, Attribute: []*onnxpb.AttributeProto{value},
		})
	}
	return name
}

// ints is a constant of int64 with one axis.
func (e *exporter) ints(values ...int) string { return e.intArray([]int{len(values)}, values) }

func (e *exporter) intArray(shape, values []int) string {
	raw := make([]byte, 0, 8*len(values))
	for _, v := range values {
		raw = binary.LittleEndian.AppendUint64(raw, uint64(v))
	}
	return e.constant(onnxpb.TensorProto_INT64, shape, raw)
}

// scalar is a constant of node i's element type.
func (e *exporter) scalar(i int, x float64) string { return e.floats(i, []int{}, x) }

// floats is a constant of node i's element type.
func (e *exporter) floats(i int, shape []int, values ...float64) string {
	d := e.node(i).DType
	var raw []byte
	for _, x := range values {
		if d == autograd.Float32 {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(x)))
		} else {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
		}
	}
	return e.constant(elementType(d), shape, raw)
}

// float32s is a constant of float32 with one axis, whatever the model's type is.
func (e *exporter) float32s(values []float64) string {
	var raw []byte
	for _, x := range values {
		raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(float32(x)))
	}
	return e.constant(onnxpb.TensorProto_FLOAT, []int{len(values)}, raw)
}

func rawFloats(v autograd.Variable) []byte {
	if v.DType() == autograd.Float32 {
		raw := make([]byte, 0, 4*v.Size())
		for _, x := range v.Float32s() {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
		return raw
	}
	raw := make([]byte, 0, 8*v.Size())
	for _, x := range v.Float64s() {
		raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
	}
	return raw
}

// constantNode is an array that neither the inputs nor the model have. If its size depends on that of
// dynamic axes it must be the same all along these, and is repeated in the file.
func (e *exporter) constantNode(i int) string {
	if name := e.numberOfSizes(i); name != "" {
		return name
	}
	dims := e.dims(i)
	narrow := make([][]byte, len(e.traces))
	var shape []int
	for t := range e.traces {
		v := e.traces[t].nodes[i].Variable
		for axis, d := range dims {
			if d.constant() || v.Dim(axis) == 0 {
				continue
			}
			part := v.Slice(axis, 0, 1)
			if !sameElements(v, part.BroadcastTo(v.Shape()...)) {
				e.fail(e.dependence(false, "an operand that is a constant differs along a dynamic axis"))
			}
			v = part
		}
		narrow[t], shape = rawFloats(v), slices.Clone(v.Shape())
	}
	for t := range narrow {
		if !slices.Equal(narrow[t], narrow[0]) {
			e.fail(e.dependence(t < exampleTraces, "an operand that is a constant differs"))
		}
	}
	name := e.constant(elementType(e.node(i).DType), shape, narrow[0])
	if allConstant(dims) {
		return name
	}
	return e.emit("Expand", []string{name, e.sizeList(dims)})
}

// numberOfSizes is the name of a scalar that is a size, such as the batch's, or one over it; "" for another
// array, or a number that is the same in all traces.
func (e *exporter) numberOfSizes(i int) string {
	n := e.node(i)
	if len(n.Shape) != 0 {
		return ""
	}
	sizes, inverses := extents{}, extents{}
	for _, t := range e.traces {
		x := t.nodes[i].Variable.Item()
		sizes = append(sizes, wholeNumber(x))
		inverses = append(inverses, wholeNumber(1/x))
	}
	number := func(s extents) string {
		scalar := e.emit("Squeeze", []string{e.size(s), e.ints(0)})
		return e.emit("Cast", []string{scalar}, attrInt("to", int(elementType(n.DType))))
	}
	_, isSize := e.fit(sizes)
	_, isInverse := e.fit(inverses)
	switch {
	case isSize && !sizes.constant():
		return number(sizes)
	case isInverse && !inverses.constant():
		return e.op1("Reciprocal", number(inverses))
	}
	return ""
}

// wholeNumber is the whole number that x is but for rounding, and −1 if there is none.
func wholeNumber(x float64) int {
	if n := math.Round(x); n > 0 && n < 1<<24 && math.Abs(x-n) <= 1e-6*n {
		return int(n)
	}
	return -1
}

func sameElements(a, b autograd.Variable) bool { return slices.Equal(rawFloats(a), rawFloats(b)) }

// inputName is the name of an array with the numbers of an input: of bytes they are computed.
func (e *exporter) inputName(k int) string {
	in := &e.inputs[k]
	if in.Bytes == nil {
		return in.Name
	}
	key := "input " + in.Name
	if name, ok := e.sizeNames[key]; ok {
		return name
	}
	float := func(x float64) string {
		return e.constant(onnxpb.TensorProto_FLOAT, []int{}, binary.LittleEndian.AppendUint32(nil, math.Float32bits(float32(x))))
	}
	x := e.emit("Cast", []string{in.Name}, attrInt("to", int(onnxpb.TensorProto_FLOAT)))
	if in.Scale != 1 {
		x = e.emit("Mul", []string{x, float(in.Scale)})
	}
	if in.Shift != 0 {
		x = e.emit("Add", []string{x, float(in.Shift)})
	}
	e.sizeNames[key] = x
	return x
}
