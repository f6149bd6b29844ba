package main

import (
	"cmp"
	"strings"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// The assembly of conversions does as many elements as fill vectors of 32 bytes on
// the larger side and leaves the rest to the reference: a masked load of single
// bytes does not exist in all instruction sets.
const conversionBridge = `
	done := 0
	if NAMEWidth() > 0 {
		done = len(dst) &^ (32/SIZE - 1)
		NAMEAssembly(unsafe.SliceData(dst), unsafe.SliceData(src), doneSCALARS)
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
	k.bridge = strings.NewReplacer("NAME", k.name, "SIZE", size, "SCALARS", scalars).Replace(conversionBridge)
	k.emit = func(f *function) {
		n, dst, src := f.load64("n"), f.load64("dst"), f.load64("src")
		var s []vec
		for _, p := range k.params[2:] {
			s = append(s, f.scalar(p.name))
		}
		loop := func() {
			again, done := f.label("again"), f.label("done")
			lanes := f.lanes()
			f.Label(again)
			f.CMPQ(n, operand.I32(lanes))
			f.JL(ref(done))
			body(f, s, operand.Mem{Base: src}, operand.Mem{Base: dst})
			f.ADDQ(operand.I32(lanes*cmp.Or(from, f.bytes())), src)
			f.ADDQ(operand.I32(lanes*cmp.Or(to, f.bytes())), dst)
			f.SUBQ(operand.I32(lanes), n)
			f.JMP(ref(again))
			f.Label(done)
		}
		loop()
		if f.vectorBytes() > sumBytes {
			f.inSumBytes(loop)
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
		name: "transpose", internal: true, upTo: avx2,
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

// transposeBridge walks the matrix in blocks, hands the whole tiles of a block to
// the assembly and the margins of the matrix to the reference.
const transposeBridge = `
	tile := max(transposeWidth()/sizeOf[T](), 1)
	fullRows, fullCols := rows&^(tile-1), cols&^(tile-1)
	if tile == 1 || fullRows == 0 || fullCols == 0 {
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
			transposeAssembly(&dst[j*dstRow+i], &src[i*srcRow+j], dstRow, srcRow, h, w)
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
	f.ADDQ(operand.I32(f.vectorBytes()), d)
	for range lanes / 4 {
		f.LEAQ(operand.Mem{Base: s, Index: from.one, Scale: 4}, s)
	}
	f.SUBQ(operand.I32(lanes), down)
	f.JNE(ref(tile))
	f.ADDQ(operand.I32(f.vectorBytes()), src)
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
