package simd

import "fmt"

// What a failed check says is made in functions of its own, so that the checks
// stay small enough to be inlined.

// checkUnary panics unless x is as long as dst.
func checkUnary[T Float](op string, dst, x []T) {
	if len(dst) != len(x) {
		panicLengths(op, len(dst), len(x))
	}
}

// checkPair panics unless a and b are as long as dst.
func checkPair[T Float](op string, dst, a, b []T) {
	if len(a) != len(dst) || len(b) != len(dst) {
		panicLengths(op, len(dst), len(a), len(b))
	}
}

// checkBinary panics unless each of a and b is as long as dst or of length 1.
func checkBinary[T Float](op string, dst, a, b []T) {
	if !fits(dst, a) || !fits(dst, b) {
		panicBroadcast(op, len(dst), len(a), len(b))
	}
}

// fits reports whether s is as long as dst or of length 1.
func fits[T Float](dst, s []T) bool { return len(s) == len(dst) || len(s) == 1 }

//go:noinline
func panicLengths(op string, dst int, operands ...int) {
	panic(fmt.Sprintf("simd: %s: operands of lengths %v for a destination of length %d; all must be equal", op, operands, dst))
}

//go:noinline
func panicBroadcast(op string, dst int, operands ...int) {
	panic(fmt.Sprintf("simd: %s: operands of lengths %v for a destination of length %d; each must be 1 or that", op, operands, dst))
}

//go:noinline
func panicLength(op, name string, got, want int) {
	panic(fmt.Sprintf("simd: %s: %s has length %d, want %d", op, name, got, want))
}

// apply is the shape of every unary reference: dst[i] = f(x[i]). It is small
// enough that the compiler inlines it together with f.
func apply[T Float](dst, x []T, f func(x T) T) {
	dst = dst[:len(x)]
	for i, v := range x {
		dst[i] = f(v)
	}
}

// zip is the shape of every binary reference: dst[i] = f(a[i], b[i]), where an
// operand of length 1 stands for all positions. The compiler inlines it
// together with f.
func zip[T Float](dst, a, b []T, f func(a, b T) T) {
	ma, mb := indexMask(a), indexMask(b)
	for i := range dst {
		dst[i] = f(a[i&ma], b[i&mb])
	}
}

// indexMask is 0 for a slice of length 1 and all ones for any other, so that
// i&mask is the index of element i in a possibly broadcast operand.
func indexMask[T Float](s []T) int {
	if len(s) == 1 {
		return 0
	}
	return -1
}
