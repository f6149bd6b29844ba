package onnx

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/float16"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// tensor is the value of a tensor in a file. Nothing is allocated for elements that are not
// there. Tensors whose elements are in another file are read from directory, or refused if
// that is nil.
func readTensor(t *onnxpb.TensorProto, directory *os.Root) Value {
	dtype := DataType(t.GetDataType())
	size, ok := sizeOf(t.GetDims())
	switch {
	case !ok:
		failf("tensor %q has dimensions %v", t.GetName(), t.GetDims())
	case t.GetSegment() != nil:
		unsupportedf("tensor %q is a segment of another", t.GetName())
	case !dtype.isFloat() && !dtype.isHost():
		unsupportedf("tensor %q has elements of type %v", t.GetName(), dtype)
	}
	shape := make([]int, len(t.GetDims()))
	for i, d := range t.GetDims() {
		shape[i] = int(d)
	}
	raw := t.GetRawData()
	if t.GetDataLocation() == onnxpb.TensorProto_EXTERNAL {
		raw = readExternal(t, int64(size)*int64(sizes[dtype]), directory)
	}
	defer func() { t.RawData = nil }() // what was decoded need not lie in memory twice
	if raw != nil {
		if len(raw) != size*sizes[dtype] {
			failf("tensor %q of type %v and dimensions %v has %d bytes, expected %d", t.GetName(), dtype, shape, len(raw), size*sizes[dtype])
		}
		return decode(dtype, raw, shape)
	}
	return fromFields(t, dtype, size, shape)
}

// sizes is the bytes of an element by type.
var sizes = map[DataType]int{
	Float: 4, Double: 8, Float16: 2, BFloat16: 2, Bool: 1, Int8: 1, Uint8: 1,
	Int16: 2, Uint16: 2, Int32: 4, Uint32: 4, Int64: 8, Uint64: 8,
}

// decode is the value of little-endian bytes.
func decode(dtype DataType, raw []byte, shape []int) Value {
	switch dtype {
	case Float:
		return floats(dtype, each(raw, 4, func(b []byte) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(b)) }), shape)
	case Double:
		return floats(dtype, each(raw, 8, func(b []byte) float64 { return math.Float64frombits(binary.LittleEndian.Uint64(b)) }), shape)
	case Float16:
		return floats(dtype, each(raw, 2, func(b []byte) float32 { return float16.Float32(binary.LittleEndian.Uint16(b)) }), shape)
	case BFloat16:
		return floats(dtype, each(raw, 2, func(b []byte) float32 { return fromBFloat(binary.LittleEndian.Uint16(b)) }), shape)
	case Bool:
		return ofHost(host.Bytes(each(raw, 1, func(b []byte) uint8 { return min(b[0], 1) }), shape...))
	case Int8:
		return ofHost(host.New(each(raw, 1, func(b []byte) int8 { return int8(b[0]) }), shape...))
	case Uint8:
		return ofHost(host.New(each(raw, 1, func(b []byte) uint8 { return b[0] }), shape...))
	case Int16:
		return ofHost(host.New(each(raw, 2, func(b []byte) int16 { return int16(binary.LittleEndian.Uint16(b)) }), shape...))
	case Uint16:
		return ofHost(host.New(each(raw, 2, binary.LittleEndian.Uint16), shape...))
	case Int32:
		return ofHost(host.New(each(raw, 4, func(b []byte) int32 { return int32(binary.LittleEndian.Uint32(b)) }), shape...))
	case Uint32:
		return ofHost(host.New(each(raw, 4, binary.LittleEndian.Uint32), shape...))
	case Int64:
		return ofHost(host.New(each(raw, 8, func(b []byte) int64 { return int64(binary.LittleEndian.Uint64(b)) }), shape...))
	}
	return ofHost(host.New(each(raw, 8, binary.LittleEndian.Uint64), shape...))
}

// each is what f makes of every size bytes.
func each[T any](raw []byte, size int, f func(b []byte) T) []T {
	data := make([]T, len(raw)/size)
	for i := range data {
		data[i] = f(raw[i*size : (i+1)*size])
	}
	return data
}

// convert is what f makes of every element.
func convert[S, T any](data []S, f func(x S) T) []T {
	y := make([]T, len(data))
	for i, x := range data {
		y[i] = f(x)
	}
	return y
}

func floats[T autograd.Float](dtype DataType, data []T, shape []int) Value {
	return Value{dtype: dtype, float: newVariable(data, shape)}
}

// newVariable is [autograd.New] where no shape means a scalar.
func newVariable[T autograd.Float](data []T, shape []int) autograd.Variable {
	if len(shape) == 0 {
		return autograd.Scalar(data[0])
	}
	return autograd.New(data, shape...)
}

// fromFields is the value of a tensor whose elements are in a field for their type.
func fromFields(t *onnxpb.TensorProto, dtype DataType, size int, shape []int) Value {
	count := func(n int) {
		if n != size {
			failf("tensor %q of type %v and dimensions %v has %d elements, expected %d", t.GetName(), dtype, shape, n, size)
		}
	}
	switch dtype {
	case Float:
		count(len(t.GetFloatData()))
		return floats(dtype, append([]float32{}, t.GetFloatData()...), shape)
	case Double:
		count(len(t.GetDoubleData()))
		return floats(dtype, append([]float64{}, t.GetDoubleData()...), shape)
	case Float16:
		count(len(t.GetInt32Data()))
		return floats(dtype, convert(t.GetInt32Data(), func(x int32) float32 { return float16.Float32(uint16(x)) }), shape)
	case BFloat16:
		count(len(t.GetInt32Data()))
		return floats(dtype, convert(t.GetInt32Data(), func(x int32) float32 { return fromBFloat(uint16(x)) }), shape)
	case Int64:
		count(len(t.GetInt64Data()))
		return ofHost(host.New(append([]int64{}, t.GetInt64Data()...), shape...))
	case Uint32, Uint64:
		count(len(t.GetUint64Data()))
		return ofHost(host.New(append([]uint64{}, t.GetUint64Data()...), shape...).Convert(kinds[dtype]))
	}
	count(len(t.GetInt32Data()))
	return ofHost(host.New(append([]int32{}, t.GetInt32Data()...), shape...).Convert(kinds[dtype]))
}

// readExternal is the bytes of a tensor that lie in a file of their own.
func readExternal(t *onnxpb.TensorProto, size int64, directory *os.Root) []byte {
	if directory == nil {
		failf("tensor %q is in another file, which only a model that is opened with Config.ExternalData may read", t.GetName())
	}
	var location string
	offset, length := int64(0), size
	for _, entry := range t.GetExternalData() {
		var err error
		switch entry.GetKey() {
		case "location":
			location = entry.GetValue()
		case "offset":
			offset, err = strconv.ParseInt(entry.GetValue(), 10, 64)
		case "length":
			length, err = strconv.ParseInt(entry.GetValue(), 10, 64)
		}
		if err != nil || offset < 0 {
			failf("tensor %q is in another file: its %s is %q, expected a number of bytes", t.GetName(), entry.GetKey(), entry.GetValue())
		}
	}
	if length != size {
		failf("tensor %q has %d bytes in file %q, expected %d", t.GetName(), length, location, size)
	}
	raw, err := readPart(directory, location, offset, length)
	if err != nil {
		failf("tensor %q: %v", t.GetName(), err)
	}
	return raw
}

// readPart is length bytes of a file from offset on, which must be there before memory is
// allocated for them.
func readPart(directory *os.Root, name string, offset, length int64) ([]byte, error) {
	file, err := directory.Open(filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer file.Close()
	info, err := file.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is not a file", name)
	case offset > info.Size()-length:
		return nil, fmt.Errorf("%s has %d bytes, expected %d from byte %d on", name, info.Size(), length, offset)
	}
	raw := make([]byte, length)
	_, err = io.ReadFull(io.NewSectionReader(file, offset, length), raw)
	return raw, err
}
