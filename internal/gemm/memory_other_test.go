//go:build !linux

package gemm

import (
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// guarded returns n elements; pages are protected on Linux only.
func guarded[F simd.Float](_ testing.TB, n int) []F { return make([]F, n) }
