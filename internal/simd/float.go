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
