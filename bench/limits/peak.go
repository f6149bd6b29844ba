package limits

// fmaLoop is the loop from which the arithmetic peak of a core is measured: floating-
// point operations an iteration and a function that runs so many iterations.
type fmaLoop struct {
	flops32, flops64 int
	float32, float64 func(iterations int)
}

// goLoop is what there is without assembly.
var goLoop = fmaLoop{
	flops32: 8, flops64: 8,
	float32: multiplyAdd[float32], float64: multiplyAdd[float64],
}

func multiplyAdd[T float32 | float64](iterations int) {
	var a0, a1, a2, a3 T
	x, y := T(0.5), T(1)
	for range iterations {
		a0 = a0*x + y
		a1 = a1*x + y
		a2 = a2*x + y
		a3 = a3*x + y
	}
	if a0+a1+a2+a3 < 0 { // never: it keeps the loop alive
		panic("limits: a sum of positive numbers is negative")
	}
}
