package onnx

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// DataType is the type of a tensor's elements, with the numbers of the standard.
type DataType int32

// The types that models here may have.
const (
	Undefined DataType = 0 // not declared
	Float     DataType = 1
	Uint8     DataType = 2
	Int8      DataType = 3
	Uint16    DataType = 4
	Int16     DataType = 5
	Int32     DataType = 6
	Int64     DataType = 7
	Bool      DataType = 9
	Float16   DataType = 10
	Double    DataType = 11
	Uint32    DataType = 12
	Uint64    DataType = 13
	BFloat16  DataType = 16
)

// String is the standard's name of the type, in lower case.
func (t DataType) String() string {
	if name, ok := onnxpb.TensorProto_DataType_name[int32(t)]; ok {
		return lower(name)
	}
	return fmt.Sprintf("type %d", int32(t))
}

// isFloat reports whether elements are floating-point numbers, which are Variables.
func (t DataType) isFloat() bool {
	return t == Float || t == Double || t == Float16 || t == BFloat16
}

// isHost reports whether elements are integers or truth values.
func (t DataType) isHost() bool { _, ok := kinds[t]; return ok }

// dtype is the element type of the Variables of a floating-point type.
func (t DataType) dtype() autograd.DType {
	if t == Double {
		return autograd.Float64
	}
	return autograd.Float32
}

// kinds has the host arrays' name of each type of integers.
var kinds = map[DataType]host.Kind{
	Bool: host.Bool, Int8: host.Int8, Int16: host.Int16, Int32: host.Int32, Int64: host.Int64,
	Uint8: host.Uint8, Uint16: host.Uint16, Uint32: host.Uint32, Uint64: host.Uint64,
}

// typeOf is the other way round, by kind.
var typeOf = [...]DataType{
	host.Bool: Bool, host.Int8: Int8, host.Int16: Int16, host.Int32: Int32, host.Int64: Int64,
	host.Uint8: Uint8, host.Uint16: Uint16, host.Uint32: Uint32, host.Uint64: Uint64,
}

// Value is a tensor that goes into a model, comes out of one, or flows within it. Tensors of
// floating-point numbers are Variables, so that gradients flow through them; those of half
// precision have elements of float32. Tensors of integers and truth values are slices outside
// any tape. The zero Value is none.
type Value struct {
	dtype DataType
	float autograd.Variable
	ints  *host.Array
}

// Tensor is a Variable as a Value, of type Float or Double.
func Tensor(v autograd.Variable) Value {
	if v.DType() == autograd.Float64 {
		return Value{dtype: Double, float: v}
	}
	return Value{dtype: Float, float: v}
}

// Ints is integers or truth values as a Value of the given shape; without a shape it has one
// axis. It uses data as its memory, save for truth values, and data must not be written to
// while the Value is in use. It panics with [*autograd.ShapeError] if the shape does not have
// len(data) elements.
func Ints[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64 | bool](data []T, shape ...int) Value {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	if size, ok := sizeOf(shape); !ok || size != len(data) {
		panic(&autograd.ShapeError{Op: "onnx.Ints", Shapes: [][]int{shape}, Reason: fmt.Sprintf("there are %d elements", len(data))})
	}
	switch data := any(data).(type) {
	case []bool:
		return ofHost(host.NewBools(data, shape...))
	case []int8:
		return ofHost(host.New(data, shape...))
	case []int16:
		return ofHost(host.New(data, shape...))
	case []int32:
		return ofHost(host.New(data, shape...))
	case []int64:
		return ofHost(host.New(data, shape...))
	case []uint8:
		return ofHost(host.New(data, shape...))
	case []uint16:
		return ofHost(host.New(data, shape...))
	case []uint32:
		return ofHost(host.New(data, shape...))
	case []uint64:
		return ofHost(host.New(data, shape...))
	}
	panic("onnx: unreachable")
}

// ofHost is an array of integers as a Value.
func ofHost(a *host.Array) Value { return Value{dtype: typeOf[a.Kind()], ints: a} }

// Type is the type of the elements; Undefined of the zero Value.
func (v Value) Type() DataType { return v.dtype }

// Shape is the size along each axis. It must not be modified.
func (v Value) Shape() []int {
	switch {
	case v.ints != nil:
		return v.ints.Shape()
	case v.isTensor():
		return v.float.Shape()
	}
	return nil
}

// Size is the number of elements.
func (v Value) Size() int {
	switch {
	case v.ints != nil:
		return v.ints.Len()
	case v.isTensor():
		return v.float.Size()
	}
	return 0
}

// Variable is the Variable of a tensor of floating-point numbers, and the zero Variable of
// anything else.
func (v Value) Variable() autograd.Variable { return v.float }

// Int64s is the elements of a tensor of integers or truth values as int64, and nil of anything
// else. Elements of type Uint64 are given as their bits.
func (v Value) Int64s() []int64 {
	if v.ints == nil {
		return nil
	}
	data := make([]int64, v.ints.Len())
	for i := range data {
		data[i] = v.ints.At(i)
	}
	return data
}

// Bools is whether each element of a tensor of integers or truth values is not 0, and nil of
// anything else.
func (v Value) Bools() []bool {
	if v.ints == nil {
		return nil
	}
	return v.ints.Bools()
}

// isNone reports whether there is nothing: an input that was left out.
func (v Value) isNone() bool { return v.dtype == Undefined }

// isTensor reports whether v is a tensor of floating-point numbers.
func (v Value) isTensor() bool { return v.float != autograd.Variable{} }

// describe is type and shape, for errors.
func (v Value) describe() string {
	if v.isNone() {
		return "nothing"
	}
	return fmt.Sprintf("%v%v", v.dtype, v.Shape())
}

// maxElements is the most elements that an array may have, however large the limit of memory
// is that the caller set: what can be counted in int on any machine, in bytes.
const maxElements = 1<<31 - 1

// sizeOf is the number of elements of a shape; ok is false if a size is negative or the
// number beyond maxElements.
func sizeOf[T int | int64](shape []T) (n int, ok bool) {
	size := int64(1)
	zero := false
	for _, d := range shape {
		switch {
		case d < 0:
			return 0, false
		case d == 0:
			zero = true
		case size > maxElements/int64(d):
			ok = true // too many, unless there is a zero
		default:
			size *= int64(d)
		}
	}
	if zero {
		return 0, true
	}
	return int(size), !ok
}
