package data

import (
	"encoding/binary"
	"math"

	"github.com/chainrule-go/chainrule/internal/float16"
)

// The element types of arrays in files, and how they are decoded.

// elementType is an element type: how many bytes it has, whether it becomes float64, and
// how it is decoded.
type elementType struct {
	size   int
	wide   bool
	decode func(order binary.ByteOrder, p []byte) float64
}

// elementTypes are the element types by the letter and the size that NumPy gives them.
var elementTypes = map[string]elementType{
	"b1": {1, false, func(_ binary.ByteOrder, p []byte) float64 { return float64(p[0]) }},
	"u1": {1, false, func(_ binary.ByteOrder, p []byte) float64 { return float64(p[0]) }},
	"i1": {1, false, func(_ binary.ByteOrder, p []byte) float64 { return float64(int8(p[0])) }},
	"u2": {2, false, func(o binary.ByteOrder, p []byte) float64 { return float64(o.Uint16(p)) }},
	"i2": {2, false, func(o binary.ByteOrder, p []byte) float64 { return float64(int16(o.Uint16(p))) }},
	"u4": {4, true, func(o binary.ByteOrder, p []byte) float64 { return float64(o.Uint32(p)) }},
	"i4": {4, true, func(o binary.ByteOrder, p []byte) float64 { return float64(int32(o.Uint32(p))) }},
	"u8": {8, true, func(o binary.ByteOrder, p []byte) float64 { return float64(o.Uint64(p)) }},
	"i8": {8, true, func(o binary.ByteOrder, p []byte) float64 { return float64(int64(o.Uint64(p))) }},
	"f2": {2, false, func(o binary.ByteOrder, p []byte) float64 { return float64(float16.Float32(o.Uint16(p))) }},
	"f4": {4, false, func(o binary.ByteOrder, p []byte) float64 { return float64(math.Float32frombits(o.Uint32(p))) }},
	"f8": {8, true, func(o binary.ByteOrder, p []byte) float64 { return math.Float64frombits(o.Uint64(p)) }},
}
