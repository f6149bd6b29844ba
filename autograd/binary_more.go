package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Element-wise functions of two operands, all broadcasting.

var powOp, atan2Op, hypotOp, logAddExpOp *binary

func init() {
	// ∂aᵇ/∂a = b·aᵇ⁻¹, 0 for b = 0;  ∂aᵇ/∂b = aᵇ·ln a, 0 for a = 0.
	powOp = newBinary(binary{
		op:     op{name: "pow"},
		kernel: tensor.Kernel2{F32: simd.Pow[float32], F64: simd.Pow[float64], Cost: 80},
		da: func(g, a, b, y Variable) Variable {
			return strongMul(g, strongMul(b, Pow(a, b.SubScalar(1))))
		},
		db: func(g, a, b, y Variable) Variable {
			positive := Where(a.Equal(a.scalar(0)), a.scalar(1), a)
			return strongMul(g, y.Mul(positive.Log()))
		},
	})
	// atan2(a, b) is the angle of the point (b, a):
	// ∂/∂a = b/(a²+b²), ∂/∂b = −a/(a²+b²).
	atan2Op = newBinary(binary{
		op:     op{name: "atan2"},
		kernel: tensor.Kernel2{F32: simd.Atan2[float32], F64: simd.Atan2[float64], Cost: 80},
		da: func(g, a, b, y Variable) Variable {
			return strongMul(g, b.Div(a.Square().Add(b.Square())))
		},
		db: func(g, a, b, y Variable) Variable {
			return strongMul(g, a.Div(a.Square().Add(b.Square())).Neg())
		},
	})
	// ∂√(a²+b²)/∂a = a/y, taken as 0 at the origin.
	share := func(g, a, y Variable) Variable {
		origin := y.Equal(y.scalar(0))
		return strongMul(g, Where(origin, y.scalar(0), a.Div(y)))
	}
	hypotOp = newBinary(binary{
		op:     op{name: "hypot"},
		kernel: tensor.Kernel2{F32: simd.Hypot[float32], F64: simd.Hypot[float64], Cost: 40},
		da:     func(g, a, b, y Variable) Variable { return share(g, a, y) },
		db:     func(g, a, b, y Variable) Variable { return share(g, b, y) },
	})
	// ∂ln(eᵃ+eᵇ)/∂a = σ(a−b).
	logAddExpOp = newBinary(binary{
		op:     op{name: "logaddexp"},
		kernel: tensor.Kernel2{F32: simd.LogAddExp[float32], F64: simd.LogAddExp[float64], Cost: 60},
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, a.Sub(b).Sigmoid()) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, b.Sub(a).Sigmoid()) },
	})
}

// Pow is x to the power y, broadcasting; the domain is that of math.Pow. The
// derivative by y is 0 where x is 0, that by x is 0 where y is 0. For a constant
// power see [Variable.PowScalar].
func Pow(x, y Variable) Variable { return powOp.apply(x, y) }

// Atan2 is the angle in radians, −π to π, of the point with ordinate y and abscissa
// x, broadcasting. Its derivatives are NaN at the origin.
func Atan2(y, x Variable) Variable { return atan2Op.apply(y, x) }

// Hypot is √(x²+y²) without overflow on the way, broadcasting. Its derivatives at
// the origin are taken as 0.
func Hypot(x, y Variable) Variable { return hypotOp.apply(x, y) }

// LogAddExp is ln(eˣ+eʸ) without overflow, broadcasting.
func LogAddExp(x, y Variable) Variable { return logAddExpOp.apply(x, y) }
