//go:build amd64 && !noasm

package simd

import "testing"

// TestCircularKernelsStop checks that the assembly of Sin does angles up to its
// limit itself and stops before the vector with a larger one.
func TestCircularKernelsStop(t *testing.T) {
	if active < avx2 {
		t.Skip("no AVX2")
	}
	const n = 45
	for at := range n + 1 { // at n, no angle is too large
		x32, x64 := make([]float32, n), make([]float64, n)
		for i := range n {
			x32[i], x64[i] = 1e6, 1e9
		}
		want32, want64 := n, n
		if at < n {
			x32[at], x64[at] = -2e6, -2e9
			want32, want64 = at, at
		}
		did32 := sinF32AVX2(&x32[0], &x32[0], n)
		did64 := cosF64AVX2(&x64[0], &x64[0], n)
		if did32 > want32 || did32 < want32-15 || at == n && did32 != n {
			t.Errorf("float32, angle too large at %d: did %d", at, did32)
		}
		if did64 > want64 || did64 < want64-7 || at == n && did64 != n {
			t.Errorf("float64, angle too large at %d: did %d", at, did64)
		}
	}
}
