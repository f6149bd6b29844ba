package data

import (
	"encoding/binary"
	"math"
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
	"f2": {2, false, func(o binary.ByteOrder, p []byte) float64 { return half(o.Uint16(p)) }},
	"f4": {4, false, func(o binary.ByteOrder, p []byte) float64 { return float64(math.Float32frombits(o.Uint32(p))) }},
	"f8": {8, true, func(o binary.ByteOrder, p []byte) float64 { return math.Float64frombits(o.Uint64(p)) }},
}

// half is the number that 16 bits stand for (IEEE 754 binary16).
func half(bits uint16) float64 {
	exponent, fraction := int(bits>>10&31), float64(bits&1023)/1024
	var v float64
	switch {
	case exponent == 31 && fraction != 0:
		return math.NaN()
	case exponent == 31:
		v = math.Inf(1)
	case exponent == 0:
		v = math.Ldexp(fraction, -14)
	default:
		v = math.Ldexp(1+fraction, exponent-15)
	}
	if bits>>15 != 0 {
		return -v
	}
	return v
}
