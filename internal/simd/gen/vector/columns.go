package main

import (
	"math"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// columnTurn is how many rows a turn of a sum down columns takes, each with its own
// accumulators.
const columnTurn = 4

// columnsKernels are on matrices whose columns are so many that they fill vectors.
var columnsKernels = []kernel{{
	name: "layerNormColumns", internal: true, wideFrom: costly,
	params: with(sliceParams("dst", "x", "w", "b"), param{"eps", "T"}),
	bridge: `
	cols := len(x) / len(w)
	switch width := layerNormColumnsWidth[T](cols); {
	case width == 0:
		layerNormColumnsGeneric(dst, x, w, b, eps)
	default:
		layerNormColumnsAssembly(width, unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(w), unsafe.SliceData(b), cols, len(w), 1/T(len(w)), eps)
	}`,
	asm:  "func(dst, x, w, b *T, cols, rows int, inverse, eps T)",
	emit: emitLayerNormColumns,
}, {
	name: "softmaxColumns", internal: true, wideFrom: costly,
	params: []param{{"x", "[]T"}, {"rows", "int"}, {"scale", "T"}},
	bridge: `
	cols := len(x) / rows
	switch width := softmaxColumnsWidth[T](cols); {
	case width == 0:
		softmaxColumnsGeneric(x, rows, scale)
	default:
		softmaxColumnsAssembly(width, unsafe.SliceData(x), cols, rows, scale)
	}`,
	asm:  "func(x *T, cols, rows int, scale T)",
	emit: emitSoftmaxColumns,
}}

// eachColumns emits columns, which computes k vectors of columns from x on, in a loop over all
// of them.
func (f *function) eachColumns(cols, x reg.GPVirtual, columns func(k int)) {
	two, one, done := f.label("two"), f.label("one"), f.label("end")
	f.Label(two)
	f.SUBQ(operand.I32(2*f.lanes()), cols)
	f.JL(ref(one))
	columns(2)
	f.ADDQ(operand.I32(2*f.vectorBytes()), x)
	f.JMP(ref(two))
	f.Label(one)
	f.ADDQ(operand.I32(2*f.lanes()), cols)
	f.JE(ref(done))
	columns(1)
	f.Label(done)
	f.finish()
}

// emitSoftmaxColumns replaces columns by their softmax.
func emitSoftmaxColumns(f *function) {
	cols, x := f.load64("cols"), f.load64("x")
	pitch := f.GP64()
	f.MOVQ(cols, pitch)
	f.SHLQ(operand.U8(pick(f, 2, 3)), pitch)
	// down emits row for each row, from x on.
	down := func(row func(s stream)) {
		at, left := f.GP64(), f.load64("rows")
		f.MOVQ(x, at)
		loop := f.label("rows")
		f.Label(loop)
		row(stream{pointer: at})
		f.ADDQ(pitch, at)
		f.DECQ(left)
		f.JNE(ref(loop))
	}
	f.eachColumns(cols, x, func(k int) {
		largest := make([]vec, k)
		for j := range largest {
			// Not −Inf, so that −Inf less that is −Inf.
			largest[j] = f.copy(f.constant(-pick(f, float64(math.MaxFloat32), math.MaxFloat64)))
		}
		down(func(s stream) {
			for j, v := range largest {
				f.emitFloat("VMAX", v, f.copy(s.at(f, j)), v) // drops NaN
			}
		})
		scale, sums := f.scalar("scale"), f.zeros(k)
		down(func(s stream) {
			y := make([]vec, k)
			for j := range y {
				y[j] = f.mul(f.sub(f.copy(s.at(f, j)), largest[j]), scale)
			}
			f.interleave(k, func(j int) { y[j] = f.expSmall(y[j]) })
			for j, v := range y {
				f.emitFloat("VADD", v, sums[j], sums[j])
				f.store(v, s.at(f, j))
			}
		})
		for j, sum := range sums {
			sums[j] = f.keep(f.div(f.constant(1), sum), f.compare(notEqual, sum, f.zero()))
		}
		down(func(s stream) {
			for j, factor := range sums {
				f.store(f.mul(factor, s.at(f, j)), s.at(f, j))
			}
		})
	})
}

// emitLayerNormColumns normalizes columns, two vectors of them at a time while there are so
// many.
func emitLayerNormColumns(f *function) {
	cols, dst, x := f.load64("cols"), f.load64("dst"), f.load64("x")
	pitch := f.GP64()
	f.MOVQ(cols, pitch)
	f.SHLQ(operand.U8(pick(f, 2, 3)), pitch)

	// sum adds up, down k vectors of columns, what add adds of the deviations from center.
	sum := func(center []vec, add func(acc, deviation vec)) []vec {
		acc := make([][]vec, columnTurn)
		for i := range acc {
			acc[i] = f.zeros(len(center))
		}
		down, left := f.GP64(), f.load64("rows")
		f.MOVQ(x, down)
		row := func(acc []vec) {
			for j := range acc {
				add(acc[j], f.sub(f.copy(stream{pointer: down}.at(f, j)), center[j]))
			}
			f.ADDQ(pitch, down)
		}
		loop, rest, single, done := f.label("loop"), f.label("rest"), f.label("single"), f.label("done")
		f.SUBQ(operand.I32(columnTurn), left)
		f.JL(ref(rest))
		f.Label(loop)
		for i := range acc {
			row(acc[i])
		}
		f.SUBQ(operand.I32(columnTurn), left)
		f.JGE(ref(loop))
		f.Label(rest)
		f.ADDQ(operand.I32(columnTurn), left)
		f.JE(ref(done))
		f.Label(single)
		row(acc[0])
		f.DECQ(left)
		f.JNE(ref(single))
		f.Label(done)
		total := make([]vec, len(center))
		for j := range total {
			total[j] = f.joinAll("VADD", []vec{acc[0][j], acc[1][j], acc[2][j], acc[3][j]})
		}
		return total
	}

	f.eachColumns(cols, x, func(k int) {
		mean := make([]vec, k)
		for j := range mean {
			mean[j] = f.copy(stream{pointer: x}.at(f, j))
		}
		for j, s := range sum(mean, func(acc, d vec) { f.emitFloat("VADD", d, acc, acc) }) {
			f.addMul(mean[j], s, f.scalar("inverse"))
		}
		scale := sum(mean, func(acc, d vec) { f.addMul(acc, d, d) })
		for j, s := range scale {
			v := f.add(f.mul(s, f.scalar("inverse")), f.scalar("eps"))
			scale[j] = f.keep(f.div(f.constant(1), f.sqrt(v)), f.compare(notEqual, v, f.zero()))
		}
		from, to, left := f.GP64(), f.GP64(), f.load64("rows")
		w, b := f.load64("w"), f.load64("b")
		f.MOVQ(x, from)
		f.MOVQ(dst, to)
		loop := f.label("rows")
		f.Label(loop)
		weight, bias := f.broadcast(operand.Mem{Base: w}), f.broadcast(operand.Mem{Base: b})
		for j := range k {
			y := f.mul(scale[j], f.sub(f.copy(stream{pointer: from}.at(f, j)), mean[j]))
			f.store(f.mulAdd(y, weight, bias), stream{pointer: to}.at(f, j))
		}
		f.ADDQ(pitch, from)
		f.ADDQ(pitch, to)
		f.ADDQ(operand.I32(f.bytes()), w)
		f.ADDQ(operand.I32(f.bytes()), b)
		f.DECQ(left)
		f.JNE(ref(loop))
		f.ADDQ(operand.I32(k*f.vectorBytes()), dst)
	})
}
