package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Rounding, remainders, signs, and tests for what is not a number. What is constant between jumps
// is data that no gradient flows through.

// flatUnary is an element-wise operation of one operand without derivative.
func flatUnary(name string, kernel tensor.Kernel1) *unary {
	return &unary{op: op{name: name, plain: true}, kernel: kernel}
}

// flatUnaryOf is flatUnary of a function that has no vector form.
func flatUnaryOf(name string, f func(float64) float64) *unary {
	return flatUnary(name, tensor.Kernel1{F32: elementwise[float32](f), F64: elementwise[float64](f), Cost: 8})
}

var (
	floorOp = flatUnary("floor", tensor.Kernel1{F32: simd.Floor[float32], F64: simd.Floor[float64]})
	ceilOp  = flatUnary("ceil", tensor.Kernel1{F32: simd.Ceil[float32], F64: simd.Ceil[float64]})
	roundOp = flatUnary("round", tensor.Kernel1{F32: simd.Round[float32], F64: simd.Round[float64]})
	truncOp = flatUnaryOf("trunc", math.Trunc)

	signOp     = flatUnary("sign", tensor.Kernel1{F32: simd.Sign[float32], F64: simd.Sign[float64]})
	signBitOp  = flatUnaryOf("signbit", func(x float64) float64 { return number(math.Signbit(x)) })
	isNaNOp    = flatUnaryOf("isnan", func(x float64) float64 { return number(math.IsNaN(x)) })
	isInfOp    = flatUnaryOf("isinf", func(x float64) float64 { return number(math.IsInf(x, 0)) })
	isFiniteOp = flatUnaryOf("isfinite", func(x float64) float64 { return number(!math.IsNaN(x) && !math.IsInf(x, 0)) })
)

// maxFinite is the greatest finite number of the type.
func maxFinite(dtype DType) float64 {
	if dtype == Float32 {
		return math.MaxFloat32
	}
	return math.MaxFloat64
}

// number is 1 for true and 0 for false.
func number(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// Floor is the greatest whole number not above x. No gradient flows.
func (x Variable) Floor() Variable { return floorOp.apply(x) }

// Ceil is the least whole number not below x. No gradient flows.
func (x Variable) Ceil() Variable { return ceilOp.apply(x) }

// Round is the whole number nearest to x, the even one of two. No gradient flows.
func (x Variable) Round() Variable { return roundOp.apply(x) }

// RoundTo is x rounded to the given number of decimals, which may be negative: −2 rounds to
// hundreds. No gradient flows.
func (x Variable) RoundTo(decimals int) Variable {
	if decimals < 0 {
		unit := math.Pow(10, float64(-decimals))
		return x.Detach().DivScalar(unit).Round().MulScalar(unit)
	}
	unit := math.Pow(10, float64(decimals))
	return x.Detach().MulScalar(unit).Round().DivScalar(unit)
}

// Trunc is x without the digits after the point. No gradient flows.
func (x Variable) Trunc() Variable { return truncOp.apply(x) }

var fracOp *unary

// 1 between jumps.
func init() {
	fracOp = newUnary("frac", unary{
		kernel: tensor.Kernel1{F32: elementwise[float32](frac), F64: elementwise[float64](frac), Cost: 8},
		slope:  func(x, y Variable) Variable { return x.scalar(1) },
	})
}

func frac(x float64) float64 {
	if math.IsInf(x, 0) {
		return math.Copysign(0, x)
	}
	_, f := math.Modf(x)
	return f
}

// Frac is what [Variable.Trunc] leaves out, x − trunc x, with x's sign; 0 at infinities. Its
// derivative is 1.
func (x Variable) Frac() Variable { return fracOp.apply(x) }

var fmodOp *binary

// ∂/∂a = 1, ∂/∂b = −(a−y)/b, a whole number.
func init() {
	fmodOp = newBinary("fmod", binary{
		kernel: elementwise2(math.Mod, 40),
		da:     func(g, a, b, y Variable) Variable { return g },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, quotient(a, b, y).Neg()) },
	})
}

// quotient is (a−y)/b, rounded to the whole number that it is.
func quotient(a, b, y Variable) Variable { return a.Sub(y).Div(b).Round() }

// Fmod is the remainder of x/y with x's sign, x − y·trunc(x/y), broadcasting. It is exact.
// The derivatives at jumps are those between them.
func Fmod(x, y Variable) Variable { return fmodOp.apply(x, y) }

var remainderOp *binary

// As of fmod.
func init() {
	remainderOp = newBinary("remainder", binary{
		kernel: elementwise2(floorMod, 40),
		da:     func(g, a, b, y Variable) Variable { return g },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, quotient(a, b, y).Neg()) },
	})
}

// floorMod is the remainder with b's sign.
func floorMod(a, b float64) float64 {
	r := math.Mod(a, b)
	if r != 0 && (r < 0) != (b < 0) {
		r += b
	}
	return r
}

// Remainder is the remainder of x/y with y's sign, x − y·⌊x/y⌋, broadcasting: % of Python.
// The derivatives at jumps are those between them.
func Remainder(x, y Variable) Variable { return remainderOp.apply(x, y) }

var floorDivideOp = flatBinary("floor divide", elementwise2(floorDivide, 40))

// floorDivide is ⌊a/b⌋ of the exact quotient.
func floorDivide(a, b float64) float64 {
	if b == 0 || math.IsInf(a, 0) || math.IsNaN(a) || math.IsNaN(b) {
		return math.Floor(a / b)
	}
	return math.Round((a - floorMod(a, b)) / b)
}

// FloorDivide is ⌊x/y⌋, broadcasting: // of Python. No gradient flows.
func FloorDivide(x, y Variable) Variable { return floorDivideOp.apply(x, y) }

// Sign is −1, 0 or 1 by the sign of x, and NaN for NaN. No gradient flows.
func (x Variable) Sign() Variable { return signOp.apply(x) }

// SignBit is 1 where x is negative or −0, and 0 elsewhere. No gradient flows.
func (x Variable) SignBit() Variable { return signBitOp.apply(x) }

// CopySign is |x| with the sign of y, broadcasting. No gradient flows to y; that of x at 0
// is 0.
func CopySign(x, y Variable) Variable {
	sign := y.SignBit().MulScalar(-2).AddScalar(1)
	return x.Abs().Mul(sign)
}

// Heaviside is the step function: 0 where x is negative, 1 where it is positive, the
// value of atZero where it is 0, broadcasting; NaN for NaN. A gradient flows to atZero
// only.
func Heaviside(x, atZero Variable) Variable {
	return Where(x.Equal(x.scalar(0)), atZero, x.Sign().AddScalar(1).MulScalar(0.5))
}

// FMax is the greater of x and y, broadcasting, and the other one where one is NaN. The
// gradient is that of [Variable.Maximum].
func FMax(x, y Variable) Variable { return ignoringNaN(x, y, x.Maximum(y)) }

// FMin is the lesser of x and y, broadcasting, and the other one where one is NaN. The
// gradient is that of [Variable.Minimum].
func FMin(x, y Variable) Variable { return ignoringNaN(x, y, x.Minimum(y)) }

func ignoringNaN(x, y, both Variable) Variable {
	return Where(x.IsNaN(), y, Where(y.IsNaN(), x, both))
}

// IsNaN is 1 where x is NaN and 0 elsewhere. No gradient flows.
func (x Variable) IsNaN() Variable { return isNaNOp.apply(x) }

// IsInf is 1 where x is +Inf or −Inf and 0 elsewhere. No gradient flows.
func (x Variable) IsInf() Variable { return isInfOp.apply(x) }

// IsFinite is 0 where x is NaN or infinite and 1 elsewhere. No gradient flows.
func (x Variable) IsFinite() Variable { return isFiniteOp.apply(x) }

// NanToNum is x with nan instead of NaN, and with posInf and negInf instead of the
// infinities; NaN for one of these stands for the greatest or least finite number of x's
// type. No gradient flows to what is replaced.
func (x Variable) NanToNum(nan, posInf, negInf float64) Variable {
	greatest := maxFinite(x.DType())
	if math.IsNaN(posInf) {
		posInf = greatest
	}
	if math.IsNaN(negInf) {
		negInf = -greatest
	}
	infinity := Where(x.Greater(x.scalar(0)), x.scalar(posInf), x.scalar(negInf))
	return Where(x.IsFinite(), x, Where(x.IsNaN(), x.scalar(nan), infinity))
}
