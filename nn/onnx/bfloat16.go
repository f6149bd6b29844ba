package onnx

import "math"

// fromBFloat is the number that the bits of a bfloat16 stand for: the upper half of those of
// a float32.
func fromBFloat(b uint16) float32 { return math.Float32frombits(uint32(b) << 16) }

// toBFloat is the bits of x as a bfloat16: the lower ones are cut off, as the standard's tests
// have it.
func toBFloat(x float32) uint16 {
	bits := uint16(math.Float32bits(x) >> 16)
	if x != x {
		bits |= 0x40 // a NaN whose upper bits are those of infinity
	}
	return bits
}
