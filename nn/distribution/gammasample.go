package distribution

import (
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// Draws of the gamma distribution with rate 1, and their derivatives with respect to the
// concentration. Both are computed of the logarithm of the draw, which does not underflow
// where the concentration is small.

// logGammaSample is the logarithm of draws with these concentrations, which broadcast to
// shape.
func logGammaSample(rng *rand.Rand, concentration autograd.Variable, shape []int) autograd.Variable {
	f := &autograd.Function{
		Name: "gamma sample",
		Forward: func(xs []autograd.Variable) autograd.Variable {
			y := autograd.Zeros(xs[0].DType(), xs[0].Shape()...)
			as := xs[0].Floats()
			fill(y, func(i int) float64 { return logGamma(rng, as[i]) })
			return y
		},
		VJP: func(xs []autograd.Variable, y, g autograd.Variable) []autograd.Variable {
			as, ys, gs := xs[0].Floats(), y.Floats(), g.Floats()
			grad := autograd.Zeros(g.DType(), g.Shape()...)
			fill(grad, func(i int) float64 {
				if gs[i] == 0 {
					return 0
				}
				return gs[i] * logGammaSlope(as[i], ys[i])
			})
			return []autograd.Variable{grad}
		},
	}
	return f.Apply(concentration.BroadcastTo(shape...))
}

// logGamma draws the logarithm of a number of the gamma distribution with concentration a.
// For a < 1 it is that of concentration a+1 times u^(1/a), with u uniform.
func logGamma(rng *rand.Rand, a float64) float64 {
	switch {
	case math.IsNaN(a):
		return a
	case a < 1:
		boost := -rng.ExpFloat64() / a // ln u^(1/a)
		return boost + math.Log(distuv.Gamma{Alpha: a + 1, Beta: 1, Src: rng}.Rand())
	}
	return math.Log(distuv.Gamma{Alpha: a, Beta: 1, Src: rng}.Rand())
}

// logGammaSlope is ∂ ln x/∂a of a draw x of concentration a, from ln x:
//
//	∂x/∂a = −(∂P(a, x)/∂a) / p(x)
//
// with the regularized incomplete gamma function P and the density p.
func logGammaSlope(a, logX float64) float64 {
	x := math.Exp(logX)
	switch {
	case a > 1e5:
		return normalSlope(a, x) / x
	case x <= a+1:
		return seriesSlope(a, x, logX)
	}
	return fractionSlope(a, x, logX)
}

// seriesSlope differentiates
//
//	P(a, x) = x^a·e^(−x)/Γ(a+1)·S,  S = Σ xⁿ/((a+1)·…·(a+n))
//
// with respect to a: −(x/a)·(S·(ln x − ψ(a+1)) + ∂S/∂a), divided by x.
func seriesSlope(a, x, logX float64) float64 {
	sum, slope := 1.0, 0.0
	term, harmonic := 1.0, 0.0 // and −Σ 1/(a+k), the term's logarithmic derivative
	for n := 1.0; term > 1e-17*sum; n++ {
		term *= x / (a + n)
		harmonic -= 1 / (a + n)
		sum += term
		slope += term * harmonic
	}
	return -(sum*(logX-digamma(a+1)) + slope) / a
}

// fractionSlope differentiates, for x > a+1, the continued fraction
//
//	1 − P(a, x) = x^a·e^(−x)/Γ(a)·C,  C = 1/(x+1−a − 1·(1−a)/(x+3−a − 2·(2−a)/(x+5−a − …)))
//
// with respect to a: x·(C·(ln x − ψ(a)) + ∂C/∂a), divided by x. The fraction is evaluated by
// Lentz's algorithm, each number together with its derivative.
func fractionSlope(a, x, logX float64) float64 {
	b, db := x+1-a, -1.0
	c, dc := math.Inf(1), 0.0
	d, dd := 1/b, -db/(b*b)
	h, dh := d, dd
	for n := 1.0; n < 1e6; n++ {
		an, dan := -n*(n-a), n
		b += 2
		d, dd = an*d+b, dan*d+an*dd+db
		d, dd = 1/d, -dd/(d*d)
		if n == 1 {
			c, dc = b, db // an/∞ is 0
		} else {
			c, dc = b+an/c, db+dan/c-an*dc/(c*c)
		}
		delta, ddelta := c*d, dc*d+c*dd
		h, dh = h*delta, dh*delta+h*ddelta
		if math.Abs(delta-1) < 1e-16 && math.Abs(ddelta) < 1e-16 {
			break
		}
	}
	return h*(logX-digamma(a)) + dh
}

// normalSlope is ∂x/∂a for large a, by the expansion of Cornish and Fisher: with u of the
// standard normal distribution, of which x is the quantile of the same probability,
//
//	x = a + √a·u + (u²−1)/3 + (u³−7u)/(36√a) + O(1/a)
func normalSlope(a, x float64) float64 {
	root := math.Sqrt(a)
	t := (x - a) / root
	u := t - (t*t-1)/(3*root) + (7*t*t*t-t)/(36*a)
	return 1 + u/(2*root) - (u*u*u-7*u)/(72*a*root)
}

// digamma is ψ(x), as accurate as autograd's.
func digamma(x float64) float64 {
	y := [1]float64{x}
	simd.Digamma(y[:], y[:])
	return y[0]
}
