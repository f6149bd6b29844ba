package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of gemmDots.
const (
	dotA field = 8 * iota
	dotB
	dotC
	dotBias
	dotMask  // of the columns
	dotKMask // of the steps left over
	dotSteps // whole vectors along k
	dotTiles // how many, side by side
	dotARow  // the following are distances in bytes
	dotBCol
	dotCRow
	dotFlags
)

// More bits of the flags.
const (
	flagRest = 4 // a masked step follows the whole ones
	flagCut  = 8 // the tile is masked
)

// Sizes of tiles.
const (
	dotCols = 4 // columns
	dotRows = 3 // most rows
)

// dots is a kernel under construction that computes tiles of dot products of rows
// of A and columns of B, both contiguous along k.
type dots struct {
	*function
	rows int
	acc  [][dotCols]vec
}

// dot emits the kernel for tiles of that many rows and four columns, side by
// side. Each dot product is kept in a vector, summed up at the end.
func (f file) dot(e element, rows int) {
	name := fmt.Sprintf("gemmDot%dx%d%s", rows, dotCols, e.name)
	doc := fmt.Sprintf("computes tiles of %d rows and %d columns as dot products.", rows, dotCols)
	t := &dots{function: f.begin(e, name, doc, "gemmDots"), rows: rows}
	b, c, bias, tiles := t.get(dotB), t.get(dotC), t.get(dotBias), t.get(dotTiles)
	t.Label("tile")
	t.sum(b)
	t.finish(c, bias)
	step := t.get(dotBCol)
	t.LEAQ(operand.Mem{Base: b, Index: step, Scale: dotCols}, b)
	for _, p := range []gp{c, bias} {
		t.ADDQ(operand.Imm(uint64(dotCols*t.size)), p)
	}
	t.DECQ(tiles)
	t.JNE(operand.LabelRef("tile"))
	t.end()
}

// sum adds up the products along k, for the tile whose columns of B begin at
// start.
func (t *dots) sum(start gp) {
	a, aRow := t.get(dotA), t.get(dotARow)
	b, bCol := t.GP64(), t.get(dotBCol)
	t.MOVQ(start, b)
	b3 := t.GP64()
	t.LEAQ(operand.Mem{Base: b, Index: bCol, Scale: 2}, b3)
	t.ADDQ(bCol, b3)
	k := t.get(dotSteps)

	// One row alone has too few sums to hide the latency of the additions: it
	// keeps two for each column.
	chains := 1
	if t.rows == 1 {
		chains = 2
	}
	acc := make([][][dotCols]vec, chains)
	for c := range acc {
		acc[c] = make([][dotCols]vec, t.rows)
		for i := range acc[c] {
			for j := range acc[c][i] {
				acc[c][i][j] = t.zero()
			}
		}
	}
	t.acc = acc[0]
	rowOf := func(i, disp int) operand.Mem { return shifted(rowAt(a, aRow, i), disp) }
	columnOf := func(j, disp int) operand.Mem { return shifted(rowAt([]gp{b, b3}[j/3], bCol, j%3), disp) }
	step := func(disp, chain int) {
		rows := make([]vec, t.rows)
		for i := range rows {
			rows[i] = t.YMM()
			t.emit("VMOVU"+t.ps, rowOf(i, disp), rows[i])
		}
		for j := range dotCols {
			if t.rows == 1 {
				t.emit("VFMADD231"+t.ps, columnOf(j, disp), rows[0], acc[chain][0][j])
				continue
			}
			column := t.YMM()
			t.emit("VMOVU"+t.ps, columnOf(j, disp), column)
			for i := range rows {
				t.emit("VFMADD231"+t.ps, rows[i], column, acc[chain][i][j])
			}
		}
	}
	move := func(bytes uint64) {
		for _, p := range []gp{a, b, b3} {
			t.ADDQ(operand.Imm(bytes), p)
		}
	}
	t.SUBQ(operand.Imm(2), k)
	t.JLT(operand.LabelRef("rest"))
	t.Label("loop")
	step(0, 0)
	step(32, chains-1)
	move(64)
	t.SUBQ(operand.Imm(2), k)
	t.JGE(operand.LabelRef("loop"))
	t.Label("rest")
	t.ADDQ(operand.Imm(2), k)
	t.JEQ(operand.LabelRef("even"))
	step(0, 0)
	move(32)
	t.Label("even")
	t.when(t.get(dotFlags), flagRest, "rest", func() {
		mask := t.loadMask(dotKMask, 32)
		for j := range dotCols {
			column := t.YMM()
			t.loadMasked(columnOf(j, 0), mask, column)
			for i := range t.rows {
				row := t.YMM()
				t.loadMasked(rowOf(i, 0), mask, row)
				t.emit("VFMADD231"+t.ps, row, column, acc[0][i][j])
			}
		}
	})
	if chains == 2 {
		for j := range dotCols {
			t.emit("VADD"+t.ps, acc[1][0][j], acc[0][0][j], acc[0][0][j])
		}
	}
}

// shifted is the place disp bytes after m.
func shifted(m operand.Mem, disp int) operand.Mem {
	m.Disp += disp
	return m
}

// horizontal returns the sums of the elements of four vectors, in one register
// that holds four elements.
func (t *dots) horizontal(v [dotCols]vec) reg.Register {
	if t.size == 4 {
		low, high := t.YMM(), t.YMM()
		t.VHADDPS(v[1], v[0], low)
		t.VHADDPS(v[3], v[2], high)
		t.VHADDPS(high, low, low)
		upper := t.XMM()
		t.VEXTRACTF128(operand.Imm(1), low, upper)
		sum := t.XMM()
		t.VADDPS(low.AsX(), upper, sum)
		return sum
	}
	low, high := t.YMM(), t.YMM()
	t.VHADDPD(v[1], v[0], low)
	t.VHADDPD(v[3], v[2], high)
	swapped, blended := t.YMM(), t.YMM()
	t.VPERM2F128(operand.Imm(0x21), high, low, swapped)
	t.VBLENDPD(operand.Imm(0b1100), high, low, blended)
	t.VADDPD(swapped, blended, blended)
	return blended
}

// four returns a fresh register for four elements.
func (t *dots) four() reg.Register {
	if t.size == 4 {
		return t.XMM()
	}
	return t.YMM()
}

// finish sums up the vectors, applies the epilogue and stores the tile at c.
func (t *dots) finish(c, addend gp) {
	sums := make([]reg.Register, t.rows)
	for i := range sums {
		sums[i] = t.horizontal(t.acc[i])
	}
	flags, cRow := t.get(dotFlags), t.get(dotCRow)
	mask := t.loadMask(dotMask, 4*t.size)
	rowOf := func(i int) operand.Mem { return rowAt(c, cRow, i) }
	t.when(flags, flagAccumulate, "accumulate", func() {
		for i := range sums {
			old := t.four()
			t.loadMasked(rowOf(i), mask, old)
			t.emit("VADD"+t.ps, sums[i], old, sums[i])
		}
	})
	t.when(flags, flagBias, "bias", func() {
		bias := t.four()
		t.loadMasked(operand.Mem{Base: addend}, mask, bias)
		for i := range sums {
			t.emit("VADD"+t.ps, bias, sums[i], sums[i])
		}
	})
	t.when(flags, flagCut, "cut", func() {
		for i := range sums {
			t.storeMasked(sums[i], mask, rowOf(i))
		}
		t.JMP(operand.LabelRef("stored"))
	})
	for i := range sums {
		t.emit("VMOVU"+t.ps, sums[i], rowOf(i))
	}
	t.Label("stored")
}
