package simd

import "math"

// This file holds the exact functions of one operand: sign, roots, reciprocals
// and rounding. len(x) must be len(dst); dst may be x.

// Neg sets dst[i] = −x[i].
func Neg[T Float](dst, x []T) {
	negKernel(dst, x)
}

func negGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return -x })
}

// Abs sets dst[i] = |x[i]|.
func Abs[T Float](dst, x []T) {
	absKernel(dst, x)
}

func absGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Abs(float64(x))) })
}

// Sign sets dst[i] to 1 for positive, −1 for negative x[i]; zeros and NaN stay
// as they are.
func Sign[T Float](dst, x []T) {
	signKernel(dst, x)
}

func signGeneric[T Float](dst, x []T) {
	apply(dst, x, sign)
}

func sign[T Float](x T) T {
	if x > 0 {
		return 1
	}
	if x < 0 {
		return -1
	}
	return x
}

// Square sets dst[i] = x[i]².
func Square[T Float](dst, x []T) {
	squareKernel(dst, x)
}

func squareGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return x * x })
}

// Sqrt sets dst[i] = √x[i], NaN for negative x[i].
func Sqrt[T Float](dst, x []T) {
	sqrtKernel(dst, x)
}

func sqrtGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Sqrt(float64(x))) })
}

// Rsqrt sets dst[i] = 1/√x[i].
func Rsqrt[T Float](dst, x []T) {
	rsqrtKernel(dst, x)
}

func rsqrtGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return 1 / T(math.Sqrt(float64(x))) })
}

// Reciprocal sets dst[i] = 1/x[i].
func Reciprocal[T Float](dst, x []T) {
	reciprocalKernel(dst, x)
}

func reciprocalGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return 1 / x })
}

// Floor sets dst[i] to the greatest integer not above x[i].
func Floor[T Float](dst, x []T) {
	floorKernel(dst, x)
}

func floorGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Floor(float64(x))) })
}

// Ceil sets dst[i] to the least integer not below x[i].
func Ceil[T Float](dst, x []T) {
	ceilKernel(dst, x)
}

func ceilGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Ceil(float64(x))) })
}

// Round sets dst[i] to the integer nearest x[i], halves to the even one.
func Round[T Float](dst, x []T) {
	roundKernel(dst, x)
}

func roundGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.RoundToEven(float64(x))) })
}
