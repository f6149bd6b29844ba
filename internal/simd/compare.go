package simd

// This file holds comparisons and selection. Comparisons give 1 for true and 0
// for false; with a NaN operand only NotEqual is true. Operands follow the
// broadcast rule of arith.go.

// Greater sets dst[i] to 1 where a[i] > b[i] and to 0 elsewhere.
func Greater[T Float](dst, a, b []T) {
	greaterKernel(dst, a, b)
}

func greaterGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return oneIf[T](a > b) })
}

// GreaterEqual sets dst[i] to 1 where a[i] ≥ b[i] and to 0 elsewhere.
func GreaterEqual[T Float](dst, a, b []T) {
	greaterEqualKernel(dst, a, b)
}

func greaterEqualGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return oneIf[T](a >= b) })
}

// Less sets dst[i] to 1 where a[i] < b[i] and to 0 elsewhere.
func Less[T Float](dst, a, b []T) {
	lessKernel(dst, a, b)
}

func lessGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return oneIf[T](a < b) })
}

// LessEqual sets dst[i] to 1 where a[i] ≤ b[i] and to 0 elsewhere.
func LessEqual[T Float](dst, a, b []T) {
	lessEqualKernel(dst, a, b)
}

func lessEqualGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return oneIf[T](a <= b) })
}

// Equal sets dst[i] to 1 where a[i] = b[i] and to 0 elsewhere.
func Equal[T Float](dst, a, b []T) {
	equalKernel(dst, a, b)
}

func equalGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return oneIf[T](a == b) })
}

// NotEqual sets dst[i] to 1 where a[i] ≠ b[i] or either is NaN, and to 0
// elsewhere.
func NotEqual[T Float](dst, a, b []T) {
	notEqualKernel(dst, a, b)
}

func notEqualGeneric[T Float](dst, a, b []T) {
	zip(dst, a, b, func(a, b T) T { return oneIf[T](a != b) })
}

func oneIf[T Float](b bool) T {
	if b {
		return 1
	}
	return 0
}

// Where sets dst[i] to a[i] where cond[i] ≠ 0 (NaN counts as true) and to b[i]
// elsewhere. cond, a and b each have length len(dst) or 1; dst may be any of
// them.
func Where[T Float](dst, cond, a, b []T) {
	whereKernel(dst, cond, a, b)
}

func whereGeneric[T Float](dst, cond, a, b []T) {
	mc, ma, mb := indexMask(cond), indexMask(a), indexMask(b)
	for i := range dst {
		if cond[i&mc] != 0 {
			dst[i] = a[i&ma]
		} else {
			dst[i] = b[i&mb]
		}
	}
}
