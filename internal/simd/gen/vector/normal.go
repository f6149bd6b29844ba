package main

// tail returns erfc(x), or Φ(−x), times factor: E·w·P(q) with E = e^(−x²), or
// e^(−x²/2), w = 1/(x+a) and q = 1 − 2aw. Where errors would grow, they are carried
// along: x² is taken in two parts, which keeps the exponential exact for large x,
// and the roundings of x + a and of the quotient are put right in w and q. x must
// be in [0, tailEnd]. Tail and density E come raised by 2^tinyExponent; a nil
// factor is 1.
func (f *function) tail(x vec, normal bool, factor op) (tail, density vec) {
	exponent := 1.0
	if normal {
		exponent = 0.5
	}
	center := f.constant(f.tailCenter(normal))
	double := f.constant(2 * f.tailCenter(normal))
	one := f.constant(1)
	s := f.add(x, center)
	rounding := f.add(f.sub(f.reg(center), s), x) // x + a − s, exactly
	w := f.div(one, s)

	density, _ = f.bell(x, exponent)

	rest := f.copy(one) // 1 − w·(x+a)
	f.subMul(rest, w, s)
	f.subMul(rest, w, rounding)
	q := f.copy(one)
	f.subMul(q, w, double)
	f.subMul(q, f.mul(w, double), rest)
	weight := f.mulAdd(rest, w, w)
	weight = f.mul(weight, density)
	if factor != nil {
		weight = f.mul(weight, factor)
	}
	// For large x, q is near 1 and the first terms cancel in part: they are taken
	// one by one, which keeps the sums small.
	c := f.tailCoefficients(normal)
	p := f.polynomial(q, f.mul(q, q), c[tailHead:])
	for i := tailHead - 1; i >= 0; i-- {
		f.mulAdd(p, q, f.constant(c[i]))
	}
	return f.mul(p, weight), density
}

// bell returns e^(−exponent·x²), raised by 2^tinyExponent, and x².
func (f *function) bell(x vec, exponent float64) (density, square vec) {
	high := f.mul(x, x)
	low := f.mulSub(f.copy(x), x, high) // x² − high, exactly
	r := f.mul(high, f.constant(-exponent))
	bits, _ := f.reduceExp(r, f.tinyExponent()+f.bias())
	f.subMul(r, low, f.constant(exponent))
	return f.scale(f.expm1Reduced(r), bits), high
}

// tailHead is how many terms of the polynomial are taken one by one.
const tailHead = 4

// tailEnd is where erfc(x), or Φ(−x), has become 0.
func (f *function) tailEnd(normal bool) float64 {
	if normal {
		return 38.6 // in double
	}
	return pick(f, 10.19, 27.3)
}

// erf returns x + x·P(x²) up to 1, ±(1 − tail) beyond.
func (f *function) erf(x vec) vec {
	t := f.min(f.constant(f.tailEnd(false)), f.abs(x))
	one := f.constant(1)
	tail, _ := f.tail(t, false, nil)
	large := f.or(f.sub(one, f.lower(tail)), f.sign(x))
	z := f.mul(x, x)
	small := f.polynomial(z, f.mul(z, z), f.erfCoefficients())
	f.mulAdd(small, x, x)
	return f.blend(large, small, f.compare(less, t, one))
}

// erfc returns the tail for positive x, 2 − tail for negative x.
func (f *function) erfc(x vec) vec {
	t := f.min(f.constant(f.tailEnd(false)), f.abs(x))
	tail, _ := f.tail(t, false, nil)
	tail = f.lower(tail)
	return f.blend(tail, f.sub(f.constant(2), tail), f.negative(x))
}

// normalCDF returns Φ(x) and e^(−x²/2).
func (f *function) normalCDF(x vec) (cdf, density vec) {
	t := f.min(f.constant(f.tailEnd(true)), f.abs(x))
	tail, density := f.tail(t, true, nil)
	tail, density = f.lower(tail), f.lower(density)
	return f.blend(f.sub(f.constant(1), tail), tail, f.negative(x)), density
}

// gelu returns x·Φ(x): m = x·Φ(−|x|) for negative x, x − m for positive x.
func (f *function) gelu(x vec) vec {
	t := f.max(f.constant(-f.tailEnd(true)), x)
	t = f.min(f.constant(f.tailEnd(true)), t)
	tail, _ := f.tail(f.abs(t), true, t)
	m := f.lower(tail)
	return f.blend(f.sub(x, m), m, f.negative(x))
}

// geluDerivative returns Φ(x) + x·φ(x).
func (f *function) geluDerivative(x vec) vec {
	x = f.max(f.constant(-f.tailEnd(true)), x)
	x = f.min(f.constant(f.tailEnd(true)), x)
	cdf, density := f.normalCDF(x)
	const invSqrt2Pi = 0.398942280401432677939946059934381868
	return f.addMul(cdf, f.mul(density, f.constant(invSqrt2Pi)), x)
}

// geluKernel maps gelu. In single precision it is what h = t·Φ(−t), t = |x|, leaves of
// max(x, 0), where −0 stands for 0 to keep the sign of small results.
func geluKernel() kernel {
	return kernel{name: "gelu", wideFrom: costly, params: sliceParams("dst", "x"), emit: func(f *function) {
		n, s := f.load64("n"), f.streams("dst", "x")
		m := mapping{in: s[1:], out: s[:1], body: func(x []vec) []vec { return []vec{f.gelu(x[0])} }}
		if !f.double {
			f.byPieces(&m, geluPieces, 0, func(x []vec, h vec) []vec {
				return []vec{f.sub(f.max(f.bits(f.signBit()), x[0]), h)}
			})
		}
		f.longLoop(n, m)
		f.finish()
	}}
}

// geluBackwardKernel multiplies with geluDerivative. In single precision it is
// h = Φ(−t) − t·φ(t), t = |x|, for negative x and 1 − h for positive x.
func geluBackwardKernel() kernel {
	return kernel{name: "geluBackward", wideFrom: costly, params: sliceParams("dst", "grad", "x"), emit: func(f *function) {
		n, s := f.load64("n"), f.streams("dst", "grad", "x")
		product := func(g, derivative vec) []vec {
			return []vec{f.mulWhere(derivative, g, f.compare(notEqual, g, f.constant(0)))}
		}
		m := mapping{in: s[1:], out: s[:1], body: func(x []vec) []vec { return product(x[0], f.geluDerivative(x[1])) }}
		if !f.double {
			f.byPieces(&m, geluDerivativePieces, 1, func(x []vec, h vec) []vec {
				f.subFromWhere(h, f.constant(1), f.compare(greaterEqual, x[1], f.constant(0)))
				return product(x[0], h)
			})
		}
		f.longLoop(n, m)
		f.finish()
	}}
}
