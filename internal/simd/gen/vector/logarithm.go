package main

import "math"

// splitLog splits a positive normal x = 2^k·(1+g), √½ ≤ 1+g < √2, and returns g
// and k, k as a number.
func (f *function) splitLog(x vec) (g, k vec) {
	root := pick(f, uint64(math.Float32bits(math.Sqrt2/2)), math.Float64bits(math.Sqrt2/2))
	one := pick(f, uint64(math.Float32bits(1)), math.Float64bits(1))
	fraction := uint64(1)<<f.mantissa() - 1
	// Raised by 1/√½ in its bits, x has in its exponent the k wanted.
	raised := f.intAdd(x, f.bits(one-root))
	k = f.or(f.shiftRight(raised, f.mantissa()), f.constant(math.Ldexp(1, f.mantissa())))
	k = f.sub(k, f.constant(math.Ldexp(1, f.mantissa())+f.bias()))
	m := f.intAdd(f.and(raised, f.bits(fraction)), f.bits(root))
	return f.sub(m, f.constant(1)), k
}

// logSplit returns k·ln 2 + ln(1+g).
func (f *function) logSplit(g, k vec) vec {
	var tail vec // ln(1+g) − g + k·ln2Low
	if f.double {
		// ln(1+g) = 2s + s³L(s²) with s = g/(2+g), and 2s = g − sg.
		s := f.div(g, f.add(g, f.constant(2)))
		z := f.mul(s, s)
		p := f.polynomial(z, f.mul(z, z), f.logCoefficients())
		p = f.mul(p, z)
		p = f.mul(f.sub(p, g), s)
		tail = f.addMul(p, k, f.constant(f.ln2Low()))
	} else {
		g2 := f.mul(g, g)
		p := f.polynomial(g, g2, f.logCoefficients())
		p = f.mul(p, f.mul(g2, g))
		f.addMul(p, k, f.constant(f.ln2Low()))
		tail = f.subMul(p, g2, f.constant(0.5))
	}
	y := f.add(tail, g)
	return f.addMul(y, k, f.constant(f.ln2High()))
}

// logEdges puts in the logarithm's values where x is outside (0, ∞): x itself
// for +Inf and NaN, NaN below edge, −Inf at edge.
func (f *function) logEdges(y, x vec, edge float64) vec {
	y = f.blend(y, x, f.compare(notLess, x, f.constant(math.Inf(1))))
	y = f.setOnes(y, f.compare(less, x, f.constant(edge)))
	return f.blend(y, f.constant(math.Inf(-1)), f.compare(equal, x, f.constant(edge)))
}

// log returns ln x.
func (f *function) log(x vec) vec {
	smallest := pick(f, math.Exp2(-126), math.Exp2(-1022))
	raise := math.Ldexp(1, f.mantissa())
	subnormal := f.compare(less, x, f.constant(smallest))
	g, k := f.splitLog(f.blend(x, f.mul(x, f.constant(raise)), subnormal))
	k = f.sub(k, f.keep(f.constant(float64(f.mantissa())), subnormal))
	return f.logEdges(f.logSplit(g, k), x, 0)
}

// log1p returns ln(1+x). With u the rounded 1+x and c what the rounding lost,
// 1+x = 2^k·(m + c·2⁻ᵏ) where u = 2^k·m.
func (f *function) log1p(x vec) vec {
	one := f.constant(1)
	u := f.add(x, one)
	back := f.sub(u, one)
	c := f.add(f.sub(x, back), f.sub(one, f.sub(u, back)))
	g, k := f.splitLog(u)
	// From 2^60 on c is nothing; k is held there so that 2⁻ᵏ stays a number.
	bits := f.sub(f.constant(f.roundingShift()+f.bias()), f.min(k, f.constant(60)))
	f.addMul(g, f.shiftLeft(bits, f.mantissa()), c)
	y := f.logEdges(f.logSplit(g, k), x, -1)
	return f.or(y, f.sign(x)) // −0 stays −0; elsewhere y has the sign of x already
}

// log1pUnit returns ln(1+z) for z in [0, 1].
func (f *function) log1pUnit(z vec) vec {
	if f.double {
		s := f.div(z, f.add(z, f.constant(2)))
		s2 := f.mul(s, s)
		p := f.polynomial(s2, f.mul(s2, s2), f.log1pCoefficients())
		f.mulAdd(p, s2, f.constant(2))
		return f.mul(p, s)
	}
	u := f.sub(z, f.constant(log1pCenter))
	return f.mul(f.polynomial(u, f.mul(u, u), f.log1pCoefficients()), z)
}

// softplus returns max(x, 0) + ln(1 + e^(−|x|)).
func (f *function) softplus(x vec) vec {
	z := f.expSmall(f.or(x, f.bits(f.signBit())))
	return f.add(f.log1pUnit(z), f.max(f.zero(), x))
}

// logSigmoid returns min(x, 0) − ln(1 + e^(−|x|)).
func (f *function) logSigmoid(x vec) vec {
	z := f.expSmall(f.or(x, f.bits(f.signBit())))
	return f.sub(f.min(f.constant(math.Copysign(0, -1)), x), f.log1pUnit(z))
}

// logAddExp returns ln(e^a + e^b) = max(a, b) + ln(1 + e^(−|a−b|)).
func (f *function) logAddExp(a, b vec) vec {
	gap := f.or(f.sub(a, b), f.bits(f.signBit()))
	gap = f.keep(gap, f.compare(notEqual, a, b)) // of equal infinities too
	return f.add(f.log1pUnit(f.expSmall(gap)), f.max(a, b))
}

// logAddExp3 returns ln(e^a + e^b + e^c). The greatest of them is taken out first, but not
// −Inf, so that −Inf less that is no NaN.
func (f *function) logAddExp3(a, b, c vec) vec {
	greatest := f.max(f.max(a, b), c)
	shift := f.max(f.constant(-pick(f, float64(math.MaxFloat32), math.MaxFloat64)), greatest)
	sum := f.expBesideOne(f.sub(a, shift))
	sum = f.add(sum, f.expBesideOne(f.sub(b, shift)))
	sum = f.add(sum, f.expBesideOne(f.sub(c, shift)))
	y := f.add(f.logSplit(f.splitLog(sum)), shift) // sum is in [1, 3], unless all are −Inf
	y = f.blend(y, f.constant(math.Inf(-1)), f.compare(equal, greatest, f.constant(math.Inf(-1))))
	return f.blend(y, sum, f.compare(unordered, sum, sum))
}

// expBesideOne returns e^x for x ≤ 0, or the least normal number e^x for all below, which is
// nothing beside 1: subnormal numbers are slow.
func (f *function) expBesideOne(x vec) vec {
	r := f.max(f.constant(pick(f, -87.0, -708.0)), x)
	bits, _ := f.reduceExp(r, f.bias())
	return f.scale(f.expm1Reduced(r), bits)
}
