package autograd

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Special functions: the error function and its relatives.

// bell is erf′ = 2/√π·e^(−x²).
func bell(x Variable) Variable {
	return x.Square().Neg().Exp().MulScalar(2 / math.Sqrt(math.Pi))
}

var erfOp *unary

func init() {
	erfOp = newUnary("erf", unary{
		kernel: tensor.Kernel1{F32: simd.Erf[float32], F64: simd.Erf[float64], Cost: 20},
		slope:  func(x, y Variable) Variable { return bell(x) },
	})
}

// Erf is the error function 2/√π·∫₀ˣ e^(−t²) dt.
func (x Variable) Erf() Variable { return erfOp.apply(x) }

var erfcOp *unary

func init() {
	erfcOp = newUnary("erfc", unary{
		kernel: tensor.Kernel1{F32: simd.Erfc[float32], F64: simd.Erfc[float64], Cost: 40},
		slope:  func(x, y Variable) Variable { return bell(x).Neg() },
	})
}

// Erfc is 1 − erf(x), accurate where that is small.
func (x Variable) Erfc() Variable { return erfcOp.apply(x) }

var erfinvOp *unary

// (erf⁻¹)′ = √π/2·e^(y²).
func init() {
	erfinvOp = newUnary("erfinv", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](math.Erfinv), F64: elementwise[float64](math.Erfinv), Cost: 80},
		slope:  func(x, y Variable) Variable { return y.Square().Exp().MulScalar(math.Sqrt(math.Pi) / 2) },
	})
}

// Erfinv is the inverse of [Variable.Erf] on −1 < x < 1: ±Inf at ±1, NaN beyond. The
// quantile function of the normal distribution is √2·erf⁻¹(2p−1).
func (x Variable) Erfinv() Variable { return erfinvOp.apply(x) }

// The function erfcx(x) = e^(x²)·erfc(x) and its derivatives are made of the ratios
//
//	rₙ = iⁿerfc(x)/iⁿ⁻¹erfc(x)   with   rₙ = 1/(2x + 2(n+1)·rₙ₊₁),
//
// iⁿerfc being the repeated integrals of erfc, i⁻¹erfc = 2/√π·e^(−x²). None of them over- or
// underflows, and nothing cancels in rₙ′ = rₙ·(2n·rₙ − 2(n+1)·rₙ₊₁).

var erfcRatioOp *op

// attr.i is n.
func init() {
	erfcRatioOp = slopeOp("erfc ratio", orderOf, func(n *node) Variable {
		y, order := n.variable(), float64(n.attr.i)
		return y.Mul(y.MulScalar(2 * order).Sub(erfcRatio(n.arg(0), n.attr.i+1).MulScalar(2 * (order + 1))))
	})
}

func erfcRatio(x Variable, order int) Variable {
	in := x.check(erfcRatioOp.name)
	n := erfcRatioOp.result(in.DType, in.Shape, in)
	n.attr.i = order
	f := func(x float64) float64 { return erfcRatioOf(order, x) }
	tensor.Map1(&tensor.Kernel1{F32: elementwise[float32](f), F64: elementwise[float64](f), Cost: 300}, &n.Array, &in.Array)
	return n.done()
}

// erfcRatioOf is rₙ(x): for x ≥ 1 by the continued fraction, and else from r₀ = √π/2·erfcx(x)
// upwards, with e^(x²) of the rounded square and of what rounding left.
func erfcRatioOf(n int, x float64) float64 {
	if x >= 1 {
		r := 1 / (2 * x)
		for k := n + 200; k >= n; k-- {
			r = 1 / (2*x + 2*float64(k+1)*r)
		}
		return r
	}
	square := x * x
	r := math.Exp(square)
	if !math.IsInf(r, 1) {
		r *= (1 + math.FMA(x, x, -square)) * math.Erfc(x) * math.Sqrt(math.Pi) / 2
	}
	for k := range n {
		r = (1/r - 2*x) / (2 * float64(k+1))
	}
	return r
}

// Erfcx is e^(x²)·erfc(x), which does not underflow for large x as [Variable.Erfc] does.
func (x Variable) Erfcx() Variable { return erfcRatio(x, 0).MulScalar(2 / math.Sqrt(math.Pi)) }

var normalCDFOp *unary

// Φ′ = φ, the density 1/√(2π)·e^(−x²/2).
func init() {
	normalCDFOp = newUnary("normal cdf", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](normalCDF), F64: elementwise[float64](normalCDF), Cost: 80},
		slope: func(x, y Variable) Variable {
			return x.Square().MulScalar(-0.5).Exp().MulScalar(1 / math.Sqrt(2*math.Pi))
		},
	})
}

func normalCDF(x float64) float64 { return math.Erfc(-x/math.Sqrt2) / 2 }

// NormalCDF is Φ(x), the distribution function of the standard normal distribution.
func (x Variable) NormalCDF() Variable { return normalCDFOp.apply(x) }

var logNormalCDFOp *unary

// (ln Φ)′ = h = φ/Φ.
func init() {
	logNormalCDFOp = newUnary("log normal cdf", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](logNormalCDF), F64: elementwise[float64](logNormalCDF), Cost: 200},
		slope:  func(x, y Variable) Variable { return normalHazardOp.apply(x) },
	})
}

func logNormalCDF(x float64) float64 {
	if x < -1 {
		return math.Log(erfcRatioOf(0, -x/math.Sqrt2)/math.Sqrt(math.Pi)) - x*x/2
	}
	return math.Log1p(-math.Erfc(x/math.Sqrt2) / 2)
}

// LogNormalCDF is ln Φ(x), accurate for any x; see [Variable.NormalCDF].
func (x Variable) LogNormalCDF() Variable { return logNormalCDFOp.apply(x) }

var normalHazardOp *unary

// h′ = −h·(x+h) = −h·√2·r₁(−x/√2).
func init() {
	normalHazardOp = newUnary("normal hazard", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](normalHazard), F64: elementwise[float64](normalHazard), Cost: 300},
		slope: func(x, y Variable) Variable {
			greatest := maxFinite(x.DType()) / 4
			x, y = x.Clamp(-greatest, greatest), y.Clamp(-greatest, greatest)
			return y.Mul(erfcRatio(x.MulScalar(-math.Sqrt2/2), 1).MulScalar(-math.Sqrt2))
		},
	})
}

// normalHazard is h = φ/Φ = 1/(√2·r₀(z)) = √2·(z + r₁(z)) with z = −x/√2.
func normalHazard(x float64) float64 {
	z := -x / math.Sqrt2
	if z > 1 {
		return math.Sqrt2 * (z + erfcRatioOf(1, z))
	}
	return 1 / (math.Sqrt2 * erfcRatioOf(0, z))
}

var normalQuantileOp *unary

// (Φ⁻¹)′ = 1/φ(y) = √(2π)·e^(y²/2).
func init() {
	normalQuantileOp = newUnary("normal quantile", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](normalQuantile), F64: elementwise[float64](normalQuantile), Cost: 100},
		slope: func(x, y Variable) Variable {
			return y.Square().MulScalar(0.5).Exp().MulScalar(math.Sqrt(2 * math.Pi))
		},
	})
}

func normalQuantile(p float64) float64 {
	if !(p >= 0 && p <= 1) {
		return math.NaN()
	}
	return mathext.NormalQuantile(p)
}

// NormalQuantile is Φ⁻¹(x), the inverse of [Variable.NormalCDF]: −Inf at 0, +Inf at 1, NaN
// outside.
func (x Variable) NormalQuantile() Variable { return normalQuantileOp.apply(x) }
