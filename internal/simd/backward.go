package simd

// This file holds fused gradients: dst[i] = g[i] · f′, where f′ is written in
// terms of the function's input x or its output y, whichever is cheaper. All
// operands have length len(dst); dst may be g or the other operand. Where g[i]
// is exactly 0 the result is exactly 0, whatever f′ is there (NaN, infinite).

// ReLUBackward sets dst[i] = g[i] where y[i] > 0, else 0. y may be the output
// or the input of ReLU: they are positive together.
func ReLUBackward[T Float](dst, g, y []T) {
	reluBackwardKernel(dst, g, y)
}

func reluBackwardGeneric[T Float](dst, g, y []T) {
	zip(dst, g, y, func(g, y T) T {
		if y > 0 {
			return g
		}
		return 0
	})
}

// SigmoidBackward sets dst[i] = g[i]·y(1 − y), y the output of Sigmoid.
func SigmoidBackward[T Float](dst, g, y []T) {
	sigmoidBackwardKernel(dst, g, y)
}

func sigmoidBackwardGeneric[T Float](dst, g, y []T) {
	zip(dst, g, y, func(g, y T) T { return strongMul(g, y*(1-y)) })
}

// TanhBackward sets dst[i] = g[i]·(1 − y²), y the output of Tanh.
func TanhBackward[T Float](dst, g, y []T) {
	tanhBackwardKernel(dst, g, y)
}

func tanhBackwardGeneric[T Float](dst, g, y []T) {
	zip(dst, g, y, func(g, y T) T { return strongMul(g, (1-y)*(1+y)) })
}

// SoftplusBackward sets dst[i] = g[i]·σ(x), x the input of Softplus.
func SoftplusBackward[T Float](dst, g, x []T) {
	softplusBackwardKernel(dst, g, x)
}

func softplusBackwardGeneric[T Float](dst, g, x []T) {
	zip(dst, g, x, func(g, x T) T { return strongMul(g, T(sigmoid(float64(x)))) })
}

// GELUBackward sets dst[i] = g[i]·(Φ(x) + xφ(x)), x the input of GELU.
func GELUBackward[T Float](dst, g, x []T) {
	geluBackwardKernel(dst, g, x)
}

func geluBackwardGeneric[T Float](dst, g, x []T) {
	zip(dst, g, x, func(g, x T) T { return strongMul(g, T(geluDerivative(float64(x)))) })
}

func geluDerivative(x float64) float64 {
	x = clampTails(x)
	return normalCDF(x) + x*normalPDF(x)
}

// GELUTanhBackward sets dst[i] = g[i]·(s + x·s(1 − s)·2u′(x)), s = σ(2u), x the
// input of GELUTanh.
func GELUTanhBackward[T Float](dst, g, x []T) {
	geluTanhBackwardKernel(dst, g, x)
}

func geluTanhBackwardGeneric[T Float](dst, g, x []T) {
	zip(dst, g, x, func(g, x T) T { return strongMul(g, T(geluTanhDerivative(float64(x)))) })
}

func geluTanhDerivative(x float64) float64 {
	x = clampTails(x)
	u := geluTanhA * (x + geluTanhB*x*x*x)
	du := geluTanhA * (1 + 3*geluTanhB*x*x)
	s := sigmoid(2 * u)
	return s + 2*x*s*sigmoid(-2*u)*du
}

// SiLUBackward sets dst[i] = g[i]·s(1 + x(1 − s)), s = σ(x), x the input of SiLU.
func SiLUBackward[T Float](dst, g, x []T) {
	siluBackwardKernel(dst, g, x)
}

func siluBackwardGeneric[T Float](dst, g, x []T) {
	zip(dst, g, x, func(g, x T) T { return strongMul(g, T(siluDerivative(float64(x)))) })
}

func siluDerivative(x float64) float64 {
	x = clampTails(x)
	return sigmoid(x) * (1 + x*sigmoid(-x))
}

// clampTails keeps x where its square and its exponential are finite or zero,
// so that the limits at ±Inf come out as 0 and 1 rather than NaN; NaN passes.
func clampTails(x float64) float64 {
	if x < negligible {
		return negligible
	}
	if x > -negligible {
		return -negligible
	}
	return x
}

// SqrtBackward sets dst[i] = g[i]/(2y), y the output of Sqrt.
func SqrtBackward[T Float](dst, g, y []T) {
	sqrtBackwardKernel(dst, g, y)
}

func sqrtBackwardGeneric[T Float](dst, g, y []T) {
	zip(dst, g, y, func(g, y T) T { return strongDiv(g, 2*y) })
}

// LogBackward sets dst[i] = g[i]/x, x the input of Log.
func LogBackward[T Float](dst, g, x []T) {
	logBackwardKernel(dst, g, x)
}

func logBackwardGeneric[T Float](dst, g, x []T) {
	zip(dst, g, x, strongDiv)
}

// strongDiv is g/d with 0/anything = 0.
func strongDiv[T Float](g, d T) T {
	if g == 0 {
		return 0
	}
	return g / d
}

// SquareBackward sets dst[i] = g[i]·2x, x the input of Square.
func SquareBackward[T Float](dst, g, x []T) {
	squareBackwardKernel(dst, g, x)
}

func squareBackwardGeneric[T Float](dst, g, x []T) {
	zip(dst, g, x, func(g, x T) T { return strongMul(g, 2*x) })
}

// AbsBackward sets dst[i] = g[i]·sign(x), x the input of Abs; 0 at x = 0.
func AbsBackward[T Float](dst, g, x []T) {
	absBackwardKernel(dst, g, x)
}

func absBackwardGeneric[T Float](dst, g, x []T) {
	zip(dst, g, x, func(g, x T) T { return strongMul(g, sign(x)) })
}
