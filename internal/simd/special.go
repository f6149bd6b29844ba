package simd

import "math"

// This file holds the error function and the gamma family. len(x) must be
// len(dst); dst may be x.

// Erf sets dst[i] = erf x[i] = 2/√π ∫₀ˣ e^(−t²) dt.
func Erf[T Float](dst, x []T) {
	erfKernel(dst, x)
}

func erfGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Erf(float64(x))) })
}

// Erfc sets dst[i] = 1 − erf x[i], accurate where erf is close to 1.
func Erfc[T Float](dst, x []T) {
	erfcKernel(dst, x)
}

func erfcGeneric[T Float](dst, x []T) {
	apply(dst, x, func(x T) T { return T(math.Erfc(float64(x))) })
}

// normalCDF is Φ(x) = ½ erfc(t), t = −x/√2. Far out the rounding of t is a large
// relative error of the result; there it is undone to first order,
// d ln erfc(t) ≈ −(t + √(t²+2)) dt.
func normalCDF(x float64) float64 {
	t := -x / math.Sqrt2
	y := 0.5 * math.Erfc(t)
	if t < 1 || y == 0 {
		return y
	}
	const sqrt2Low = -9.667293313452913e-17 // √2 less its float64
	rounding := (math.FMA(-t, math.Sqrt2, -x) - t*sqrt2Low) / math.Sqrt2
	return y * (1 - (t+math.Sqrt(t*t+2))*rounding)
}

const invSqrt2Pi = 0.398942280401432677939946059934381868

// normalPDF is φ(x) = e^(−x²/2)/√(2π), the density of the standard normal. The
// square is taken in two parts, for its rounding is an error of the exponent.
func normalPDF(x float64) float64 {
	high := x * x
	low := math.FMA(x, x, -high)
	return invSqrt2Pi * math.Exp(-0.5*high) * (1 - 0.5*low)
}

// Lgamma sets dst[i] = ln |Γ(x[i])|: +Inf at 0, −1, −2, … and ±Inf.
func Lgamma[T Float](dst, x []T) {
	checkUnary("Lgamma", dst, x)
	apply(dst, x, func(x T) T {
		v, _ := math.Lgamma(float64(x))
		if math.IsInf(v, -1) {
			v = math.Inf(1) // math has −Inf there
		}
		return T(v)
	})
}

// Digamma sets dst[i] = ψ(x[i]) = Γ′(x)/Γ(x): ∓Inf at ±0, NaN at −1, −2, …
func Digamma[T Float](dst, x []T) {
	checkUnary("Digamma", dst, x)
	apply(dst, x, func(x T) T { return T(digamma(float64(x))) })
}

// Trigamma sets dst[i] = ψ′(x[i]), the derivative of Digamma: +Inf at 0, −1, −2, …
func Trigamma[T Float](dst, x []T) {
	checkUnary("Trigamma", dst, x)
	apply(dst, x, func(x T) T { return T(trigamma(float64(x))) })
}

// asymptotic is where the asymptotic series of ψ and ψ′ are taken up: their
// first neglected terms are below 1e-17 from there on.
const asymptotic = 12

// digamma computes ψ(x). Negative x are reflected, ψ(x) = ψ(1−x) − π cot πx;
// small x are raised by ψ(x) = ψ(x+1) − 1/x; then
// ψ(x) ~ ln x − 1/2x − Σ B₂ₖ/(2k x²ᵏ).
func digamma(x float64) float64 {
	switch {
	case math.IsNaN(x) || math.IsInf(x, 1):
		return x
	case x == 0:
		return math.Copysign(math.Inf(1), -x)
	case x < 0:
		if x == math.Floor(x) {
			return math.NaN() // includes −Inf
		}
		return digamma(1-x) - math.Pi/tanPi(x)
	}
	var sum float64
	for x < asymptotic {
		sum -= 1 / x
		x++
	}
	z := 1 / (x * x)
	series := z * (1./12 - z*(1./120-z*(1./252-z*(1./240-z*(1./132-z*(691./32760-z*(1./12)))))))
	return sum + math.Log(x) - 0.5/x - series
}

// trigamma computes ψ′(x). Negative x are reflected,
// ψ′(x) = (π/sin πx)² − ψ′(1−x); small x are raised by ψ′(x) = ψ′(x+1) + 1/x²;
// then ψ′(x) ~ 1/x + 1/2x² + Σ B₂ₖ/x²ᵏ⁺¹.
func trigamma(x float64) float64 {
	switch {
	case math.IsNaN(x):
		return x
	case math.IsInf(x, 1):
		return 0
	case x <= 0:
		if x == math.Floor(x) {
			return math.Inf(1)
		}
		s := math.Pi / sinPi(x)
		return s*s - trigamma(1-x)
	}
	var sum float64
	for x < asymptotic {
		sum += 1 / (x * x)
		x++
	}
	z := 1 / (x * x)
	series := z * (1./6 - z*(1./30-z*(1./42-z*(1./30-z*(5./66-z*(691./2730-z*(7./6)))))))
	return sum + (1+0.5/x+series)/x
}

// sinPi and tanPi take sin πx and tan πx with x first reduced to [−½, ½], where
// the product πx loses nothing that matters.
func sinPi(x float64) float64 {
	n := math.RoundToEven(x)
	s := math.Sin(math.Pi * (x - n))
	if math.Mod(n, 2) != 0 {
		return -s
	}
	return s
}

func tanPi(x float64) float64 {
	return math.Tan(math.Pi * (x - math.RoundToEven(x)))
}
