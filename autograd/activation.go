package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Activation functions: element-wise operations of one operand that networks put
// between their layers.

var reluOp *unary

// max(x, 0); the derivative at 0 is 0.
func init() {
	reluOp = newUnary("relu", unary{
		kernel:     tensor.Kernel1{F32: simd.ReLU[float32], F64: simd.ReLU[float64]},
		slope:      func(x, y Variable) Variable { return x.Greater(x.scalar(0)) },
		backward:   tensor.Kernel2{F32: simd.ReLUBackward[float32], F64: simd.ReLUBackward[float64]},
		fromOutput: true,
	})
}

// ReLU is max(x, 0), the rectified linear unit. Its derivative at 0 is 0.
func (x Variable) ReLU() Variable { return reluOp.apply(x) }

var sigmoidOp *unary

// σ(x) = 1/(1+e⁻ˣ), σ′ = σ(1−σ).
func init() {
	sigmoidOp = newUnary("sigmoid", unary{
		kernel:     tensor.Kernel1{F32: simd.Sigmoid[float32], F64: simd.Sigmoid[float64], Cost: 12},
		slope:      func(x, y Variable) Variable { return y.Mul(y.scalar(1).Sub(y)) },
		backward:   tensor.Kernel2{F32: simd.SigmoidBackward[float32], F64: simd.SigmoidBackward[float64]},
		fromOutput: true,
	})
}

// Sigmoid is the logistic function 1/(1+e⁻ˣ). It is accurate for any x.
func (x Variable) Sigmoid() Variable { return sigmoidOp.apply(x) }

var tanhOp *unary

// tanh′ = 1 − tanh².
func init() {
	tanhOp = newUnary("tanh", unary{
		kernel:     tensor.Kernel1{F32: simd.Tanh[float32], F64: simd.Tanh[float64], Cost: 12},
		slope:      func(x, y Variable) Variable { return y.scalar(1).Sub(y.Square()) },
		backward:   tensor.Kernel2{F32: simd.TanhBackward[float32], F64: simd.TanhBackward[float64]},
		fromOutput: true,
	})
}

// Tanh is the hyperbolic tangent.
func (x Variable) Tanh() Variable { return tanhOp.apply(x) }

var softplusOp *unary

// ln(1+eˣ), whose derivative is σ(x).
func init() {
	softplusOp = newUnary("softplus", unary{
		kernel:   tensor.Kernel1{F32: simd.Softplus[float32], F64: simd.Softplus[float64], Cost: 16},
		slope:    func(x, y Variable) Variable { return x.Sigmoid() },
		backward: tensor.Kernel2{F32: simd.SoftplusBackward[float32], F64: simd.SoftplusBackward[float64], Cost: 12},
	})
}

// Softplus is ln(1+eˣ), a smooth ReLU. It is accurate for any x, without overflow.
func (x Variable) Softplus() Variable { return softplusOp.apply(x) }

// SoftplusBeta is ln(1+e^(βx))/β, which tends to ReLU as β grows. It panics with
// [*ValueError] unless β is positive.
func (x Variable) SoftplusBeta(beta float64) Variable {
	if !(beta > 0) {
		panic(&ValueError{"softplus", "beta must be positive"})
	}
	return x.MulScalar(beta).Softplus().MulScalar(1 / beta)
}

var logSigmoidOp *unary

// ln σ(x), whose derivative is 1 − σ(x) = σ(−x).
func init() {
	logSigmoidOp = newUnary("log sigmoid", unary{
		kernel: tensor.Kernel1{F32: simd.LogSigmoid[float32], F64: simd.LogSigmoid[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.Neg().Sigmoid() },
	})
}

// LogSigmoid is ln σ(x), accurate for any x.
func (x Variable) LogSigmoid() Variable { return logSigmoidOp.apply(x) }

var siluOp *unary

// x·σ(x), whose derivative is σ + x·σ(1−σ). It does not change any more beyond ±800, where
// x is limited, so that infinities do no harm.
func init() {
	siluOp = newUnary("silu", unary{
		kernel: tensor.Kernel1{F32: simd.SiLU[float32], F64: simd.SiLU[float64], Cost: 12},
		slope: func(x, y Variable) Variable {
			x = x.Clamp(-800, 800)
			s := x.Sigmoid()
			return s.Add(x.Mul(s).Mul(s.scalar(1).Sub(s)))
		},
		backward: tensor.Kernel2{F32: simd.SiLUBackward[float32], F64: simd.SiLUBackward[float64], Cost: 16},
	})
}

// SiLU is x·σ(x), the sigmoid linear unit, also called swish (Elfwing et al. 2017).
func (x Variable) SiLU() Variable { return siluOp.apply(x) }

var geluOp *unary

// x·Φ(x), whose derivative is Φ(x) + x·φ(x): Φ and φ are the normal
// distribution's function and density. It does not change any more beyond ±40.
func init() {
	geluOp = newUnary("gelu", unary{
		kernel: tensor.Kernel1{F32: simd.GELU[float32], F64: simd.GELU[float64], Cost: 20},
		slope: func(x, y Variable) Variable {
			x = x.Clamp(-40, 40)
			cdf := x.MulScalar(-math.Sqrt2 / 2).Erfc().MulScalar(0.5)
			density := x.Square().MulScalar(-0.5).Exp().MulScalar(1 / math.Sqrt(2*math.Pi))
			return cdf.Add(strongMul(density, x))
		},
		backward: tensor.Kernel2{F32: simd.GELUBackward[float32], F64: simd.GELUBackward[float64], Cost: 24},
	})
}

// GELU is x·Φ(x), the Gaussian error linear unit (Hendrycks and Gimpel 2016), with
// Φ the distribution function of the standard normal distribution.
func (x Variable) GELU() Variable { return geluOp.apply(x) }

var geluTanhOp *unary

// ½x(1+t) with t = tanh u, u = √(2/π)·(x + 0.044715x³); the derivative is
// ½(1+t) + ½x(1−t²)·u′. It does not change any more beyond ±40.
func init() {
	geluTanhOp = newUnary("gelu tanh", unary{
		kernel: tensor.Kernel1{F32: simd.GELUTanh[float32], F64: simd.GELUTanh[float64], Cost: 16},
		slope: func(x, y Variable) Variable {
			const a, b = 0.7978845608028654, 0.044715 // √(2/π)
			x = x.Clamp(-40, 40)
			square := x.Square()
			t := x.Mul(square.MulScalar(a * b).AddScalar(a)).Tanh()
			slope := square.MulScalar(3 * a * b).AddScalar(a)
			flat := t.scalar(1).Sub(t.Square())
			return t.AddScalar(1).Add(strongMul(flat, x.Mul(slope))).MulScalar(0.5)
		},
		backward: tensor.Kernel2{F32: simd.GELUTanhBackward[float32], F64: simd.GELUTanhBackward[float64], Cost: 20},
	})
}

// GELUTanh is the approximation of [Variable.GELU] by a hyperbolic tangent,
// ½x(1+tanh(√(2/π)(x+0.044715x³))).
func (x Variable) GELUTanh() Variable { return geluTanhOp.apply(x) }

var mishOp *unary

// x·t with t = tanh(softplus x); the derivative is t + x(1−t²)·σ(x). It
// does not change any more beyond ±800.
func init() {
	mishOp = newUnary("mish", unary{
		kernel: tensor.Kernel1{F32: simd.Mish[float32], F64: simd.Mish[float64], Cost: 40},
		slope: func(x, y Variable) Variable {
			x = x.Clamp(-800, 800)
			t := x.Softplus().Tanh()
			return t.Add(strongMul(t.scalar(1).Sub(t.Square()).Mul(x.Sigmoid()), x))
		},
	})
}

// Mish is x·tanh(softplus(x)) (Misra 2019).
func (x Variable) Mish() Variable { return mishOp.apply(x) }

var softsignOp *unary

// x/(1+|x|), whose derivative is 1/(1+|x|)².
func init() {
	softsignOp = newUnary("softsign", unary{
		kernel: tensor.Kernel1{F32: simd.Softsign[float32], F64: simd.Softsign[float64], Cost: 4},
		slope:  func(x, y Variable) Variable { return x.Abs().AddScalar(1).Square().Reciprocal() },
	})
}

// Softsign is x/(1+|x|).
func (x Variable) Softsign() Variable { return softsignOp.apply(x) }

// LeakyReLU is x for x > 0 and slope·x elsewhere; the derivative at 0 is slope.
func (x Variable) LeakyReLU(slope float64) Variable {
	y := Where(x.Greater(x.scalar(0)), x, x.MulScalar(slope))
	return leakyReLUOp.recordWhole(y, attributes{x: slope}, x.n)
}

// What traces have of activation functions that are made of several operations. attr.x is the argument.
var (
	leakyReLUOp   = wholeOp("leaky relu", func(n *node) []Argument { return arguments("slope", n.attr.x) })
	eluOp         = wholeOp("elu", func(n *node) []Argument { return arguments("alpha", n.attr.x) })
	hardsigmoidOp = wholeOp("hardsigmoid", nil)
)

// ELU is x for x > 0 and alpha·(eˣ−1) elsewhere, the exponential linear unit
// (Clevert et al. 2015); the derivative at 0 is alpha.
func (x Variable) ELU(alpha float64) Variable {
	y := Where(x.Greater(x.scalar(0)), x, x.Expm1().MulScalar(alpha))
	return eluOp.recordWhole(y, attributes{x: alpha}, x.n)
}

// SELU is the scaled exponential linear unit, [Variable.ELU] with the constants of
// Klambauer et al. 2017 that keep activations normalized.
func (x Variable) SELU() Variable {
	const alpha, scale = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946
	return x.ELU(alpha).MulScalar(scale)
}

// Hardtanh is x limited to −1 ≤ x ≤ 1; see [Variable.Clamp] for its derivative.
func (x Variable) Hardtanh() Variable { return x.Clamp(-1, 1) }

// Hardsigmoid is x/6 + ½ limited to 0 … 1; the derivative is ⅙ for −3 ≤ x ≤ 3 and
// 0 elsewhere.
func (x Variable) Hardsigmoid() Variable {
	return hardsigmoidOp.recordWhole(x.AddScalar(3).Clamp(0, 6).DivScalar(6), attributes{}, x.n)
}

var hardswishOp *unary

// 0 below −3, x above 3, x(x+3)/6 between; the derivative is 0, 1 and (2x+3)/6.
func init() {
	hardswishOp = newUnary("hardswish", unary{
		kernel: tensor.Kernel1{F32: hardswish[float32], F64: hardswish[float64], Cost: 8},
		slope: func(x, y Variable) Variable {
			below, above := x.Less(x.scalar(-3)), x.Greater(x.scalar(3))
			between := x.MulScalar(2).AddScalar(3).DivScalar(6)
			return Where(below, x.scalar(0), Where(above, x.scalar(1), between))
		},
		backward: tensor.Kernel2{F32: hardswishBackward[float32], F64: hardswishBackward[float64], Cost: 8},
	})
}

// hardswish goes by blocks that stay in the first-level cache.
func hardswish[T Float](dst, x []T) {
	var block [512]T
	for len(x) > 0 {
		n := min(len(x), len(block))
		d, v, t := dst[:n], x[:n], block[:n]
		simd.Clamp(t, v, -3, 3)
		simd.Add(t, t, []T{3})
		simd.Mul(t, t, []T{1. / 6})
		simd.Clamp(d, v, -3, T(math.Inf(1)))
		simd.Mul(d, d, t)
		dst, x = dst[n:], x[n:]
	}
}

func hardswishBackward[T Float](dst, g, x []T) {
	var blocks [2][512]T
	for len(x) > 0 {
		n := min(len(x), len(blocks[0]))
		v, slope, mask := x[:n], blocks[0][:n], blocks[1][:n]
		simd.Clamp(slope, v, -3, 3)
		simd.Mul(slope, slope, []T{1. / 3})
		simd.Add(slope, slope, []T{0.5})
		simd.GreaterEqual(mask, v, []T{-3})
		simd.Mul(slope, slope, mask)
		simd.Greater(mask, v, []T{3})
		simd.Where(slope, mask, []T{1}, slope)
		simd.StrongMul(dst[:n], g[:n], slope)
		dst, g, x = dst[n:], g[n:], x[n:]
	}
}

// Hardswish is x·[Variable.Hardsigmoid] (Howard et al. 2019).
func (x Variable) Hardswish() Variable { return hardswishOp.apply(x) }
