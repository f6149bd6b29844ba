package main

import "math"

// tinyExponent is how far the exponents of expSmall are raised while the power
// of two is built, so that results down to the subnormal numbers keep a normal
// factor; lowest is where e^x, and x·e^x, have become 0.
func (f *function) tinyExponent() float64 { return pick(f, 75.0, 537.0) }
func (f *function) lowest() float64       { return pick(f, -115.0, -760.0) }

// reduceExp splits x = n·ln 2 + r with |r| ≤ ln2/2. It changes x into r and
// returns n + raise in the low bits of a register, and n itself.
func (f *function) reduceExp(x vec, raise float64) (bits, n vec) {
	shift := f.constant(f.roundingShift() + raise)
	bits = f.copy(shift)
	f.addMul(bits, x, f.constant(math.Log2E))
	n = f.sub(bits, shift)
	f.subMul(x, n, f.constant(f.ln2High()))
	f.subMul(x, n, f.constant(f.ln2Low()))
	return bits, n
}

// expm1Reduced returns e^r − 1 for |r| ≤ ln2/2.
func (f *function) expm1Reduced(r vec) vec {
	r2 := f.mul(r, r)
	q := f.polynomial(r, r2, f.expCoefficients())
	return f.mulAdd(q, r2, r)
}

// expSmall returns e^x for x ≤ 35, down to subnormal results and 0.
func (f *function) expSmall(x vec) vec {
	if !f.set.masks {
		return f.lower(f.expRaised(x))
	}
	r := f.max(f.constant(f.lowest()), x)
	_, n := f.reduceExp(r, f.tinyExponent()+f.bias())
	return f.scaleByPower(f.expm1Reduced(r), n)
}

// expRaised returns e^x·2^tinyExponent for x ≤ 35, which is a normal number
// wherever e^x is not 0. A product that ends in the subnormal range is rounded
// once if its other factors come in before lower.
func (f *function) expRaised(x vec) vec {
	r := f.max(f.constant(f.lowest()), x)
	bits, _ := f.reduceExp(r, f.tinyExponent()+f.bias())
	return f.scale(f.expm1Reduced(r), bits)
}

// lowering is 2^−tinyExponent, and lower multiplies by it.
func (f *function) lowering() op    { return f.constant(math.Exp2(-f.tinyExponent())) }
func (f *function) lower(y vec) vec { return f.mul(y, f.lowering()) }

// scale returns (e + 1)·2ⁿ; bits holds n + bias in its low bits. It changes e.
func (f *function) scale(e, bits vec) vec {
	power := f.shiftLeft(bits, f.mantissa())
	return f.mulAdd(e, power, power)
}

// scaleByPower returns (e + 1)·2ⁿ for any integer n, in one instruction where scale
// needs what is around it to stay among the normal numbers; the bits are the same, as
// both round e + 1, and then once more if the result is subnormal.
func (f *function) scaleByPower(e, n vec) vec {
	return f.binary("VSCALEF", f.add(e, f.constant(1)), n)
}

// exp returns e^x for any x. Without an instruction for it, the power of two is applied
// in two factors: half the range of exponents is taken off n towards 0 and put back by
// the second factor, 2^±range/2.
func (f *function) exp(x vec) vec {
	top := pick(f, 88.8, 710.0)
	half := pick(f, 64.0, 512.0)
	r := f.max(f.constant(f.lowest()), x)
	r = f.min(f.constant(top), r)
	if f.set.masks {
		_, n := f.reduceExp(r, half+f.bias())
		return f.scaleByPower(f.expm1Reduced(r), n)
	}
	// positive is 2^(bit of the exponent worth 2·half) where x > 0.
	positive := f.andNot(r, f.bits(f.signBit()))
	positive = f.shiftRight(positive, 1)
	bits, _ := f.reduceExp(r, half+f.bias())
	e := f.expm1Reduced(r)
	power := f.intSub(f.shiftLeft(bits, f.mantissa()), positive)
	f.mulAdd(e, power, power)
	back := f.intAdd(positive, f.constant(math.Exp2(-half)))
	return f.mul(e, back)
}

// expm1 returns e^x − 1 for any x: with e = e^r − 1 it is 2ⁿe + (2ⁿ − 1), taken at
// half size so that 2ⁿ does not overflow where the result still is finite.
func (f *function) expm1(x vec) vec {
	top := pick(f, 88.8, 710.0)
	bottom := pick(f, -18.0, -38.0)
	r := f.max(f.constant(bottom), x)
	r = f.min(f.constant(top), r)
	bits, _ := f.reduceExp(r, f.bias()-1)
	e := f.expm1Reduced(r)
	power := f.shiftLeft(bits, f.mantissa())
	f.mulAdd(e, power, f.sub(power, f.constant(0.5)))
	y := f.add(e, e)
	// Below tiny, x itself is the nearest number; this keeps −0 and subnormals.
	tiny := pick(f, math.Exp2(-25), math.Exp2(-54))
	return f.blend(y, x, f.compare(less, f.abs(x), f.constant(tiny)))
}

// tanh returns sign(x)·E/(E + 2) with E = e^(2|x|) − 1.
func (f *function) tanh(x vec) vec {
	sign := f.sign(x)
	// From top on the quotient rounds to 1.
	top := pick(f, 9.1, 20.0)
	t := f.min(f.constant(top), f.abs(x))
	r := f.add(t, t)
	bits, _ := f.reduceExp(r, f.bias())
	e := f.expm1Reduced(r)
	power := f.shiftLeft(bits, f.mantissa())
	f.mulAdd(e, power, f.sub(power, f.constant(1)))
	return f.or(f.div(e, f.add(e, f.constant(2))), sign)
}

// sigmoid returns 1/(1+z) for positive x, z/(1+z) for negative x, z = e^(−|x|).
func (f *function) sigmoid(x vec) vec {
	z := f.expSmall(f.or(x, f.bits(f.signBit())))
	one := f.constant(1)
	return f.div(f.blend(one, z, f.negative(x)), f.add(z, one))
}

// limited returns x, but not below where e^x has become 0: a factor of e^x then
// gives 0 for −Inf too.
func (f *function) limited(x vec) vec { return f.max(f.constant(f.lowest()), x) }

// silu returns x·σ(x).
func (f *function) silu(x vec) vec {
	x = f.limited(x)
	raised := f.expRaised(f.or(x, f.bits(f.signBit())))
	one := f.constant(1)
	y := f.div(f.mul(x, f.blend(one, raised, f.negative(x))), f.add(f.lower(raised), one))
	return f.mul(y, f.blend(one, f.lowering(), f.negative(x)))
}

// siluDerivative returns s(1 + x(1 − s)), s = σ(x).
func (f *function) siluDerivative(x vec) vec {
	x = f.min(f.constant(-f.lowest()), f.limited(x))
	one := f.constant(1)
	z := f.expSmall(f.or(x, f.bits(f.signBit())))
	inverse := f.div(one, f.add(z, one))
	small := f.mul(z, inverse)                           // σ(−|x|)
	s := f.blend(inverse, small, f.negative(x))          // σ(x)
	complement := f.blend(small, inverse, f.negative(x)) // σ(−x)
	f.mulAdd(complement, x, one)
	return f.mul(s, complement)
}

// geluTanhArgument returns 2u = x·(2A + 2AB·x²) of the tanh form of GELU.
func (f *function) geluTanhArgument(x, x2 vec) vec {
	u := f.copy(f.constant(2 * geluTanhA))
	f.addMul(u, x2, f.constant(2*geluTanhA*geluTanhB))
	return f.mul(u, x)
}

const (
	geluTanhA = 0.797884560802865355879892119868763737
	geluTanhB = 0.044715
)

// geluTanhLimit is where e^(2u) has become 0.
func (f *function) geluTanhLimit() float64 { return pick(f, 12.0, 24.0) }

// geluTanh returns x·σ(2u).
func (f *function) geluTanh(x vec) vec {
	x = f.max(f.constant(-f.geluTanhLimit()), x)
	t := f.min(f.constant(f.geluTanhLimit()), x)
	u := f.geluTanhArgument(t, f.mul(t, t))
	return f.mul(x, f.sigmoid(u))
}

// geluTanhDerivative returns s + x·s(1 − s)·2u′, s = σ(2u), 2u′ = 2A + 6AB·x².
func (f *function) geluTanhDerivative(x vec) vec {
	x = f.max(f.constant(-f.geluTanhLimit()), x)
	x = f.min(f.constant(f.geluTanhLimit()), x)
	x2 := f.mul(x, x)
	u := f.geluTanhArgument(x, x2)
	du := f.copy(f.constant(2 * geluTanhA))
	f.addMul(du, x2, f.constant(6*geluTanhA*geluTanhB))
	du = f.mul(du, x)
	one := f.constant(1)
	z := f.expSmall(f.or(u, f.bits(f.signBit())))
	inverse := f.div(one, f.add(z, one))
	small := f.mul(z, inverse)
	s := f.blend(inverse, small, f.negative(u))
	both := f.mul(inverse, small) // s(1 − s)
	return f.addMul(s, both, du)
}

// mish returns x·n/(n+2), n = z(z+2), z = e^x; past 20 (40) the quotient is 1.
func (f *function) mish(x vec) vec {
	x = f.limited(x)
	z := f.expSmall(f.min(f.constant(pick(f, 20.0, 34.0)), x))
	two := f.constant(2)
	n := f.mul(z, f.add(z, two))
	return f.mul(x, f.div(n, f.add(n, two)))
}
