package simd

import "fmt"

// checkUnary panics unless x is as long as dst.
func checkUnary[T Float](op string, dst, x []T) {
	if len(dst) != len(x) {
		panicLength(op, "x", len(x), len(dst))
	}
}

// checkPair panics unless a and b are as long as dst.
func checkPair[T Float](op string, dst, a, b []T) {
	if len(a) != len(dst) {
		panicLength(op, "second argument", len(a), len(dst))
	}
	if len(b) != len(dst) {
		panicLength(op, "third argument", len(b), len(dst))
	}
}

// checkBinary panics unless each of a and b is as long as dst or of length 1.
func checkBinary[T Float](op string, dst, a, b []T) {
	if len(a) != len(dst) && len(a) != 1 {
		panicBroadcast(op, "a", len(a), len(dst))
	}
	if len(b) != len(dst) && len(b) != 1 {
		panicBroadcast(op, "b", len(b), len(dst))
	}
}

//go:noinline
func panicLength(op, name string, got, want int) {
	panic(fmt.Sprintf("simd: %s: %s has length %d, want %d", op, name, got, want))
}

//go:noinline
func panicBroadcast(op, name string, got, want int) {
	panic(fmt.Sprintf("simd: %s: %s has length %d, want 1 or %d", op, name, got, want))
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
