package simd

import "math"

// This file holds exponentials, logarithms and powers. In functions of one
// operand len(x) must be len(dst) and dst may be x; functions of two follow the
// broadcast rule of arith.go. The reference computes in float64 and rounds once.

// Exp sets dst[i] = e^x[i].
func Exp[T Float](dst, x []T) {
	checkUnary("Exp", dst, x)
	expGeneric(dst, x)
}

func expGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Exp(float64(x))) })
}

// Expm1 sets dst[i] = e^x[i] − 1, accurate near 0.
func Expm1[T Float](dst, x []T) {
	checkUnary("Expm1", dst, x)
	expm1Generic(dst, x)
}

func expm1Generic[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Expm1(float64(x))) })
}

// Log sets dst[i] = ln x[i]: −Inf at 0, NaN below.
func Log[T Float](dst, x []T) {
	checkUnary("Log", dst, x)
	logGeneric(dst, x)
}

func logGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Log(float64(x))) })
}

// Log1p sets dst[i] = ln(1 + x[i]), accurate near 0: −Inf at −1, NaN below.
func Log1p[T Float](dst, x []T) {
	checkUnary("Log1p", dst, x)
	log1pGeneric(dst, x)
}

func log1pGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Log1p(float64(x))) })
}

// Log2 sets dst[i] = log₂ x[i].
func Log2[T Float](dst, x []T) {
	checkUnary("Log2", dst, x)
	apply(dst, x, func(x T) T { return T(math.Log2(float64(x))) })
}

// Pow sets dst[i] = a[i]^b[i] with the special cases of math.Pow. The scalar
// exponents 1, 2, 3 and −1 cost a multiplication or a division.
func Pow[T Float](dst, a, b []T) {
	checkBinary("Pow", dst, a, b)
	if len(b) == 1 && len(a) == len(dst) {
		switch b[0] {
		case 1:
			copy(dst, a)
			return
		case 2:
			Square(dst, a)
			return
		case 3:
			apply(dst, a, func(a T) T { return a * a * a })
			return
		case -1:
			Reciprocal(dst, a)
			return
		}
	}
	zip(dst, a, b, func(a, b T) T { return T(math.Pow(float64(a), float64(b))) })
}

// LogAddExp sets dst[i] = ln(e^a[i] + e^b[i]) without overflow.
func LogAddExp[T Float](dst, a, b []T) {
	checkBinary("LogAddExp", dst, a, b)
	zip(dst, a, b, func(a, b T) T { return T(logAddExp(float64(a), float64(b))) })
}

func logAddExp(a, b float64) float64 {
	if a == b {
		return a + math.Ln2 // also right for two equal infinities
	}
	if a < b {
		a, b = b, a
	}
	return a + math.Log1p(math.Exp(b-a))
}
