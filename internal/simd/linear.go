package simd

// This file holds scaling, shifting and filling by a scalar.

// AddScaled sets dst[i] += s · x[i]. len(x) must be len(dst).
func AddScaled[T Float](dst, x []T, s T) {
	addScaledKernel(dst, x, s)
}

func addScaledGeneric[T Float](dst, x []T, s T) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] += s * v
	}
}

// Scale sets dst[i] = s · x[i]. dst may be x.
func Scale[T Float](dst, x []T, s T) {
	scaleKernel(dst, x, s)
}

func scaleGeneric[T Float](dst, x []T, s T) {
	apply(dst, x, func(x T) T { return x * s })
}

// AddScalar sets dst[i] = x[i] + s. dst may be x.
func AddScalar[T Float](dst, x []T, s T) {
	addScalarKernel(dst, x, s)
}

func addScalarGeneric[T Float](dst, x []T, s T) {
	apply(dst, x, func(x T) T { return x + s })
}

// Fill sets every element of dst to v.
func Fill[T Float](dst []T, v T) {
	fillKernel(dst, v)
}

func fillGeneric[T Float](dst []T, v T) {
	for i := range dst {
		dst[i] = v
	}
}

// Clamp sets dst[i] = min(max(x[i], lo), hi); NaN stays NaN. dst may be x.
// When lo > hi the result is hi.
func Clamp[T Float](dst, x []T, lo, hi T) {
	clampKernel(dst, x, lo, hi)
}

func clampGeneric[T Float](dst, x []T, lo, hi T) {
	dst = dst[:len(x)]
	for i, v := range x {
		if v < lo {
			v = lo
		}
		if v > hi {
			v = hi
		}
		dst[i] = v
	}
}
