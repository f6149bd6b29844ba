//go:build !linux

package simd

import "testing"

// guardedFloats returns n elements; guard pages are set up on Linux only.
func guardedFloats[T Float](_ testing.TB, n int, _ bool) []T { return make([]T, n) }
