package autograd

import (
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Activation functions: element-wise operations of one operand that networks put
// between their layers.

var (
	reluOp, sigmoidOp, tanhOp, softplusOp *unary
)

func init() {
	// max(x, 0); the derivative at 0 is 0.
	reluOp = newUnary(unary{
		op:         op{name: "relu"},
		kernel:     tensor.Kernel1{F32: simd.ReLU[float32], F64: simd.ReLU[float64]},
		slope:      func(x, y Variable) Variable { return x.Greater(x.scalar(0)) },
		backward:   tensor.Kernel2{F32: simd.ReLUBackward[float32], F64: simd.ReLUBackward[float64]},
		fromOutput: true,
	})
	// σ(x) = 1/(1+e⁻ˣ), σ′ = σ(1−σ).
	sigmoidOp = newUnary(unary{
		op:         op{name: "sigmoid"},
		kernel:     tensor.Kernel1{F32: simd.Sigmoid[float32], F64: simd.Sigmoid[float64], Cost: 12},
		slope:      func(x, y Variable) Variable { return y.Mul(y.scalar(1).Sub(y)) },
		backward:   tensor.Kernel2{F32: simd.SigmoidBackward[float32], F64: simd.SigmoidBackward[float64]},
		fromOutput: true,
	})
	// tanh′ = 1 − tanh².
	tanhOp = newUnary(unary{
		op:         op{name: "tanh"},
		kernel:     tensor.Kernel1{F32: simd.Tanh[float32], F64: simd.Tanh[float64], Cost: 12},
		slope:      func(x, y Variable) Variable { return y.scalar(1).Sub(y.Square()) },
		backward:   tensor.Kernel2{F32: simd.TanhBackward[float32], F64: simd.TanhBackward[float64]},
		fromOutput: true,
	})
	// ln(1+eˣ), whose derivative is σ(x).
	softplusOp = newUnary(unary{
		op:       op{name: "softplus"},
		kernel:   tensor.Kernel1{F32: simd.Softplus[float32], F64: simd.Softplus[float64], Cost: 16},
		slope:    func(x, y Variable) Variable { return x.Sigmoid() },
		backward: tensor.Kernel2{F32: simd.SoftplusBackward[float32], F64: simd.SoftplusBackward[float64], Cost: 12},
	})
}

// ReLU is max(x, 0), the rectified linear unit. Its derivative at 0 is 0.
func (x Variable) ReLU() Variable { return reluOp.apply(x) }

// Sigmoid is the logistic function 1/(1+e⁻ˣ). It is accurate for any x.
func (x Variable) Sigmoid() Variable { return sigmoidOp.apply(x) }

// Tanh is the hyperbolic tangent.
func (x Variable) Tanh() Variable { return tanhOp.apply(x) }

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
