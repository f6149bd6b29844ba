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
// coefficients that c points to, if there are any.
func mapped(name string, out, in []string, coefficients int, typ string, body func(f *function, x []op, c []vec) []vec) kernel {
	var all []string
	for _, n := range slices.Concat(out, in) {
		if !slices.Contains(all, n) {
			all = append(all, n)
		}
	}
	params := sliceParams(all...)
	if coefficients > 0 {
		params = with(params, param{"c", "*" + typ + "[T]"})
	}
	return kernel{name: name, internal: true, params: params, emit: func(f *function) {
		n := f.load64("n")
		streams := map[string]stream{}
		for _, name := range all {
			streams[name] = f.streams(name)[0]
		}
		var c []vec
		if coefficients > 0 {
			c = f.coefficients("c", coefficients)
		}
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

// mappedRows is a kernel that maps the rows of matrices, which have so many columns and are
// in as many streams, the first of which is written, with slices that have an element for
// each column.
func mappedRows(name string, rows, columns []string, body func(f *function, x, c []op) vec) kernel {
	params := with(sliceParams(slices.Concat(rows, columns)...), param{"columns", "int"})
	return kernel{name: name, internal: true, params: params, emit: func(f *function) {
		n, width, left, whole, rest := f.load64("n"), f.load64("columns"), f.GP64(), f.GP64(), f.GP64()
		of, per := f.streams(rows...), f.streams(columns...)
		f.MOVQ(width, whole)
		f.ANDQ(operand.I32(-f.lanes()), whole)
		f.MOVQ(width, rest)
		f.SUBQ(whole, rest)
		for _, bytes := range []op{whole, rest} { // of what fills vectors in a row, and what does not
			f.SHLQ(operand.U8(pick(f, 2, 3)), bytes)
		}
		row := f.label("row")
		f.Label(row)
		f.MOVQ(width, left)
		f.shortLoop(left, slices.Concat(of[1:], per), of[:1], func(x []op) []vec {
			return []vec{body(f, x[:len(rows)-1], x[len(rows)-1:])}
		})
		for _, s := range of[1:] {
			f.ADDQ(rest, s.pointer)
		}
		f.MOVQ(rest, left) // partialStore has moved what is written, but for an odd element
		f.ANDQ(operand.I32(f.bytes()), left)
		f.ADDQ(left, of[0].pointer)
		for _, s := range per {
			f.SUBQ(whole, s.pointer)
		}
		f.SUBQ(width, n)
		f.JG(ref(row))
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

	// What follows normalizes the columns of a matrix, each by what slices have for it. Where
	// something is added up rows come four at a time, so that it is read and written less often.

	// columnSums adds Σ (x − origin) to sums.
	mapped("columnSums", []string{"sums"}, []string{"sums", "x0", "x1", "x2", "x3", "origin"}, 0, "", func(f *function, x []op, _ []vec) []vec {
		sum := f.copy(x[0])
		for _, row := range x[1:5] {
			sum = f.add(sum, f.sub(row, x[5]))
		}
		return []vec{sum}
	}),
	// columnSquares adds Σ (x − mean)² to squares.
	mapped("columnSquares", []string{"squares"}, []string{"squares", "x0", "x1", "x2", "x3", "mean"}, 0, "", func(f *function, x []op, _ []vec) []vec {
		sum := f.copy(x[0])
		for _, row := range x[1:5] {
			d := f.sub(row, x[5])
			f.addMul(sum, d, d)
		}
		return []vec{sum}
	}),
	// columnGradientSums adds Σ g to sums and Σ g·(x − mean) to products.
	mapped("columnGradientSums", []string{"sums", "products"}, []string{"sums", "products", "g0", "g1", "g2", "g3", "x0", "x1", "x2", "x3", "mean"}, 0, "", func(f *function, x []op, _ []vec) []vec {
		sum, product := f.copy(x[0]), f.copy(x[1])
		for k := range 4 {
			g := f.reg(x[2+k])
			sum = f.add(sum, g)
			f.addMul(product, g, f.sub(x[6+k], x[10]))
		}
		return []vec{sum, product}
	}),
	// normalizeColumns writes (x − mean)·w + b.
	mappedRows("normalizeColumns", []string{"dst", "x"}, []string{"mean", "w", "b"}, func(f *function, x, c []op) vec {
		return f.mulAdd(f.sub(x[0], c[0]), f.reg(c[1]), c[2])
	}),
	// normalizeColumnsGradient writes g·w + (x − mean)·slope + shift.
	mappedRows("normalizeColumnsGradient", []string{"dst", "grad", "x"}, []string{"mean", "w", "slope", "shift"}, func(f *function, x, c []op) vec {
		y := f.mulAdd(f.sub(x[1], c[0]), f.reg(c[2]), c[3])
		return f.addMul(y, f.reg(x[0]), c[1])
	}),
}
