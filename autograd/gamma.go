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
	lgammaOp = newUnary("lgamma", unary{
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
	polygammaOp = slopeOp("polygamma", orderOf, func(n *node) Variable { return n.arg(0).Polygamma(n.attr.i + 1) })
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
//
// For high orders see highPolygamma.
func polygamma(n int, x float64) float64 {
	sign := float64(2*(n%2) - 1) // (−1)ⁿ⁺¹
	switch {
	case math.IsNaN(x):
		return x
	case math.IsInf(x, 1):
		return 0
	case x == 0:
		return math.Inf(int(sign * math.Pow(math.Copysign(1, x), float64(n+1))))
	case x < 0 && x == math.Floor(x):
		if n%2 == 1 {
			return math.Inf(1)
		}
		return math.NaN()
	case n >= 20:
		return sign * highPolygamma(n, x)
	case x > 0:
		return sign * math.Gamma(float64(n+1)) * mathext.Zeta(float64(n+1), x)
	}
	_, fraction := math.Modf(x)
	return -sign*polygamma(n, 1-x) - math.Pi*cotDerivative(n, 1/math.Tan(math.Pi*fraction))
}

// highPolygamma is n!·Σ (x+k)⁻ˢ over k ≥ 0, with s = n+1, where n! or the sum may be beyond
// what a float64 holds: of terms divided by the greatest, m⁻ˢ, and n!·m⁻ˢ by its logarithm.
// Of the terms of negative x+k only those next to 0 count.
func highPolygamma(n int, x float64) float64 {
	s := float64(n + 1)
	first := x // the least x+k that is positive
	negative := 0.0
	m := x
	if x < 0 {
		first = x - math.Floor(x)
		if first == 0.5 && n%2 == 0 { // each negative term and a positive one are 0 together
			return highPolygamma(n, 0.5-math.Floor(x))
		}
		m = min(first, 1-first)
		for j := 1.0; j <= min(10, -math.Floor(x)); j++ {
			negative += math.Pow(m/(j-first), s)
		}
		if n%2 == 0 {
			negative = -negative
		}
	}
	factorial, _ := math.Lgamma(s)
	return math.Exp(factorial-s*math.Log(m)) * (math.Pow(m/first, s)*scaledZeta(s, first) + negative)
}

// scaledZeta is xˢ·ζ(s, x) for x > 0: the sum of (x/(x+k))ˢ, from where x+k is large by the
// formula of Euler and Maclaurin, with b the first of those, t = (x/b)ˢ and Bernoulli's numbers
//
//	t·b/(s−1) + t/2 + Σ B₂ⱼ/(2j)!·s·(s+1)·…·(s+2j−2)·b^(1−2j)·t
func scaledZeta(s, x float64) float64 {
	sum, b := 0.0, x
	for ; b < 2*s+10; b++ {
		t := math.Pow(x/b, s)
		if t < 1e-18*sum {
			return sum
		}
		sum += t
	}
	t := math.Pow(x/b, s)
	sum += t*b/(s-1) + t/2
	factor := t * s / b
	for j, bernoulli := range [...]float64{1. / 12, -1. / 720, 1. / 30240, -1. / 1209600, 1. / 47900160, -691. / 1307674368000, 1. / 74724249600} {
		sum += bernoulli * factor
		factor *= (s + float64(2*j+1)) * (s + float64(2*j+2)) / (b * b)
	}
	return sum
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

// MvLgamma is the logarithm of the multivariate gamma function of dimension p,
//
//	p(p−1)/4·ln π + Σ ln Γ(x − j/2)   over j = 0 … p−1
//
// for x > (p−1)/2. It panics with [*ValueError] unless p is positive.
func (x Variable) MvLgamma(p int) Variable {
	if p < 1 {
		panic(&ValueError{"mvlgamma", "the dimension must be positive"})
	}
	sum := x.Lgamma()
	for j := 1; j < p; j++ {
		sum = sum.Add(x.SubScalar(float64(j) / 2).Lgamma())
	}
	return sum.AddScalar(float64(p*(p-1)) / 4 * math.Log(math.Pi))
}

var logBetaOp *binary

// ∂ln B(a, b)/∂a = ψ(a) − ψ(a+b).
func init() {
	slope := func(a, b Variable) Variable { return a.Digamma().Sub(a.Add(b).Digamma()) }
	logBetaOp = newBinary("log beta", binary{
		kernel: elementwise2(mathext.Lbeta, 120),
		da:     func(g, a, b, y Variable) Variable { return strongMul(g, slope(a, b)) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, slope(b, a)) },
	})
}

// LogBeta is ln B(x, y) = ln Γ(x) + ln Γ(y) − ln Γ(x+y) for positive x and y, broadcasting.
func LogBeta(x, y Variable) Variable { return logBetaOp.apply(x, y) }

// Beta is B(x, y) = Γ(x)·Γ(y)/Γ(x+y) for positive x and y, broadcasting.
func Beta(x, y Variable) Variable { return LogBeta(x, y).Exp() }

var gammaIncOp *binary

// ∂P(a, x)/∂x = x^(a−1)·e^(−x)/Γ(a). The derivative by a has no closed form.
func init() {
	gammaIncOp = newBinary("gammainc", binary{
		kernel: elementwise2(gammaInc, 200),
		da:     func(g, a, b, y Variable) Variable { panic(noDerivativeByA("gammainc")) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, gammaDensity(a, b)) },
	})
}

func noDerivativeByA(op string) error {
	return &ValueError{op, "the derivative by the first operand is not implemented: Detach it"}
}

// gammaDensity is x^(a−1)·e^(−x)/Γ(a), and 0 at +Inf.
func gammaDensity(a, x Variable) Variable {
	infinite := x.Equal(x.scalar(math.Inf(1)))
	x = Where(infinite, x.scalar(1), x)
	density := Xlogy(a.SubScalar(1), x).Sub(x).Sub(a.Lgamma()).Exp()
	return Where(infinite, x.scalar(0), density)
}

func gammaInc(a, x float64) float64 {
	switch {
	case !(a > 0 && x >= 0) || math.IsInf(a, 1) && math.IsInf(x, 1):
		return math.NaN()
	case math.IsInf(a, 1):
		return 0
	case math.IsInf(x, 1):
		return 1
	}
	return mathext.GammaIncReg(a, x)
}

// GammaInc is the regularized lower incomplete gamma function,
//
//	P(a, x) = 1/Γ(a)·∫₀ˣ t^(a−1)·e^(−t) dt   for a > 0 and x ≥ 0
//
// broadcasting; NaN elsewhere. A gradient flows to x; the one of a is not implemented, and a
// pass that needs it panics with [*ValueError].
func GammaInc(a, x Variable) Variable { return gammaIncOp.apply(a, x) }

var gammaIncCOp *binary

// Q = 1 − P.
func init() {
	gammaIncCOp = newBinary("gammaincc", binary{
		kernel: elementwise2(gammaIncC, 200),
		da:     func(g, a, b, y Variable) Variable { panic(noDerivativeByA("gammaincc")) },
		db:     func(g, a, b, y Variable) Variable { return strongMul(g, gammaDensity(a, b).Neg()) },
	})
}

func gammaIncC(a, x float64) float64 {
	if p := gammaInc(a, x); math.IsNaN(p) || math.IsInf(a, 1) || math.IsInf(x, 1) {
		return 1 - p
	}
	return mathext.GammaIncRegComp(a, x)
}

// GammaIncC is 1 − [GammaInc](a, x), the regularized upper incomplete gamma function, accurate
// where that is small.
func GammaIncC(a, x Variable) Variable { return gammaIncCOp.apply(a, x) }
