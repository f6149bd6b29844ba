package main

import (
	"fmt"

	"github.com/mmcloughlin/avo/operand"
)

// Fields of gemmTiles.
const (
	fieldA field = 8 * iota
	fieldB       // the same for all tiles
	fieldC
	fieldBias
	fieldMask
	fieldK     // steps
	fieldTiles // how many, one below the other
	fieldARow  // the following are distances in bytes
	fieldACol
	fieldATile
	fieldBRow
	fieldCRow
	fieldCTile
	fieldFlags
	fieldAhead     // what is fetched ahead of its use
	fieldAheadStep // distance from step to step
	fieldAheadTile // distance from tile to tile
	// The rest is for kernels that make some of the steps.
	fieldIndex  // of the steps
	fieldBPanel // distance of panels
	fieldTable  // what bytes of A stand for
	fieldRows   // of A, as many pointers as maxIndexedRows
)

// Bits of the flags.
const (
	flagAccumulate = 1
	flagBias       = 2
	flagRowBias    = 16 // the bias is of rows
)

// tile is a kernel under construction that computes tiles of C of rows × vecs
// vectors.
type tile struct {
	*function
	rows, vecs int
	masked     bool // the last vector is cut off by a mask
	mask       operand.Op
	acc        [][]vec
	bias       func() gp // returns where the tile's part of the bias is
	rowBias    func() gp // the same for a bias of rows; nil where there is none
	tiles      gp        // how many are left
}

// outer emits the kernel that computes tiles of C, one below the other, by outer
// products: each step along k multiplies elements of a column of A, broadcast,
// with a row of B, and keeps the tile in registers.
func (c file) outer(e element, rows, vecs int, masked bool) {
	more := ""
	if masked {
		more = ", the last one masked"
	}
	doc := fmt.Sprintf("computes tiles of %d rows and %d vectors of columns%s.", rows, vecs, more)
	name := outerName(e, rows, vecs, masked)
	t := &tile{function: c.begin(e, name, doc, "gemmTiles"), rows: rows, vecs: vecs, masked: masked}
	t.bias = func() gp { return t.get(fieldBias) }
	t.rowBias = func() gp {
		// The bias of as many rows as the tiles before have.
		at := t.get(fieldTiles)
		t.SUBQ(t.tiles, at)
		t.IMUL3Q(operand.U32(rows*e.size), at, at)
		t.ADDQ(t.at(fieldBias), at)
		return at
	}
	if masked {
		t.mask = t.loadMask(fieldMask, t.set.width)
	}
	a, to, tiles := t.get(fieldA), t.get(fieldC), t.get(fieldTiles)
	t.tiles = tiles
	t.Label("tile")
	if t.prefetches() {
		t.prefetch(to)
	}
	t.sum(a)
	t.finish(to)
	if t.prefetches() {
		next := t.get(fieldAheadTile)
		t.ADDQ(next, t.at(fieldAhead))
	}
	t.ADDQ(t.at(fieldATile), a)
	t.ADDQ(t.at(fieldCTile), to)
	t.DECQ(tiles)
	t.JNE(operand.LabelRef("tile"))
	t.end()
}

// outerName is the name of the kernel that outer emits.
func outerName(e element, rows, vecs int, masked bool) string {
	mask := ""
	if masked {
		mask = "Mask"
	}
	return fmt.Sprintf("gemmOuter%dx%d%s%s", rows, vecs, mask, e.name)
}

// prefetches reports whether the kernel fetches ahead of its use what is likely not in the
// first-level cache. Tiles of few rows belong to small products.
func (t *tile) prefetches() bool { return t.rows > 6 }

// prefetch fetches the tile of C at start, while the products are added up.
func (t *tile) prefetch(start gp) {
	c, cRow := t.GP64(), t.get(fieldCRow)
	t.MOVQ(start, c)
	for i := range t.rows {
		for j := range t.vecs {
			t.PREFETCHT0(operand.Mem{Base: c, Disp: t.set.width * j})
		}
		if i < t.rows-1 {
			t.ADDQ(cRow, c)
		}
	}
}

// sum adds up the products along k in t.acc, for the tile whose elements of A
// begin at start.
func (t *tile) sum(start gp) {
	t.acc = make([][]vec, t.rows)
	for i := range t.acc {
		for range t.vecs {
			t.acc[i] = append(t.acc[i], t.zero())
		}
	}
	aRow, aCol := t.get(fieldARow), t.get(fieldACol)
	b, bRow, k := t.get(fieldB), t.get(fieldBRow), t.get(fieldK)
	a := t.pointers(start, aRow, t.rows)
	var ahead gp
	if t.prefetches() {
		ahead = t.get(fieldAhead)
	}
	step := func() {
		if t.prefetches() {
			t.PREFETCHT0(operand.Mem{Base: ahead})
			t.ADDQ(t.at(fieldAheadStep), ahead)
		}
		row := t.loadRow(b)
		for i := range t.rows {
			v := t.broadcast(rowAt(a[i/3], aRow, i%3))
			for j := range t.vecs {
				t.emit("VFMADD231"+t.ps, row[j], v, t.acc[i][j])
			}
		}
		for _, p := range a {
			t.ADDQ(aCol, p)
		}
		t.ADDQ(bRow, b)
	}
	unroll := uint64(t.set.unrolled(t.rows))
	t.SUBQ(operand.Imm(unroll), k)
	t.JLT(operand.LabelRef("rest"))
	t.Label("loop")
	for range unroll {
		step()
	}
	t.SUBQ(operand.Imm(unroll), k)
	t.JGE(operand.LabelRef("loop"))
	t.Label("rest")
	t.ADDQ(operand.Imm(unroll), k)
	t.JEQ(operand.LabelRef("done"))
	t.Label("single")
	step()
	t.DECQ(k)
	t.JNE(operand.LabelRef("single"))
	t.Label("done")
}

// loadRow returns the row of vectors at p.
func (t *tile) loadRow(p gp) []vec {
	row := make([]vec, t.vecs)
	for j := range row {
		row[j] = t.vector()
		if m := (operand.Mem{Base: p, Disp: t.set.width * j}); t.cut(j) {
			t.loadMasked(m, t.mask, row[j])
		} else {
			t.load(m, row[j])
		}
	}
	return row
}

// cut reports whether vector j of a row is masked.
func (t *tile) cut(j int) bool { return t.masked && j == t.vecs-1 }

// finish applies the epilogue to t.acc and stores it at start.
func (t *tile) finish(start gp) {
	flags, c, cRow := t.get(fieldFlags), t.GP64(), t.get(fieldCRow)
	t.MOVQ(start, c)
	t.when(flags, flagAccumulate, "accumulate", func() {
		from := t.GP64()
		t.MOVQ(c, from)
		for i := range t.rows {
			for j, old := range t.loadRow(from) {
				t.emit("VADD"+t.ps, t.acc[i][j], old, t.acc[i][j])
			}
			if i < t.rows-1 {
				t.ADDQ(cRow, from)
			}
		}
	})
	t.when(flags, flagBias, "bias", func() {
		for j, bias := range t.loadRow(t.bias()) {
			for i := range t.rows {
				t.emit("VADD"+t.ps, bias, t.acc[i][j], t.acc[i][j])
			}
		}
	})
	if t.rowBias != nil {
		t.when(flags, flagRowBias, "row_bias", func() {
			from := t.rowBias()
			for i := range t.rows {
				bias := t.broadcast(operand.Mem{Base: from, Disp: i * t.size})
				for j := range t.vecs {
					t.emit("VADD"+t.ps, bias, t.acc[i][j], t.acc[i][j])
				}
			}
		})
	}
	for i := range t.rows {
		for j, v := range t.acc[i] {
			if m := (operand.Mem{Base: c, Disp: t.set.width * j}); t.cut(j) {
				t.storeMasked(v, t.mask, m)
			} else {
				t.store(v, m)
			}
		}
		if i < t.rows-1 {
			t.ADDQ(cRow, c)
		}
	}
}
