package main

import (
	"slices"

	"github.com/mmcloughlin/avo/operand"
)

// sumPair is a kernel that returns two sums over its slices. add adds to the first and the
// second accumulator what the operands x give, which is 0 where the first is 0.
func sumPair(name string, params []param, scalars []string, add func(f *function, acc []vec, x []op, s []vec)) kernel {
	k := kernel{name: name, internal: true, wideFrom: summing, params: params, result: []string{"T", "T"}}
	for _, s := range scalars {
		k.params = append(k.params, param{s, "T"})
	}
	k.emit = func(f *function) {
		n := f.load64("n")
		var in []stream
		for _, p := range params {
			in = append(in, f.streams(p.name)...)
		}
		var s []vec
		for _, name := range scalars {
			s = append(s, f.scalar(name))
		}
		sums := f.foldSeveral(n, in, 2, accumulators/2, "VADD", f.zero, func(acc []vec, x []op, _ func() mask) { add(f, acc, x, s) })
		for i, v := range sums {
			f.storeScalar(f.horizontal("VADD", v), f.result(i))
		}
		f.finish()
	}
	return k
}

// mapped is a kernel that maps streams, the first of which are written, by way of
// coefficients that c points to.
func mapped(name string, out, in []string, coefficients int, typ string, body func(f *function, x []op, c []vec) []vec) kernel {
	var all []string
	for _, n := range slices.Concat(out, in) {
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	return kernel{name: name, internal: true, params: with(sliceParams(all...), param{"c", "*" + typ + "[T]"}), emit: func(f *function) {
		n := f.load64("n")
		streams := map[string]stream{}
		for _, name := range all {
			streams[name] = f.streams(name)[0]
		}
		c := f.coefficients("c", coefficients)
		list := func(names []string) (s []stream) {
			for _, n := range names {
				s = append(s, streams[n])
			}
			return s
		}
		f.shortLoop(n, list(in), list(out), func(x []op) []vec { return body(f, x, c) })
		f.finish()
	}}
}

var normalizeKernels = []kernel{
	// moments returns the mean of x, which is not empty, and the sum of the squares of the
	// deviations from it. Elements are taken relative to the first, so that equal ones
	// deviate by nothing.
	{
		name: "moments", internal: true, wideFrom: summing, params: with(sliceParams("x"), param{"inverse", "T"}), result: []string{"T", "T"},
		emit: func(f *function) {
			n, x := f.load64("n"), f.streams("x")
			first, inverse := f.broadcast(operand.Mem{Base: x[0].pointer}), f.scalar("inverse")
			deviation := func(x op, from vec, lanes func() mask) vec {
				d := f.sub(x, from)
				if lanes != nil {
					d = f.keep(d, lanes())
				}
				return d
			}
			sum := f.fold(n, x, accumulators, "VADD", f.zero, func(acc vec, x []op, lanes func() mask) {
				f.emitFloat("VADD", deviation(x[0], first, lanes), acc, acc)
			})
			mean := f.addMul(first, inverse, f.spread(f.horizontal("VADD", sum)))
			f.storeScalar(mean, f.result(0))
			n, x = f.load64("n"), f.streams("x")
			squares := f.fold(n, x, accumulators, "VADD", f.zero, func(acc vec, x []op, lanes func() mask) {
				d := deviation(x[0], mean, lanes)
				f.addMul(acc, d, d)
			})
			f.storeScalar(f.horizontal("VADD", squares), f.result(1))
			f.finish()
		},
	},
	// gradientSums returns Σ g and Σ g·(x − mean).
	sumPair("gradientSums", sliceParams("grad", "x"), []string{"mean"}, func(f *function, acc []vec, x []op, s []vec) {
		g := f.reg(x[0])
		f.emitFloat("VADD", g, acc[0], acc[0])
		f.addMul(acc[1], g, f.sub(x[1], s[0]))
	}),
	// weightedSums returns Σ g·w and Σ g·w·(x − mean).
	sumPair("weightedSums", sliceParams("grad", "x", "w"), []string{"mean"}, func(f *function, acc []vec, x []op, s []vec) {
		g := f.mul(f.reg(x[0]), x[2])
		f.emitFloat("VADD", g, acc[0], acc[0])
		f.addMul(acc[1], g, f.sub(x[1], s[0]))
	}),
	// normalize writes (x − mean)·scale + shift.
	mapped("normalize", []string{"dst"}, []string{"x"}, 3, "normalization", func(f *function, x []op, c []vec) []vec {
		mean, scale, shift := c[0], c[1], c[2]
		return []vec{f.mulAdd(f.sub(x[0], mean), scale, shift)}
	}),
	// normalizeRow writes (x − mean)·scale·w + b.
	mapped("normalizeRow", []string{"dst"}, []string{"x", "w", "b"}, 2, "normalization", func(f *function, x []op, c []vec) []vec {
		mean, scale := c[0], c[1]
		return []vec{f.mulAdd(f.mul(scale, f.sub(x[0], mean)), f.reg(x[1]), x[2])}
	}),
	// normalizeGradient writes g·scale + (x − mean)·slope + shift.
	mapped("normalizeGradient", []string{"dst"}, []string{"grad", "x"}, 4, "gradientNormalization", func(f *function, x []op, c []vec) []vec {
		mean, scale, slope, shift := c[0], c[1], c[2], c[3]
		return []vec{f.mulAdd(f.copy(x[0]), scale, f.mulAdd(f.sub(x[1], mean), slope, shift))}
	}),
	// normalizeRowGradient writes g·w·scale + (x − mean)·slope + shift, and adds
	// g·(x − mean)·scale to gw and g to gb.
	mapped("normalizeRowGradient", []string{"dst", "gw", "gb"}, []string{"grad", "x", "w", "gw", "gb"}, 4, "gradientNormalization", func(f *function, x []op, c []vec) []vec {
		mean, scale, slope, shift := c[0], c[1], c[2], c[3]
		g, d := f.copy(x[0]), f.sub(x[1], mean)
		gb := f.add(g, x[4])
		scaled := f.mul(scale, g)
		gw := f.addMul(f.copy(x[3]), scaled, d)
		return []vec{f.addMul(f.mulAdd(d, slope, shift), scaled, x[2]), gw, gb}
	}),
}
