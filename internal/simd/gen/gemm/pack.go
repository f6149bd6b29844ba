package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/build"
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
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
func packTranspose(c *build.Context, e element) {
	f := begin(c, e, "gemmTranspose"+e.name, fmt.Sprintf("writes the columns of %d rows of length k as vectors.", e.lanes), "gemmPack")
	rows := make([]gp, f.lanes)
	for i := range rows {
		rows[i] = f.get(packRows + field(8*i))
	}
	dst, step, k := f.get(packDst), f.get(packStep), f.get(packK)
	at := func(i, disp int) operand.Mem { return operand.Mem{Base: rows[i], Disp: disp} }
	move := func(bytes int) {
		for _, r := range rows {
			f.ADDQ(operand.Imm(uint64(bytes)), r)
		}
	}
	put := func(v vec) {
		f.emit("VMOVU"+f.ps, v, operand.Mem{Base: dst})
		f.ADDQ(step, dst)
	}
	f.SUBQ(operand.Imm(uint64(f.lanes)), k)
	f.JLT(operand.LabelRef("rest"))
	f.Label("block")
	for _, v := range f.columns(at) {
		put(v)
	}
	move(32)
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
// places. The halves of the rows are loaded such that the transposition needs no
// exchange between the halves of registers.
func (f *function) columns(at func(row, disp int) operand.Mem) []vec {
	half := f.lanes / 2
	// pairs(disp)[i] holds half a row i, then half a row i+half.
	pairs := func(disp int) []vec {
		out := make([]vec, half)
		for i := range out {
			x := f.XMM()
			f.emit("VMOVU"+f.ps, at(i, disp), x)
			out[i] = f.YMM()
			f.VINSERTF128(operand.Imm(1), at(i+half, disp), x.AsY(), out[i])
		}
		return out
	}
	var columns []vec
	for _, disp := range []int{0, 16} {
		p := pairs(disp)
		if f.size == 8 {
			for _, name := range []string{"VUNPCKLPD", "VUNPCKHPD"} {
				v := f.YMM()
				f.emit(name, p[1], p[0], v)
				columns = append(columns, v)
			}
			continue
		}
		for _, name := range []string{"VUNPCKLPS", "VUNPCKHPS"} {
			even, odd := f.YMM(), f.YMM()
			f.emit(name, p[1], p[0], even)
			f.emit(name, p[3], p[2], odd)
			for _, pick := range []uint64{0x44, 0xee} {
				v := f.YMM()
				f.VSHUFPS(operand.Imm(pick), odd, even, v)
				columns = append(columns, v)
			}
		}
	}
	return columns
}

// column returns the first elements of rows at the given places.
func (f *function) column(at func(row, disp int) operand.Mem) vec {
	half := f.lanes / 2
	var halves [2]reg.VecVirtual
	for h := range halves {
		x := f.XMM()
		if f.size == 8 {
			f.VMOVSD(at(h*half, 0), x)
			f.VMOVHPD(at(h*half+1, 0), x, x)
		} else {
			f.VMOVSS(at(h*half, 0), x)
			for i := 1; i < half; i++ {
				f.VINSERTPS(operand.Imm(uint64(i<<4)), at(h*half+i, 0), x, x)
			}
		}
		halves[h] = x
	}
	v := f.YMM()
	f.VINSERTF128(operand.Imm(1), halves[1], halves[0].AsY(), v)
	return v
}

// packPanels emits the kernel that copies rows, a panel's width at a time, to
// panels. It reads rows from end to end, as the hardware expects.
func packPanels(c *build.Context, e element) {
	f := begin(c, e, "gemmPanels"+e.name, "copies rows to panels.", "gemmPack")
	src, from := f.get(packRows), f.get(packFrom)
	dst, step, k, distance := f.get(packDst), f.get(packStep), f.get(packK), f.get(packPanel)
	f.Label("row")
	in, out, n := f.GP64(), f.GP64(), f.get(packPanelCount)
	f.MOVQ(src, in)
	f.MOVQ(dst, out)
	f.Label("panel")
	for j := range panelVecs {
		v := f.YMM()
		f.emit("VMOVU"+f.ps, operand.Mem{Base: in, Disp: 32 * j}, v)
		f.emit("VMOVU"+f.ps, v, operand.Mem{Base: out, Disp: 32 * j})
	}
	f.ADDQ(operand.Imm(32*panelVecs), in)
	f.ADDQ(distance, out)
	f.DECQ(n)
	f.JNE(operand.LabelRef("panel"))
	f.ADDQ(from, src)
	f.ADDQ(step, dst)
	f.DECQ(k)
	f.JNE(operand.LabelRef("row"))
	f.end()
}

// packCopy emits the kernel that copies rows of that many vectors, the last one
// masked, to rows a given distance apart.
func packCopy(c *build.Context, e element, vecs int) {
	f := begin(c, e, fmt.Sprintf("gemmCopy%d%s", vecs, e.name), fmt.Sprintf("copies rows of %d vectors, the last one masked.", vecs), "gemmPack")
	src, from := f.get(packRows), f.get(packFrom)
	dst, step, k := f.get(packDst), f.get(packStep), f.get(packK)
	mask := f.YMM()
	f.VMOVDQU(operand.Mem{Base: f.get(packMask)}, mask)
	f.Label("row")
	for j := range vecs {
		v := f.YMM()
		if m := (operand.Mem{Base: src, Disp: 32 * j}); j == vecs-1 {
			f.emit("VMASKMOV"+f.ps, m, mask, v)
		} else {
			f.emit("VMOVU"+f.ps, m, v)
		}
		f.emit("VMOVU"+f.ps, v, operand.Mem{Base: dst, Disp: 32 * j})
	}
	f.ADDQ(from, src)
	f.ADDQ(step, dst)
	f.DECQ(k)
	f.JNE(operand.LabelRef("row"))
	f.end()
}
