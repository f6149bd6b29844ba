package autograd

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Special functions: the error function and the gamma family.

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

var lgammaOp *unary

// (ln |Γ|)′ = ψ, the digamma function.
func init() {
	lgammaOp = newUnary(unary{
		op:     op{name: "lgamma"},
		kernel: tensor.Kernel1{F32: simd.Lgamma[float32], F64: simd.Lgamma[float64], Cost: 80},
		slope:  func(x, y Variable) Variable { return x.Polygamma(0) },
	})
}

// Lgamma is ln |Γ(x)|: +Inf at 0, −1, −2, ….
func (x Variable) Lgamma() Variable { return lgammaOp.apply(x) }

// Digamma is ψ(x) = Γ′(x)/Γ(x), the derivative of [Variable.Lgamma].
func (x Variable) Digamma() Variable { return x.Polygamma(0) }

var polygammaOp *op

// ψ⁽ⁿ⁾′ = ψ⁽ⁿ⁺¹⁾. attr.i is n.
func init() {
	polygammaOp = &op{
		name: "polygamma",
		vjp: func(p *pass, n *node, g Variable) {
			p.add(n, 0, strongMul(g, n.arg(0).Polygamma(n.attr.i+1)))
		},
		jvp: func(n *node, t func(int) Variable) Variable {
			return strongMul(t(0), n.arg(0).Polygamma(n.attr.i+1))
		},
	}
}

// Polygamma is the derivative of order n of [Variable.Digamma]; n = 0 is digamma
// itself, n = 1 trigamma. For n ≥ 2 the domain is x > 0. It panics with
// [*ValueError] if n is negative.
func (x Variable) Polygamma(order int) Variable {
	if order < 0 {
		panic(&ValueError{polygammaOp.name, "the order must not be negative"})
	}
	in := x.check(polygammaOp.name)
	n := polygammaOp.result(in.DType, in.Shape, in)
	n.attr.i = order
	switch order {
	case 0:
		tensor.Map1(&tensor.Kernel1{F32: simd.Digamma[float32], F64: simd.Digamma[float64], Cost: 80}, &n.Array, &in.Array)
	case 1:
		tensor.Map1(&tensor.Kernel1{F32: simd.Trigamma[float32], F64: simd.Trigamma[float64], Cost: 80}, &n.Array, &in.Array)
	default:
		// ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹·n!·ζ(n+1, x), ζ being Hurwitz's.
		factor := math.Gamma(float64(order + 1))
		if order%2 == 0 {
			factor = -factor
		}
		for i := range in.Len() {
			n.Set(i, factor*mathext.Zeta(float64(order+1), in.Array.At(i)))
		}
	}
	return n.done()
}
