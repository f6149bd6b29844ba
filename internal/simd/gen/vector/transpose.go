package main

import (
	"github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// transposeBridge hands the whole tiles of the widest vectors to their assembly, and
// the margins of the matrix to itself with smaller ones.
const transposeBridge = `
	width := transposeWidth[T](rows*cols)
	if dstRow*sizeOf[T]()%2048 != 0 {
		// Where the rows of dst fall on the same few cache sets, it counts to write
		// whole lines. Elsewhere half of them do as well, and leave less at the margins.
		width = min(width, 32)
	}
	transposeTiles(width, dst, dstRow, src, srcRow, rows, cols)
}

func transposeTiles[T Float](width int, dst []T, dstRow int, src []T, srcRow, rows, cols int) {
	tile := max(width/sizeOf[T](), 1)
	fullRows, fullCols := rows&^(tile-1), cols&^(tile-1)
	switch {
	case width < 32:
		transposeGeneric(dst, dstRow, src, srcRow, rows, cols)
		return
	case fullRows == 0 || fullCols == 0:
		transposeTiles(width/2, dst, dstRow, src, srcRow, rows, cols)
		return
	}
	blockRows, blockCols := transposeBlock, transposeBlock
	if srcRow*sizeOf[T]()%4096 == 0 {
		// All rows of a block fall on the same few cache sets: walk down one
		// column of tiles at a time, which needs few lines of them.
		blockRows, blockCols = 8*transposeBlock, tile
	}
	for i := 0; i < fullRows; i += blockRows {
		h := min(blockRows, fullRows-i)
		for j := 0; j < fullCols; j += blockCols {
			w := min(blockCols, fullCols-j)
			transposeAssembly(width, &dst[j*dstRow+i], &src[i*srcRow+j], dstRow, srcRow, h, w)
		}
	}
	if fullCols < cols {
		transposeTiles(width/2, dst[fullCols*dstRow:], dstRow, src[fullCols:], srcRow, rows, cols-fullCols)
	}
	if fullRows < rows {
		transposeTiles(width/2, dst[fullRows:], dstRow, src[fullRows*srcRow:], srcRow, rows-fullRows, fullCols)
	}`

// emitTranspose transposes a block of tileRows by tileCols, multiples of the lanes,
// between matrices whose rows are dstRow and srcRow elements apart. Down a column of
// tiles the stores fill whole cache lines of dst.
func emitTranspose(f *function) {
	dst, src := f.load64("dst"), f.load64("src")
	to, from := f.pitch("dstRow"), f.pitch("srcRow")
	left := f.load64("tileCols")
	lanes := f.lanes()
	parts := f.partMasks()

	column, tile := f.label("column"), f.label("tile")
	f.Label(column)
	s, d, down := f.GP64(), f.GP64(), f.load64("tileRows")
	f.MOVQ(src, s)
	f.MOVQ(dst, d)
	f.Label(tile)
	lines := from.lines(f, s)
	near := f.label("near")
	f.CMPQ(from.one, operand.I32(transposeFar))
	f.JL(ref(near))
	for _, line := range lines {
		f.PREFETCHT0(line.Offset(transposeAhead))
	}
	f.Label(near)
	columns := f.columnsOf(lines, parts)
	for i, line := range to.lines(f, d) {
		f.store(columns[i], line)
	}
	f.ADDQ(operand.I32(f.vectorBytes()), d)
	for range lanes / 4 {
		f.LEAQ(operand.Mem{Base: s, Index: from.one, Scale: 4}, s)
	}
	f.SUBQ(operand.I32(lanes), down)
	f.JNE(ref(tile))
	f.ADDQ(operand.I32(f.vectorBytes()), src)
	for range lanes / 4 {
		f.LEAQ(operand.Mem{Base: dst, Index: to.one, Scale: 4}, dst)
	}
	f.SUBQ(operand.I32(lanes), left)
	f.JNE(ref(column))
	f.finish()
}

// Rows so many bytes apart are far from each other for the processor, which then does not see
// what is read next: their elements are fetched, so many bytes ahead.
const (
	transposeFar   = 512
	transposeAhead = 128
)

// pitch is the distance of two lines of a matrix in bytes, and three times it.
type pitch struct{ one, three reg.GPVirtual }

func (f *function) pitch(length string) pitch {
	p := pitch{one: f.load64(length), three: f.GP64()}
	f.SHLQ(operand.U8(pick(f, 2, 3)), p.one)
	f.LEAQ(operand.Mem{Base: p.one, Index: p.one, Scale: 2}, p.three)
	return p
}

// lines returns the addresses of as many lines as there are lanes, from start.
func (p pitch) lines(f *function, start reg.GPVirtual) []operand.Mem {
	var out []operand.Mem
	for {
		base := operand.Mem{Base: start}
		out = append(out, base, base.Idx(p.one, 1), base.Idx(p.one, 2), base.Idx(p.three, 1))
		if len(out) == f.lanes() {
			return out
		}
		next := f.GP64()
		f.LEAQ(operand.Mem{Base: start, Index: p.one, Scale: 4}, next)
		start = next
	}
}

// partBytes is the size of the parts of vectors within which instructions shuffle.
const partBytes = 16

// partMasks returns the masks of the second and further parts of vectors, if there are
// masks.
func (f *function) partMasks() []mask {
	if !f.set.masks {
		return nil
	}
	elements := partBytes / f.bytes()
	var masks []mask
	for at := elements; at < f.lanes(); at += elements {
		m, lanes := f.K(), f.GP32()
		f.MOVL(operand.U32((1<<elements-1)<<at), lanes)
		f.KMOVW(lanes, m)
		masks = append(masks, m)
	}
	return masks
}

// columnsOf returns the columns of the square tile whose rows begin at src. Of rows
// that are as far apart as a part has elements, a vector takes the same part, so that
// what is left to do crosses no border of parts.
func (f *function) columnsOf(src []operand.Mem, parts []mask) []vec {
	elements := partBytes / f.bytes()
	var loaded, out []vec
	for at := 0; at < f.vectorBytes(); at += partBytes {
		for i := range elements {
			v := f.vector()
			if parts != nil {
				load := pick(f, "VBROADCASTF32X4", "VBROADCASTF64X2")
				f.emit(load, src[i].Offset(at), v)
				for p, m := range parts {
					f.emit(load, src[i+(p+1)*elements].Offset(at), m, v)
				}
			} else {
				f.VBROADCASTF128(src[i].Offset(at), v)
				f.VINSERTF128(operand.U8(1), src[i+elements].Offset(at), v, v)
			}
			loaded = append(loaded, v)
		}
	}
	for ; len(loaded) > 0; loaded = loaded[elements:] {
		if f.double {
			out = append(out, f.into("VUNPCKLPD", loaded[0], loaded[1]), f.into("VUNPCKHPD", loaded[0], loaded[1]))
			continue
		}
		a, b := f.into("VUNPCKLPS", loaded[0], loaded[1]), f.into("VUNPCKLPS", loaded[2], loaded[3])
		c, e := f.into("VUNPCKHPS", loaded[0], loaded[1]), f.into("VUNPCKHPS", loaded[2], loaded[3])
		out = append(out, f.into("VUNPCKLPD", a, b), f.into("VUNPCKHPD", a, b),
			f.into("VUNPCKLPD", c, e), f.into("VUNPCKHPD", c, e))
	}
	return out
}
