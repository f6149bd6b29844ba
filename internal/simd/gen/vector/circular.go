package main

import (
	"fmt"
	"math"
)

// circularLimit is up to where three parts of π/2 reduce an angle exactly
// enough; beyond it the reference takes over.
func (f *function) circularLimit() float64 { return pick(f, math.Exp2(20), math.Exp2(30)) }

// leaveIfHuge jumps to bail if any |x| is above circularLimit.
func (f *function) leaveIfHuge(x vec, bail string) {
	f.jumpIfAny(f.compare(greater, f.abs(x), f.constant(f.circularLimit())), bail)
}

// sine returns sin(x + quadrants·π/2) for |x| up to circularLimit.
func (f *function) sine(x vec, quadrants int) vec {
	// x = n·π/2 + r
	shift := f.constant(f.roundingShift())
	bits := f.copy(shift)
	f.addMul(bits, x, f.constant(2/math.Pi))
	n := f.sub(bits, shift)
	r := f.copy(x)
	for _, part := range f.halfPi() {
		f.subMul(r, n, f.constant(part))
	}
	if quadrants != 0 {
		bits = f.intAdd(bits, f.bits(uint64(quadrants)))
	}
	r2 := f.mul(r, r)

	s := f.horner(r2, f.sinCoefficients())
	f.mulAdd(s, r2, f.constant(1))
	s = f.mul(s, r)

	c := f.horner(r2, f.cosCoefficients())
	f.mulAdd(c, r2, f.constant(-0.5))
	f.mulAdd(c, r2, f.constant(1))

	// An odd quadrant takes the cosine of r, the upper two change sign.
	top := 8*f.bytes() - 1
	y := f.blend(s, c, f.negative(f.shiftLeft(bits, top)))
	return f.xor(y, f.sign(f.shiftLeft(bits, top-1)))
}

// circular is a kernel that maps sine over a slice. Its assembly returns how many
// elements it did: all, or those before the first vector that holds an angle too
// large for it. Some are then done by themselves, the large ones by the reference, so
// that what an angle gives does not depend on its neighbours.
func circular(name string, quadrants int) kernel {
	k := kernel{name: name, wideFrom: costly, params: sliceParams("dst", "x"), asm: "func(dst, x *T, n int) int"}
	k.bridge = fmt.Sprintf(`
	width := %[1]sWidth[T](len(dst))
	if width == 0 {
		%[1]sGeneric(dst, x)
		return
	}
	for {
		done := %[1]sAssembly(width, unsafe.SliceData(dst), unsafe.SliceData(x), len(dst))
		if done == len(dst) {
			return
		}
		next := min(done+2*width/sizeOf[T](), len(dst)) // what it looks at in one turn
		%[1]sSome(width, dst[done:next], x[done:next])
		dst, x = dst[next:], x[next:]
	}
}

// %[1]sSome does a few elements, the large ones with the reference.
func %[1]sSome[T Float](width int, dst, x []T) {
	limit := T(1 << 20)
	if !is32[T]() {
		limit = 1 << 30
	}
	var buffer [32]T
	for i, v := range x {
		if -limit <= v && v <= limit {
			buffer[i] = v
		}
	}
	%[1]sAssembly(width, &buffer[0], &buffer[0], len(x))
	for i, v := range x {
		if -limit <= v && v <= limit {
			dst[i] = buffer[i]
		} else {
			%[1]sGeneric(dst[i:i+1], x[i:i+1])
		}
	}
`, name)
	k.emit = func(f *function) {
		n := f.load64("n")
		s := f.streams("dst", "x")
		bail := f.label("bail")
		f.longLoop(n, mapping{in: s[1:], out: s[:1],
			guard: func(x []vec) { f.leaveIfHuge(x[0], bail) },
			body:  func(x []vec) []vec { return []vec{f.sine(x[0], quadrants)} },
		})
		all := f.load64("n")
		f.MOVQ(all, f.result(0))
		f.finish()

		f.Label(bail)
		did := f.load64("n")
		f.SUBQ(n, did)
		f.MOVQ(did, f.result(0))
		f.finish()
	}
	return k
}
