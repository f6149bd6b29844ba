package autograd

import (
	"math"

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
	erfOp = newUnary(unary{
		op:     op{name: "erf"},
		kernel: tensor.Kernel1{F32: simd.Erf[float32], F64: simd.Erf[float64], Cost: 20},
		slope:  func(x, y Variable) Variable { return bell(x) },
	})
}

// Erf is the error function 2/√π·∫₀ˣ e^(−t²) dt.
func (x Variable) Erf() Variable { return erfOp.apply(x) }

var erfcOp *unary

func init() {
	erfcOp = newUnary(unary{
		op:     op{name: "erfc"},
		kernel: tensor.Kernel1{F32: simd.Erfc[float32], F64: simd.Erfc[float64], Cost: 40},
		slope:  func(x, y Variable) Variable { return bell(x).Neg() },
	})
}

// Erfc is 1 − erf(x), accurate where that is small.
func (x Variable) Erfc() Variable { return erfcOp.apply(x) }

var erfinvOp *unary

// (erf⁻¹)′ = √π/2·e^(y²).
func init() {
	erfinvOp = newUnary(unary{
		op:     op{name: "erfinv"},
		kernel: tensor.Kernel1{F32: elementwise[float32](math.Erfinv), F64: elementwise[float64](math.Erfinv), Cost: 80},
		slope:  func(x, y Variable) Variable { return y.Square().Exp().MulScalar(math.Sqrt(math.Pi) / 2) },
	})
}

// Erfinv is the inverse of [Variable.Erf] on −1 < x < 1: ±Inf at ±1, NaN beyond. The
// quantile function of the normal distribution is √2·erf⁻¹(2p−1).
func (x Variable) Erfinv() Variable { return erfinvOp.apply(x) }
