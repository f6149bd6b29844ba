package main

import (
	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmList.
const (
	listIndex field = 8 * iota
	listTable
	listK     // of AVX2: a multiple of listGroup, not 0
	listCount // the result
	listStep  // how many columns a part has
	listSkip  // the byte, in each of the lowest four
	listRows  // as many pointers as maxIndexedRows
)

// listGroup is how many columns the kernel of AVX2 does at a time.
const listGroup = 32

// listColumns emits the kernel that lists the columns of a few rows of bytes that are
// not all the byte to skip. The group's columns come in parts of eight: a table says
// which lanes of the list they go to, its entry m holds the numbers of the bits set in m.
func (c file) listColumns() {
	f := c.begin(single, "gemmListColumns", "lists the columns of bytes that are not all to be skipped.", "gemmList")
	index, table, k := f.get(listIndex), f.get(listTable), f.get(listK)
	rows := make([]gp, f.set.indexedRows)
	for r := range rows {
		rows[r] = f.get(listRows + field(8*r))
		f.ADDQ(k, rows[r]) // the loop counts from −k to 0
	}
	skip, column, eight := f.YMM(), f.YMM(), f.YMM()
	f.VPXOR(column, column, column) // the part's first column, in every lane
	f.VPBROADCASTD(f.at(listSkip), skip)
	f.VPBROADCASTD(f.at(listStep), eight)
	f.NEGQ(k)
	f.Label("group")
	var same vec
	for r := range rows {
		x := f.YMM()
		f.VPCMPEQB(operand.Mem{Base: rows[r], Index: k, Scale: 1}, skip, x)
		if r == 0 {
			same = x
		} else {
			f.VPAND(x, same, same)
		}
	}
	mask := f.GP64()
	f.VPMOVMSKB(same, mask.As32())
	f.NOTL(mask.As32())
	for part := range listGroup / 8 {
		set, count, lanes := f.GP64(), f.GP64(), f.YMM()
		f.MOVBQZX(mask.As8L(), set)
		if part < listGroup/8-1 {
			f.SHRL(operand.Imm(8), mask.As32())
		}
		f.VPMOVZXBD(operand.Mem{Base: table, Index: set, Scale: 8}, lanes)
		f.VPADDD(column, lanes, lanes)
		f.VMOVDQU(lanes, operand.Mem{Base: index})
		f.POPCNTQ(set, count)
		f.LEAQ(operand.Mem{Base: index, Index: count, Scale: 4}, index)
		f.VPADDD(eight, column, column)
	}
	f.ADDQ(operand.Imm(listGroup), k)
	f.JNE(operand.LabelRef("group"))
	f.SUBQ(f.at(listIndex), index)
	f.SHRQ(operand.Imm(2), index)
	f.MOVQ(index, f.at(listCount))
	f.end()
}

// wideListColumns emits listColumns for AVX-512, for any number of columns: a comparison
// does 64 of them, and an instruction puts the numbers of 16 where they belong.
func (c file) wideListColumns() {
	f := c.begin(single, "gemmListColumns", "lists the columns of bytes that are not all to be skipped.", "gemmList")
	index, k := f.get(listIndex), f.get(listK)
	rows := make([]gp, f.set.indexedRows)
	for r := range rows {
		rows[r] = f.get(listRows + field(8*r))
	}
	skip, column, step := f.ZMM(), f.ZMM(), f.ZMM()
	f.VPBROADCASTD(f.at(listSkip), skip)
	f.VPBROADCASTD(f.at(listStep), step)
	f.VMOVDQU32(operand.Mem{Base: f.get(listTable)}, column) // the numbers of 16 columns
	f.Label("group")
	// In the last group, those there are.
	there, ones, count := f.GP64(), f.K(), f.GP64()
	f.MOVQ(operand.I32(64), count)
	f.CMPQ(k, count)
	f.CMOVQLT(k, count)
	f.MOVQ(operand.I32(-1), there)
	f.BZHIQ(count, there, there)
	f.KMOVQ(there, ones)
	listed := f.K()
	for r := range rows {
		const notEqual = 4
		differ := listed
		if r > 0 {
			differ = f.K()
		}
		f.VPCMPUB(operand.Imm(notEqual), operand.Mem{Base: rows[r]}, skip, ones, differ)
		if r > 0 {
			f.KORQ(differ, listed, listed)
		}
		f.ADDQ(operand.Imm(64), rows[r])
	}
	which := f.GP64()
	f.KMOVQ(listed, which)
	for part := range 4 {
		mask, n, lanes := f.K(), f.GP64(), f.ZMM()
		f.KMOVW(which.As32(), mask)
		f.VPCOMPRESSD_Z(column, mask, lanes)
		f.VMOVDQU32(lanes, operand.Mem{Base: index})
		f.MOVWLZX(which.As16(), n.As32())
		f.POPCNTL(n.As32(), n.As32())
		f.LEAQ(operand.Mem{Base: index, Index: n, Scale: 4}, index)
		f.VPADDD(step, column, column)
		if part < 3 {
			f.SHRQ(operand.Imm(16), which)
		}
	}
	f.SUBQ(operand.Imm(64), k)
	f.JGT(operand.LabelRef("group"))
	f.SUBQ(f.at(listIndex), index)
	f.SHRQ(operand.Imm(2), index)
	f.MOVQ(index, f.at(listCount))
	f.end()
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
func (c file) transposeBytes() {
	f := c.begin(single, "gemmTransposeBytes", "transposes tiles of 8 rows and 16 columns of bytes.", "gemmByteTiles")
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
