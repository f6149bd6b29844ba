package nn

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/float16"
)

// What elements of files become in memory. float16 and bfloat16 are float32 exactly;
// integers must be what they become exactly; float64 is rounded to float32.

// fault is what is wrong with an element, and at which byte of its chunk; without a reason
// nothing is.
type fault struct {
	at     int
	reason string
}

// integerDecoders decode an integer of a type.
var integerDecoders = map[string]func(p []byte) int64{
	"BOOL": func(p []byte) int64 { return int64(p[0]) },
	"U8":   func(p []byte) int64 { return int64(p[0]) },
	"I8":   func(p []byte) int64 { return int64(int8(p[0])) },
	"U16":  func(p []byte) int64 { return int64(binary.LittleEndian.Uint16(p)) },
	"I16":  func(p []byte) int64 { return int64(int16(binary.LittleEndian.Uint16(p))) },
	"U32":  func(p []byte) int64 { return int64(binary.LittleEndian.Uint32(p)) },
	"I32":  func(p []byte) int64 { return int64(int32(binary.LittleEndian.Uint32(p))) },
	"I64":  func(p []byte) int64 { return int64(binary.LittleEndian.Uint64(p)) },
}

// isFloat reports whether a type is one of floating-point numbers that are known here.
func isFloat(dtype string) bool {
	return dtype == "F32" || dtype == "F64" || isHalf(dtype)
}

// isHalf reports whether a type has 16 bits of floating point.
func isHalf(dtype string) bool { return dtype == "F16" || dtype == "BF16" }

// isNumber reports whether elements of a type can be read.
func isNumber(dtype string) bool { return isFloat(dtype) || integerDecoders[dtype] != nil }

// fitsType reports whether elements of one type can be loaded as those of another.
func fitsType(got, want string, convert bool) bool {
	switch {
	case got == want:
		return true
	case want == counterType:
		return convert && integerDecoders[got] != nil
	case want == byteType:
		return false
	}
	return isHalf(got) || convert && isNumber(got)
}

// decode sets the elements of v from number start on to those in chunk, of a type for which
// isNumber is true. It stops at a number that cannot be one of v's.
func decode(v autograd.Variable, start int, chunk []byte, dtype string) fault {
	switch {
	case dtype == "F32" && v.DType() == autograd.Float32:
		elements := v.Float32s()[start:]
		for i := 0; i < len(chunk); i += 4 {
			elements[i/4] = math.Float32frombits(binary.LittleEndian.Uint32(chunk[i:]))
		}
	case dtype == "F64" && v.DType() == autograd.Float64:
		elements := v.Float64s()[start:]
		for i := 0; i < len(chunk); i += 8 {
			elements[i/8] = math.Float64frombits(binary.LittleEndian.Uint64(chunk[i:]))
		}
	case dtype == "F64":
		elements := v.Float32s()[start:]
		for i := 0; i < len(chunk); i += 8 {
			x := math.Float64frombits(binary.LittleEndian.Uint64(chunk[i:]))
			elements[i/8] = float32(x)
			if isFinite(x) && !isFinite(float64(elements[i/8])) {
				return fault{i, "the value is too large for float32"}
			}
		}
	case isFloat(dtype) && v.DType() == autograd.Float32:
		decodeNarrow(v.Float32s()[start:], chunk, dtype)
	case isFloat(dtype):
		decodeNarrow(v.Float64s()[start:], chunk, dtype)
	case v.DType() == autograd.Float32:
		return decodeIntegers(v.Float32s()[start:], chunk, dtype)
	default:
		return decodeIntegers(v.Float64s()[start:], chunk, dtype)
	}
	return fault{}
}

// decodeNarrow decodes what is float32 or less.
func decodeNarrow[T float32 | float64](elements []T, chunk []byte, dtype string) {
	switch dtype {
	case "F32":
		for i := 0; i < len(chunk); i += 4 {
			elements[i/4] = T(math.Float32frombits(binary.LittleEndian.Uint32(chunk[i:])))
		}
	case "BF16":
		for i := 0; i < len(chunk); i += 2 {
			elements[i/2] = T(math.Float32frombits(uint32(binary.LittleEndian.Uint16(chunk[i:])) << 16))
		}
	default:
		for i := 0; i < len(chunk); i += 2 {
			elements[i/2] = T(float16.Float32(binary.LittleEndian.Uint16(chunk[i:])))
		}
	}
}

func decodeIntegers[T float32 | float64](elements []T, chunk []byte, dtype string) fault {
	size, integer := int(elementSizes[dtype]), integerDecoders[dtype]
	for i := 0; i < len(chunk); i += size {
		n := integer(chunk[i:])
		x := T(n)
		// From 2⁶² on the conversion back could overflow, and not tell.
		if n <= -1<<62 || n >= 1<<62 || int64(x) != n {
			return fault{i, fmt.Sprintf("the integer %d cannot be %T exactly", n, x)}
		}
		elements[i/size] = x
	}
	return fault{}
}
