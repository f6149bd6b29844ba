package main

import (
	"cmp"
	"strings"

	"github.com/mmcloughlin/avo/operand"
)

// The assembly of conversions does as many elements as fill narrow vectors on the
// larger side and leaves the rest to the reference: a masked load of single bytes does
// not exist in all instruction sets.
const conversionBridge = `
	done := 0
	if width := NAMEWidthTYPE(len(dst)); width > 0 {
		done = len(dst) &^ (32/SIZE - 1)
		NAMEAssembly(width, unsafe.SliceData(dst), unsafe.SliceData(src), doneSCALARS)
	}
	NAMEGeneric(dst[done:], src[done:]SCALARS)`

// conversion is a kernel that converts elements of from bytes at src to elements of
// to bytes at dst, where 0 stands for the size of the element type, vector by vector.
func conversion(k kernel, from, to int, body func(f *function, scalars []vec, src, dst operand.Mem)) kernel {
	k.internal = true
	scalars := ""
	for _, p := range k.params[2:] {
		scalars += ", " + p.name
	}
	size := k.elementSize()
	typ := ""
	if k.only == "" {
		typ = "[T]"
	}
	k.bridge = strings.NewReplacer("NAME", k.name, "TYPE", typ, "SIZE", size, "SCALARS", scalars).Replace(conversionBridge)
	k.emit = func(f *function) {
		n, dst, src := f.load64("n"), f.load64("dst"), f.load64("src")
		var s []vec
		for _, p := range k.params[2:] {
			s = append(s, f.scalar(p.name))
		}
		loop := func(vectors int) {
			again, done := f.label("again"), f.label("done")
			lanes, from, to := f.lanes(), cmp.Or(from, f.bytes()), cmp.Or(to, f.bytes())
			f.SUBQ(operand.I32(vectors*lanes), n)
			f.JL(ref(done))
			f.Label(again)
			for i := range vectors {
				body(f, s, operand.Mem{Base: src, Disp: i * lanes * from}, operand.Mem{Base: dst, Disp: i * lanes * to})
			}
			f.ADDQ(operand.I32(vectors*lanes*from), src)
			f.ADDQ(operand.I32(vectors*lanes*to), dst)
			f.SUBQ(operand.I32(vectors*lanes), n)
			f.JGE(ref(again))
			f.Label(done)
			f.ADDQ(operand.I32(vectors*lanes), n)
		}
		loop(2)
		loop(1)
		if f.vectorBytes() > narrowBytes {
			f.narrowly(func() { loop(1) })
		}
		f.finish()
	}
	return k
}

var convertKernels = []kernel{
	conversion(kernel{name: "bytesToFloats", params: []param{{"dst", "[]T"}, {"src", "[]byte"}, {"scale", "T"}, {"shift", "T"}}},
		1, 0, func(f *function, s []vec, src, dst operand.Mem) {
			v := f.vector()
			if f.double {
				x := f.half()
				f.VPMOVZXBD(src, x)
				f.VCVTDQ2PD(x, v)
			} else {
				f.VPMOVZXBD(src, v)
				f.VCVTDQ2PS(v, v)
			}
			f.store(f.add(f.mul(v, s[0]), s[1]), dst)
		}),
	conversion(kernel{name: "float32To64", only: "F64", params: []param{{"dst", "[]float64"}, {"src", "[]float32"}}},
		4, 8, func(f *function, _ []vec, src, dst operand.Mem) {
			v := f.vector()
			f.VCVTPS2PD(src, v)
			f.store(v, dst)
		}),
	conversion(kernel{name: "float64To32", only: "F64", params: []param{{"dst", "[]float32"}, {"src", "[]float64"}}},
		8, 4, func(f *function, _ []vec, src, dst operand.Mem) {
			x := f.half()
			if f.vectorBytes() == 64 {
				f.VCVTPD2PS(src, x)
			} else {
				f.VCVTPD2PSY(src, x)
			}
			f.VMOVUPS(x, dst)
		}),
	{
		name: "transpose", internal: true,
		params: []param{{"dst", "[]T"}, {"dstRow", "int"}, {"src", "[]T"}, {"srcRow", "int"}, {"rows", "int"}, {"cols", "int"}},
		asm:    "func(dst, src *T, dstRow, srcRow, tileRows, tileCols int)",
		bridge: transposeBridge,
		emit:   emitTranspose,
	},
}

// half returns a fresh register of half a vector.
func (f *function) half() vec {
	if f.vectorBytes() == 64 {
		return f.YMM()
	}
	return f.XMM()
}
