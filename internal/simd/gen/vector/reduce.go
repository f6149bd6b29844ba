package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// accumulators is how many registers a reduction adds into: enough to have two
// additions a cycle under way.
const accumulators = 8

// smallReduction is the length below which a reduction is done in Go.
const smallReduction = 4

// reduction is a kernel that sums a term over its slices. term adds to acc what
// the operands x give, which is 0 for x = 0.
func reduction(name string, params []param, term func(f *function, acc vec, x []op)) kernel {
	k := kernel{name: name, wideFrom: summing, halves: true, params: params, result: []string{"T"}, small: smallReduction}
	k.emit = func(f *function) {
		n := f.load64("n")
		var in []stream
		for _, p := range params {
			in = append(in, f.streams(p.name)...)
		}
		sum := f.fold(n, in, accumulators, "VADD", f.zero, func(acc vec, x []op, _ func() mask) { term(f, acc, x) })
		f.storeScalar(f.horizontal("VADD", sum), f.result(0))
		f.finish()
	}
	return k
}

var reduceKernels = []kernel{
	reduction("sum", sliceParams("x"), func(f *function, acc vec, x []op) {
		f.emitFloat("VADD", x[0], acc, acc)
	}),
	reduction("sumAbs", sliceParams("x"), func(f *function, acc vec, x []op) {
		f.emitFloat("VADD", f.and(f.reg(f.bits(f.signBit()-1)), x[0]), acc, acc)
	}),
	reduction("sumSquares", sliceParams("x"), func(f *function, acc vec, x []op) {
		v := f.reg(x[0])
		f.addMul(acc, v, v)
	}),
	reduction("dot", sliceParams("a", "b"), func(f *function, acc vec, x []op) {
		f.addMul(acc, f.reg(x[0]), x[1])
	}),
	{
		name: "sumExp", wideFrom: costly, halves: true, params: with(sliceParams("x"), param{"shift", "T"}), result: []string{"T"}, small: smallReduction, emit: func(f *function) {
			n, x, shift := f.load64("n"), f.streams("x"), f.scalar("shift")
			acc := f.alternating()
			f.longLoop(n, mapping{in: x,
				body: func(x []vec) []vec { return []vec{f.exp(f.sub(x[0], shift))} },
				each: func(y []vec, lanes func() mask) { f.accumulate(acc, y[0], lanes) },
			})
			f.storeScalar(f.total(acc), f.result(0))
			f.finish()
		},
	},
	extremum("maxOf", "VMAX", math.Inf(-1)),
	extremum("minOf", "VMIN", math.Inf(1)),
	{
		name: "indexOf", internal: true, params: with(sliceParams("x"), param{"v", "T"}), result: []string{"int"}, emit: emitIndexOf,
	},
	{
		name: "sumRows", internal: true, wideFrom: costly,
		params: []param{{"dst", "[]T"}, {"x", "[]T"}, {"accumulate", "bool"}},
		bridge: `
	switch width := sumRowsWidth[T](len(dst)); {
	case width == 0:
		sumRowsGeneric(dst, x, accumulate)
	case len(dst) > 0:
		sumRowsAssembly(width, unsafe.SliceData(dst), unsafe.SliceData(x), len(dst), len(x)/len(dst), accumulate)
	}`,
		asm:  "func(dst, x *T, n, rows int, accumulate bool)",
		emit: emitSumRows,
	},
}

// extremum is a kernel that takes VMAX or VMIN over a slice, start being its
// value on an empty one. The instruction drops NaN, so lanes that saw one are
// marked on the side.
func extremum(name, instruction string, start float64) kernel {
	k := kernel{name: name, wideFrom: summing, params: sliceParams("x"), result: []string{"T"}, small: smallReduction}
	k.emit = func(f *function) {
		n, in := f.load64("n"), f.streams("x")
		nan := f.noLanes()
		var other vec // to be compared with the next one: NaN in either shows
		y := f.extremeOf(instruction, start, n, in, func(v vec) {
			switch {
			case f.part == narrowBytes:
				f.joinMask(nan, f.compare(unordered, v, v))
			case other == nil:
				other = v
			default:
				f.joinMask(nan, f.compare(unordered, other, v))
				other = nil
			}
		})
		number := f.label("number")
		f.jumpIfNone(nan, number)
		f.storeScalar(f.reg(f.constant(math.NaN())), f.result(0))
		f.finish()
		f.Label(number)
		f.storeScalar(y, f.result(0))
		f.finish()
	}
	return k
}

// extremeOf returns in the low lanes what the instruction VMAX or VMIN makes of the
// elements, NaN dropped, beginning with start. each, where set, sees all of them.
func (f *function) extremeOf(instruction string, start float64, n reg.GPVirtual, in []stream, each func(v vec)) vec {
	y := f.fold(n, in, 4, instruction, func() vec { return f.copy(f.constant(start)) }, func(acc vec, x []op, lanes func() mask) {
		v := f.reg(x[0])
		if lanes != nil {
			v = f.blend(f.constant(start), v, lanes())
		}
		if each == nil {
			f.emitFloat(instruction, acc, v, acc)
			return
		}
		f.emitFloat(instruction, v, acc, acc)
		each(v)
	})
	return f.horizontal(instruction, y)
}

// emitIndexOf finds the first element equal to v, or returns n.
func emitIndexOf(f *function) {
	n, x, v := f.load64("n"), f.load64("x"), f.scalar("v")
	lanes := operand.I32(f.lanes())
	scan, rest, found, done := f.label("scan"), f.label("rest"), f.label("found"), f.label("done")
	at, hits := f.GP64(), f.GP32()
	f.XORQ(at, at)
	element := operand.Mem{Base: x, Index: at, Scale: uint8(f.bytes())}

	f.SUBQ(lanes, n)
	f.JL(ref(rest))
	f.Label(scan)
	f.MOVL(f.lanesOf(f.compare(equal, v, element)), hits)
	f.TESTL(hits, hits)
	f.JNE(ref(found))
	f.ADDQ(lanes, at)
	f.SUBQ(lanes, n)
	f.JGE(ref(scan))

	f.Label(rest)
	f.ADDQ(lanes, n)
	f.JE(ref(done))
	if f.set.masks {
		in, equals := f.tailMask(n), f.K()
		f.emitFloat("VCMP", operand.U8(equal), element, v, in, equals)
		f.KMOVW(equals, hits)
		f.TESTL(hits, hits)
		f.JNE(ref(found))
		f.ADDQ(n, at)
		f.JMP(ref(done))
	} else {
		one, next := f.label("one"), f.label("next")
		f.Label(one)
		f.emit(pick(f, "VUCOMISS", "VUCOMISD"), element, v.AsX())
		f.JNE(ref(next))
		f.JPS(ref(next))
		f.JMP(ref(done))
		f.Label(next)
		f.INCQ(at)
		f.DECQ(n)
		f.JNE(ref(one))
		f.JMP(ref(done))
	}

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

	// columns adds the rows of k vectors of columns, walking down from x. With a mask
	// the last of them has n columns.
	columns := func(k int, lanes mask) {
		acc := f.zeros(k)
		masked := func(j int) bool { return lanes != nil && j == k-1 }
		down, left, keep := f.GP64(), f.GP64(), f.label("keep")
		add := func(from stream) {
			for j := range acc {
				if masked(j) {
					f.emitFloat("VADD", f.maskedLoad(from.at(f, j), lanes), acc[j], acc[j])
				} else {
					f.emitFloat("VADD", from.at(f, j), acc[j], acc[j])
				}
			}
		}
		loop := f.label("rows")
		f.MOVQ(x, down)
		f.MOVQ(rows, left)
		f.Label(loop)
		add(stream{pointer: down})
		f.ADDQ(pitch, down)
		f.DECQ(left)
		f.JNE(ref(loop))

		out := stream{pointer: dst}
		f.TESTB(accumulate, accumulate)
		f.JE(ref(keep))
		add(out)
		f.Label(keep)
		for j := range acc {
			if masked(j) {
				f.ADDQ(operand.I32(j*f.vectorBytes()), dst)
				f.partialStore(acc[j], out, n)
			} else {
				f.store(acc[j], out.at(f, j))
			}
		}
	}
	// many takes k vectors at once as long as there are from vectors or more.
	many := func(k, from int) {
		again, next := f.label("again"), f.label("next")
		f.Label(again)
		f.CMPQ(n, operand.I32(from*f.lanes()))
		f.JL(ref(next))
		columns(k, nil)
		f.ADDQ(operand.I32(k*f.vectorBytes()), x)
		f.ADDQ(operand.I32(k*f.vectorBytes()), dst)
		f.SUBQ(operand.I32(k*f.lanes()), n)
		f.JMP(ref(again))
		f.Label(next)
	}
	many(8, 8)
	many(4, 4)
	many(1, 2)
	// Less than two vectors are left: one that is full goes along with the rest.
	last, done := f.label("last"), f.label("done")
	f.CMPQ(n, operand.I32(f.lanes()))
	f.JLE(ref(last))
	f.SUBQ(operand.I32(f.lanes()), n)
	columns(2, f.tailMask(n))
	f.JMP(ref(done))
	f.Label(last)
	many(1, 1)
	f.TESTQ(n, n)
	f.JE(ref(done))
	columns(1, f.tailMask(n))
	f.Label(done)
	f.finish()
}
