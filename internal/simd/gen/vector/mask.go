package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// mask says of each lane yes or no: a mask register where the instruction set has
// them, else a vector of ones and zeros in the lanes.
type mask = operand.Op

func (f *function) newMask() mask {
	if f.set.masks {
		return f.K()
	}
	return f.vector()
}

// Predicates of VCMP: ordered ones are false for NaN, unordered ones true.
const (
	equal        = 0x00
	notEqual     = 0x04 // unordered
	less         = 0x11
	lessEqual    = 0x12
	greater      = 0x1e
	greaterEqual = 0x1d
	notLess      = 0x15 // unordered
	unordered    = 0x03

	lessOrGreater = 0x0c // not equal, and ordered
)

// compare says yes in the lanes where the predicate holds for a and b.
func (f *function) compare(predicate int, a, b op) mask {
	m := f.newMask()
	f.emitFloat("VCMP", operand.U8(predicate), b, f.reg(a), m)
	return m
}

// negative says yes in the lanes where the sign bit is set. It is good for blend
// only.
func (f *function) negative(x vec) mask {
	if !f.set.masks {
		return x
	}
	m := f.K()
	f.emit(pick(f, "VPMOVD2M", "VPMOVQ2M"), f.whole(x), m)
	return m
}

// blend takes yes in the lanes where the mask says so, no elsewhere.
func (f *function) blend(no, yes op, m mask) vec {
	d := f.vector()
	if f.set.masks {
		f.emitFloat("VBLENDM", yes, f.reg(no), m, d)
	} else {
		f.emitFloat("VBLENDV", m, yes, f.reg(no), d)
	}
	return d
}

// keep returns x in the lanes where the mask says so, 0 elsewhere.
func (f *function) keep(x op, m mask) vec {
	if !f.set.masks {
		return f.binary("VAND", m, x)
	}
	d := f.vector()
	if f.isConstant(x) {
		f.emit(pick(f, "VBROADCASTSS_Z", "VBROADCASTSD_Z"), x, m, f.whole(d))
	} else {
		f.emit(pick(f, "VMOVUPS_Z", "VMOVUPD_Z"), f.whole(x), m, f.whole(d))
	}
	return d
}

// mulWhere returns a·b in the lanes where the mask says so, 0 elsewhere.
func (f *function) mulWhere(a, b vec, m mask) vec {
	if !f.set.masks {
		return f.keep(f.mul(a, b), m)
	}
	d := f.vector()
	f.emit(pick(f, "VMULPS_Z", "VMULPD_Z"), f.whole(b), f.whole(a), m, f.whole(d))
	return d
}

// subFromWhere sets y = a − y in the lanes where the mask says so.
func (f *function) subFromWhere(y vec, a op, m mask) {
	if !f.set.masks {
		f.emitFloat("VBLENDV", m, f.sub(a, y), y, y)
		return
	}
	f.emit(pick(f, "VSUBPS", "VSUBPD"), f.whole(y), f.reg(a), m, f.whole(y))
}

// setOnes returns y with the lanes set to ones, which is a NaN, where the mask says
// so.
func (f *function) setOnes(y vec, m mask) vec {
	if f.set.masks {
		return f.blend(y, f.bits(f.signBit()<<1-1), m)
	}
	return f.or(y, m)
}

// joinMask adds the lanes of m to those of acc.
func (f *function) joinMask(acc, m mask) {
	if f.set.masks {
		f.KORW(m, acc, acc)
	} else {
		f.emitFloat("VOR", m, acc, acc)
	}
}

// noLanes returns a mask that says no.
func (f *function) noLanes() mask {
	m := f.newMask()
	if f.set.masks {
		f.KXORW(m, m, m)
	} else {
		f.emitFloat("VXOR", m, m, m)
	}
	return m
}

// lanesOf returns the mask as a number, lane 0 its lowest bit.
func (f *function) lanesOf(m mask) reg.GPVirtual {
	r := f.GP32()
	if f.set.masks {
		f.KMOVW(m, r)
	} else {
		f.emitFloat("VMOVMSK", m, r)
	}
	return r
}

// jumpIfAny jumps if the mask says yes in any lane, jumpIfNone if in none.
func (f *function) jumpIfAny(m mask, label string) {
	f.testMask(m)
	f.JNE(ref(label))
}

func (f *function) jumpIfNone(m mask, label string) {
	f.testMask(m)
	f.JEQ(ref(label))
}

func (f *function) testMask(m mask) {
	if f.set.masks {
		f.KORTESTW(m, m)
	} else {
		any := f.lanesOf(m)
		f.TESTL(any, any)
	}
}

// maskTable names 32 bytes of ones followed by 32 of zeros. The vector 4r (8r)
// bytes before the middle has its first r lanes set.
const maskTable = "masks"

// tailMask returns a mask that says yes in the first n lanes, n < lanes. It changes
// the flags.
func (f *function) tailMask(n reg.GPVirtual) mask {
	if f.set.masks {
		ones, m := f.GP64(), f.K()
		f.MOVQ(operand.I32(-1), ones)
		f.BZHIQ(n, ones, ones)
		f.KMOVW(ones.As32(), m)
		return m
	}
	table, offset := f.GP64(), f.GP64()
	f.LEAQ(operand.NewDataAddr(operand.NewStaticSymbol(maskTable), f.set.vectorBytes), table)
	f.MOVQ(n, offset)
	f.NEGQ(offset)
	return f.copy(operand.Mem{Base: table, Index: offset, Scale: uint8(f.bytes())})
}

// maskedLoad returns the lanes of memory that the mask says, 0 for the others.
func (f *function) maskedLoad(m op, lanes mask) vec {
	if f.set.masks {
		return f.keep(m, lanes)
	}
	d := f.vector()
	f.emitFloat("VMASKMOV", m, lanes, d)
	return d
}

// partialLoad sets v to the first n elements at s, n < lanes, and zeros. It reads
// them in the pieces partialStore writes: the processor hands a value from a store
// to a load of the same bytes at once, but makes a load wait that spans several
// stores, which a masked one would. Nor does it tell the bytes that a masked store
// leaves out from those it writes: loads of what lies behind would wait.
func (f *function) partialLoad(v vec, s stream, n reg.GPVirtual) {
	x := v.AsX()
	f.emit(pick(f, "VXORPS", "VXORPD"), v.AsY(), v.AsY(), v.AsY())
	// at is behind the larger pieces, whose lengths are the bits of n from lower on.
	at := func(lower int) operand.Mem {
		if lower >= f.lanes() {
			return s.at(f, 0)
		}
		offset := f.GP64()
		f.MOVQ(n, offset)
		f.ANDQ(operand.I32(f.lanes()-lower), offset)
		return operand.Mem{Base: s.pointer, Index: offset, Scale: uint8(f.bytes())}
	}
	piece := f.vector()
	if f.double {
		f.ifBit(n, 1, func() { f.VMOVSD(at(2), x) })
	} else {
		f.ifBit(n, 1, func() { f.VMOVSS(at(2), x) })
		f.ifBit(n, 2, func() {
			f.VMOVSD(at(4), piece.AsX())
			f.VMOVLHPS(x, piece.AsX(), x)
		})
	}
	bit := pick(f, 4, 2)
	f.ifBit(n, uint32(bit), func() {
		f.VMOVUPS(at(2*bit), piece.AsX())
		f.emit(f.set.sixteen("VINSERTF"), operand.U8(1), x, piece.AsY(), v.AsY())
	})
	if f.vectorBytes() == 64 {
		bit *= 2
		f.ifBit(n, uint32(bit), func() {
			f.VMOVUPS(at(2*bit), piece.AsY())
			f.VINSERTF64X4(operand.U8(1), v.AsY(), piece.AsZ(), v.AsZ())
		})
	}
}

// sixteen is the instruction on parts of 16 bytes that can name all registers.
func (set *instructionSet) sixteen(name string) string {
	if set.registers > 16 {
		return name + "32X4"
	}
	return name + "128"
}

// ifBit runs the body if n has the bit.
func (f *function) ifBit(n reg.GPVirtual, bit uint32, body func()) {
	skip := f.label("skip")
	f.TESTQ(operand.U32(bit), n)
	f.JE(ref(skip))
	body()
	f.Label(skip)
}

// partialStore writes the first n elements of v, n < lanes, to s and moves s.
func (f *function) partialStore(v vec, s stream, n reg.GPVirtual) {
	x := v.AsX()
	bit := f.lanes() / 2
	if f.vectorBytes() == 64 {
		f.ifBit(n, uint32(bit), func() {
			f.VMOVUPS(v.AsY(), s.at(f, 0))
			f.VEXTRACTF64X4(operand.U8(1), v.AsZ(), v.AsY())
			f.ADDQ(operand.I32(32), s.pointer)
		})
		bit /= 2
	}
	f.ifBit(n, uint32(bit), func() {
		f.VMOVUPS(x, s.at(f, 0))
		f.emit(f.set.sixteen("VEXTRACTF"), operand.U8(1), v.AsY(), x)
		f.ADDQ(operand.I32(16), s.pointer)
	})
	if f.double {
		f.ifBit(n, 1, func() { f.VMOVSD(x, s.at(f, 0)) })
		return
	}
	f.ifBit(n, 2, func() {
		f.VMOVLPS(x, s.at(f, 0))
		f.VPSRLDQ(operand.U8(8), x, x)
		f.ADDQ(operand.I32(8), s.pointer)
	})
	f.ifBit(n, 1, func() { f.VMOVSS(x, s.at(f, 0)) })
}
