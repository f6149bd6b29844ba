package main

import (
	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmBytes.
const (
	bytesValues field = 8 * iota
	bytesPitch        // bytes from one row of values to the next
	bytesIndex
	bytesTable
	bytesScale // a pointer
	bytesK     // a multiple of byteGroup, not 0
	bytesCount // the result
	bytesEight
	bytesRows // as many pointers as indexedRows
)

// byteGroup is how many columns packBytes does at a time.
const byteGroup = 8

// packBytes emits the kernel that converts rows of bytes and lists the columns where
// one of them is not 0. For each group of columns a table says which lanes of the
// list they come to: entry m holds the numbers of the bits set in m.
func packBytes(c *build.Context, e element) {
	f := begin(c, e, "gemmBytes"+e.name, "converts rows of bytes and lists the columns that are not all 0.", "gemmBytes")
	values, pitch, index, table, k := f.get(bytesValues), f.get(bytesPitch), f.get(bytesIndex), f.get(bytesTable), f.get(bytesK)
	rows := make([]gp, indexedRows)
	for r := range rows {
		rows[r] = f.get(bytesRows + field(8*r))
		f.ADDQ(k, rows[r]) // the loop counts from −k to 0
	}
	scale := f.broadcast(operand.Mem{Base: f.get(bytesScale)})
	zero, column, eight := f.YMM(), f.YMM(), f.YMM()
	f.VPXOR(zero, zero, zero)
	f.VPXOR(column, column, column) // the group's first column, in every lane
	f.VPBROADCASTD(f.at(bytesEight), eight)
	f.NEGQ(k)
	f.Label("group")
	any, out := f.YMM(), values
	for r := range rows {
		x := f.YMM()
		f.VPMOVZXBD(operand.Mem{Base: rows[r], Index: k, Scale: 1}, x)
		if r == 0 {
			f.VMOVDQU(x, any)
		} else {
			f.VPOR(x, any, any)
		}
		f.storeInts(x, scale, out)
		if r < len(rows)-1 {
			next := f.GP64()
			f.LEAQ(operand.Mem{Base: out, Index: pitch, Scale: 1}, next)
			out = next
		}
	}
	f.ADDQ(operand.Imm(uint64(byteGroup*f.size)), values)
	f.VPCMPEQD(zero, any, any)
	mask, count, lanes := f.GP64(), f.GP64(), f.YMM()
	f.VMOVMSKPS(any, mask.As32())
	f.XORQ(operand.Imm(0xff), mask)
	f.VPMOVZXBD(operand.Mem{Base: table, Index: mask, Scale: 8}, lanes)
	f.VPADDD(column, lanes, lanes)
	f.VMOVDQU(lanes, operand.Mem{Base: index})
	f.POPCNTQ(mask, count)
	f.LEAQ(operand.Mem{Base: index, Index: count, Scale: 4}, index)
	f.VPADDD(eight, column, column)
	f.ADDQ(operand.Imm(byteGroup), k)
	f.JNE(operand.LabelRef("group"))
	f.SUBQ(f.at(bytesIndex), index)
	f.SHRQ(operand.Imm(2), index)
	f.MOVQ(index, f.at(bytesCount))
	f.end()
}

// storeInts stores eight integers, converted and scaled, at out.
func (f *function) storeInts(x, scale vec, out gp) {
	if f.size == 4 {
		v := f.YMM()
		f.VCVTDQ2PS(x, v)
		f.VMULPS(scale, v, v)
		f.VMOVUPS(v, operand.Mem{Base: out})
		return
	}
	half := f.XMM()
	f.VEXTRACTI128(operand.Imm(1), x, half)
	for i, h := range []operand.Op{x.AsX(), half} {
		v := f.YMM()
		f.VCVTDQ2PD(h, v)
		f.VMULPD(scale, v, v)
		f.VMOVUPD(v, operand.Mem{Base: out, Disp: 32 * i})
	}
}

// Fields of gemmByteTiles.
const (
	byteTilesDst field = 8 * iota
	byteTilesSrc
	byteTilesDstRow // distances
	byteTilesSrcRow
	byteTilesCount
)

// transposeBytes emits the kernel that transposes tiles of bytes, 8 rows × 16
// columns, one below the other.
func transposeBytes(c *build.Context) {
	f := begin(c, single, "gemmTransposeBytes", "transposes tiles of 8 rows and 16 columns of bytes.", "gemmByteTiles")
	src, srcRow := f.get(byteTilesSrc), f.get(byteTilesSrcRow)
	dst, dstRow := f.get(byteTilesDst), f.get(byteTilesDstRow)
	tiles := f.get(byteTilesCount)
	srcRow3, dstRow3 := f.GP64(), f.GP64()
	f.LEAQ(operand.Mem{Base: srcRow, Index: srcRow, Scale: 2}, srcRow3)
	f.LEAQ(operand.Mem{Base: dstRow, Index: dstRow, Scale: 2}, dstRow3)
	four := func(base, row, row3 gp) []operand.Mem {
		return []operand.Mem{{Base: base}, {Base: base, Index: row, Scale: 1}, {Base: base, Index: row, Scale: 2}, {Base: base, Index: row3, Scale: 1}}
	}
	f.Label("tile")
	lower := f.GP64()
	f.LEAQ(operand.Mem{Base: src, Index: srcRow, Scale: 4}, lower)
	var rows []operand.Op
	for _, m := range append(four(src, srcRow, srcRow3), four(lower, srcRow, srcRow3)...) {
		x := f.XMM()
		f.VMOVDQU(m, x)
		rows = append(rows, x)
	}
	// Each round interleaves what is four rows apart. After three, row i holds columns
	// 2i and 2i+1.
	for range 3 {
		var next []operand.Op
		for i := range 4 {
			low, high := f.XMM(), f.XMM()
			f.VPUNPCKLBW(rows[i+4], rows[i], low)
			f.VPUNPCKHBW(rows[i+4], rows[i], high)
			next = append(next, low, high)
		}
		rows = next
	}
	out := f.GP64()
	f.MOVQ(dst, out)
	for i := 0; i < len(rows); i += 2 {
		to := four(out, dstRow, dstRow3)
		for j, x := range rows[i : i+2] {
			f.VMOVLPS(x, to[2*j])
			f.VMOVHPS(x, to[2*j+1])
		}
		if i+2 < len(rows) {
			f.LEAQ(operand.Mem{Base: out, Index: dstRow, Scale: 4}, out)
		}
	}
	f.LEAQ(operand.Mem{Base: src, Index: srcRow, Scale: 8}, src)
	f.ADDQ(operand.Imm(8), dst)
	f.DECQ(tiles)
	f.JNE(operand.LabelRef("tile"))
	f.RET()
}
