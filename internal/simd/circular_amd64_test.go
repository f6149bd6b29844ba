//go:build amd64 && !noasm

package simd

import "testing"

// TestCircularKernelsStop checks that the assembly of Sin and Cos does angles up to
// its limit itself and stops at most two vectors before a larger one.
func TestCircularKernelsStop(t *testing.T) {
	const n = 75
	for _, set := range instructionSets()[1:] {
		set.with(func() {
			stopsBefore(t, sinAssembly[float32], sinWidth[float32](n), n, 1e6, -2e6)
			stopsBefore(t, cosAssembly[float64], cosWidth[float64](n), n, 1e9, -2e9)
		})
	}
}

func stopsBefore[T Float](t *testing.T, kernel func(width int, dst, x *T, n int) int, width, n int, large, tooLarge T) {
	for at := range n + 1 { // at n, no angle is too large
		x := make([]T, n)
		for i := range x {
			x[i] = large
		}
		if at < n {
			x[at] = tooLarge
		}
		did := kernel(width, &x[0], &x[0], n)
		if did > at || at == n && did < n || did < at-2*width/sizeOf[T]() {
			t.Errorf("%T with vectors of %d bytes: did %d of %d angles, %d being too large", x, width, did, n, at)
		}
	}
}
