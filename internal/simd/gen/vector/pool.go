package main

import (
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Pooling by windows of 2×2 that do not overlap. Two rows of an image make one row of
// the result. A row is done in vectors of the largest size that it has elements for; what
// is left of it is the last vector of the row, of which some elements are done again.

// poolBridge takes the assembly where a row fills the smallest vectors.
const poolBridge = `
	width := NAMEWidth[T](cols)
	if width == 0 || cols < 16/sizeOf[T]() || rows == 0 {
		NAMEGeneric(ARGUMENTS)
		return
	}
	NAMEAssembly(width, ADDRESSES)`

// poolRows is where the rows of a pooling kernel are.
type poolRows struct {
	image, image2 operand.Mem // two rows of the image, of twice as many elements
	pooled, index operand.Mem
}

// poolLoop emits the loops of a pooling kernel. block does as many windows as vectors
// have lanes; at is where.
func (f *function) poolLoop(image, pooled string, indexed bool, block func(at poolRows)) {
	x, y := f.load64(image), f.load64(pooled)
	pitch, cols, rows := f.load64("pitch"), f.load64("cols"), f.load64("rows")
	var index reg.GPVirtual
	if indexed {
		index = f.load64("index")
	}
	shift := operand.U8(pick(f, 2, 3))
	f.SHLQ(shift, pitch)
	done := f.label("done")
	for bytes := f.set.vectorBytes; bytes >= 16; bytes /= 2 {
		f.sized(bytes, func() {
			lanes := operand.I32(f.lanes())
			smaller, row, vector, again, next := f.label("smaller"), f.label("row"), f.label("vector"), f.label("again"), f.label("next")
			f.CMPQ(cols, lanes)
			f.JL(ref(smaller))
			f.Label(row)
			left, i, o, k := f.GP64(), f.GP64(), f.GP64(), f.GP64()
			f.MOVQ(cols, left)
			f.MOVQ(x, i)
			f.MOVQ(y, o)
			if indexed {
				f.MOVQ(index, k)
			}
			f.Label(vector)
			block(poolRows{operand.Mem{Base: i}, operand.Mem{Base: i, Index: pitch, Scale: 1}, operand.Mem{Base: o}, operand.Mem{Base: k}})
			f.ADDQ(operand.I32(2*bytes), i)
			f.ADDQ(operand.I32(bytes), o)
			if indexed {
				f.ADDQ(lanes, k)
			}
			f.SUBQ(lanes, left)
			f.CMPQ(left, lanes)
			f.JGE(ref(vector))
			f.TESTQ(left, left)
			f.JLE(ref(next))
			// Back by what a vector has more than is left.
			f.Label(again)
			f.SUBQ(lanes, left)
			if indexed {
				f.ADDQ(left, k)
			}
			f.SHLQ(shift, left)
			f.ADDQ(left, o)
			f.LEAQ(operand.Mem{Base: i, Index: left, Scale: 2}, i)
			f.XORQ(left, left)
			f.JMP(ref(vector))
			f.Label(next)
			f.LEAQ(operand.Mem{Base: x, Index: pitch, Scale: 2}, x)
			f.MOVQ(o, y)
			if indexed {
				f.MOVQ(k, index)
			}
			f.DECQ(rows)
			f.JNE(ref(row))
			f.JMP(ref(done))
			f.Label(smaller)
		})
	}
	f.Label(done)
	f.finish()
}

// quads is a permutation of the parts of 8 bytes of vectors: what shuffles within parts
// of 16 bytes, of two vectors, leave out of order, and back.
type quads struct {
	f     *function
	order reg.VecVirtual // in vectors of 64 bytes
}

// newQuads prepares the permutation that puts in order what was taken from two vectors,
// or its inverse.
func (f *function) newQuads(inverse bool) quads {
	q := quads{f: f}
	if f.set.vectorBytes < 64 {
		return q
	}
	order := uint64(0x0705030106040200)
	if inverse {
		order = 0x0703060205010400
	}
	r, x := f.GP64(), f.XMM()
	f.MOVQ(operand.U64(order), r)
	f.VMOVQ(r, x)
	q.order = f.ZMM()
	f.VPMOVZXBQ(x, q.order)
	return q
}

func (q quads) of(v vec) vec {
	f := q.f
	switch f.vectorBytes() {
	case 16:
		return v
	case 32:
		d := f.vector()
		f.VPERMPD(operand.U8(0xd8), f.whole(v), d)
		return d
	}
	d := f.vector()
	f.VPERMPD(f.whole(v), q.order, d)
	return d
}

// evenOdd returns the elements at even and at odd places of two vectors, the quads of
// which are not in order.
func (f *function) evenOdd(a vec, b op) (even, odd vec) {
	if f.double {
		return f.into("VUNPCKLPD", a, b), f.into("VUNPCKHPD", a, b)
	}
	even, odd = f.vector(), f.vector()
	f.emit("VSHUFPS", operand.U8(0x88), b, a, even)
	f.emit("VSHUFPS", operand.U8(0xdd), b, a, odd)
	return even, odd
}

// interleaved writes a[0], b[0], a[1], b[1], … to two vectors, the quads of a and b being
// in the inverse order.
func (f *function) interleaved(a, b vec, to operand.Mem) {
	f.store(f.into(pick(f, "VUNPCKLPS", "VUNPCKLPD"), a, b), to)
	f.store(f.into(pick(f, "VUNPCKHPS", "VUNPCKHPD"), a, b), to.Offset(f.vectorBytes()))
}

// storeBytes writes the lanes, integers below 128, as bytes.
func (f *function) storeBytes(v vec, to operand.Mem) {
	if f.set.masks {
		f.emit(pick(f, "VPMOVDB", "VPMOVQB"), f.whole(v), to)
		return
	}
	x := v.AsX()
	if f.vectorBytes() == 32 {
		high := f.XMM()
		f.VEXTRACTF128(operand.U8(1), v.AsY(), high)
		if f.double {
			f.VSHUFPS(operand.U8(0x88), high, x, x)
			f.VPACKSSDW(x, x, x)
		} else {
			f.VPACKSSDW(high, x, x)
		}
	} else {
		if f.double {
			f.VSHUFPS(operand.U8(0x88), x, x, x)
		}
		f.VPACKSSDW(x, x, x)
	}
	f.VPACKUSWB(x, x, x)
	switch f.lanes() {
	case 8:
		f.VMOVQ(x, to)
	case 4:
		f.VMOVD(x, to)
	case 2:
		f.VPEXTRW(operand.U8(0), x, to)
	}
}

var poolKernels = []kernel{
	// takeGreater writes x to best and number to place where x is greater than best, or NaN.
	{
		name: "takeGreater", internal: true, params: with(sliceParams("best", "place", "x"), param{"number", "T"}), small: smallArithmetic,
		emit: func(f *function) {
			n, s, number := f.load64("n"), f.streams("best", "place", "x"), f.scalar("number")
			f.shortLoop(n, s, s[:2], func(x []op) []vec {
				best, v := f.reg(x[0]), f.reg(x[2])
				m := f.compare(greater, v, best)
				f.joinMask(m, f.compare(unordered, v, v))
				return []vec{f.blend(best, v, m), f.blend(x[1], number, m)}
			})
			f.finish()
		},
	},
	{
		name: "maxPool2x2", internal: true, wideFrom: costly,
		params: []param{{"dst", "[]T"}, {"index", "[]byte"}, {"x", "[]T"}, {"pitch", "int"}, {"cols", "int"}, {"rows", "int"}},
		asm:    "func(dst *T, index *byte, x *T, pitch, cols, rows int)",
		bridge: poolBridgeOf("maxPool2x2", "dst, index, x, pitch, cols, rows"),
		emit: func(f *function) {
			inOrder := f.newQuads(false)
			f.poolLoop("x", "dst", true, func(at poolRows) {
				greatest, right := f.evenOdd(f.copy(at.image), at.image.Offset(f.vectorBytes()))
				index := f.zero()
				take := func(v vec, place uint64) {
					m := f.compare(greater, v, greatest)
					f.joinMask(m, f.compare(unordered, v, v))
					greatest, index = f.blend(greatest, v, m), f.blend(index, f.bits(place), m)
				}
				take(right, 1)
				left, right := f.evenOdd(f.copy(at.image2), at.image2.Offset(f.vectorBytes()))
				take(left, 2)
				take(right, 3)
				f.store(inOrder.of(greatest), at.pooled)
				f.storeBytes(inOrder.of(index), at.index)
			})
		},
	},
	{
		name: "maxPool2x2Backward", internal: true, wideFrom: costly,
		params: []param{{"dst", "[]T"}, {"grad", "[]T"}, {"index", "[]byte"}, {"pitch", "int"}, {"cols", "int"}, {"rows", "int"}},
		asm:    "func(dst, grad *T, index *byte, pitch, cols, rows int)",
		bridge: poolBridgeOf("maxPool2x2Backward", "dst, grad, index, pitch, cols, rows"),
		emit: func(f *function) {
			outOfOrder := f.newQuads(true)
			f.poolLoop("dst", "grad", true, func(at poolRows) {
				grad, index := outOfOrder.of(f.copy(at.pooled)), f.vector()
				f.emit(pick(f, "VPMOVZXBD", "VPMOVZXBQ"), at.index, index)
				index = outOfOrder.of(index)
				var share [4]vec
				for place := range share {
					m := f.newMask()
					f.emitInt("VPCMPEQ", f.bits(uint64(place)), index, m)
					share[place] = f.keep(grad, m)
				}
				f.interleaved(share[0], share[1], at.image)
				f.interleaved(share[2], share[3], at.image2)
			})
		},
	},
	{
		name: "avgPool2x2", internal: true, wideFrom: costly,
		params: []param{{"dst", "[]T"}, {"x", "[]T"}, {"pitch", "int"}, {"cols", "int"}, {"rows", "int"}, {"scale", "T"}},
		asm:    "func(dst, x *T, pitch, cols, rows int, scale T)",
		bridge: poolBridgeOf("avgPool2x2", "dst, x, pitch, cols, rows, scale"),
		emit: func(f *function) {
			scale, inOrder := f.scalar("scale"), f.newQuads(false)
			f.poolLoop("x", "dst", false, func(at poolRows) {
				a := f.add(at.image2, f.copy(at.image))
				b := f.add(at.image2.Offset(f.vectorBytes()), f.copy(at.image.Offset(f.vectorBytes())))
				even, odd := f.evenOdd(a, b)
				f.store(inOrder.of(f.mul(scale, f.add(even, odd))), at.pooled)
			})
		},
	},
	{
		name: "avgPool2x2Backward", internal: true, wideFrom: costly,
		params: []param{{"dst", "[]T"}, {"grad", "[]T"}, {"pitch", "int"}, {"cols", "int"}, {"rows", "int"}, {"scale", "T"}},
		asm:    "func(dst, grad *T, pitch, cols, rows int, scale T)",
		bridge: poolBridgeOf("avgPool2x2Backward", "dst, grad, pitch, cols, rows, scale"),
		emit: func(f *function) {
			scale, outOfOrder := f.scalar("scale"), f.newQuads(true)
			f.poolLoop("dst", "grad", false, func(at poolRows) {
				share := outOfOrder.of(f.mul(scale, at.pooled))
				f.interleaved(share, share, at.image)
				f.interleaved(share, share, at.image2)
			})
		},
	},
}

// poolBridgeOf is the bridge of a kernel with these parameters.
func poolBridgeOf(name, parameters string) string {
	addresses := strings.NewReplacer("dst", "unsafe.SliceData(dst)", "grad", "unsafe.SliceData(grad)", "index", "unsafe.SliceData(index)", "x,", "unsafe.SliceData(x),").Replace(parameters)
	return strings.NewReplacer("NAME", name, "ARGUMENTS", parameters, "ADDRESSES", addresses).Replace(poolBridge)
}
