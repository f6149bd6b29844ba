package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmWindows.
const (
	windowsDst     field = 8 * iota
	windowsSrc           // what the offsets are from
	windowsOffsets       // of rows, in elements
	windowsK             // rows
	windowsStep          // bytes from one row of dst to the next
	windowsAt            // bytes from src to the pieces of a row
	windowsMasks   = windowsAt + 8*maxPieces
)

const (
	maxPieces = 4  // of a vector
	maskBytes = 32 // of each piece
)

// windowsName is the name of the kernel that windows emits.
func windowsName(e element, pieces int) string { return fmt.Sprintf("gemmWindows%d%s", pieces, e.name) }

// windows emits the kernel that writes one vector of each row of a matrix of windows. The
// vector is put together of pieces, each some lanes of what lies at a distance of its own.
func (c file) windows(e element, pieces int) {
	f := c.begin(e, windowsName(e, pieces), fmt.Sprintf("writes vectors of %d pieces, one of each row of windows.", pieces), "gemmWindows")
	var base []gp
	var masks []operand.Op
	for i := range pieces {
		b := f.get(windowsSrc)
		f.ADDQ(f.at(windowsAt+field(8*i)), b)
		base = append(base, b)
		masks = append(masks, f.maskFrom(f.at(windowsMasks+field(maskBytes*i)), f.set.width))
	}
	dst, offsets, k, step := f.get(windowsDst), f.get(windowsOffsets), f.get(windowsK), f.get(windowsStep)
	f.Label("row")
	offset := f.GP64()
	f.MOVQ(operand.Mem{Base: offsets}, offset)
	sum := f.vector()
	for i, b := range base {
		m := operand.Mem{Base: b, Index: offset, Scale: uint8(e.size)}
		switch {
		case i == 0:
			f.loadMasked(m, masks[i], sum)
		case f.set.opmasks:
			f.emit("VMOVU"+f.ps, m, masks[i], sum)
		default:
			v := f.vector()
			f.loadMasked(m, masks[i], v)
			f.emit("VOR"+f.ps, v, sum, sum)
		}
	}
	f.store(sum, operand.Mem{Base: dst})
	f.ADDQ(operand.Imm(8), offsets)
	f.ADDQ(step, dst)
	f.DECQ(k)
	f.JNE(operand.LabelRef("row"))
	f.end()
}

// deinterleave emits the kernel that takes vectors, two by two, apart into their elements
// with even and with odd indices.
func (c file) deinterleave(e element) {
	f := c.begin(e, "gemmDeinterleave"+e.name, "takes vectors apart into elements with even and with odd indices.", "gemmPack")
	src, dst, n, distance := f.get(packRows), f.get(packDst), f.get(packK), f.get(packPanel)
	var order vec
	if f.set.width == 64 {
		order = f.vector()
		f.load(operand.Mem{Base: f.get(packMask)}, order)
	}
	f.Label("vectors")
	low, high := f.vector(), f.vector()
	f.load(operand.Mem{Base: src}, low)
	f.load(operand.Mem{Base: src, Disp: f.set.width}, high)
	for _, half := range []struct {
		pick32, pick64 uint64
		to             operand.Mem
	}{
		{0x88, 0x00, operand.Mem{Base: dst}},
		{0xdd, 0xff, operand.Mem{Base: dst, Index: distance, Scale: 1}},
	} {
		v := f.vector()
		pick := half.pick32
		if e.size == 8 {
			pick = half.pick64
		}
		f.emit("VSHUF"+f.ps, operand.Imm(pick), high, low, v)
		// Parts of 16 bytes hold elements of low and of high.
		if f.set.width == 64 {
			f.VPERMPD(v, order, v)
		} else {
			f.VPERMPD(operand.Imm(0xd8), v, v)
		}
		f.store(v, half.to)
	}
	f.ADDQ(operand.U32(2*f.set.width), src)
	f.ADDQ(operand.U32(f.set.width), dst)
	f.DECQ(n)
	f.JNE(operand.LabelRef("vectors"))
	f.end()
}
