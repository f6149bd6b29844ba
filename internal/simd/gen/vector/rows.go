package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

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
	acc := f.zero()
	bytes := f.GP64()
	f.MOVQ(n, bytes)
	f.SHLQ(operand.U8(pick(f, 2, 3)), bytes)
	f.longLoop(n, mapping{in: x, out: out, next: &bytes,
		body: func(x []vec) []vec { return []vec{f.expSmall(f.sub(x[0], shift))} },
		each: func(y []vec, lanes func() mask) { f.accumulate(acc, y[0], lanes) },
	})
	return f.horizontal("VADD", acc)
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
	// logSoftmaxGradient writes g − s·e^y.
	{name: "logSoftmaxGradient", wideFrom: costly, internal: true, params: with(sliceParams("dst", "grad", "y"), param{"s", "T"}), emit: func(f *function) {
		n, in, s := f.load64("n"), f.streams("dst", "grad", "y"), f.scalar("s")
		f.longLoop(n, mapping{in: in[1:], out: in[:1], body: func(x []vec) []vec {
			return []vec{f.subMul(x[0], s, f.exp(x[1]))}
		}})
		f.finish()
	}},
}
