package simd

import "unsafe"

// Float is the set of element types every kernel is written for.
type Float interface{ float32 | float64 }

// is32 reports whether T is float32. The compiler folds it per instantiation,
// so dispatch to the assembly of one type costs no branch.
func is32[T Float]() bool {
	var zero T
	return unsafe.Sizeof(zero) == 4
}

// as32 reinterprets s, whose element type must be float32.
func as32[T Float](s []T) []float32 {
	return unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}

// as64 reinterprets s, whose element type must be float64.
func as64[T Float](s []T) []float64 {
	return unsafe.Slice((*float64)(unsafe.Pointer(unsafe.SliceData(s))), len(s))
}
