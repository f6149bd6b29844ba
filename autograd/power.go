package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Powers and roots.

var powScalarOp *op

// d xᵖ/dx = p·xᵖ⁻¹, and 0 for p = 0. attr.x is p.
func init() {
	exponentOf := func(n *node) []Argument { return arguments("exponent", n.attr.x) }
	powScalarOp = slopeOp("pow scalar", exponentOf, func(n *node) Variable {
		x, exponent := n.arg(0), n.attr.x
		if exponent == 0 {
			return x.scalar(0)
		}
		return x.PowScalar(exponent - 1).MulScalar(exponent)
	})
}

// PowScalar is x to a constant power. The domain is that of math.Pow: a negative x
// needs an integer exponent. At x = 0 the derivative is that of the formula p·xᵖ⁻¹,
// which is +Inf for 0 < p < 1.
func (x Variable) PowScalar(exponent float64) Variable {
	in := x.check(powScalarOp.name)
	n := powScalarOp.result(in.DType, in.Shape, in)
	n.attr.x = exponent
	power := n.keepArray(nil)
	power.Set(0, exponent)
	tensor.Map2(&powKernel, &n.Array, &in.Array, &power.Array)
	return n.done()
}

// powKernel takes the exponent as an array of one element, which lives in the node's aux.
var powKernel = tensor.Kernel2{F32: simd.Pow[float32], F64: simd.Pow[float64], Cost: 40}

var powOp *binary

// ∂aᵇ/∂a = b·aᵇ⁻¹, 0 for b = 0;  ∂aᵇ/∂b = aᵇ·ln a, 0 for a = 0.
func init() {
	powOp = newBinary("pow", binary{
		kernel: tensor.Kernel2{F32: simd.Pow[float32], F64: simd.Pow[float64], Cost: 80},
		da: func(g, a, b, y Variable) Variable {
			return strongMul(g, strongMul(b, Pow(a, b.SubScalar(1))))
		},
		db: func(g, a, b, y Variable) Variable {
			positive := Where(a.Equal(a.scalar(0)), a.scalar(1), a)
			return strongMul(g, y.Mul(positive.Log()))
		},
	})
}

// Pow is x to the power y, broadcasting; the domain is that of math.Pow. The
// derivative by y is 0 where x is 0, that by x is 0 where y is 0. For a constant
// power see [Variable.PowScalar].
func Pow(x, y Variable) Variable { return powOp.apply(x, y) }

var squareOp *unary

// dx²/dx = 2x.
func init() {
	squareOp = newUnary("square", unary{
		kernel:   tensor.Kernel1{F32: simd.Square[float32], F64: simd.Square[float64]},
		slope:    func(x, y Variable) Variable { return x.MulScalar(2) },
		backward: tensor.Kernel2{F32: simd.SquareBackward[float32], F64: simd.SquareBackward[float64]},
	})
}

// Square is x².
func (x Variable) Square() Variable { return squareOp.apply(x) }

var sqrtOp *unary

// d√x/dx = 1/(2√x).
func init() {
	sqrtOp = newUnary("sqrt", unary{
		kernel:     tensor.Kernel1{F32: simd.Sqrt[float32], F64: simd.Sqrt[float64], Cost: 4},
		slope:      func(x, y Variable) Variable { return y.scalar(0.5).Div(y) },
		backward:   tensor.Kernel2{F32: simd.SqrtBackward[float32], F64: simd.SqrtBackward[float64], Cost: 4},
		fromOutput: true,
	})
}

// Sqrt is √x, NaN for x < 0. Its derivative 1/(2√x) is +Inf at 0, except that an
// upstream gradient of exactly 0 stays 0.
func (x Variable) Sqrt() Variable { return sqrtOp.apply(x) }

var rsqrtOp *unary

// (x^−½)′ = −½·y³.
func init() {
	rsqrtOp = newUnary("rsqrt", unary{
		kernel: tensor.Kernel1{F32: simd.Rsqrt[float32], F64: simd.Rsqrt[float64], Cost: 8},
		slope:  func(x, y Variable) Variable { return y.Mul(y.Square()).MulScalar(-0.5) },
	})
}

// Rsqrt is 1/√x: +Inf at 0, NaN for x < 0.
func (x Variable) Rsqrt() Variable { return rsqrtOp.apply(x) }

var reciprocalOp *unary

// (1/x)′ = −y².
func init() {
	reciprocalOp = newUnary("reciprocal", unary{
		kernel: tensor.Kernel1{F32: simd.Reciprocal[float32], F64: simd.Reciprocal[float64], Cost: 4},
		slope:  func(x, y Variable) Variable { return y.Square().Neg() },
	})
}

// Reciprocal is 1/x.
func (x Variable) Reciprocal() Variable { return reciprocalOp.apply(x) }
