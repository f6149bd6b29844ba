//go:build !linux

package simd

import "testing"

// Guard pages are set up on Linux only.

// guarded returns n bytes.
func guarded(_ testing.TB, n int, _ bool) []byte { return make([]byte, n) }

// guardedFloats returns n elements.
func guardedFloats[T Float](_ testing.TB, n int, _ bool) []T { return make([]T, n) }
