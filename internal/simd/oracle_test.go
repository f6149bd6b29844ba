package simd

import (
	"math"
	"math/big"
	"sync"
)

// This file computes the functions of the tests to well over a hundred bits, in
// the plainest way there is: power series, and what follows from them.

// precision is the number of bits the oracle computes with.
const precision = 128

func newBig(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

func bigInt(n int) *big.Float { return new(big.Float).SetPrec(precision).SetInt64(int64(n)) }

func bigAdd(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Add(a, b) }
func bigSub(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Sub(a, b) }
func bigMul(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Mul(a, b) }
func bigDiv(a, b *big.Float) *big.Float { return new(big.Float).SetPrec(precision).Quo(a, b) }

func bigScale(a *big.Float, exponent int) *big.Float {
	return new(big.Float).SetPrec(precision).SetMantExp(a, exponent)
}

// negligibleBeside reports whether adding term to sum no longer matters.
func negligibleBeside(term, sum *big.Float) bool {
	return term.Sign() == 0 || sum.Sign() != 0 && term.MantExp(nil) < sum.MantExp(nil)-precision-4
}

// bigExp is e^x: the series for |x|/2^k, squared k times.
func bigExp(x *big.Float) *big.Float {
	if x.Sign() < 0 {
		return bigDiv(bigInt(1), bigExp(new(big.Float).Neg(x)))
	}
	const halvings = 24
	k := max(0, x.MantExp(nil)) + halvings
	e := bigExpm1Series(bigScale(x, -k))
	// (1+e)² − 1 = e(2 + e) keeps the digits that squaring 1+e would lose.
	for range k {
		e = bigMul(e, bigAdd(bigInt(2), e))
	}
	return bigAdd(bigInt(1), e)
}

// bigExpm1 is e^x − 1.
func bigExpm1(x *big.Float) *big.Float {
	if x.MantExp(nil) < -8 {
		return bigExpm1Series(x)
	}
	return bigSub(bigExp(x), bigInt(1))
}

func bigExpm1Series(x *big.Float) *big.Float {
	sum, term := bigInt(0), bigInt(1)
	for n := 1; ; n++ {
		term = bigDiv(bigMul(term, x), bigInt(n))
		if negligibleBeside(term, sum) {
			return sum
		}
		sum = bigAdd(sum, term)
	}
}

// bigLog is ln x by Newton's method on e^y = x, from the float64 logarithm: each
// step doubles the digits.
func bigLog(x *big.Float) *big.Float {
	mantissa := new(big.Float)
	exponent := x.MantExp(mantissa)
	m, _ := mantissa.Float64()
	y := newBig(math.Log(m))
	for range 3 {
		e := bigExp(y)
		// y + 2(x−e)/(x+e)
		y = bigAdd(y, bigDiv(bigMul(bigInt(2), bigSub(mantissa, e)), bigAdd(mantissa, e)))
	}
	return bigAdd(y, bigMul(bigInt(exponent), bigLn2()))
}

var bigLn2 = sync.OnceValue(func() *big.Float {
	// ln 2 = Σ 1/(n·2ⁿ)
	sum := bigInt(0)
	for n := 1; n < precision+16; n++ {
		sum = bigAdd(sum, bigScale(bigDiv(bigInt(1), bigInt(n)), -n))
	}
	return sum
})

// bigLog1p is ln(1+x) = 2·artanh(x/(2+x)), the series for small x.
func bigLog1p(x *big.Float) *big.Float {
	if x.MantExp(nil) > -4 {
		return bigLog(bigAdd(bigInt(1), x))
	}
	s := bigDiv(x, bigAdd(bigInt(2), x))
	s2 := bigMul(s, s)
	sum, power := bigInt(0), s
	for n := 1; ; n += 2 {
		term := bigDiv(power, bigInt(n))
		if negligibleBeside(term, sum) {
			return bigScale(sum, 1)
		}
		sum = bigAdd(sum, term)
		power = bigMul(power, s2)
	}
}

// bigPi is π to more bits than the largest float64 has before its point.
var bigPi = sync.OnceValue(func() *big.Float {
	const bits = precision + 1200
	// Machin: π = 16·arctan(1/5) − 4·arctan(1/239)
	arctan := func(q int64) *big.Float {
		sum := new(big.Float).SetPrec(bits)
		power := new(big.Float).SetPrec(bits).Quo(big.NewFloat(1), new(big.Float).SetInt64(q))
		square := new(big.Float).SetPrec(bits).SetInt64(q * q)
		for n := int64(1); power.MantExp(nil) > -bits; n += 2 {
			term := new(big.Float).SetPrec(bits).Quo(power, new(big.Float).SetInt64(n))
			if n%4 == 1 {
				sum.Add(sum, term)
			} else {
				sum.Sub(sum, term)
			}
			power.Quo(power, square)
		}
		return sum
	}
	a := new(big.Float).SetPrec(bits).Mul(big.NewFloat(16), arctan(5))
	b := new(big.Float).SetPrec(bits).Mul(big.NewFloat(4), arctan(239))
	return a.Sub(a, b)
})

// bigSin is sin(x + quarters·π/2): x = n·π/2 + r with all of π's bits, then the
// series of r.
func bigSin(x *big.Float, quarters int64) *big.Float {
	half := new(big.Float).SetMantExp(bigPi(), -1)
	quotient := new(big.Float).SetPrec(bigPi().Prec()).Quo(x, half)
	n, _ := quotient.Add(quotient, big.NewFloat(math.Copysign(0.5, float64(quotient.Sign())))).Int(nil)
	r := new(big.Float).SetPrec(bigPi().Prec()).SetInt(n)
	r.Sub(new(big.Float).SetPrec(bigPi().Prec()).Set(x), r.Mul(r, half)).SetPrec(precision)

	quadrant := new(big.Int).Add(n, big.NewInt(quarters))
	quadrant.And(quadrant, big.NewInt(3))
	r2 := bigMul(r, r)
	sum, term, k := bigInt(0), r, 1
	if quadrant.Bit(0) == 1 {
		term, k = bigInt(1), 0
	}
	for !negligibleBeside(term, sum) {
		sum = bigAdd(sum, term)
		term = bigDiv(bigMul(term, r2), bigInt(-(k+1)*(k+2)))
		k += 2
	}
	if quadrant.Bit(1) == 1 {
		sum.Neg(sum)
	}
	return sum
}

// bigErf is erf x = 2x/√π·e^(−x²)·Σ (2x²)ⁿ/(2n+1)!!, whose terms are all positive.
func bigErf(x *big.Float) *big.Float {
	x2 := bigMul(x, x)
	sum, term := bigInt(0), bigInt(1)
	for n := 1; !negligibleBeside(term, sum); n++ {
		sum = bigAdd(sum, term)
		term = bigDiv(bigMul(term, bigScale(x2, 1)), bigInt(2*n+1))
	}
	return bigMul(bigMul(bigScale(x, 1), sum), bigDiv(bigExp(x2.Neg(x2)), bigRootPi()))
}

var bigRootPi = sync.OnceValue(func() *big.Float {
	return new(big.Float).SetPrec(precision).Sqrt(bigPi())
})

// bigErfc is 1 − erf x, from x = 2 on by the continued fraction
// e^(−x²)/√π · 1/(x + ½/(x + 1/(x + 3/2/(x + …)))).
func bigErfc(x *big.Float) *big.Float {
	if v, _ := x.Float64(); v < 2 {
		return bigSub(bigInt(1), bigErf(x))
	}
	v, _ := x.Float64()
	f := x
	for k := int(2000/(v*v)) + 60; k > 0; k-- {
		f = bigAdd(x, bigDiv(bigScale(bigInt(k), -1), f))
	}
	x2 := bigMul(x, x)
	return bigDiv(bigExp(x2.Neg(x2)), bigMul(f, bigRootPi()))
}

// bigNormalCDF is Φ(x) = erfc(−x/√2)/2.
func bigNormalCDF(x *big.Float) *big.Float {
	root := new(big.Float).SetPrec(precision).Sqrt(bigInt(2))
	t := bigDiv(x, root)
	return bigScale(bigErfc(t.Neg(t)), -1)
}

// bigSigmoid is 1/(1 + e^(−x)).
func bigSigmoid(x *big.Float) *big.Float {
	minus := new(big.Float).Neg(x)
	return bigDiv(bigInt(1), bigAdd(bigInt(1), bigExp(minus)))
}

// bigTanh is E/(E+2), E = e^(2x) − 1.
func bigTanh(x *big.Float) *big.Float {
	e := bigExpm1(bigScale(x, 1))
	return bigDiv(e, bigAdd(e, bigInt(2)))
}

// bigSoftplus is ln(1 + e^x).
func bigSoftplus(x *big.Float) *big.Float { return bigLog1p(bigExp(x)) }

// bigLogSigmoid is −ln(1 + e^(−x)).
func bigLogSigmoid(x *big.Float) *big.Float {
	y := bigSoftplus(new(big.Float).Neg(x))
	return y.Neg(y)
}

// bigGELUTanh is x·σ(2√(2/π)·(x + 0.044715·x³)).
func bigGELUTanh(x *big.Float) *big.Float {
	b := bigDiv(bigInt(44715), bigInt(1_000_000))
	u := bigMul(x, bigAdd(bigInt(1), bigMul(b, bigMul(x, x))))
	root := new(big.Float).SetPrec(precision).Sqrt(bigDiv(bigInt(2), bigPi()))
	return bigMul(x, bigSigmoid(bigMul(bigScale(root, 1), u)))
}
