package main

import (
	"encoding/binary"
	"fmt"

	"github.com/mmcloughlin/avo/ir"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of gemmRange.
const (
	rangeSrc field = 8 * iota
	rangeRanges
	rangeMask
	rangeStep
	rangeCount
)

// ranges emits the kernel that finds the range of each lane of vectors: of the bits of the
// magnitudes the largest, and the least less one, such that 0 comes last.
func (c file) ranges(e element) {
	f := c.begin(e, "gemmRanges"+e.name, "finds the range of magnitudes in each lane.", "gemmRange")
	src, ranges, step, count := f.get(rangeSrc), f.get(rangeRanges), f.get(rangeStep), f.get(rangeCount)
	mask := f.loadMask(rangeMask, f.set.width)
	largest, least, all := f.vector(), f.vector(), f.vector()
	leastAt := operand.Mem{Base: ranges, Disp: f.set.width}
	f.VMOVDQU32(operand.Mem{Base: ranges}, largest)
	f.VMOVDQU32(leastAt, least)
	f.VPTERNLOGD(operand.U8(0xff), all, all, all)
	magnitude := f.vector()
	f.VPSRLD(operand.Imm(1), all, magnitude)
	f.Label("loop")
	x := f.vector()
	f.loadMasked(operand.Mem{Base: src}, mask, x)
	f.VPANDD(magnitude, x, x)
	f.VPMAXUD(x, largest, largest)
	f.VPADDD(all, x, x)
	f.VPMINUD(x, least, least)
	f.ADDQ(step, src)
	f.DECQ(count)
	f.JNE(operand.LabelRef("loop"))
	f.VMOVDQU32(largest, operand.Mem{Base: ranges})
	f.VMOVDQU32(least, leastAt)
	f.end()
}

// Fields of gemmSplitting.
const (
	splitSrc field = 8 * iota
	splitDst
	splitExponents // that elements are multiplied by
	splitOrder     // where a row takes its elements from, of bfloat16
	splitMask
	splitSecond // distance of the vectors of a pair
	splitStep   // distance of pairs
	splitTo     // distance of rows
	splitCount
)

// Sizes of tiles.
const (
	tileBytes  = 1024
	tileRow    = 64
	splitParts = 3
)

// split emits the kernel that splits numbers of pairs of vectors into three parts of bfloat16. A
// part of a pair makes a row of a tile.
func (c file) split(e element) {
	f := c.begin(e, "gemmSplit"+e.name, "splits pairs of vectors into rows of tiles.", "gemmSplitting")
	src, dst, count := f.get(splitSrc), f.get(splitDst), f.get(splitCount)
	second, step, to := f.get(splitSecond), f.get(splitStep), f.get(splitTo)
	mask := f.loadMask(splitMask, f.set.width)
	exponents, order, shift := f.vector(), f.vector(), f.vector()
	f.load(operand.Mem{Base: f.get(splitExponents)}, exponents)
	f.VMOVDQU16(operand.Mem{Base: f.get(splitOrder)}, order)
	bits := f.GP64()
	f.MOVL(operand.U32(0x47800080), bits.As32()) // 2¹⁶ + 1, which leaves eight bits
	f.VPBROADCASTD(bits.As32(), shift)
	f.Label("loop")
	x := []vec{f.vector(), f.vector()}
	f.loadMasked(operand.Mem{Base: src}, mask, x[0])
	f.loadMasked(operand.Mem{Base: src, Index: second, Scale: 1}, mask, x[1])
	for i := range x {
		f.VSCALEFPS(exponents, x[i], x[i])
	}
	for part := range splitParts {
		var highs []vec
		for i := range x {
			high, low := f.vector(), f.vector()
			f.VMULPS(shift, x[i], high)
			f.VSUBPS(x[i], high, low)
			f.VSUBPS(low, high, high)
			if part < splitParts-1 {
				f.VSUBPS(high, x[i], x[i])
			}
			highs = append(highs, high)
		}
		row := f.vector()
		f.VMOVDQA32(order, row)
		f.VPERMI2W(highs[1], highs[0], row)
		f.VMOVDQU16(row, operand.Mem{Base: dst, Disp: part * tileBytes})
	}
	f.ADDQ(step, src)
	f.ADDQ(to, dst)
	f.DECQ(count)
	f.JNE(operand.LabelRef("loop"))
	f.end()
}

// Fields of gemmSplitTiles.
const (
	splitTilesA field = 8 * iota
	splitTilesB
	splitTilesC
	splitTilesBias
	splitTilesAExponents // that results are multiplied by
	splitTilesBExponents
	splitTilesMask
	splitTilesSecondMask
	splitTilesConfig
	splitTilesScratch
	splitTilesBlocks // along k; not 0
	splitTilesRows   // in all groups of tiles
	splitTilesGroup  // distance of tiles side by side
	splitTilesCRow   // distance
	splitTilesFlags
)

// splitPrecisions are the pairs of parts of A and B that a product is put together from, in order.
var splitPrecisions = []struct {
	name  string
	pairs [][2]int
}{
	{"Highest", [][2]int{{2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 2}, {0, 0}}},
	{"High", [][2]int{{1, 0}, {0, 1}, {0, 0}}},
}

// splitTilesName is the name of the kernel that splitTiles emits.
func splitTilesName(e element, precision, high, wide int) string {
	return fmt.Sprintf("gemmSplit%s%dx%d%s", splitPrecisions[precision].name, high, wide, e.name)
}

// The registers that instructions on tiles take: pointers to tiles of A and B, and the distance of
// rows. Tiles 0 to 3 hold sums, 4 and 5 parts of A, 6 and 7 of B.
var (
	tileA      = []reg.GPPhysical{reg.R8, reg.R9}
	tileB      = []reg.GPPhysical{reg.R10, reg.R11}
	tileStride = reg.R12
)

const (
	firstTileA = 4
	firstTileB = 6
)

// splitTiles emits the kernel that computes groups of high × wide tiles of C, one below the other.
func (c file) splitTiles(e element, precision, high, wide int) {
	doc := fmt.Sprintf("computes groups of %d tiles below and %d beside each other.", high, wide)
	f := c.begin(e, splitTilesName(e, precision, high, wide), doc, "gemmSplitTiles")
	config, scratch := reg.RAX, reg.RBX
	f.MOVQ(f.at(splitTilesConfig), config)
	f.tile(tileConfigure, 0, config, nil, 0)
	f.MOVQ(f.at(splitTilesScratch), scratch)
	a, to, left := f.get(splitTilesA), f.get(splitTilesC), f.get(splitTilesRows)
	aExponents := f.get(splitTilesAExponents)
	f.Label("group")
	for i := range high {
		for j := range wide {
			f.tile(tileZero, 2*i+j, nil, nil, 0)
		}
	}
	f.MOVQ(a, tileA[0])
	f.MOVQ(f.at(splitTilesB), tileB[0])
	for _, t := range [][]reg.GPPhysical{tileA[:high], tileB[:wide]} {
		if len(t) > 1 {
			f.MOVQ(f.at(splitTilesGroup), t[1])
			f.ADDQ(t[0], t[1])
		}
	}
	f.MOVQ(operand.U32(tileRow), tileStride)
	blocks := f.get(splitTilesBlocks)
	f.Label("block")
	f.multiplyParts(precision, high, wide)
	for _, t := range [][]reg.GPPhysical{tileA[:high], tileB[:wide]} {
		for _, p := range t {
			f.ADDQ(operand.U32(splitParts*tileBytes), p)
		}
	}
	f.DECQ(blocks)
	f.JNE(operand.LabelRef("block"))
	f.MOVQ(operand.U32(2*tileRow), tileStride)
	for i := range high {
		for j := range wide {
			f.tile(tileStore, 2*i+j, scratch, tileStride, i*16*2*tileRow+j*tileRow)
		}
	}
	f.finishTiles(scratch, to, aExponents, left, high, wide)
	for range high {
		next := f.GP64()
		f.MOVQ(f.at(splitTilesGroup), next)
		f.ADDQ(next, a)
	}
	f.TESTQ(left, left)
	f.JNE(operand.LabelRef("group"))
	f.tile(tileRelease, 0, nil, nil, 0)
	f.end()
}

// multiplyParts adds the products of the parts of a block along k. What has been loaded stays as
// long as it is of use.
func (f *function) multiplyParts(precision, high, wide int) {
	loadedA, loadedB := -1, -1
	for _, pair := range splitPrecisions[precision].pairs {
		if pair[0] != loadedA {
			loadedA = pair[0]
			for i := range high {
				f.tile(tileLoad, firstTileA+i, tileA[i], tileStride, loadedA*tileBytes)
			}
		}
		if pair[1] != loadedB {
			loadedB = pair[1]
			for j := range wide {
				f.tile(tileLoad, firstTileB+j, tileB[j], tileStride, loadedB*tileBytes)
			}
		}
		for i := range high {
			for j := range wide {
				f.multiplyTiles(2*i+j, firstTileA+i, firstTileB+j)
			}
		}
	}
}

// finishTiles takes a group's sums from the scratch memory, applies exponents and epilogue, and stores
// the rows that there are, of which left counts those to come.
func (f *function) finishTiles(scratch reg.GPPhysical, to, aExponents, left gp, high, wide int) {
	flags, cRow, rows, from := f.get(splitTilesFlags), f.get(splitTilesCRow), f.GP64(), f.GP64()
	f.MOVQ(operand.U32(16*high), rows)
	f.CMPQ(left, rows)
	f.CMOVQLT(left, rows)
	f.SUBQ(rows, left)
	f.MOVQ(scratch, from)
	masks := []operand.Op{f.loadMask(splitTilesMask, f.set.width), f.loadMask(splitTilesSecondMask, f.set.width)}
	exponents := f.get(splitTilesBExponents)
	var bExponents []vec
	for j := range wide {
		v := f.vector()
		f.load(operand.Mem{Base: exponents, Disp: j * tileRow}, v)
		bExponents = append(bExponents, v)
	}
	f.Label("row")
	row := f.broadcast(operand.Mem{Base: aExponents})
	var sums []vec
	for j := range wide {
		sum, exponent := f.vector(), f.vector()
		f.load(operand.Mem{Base: from, Disp: j * tileRow}, sum)
		f.VADDPS(row, bExponents[j], exponent)
		f.VSCALEFPS(exponent, sum, sum)
		sums = append(sums, sum)
	}
	add := func(p gp) {
		for j, sum := range sums {
			v := f.vector()
			f.loadMasked(operand.Mem{Base: p, Disp: j * tileRow}, masks[j], v)
			f.VADDPS(v, sum, sum)
		}
	}
	f.when(flags, flagAccumulate, "accumulate", func() { add(to) })
	f.when(flags, flagBias, "bias", func() { add(f.get(splitTilesBias)) })
	for j, sum := range sums {
		f.storeMasked(sum, masks[j], operand.Mem{Base: to, Disp: j * tileRow})
	}
	f.ADDQ(operand.Imm(2*tileRow), from)
	f.ADDQ(operand.Imm(4), aExponents)
	f.ADDQ(cRow, to)
	f.DECQ(rows)
	f.JNE(operand.LabelRef("row"))
}

// A tileInstruction is an instruction that Go's assembler does not know: its opcode in map 0F38,
// and the prefix that VEX stands for.
type tileInstruction struct {
	name           string
	opcode, prefix byte
}

var (
	tileConfigure = tileInstruction{"LDTILECFG", 0x49, 0}
	tileRelease   = tileInstruction{"TILERELEASE", 0x49, 0}
	tileZero      = tileInstruction{"TILEZERO", 0x49, 3}
	tileLoad      = tileInstruction{"TILELOADD", 0x4b, 3}
	tileStore     = tileInstruction{"TILESTORED", 0x4b, 2}
	tileProduct   = tileInstruction{"TDPBF16PS", 0x5c, 2}
)

// tile emits an instruction on one tile and, unless base is nil, on memory at base + displacement,
// rows index apart.
func (f *function) tile(t tileInstruction, tile int, base, index reg.GPPhysical, displacement int) {
	const direct, displaced, indexed = 3 << 6, 2 << 6, 4
	code := f.vex(t, 0, base, index)
	text := t.name
	var used []operand.Op
	switch {
	case base == nil:
		code = append(code, direct|byte(tile)<<3)
		if t == tileZero {
			text += fmt.Sprintf(" TMM%d", tile)
		}
	case index == nil:
		code = append(code, byte(base.PhysicalIndex())&7)
		text += fmt.Sprintf(" (%s)", base.Asm())
		used = []operand.Op{base}
	default:
		code = append(code, displaced|byte(tile)<<3|indexed, byte(index.PhysicalIndex())&7<<3|byte(base.PhysicalIndex())&7)
		code = binary.LittleEndian.AppendUint32(code, uint32(displacement))
		text += fmt.Sprintf(" %d(%s)(%s*1) TMM%d", displacement, base.Asm(), index.Asm(), tile)
		used = []operand.Op{base, index}
	}
	f.code(text, code, used)
}

// multiplyTiles emits adding the product of tiles a and b to the sums.
func (f *function) multiplyTiles(sums, a, b int) {
	code := append(f.vex(tileProduct, b, nil, nil), 3<<6|byte(sums)<<3|byte(a))
	f.code(fmt.Sprintf("%s TMM%d TMM%d TMM%d", tileProduct.name, b, a, sums), code, nil)
}

// vex is the prefix and opcode of the instruction, with the bits that it has of registers, inverted.
func (f *function) vex(t tileInstruction, register int, base, index reg.GPPhysical) []byte {
	second := byte(0xe2)
	if base != nil && base.PhysicalIndex() >= 8 {
		second &^= 1 << 5
	}
	if index != nil && index.PhysicalIndex() >= 8 {
		second &^= 1 << 6
	}
	return []byte{0xc4, second, byte(15-register)<<3 | t.prefix, t.opcode}
}

// code emits the bytes of an instruction, which reads the registers.
func (f *function) code(text string, code []byte, used []operand.Op) {
	f.Comment(text)
	for len(code) > 0 {
		opcode, value, n := "BYTE", operand.Op(operand.U8(code[0])), 1
		switch {
		case len(code) >= 4:
			opcode, value, n = "LONG", operand.U32(binary.LittleEndian.Uint32(code)), 4
		case len(code) >= 2:
			opcode, value, n = "WORD", operand.U16(binary.LittleEndian.Uint16(code)), 2
		}
		f.Instruction(&ir.Instruction{Opcode: opcode, Operands: []operand.Op{value}, Inputs: used})
		code = code[n:]
	}
}
