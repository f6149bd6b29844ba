package onnx

import "math"

// fromHalf is the number that the bits of a float16 stand for (IEEE 754 binary16).
func fromHalf(h uint16) float32 {
	sign, exponent, fraction := uint32(h>>15)<<31, uint32(h>>10)&0x1f, uint32(h)&0x3ff
	switch {
	case exponent == 0x1f: // infinities and NaN
		return math.Float32frombits(sign | 0xff<<23 | fraction<<13)
	case exponent == 0: // zero and numbers without a leading one: fraction·2⁻²⁴
		x := float32(fraction) * (1.0 / (1 << 24))
		return math.Float32frombits(sign | math.Float32bits(x))
	}
	return math.Float32frombits(sign | (exponent+127-15)<<23 | fraction<<13)
}

// toHalf is the bits of the float16 nearest to x, the even one of two.
func toHalf(x float32) uint16 {
	bits := math.Float32bits(x)
	sign := uint16(bits>>16) & 0x8000
	abs := bits &^ (1 << 31)
	switch {
	case abs > 0xff<<23: // NaN
		return sign | 0x7e00
	case abs >= 0x477ff000: // rounds to 65536 or beyond
		return sign | 0x7c00
	case abs < 0x38800000: // below 2⁻¹⁴: a multiple of 2⁻²⁴
		return sign | uint16(math.RoundToEven(float64(math.Float32frombits(abs))*(1<<24)))
	}
	abs += 0xfff + abs>>13&1
	return sign | uint16((abs>>13)-(127-15)<<10)
}

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
