package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Assembly of conversions does whole vectors of dst and leaves the rest to the
// reference: a masked load of single bytes does not exist.
var convertKernels = []kernel{
	{
		name: "bytesToFloats", internal: true,
		params: []param{{"dst", "[]T"}, {"src", "[]byte"}, {"scale", "T"}, {"shift", "T"}},
		bridge: `
	done := 0
	switch {
	case active < avx2:
	case is32[T]():
		done = len(dst) &^ 7
		bytesToFloatsF32AVX2(ptr32(dst), unsafe.SliceData(src), done, float32(scale), float32(shift))
	default:
		done = len(dst) &^ 3
		bytesToFloatsF64AVX2(ptr64(dst), unsafe.SliceData(src), done, float64(scale), float64(shift))
	}
	bytesToFloatsGeneric(dst[done:], src[done:], scale, shift)`,
		emit: func(f *function) {
			n, dst, src := f.load64("n"), f.load64("dst"), f.load64("src")
			scale, shift := f.scalar("scale"), f.scalar("shift")
			f.wholeVectors(n, func() {
				v := f.YMM()
				if f.double {
					x := f.XMM()
					f.VPMOVZXBD(operand.Mem{Base: src}, x)
					f.VCVTDQ2PD(x, v)
				} else {
					f.VPMOVZXBD(operand.Mem{Base: src}, v)
					f.VCVTDQ2PS(v, v)
				}
				f.store(f.add(f.mul(v, scale), shift), operand.Mem{Base: dst})
				f.ADDQ(operand.I32(f.lanes()), src)
				f.ADDQ(operand.I32(vectorBytes), dst)
			})
		},
	},
	{
		name: "float32To64", internal: true, only: "F64",
		params: []param{{"dst", "[]float64"}, {"src", "[]float32"}},
		bridge: `
	done := 0
	if active >= avx2 {
		done = len(dst) &^ 3
		float32To64F64AVX2(unsafe.SliceData(dst), unsafe.SliceData(src), done)
	}
	float32To64Generic(dst[done:], src[done:])`,
		emit: func(f *function) {
			n, dst, src := f.load64("n"), f.load64("dst"), f.load64("src")
			f.wholeVectors(n, func() {
				v := f.YMM()
				f.VCVTPS2PD(operand.Mem{Base: src}, v)
				f.store(v, operand.Mem{Base: dst})
				f.ADDQ(operand.I32(vectorBytes/2), src)
				f.ADDQ(operand.I32(vectorBytes), dst)
			})
		},
	},
	{
		name: "float64To32", internal: true, only: "F64",
		params: []param{{"dst", "[]float32"}, {"src", "[]float64"}},
		bridge: `
	done := 0
	if active >= avx2 {
		done = len(dst) &^ 3
		float64To32F64AVX2(unsafe.SliceData(dst), unsafe.SliceData(src), done)
	}
	float64To32Generic(dst[done:], src[done:])`,
		emit: func(f *function) {
			n, dst, src := f.load64("n"), f.load64("dst"), f.load64("src")
			f.wholeVectors(n, func() {
				x := f.XMM()
				f.VCVTPD2PSY(operand.Mem{Base: src}, x)
				f.VMOVUPS(x, operand.Mem{Base: dst})
				f.ADDQ(operand.I32(vectorBytes), src)
				f.ADDQ(operand.I32(vectorBytes/2), dst)
			})
		},
	},
	{
		name: "transpose", internal: true,
		params: []param{{"dst", "[]T"}, {"dstRow", "int"}, {"src", "[]T"}, {"srcRow", "int"}, {"rows", "int"}, {"cols", "int"}},
		asm:    "func(dst, src *T, dstRow, srcRow, tileRows, tileCols int)",
		bridge: transposeBridge,
		emit:   emitTranspose,
	},
	{
		name: "fmaLoop", internal: true, typed: true,
		params: []param{{"iterations", "int"}}, result: []string{"int"},
		emit: emitFMALoop,
	},
}

// wholeVectors runs the body n/lanes times and finishes the function.
func (f *function) wholeVectors(n reg.GPVirtual, body func()) {
	loop, done := f.label("loop"), f.label("done")
	f.TESTQ(n, n)
	f.JE(ref(done))
	f.Label(loop)
	body()
	f.SUBQ(operand.I32(f.lanes()), n)
	f.JNE(ref(loop))
	f.Label(done)
	f.finish()
}

// transposeBridge walks the matrix in blocks, hands the whole tiles of a block to
// the assembly and the margins of the matrix to the reference.
const transposeBridge = `
	tile := vectorBytes / sizeOf[T]()
	fullRows, fullCols := rows&^(tile-1), cols&^(tile-1)
	if active < avx2 || fullRows == 0 || fullCols == 0 {
		transposeGeneric(dst, dstRow, src, srcRow, rows, cols)
		return
	}
	blockRows, blockCols := transposeBlock, transposeBlock
	if srcRow*sizeOf[T]()%4096 == 0 {
		// All rows of a block fall on the same few cache sets: walk down one
		// column of tiles at a time, which needs few lines of them.
		blockRows, blockCols = 8*transposeBlock, tile
	}
	for i := 0; i < fullRows; i += blockRows {
		h := min(blockRows, fullRows-i)
		for j := 0; j < fullCols; j += blockCols {
			w := min(blockCols, fullCols-j)
			d, s := dst[j*dstRow+i:], src[i*srcRow+j:]
			if is32[T]() {
				transposeF32AVX2(ptr32(d), ptr32(s), dstRow, srcRow, h, w)
			} else {
				transposeF64AVX2(ptr64(d), ptr64(s), dstRow, srcRow, h, w)
			}
		}
	}
	transposeRegion(dst, dstRow, src, srcRow, 0, rows, fullCols, cols)
	transposeRegion(dst, dstRow, src, srcRow, fullRows, rows, 0, fullCols)`

// emitTranspose transposes a block of tileRows by tileCols, multiples of the
// lanes, between matrices whose rows are dstRow and srcRow elements apart. Down a column of tiles the stores fill
// whole cache lines of dst.
func emitTranspose(f *function) {
	dst, src := f.load64("dst"), f.load64("src")
	to, from := f.pitch("dstRow"), f.pitch("srcRow")
	left := f.load64("tileCols")
	lanes := f.lanes()

	column, tile := f.label("column"), f.label("tile")
	f.Label(column)
	s, d, down := f.GP64(), f.GP64(), f.load64("tileRows")
	f.MOVQ(src, s)
	f.MOVQ(dst, d)
	f.Label(tile)
	f.transposeTile(to.lines(f, d), from.lines(f, s))
	f.ADDQ(operand.I32(vectorBytes), d)
	for range lanes / 4 {
		f.LEAQ(operand.Mem{Base: s, Index: from.one, Scale: 4}, s)
	}
	f.SUBQ(operand.I32(lanes), down)
	f.JNE(ref(tile))
	f.ADDQ(operand.I32(vectorBytes), src)
	for range lanes / 4 {
		f.LEAQ(operand.Mem{Base: dst, Index: to.one, Scale: 4}, dst)
	}
	f.SUBQ(operand.I32(lanes), left)
	f.JNE(ref(column))
	f.finish()
}

// pitch is the distance of two lines of a matrix in bytes, and three times it.
type pitch struct{ one, three reg.GPVirtual }

func (f *function) pitch(length string) pitch {
	p := pitch{one: f.load64(length), three: f.GP64()}
	f.SHLQ(operand.U8(pick(f, 2, 3)), p.one)
	f.LEAQ(operand.Mem{Base: p.one, Index: p.one, Scale: 2}, p.three)
	return p
}

// lines returns the addresses of as many lines as there are lanes, from start.
func (p pitch) lines(f *function, start reg.GPVirtual) []operand.Mem {
	var out []operand.Mem
	for {
		base := operand.Mem{Base: start}
		out = append(out, base, base.Idx(p.one, 1), base.Idx(p.one, 2), base.Idx(p.three, 1))
		if len(out) == f.lanes() {
			return out
		}
		next := f.GP64()
		f.LEAQ(operand.Mem{Base: start, Index: p.one, Scale: 4}, next)
		start = next
	}
}

// transposeTile writes the columns of a square tile, whose rows begin at src, as
// rows beginning at dst.
func (f *function) transposeTile(dst, src []operand.Mem) {
	lanes := f.lanes()
	// Vector i takes the low halves of rows i and i+lanes/2, vector i+lanes/2
	// their high halves: what is left to do crosses no 128-bit border.
	halves := make([]vec, lanes)
	for i := range lanes / 2 {
		for h := range 2 {
			v := f.YMM()
			f.VBROADCASTF128(src[i].Offset(h*16), v)
			f.emit("VINSERTF128", operand.U8(1), src[i+lanes/2].Offset(h*16), v, v)
			halves[h*lanes/2+i] = v
		}
	}
	var out []vec
	for h := range 2 {
		part := halves[h*lanes/2 : (h+1)*lanes/2]
		if f.double {
			out = append(out, f.unpack("VUNPCKLPD", part[0], part[1]), f.unpack("VUNPCKHPD", part[0], part[1]))
			continue
		}
		a, b := f.unpack("VUNPCKLPS", part[0], part[1]), f.unpack("VUNPCKLPS", part[2], part[3])
		c, e := f.unpack("VUNPCKHPS", part[0], part[1]), f.unpack("VUNPCKHPS", part[2], part[3])
		out = append(out, f.unpack("VUNPCKLPD", a, b), f.unpack("VUNPCKHPD", a, b),
			f.unpack("VUNPCKLPD", c, e), f.unpack("VUNPCKHPD", c, e))
	}
	for i, v := range out {
		f.store(v, dst[i])
	}
}

func (f *function) unpack(name string, a, b vec) vec {
	d := f.YMM()
	f.emit(name, b, a, d)
	return d
}

// emitFMALoop runs as many independent multiply-adds as hide their latency.
func emitFMALoop(f *function) {
	const chains = 12
	left := f.load64("iterations")
	flops := f.GP64()
	f.IMUL3Q(operand.I32(chains*2*f.lanes()), left, flops)
	f.MOVQ(flops, f.result(0))
	acc := f.zeros(chains)
	x := f.copy(f.constant(0.5))
	loop, done := f.label("loop"), f.label("done")
	f.TESTQ(left, left)
	f.JLE(ref(done))
	f.Label(loop)
	for _, a := range acc {
		f.mulAdd(a, x, x)
	}
	f.DECQ(left)
	f.JNE(ref(loop))
	f.Label(done)
	f.finish()
}
