package main

import (
	"math"
	"math/big"
)

// Polynomials for single precision, fitted by this program: least squares, with errors
// relative to the size given, at Chebyshev's points. They are computed by arithmetic of
// fitPrecision bits, so that all machines get the same. Coefficients are rounded one
// after the other, each fit taking up the rounding of the ones before.

// polynomialFit is Σ cᵢ(x−center)ⁱ.
type polynomialFit struct {
	center float64
	c      []float32
}

// coefficients are those of the fit as numbers that functions of either type take.
func (p polynomialFit) coefficients() []float64 {
	wide := make([]float64, len(p.c))
	for i, c := range p.c {
		wide[i] = float64(c)
	}
	return wide
}

// fitPolynomial fits a function on [from, to]. at returns its value, and the size that
// errors are measured by. The center is 0 if that is where the interval begins, else near
// its end, where falling functions are least and the terms have one sign, and such that the
// value there is all but exact.
func fitPolynomial(degree int, from, to float64, at func(x *big.Float) (value, size *big.Float)) polynomialFit {
	center, first := 0., 0
	if from != 0 {
		center = exactCenter(from, to, at)
	} else if value, _ := at(newBig(0)); value.Sign() == 0 {
		first = 1
	}
	const points = 48
	x, rest, weight := make([]*big.Float, points), make([]*big.Float, points), make([]*big.Float, points)
	for i := range points {
		const grid = 0x1p-30 // the last bits of a cosine may differ between machines
		t := (from+to)/2 + (to-from)/2*math.Cos(math.Pi*(float64(i)+0.5)/points)
		t = math.Round(t/grid) * grid
		x[i] = newBig(t - center)
		var size *big.Float
		rest[i], size = at(newBig(t))
		weight[i] = bigQuo(newBig(1), bigMul(size, size))
	}
	c := make([]float32, degree+1)
	for k := first; k <= degree; k++ {
		c[k], _ = leastSquares(x, rest, weight, k, degree).Float32()
		for i := range rest {
			rest[i] = bigSub(rest[i], bigMul(newBig(float64(c[k])), bigPower(x[i], k)))
		}
	}
	return polynomialFit{center, c}
}

// exactCenter is a point near the end where the value is nearest to a float32.
func exactCenter(from, to float64, at func(x *big.Float) (value, size *big.Float)) float64 {
	const steps = 100
	step := math.Exp2(math.Floor(math.Log2(to-from)) - 10)
	end := math.Floor(to/step) * step
	best, least := 0., math.Inf(1)
	for i := range steps {
		x := end - float64(i)*step
		value, _ := at(newBig(x))
		rounded, _ := value.Float32()
		v, _ := bigQuo(bigSub(newBig(float64(rounded)), value), value).Float64()
		if math.Abs(v) < least {
			best, least = x, math.Abs(v)
		}
	}
	return best
}

// leastSquares returns the coefficient of the lowest power among those of the powers low
// to high of x whose sum is nearest to y.
func leastSquares(x, y, weight []*big.Float, low, high int) *big.Float {
	n := high - low + 1
	m := make([][]*big.Float, n) // normal equations, the highest power first
	for i := range m {
		m[i] = make([]*big.Float, n+1)
		for j := range m[i] {
			m[i][j] = newBig(0)
		}
	}
	for s := range x {
		powers := make([]*big.Float, n)
		for i := range powers {
			powers[i] = bigPower(x[s], high-i)
		}
		for i := range n {
			w := bigMul(weight[s], powers[i])
			for j := range n {
				m[i][j] = bigAdd(m[i][j], bigMul(w, powers[j]))
			}
			m[i][n] = bigAdd(m[i][n], bigMul(w, y[s]))
		}
	}
	for k := range n {
		for i := k + 1; i < n; i++ {
			factor := bigQuo(m[i][k], m[k][k])
			for j := k; j <= n; j++ {
				m[i][j] = bigSub(m[i][j], bigMul(factor, m[k][j]))
			}
		}
	}
	return bigQuo(m[n-1][n], m[n-1][n-1])
}

// fit computes tables and polynomials.
func (p *pieces) fit() {
	p.fitted.Do(func() {
		p.tables = make([][pieceCount]float32, 1+nearDegree+1)
		for i := range pieceCount {
			polynomial := fitPolynomial(nearDegree, p.bound(float64(i)-0.5), min(p.end, p.bound(float64(i)+0.5)), p.at)
			p.tables[0][i] = float32(polynomial.center)
			for j, c := range polynomial.c {
				p.tables[1+j][i] = c
			}
		}
		p.beyond = fitPolynomial(farDegree, 1/(farEnd*farEnd), 1/(p.end*p.end), p.atInverse)
	})
}

// at is the function, atInverse what is left of it beyond the end as a function of 1/t².
func (p *pieces) at(t *big.Float) (value, size *big.Float) {
	tail, density := bigNormal(t)
	return p.of(t, tail, density), p.size(t, tail, density)
}

func (p *pieces) atInverse(w *big.Float) (value, size *big.Float) {
	t := newBig(0).Sqrt(bigQuo(newBig(1), w))
	value, size = p.at(t)
	factor := bigExp(bigMul(newBig(0.5), bigMul(t, t)))
	if p.odd {
		factor = bigQuo(factor, t)
	}
	return bigMul(value, factor), bigMul(size, factor)
}

// bound is the t where slope·t + curve·t² is y, 0 for negative y.
func (p *pieces) bound(y float64) float64 {
	if y <= 0 {
		return 0
	}
	return (math.Sqrt(p.slope*p.slope+4*p.curve*y) - p.slope) / (2 * p.curve)
}

// bigNormal returns Φ(−t) and φ(t) for t ≥ 0: φ(t) = e^(−t²/2)/√(2π) and
// Φ(−t) = ½ − φ(t)·(t + t³/3 + t⁵/(3·5) + …).
func bigNormal(t *big.Float) (tail, density *big.Float) {
	t2 := bigMul(t, t)
	density = bigQuo(invSqrt2PiBig, bigExp(bigMul(newBig(0.5), t2)))
	sum := bigSum(t, func(term *big.Float, k int) *big.Float { return bigQuo(bigMul(term, t2), newBig(float64(2*k+1))) })
	return bigSub(newBig(0.5), bigMul(density, sum)), density
}

// bigExp returns e^x for x ≥ 0.
func bigExp(x *big.Float) *big.Float {
	return bigSum(newBig(1), func(term *big.Float, k int) *big.Float { return bigQuo(bigMul(term, x), newBig(float64(k))) })
}

// bigSum adds up terms, the first as given and the k-th as next makes it from the one
// before, until they no longer matter.
func bigSum(term *big.Float, next func(term *big.Float, k int) *big.Float) *big.Float {
	sum := newBig(0)
	for k := 1; term.Sign() != 0 && (sum.Sign() == 0 || term.MantExp(nil) > sum.MantExp(nil)-fitPrecision); k++ {
		sum = bigAdd(sum, term)
		term = next(term, k)
	}
	return sum
}

// fitPrecision is enough for tails that are 1 − 0.99… to 160 bits, and for equations that
// lose half of the rest.
const fitPrecision = 384

var invSqrt2PiBig = bigQuo(newBig(1), newBig(0).Sqrt(bigMul(newBig(2), bigPi())))

// bigPi returns π = 16·arctan(1/5) − 4·arctan(1/239), by Machin.
func bigPi() *big.Float {
	arctan := func(q float64) *big.Float { // of 1/q
		square := newBig(-q * q)
		power := bigQuo(newBig(1), newBig(q))
		sum := newBig(0)
		for k := 1; power.MantExp(nil) > -fitPrecision; k += 2 {
			sum = bigAdd(sum, bigQuo(power, newBig(float64(k))))
			power = bigQuo(power, square)
		}
		return sum
	}
	return bigSub(bigMul(newBig(16), arctan(5)), bigMul(newBig(4), arctan(239)))
}

func newBig(x float64) *big.Float       { return new(big.Float).SetPrec(fitPrecision).SetFloat64(x) }
func bigAdd(a, b *big.Float) *big.Float { return newBig(0).Add(a, b) }
func bigSub(a, b *big.Float) *big.Float { return newBig(0).Sub(a, b) }
func bigMul(a, b *big.Float) *big.Float { return newBig(0).Mul(a, b) }
func bigQuo(a, b *big.Float) *big.Float { return newBig(0).Quo(a, b) }

func bigPower(x *big.Float, k int) *big.Float {
	p := newBig(1)
	for range k {
		p = bigMul(p, x)
	}
	return p
}
