package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Exponentials and logarithms, and their products.

var expOp *unary

// d eˣ/dx = eˣ.
func init() {
	expOp = newUnary("exp", unary{
		kernel:     tensor.Kernel1{F32: simd.Exp[float32], F64: simd.Exp[float64], Cost: 8},
		slope:      func(x, y Variable) Variable { return y },
		backward:   tensor.Kernel2{F32: simd.StrongMul[float32], F64: simd.StrongMul[float64]},
		fromOutput: true,
	})
}

// Exp is eˣ.
func (x Variable) Exp() Variable { return expOp.apply(x) }

var logOp *unary

// d ln x/dx = 1/x.
func init() {
	logOp = newUnary("log", unary{
		kernel:   tensor.Kernel1{F32: simd.Log[float32], F64: simd.Log[float64], Cost: 8},
		rule:     func(g, x, y Variable) Variable { return strongDiv(g, x) },
		backward: tensor.Kernel2{F32: simd.LogBackward[float32], F64: simd.LogBackward[float64], Cost: 4},
	})
}

// Log is the natural logarithm: −Inf at 0, NaN for x < 0.
func (x Variable) Log() Variable { return logOp.apply(x) }

var expm1Op *unary

// (eˣ−1)′ = eˣ.
func init() {
	expm1Op = newUnary("expm1", unary{
		kernel: tensor.Kernel1{F32: simd.Expm1[float32], F64: simd.Expm1[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.Exp() },
	})
}

// Expm1 is eˣ − 1, accurate for small x.
func (x Variable) Expm1() Variable { return expm1Op.apply(x) }

var log1pOp *unary

// ln(1+x)′ = 1/(1+x).
func init() {
	log1pOp = newUnary("log1p", unary{
		kernel: tensor.Kernel1{F32: simd.Log1p[float32], F64: simd.Log1p[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.AddScalar(1).Reciprocal() },
	})
}

// Log1p is ln(1+x), accurate for small x: −Inf at −1, NaN below.
func (x Variable) Log1p() Variable { return log1pOp.apply(x) }

var log2Op *unary

// log₂′ = 1/(x·ln 2).
func init() {
	log2Op = newUnary("log2", unary{
		kernel: tensor.Kernel1{F32: simd.Log2[float32], F64: simd.Log2[float64], Cost: 12},
		slope:  func(x, y Variable) Variable { return x.MulScalar(math.Ln2).Reciprocal() },
	})
}

// Log2 is the logarithm to base 2: −Inf at 0, NaN for x < 0.
func (x Variable) Log2() Variable { return log2Op.apply(x) }

var log10Op *unary

// log₁₀′ = 1/(x·ln 10).
func init() {
	log10Op = newUnary("log10", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](math.Log10), F64: elementwise[float64](math.Log10), Cost: 40},
		rule:   func(g, x, y Variable) Variable { return strongDiv(g, x.MulScalar(math.Ln10)) },
	})
}

// Log10 is the logarithm to base 10: −Inf at 0, NaN for x < 0.
func (x Variable) Log10() Variable { return log10Op.apply(x) }

var exp2Op *unary

// (2ˣ)′ = 2ˣ·ln 2.
func init() {
	exp2Op = newUnary("exp2", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](math.Exp2), F64: elementwise[float64](math.Exp2), Cost: 40},
		slope:  func(x, y Variable) Variable { return y.MulScalar(math.Ln2) },
	})
}

// Exp2 is 2ˣ.
func (x Variable) Exp2() Variable { return exp2Op.apply(x) }

// Logit is ln(x/(1−x)), the inverse of [Variable.Sigmoid], for 0 < x < 1: ∓Inf at 0 and 1, NaN
// outside. Limit x with [Variable.Clamp] to keep away from these.
func (x Variable) Logit() Variable { return x.Log().Sub(x.Neg().Log1p()) }

var entrOp *unary

// (−x·ln x)′ = −1 − ln x.
func init() {
	entrOp = newUnary("entr", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](entropyTerm), F64: elementwise[float64](entropyTerm), Cost: 60},
		slope:  func(x, y Variable) Variable { return x.Log().AddScalar(1).Neg() },
	})
}

func entropyTerm(x float64) float64 {
	switch {
	case x > 0:
		return -x * math.Log(x)
	case x < 0:
		return math.Inf(-1)
	}
	return x // 0 and NaN
}

// Entr is −x·ln x, the term of an entropy: 0 at 0, −Inf for x < 0.
func (x Variable) Entr() Variable { return entrOp.apply(x) }

var xlogyOp *binary

// ∂(a·ln b)/∂a = ln b, 0 where a is 0 and b not positive;  ∂/∂b = a/b.
func init() {
	xlogyOp = newBinary("xlogy", binary{
		kernel: elementwise2(func(a, b float64) float64 { return timesLog(a, math.Log, b) }, 60),
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, logUnless(a, b, b.Log())) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, strongDiv(a, b)) },
	})
}

// timesLog is a·log(b), and 0 where a is 0 and b no NaN.
func timesLog(a float64, log func(float64) float64, b float64) float64 {
	if a == 0 && !math.IsNaN(b) {
		return 0
	}
	return a * log(b)
}

// logUnless is log, the logarithm of b, but 0 where a is 0 and b is not positive.
func logUnless(a, b, log Variable) Variable {
	return Where(a.Equal(a.scalar(0)).Mul(b.LessEqual(b.scalar(0))), a.scalar(0), log)
}

// Xlogy is x·ln y, broadcasting, and 0 where x is 0, whatever y is but NaN.
func Xlogy(x, y Variable) Variable { return xlogyOp.apply(x, y) }

var xlog1pyOp *binary

// ∂(a·ln(1+b))/∂a = ln(1+b), 0 where a is 0 and b ≤ −1;  ∂/∂b = a/(1+b).
func init() {
	xlog1pyOp = newBinary("xlog1py", binary{
		kernel: elementwise2(func(a, b float64) float64 { return timesLog(a, math.Log1p, b) }, 60),
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, logUnless(a, b.AddScalar(1), b.Log1p())) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, strongDiv(a, b.AddScalar(1))) },
	})
}

// Xlog1py is x·ln(1+y), broadcasting, accurate for small y, and 0 where x is 0, whatever y is
// but NaN.
func Xlog1py(x, y Variable) Variable { return xlog1pyOp.apply(x, y) }

// logAddExpSlope is ∂ln(eᵃ+eᵇ)/∂a = σ(a−b). Where both are −Inf it is 0, where both are
// +Inf ½.
func logAddExpSlope(a, b, y Variable) Variable {
	slope := a.Sub(b).Sigmoid()
	if !y.n.someInfinite() {
		return slope
	}
	low, high := y.scalar(math.Inf(-1)), y.scalar(math.Inf(1))
	slope = Where(a.Equal(high).Mul(b.Equal(high)), y.scalar(0.5), slope)
	return Where(y.Equal(low), y.scalar(0), slope)
}

var logAddExpOp *binary

func init() {
	logAddExpOp = newBinary("logaddexp", binary{
		kernel: tensor.Kernel2{F32: simd.LogAddExp[float32], F64: simd.LogAddExp[float64], Cost: 24},
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, logAddExpSlope(a, b, y)) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, logAddExpSlope(b, a, y)) },
	})
}

// LogAddExp is ln(eˣ+eʸ) without overflow, broadcasting. Where both are −Inf the gradient
// is 0.
func LogAddExp(x, y Variable) Variable { return logAddExpOp.apply(x, y) }
