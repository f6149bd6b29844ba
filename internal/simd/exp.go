package simd

import "math"

// This file holds exponentials, logarithms and powers. In functions of one
// operand len(x) must be len(dst) and dst may be x; functions of two follow the
// broadcast rule of arith.go. The reference computes in float64 and rounds once.

// Exp sets dst[i] = e^x[i].
func Exp[T Float](dst, x []T) {
	expKernel(dst, x)
}

func expGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(exp64(float64(x))) })
}

// Expm1 sets dst[i] = e^x[i] − 1, accurate near 0.
func Expm1[T Float](dst, x []T) {
	expm1Kernel(dst, x)
}

func expm1Generic[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Expm1(float64(x))) })
}

// Log sets dst[i] = ln x[i]: −Inf at 0, NaN below.
func Log[T Float](dst, x []T) {
	logKernel(dst, x)
}

func logGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(log64(float64(x))) })
}

// Log1p sets dst[i] = ln(1 + x[i]), accurate near 0: −Inf at −1, NaN below.
func Log1p[T Float](dst, x []T) {
	log1pKernel(dst, x)
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
	if len(a) < len(dst) {
		a, b = b, a
	}
	if len(a) < len(dst) { // both are one element
		if len(dst) > 0 {
			logAddExpKernel(dst[:1], a, b)
			Fill(dst, dst[0])
		}
		return
	}
	if len(b) == len(dst) {
		logAddExpKernel(dst, a, b)
		return
	}
	var repeated [64]T
	Fill(repeated[:], b[0])
	for len(dst) > 0 {
		n := min(len(dst), len(repeated))
		logAddExpKernel(dst[:n], a[:n], repeated[:n])
		dst, a = dst[n:], a[n:]
	}
}

func logAddExpGeneric[T Float](dst, a, b []T) {
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

// LogAddExp3 sets dst[i] = ln(e^a[i] + e^b[i] + e^(c[i]+mask[i])) without overflow. A mask of
// −Inf leaves c out, one of 0 does not. +Inf gives NaN. All have the same length; dst may be
// one of the others.
func LogAddExp3[T Float](dst, a, b, c, mask []T) {
	logAddExp3Kernel(dst, a, b, c, mask)
}

func logAddExp3Generic[T Float](dst, a, b, c, mask []T) {
	for i := range dst {
		dst[i] = T(logAddExp3(float64(a[i]), float64(b[i]), float64(c[i]+mask[i])))
	}
}

func logAddExp3(a, b, c float64) float64 {
	largest := max(-math.MaxFloat64, a, b, c)
	return math.Log(math.Exp(a-largest)+math.Exp(b-largest)+math.Exp(c-largest)) + largest
}

// exp64 is e^x. math.Exp on amd64 overflows too early, from 709.4 on; there x−1 is
// exact.
func exp64(x float64) float64 {
	if x > 709 && x < 710 {
		return math.Exp(x-1) * math.E
	}
	return math.Exp(x)
}

// log64 is ln x. math.Log on amd64 is wrong for subnormal numbers.
func log64(x float64) float64 {
	if x > 0 && x < 0x1p-1022 {
		return math.Log(x*0x1p54) - 54*math.Ln2
	}
	return math.Log(x)
}
