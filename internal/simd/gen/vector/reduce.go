package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
)

// accumulators is how many registers a reduction adds into: enough to have two
// additions a cycle under way.
const accumulators = 8

// smallReduction is the length below which a reduction is done in Go.
const smallReduction = 4

// reduction is a kernel that sums a term over its slices. term adds to acc what
// the operands x give; mask is nil but in the rest, where it has the
// lanes that count, the others holding x = 0.
func reduction(name string, params []param, registers int, term func(f *function, acc vec, x []op, s vec, mask func() vec)) kernel {
	k := kernel{name: name, halves: true, params: params, result: []string{"T"}, small: smallReduction}
	k.emit = func(f *function) {
		n := f.load64("n")
		var in []stream
		var s vec
		for _, p := range params {
			if p.typ == "T" {
				s = f.scalar(p.name)
			} else {
				in = append(in, f.streams(p.name)...)
			}
		}
		acc := f.zeros(registers)
		f.fold(n, in, acc, func(acc vec, x []op, mask func() vec) { term(f, acc, x, s, mask) })
		sum := f.horizontal("VADD", f.joinAll("VADD", acc))
		f.storeScalar(sum, f.result(0))
		f.finish()
	}
	return k
}

var reduceKernels = []kernel{
	reduction("sum", sliceParams("x"), accumulators, func(f *function, acc vec, x []op, _ vec, _ func() vec) {
		f.emitFloat("VADD", x[0], acc, acc)
	}),
	reduction("sumAbs", sliceParams("x"), accumulators, func(f *function, acc vec, x []op, _ vec, _ func() vec) {
		f.emitFloat("VADD", f.and(f.reg(f.bits(f.signBit()-1)), x[0]), acc, acc)
	}),
	reduction("sumSquares", sliceParams("x"), accumulators, func(f *function, acc vec, x []op, _ vec, _ func() vec) {
		v := f.reg(x[0])
		f.addMul(acc, v, v)
	}),
	reduction("sumSquaredDeviations", with(sliceParams("x"), param{"mean", "T"}), accumulators, func(f *function, acc vec, x []op, mean vec, mask func() vec) {
		d := f.sub(mean, x[0])
		if mask != nil {
			d = f.and(d, mask())
		}
		f.addMul(acc, d, d)
	}),
	reduction("dot", sliceParams("a", "b"), accumulators, func(f *function, acc vec, x []op, _ vec, _ func() vec) {
		f.addMul(acc, f.reg(x[0]), x[1])
	}),
	reduction("sumExp", with(sliceParams("x"), param{"shift", "T"}), 1, func(f *function, acc vec, x []op, shift vec, mask func() vec) {
		e := f.exp(f.sub(f.reg(x[0]), shift))
		if mask != nil {
			e = f.and(e, mask())
		}
		f.emitFloat("VADD", e, acc, acc)
	}),
	extremum("maxOf", "VMAX", math.Inf(-1)),
	extremum("minOf", "VMIN", math.Inf(1)),
	{
		name: "indexOf", internal: true, params: with(sliceParams("x"), param{"v", "T"}), result: []string{"int"}, emit: emitIndexOf,
	},
	{
		name: "sumRows", internal: true,
		params: []param{{"dst", "[]T"}, {"x", "[]T"}, {"accumulate", "bool"}},
		bridge: `
	switch {
	case active < avx2:
		sumRowsGeneric(dst, x, accumulate)
	case len(dst) == 0:
	case is32[T]():
		sumRowsF32AVX2(ptr32(dst), ptr32(x), len(dst), len(x)/len(dst), accumulate)
	default:
		sumRowsF64AVX2(ptr64(dst), ptr64(x), len(dst), len(x)/len(dst), accumulate)
	}`,
		asm:  "func(dst, x *T, n, rows int, accumulate bool)",
		emit: emitSumRows,
	},
}

// extremum is a kernel that takes VMAX or VMIN over a slice, start being its
// value on an empty one. The instruction drops NaN, so lanes that saw one are
// marked on the side.
func extremum(name, instruction string, start float64) kernel {
	k := kernel{name: name, params: sliceParams("x"), result: []string{"T"}, small: smallReduction}
	k.emit = func(f *function) {
		n, in := f.load64("n"), f.streams("x")
		acc := make([]vec, 4)
		for i := range acc {
			acc[i] = f.copy(f.constant(start))
		}
		nan := f.zero()
		f.fold(n, in, acc, func(acc vec, x []op, mask func() vec) {
			v := f.reg(x[0])
			if mask != nil {
				v = f.blend(f.constant(start), v, mask())
			}
			f.emitFloat(instruction, v, acc, acc)
			f.emitFloat("VOR", f.compare(unordered, v, v), nan, nan)
		})
		y := f.horizontal(instruction, f.joinAll(instruction, acc))
		nan = f.horizontal("VOR", nan)
		f.storeScalar(f.or(y, nan), f.result(0))
		f.finish()
	}
	return k
}

// emitIndexOf finds the first element equal to v, or returns n.
func emitIndexOf(f *function) {
	n, x, v := f.load64("n"), f.load64("x"), f.scalar("v")
	lanes := f.lanes()
	scan, rest, one, found, done := f.label("scan"), f.label("rest"), f.label("one"), f.label("found"), f.label("done")
	at := f.GP64()
	f.XORQ(at, at)
	element := operand.Mem{Base: x, Index: at, Scale: uint8(f.bytes())}

	f.SUBQ(operand.I32(lanes), n)
	f.JL(ref(rest))
	f.Label(scan)
	hits := f.GP32()
	f.emitFloat("VMOVMSK", f.compare(equal, v, element), hits)
	f.TESTL(hits, hits)
	f.JNE(ref(found))
	f.ADDQ(operand.I32(lanes), at)
	f.SUBQ(operand.I32(lanes), n)
	f.JGE(ref(scan))

	f.Label(rest)
	f.ADDQ(operand.I32(lanes), n)
	f.JE(ref(done))
	f.Label(one)
	f.emit(pick(f, "VUCOMISS", "VUCOMISD"), element, v.AsX())
	next := f.label("next")
	f.JNE(ref(next))
	f.JPS(ref(next))
	f.JMP(ref(done))
	f.Label(next)
	f.INCQ(at)
	f.DECQ(n)
	f.JNE(ref(one))
	f.JMP(ref(done))

	f.Label(found)
	f.BSFL(hits, hits)
	f.ADDQ(hits.As64(), at)
	f.Label(done)
	f.MOVQ(at, f.result(0))
	f.finish()
}

// emitSumRows sums n columns over rows ≥ 1 rows, the rows in order: blocks of
// several vectors of columns while there are so many, then one, then a masked
// rest.
func emitSumRows(f *function) {
	n, rows := f.load64("n"), f.load64("rows")
	dst, x := f.load64("dst"), f.load64("x")
	accumulate := f.GP8()
	f.MOVB(f.param("accumulate"), accumulate)
	pitch := f.GP64()
	f.MOVQ(n, pitch)
	f.SHLQ(operand.U8(pick(f, 2, 3)), pitch)

	// columns adds the rows of k vectors of columns, walking down from x.
	columns := func(k int, mask *vec) {
		acc := f.zeros(k)
		down, left, keep := f.GP64(), f.GP64(), f.label("keep")
		loop := f.label("rows")
		f.MOVQ(x, down)
		f.MOVQ(rows, left)
		f.Label(loop)
		for j := range acc {
			m := stream{pointer: down}.at(j)
			if mask != nil {
				f.emitFloat("VADD", f.maskedLoad(m, *mask), acc[j], acc[j])
			} else {
				f.emitFloat("VADD", m, acc[j], acc[j])
			}
		}
		f.ADDQ(pitch, down)
		f.DECQ(left)
		f.JNE(ref(loop))

		out := stream{pointer: dst}
		f.TESTB(accumulate, accumulate)
		f.JE(ref(keep))
		for j := range acc {
			if mask != nil {
				f.emitFloat("VADD", f.maskedLoad(out.at(j), *mask), acc[j], acc[j])
			} else {
				f.emitFloat("VADD", out.at(j), acc[j], acc[j])
			}
		}
		f.Label(keep)
		for j := range acc {
			if mask != nil {
				f.partialStore(acc[j], out, n)
			} else {
				f.store(acc[j], out.at(j))
			}
		}
	}
	for _, k := range []int{8, 1} {
		again, next := f.label("again"), f.label("next")
		f.Label(again)
		f.CMPQ(n, operand.I32(k*f.lanes()))
		f.JL(ref(next))
		columns(k, nil)
		f.ADDQ(operand.I32(k*vectorBytes), x)
		f.ADDQ(operand.I32(k*vectorBytes), dst)
		f.SUBQ(operand.I32(k*f.lanes()), n)
		f.JMP(ref(again))
		f.Label(next)
	}
	done := f.label("done")
	f.TESTQ(n, n)
	f.JE(ref(done))
	mask := f.tailMask(n)
	columns(1, &mask)
	f.Label(done)
	f.finish()
}
