package simd

// This file holds the arithmetic of two operands. In all of them len(a) and
// len(b) are len(dst) or 1, an operand of length 1 stands for every position,
// and dst may be the very slice a or b is. Other lengths panic.

// Add sets dst[i] = a[i] + b[i].
func Add[T Float](dst, a, b []T) {
	addKernel(dst, a, b)
}

func addGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return a + b })
}

// Sub sets dst[i] = a[i] − b[i].
func Sub[T Float](dst, a, b []T) {
	subKernel(dst, a, b)
}

func subGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return a - b })
}

// Mul sets dst[i] = a[i] · b[i].
func Mul[T Float](dst, a, b []T) {
	mulKernel(dst, a, b)
}

func mulGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return a * b })
}

// Div sets dst[i] = a[i] / b[i].
func Div[T Float](dst, a, b []T) {
	divKernel(dst, a, b)
}

func divGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return a / b })
}

// Max sets dst[i] to the larger of a[i] and b[i], NaN if either is NaN. Of two
// equal numbers it takes b[i], which shows only in the sign of a zero.
func Max[T Float](dst, a, b []T) {
	maxKernel(dst, a, b)
}

func maxGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T {
		if a > b || a != a {
			return a
		}
		return b
	})
}

// Min sets dst[i] to the smaller of a[i] and b[i], NaN if either is NaN. Of two
// equal numbers it takes b[i], which shows only in the sign of a zero.
func Min[T Float](dst, a, b []T) {
	minKernel(dst, a, b)
}

func minGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T {
		if a < b || a != a {
			return a
		}
		return b
	})
}

// StrongMul sets dst[i] = g[i] · d[i], and exactly 0 where g[i] is 0 whatever
// d[i] is: a gradient of zero stays zero though the local derivative is NaN or
// infinite.
func StrongMul[T Float](dst, g, d []T) {
	strongMulKernel(dst, g, d)
}

func strongMulGeneric[T Float](dst, g, d []T) {
	zip(dst, g, d, strongMul)
}

// strongMul is g·d with 0·anything = 0.
func strongMul[T Float](g, d T) T {
	if g == 0 {
		return 0
	}
	return g * d
}
