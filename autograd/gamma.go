package autograd

import (
	"math"

	"gonum.org/v1/gonum/mathext"

	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// The gamma function's family.

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

// Polygamma is the derivative of the given order of [Variable.Digamma]; order 0 is digamma
// itself, order 1 trigamma. At the poles 0, −1, −2, … it is infinite, or NaN where its
// sign is not the same on both sides. It panics with [*ValueError] if the order is
// negative.
func (x Variable) Polygamma(order int) Variable {
	if order < 0 {
		panic(&ValueError{polygammaOp.name, "the order must not be negative"})
	}
	in := x.check(polygammaOp.name)
	n := polygammaOp.result(in.DType, in.Shape, in)
	n.attr.i = order
	kernel := polygammaKernel(order)
	tensor.Map1(&kernel, &n.Array, &in.Array)
	return n.done()
}

func polygammaKernel(order int) tensor.Kernel1 {
	switch order {
	case 0:
		return tensor.Kernel1{F32: simd.Digamma[float32], F64: simd.Digamma[float64], Cost: 80}
	case 1:
		return tensor.Kernel1{F32: simd.Trigamma[float32], F64: simd.Trigamma[float64], Cost: 80}
	}
	f := func(x float64) float64 { return polygamma(order, x) }
	return tensor.Kernel1{F32: elementwise[float32](f), F64: elementwise[float64](f), Cost: 200}
}

// polygamma is ψ⁽ⁿ⁾ for n ≥ 2:
//
//	ψ⁽ⁿ⁾(x) = (−1)ⁿ⁺¹·n!·ζ(n+1, x)                   for x > 0, ζ being Hurwitz's
//	ψ⁽ⁿ⁾(x) = (−1)ⁿ·ψ⁽ⁿ⁾(1−x) − π·dⁿ/dxⁿ cot πx      for x < 0
func polygamma(n int, x float64) float64 {
	sign := float64(2*(n%2) - 1) // (−1)ⁿ⁺¹
	switch {
	case math.IsNaN(x):
		return x
	case math.IsInf(x, 1):
		return 0
	case x == 0:
		return math.Inf(int(sign * math.Pow(math.Copysign(1, x), float64(n+1))))
	case x > 0:
		return sign * math.Gamma(float64(n+1)) * mathext.Zeta(float64(n+1), x)
	case x == math.Floor(x):
		if n%2 == 1 {
			return math.Inf(1)
		}
		return math.NaN()
	}
	_, fraction := math.Modf(x)
	return -sign*polygamma(n, 1-x) - math.Pi*cotDerivative(n, 1/math.Tan(math.Pi*fraction))
}

// cotDerivative is dⁿ/dxⁿ cot πx = πⁿ·Pₙ(c) where c = cot πx, with P₀ = c and
// Pₖ₊₁ = −(1+c²)·Pₖ′. The coefficients of a polynomial are from the constant one on.
func cotDerivative(n int, c float64) float64 {
	p := []float64{0, 1}
	for range n {
		next := make([]float64, len(p)+1)
		for i := 1; i < len(p); i++ {
			d := -float64(i) * p[i]
			next[i-1] += d
			next[i+1] += d
		}
		p = next
	}
	sum := 0.0
	for i := len(p) - 1; i >= 0; i-- {
		sum = sum*c + p[i]
	}
	return math.Pow(math.Pi, float64(n)) * sum
}
