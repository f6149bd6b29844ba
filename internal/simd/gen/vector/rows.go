package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

// matrix is a pointer parameter of rows of so many pieces of n elements.
type matrix struct {
	name   string
	pieces int
}

// eachRow emits body, which computes a row of n elements, in a loop over the rows. It gets
// a stream for each piece of each matrix, in order. The parameters n and rows say how many
// there are; the pointers move on in the parameters' own memory, as there are too few
// registers for all.
func (f *function) eachRow(matrices []matrix, body func(s []stream)) {
	next := f.label("row")
	f.Label(next)
	size := f.load64("n")
	f.SHLQ(operand.U8(pick(f, 2, 3)), size)
	var s []stream
	for _, m := range matrices {
		p := f.load64(m.name)
		s = append(s, stream{pointer: p})
		for range m.pieces - 1 {
			q := f.GP64()
			f.LEAQ(operand.Mem{Base: p, Index: size, Scale: 1}, q)
			s = append(s, stream{pointer: q})
			p = q
		}
	}
	body(s)
	size = f.load64("n")
	f.SHLQ(operand.U8(pick(f, 2, 3)), size)
	for _, m := range matrices {
		for range m.pieces {
			f.ADDQ(size, f.param(m.name))
		}
	}
	f.SUBQ(operand.I32(1), f.param("rows"))
	f.JG(ref(next))
	f.finish()
}

// ofRows is a kernel on rows of matrices, which body computes one by one; the first has one
// piece.
func ofRows(name string, matrices []matrix, body func(f *function, s []stream)) kernel {
	k := kernel{name: name, wideFrom: costly, internal: true}
	signature, call := "func(", ""
	for i, m := range matrices {
		k.params = append(k.params, param{m.name, "[]T"})
		if i > 0 {
			signature += ", "
		}
		signature += m.name
		call += ", unsafe.SliceData(" + m.name + ")"
	}
	k.params = append(k.params, param{"rows", "int"})
	k.asm = signature + " *T, n, rows int)"
	first := matrices[0].name
	k.bridge = "n := len(" + first + ") / rows\n" +
		"width := " + name + "Width[T](n)\n" +
		"if width == 0 {\n" + name + "Generic(" + k.names() + ")\nreturn\n}\n" +
		name + "Assembly(width" + call + ", n, rows)"
	k.emit = func(f *function) { f.eachRow(matrices, func(s []stream) { body(f, s) }) }
	return k
}

// rowMaximum returns the largest element of a row in every lane, NaN dropped:
// it comes back with the exponentials.
func (f *function) rowMaximum() vec {
	n, x := f.load64("n"), f.streams("x")
	return f.spread(f.extremeOf("VMAX", math.Inf(-1), n, x, nil))
}

// rowExponentials returns Σ e^(x−shift) in the low lanes, shift at least the
// largest x, and writes the terms to dst if store is true. Meanwhile it has the row
// behind fetched, which most likely comes next: looking for its maximum would have to
// wait for memory, which is idle while exponentials are computed.
func (f *function) rowExponentials(shift vec, store bool) vec {
	n, x := f.load64("n"), f.streams("x")
	var out []stream
	if store {
		out = f.streams("dst")
	}
	acc := f.alternating()
	bytes := f.GP64()
	f.MOVQ(n, bytes)
	f.SHLQ(operand.U8(pick(f, 2, 3)), bytes)
	f.longLoop(n, mapping{in: x, out: out, next: &bytes,
		body: func(x []vec) []vec { return []vec{f.expSmall(f.sub(x[0], shift))} },
		each: func(y []vec, lanes func() mask) { f.accumulate(acc, y[0], lanes) },
	})
	return f.total(acc)
}

var rowKernels = []kernel{
	// softmax writes e^(x−max)/sum and returns max and sum.
	{name: "softmax", wideFrom: costly, internal: true, params: sliceParams("dst", "x"), result: []string{"T", "T"}, emit: func(f *function) {
		largest := f.rowMaximum()
		f.storeScalar(largest, f.result(0))
		sum := f.rowExponentials(largest, true)
		f.storeScalar(sum, f.result(1))
		factor := f.div(f.constant(1), f.spread(sum))
		n, dst := f.load64("n"), f.streams("dst")
		f.shortLoop(n, dst, dst, func(x []op) []vec { return []vec{f.mul(factor, x[0])} })
		f.finish()
	}},
	// maxSumExp returns max and Σ e^(x−max).
	{name: "maxSumExp", wideFrom: costly, internal: true, params: sliceParams("x"), result: []string{"T", "T"}, emit: func(f *function) {
		largest := f.rowMaximum()
		f.storeScalar(largest, f.result(0))
		f.storeScalar(f.rowExponentials(largest, false), f.result(1))
		f.finish()
	}},
	// expShiftSum writes e^(x−shift), shift at least the largest x, and returns
	// the sum.
	{name: "expShiftSum", wideFrom: costly, halves: true, params: with(sliceParams("dst", "x"), param{"shift", "T"}), result: []string{"T"}, emit: func(f *function) {
		f.storeScalar(f.rowExponentials(f.scalar("shift"), true), f.result(0))
		f.finish()
	}},
	// shiftTwice writes (x − a) − b.
	scaledInternal("shiftTwice", []string{"a", "b"}, func(f *function, x op, s []vec) vec {
		return f.sub(f.sub(f.reg(x), s[0]), s[1])
	}),
	// softmaxGradient writes y·(g − s).
	{name: "softmaxGradient", internal: true, params: with(sliceParams("dst", "grad", "y"), param{"s", "T"}), small: smallArithmetic, emit: func(f *function) {
		n, in, s := f.load64("n"), f.streams("dst", "grad", "y"), f.scalar("s")
		f.shortLoop(n, in[1:], in[:1], func(x []op) []vec {
			return []vec{f.mul(f.sub(f.reg(x[0]), s), x[1])}
		})
		f.finish()
	}},
	// softmaxRows writes over each row its softmax, or zeros if it is nothing but −Inf.
	ofRows("softmaxRows", []matrix{{"x", 1}}, func(f *function, s []stream) {
		lowest := f.constant(-pick(f, float64(math.MaxFloat32), math.MaxFloat64))
		shift := f.max(lowest, f.rowMaximum()) // so that −Inf less that is −Inf
		n, acc := f.load64("n"), f.alternating()
		x := f.streams("x")
		f.longLoop(n, mapping{in: x, out: x,
			body: func(x []vec) []vec { return []vec{f.expSmall(f.sub(x[0], shift))} },
			each: func(y []vec, lanes func() mask) { f.accumulate(acc, y[0], lanes) },
		})
		sum := f.spread(f.total(acc))
		factor := f.keep(f.div(f.constant(1), sum), f.compare(notEqual, sum, f.zero()))
		n, x = f.load64("n"), f.streams("x")
		f.shortLoop(n, x, x, func(x []op) []vec { return []vec{f.mul(factor, x[0])} })
	}),
	// softmaxRowsGradient writes y·(g − Σ g·y) over each row of g.
	ofRows("softmaxRowsGradient", []matrix{{"grad", 1}, {"y", 1}}, func(f *function, s []stream) {
		sum := f.fold(f.load64("n"), s, accumulators, "VADD", f.zero, func(acc vec, x []op, _ func() mask) {
			f.addMul(acc, f.reg(x[0]), x[1])
		})
		dot := f.spread(f.horizontal("VADD", sum))
		in := f.streams("grad", "y")
		f.shortLoop(f.load64("n"), in, in[:1], func(x []op) []vec {
			return []vec{f.mul(f.sub(f.reg(x[0]), dot), x[1])}
		})
	}),
	// logSoftmaxGradient writes g − s·e^y.
	{name: "logSoftmaxGradient", wideFrom: costly, internal: true, params: with(sliceParams("dst", "grad", "y"), param{"s", "T"}), emit: func(f *function) {
		n, in, s := f.load64("n"), f.streams("dst", "grad", "y"), f.scalar("s")
		f.longLoop(n, mapping{in: in[1:], out: in[:1], body: func(x []vec) []vec {
			return []vec{f.subMul(x[0], s, f.exp(x[1]))}
		}})
		f.finish()
	}},
}
