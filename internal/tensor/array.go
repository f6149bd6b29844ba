package tensor

import "slices"

// DType is the element type of an array.
type DType uint8

// The element types.
const (
	Float32 DType = iota
	Float64
)

// String returns the Go name of the element type.
func (d DType) String() string {
	if d == Float32 {
		return "float32"
	}
	return "float64"
}

// Size is the number of bytes of one element.
func (d DType) Size() int {
	if d == Float32 {
		return 4
	}
	return 8
}

// Array is a dense row-major array. Exactly one of F32 and F64 is in use, as
// DType says, and it holds SizeOf(Shape) elements. A rank-0 Shape is a scalar.
//
// It is part of every node of a tape, so it is kept small. Package data has a type of its
// own for what it hands over: that one is seen by users, may be bytes, and has no need of
// anything here.
type Array struct {
	DType DType
	Shape []int
	F32   []float32
	F64   []float64
}

// Len is the number of elements.
func (a *Array) Len() int {
	if a.DType == Float32 {
		return len(a.F32)
	}
	return len(a.F64)
}

// At is element i in row-major order.
func (a *Array) At(i int) float64 {
	if a.DType == Float32 {
		return float64(a.F32[i])
	}
	return a.F64[i]
}

// Set stores v in element i in row-major order.
func (a *Array) Set(i int, v float64) {
	if a.DType == Float32 {
		a.F32[i] = float32(v)
	} else {
		a.F64[i] = v
	}
}

// View is the array of n elements that starts at element start of a, with the
// given shape. It shares a's memory.
func (a *Array) View(start, n int, shape []int) Array {
	v := Array{DType: a.DType, Shape: shape}
	if a.DType == Float32 {
		v.F32 = a.F32[start : start+n : start+n]
	} else {
		v.F64 = a.F64[start : start+n : start+n]
	}
	return v
}

// New allocates a zeroed array from the heap. It keeps shape.
func New(dtype DType, shape []int) Array {
	a := Array{DType: dtype, Shape: shape}
	n := SizeOf(shape)
	if dtype == Float32 {
		a.F32 = make([]float32, n)
	} else {
		a.F64 = make([]float64, n)
	}
	return a
}

// SizeOf is the number of elements of an array of this shape.
func SizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// EqualShape reports whether a and b are the same shape.
func EqualShape(a, b []int) bool {
	return slices.Equal(a, b)
}
