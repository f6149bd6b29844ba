package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmPack.
const (
	packDst   field = 8 * iota
	packK           // rows of dst
	packStep        // bytes from one row of dst to the next
	packFrom        // bytes from one row of the source to the next
	packPanel       // bytes from one panel to the next
	packPanelCount
	packMask // of the vector that is copied, or the last of two
	packRows // the source, or its rows: as many pointers as a vector has lanes
)

// packTranspose emits the kernel that takes as many rows as a vector has lanes
// and writes their columns, one vector below the other.
func (c file) packTranspose(e element) {
	f := c.begin(e, "gemmTranspose"+e.name, "writes the columns of as many rows as a vector has lanes, of length k, as vectors.", "gemmPack")
	dst, step, k := f.get(packDst), f.get(packStep), f.get(packK)
	offset := f.GP64()
	f.XORQ(offset, offset)
	// There are more rows than registers for pointers.
	at := func(i, disp int) operand.Mem {
		return operand.Mem{Base: f.get(packRows + field(8*i)), Index: offset, Scale: 1, Disp: disp}
	}
	move := func(bytes int) { f.ADDQ(operand.Imm(uint64(bytes)), offset) }
	put := func(v vec) {
		f.store(v, operand.Mem{Base: dst})
		f.ADDQ(step, dst)
	}
	f.SUBQ(operand.Imm(uint64(f.lanes)), k)
	f.JLT(operand.LabelRef("rest"))
	f.Label("block")
	for _, v := range f.columns(at) {
		put(v)
	}
	move(f.set.width)
	f.SUBQ(operand.Imm(uint64(f.lanes)), k)
	f.JGE(operand.LabelRef("block"))
	f.Label("rest")
	f.ADDQ(operand.Imm(uint64(f.lanes)), k)
	f.JEQ(operand.LabelRef("done"))
	f.Label("column")
	put(f.column(at))
	move(f.size)
	f.DECQ(k)
	f.JNE(operand.LabelRef("column"))
	f.Label("done")
	f.end()
}

// columns returns the columns of a square block whose rows are at the given
// places. Quarters of vectors are loaded such that the transposition needs no exchange
// between the 16-byte parts of registers.
func (f *function) columns(at func(row, disp int) operand.Mem) []vec {
	rows := 16 / f.size // of which a part has elements
	// parts(disp)[i] holds what rows i, i+rows, i+2·rows … have there.
	parts := func(disp int) []vec {
		out := make([]vec, rows)
		for i := range out {
			out[i] = f.broadcastPart(at(i, disp))
			for part := 1; part < f.set.width/16; part++ {
				f.insert(part, at(i+part*rows, disp), out[i])
			}
		}
		return out
	}
	var columns []vec
	for disp := 0; disp < f.set.width; disp += 16 {
		p := parts(disp)
		if f.size == 8 {
			for _, name := range []string{"VUNPCKLPD", "VUNPCKHPD"} {
				v := f.vector()
				f.emit(name, p[1], p[0], v)
				columns = append(columns, v)
			}
			continue
		}
		for _, name := range []string{"VUNPCKLPS", "VUNPCKHPS"} {
			even, odd := f.vector(), f.vector()
			f.emit(name, p[1], p[0], even)
			f.emit(name, p[3], p[2], odd)
			for _, pick := range []uint64{0x44, 0xee} {
				v := f.vector()
				f.VSHUFPS(operand.Imm(pick), odd, even, v)
				columns = append(columns, v)
			}
		}
	}
	return columns
}

// broadcastPart returns a vector all of whose 16-byte parts are the one at m.
func (f *function) broadcastPart(m operand.Mem) vec {
	v := f.vector()
	if f.set.width == 64 {
		f.VBROADCASTF32X4(m, v)
	} else {
		f.VBROADCASTF128(m, v)
	}
	return v
}

// insert emits the replacement of a 16-byte part of v by what is at from.
func (f *function) insert(part int, from operand.Op, v vec) {
	if f.set.width == 64 {
		f.VINSERTF32X4(operand.Imm(uint64(part)), from, v, v)
	} else {
		f.VINSERTF128(operand.Imm(uint64(part)), from, v, v)
	}
}

// column returns the first elements of rows at the given places.
func (f *function) column(at func(row, disp int) operand.Mem) vec {
	rows := 16 / f.size
	var v vec
	for part := range f.set.width / 16 {
		x := f.XMM()
		if f.size == 8 {
			f.VMOVSD(at(part*rows, 0), x)
			f.VMOVHPD(at(part*rows+1, 0), x, x)
		} else {
			f.VMOVSS(at(part*rows, 0), x)
			for i := 1; i < rows; i++ {
				f.VINSERTPS(operand.Imm(uint64(i<<4)), at(part*rows+i, 0), x, x)
			}
		}
		if part == 0 {
			v = f.vector()
			f.VMOVAPS(x, v.AsX())
		} else {
			f.insert(part, x, v)
		}
	}
	return v
}

// packPanels emits the kernel that copies rows, a panel's width at a time, to
// panels. It reads rows from end to end, as the hardware expects, and fetches them eight
// rows ahead, as they are far from each other.
func (c file) packPanels(e element) {
	f := c.begin(e, "gemmPanels"+e.name, "copies rows to panels.", "gemmPack")
	src, from := f.get(packRows), f.get(packFrom)
	dst, step, k, distance := f.get(packDst), f.get(packStep), f.get(packK), f.get(packPanel)
	f.Label("row")
	in, out, n := f.GP64(), f.GP64(), f.get(packPanelCount)
	f.MOVQ(src, in)
	f.MOVQ(dst, out)
	f.Label("panel")
	for j := 0; j < f.set.width*panelVecs; j += cacheLine {
		f.PREFETCHT0(operand.Mem{Base: in, Index: from, Scale: 8, Disp: j})
	}
	for j := range panelVecs {
		v := f.vector()
		f.load(operand.Mem{Base: in, Disp: f.set.width * j}, v)
		f.store(v, operand.Mem{Base: out, Disp: f.set.width * j})
	}
	f.ADDQ(operand.U32(f.set.width*panelVecs), in)
	f.ADDQ(distance, out)
	f.DECQ(n)
	f.JNE(operand.LabelRef("panel"))
	f.ADDQ(from, src)
	f.ADDQ(step, dst)
	f.DECQ(k)
	f.JNE(operand.LabelRef("row"))
	f.end()
}

// cacheLine is the number of bytes that a cache line has.
const cacheLine = 64

// packCopy emits the kernel that copies rows, that many vectors at a time, the last one
// masked, to panels of a width of their own. It reads rows as packPanels does.
func (c file) packCopy(e element, vecs int) {
	f := c.begin(e, fmt.Sprintf("gemmCopy%d%s", vecs, e.name), fmt.Sprintf("copies rows to panels of up to %d vectors, the last one masked.", vecs), "gemmPack")
	src, from := f.get(packRows), f.get(packFrom)
	dst, step, k, distance := f.get(packDst), f.get(packStep), f.get(packK), f.get(packPanel)
	mask := f.loadMask(packMask, f.set.width)
	f.Label("row")
	in, out, n := f.GP64(), f.GP64(), f.get(packPanelCount)
	f.MOVQ(src, in)
	f.MOVQ(dst, out)
	f.Label("panel")
	f.PREFETCHT0(operand.Mem{Base: in, Index: from, Scale: 8})
	for j := range vecs {
		v := f.vector()
		if m := (operand.Mem{Base: in, Disp: f.set.width * j}); j == vecs-1 {
			f.loadMasked(m, mask, v)
		} else {
			f.load(m, v)
		}
		f.store(v, operand.Mem{Base: out, Disp: f.set.width * j})
	}
	f.ADDQ(step, in)
	f.ADDQ(distance, out)
	f.DECQ(n)
	f.JNE(operand.LabelRef("panel"))
	f.ADDQ(from, src)
	f.ADDQ(step, dst)
	f.DECQ(k)
	f.JNE(operand.LabelRef("row"))
	f.end()
}
