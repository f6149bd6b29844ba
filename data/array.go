package data

import (
	"math"
	"slices"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// DType is the element type of the arrays of a batch: [Float32] or [Float64]. It is
// the same type as autograd.DType. Its method String is the Go name of the type, float32
// or float64; its method Size the number of bytes of an element, 4 or 8.
type DType = tensor.DType

// The element types.
const (
	Float32 = tensor.Float32
	Float64 = tensor.Float64
)

// Float is the constraint of element types.
type Float interface{ float32 | float64 }

// Array is a dense row-major array whose first axis counts examples: each of them is a
// row, whatever its shape. At most one of Float32s, Float64s and Bytes is not nil, and it
// holds as many elements as Shape says. The zero Array, with a nil Shape, stands for no
// array.
//
// It is what data hand over, not what is computed with: plain slices that any library
// takes, or bytes that are no numbers yet. What package autograd computes with is a
// Variable; autograd.New makes one of an Array's slice and Shape, without copying.
type Array struct {
	Shape    []int
	Float32s []float32
	Float64s []float64

	// Bytes stand for the numbers byte·Scale + Shift. Only batches that were asked for
	// them have bytes, see [LoaderConfig].
	Bytes        []byte
	Scale, Shift float64
}

// NewArray is the Array of these elements, without copying; without a shape it has
// one axis. It keeps shape. It panics with [*ValueError] if the shape does not fit the number of
// elements.
func NewArray[T Float](elements []T, shape ...int) Array {
	if len(shape) == 0 {
		shape = []int{len(elements)}
	}
	if size := sizeOf("NewArray", shape); size != len(elements) {
		misuse("NewArray", "shape %v needs %d elements, got %d", shape, size, len(elements))
	}
	a := Array{Shape: shape}
	switch e := any(elements).(type) {
	case []float32:
		a.Float32s = e
	case []float64:
		a.Float64s = e
	}
	return a
}

// makeArray allocates an Array of zeros.
func makeArray(dtype DType, shape []int) Array {
	size := sizeOf("Array", shape)
	if dtype == Float64 {
		return Array{Shape: shape, Float64s: make([]float64, size)}
	}
	return Array{Shape: shape, Float32s: make([]float32, size)}
}

// DType is the element type; that of bytes is the batch's.
func (a *Array) DType() DType {
	if a.Float64s != nil {
		return Float64
	}
	return Float32
}

// set sets element i of an array of numbers.
func (a *Array) set(i int, v float64) {
	if a.Float64s != nil {
		a.Float64s[i] = v
	} else {
		a.Float32s[i] = float32(v)
	}
}

// Rows is the number of rows, the size of the first axis; 0 without one.
func (a *Array) Rows() int {
	if len(a.Shape) == 0 {
		return 0
	}
	return a.Shape[0]
}

// RowSize is the number of elements of one row.
func (a *Array) RowSize() int {
	size := 1
	for _, n := range a.Shape[min(1, len(a.Shape)):] {
		size *= n
	}
	return size
}

// SetRow copies elements into row i of a, converting them to a's
// element type. It panics with [*ValueError] if a has no row i, rows of another
// size, or bytes.
func SetRow[T Float](a *Array, i int, elements []T) {
	start, end := a.row("SetRow", i, len(elements))
	if a.Bytes != nil {
		misuse("SetRow", "the array holds bytes: SetRowBytes sets them")
	}
	switch e := any(elements).(type) {
	case []float32:
		if a.Float64s != nil {
			simd.Float32To64(a.Float64s[start:end], e)
		} else {
			copy(a.Float32s[start:end], e)
		}
	case []float64:
		if a.Float64s != nil {
			copy(a.Float64s[start:end], e)
		} else {
			simd.Float64To32(a.Float32s[start:end], e)
		}
	}
}

// SetRowBytes sets row i of a to bytes·scale + shift, element by element. If a holds
// bytes they are copied, and are given the meaning that a's Scale and Shift say. It
// panics with [*ValueError] if a has no row i, rows of another size, or bytes of another
// scale or shift.
func SetRowBytes(a *Array, i int, bytes []byte, scale, shift float64) {
	start, end := a.row("SetRowBytes", i, len(bytes))
	if a.Bytes != nil && (a.Scale != scale || a.Shift != shift) {
		misuse("SetRowBytes", "scale %v and shift %v for an array of scale %v and shift %v", scale, shift, a.Scale, a.Shift)
	}
	a.setBytes(start, end, bytes, scale, shift)
}

// setBytes sets elements start ≤ i < end of a to bytes·scale + shift.
func (a *Array) setBytes(start, end int, bytes []byte, scale, shift float64) {
	switch {
	case a.Bytes != nil:
		copy(a.Bytes[start:end], bytes)
	case a.Float64s != nil:
		simd.BytesToFloats(a.Float64s[start:end], bytes, scale, shift)
	default:
		simd.BytesToFloats(a.Float32s[start:end], bytes, float32(scale), float32(shift))
	}
}

// size is the number of elements.
func (a *Array) size() int { return len(a.Float32s) + len(a.Float64s) + len(a.Bytes) }

// at is element i as a number.
func (a *Array) at(i int) float64 {
	switch {
	case a.Bytes != nil:
		return float64(a.Bytes[i])*a.Scale + a.Shift
	case a.Float64s != nil:
		return a.Float64s[i]
	}
	return float64(a.Float32s[i])
}

// row gives the bounds of row i, which must have size elements.
func (a *Array) row(op string, i, size int) (start, end int) {
	if i < 0 || i >= a.Rows() {
		misuse(op, "row %d of an array of %d", i, a.Rows())
	}
	if rowSize := a.RowSize(); rowSize != size {
		misuse(op, "%d elements for a row of %d", size, rowSize)
	}
	return i * size, (i + 1) * size
}

// setRows copies rows indices of src to the rows of a, which are of src's size.
func (a *Array) setRows(src *Array, indices []int) {
	size := src.RowSize()
	for row, i := range indices {
		if src.Float64s != nil {
			SetRow(a, row, src.Float64s[i*size:(i+1)*size])
		} else {
			SetRow(a, row, src.Float32s[i*size:(i+1)*size])
		}
	}
}

// resize gives a the shape [n, shape…], reusing its memory where that suffices.
// The elements are unspecified.
func (a *Array) resize(op string, dtype DType, n int, shape []int) {
	a.Shape = append(append(a.Shape[:0], n), shape...)
	size := sizeOf(op, a.Shape)
	a.Bytes = nil
	if dtype == Float64 {
		a.Float64s, a.Float32s = sized(a.Float64s, size), nil
	} else {
		a.Float32s, a.Float64s = sized(a.Float32s, size), nil
	}
}

// resizeBytes is resize for bytes.
func (a *Array) resizeBytes(op string, n int, shape []int, scale, shift float64) {
	a.Shape = append(append(a.Shape[:0], n), shape...)
	a.Bytes, a.Scale, a.Shift = sized(a.Bytes, sizeOf(op, a.Shape)), scale, shift
	a.Float32s, a.Float64s = nil, nil
}

// sized is a slice of n elements, in s's memory if it has the capacity. It is
// never nil.
func sized[E any](s []E, n int) []E {
	if s == nil || cap(s) < n {
		return make([]E, n)
	}
	return s[:n]
}

// sizeOf is product for shapes that are the program's: it panics where there is none.
func sizeOf(op string, shape []int) int {
	size, ok := product(shape)
	if !ok {
		misuse(op, "impossible shape %v", slices.Clone(shape))
	}
	return size
}

// addressable is what readers want of a shape for which product fails.
const addressable = "sizes whose product, those of 0 left out, is addressable as float64"

// product is the number of elements of an array of this shape. ok is false if a size is
// negative, or if an array of float64 of these sizes could not be addressed, be it that
// another size is 0: an array of no elements has sizes that could be those of one. All
// readers and arrays go by this rule, so what can be read can be converted and written.
func product(shape []int) (size int, ok bool) {
	limit := math.MaxInt / 8
	size = 1
	for _, n := range shape {
		if n < 0 || n > limit {
			return 0, false
		}
		size *= n
		limit /= max(n, 1)
	}
	return size, true
}
