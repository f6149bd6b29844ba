//go:build !amd64 || noasm

package simd

// withAssembly runs f; there is no assembly.
func withAssembly(_ bool, f func()) { f() }
