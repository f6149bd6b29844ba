package host

import (
	"cmp"
	"fmt"
)

// Kind is the type of the elements of an Array.
type Kind uint8

// The kinds. Elements of Bool are 0 and 1.
const (
	Bool Kind = iota
	Int8
	Int16
	Int32
	Int64
	Uint8
	Uint16
	Uint32
	Uint64
)

// Integer is the Go types of elements.
type Integer interface {
	int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64
}

// Array is a dense row-major array of integers. It is not modified once it is made, but by
// [Array.Place].
type Array struct {
	kind  Kind
	shape []int
	data  vector
}

// New is an array of the given elements, whose memory it takes.
func New[T Integer](data []T, shape ...int) *Array {
	if SizeOf(shape) != len(data) {
		panic(fmt.Sprintf("host: %d elements of shape %v", len(data), shape))
	}
	v := of[T](data)
	return &Array{kind: v.kind(), shape: shape, data: v}
}

// NewBools is an array of truth values, which are copied.
func NewBools(data []bool, shape ...int) *Array {
	bytes := make([]uint8, len(data))
	for i, b := range data {
		if b {
			bytes[i] = 1
		}
	}
	return Bytes(bytes, shape...)
}

// Bytes is an array of truth values of bytes 0 and 1, whose memory it takes.
func Bytes(data []uint8, shape ...int) *Array {
	a := New(data, shape...)
	a.kind = Bool
	return a
}

// Ints is an array of int64 with one axis.
func Ints(data ...int) *Array {
	wide := make([]int64, len(data))
	for i, x := range data {
		wide[i] = int64(x)
	}
	return New(wide, len(wide))
}

// Make is an array of zeros.
func Make(kind Kind, shape ...int) *Array {
	return &Array{kind: kind, shape: shape, data: makeVector(kind, SizeOf(shape))}
}

// Kind is the type of the elements.
func (a *Array) Kind() Kind { return a.kind }

// Shape is the size along each axis. It must not be modified.
func (a *Array) Shape() []int { return a.shape }

// Len is the number of elements.
func (a *Array) Len() int { return a.data.len() }

// At is element i in row-major order; of uint64, its bits.
func (a *Array) At(i int) int64 { return a.data.at(i) }

// Float is element i as the nearest float64.
func (a *Array) Float(i int) float64 {
	if a.kind == Uint64 {
		return float64(uint64(a.data.at(i)))
	}
	return float64(a.data.at(i))
}

// Ints is the elements as ints. ok is false if one is beyond what an int can hold.
func (a *Array) Ints() (ints []int, ok bool) {
	ints = make([]int, a.Len())
	for i := range ints {
		x := a.data.at(i)
		ints[i] = int(x)
		if int64(ints[i]) != x || a.kind == Uint64 && x < 0 {
			return nil, false
		}
	}
	return ints, true
}

// Floats is the elements as float64.
func (a *Array) Floats() []float64 {
	floats := make([]float64, a.Len())
	for i := range floats {
		floats[i] = a.Float(i)
	}
	return floats
}

// Bools is whether each element is not 0.
func (a *Array) Bools() []bool {
	bools := make([]bool, a.Len())
	for i := range bools {
		bools[i] = a.data.at(i) != 0
	}
	return bools
}

// Slice is the elements as a slice of T, without copying. ok is false if the array has
// another kind; truth values are bytes.
func Slice[T Integer](a *Array) (data []T, ok bool) {
	v, ok := a.data.(of[T])
	return v, ok
}

// Reshape is the same elements in another shape of the same size.
func (a *Array) Reshape(shape ...int) *Array {
	if SizeOf(shape) != a.Len() {
		panic(fmt.Sprintf("host: %d elements of shape %v", a.Len(), shape))
	}
	return &Array{kind: a.kind, shape: shape, data: a.data}
}

// Pick is the array of the given shape of a's elements at the given positions in row-major
// order; a negative position gives 0.
func (a *Array) Pick(positions []int, shape ...int) *Array {
	return &Array{kind: a.kind, shape: shape, data: a.data.pick(positions)}
}

// Clone is a copy.
func (a *Array) Clone() *Array { return &Array{kind: a.kind, shape: a.shape, data: a.data.clone()} }

// Place writes b's element i to position positions[i] of a, which must be nobody else's.
// combine, unless Replace, says what is written of the element there and b's.
func (a *Array) Place(positions []int, b *Array, combine Op) {
	a.data.place(positions, b.data, combine)
}

// Convert is the elements as another kind: integers lose their upper bits as conversions of
// Go do, and anything but 0 is true.
func (a *Array) Convert(kind Kind) *Array {
	if kind == a.kind {
		return a
	}
	y := Make(kind, a.shape...)
	if kind == Bool {
		for i := range a.Len() {
			if a.data.at(i) != 0 {
				y.data.set(i, 1)
			}
		}
		return y
	}
	for i := range a.Len() {
		y.data.set(i, a.data.at(i))
	}
	return y
}

// FromFloats is the array of numbers rounded towards zero, or, of Bool, of whether they are
// not 0. Numbers beyond int64 become its least or greatest, those beyond uint64 likewise,
// and NaN 0, before upper bits are lost.
func FromFloats(kind Kind, data []float64, shape ...int) *Array {
	y := Make(kind, shape...)
	for i, x := range data {
		y.data.set(i, truncate(kind, x))
	}
	return y
}

func truncate(kind Kind, x float64) int64 {
	switch {
	case kind == Bool:
		if x != 0 {
			return 1
		}
		return 0
	case x != x:
		return 0
	case kind == Uint64 && x >= 1<<64:
		return -1
	case kind == Uint64 && x >= 1<<63:
		return int64(uint64(x))
	case x >= 1<<63:
		return 1<<63 - 1
	case x < -1<<63:
		return -1 << 63
	}
	return int64(x)
}

// SizeOf is the number of elements of a shape.
func SizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Order is negative, zero or positive as element i is less than, equal to or greater than
// element j.
func (a *Array) Order(i, j int) int {
	x, y := a.data.at(i), a.data.at(j)
	if a.kind == Uint64 {
		return cmp.Compare(uint64(x), uint64(y))
	}
	return cmp.Compare(x, y)
}
