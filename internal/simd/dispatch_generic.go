//go:build !amd64 || noasm

package simd

// Accelerated reports whether the assembly kernels are in use.
func Accelerated() bool { return false }
