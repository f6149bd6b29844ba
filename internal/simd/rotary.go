package simd

// This file holds rotary positions (Su et al. 2021): pairs of elements turned by angles.

// RotatePairs turns the elements 2i and 2i+1 of each of rows rows of x, which follow each other,
// by angles whose cosines are cos[2i] = cos[2i+1] and whose sines are sin[2i+1] = −sin[2i]:
//
//	dst[2i] = x[2i]·cos[2i] + x[2i+1]·sin[2i],  dst[2i+1] = x[2i+1]·cos[2i+1] + x[2i]·sin[2i+1]
//
// A row has len(cos) elements, an even number. dst may be x.
func RotatePairs[T Float](dst, x, cos, sin []T, rows int) {
	checkRotary("RotatePairs", rows*len(cos), dst, x, cos, sin)
	if len(cos)%2 != 0 {
		panicLength("RotatePairs", "cos", len(cos), len(cos)+1)
	}
	if len(dst) > 0 {
		rotatePairsKernel(dst, x, cos, sin, rows)
	}
}

func rotatePairsGeneric[T Float](dst, x, cos, sin []T, rows int) {
	n := len(cos)
	for at := 0; at < rows*n; at += n {
		for i := 0; i < n; i += 2 {
			a, b := x[at+i], x[at+i+1]
			dst[at+i] = a*cos[i] + b*sin[i]
			dst[at+i+1] = b*cos[i+1] + a*sin[i+1]
		}
	}
}

// RotateHalves turns elements of each of rows rows of x that are half a row apart, a and b, by
// angles of cosines cos and sines sin, each half as long as a row:
//
//	a′ = a·cos − b·sin,  b′ = b·cos + a·sin
//
// dst may be x.
func RotateHalves[T Float](dst, x, cos, sin []T, rows int) {
	checkRotary("RotateHalves", 2*rows*len(cos), dst, x, cos, sin)
	if len(dst) > 0 {
		rotateHalvesKernel(dst, x, cos, sin, rows)
	}
}

func rotateHalvesGeneric[T Float](dst, x, cos, sin []T, rows int) {
	n := len(cos)
	for at := 0; at < 2*rows*n; at += 2 * n {
		for i := range cos {
			a, b := x[at+i], x[at+n+i]
			dst[at+i] = a*cos[i] - b*sin[i]
			dst[at+n+i] = b*cos[i] + a*sin[i]
		}
	}
}

func checkRotary[T Float](op string, size int, dst, x, cos, sin []T) {
	if len(dst) != size || len(x) != size || len(sin) != len(cos) {
		panicLengths(op, size, len(dst), len(x), len(sin))
	}
}
