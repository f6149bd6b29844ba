package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Dot products with AVX-512 that have the bits of those with AVX2, of which each is kept
// in a vector of 32 bytes: here two of them share a vector of 64.

// Sizes of tiles.
const (
	wideCols = 8 // columns
	wideRows = 5 // most rows: avo finds no registers for six
)

// wideDots is a kernel under construction that computes tiles of dot products, eight
// columns wide.
type wideDots struct {
	*function
	rows int
	a, b []gp  // three rows or columns are reached from each
	acc  []vec // of a single row: a column's two sums; else of row i: acc[i·4+c], the columns of pairOf(c)
	low  operand.Op
}

// pairOf is the columns of accumulator c of a row: such that sums of neighbours within
// it and its neighbour come out in order.
func pairOf(c int) [2]int { return [2]int{c/2*4 + c%2, c/2*4 + c%2 + 2} }

// wideDot emits the kernel for tiles of that many rows and eight columns, side by side.
func (f file) wideDot(e element, rows int) {
	name := fmt.Sprintf("gemmDot%dx%d%s", rows, wideCols, e.name)
	doc := fmt.Sprintf("computes tiles of %d rows and %d columns as dot products.", rows, wideCols)
	t := &wideDots{function: f.begin(e, name, doc, "gemmDots"), rows: rows}
	b, c, bias, tiles := t.get(dotB), t.get(dotC), t.get(dotBias), t.get(dotTiles)
	if rows == 1 {
		bits := t.GP64()
		t.MOVQ(operand.U32(1<<(t.lanes/2)-1), bits)
		t.low = t.K()
		t.KMOVW(bits.As32(), t.low)
	}
	t.Label("tile")
	t.sum(b)
	t.finish(c, bias)
	step := t.get(dotBCol)
	t.LEAQ(operand.Mem{Base: b, Index: step, Scale: wideCols}, b)
	for _, p := range []gp{c, bias} {
		t.ADDQ(operand.Imm(uint64(wideCols*t.size)), p)
	}
	t.DECQ(tiles)
	t.JNE(operand.LabelRef("tile"))
	t.end()
}

// sum adds up the products along k, for the tile whose columns of B begin at start.
func (t *wideDots) sum(start gp) {
	aRow, bCol := t.get(dotARow), t.get(dotBCol)
	t.a, t.b = t.pointers(t.get(dotA), aRow, t.rows), t.pointers(start, bCol, wideCols)
	rowOf := func(i, disp int) operand.Mem { return shifted(rowAt(t.a[i/3], aRow, i%3), disp) }
	columnOf := func(j, disp int) operand.Mem { return shifted(rowAt(t.b[j/3], bCol, j%3), disp) }
	move := func(bytes uint64) {
		for _, p := range append(t.a, t.b...) {
			t.ADDQ(operand.Imm(bytes), p)
		}
	}
	t.acc = nil
	for range max(wideCols, t.rows*wideCols/2) {
		t.acc = append(t.acc, t.zero())
	}
	if t.rows == 1 {
		t.sumRow(rowOf, columnOf, move)
	} else {
		t.sumRows(rowOf, columnOf, move)
	}
}

// place is where row i, or column i, of an operand is at a distance.
type place func(i, disp int) operand.Mem

// sumRow is sum for a single row. AVX2 keeps two sums for each column, of every other
// vector: they are the halves of one. What is left over goes to the first.
func (t *wideDots) sumRow(rowOf, columnOf place, move func(bytes uint64)) {
	k := t.get(dotSteps)
	half := uint64(t.set.width / 2)
	t.SUBQ(operand.Imm(2), k)
	t.JLT(operand.LabelRef("rest"))
	t.Label("loop")
	row := t.vector()
	t.load(rowOf(0, 0), row)
	for j, sum := range t.acc {
		t.emit("VFMADD231"+t.ps, columnOf(j, 0), row, sum)
	}
	move(2 * half)
	t.SUBQ(operand.Imm(2), k)
	t.JGE(operand.LabelRef("loop"))
	t.Label("rest")
	// more adds what the mask names, to the first sum alone.
	more := func(mask operand.Op) {
		row := t.vector()
		t.loadMasked(rowOf(0, 0), mask, row)
		for j, sum := range t.acc {
			column := t.vector()
			t.loadMasked(columnOf(j, 0), mask, column)
			t.emit("VFMADD231"+t.ps, column, row, t.low, sum)
		}
	}
	t.ADDQ(operand.Imm(2), k)
	t.JEQ(operand.LabelRef("even"))
	more(t.low)
	move(half)
	t.Label("even")
	t.when(t.get(dotFlags), flagRest, "rest", func() { more(t.loadMask(dotKMask, t.set.width)) })
	for c := range wideCols / 2 {
		pair := pairOf(c)
		x, y := t.acc[pair[0]], t.acc[pair[1]]
		// The first sums of both columns, and the second ones.
		first, second := t.vector(), t.vector()
		t.VSHUFF64X2(operand.Imm(0x44), y, x, first)
		t.VSHUFF64X2(operand.Imm(0xee), y, x, second)
		t.emit("VADD"+t.ps, second, first, x)
	}
	for c := range wideCols / 2 {
		t.acc[c] = t.acc[pairOf(c)[0]]
	}
	t.acc = t.acc[:wideCols/2]
}

// sumRows is sum for two rows and more.
func (t *wideDots) sumRows(rowOf, columnOf place, move func(bytes uint64)) {
	k := t.get(dotSteps)
	step := func(load func(m operand.Mem) (v vec), insert func(m operand.Mem, v vec)) {
		var pairs []vec
		for c := range wideCols / 2 {
			pair := pairOf(c)
			v := load(columnOf(pair[0], 0))
			insert(columnOf(pair[1], 0), v)
			pairs = append(pairs, v)
		}
		for i := range t.rows {
			row := load(rowOf(i, 0))
			insert(operand.Mem{}, row)
			for c, v := range pairs {
				t.emit("VFMADD231"+t.ps, v, row, t.acc[i*len(pairs)+c])
			}
		}
	}
	t.TESTQ(k, k)
	t.JEQ(operand.LabelRef("rest"))
	t.Label("loop")
	step(func(m operand.Mem) vec {
		v := t.vector()
		t.VBROADCASTF64X4(m, v)
		return v
	}, func(m operand.Mem, v vec) {
		if m.Base != nil {
			t.VINSERTF64X4(operand.Imm(1), m, v, v)
		}
	})
	move(uint64(t.set.width / 2))
	t.DECQ(k)
	t.JNE(operand.LabelRef("loop"))
	t.Label("rest")
	t.when(t.get(dotFlags), flagRest, "rest", func() {
		mask := t.loadMask(dotKMask, t.set.width)
		load := func(m operand.Mem) vec {
			v := t.vector()
			t.loadMasked(m, mask, v)
			return v
		}
		step(load, func(m operand.Mem, v vec) {
			from := v
			if m.Base != nil {
				from = load(m)
			}
			t.VINSERTF64X4(operand.Imm(1), from.AsY(), v, v)
		})
	})
}

// horizontal returns the sums of the elements of four columns, in one register that
// holds four elements: x is the first and the third column, y the second and the fourth.
// They are added up in the order of [dots.horizontal].
func (t *wideDots) horizontal(x, y vec) reg.Register {
	if t.size == 8 {
		sum := t.neighbours(x, y)
		upper, lower, higher := t.YMM(), t.YMM(), t.YMM()
		t.VEXTRACTF64X4(operand.Imm(1), sum, upper)
		t.VSHUFF64X2(operand.Imm(0), upper, sum.AsY(), lower)
		t.VSHUFF64X2(operand.Imm(3), upper, sum.AsY(), higher)
		t.VADDPD(lower, higher, higher)
		return higher
	}
	both := t.neighbours(x, y)
	upper := t.YMM()
	t.VEXTRACTF64X4(operand.Imm(1), both, upper)
	four := t.neighbours(both.AsY(), upper)
	high, sum := t.XMM(), t.XMM()
	t.VEXTRACTF32X4(operand.Imm(1), four.AsY(), high)
	t.VADDPS(four.AsX(), high, sum)
	return sum
}

// neighbours returns the sums of neighbouring elements of x and y, as VHADDPS and
// VHADDPD order them, which AVX-512 lacks.
func (t *wideDots) neighbours(x, y reg.Register) vec {
	even, odd := t.register(int(x.Size())), t.register(int(x.Size()))
	if t.size == 4 {
		t.VSHUFPS(operand.Imm(0x88), y, x, even)
		t.VSHUFPS(operand.Imm(0xdd), y, x, odd)
	} else {
		t.VUNPCKLPD(y, x, even)
		t.VUNPCKHPD(y, x, odd)
	}
	t.emit("VADD"+t.ps, odd, even, even)
	return even
}

// finish sums up the vectors, applies the epilogue and stores the tile at c.
func (t *wideDots) finish(c, addend gp) {
	flags, cRow := t.get(dotFlags), t.get(dotCRow)
	to := t.pointers(c, cRow, t.rows)
	const groups = wideCols / 4
	var sums []reg.Register
	for i := range t.rows {
		for g := range groups {
			v := t.acc[(i*groups+g)*2:]
			sums = append(sums, t.horizontal(v[0], v[1]))
		}
	}
	// at is where sum n is stored.
	at := func(n int) operand.Mem {
		i, g := n/groups, n%groups
		return shifted(rowAt(to[i/3], cRow, i%3), g*4*t.size)
	}
	t.when(flags, flagAccumulate, "accumulate", func() {
		for n, sum := range sums {
			t.emit("VADD"+t.ps, at(n), sum, sum)
		}
	})
	t.when(flags, flagBias, "bias", func() {
		for n, sum := range sums {
			t.emit("VADD"+t.ps, operand.Mem{Base: addend, Disp: n % groups * 4 * t.size}, sum, sum)
		}
	})
	for n, sum := range sums {
		t.store(sum, at(n))
	}
}
