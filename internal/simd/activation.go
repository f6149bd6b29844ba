package simd

import "math"

// This file holds activation functions. len(x) must be len(dst); dst may be x.
// The reference computes in float64 and rounds once. Their gradients are in
// backward.go.

// ReLU sets dst[i] = max(x[i], 0); NaN and −0 stay as they are.
func ReLU[T Float](dst, x []T) {
	reluKernel(dst, x)
}

func reluGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T {
		if x < 0 {
			return 0
		}
		return x
	})
}

// Sigmoid sets dst[i] = σ(x[i]) = 1/(1 + e^(−x)).
func Sigmoid[T Float](dst, x []T) {
	sigmoidKernel(dst, x)
}

func sigmoidGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(sigmoid(float64(x))) })
}

// sigmoid keeps the exponent negative, so that the small tail is exact to the
// last bits and nothing overflows.
func sigmoid(x float64) float64 {
	if x >= 0 {
		return 1 / (1 + math.Exp(-x))
	}
	z := math.Exp(x)
	return z / (1 + z)
}

// Tanh sets dst[i] = tanh x[i].
func Tanh[T Float](dst, x []T) {
	tanhKernel(dst, x)
}

func tanhGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Tanh(float64(x))) })
}

// LogSigmoid sets dst[i] = ln σ(x[i]) = −softplus(−x).
func LogSigmoid[T Float](dst, x []T) {
	logSigmoidKernel(dst, x)
}

func logSigmoidGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(-softplus(-float64(x))) })
}

// Softplus sets dst[i] = ln(1 + e^x[i]), never overflowing.
func Softplus[T Float](dst, x []T) {
	softplusKernel(dst, x)
}

func softplusGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(softplus(float64(x))) })
}

// softplus is max(x, 0) + ln(1 + e^(−|x|)).
func softplus(x float64) float64 {
	if x > 0 {
		return x + math.Log1p(math.Exp(-x))
	}
	return math.Log1p(math.Exp(x))
}

// SiLU sets dst[i] = x[i]·σ(x[i]), also called swish; −0 at −Inf.
func SiLU[T Float](dst, x []T) {
	siluKernel(dst, x)
}

func siluGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(silu(float64(x))) })
}

// negligible is where e^x, and x·e^x, have become 0 in float64; x is not taken
// below it so that x·e^x ends in zero and not in ∞·0.
const negligible = -760

// subnormal is where e^x starts to lose digits in float64.
const subnormal = -700

func silu(x float64) float64 {
	switch {
	case x < negligible:
		x = negligible
	case x < subnormal:
		return timesTinyExp(x, x)
	}
	return x * sigmoid(x)
}

// timesTinyExp is a·e^x for subnormal x, rounded at the end only.
func timesTinyExp(a, x float64) float64 {
	const expMinus100 = 3.720075976020835962959695803863118337e-44
	return a * math.Exp(x+100) * expMinus100
}

// GELU sets dst[i] = x[i]·Φ(x[i]), Φ the normal distribution function (the
// erf form); −0 at −Inf.
func GELU[T Float](dst, x []T) {
	geluKernel(dst, x)
}

func geluGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(gelu(float64(x))) })
}

func gelu(x float64) float64 {
	if x < -37.5 {
		return geluTail(max(x, -40))
	}
	return x * normalCDF(x)
}

// geluTail is xΦ(x) where Φ has become subnormal: −φ(x)(1 − 1/x² + 3/x⁴ − …).
func geluTail(x float64) float64 {
	high := x * x
	low := math.FMA(x, x, -high)
	z := 1 / high
	series := 1 - z*(1-z*(3-z*(15-z*(105-z*945))))
	return timesTinyExp(-invSqrt2Pi*series*(1-0.5*low), -0.5*high)
}

// geluTanhA and geluTanhB are the constants of the tanh form,
// u(x) = √(2/π)·(x + 0.044715 x³).
const (
	geluTanhA = 0.797884560802865355879892119868763737
	geluTanhB = 0.044715
)

// GELUTanh sets dst[i] = ½x(1 + tanh u), u = √(2/π)(x + 0.044715x³): the tanh
// form of GELU. ½(1 + tanh u) is σ(2u), and is computed as that; −0 at −Inf.
func GELUTanh[T Float](dst, x []T) {
	geluTanhKernel(dst, x)
}

func geluTanhGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(geluTanh(float64(x))) })
}

func geluTanh(x float64) float64 {
	if x < negligible {
		x = negligible
	}
	return x * sigmoid(2*geluTanhA*(x+geluTanhB*x*x*x))
}

// Mish sets dst[i] = x[i]·tanh(softplus(x[i])); −0 at −Inf.
func Mish[T Float](dst, x []T) {
	mishKernel(dst, x)
}

func mishGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(mish(float64(x))) })
}

// mish uses tanh(ln(1+z)) = z(z+2)/(z(z+2)+2), z = e^x, which has no
// cancellation; past x = 40 the quotient is 1.
func mish(x float64) float64 {
	if x > 40 {
		return x
	}
	if x < negligible {
		x = negligible
	}
	z := math.Exp(x)
	n := z * (z + 2)
	return x * (n / (n + 2))
}

// Softsign sets dst[i] = x[i]/(1 + |x[i]|), ±1 at ±Inf.
func Softsign[T Float](dst, x []T) {
	softsignKernel(dst, x)
}

func softsignGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T {
		v := float64(x)
		if math.IsInf(v, 0) {
			return sign(x)
		}
		return T(v / (1 + math.Abs(v)))
	})
}
