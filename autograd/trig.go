package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Trigonometric and hyperbolic functions and their inverses. Angles are in radians.

var (
	sinOp, cosOp, tanOp, asinOp, acosOp, atanOp, sinhOp, coshOp, asinhOp, acoshOp, atanhOp *unary
)

func init() {
	// sin′ = cos.
	sinOp = newUnary(unary{
		op:     op{name: "sin"},
		kernel: tensor.Kernel1{F32: simd.Sin[float32], F64: simd.Sin[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.Cos() },
	})
	// cos′ = −sin.
	cosOp = newUnary(unary{
		op:     op{name: "cos"},
		kernel: tensor.Kernel1{F32: simd.Cos[float32], F64: simd.Cos[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.Sin().Neg() },
	})
	// tan′ = 1 + tan².
	tanOp = newUnary(unary{
		op:     op{name: "tan"},
		kernel: tensor.Kernel1{F32: simd.Tan[float32], F64: simd.Tan[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return y.Square().AddScalar(1) },
	})
	// asin′ = 1/√(1−x²).
	asinOp = newUnary(unary{
		op:     op{name: "asin"},
		kernel: tensor.Kernel1{F32: simd.Asin[float32], F64: simd.Asin[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return oneMinusSquare(x).Rsqrt() },
	})
	// acos′ = −1/√(1−x²).
	acosOp = newUnary(unary{
		op:     op{name: "acos"},
		kernel: tensor.Kernel1{F32: simd.Acos[float32], F64: simd.Acos[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return oneMinusSquare(x).Rsqrt().Neg() },
	})
	// atan′ = 1/(1+x²).
	atanOp = newUnary(unary{
		op:     op{name: "atan"},
		kernel: tensor.Kernel1{F32: simd.Atan[float32], F64: simd.Atan[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return x.Square().AddScalar(1).Reciprocal() },
	})
	// sinh′ = cosh.
	sinhOp = newUnary(unary{
		op:     op{name: "sinh"},
		kernel: tensor.Kernel1{F32: simd.Sinh[float32], F64: simd.Sinh[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return x.Cosh() },
	})
	// cosh′ = sinh.
	coshOp = newUnary(unary{
		op:     op{name: "cosh"},
		kernel: tensor.Kernel1{F32: simd.Cosh[float32], F64: simd.Cosh[float64], Cost: 24},
		slope:  func(x, y Variable) Variable { return x.Sinh() },
	})
	// asinh′ = 1/√(x²+1).
	asinhOp = newUnary(unary{
		op:     op{name: "asinh"},
		kernel: tensor.Kernel1{F32: simd.Asinh[float32], F64: simd.Asinh[float64], Cost: 32},
		slope:  func(x, y Variable) Variable { return Hypot(x, x.scalar(1)).Reciprocal() },
	})
	// acosh′ = 1/√((x−1)(x+1)).
	acoshOp = newUnary(unary{
		op:     op{name: "acosh"},
		kernel: tensor.Kernel1{F32: simd.Acosh[float32], F64: simd.Acosh[float64], Cost: 32},
		slope:  func(x, y Variable) Variable { return x.SubScalar(1).Mul(x.AddScalar(1)).Rsqrt() },
	})
	// atanh′ = 1/(1−x²).
	atanhOp = newUnary(unary{
		op:     op{name: "atanh"},
		kernel: tensor.Kernel1{F32: simd.Atanh[float32], F64: simd.Atanh[float64], Cost: 32},
		slope:  func(x, y Variable) Variable { return oneMinusSquare(x).Reciprocal() },
	})
}

// Sin is the sine of x in radians.
func (x Variable) Sin() Variable { return sinOp.apply(x) }

// Cos is the cosine of x in radians.
func (x Variable) Cos() Variable { return cosOp.apply(x) }

// Tan is the tangent of x in radians.
func (x Variable) Tan() Variable { return tanOp.apply(x) }

// Asin is the arcsine, for −1 ≤ x ≤ 1; NaN outside. Its derivative is +Inf at ±1.
func (x Variable) Asin() Variable { return asinOp.apply(x) }

// Acos is the arccosine, for −1 ≤ x ≤ 1; NaN outside. Its derivative is −Inf at ±1.
func (x Variable) Acos() Variable { return acosOp.apply(x) }

// Atan is the arctangent, between −π/2 and π/2.
func (x Variable) Atan() Variable { return atanOp.apply(x) }

// Sinh is the hyperbolic sine.
func (x Variable) Sinh() Variable { return sinhOp.apply(x) }

// Cosh is the hyperbolic cosine.
func (x Variable) Cosh() Variable { return coshOp.apply(x) }

// Asinh is the inverse hyperbolic sine.
func (x Variable) Asinh() Variable { return asinhOp.apply(x) }

// Acosh is the inverse hyperbolic cosine, for x ≥ 1; NaN below. Its derivative is
// +Inf at 1.
func (x Variable) Acosh() Variable { return acoshOp.apply(x) }

// Atanh is the inverse hyperbolic tangent, for −1 < x < 1: ±Inf at ±1, NaN outside.
func (x Variable) Atanh() Variable { return atanhOp.apply(x) }

// oneMinusSquare is 1 − x² without cancellation near ±1.
func oneMinusSquare(x Variable) Variable {
	one := x.scalar(1)
	return one.Sub(x).Mul(one.Add(x))
}
