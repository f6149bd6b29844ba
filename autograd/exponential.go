package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Exponentials, logarithms and powers beyond the basic ones of unary.go.

var expm1Op *unary

// (eˣ−1)′ = eˣ.
func init() {
	expm1Op = newUnary(unary{
		op:     op{name: "expm1"},
		kernel: tensor.Kernel1{F32: simd.Expm1[float32], F64: simd.Expm1[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.Exp() },
	})
}

// Expm1 is eˣ − 1, accurate for small x.
func (x Variable) Expm1() Variable { return expm1Op.apply(x) }

var log1pOp *unary

// ln(1+x)′ = 1/(1+x).
func init() {
	log1pOp = newUnary(unary{
		op:     op{name: "log1p"},
		kernel: tensor.Kernel1{F32: simd.Log1p[float32], F64: simd.Log1p[float64], Cost: 16},
		slope:  func(x, y Variable) Variable { return x.AddScalar(1).Reciprocal() },
	})
}

// Log1p is ln(1+x), accurate for small x: −Inf at −1, NaN below.
func (x Variable) Log1p() Variable { return log1pOp.apply(x) }

var log2Op *unary

// log₂′ = 1/(x·ln 2).
func init() {
	log2Op = newUnary(unary{
		op:     op{name: "log2"},
		kernel: tensor.Kernel1{F32: simd.Log2[float32], F64: simd.Log2[float64], Cost: 12},
		slope:  func(x, y Variable) Variable { return x.MulScalar(math.Ln2).Reciprocal() },
	})
}

// Log2 is the logarithm to base 2: −Inf at 0, NaN for x < 0.
func (x Variable) Log2() Variable { return log2Op.apply(x) }

var rsqrtOp *unary

// (x^−½)′ = −½·y³.
func init() {
	rsqrtOp = newUnary(unary{
		op:     op{name: "rsqrt"},
		kernel: tensor.Kernel1{F32: simd.Rsqrt[float32], F64: simd.Rsqrt[float64], Cost: 8},
		slope:  func(x, y Variable) Variable { return y.Mul(y.Square()).MulScalar(-0.5) },
	})
}

// Rsqrt is 1/√x: +Inf at 0, NaN for x < 0.
func (x Variable) Rsqrt() Variable { return rsqrtOp.apply(x) }

var reciprocalOp *unary

// (1/x)′ = −y².
func init() {
	reciprocalOp = newUnary(unary{
		op:     op{name: "reciprocal"},
		kernel: tensor.Kernel1{F32: simd.Reciprocal[float32], F64: simd.Reciprocal[float64], Cost: 4},
		slope:  func(x, y Variable) Variable { return y.Square().Neg() },
	})
}

// Reciprocal is 1/x.
func (x Variable) Reciprocal() Variable { return reciprocalOp.apply(x) }
