//go:build amd64 && !noasm

package simd

import "unsafe"

// The structs that the assembly takes, as in gemm_amd64.go.

// gemmList describes rows of bytes whose columns are listed.
type gemmList struct {
	index, table unsafe.Pointer
	k, count     int // count is the result
	step, skip   int
	rows         [maxIndexedRows]unsafe.Pointer
}

// gemmByteTiles describes tiles of bytes one below the other.
type gemmByteTiles struct {
	dst, src       unsafe.Pointer
	dstRow, srcRow int
	tiles          int
}

// listGroup is how many columns the kernel of AVX2 lists at a time.
const listGroup = 32

// bitNumbers says for each byte which bits are set in it: their numbers, the lowest
// first, one in each byte.
var bitNumbers = func() (table [256]uint64) {
	for m := range table {
		n := 0
		for bit := range 8 {
			if m>>bit&1 != 0 {
				table[m] |= uint64(bit) << (8 * n)
				n++
			}
		}
	}
	return table
}()

// firstNumbers are the numbers of 16 columns.
var firstNumbers = [16]int32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}

// listColumns does as many columns as groups are full of, and says how many and how
// many it listed.
func listColumns(index []int32, src []byte, row, m, k int, skip byte) (done, n int) {
	t := gemmList{index: unsafe.Pointer(unsafe.SliceData(index)), skip: int(skip) * 0x01010101}
	t.rows = rowsOfBytes(src, row, m)
	switch {
	case active >= avx512:
		t.k, t.step, t.table = k, 16, unsafe.Pointer(&firstNumbers)
		gemmListColumnsAVX512(&t)
		return k, t.count
	case active >= avx2 && k >= listGroup && m < maxIndexedRows:
		t.k, t.step, t.table = k&^(listGroup-1), 8, unsafe.Pointer(&bitNumbers)
		gemmListColumnsAVX2(&t)
		return t.k, t.count
	}
	return 0, 0
}

// rowsOfBytes is where m rows begin, the last one in place of those there are not.
func rowsOfBytes(x []byte, row, m int) (rows [maxIndexedRows]unsafe.Pointer) {
	for r := range rows {
		rows[r] = unsafe.Pointer(&x[min(r, m-1)*row])
	}
	return rows
}

func (g *Gemm[T]) bytes(x []byte, row int, table *[256]T, skip byte, index []int32) {
	if active < avx2 {
		g.bytesGeneric(x, row, table, skip, index)
		return
	}
	w := GemmPanel[T]()
	t := gemmTiles{
		index: unsafe.Pointer(unsafe.SliceData(index)), table: unsafe.Pointer(table), flags: g.flags(),
		bPanel: bytesIn[T](w * g.K), cRow: bytesIn[T](g.CRow),
	}
	for i := 0; i < g.M; i += indexedRows() {
		rows, from := min(indexedRows(), g.M-i), x[min(i*row, len(x)):]
		if g.K > 0 {
			t.rows = rowsOfBytes(from, row, rows)
		}
		t.k = ListColumns(index, from, row, rows, g.K, skip)
		g.bytesRows(&t, i, rows)
	}
}

// bytesRows computes the rows from i on, as many as a tile has or fewer.
func (g *Gemm[T]) bytesRows(t *gemmTiles, i, rows int) {
	w := GemmPanel[T]()
	full := g.N
	if rows < indexedRows() {
		full = 0
	}
	j := 0
	for panels := 2; panels > 0; panels-- {
		if tiles := (full - j) / (panels * w); tiles > 0 {
			t.c, t.bias = at(g.C, i*g.CRow+j), nil
			if g.Bias != nil {
				t.bias = at(g.Bias, j)
			}
			g.bytesTiles(t, j, panels, tiles)
			j += tiles * panels * w
		}
	}
	if j < g.N {
		g.bytesEdge(*t, i, j, rows)
	}
}

// bytesTiles runs the kernel for tiles of one panel or two, from column j on.
func (g *Gemm[T]) bytesTiles(t *gemmTiles, j, panels, tiles int) {
	t.tiles = tiles
	if g.K > 0 {
		t.b = at(g.B, j*g.K)
	}
	if is32[T]() {
		gemmIndexedF32(panels, t)
	} else {
		gemmIndexedF64(panels, t)
	}
}

// bytesEdge computes the columns from j on, or fewer rows than a tile has, in a tile
// of which a part is kept.
func (g *Gemm[T]) bytesEdge(t gemmTiles, i, j, rows int) {
	w := GemmPanel[T]()
	var tile [maxIndexedRows * maxPanel]T
	t.cRow, t.flags = bytesIn[T](w), 0
	for ; j < g.N; j += w {
		t.c = unsafe.Pointer(&tile)
		g.bytesTiles(&t, j, 1, 1)
		for r := range rows {
			for d := range min(w, g.N-j) {
				g.finish(i+r, j+d, tile[r*w+d])
			}
		}
	}
}

func transposeBytes(dst []byte, dstRow int, src []byte, srcRow, rows, cols int) {
	const tileRows, tileCols = 8, 16
	fullRows, fullCols := rows&^(tileRows-1), cols&^(tileCols-1)
	if active < avx2 || fullRows == 0 || fullCols == 0 {
		transposeBytesGeneric(dst, dstRow, src, srcRow, 0, rows, 0, cols)
		return
	}
	t := gemmByteTiles{dstRow: dstRow, srcRow: srcRow, tiles: fullRows / tileRows}
	for j := 0; j < fullCols; j += tileCols {
		t.dst, t.src = unsafe.Pointer(&dst[j*dstRow]), unsafe.Pointer(&src[j])
		gemmTransposeBytesAVX2(&t)
	}
	if fullCols < cols {
		transposeBytesGeneric(dst, dstRow, src, srcRow, 0, fullRows, fullCols, cols)
	}
	transposeBytesGeneric(dst, dstRow, src, srcRow, fullRows, rows, 0, cols)
}
