package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Trigonometric and hyperbolic functions and their inverses. Angles are in radians.

var sinOp *unary

// sin′ = cos.
func init() {
	sinOp = newUnary("sin", unary{
		kernel: tensor.Kernel1{F32: simd.Sin[float32], F64: simd.Sin[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.Cos() },
	})
}

// Sin is the sine of x in radians.
func (x Variable) Sin() Variable { return sinOp.apply(x) }

var cosOp *unary

// cos′ = −sin.
func init() {
	cosOp = newUnary("cos", unary{
		kernel: tensor.Kernel1{F32: simd.Cos[float32], F64: simd.Cos[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.Sin().Neg() },
	})
}

// Cos is the cosine of x in radians.
func (x Variable) Cos() Variable { return cosOp.apply(x) }

var tanOp *unary

// tan′ = 1 + tan².
func init() {
	tanOp = newUnary("tan", unary{
		kernel: tensor.Kernel1{F32: simd.Tan[float32], F64: simd.Tan[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return y.Square().AddScalar(1) },
	})
}

// Tan is the tangent of x in radians.
func (x Variable) Tan() Variable { return tanOp.apply(x) }

var asinOp *unary

// asin′ = 1/√(1−x²).
func init() {
	asinOp = newUnary("asin", unary{
		kernel: tensor.Kernel1{F32: simd.Asin[float32], F64: simd.Asin[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return oneMinusSquare(x).Rsqrt() },
	})
}

// Asin is the arcsine, for −1 ≤ x ≤ 1; NaN outside. Its derivative is +Inf at ±1.
func (x Variable) Asin() Variable { return asinOp.apply(x) }

var acosOp *unary

// acos′ = −1/√(1−x²).
func init() {
	acosOp = newUnary("acos", unary{
		kernel: tensor.Kernel1{F32: simd.Acos[float32], F64: simd.Acos[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return oneMinusSquare(x).Rsqrt().Neg() },
	})
}

// Acos is the arccosine, for −1 ≤ x ≤ 1; NaN outside. Its derivative is −Inf at ±1.
func (x Variable) Acos() Variable { return acosOp.apply(x) }

var atanOp *unary

// atan′ = 1/(1+x²).
func init() {
	atanOp = newUnary("atan", unary{
		kernel: tensor.Kernel1{F32: simd.Atan[float32], F64: simd.Atan[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return x.Square().AddScalar(1).Reciprocal() },
	})
}

// Atan is the arctangent, between −π/2 and π/2.
func (x Variable) Atan() Variable { return atanOp.apply(x) }

var sinhOp *unary

// sinh′ = cosh.
func init() {
	sinhOp = newUnary("sinh", unary{
		kernel: tensor.Kernel1{F32: simd.Sinh[float32], F64: simd.Sinh[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return x.Cosh() },
	})
}

// Sinh is the hyperbolic sine.
func (x Variable) Sinh() Variable { return sinhOp.apply(x) }

var coshOp *unary

// cosh′ = sinh.
func init() {
	coshOp = newUnary("cosh", unary{
		kernel: tensor.Kernel1{F32: simd.Cosh[float32], F64: simd.Cosh[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return x.Sinh() },
	})
}

// Cosh is the hyperbolic cosine.
func (x Variable) Cosh() Variable { return coshOp.apply(x) }

var asinhOp *unary

// asinh′ = 1/√(x²+1).
func init() {
	asinhOp = newUnary("asinh", unary{
		kernel: tensor.Kernel1{F32: simd.Asinh[float32], F64: simd.Asinh[float64], Cost: 32},
		slope:  func(x, y Variable) Variable { return Hypot(x, x.scalar(1)).Reciprocal() },
	})
}

// Asinh is the inverse hyperbolic sine.
func (x Variable) Asinh() Variable { return asinhOp.apply(x) }

var acoshOp *unary

// acosh′ = 1/√((x−1)(x+1)).
func init() {
	acoshOp = newUnary("acosh", unary{
		kernel: tensor.Kernel1{F32: simd.Acosh[float32], F64: simd.Acosh[float64], Cost: 32},
		slope:  func(x, y Variable) Variable { return x.SubScalar(1).Mul(x.AddScalar(1)).Rsqrt() },
	})
}

// Acosh is the inverse hyperbolic cosine, for x ≥ 1; NaN below. Its derivative is
// +Inf at 1.
func (x Variable) Acosh() Variable { return acoshOp.apply(x) }

var atanhOp *unary

// atanh′ = 1/(1−x²).
func init() {
	atanhOp = newUnary("atanh", unary{
		kernel: tensor.Kernel1{F32: simd.Atanh[float32], F64: simd.Atanh[float64], Cost: 32},
		slope:  func(x, y Variable) Variable { return oneMinusSquare(x).Reciprocal() },
	})
}

// Atanh is the inverse hyperbolic tangent, for −1 < x < 1: ±Inf at ±1, NaN outside.
func (x Variable) Atanh() Variable { return atanhOp.apply(x) }

var sincOp *op

// attr.i is how often the function was differentiated.
func init() {
	sincOp = slopeOp("sinc", orderOf, func(n *node) Variable { return sinc(n.arg(0), n.attr.i+1) })
}

// Sinc is sin(πx)/(πx), the normalized cardinal sine, and 1 at 0.
func (x Variable) Sinc() Variable { return sinc(x, 0) }

// sinc is the derivative of the given order.
func sinc(x Variable, order int) Variable {
	in := x.check(sincOp.name)
	n := sincOp.result(in.DType, in.Shape, in)
	n.attr.i = order
	f := func(x float64) float64 { return sincDerivative(order, x) }
	tensor.Map1(&tensor.Kernel1{F32: elementwise[float32](f), F64: elementwise[float64](f), Cost: 100}, &n.Array, &in.Array)
	return n.done()
}

// sincDerivative is πᵏ·f⁽ᵏ⁾(z) for f(z) = sin z/z and z = πx: by z·f⁽ᵏ⁾ = sin(z+kπ/2) − k·f⁽ᵏ⁻¹⁾
// where |z| > k, which is stable there, and else by the series f(z) = Σ (−1)ᵐ·z²ᵐ/(2m+1)!.
func sincDerivative(k int, x float64) float64 {
	if math.IsInf(x, 0) {
		return 0
	}
	z := math.Pi * x
	scale := math.Pow(math.Pi, float64(k))
	if math.Abs(z) > float64(k)+1 {
		_, turn := math.Modf(x / 2) // exact, so that sin πx is 0 where it should be nearly so
		sin, cos := math.Sincos(2 * math.Pi * turn)
		waves := [4]float64{sin, cos, -sin, -cos} // sin(z+kπ/2)
		f := 0.0
		for j := range k + 1 {
			f = (waves[j%4] - float64(j)*f) / z
		}
		return scale * f
	}
	// The term (−1)ᵐ·z²ᵐ⁻ᵏ·(2m)!/((2m−k)!·(2m+1)!), from the first with 2m ≥ k on.
	sum := 0.0
	for m := (k + 1) / 2; ; m++ {
		term := math.Pow(z, float64(2*m-k)) / float64(2*m+1)
		for j := 2; j <= 2*m-k; j++ {
			term /= float64(j)
		}
		if m%2 == 1 {
			term = -term
		}
		sum += term
		if !(math.Abs(term) > 1e-18*math.Abs(sum)) && m > k/2+1 {
			return scale * sum
		}
	}
}

// oneMinusSquare is 1 − x² without cancellation near ±1.
func oneMinusSquare(x Variable) Variable {
	one := x.scalar(1)
	return one.Sub(x).Mul(one.Add(x))
}

var atan2Op *binary

// atan2(a, b) is the angle of the point (b, a):
// ∂/∂a = b/(a²+b²), ∂/∂b = −a/(a²+b²), computed of a/m and b/m with m = max(|a|, |b|).
func init() {
	atan2Op = newBinary("atan2", binary{
		kernel: tensor.Kernel2{F32: simd.Atan2[float32], F64: simd.Atan2[float64], Cost: 80},
		da: func(g, a, b, y Variable) Variable {
			m := greatestOf(a, b)
			a, b = a.Div(m), b.Div(m)
			return strongMul(g, b.Div(a.Square().Add(b.Square())).Div(m))
		},
		db: func(g, a, b, y Variable) Variable {
			m := greatestOf(a, b)
			a, b = a.Div(m), b.Div(m)
			return strongMul(g, a.Div(a.Square().Add(b.Square())).Div(m).Neg())
		},
	})
}

// Atan2 is the angle in radians, −π to π, of the point with ordinate y and abscissa
// x, broadcasting. Its derivatives are NaN at the origin.
func Atan2(y, x Variable) Variable { return atan2Op.apply(y, x) }

// greatestOf is max(|a|, |b|) as a constant.
func greatestOf(a, b Variable) Variable {
	return a.Detach().Abs().Maximum(b.Detach().Abs())
}

// hypotShare is g·∂y/∂a = g·a/y for y = √(a²+b²), taken as 0 at the origin. Where y is so small
// or so great that it is not exact it is computed of a/m and b/m with m = max(|a|, |b|).
func hypotShare(g, a, b, y Variable) Variable {
	if !y.n.someExtreme() {
		return strongMul(g, zeroOver(a, y))
	}
	m := greatestOf(a, b)
	m = Where(m.Equal(m.scalar(0)), m.scalar(1), m)
	a, b = a.Div(m), b.Div(m)
	return strongMul(g, zeroOver(a, Hypot(a, b)))
}

// someExtreme reports whether an element of n, whose elements are not negative, is infinite or
// NaN, or subnormal or nearly so. Zeros count as such too.
func (n *node) someExtreme() bool {
	least := 1e-300
	if n.DType == Float32 {
		least = 1e-36
	}
	low, high := tensor.MinMax(&n.Array)
	return n.Len() > 0 && !(low >= least && high <= math.MaxFloat64)
}

var hypotOp *binary

func init() {
	hypotOp = newBinary("hypot", binary{
		kernel: tensor.Kernel2{F32: simd.Hypot[float32], F64: simd.Hypot[float64], Cost: 40},
		da:     func(g, a, b, y Variable) Variable { return hypotShare(g, a, b, y) },
		db:     func(g, a, b, y Variable) Variable { return hypotShare(g, b, a, y) },
	})
}

// Hypot is √(x²+y²) without overflow on the way, broadcasting. Its derivatives at
// the origin are taken as 0.
func Hypot(x, y Variable) Variable { return hypotOp.apply(x, y) }
