package simd

// FMALoop runs independent fused multiply-adds in registers and nothing else,
// iterations times, and returns how many floating-point operations that was
// (two for each multiply-add of each lane). Divided by the time it took, that is
// the arithmetic peak of one core, against which kernels are measured.
func FMALoop[T Float](iterations int) (flops int) {
	return fmaLoopKernel[T](iterations)
}

func fmaLoopGeneric[T Float](iterations int) (flops int) {
	var a0, a1, a2, a3 T
	x, y := T(0.5), T(1)
	for range iterations {
		a0 = a0*x + y
		a1 = a1*x + y
		a2 = a2*x + y
		a3 = a3*x + y
	}
	if a0+a1+a2+a3 < 0 { // never: it keeps the loop alive
		return 0
	}
	return 8 * iterations
}
