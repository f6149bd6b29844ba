package main

import (
	"fmt"
	"math/bits"

	"github.com/mmcloughlin/avo/operand"
)

// indexedName is the name of the kernel that indexed emits.
func indexedName(s *instructionSet, e element, vecs int) string {
	return fmt.Sprintf("gemmIndexed%dx%d%s", s.indexedRows, vecs, e.name)
}

// indexed emits the kernel that computes tiles of C, side by side, by outer products,
// but only of the steps along k that a list names. A is bytes, which a table turns into
// numbers. B is packed, and a tile takes as many panels as vecs is made of.
func (f file) indexed(e element, vecs int) {
	name, indexedRows := indexedName(f.set, e, vecs), f.set.indexedRows
	doc := fmt.Sprintf("computes tiles of %d rows and %d vectors of columns by some of the steps.", indexedRows, vecs)
	t := &tile{function: f.begin(e, name, doc, "gemmTiles"), rows: indexedRows, vecs: vecs}
	table := t.get(fieldTable)
	rows := make([]gp, t.rows)
	for r := range rows {
		rows[r] = t.get(fieldRows + field(8*r))
	}
	// The fields stay as they are: what is past the end of an array must not look like a
	// pointer to the garbage collector.
	first, c, tiles := t.get(fieldB), t.get(fieldC), t.get(fieldTiles)
	t.Label("tile")
	for range t.rows {
		var acc []vec
		for range t.vecs {
			acc = append(acc, t.zero())
		}
		t.acc = append(t.acc, acc)
	}
	b := []gp{first}
	for len(b) < vecs/panelVecs {
		next := t.get(fieldBPanel)
		t.ADDQ(b[len(b)-1], next)
		b = append(b, next)
	}
	index, k := t.get(fieldIndex), t.get(fieldK)
	step := func(n int) {
		i := t.GP64()
		t.MOVL(operand.Mem{Base: index, Disp: 4 * n}, i.As32())
		x := make([]vec, indexedRows)
		for r := range x {
			value := t.GP64()
			t.MOVBQZX(operand.Mem{Base: rows[r], Index: i, Scale: 1}, value)
			x[r] = t.broadcast(operand.Mem{Base: table, Index: value, Scale: uint8(e.size)})
		}
		t.SHLQ(operand.U8(bits.TrailingZeros(uint(panelVecs*t.set.width))), i) // bytes in a row of a panel
		for j := range t.vecs {
			// One at a time: there is no register for more.
			y := t.vector()
			t.load(operand.Mem{Base: b[j/panelVecs], Index: i, Scale: 1, Disp: t.set.width * (j % panelVecs)}, y)
			for r := range x {
				t.emit("VFMADD231"+t.ps, y, x[r], t.acc[r][j])
			}
		}
	}
	const unroll = 2
	t.SUBQ(operand.Imm(unroll), k)
	t.JLT(operand.LabelRef("rest"))
	t.Label("loop")
	for n := range unroll {
		step(n)
	}
	t.ADDQ(operand.Imm(4*unroll), index)
	t.SUBQ(operand.Imm(unroll), k)
	t.JGE(operand.LabelRef("loop"))
	t.Label("rest")
	t.ADDQ(operand.Imm(unroll), k)
	t.JEQ(operand.LabelRef("done"))
	step(0)
	t.Label("done")
	t.bias = func() gp {
		bias := t.get(fieldBias)
		t.ADDQ(c, bias)
		t.SUBQ(t.at(fieldC), bias)
		return bias
	}
	t.finish(c)
	t.ADDQ(operand.U32(t.set.width*vecs), c)
	for range b {
		t.ADDQ(t.at(fieldBPanel), first)
	}
	t.DECQ(tiles)
	t.JNE(operand.LabelRef("tile"))
	t.end()
}
