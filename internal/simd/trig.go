package simd

import "math"

// This file holds the circular and hyperbolic functions and their inverses. In
// functions of one operand len(x) must be len(dst) and dst may be x; functions
// of two follow the broadcast rule of arith.go. Angles are in radians.

// Sin sets dst[i] = sin x[i], NaN for ±Inf.
func Sin[T Float](dst, x []T) {
	sinKernel(dst, x)
}

func sinGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Sin(float64(x))) })
}

// Cos sets dst[i] = cos x[i], NaN for ±Inf.
func Cos[T Float](dst, x []T) {
	cosKernel(dst, x)
}

func cosGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Cos(float64(x))) })
}

// Tan sets dst[i] = tan x[i], NaN for ±Inf.
func Tan[T Float](dst, x []T) {
	checkUnary("Tan", dst, x)
	apply(dst, x, func(x T) T { return T(math.Tan(float64(x))) })
}

// Asin sets dst[i] = arcsin x[i] in [−π/2, π/2], NaN outside [−1, 1].
func Asin[T Float](dst, x []T) {
	checkUnary("Asin", dst, x)
	apply(dst, x, func(x T) T { return T(math.Asin(float64(x))) })
}

// Acos sets dst[i] = arccos x[i] in [0, π], NaN outside [−1, 1].
func Acos[T Float](dst, x []T) {
	checkUnary("Acos", dst, x)
	apply(dst, x, func(x T) T { return T(math.Acos(float64(x))) })
}

// Atan sets dst[i] = arctan x[i] in [−π/2, π/2].
func Atan[T Float](dst, x []T) {
	checkUnary("Atan", dst, x)
	apply(dst, x, func(x T) T { return T(math.Atan(float64(x))) })
}

// Sinh sets dst[i] = sinh x[i].
func Sinh[T Float](dst, x []T) {
	checkUnary("Sinh", dst, x)
	apply(dst, x, func(x T) T { return T(sinh64(float64(x))) })
}

// Cosh sets dst[i] = cosh x[i].
func Cosh[T Float](dst, x []T) {
	checkUnary("Cosh", dst, x)
	apply(dst, x, func(x T) T { return T(cosh64(float64(x))) })
}

// Asinh sets dst[i] = arsinh x[i].
func Asinh[T Float](dst, x []T) {
	checkUnary("Asinh", dst, x)
	apply(dst, x, func(x T) T { return T(math.Asinh(float64(x))) })
}

// Acosh sets dst[i] = arcosh x[i], NaN below 1.
func Acosh[T Float](dst, x []T) {
	checkUnary("Acosh", dst, x)
	apply(dst, x, func(x T) T { return T(math.Acosh(float64(x))) })
}

// Atanh sets dst[i] = artanh x[i]: ±Inf at ±1, NaN outside [−1, 1].
func Atanh[T Float](dst, x []T) {
	checkUnary("Atanh", dst, x)
	apply(dst, x, func(x T) T { return T(math.Atanh(float64(x))) })
}

// Atan2 sets dst[i] to the angle of the point (b[i], a[i]), in [−π, π].
func Atan2[T Float](dst, a, b []T) {
	checkBinary("Atan2", dst, a, b)
	zip(dst, a, b, func(a, b T) T { return T(math.Atan2(float64(a), float64(b))) })
}

// Hypot sets dst[i] = √(a[i]² + b[i]²) without overflow.
func Hypot[T Float](dst, a, b []T) {
	checkBinary("Hypot", dst, a, b)
	zip(dst, a, b, func(a, b T) T { return T(math.Hypot(float64(a), float64(b))) })
}

// sinh64 and cosh64 are ½e^|x| at the end of the range, in two factors that do
// not overflow before the result does.
func sinh64(x float64) float64 {
	if math.Abs(x) > 700 {
		return math.Copysign(cosh64(x), x)
	}
	return math.Sinh(x)
}

func cosh64(x float64) float64 {
	if math.Abs(x) > 700 {
		e := math.Exp(math.Abs(x) / 2)
		return 0.5 * e * e
	}
	return math.Cosh(x)
}
