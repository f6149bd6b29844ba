package main

import "github.com/mmcloughlin/avo/operand"

// rotaryKernels turn pairs of elements of rows, all by the same angles, whose cosines and sines
// are as many as a row or half a row has elements.
var rotaryKernels = []kernel{
	// rotatePairs turns elements that are side by side: it writes x·cos + y·sin, y being the
	// other element of the pair.
	rotary("rotatePairs", 1, func(f *function, x []op, cos, sin op) []vec {
		v := f.reg(x[0])
		other := f.vector()
		f.emitFloat("VPERMIL", operand.U8(pick(f, 0xb1, 0x55)), v, other)
		return []vec{f.addMul(f.mul(v, cos), other, sin)}
	}),
	// rotateHalves turns elements a and b that are half a row apart: it writes a·cos − b·sin and
	// b·cos + a·sin.
	rotary("rotateHalves", 2, func(f *function, x []op, cos, sin op) []vec {
		a, b, s := f.reg(x[0]), f.reg(x[1]), f.reg(sin)
		return []vec{f.subMul(f.mul(a, cos), b, s), f.addMul(f.mul(b, cos), a, s)}
	}),
}

// rotary is a kernel on rows of so many pieces, each as long as cos and sin. dst may be x.
func rotary(name string, pieces int, body func(f *function, x []op, cos, sin op) []vec) kernel {
	return kernel{
		name: name, internal: true, params: with(sliceParams("dst", "x", "cos", "sin"), param{"rows", "int"}),
		bridge: `
	n := len(cos)
	width := ` + name + `Width[T](n)
	if width == 0 {
		` + name + `Generic(dst, x, cos, sin, rows)
		return
	}
	` + name + `Assembly(width, unsafe.SliceData(dst), unsafe.SliceData(x), unsafe.SliceData(cos), unsafe.SliceData(sin), n, rows)`,
		asm: "func(dst, x, cos, sin *T, n, rows int)",
		emit: func(f *function) {
			f.eachRow([]matrix{{"dst", pieces}, {"x", pieces}}, func(s []stream) {
				angles := f.streams("cos", "sin")
				f.shortLoop(f.load64("n"), append(s[pieces:2*pieces:2*pieces], angles...), s[:pieces], func(x []op) []vec {
					return body(f, x[:pieces], x[pieces], x[pieces+1])
				})
			})
		},
	}
}
