package autograd

import (
	"math"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Modified Bessel functions of the first kind, Iₙ, by themselves and scaled by e^(−|x|).

var besselOp *op

// Iₙ′ = (Iₙ₋₁ + Iₙ₊₁)/2, and I₀′ = I₁. attr.i is the order n.
func init() {
	besselOp = slopeOp("bessel i", orderOf, func(n *node) Variable {
		x, order := n.arg(0), n.attr.i
		if order == 0 {
			return x.besselI(1)
		}
		return x.besselI(order - 1).Add(x.besselI(order + 1)).MulScalar(0.5)
	})
}

// I0 is the modified Bessel function of the first kind of order 0.
func (x Variable) I0() Variable { return x.besselI(0) }

// I1 is the modified Bessel function of the first kind of order 1.
func (x Variable) I1() Variable { return x.besselI(1) }

func (x Variable) besselI(order int) Variable {
	return x.bessel(besselOp, order, func(x float64) float64 {
		if a := math.Abs(x); a < besselSeries {
			return besselSum(order, x)
		}
		if math.IsInf(x, 0) {
			return math.Inf(int(math.Pow(math.Copysign(1, x), float64(order))))
		}
		half := math.Exp(math.Abs(x) / 2) // the whole may overflow where the product does not
		return besselAsymptotic(order, x) * half * half
	})
}

var besselScaledOp *op

// With Eₙ = e^(−|x|)·Iₙ: Eₙ′ = (Eₙ₋₁ + Eₙ₊₁)/2 − sign x·Eₙ. attr.i is the order n.
func init() {
	besselScaledOp = slopeOp("bessel i scaled", orderOf, func(n *node) Variable {
		x, order := n.arg(0), n.attr.i
		neighbours := x.besselIScaled(1)
		if order > 0 {
			neighbours = x.besselIScaled(order - 1).Add(x.besselIScaled(order + 1)).MulScalar(0.5)
		}
		return neighbours.Sub(x.Sign().Mul(n.variable()))
	})
}

// I0e is e^(−|x|)·[Variable.I0], which does not overflow. Its derivative at 0 is taken as 0.
func (x Variable) I0e() Variable { return x.besselIScaled(0) }

// I1e is e^(−|x|)·[Variable.I1], which does not overflow.
func (x Variable) I1e() Variable { return x.besselIScaled(1) }

func (x Variable) besselIScaled(order int) Variable {
	return x.bessel(besselScaledOp, order, func(x float64) float64 {
		if a := math.Abs(x); a < besselSeries {
			return besselSum(order, x) * math.Exp(-a)
		}
		return besselAsymptotic(order, x)
	})
}

func (x Variable) bessel(o *op, order int, f func(float64) float64) Variable {
	in := x.check(o.name)
	n := o.result(in.DType, in.Shape, in)
	n.attr.i = order
	tensor.Map1(&tensor.Kernel1{F32: elementwise[float32](f), F64: elementwise[float64](f), Cost: 200}, &n.Array, &in.Array)
	return n.done()
}

// besselSeries is from where on the asymptotic series is exact to the last bits, for the
// low orders that derivatives come to.
const besselSeries = 40

// besselSum is Iₙ(x) = Σ (x/2)ⁿ⁺²ᵏ/(k!·(n+k)!), whose terms have one sign.
func besselSum(n int, x float64) float64 {
	term := 1.0
	for k := 1; k <= n; k++ {
		term *= x / 2 / float64(k)
	}
	sum := term
	for k := 1; math.Abs(term) > 1e-17*math.Abs(sum); k++ {
		term *= x * x / 4 / float64(k*(n+k))
		sum += term
	}
	return sum
}

// besselAsymptotic is e^(−|x|)·Iₙ(x) ~ 1/√(2π|x|)·Σ (−1)ᵏ·Π (4n²−(2j−1)²)/(8|x|j) for large
// |x|, with x's sign for odd n.
func besselAsymptotic(n int, x float64) float64 {
	a := math.Abs(x)
	sum, term := 1.0, 1.0
	for k := 1; k < 60; k++ {
		odd := float64(2*k - 1)
		next := -term * (4*float64(n*n) - odd*odd) / (8 * a * float64(k))
		if math.Abs(next) > math.Abs(term) && k > n || math.Abs(next) < 1e-18 {
			break
		}
		term = next
		sum += term
	}
	y := sum / math.Sqrt(2*math.Pi) / math.Sqrt(a)
	if n%2 == 1 && x < 0 {
		return -y
	}
	return y
}
