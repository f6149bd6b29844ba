package simd

import "fmt"

// Products with bytes. A step along K in which all of a tile's elements of A are 0
// changes nothing: it is left out.

// maxIndexedRows is the most rows that a tile of MulBytes has with any instruction set, and
// the most that ListColumns takes.
const maxIndexedRows = 4

// indexedRows is the number of rows of a tile of MulBytes.
func indexedRows() int {
	if active >= avx512 {
		return maxIndexedRows
	}
	return 3
}

// IndexLen is the length of an index for k columns.
func IndexLen(k int) int { return max(k, 0) + 16 }

// ListColumns lists the columns of a matrix of bytes [m, k], m at most 4, that do not only consist of the byte skip. Element (i, p) is src[i·row+p]:
//
//	index[:n] = the p for which some src[i·row+p] is not skip, ascending
//
// index must have IndexLen(k) elements; what the rest of it holds is unspecified.
func ListColumns(index []int32, src []byte, row, m, k int, skip byte) (n int) {
	if m <= 0 || k <= 0 {
		return 0
	}
	if m > maxIndexedRows {
		panic(fmt.Sprintf("simd: ListColumns: %d rows, want at most %d", m, maxIndexedRows))
	}
	if want := extent(m, row, k, 1); len(src) < want {
		panicLength("ListColumns", "src", len(src), want)
	}
	if want := IndexLen(k); len(index) < want {
		panicLength("ListColumns", "index", len(index), want)
	}
	done, n := listColumns(index, src, row, m, k, skip)
	return listColumnsGeneric(index, src, row, m, done, k, n, skip)
}

// listColumnsGeneric is the reference of ListColumns, for the columns from ≤ p < k; index
// has n entries already.
func listColumnsGeneric(index []int32, src []byte, row, m, from, k, n int, skip byte) int {
	for p := from; p < k; p++ {
		for i := range m {
			if src[i*row+p] != skip {
				index[n] = int32(p)
				n++
				break
			}
		}
	}
	return n
}

// MulBytes runs the product for an A of bytes: element (i, p) is table[x[i·row+p]]. B
// must be packed; A is not used. A few rows at a time, it leaves out the steps along
// K in which all of them have the byte skip, whose number must be 0. index is memory for
// IndexLen(K) elements. Each element of C is one sum from the first to the last step.
func (g *Gemm[T]) MulBytes(x []byte, row int, table *[256]T, skip byte, index []int32) {
	if g.empty() {
		return
	}
	g.checkC("MulBytes")
	if !g.PackedB {
		panic("simd: MulBytes: B is not packed")
	}
	g.K = max(g.K, 0)
	g.need("MulBytes", "x", len(x), extent(g.M, row, g.K, 1))
	g.need("MulBytes", "B", len(g.B), PackedBLen[T](g.N, g.K))
	g.need("MulBytes", "index", len(index), IndexLen(g.K))
	g.bytes(x, row, table, skip, index)
}

// bytesGeneric is the reference of MulBytes.
func (g *Gemm[T]) bytesGeneric(x []byte, row int, table *[256]T, skip byte, index []int32) {
	for i := 0; i < g.M; i += indexedRows() {
		rows, from := min(indexedRows(), g.M-i), x[min(i*row, len(x)):]
		n := listColumnsGeneric(index, from, row, rows, 0, g.K, 0, skip)
		for r := range rows {
			g.bytesRow(i+r, from[min(r*row, len(from)):], table, index[:n])
		}
	}
}

// bytesRow computes row i of C from row a of bytes and the steps that index lists.
func (g *Gemm[T]) bytesRow(i int, a []byte, table *[256]T, index []int32) {
	w := GemmPanel[T]()
	for j := 0; j < g.N; j += w {
		var sums [maxPanel]T
		b := g.B[j*g.K:]
		for _, p := range index {
			v := table[a[p]]
			for d, y := range b[int(p)*w:][:w] {
				sums[d] += v * y
			}
		}
		for d := range min(w, g.N-j) {
			g.finish(i, j+d, sums[d])
		}
	}
}

// TransposeBytes transposes a matrix of bytes [rows, cols]:
//
//	dst[j·dstRow+i] = src[i·srcRow+j]
func TransposeBytes(dst []byte, dstRow int, src []byte, srcRow, rows, cols int) {
	if rows <= 0 || cols <= 0 {
		return
	}
	if want := extent(rows, srcRow, cols, 1); len(src) < want {
		panicLength("TransposeBytes", "src", len(src), want)
	}
	if want := extent(cols, dstRow, rows, 1); len(dst) < want {
		panicLength("TransposeBytes", "dst", len(dst), want)
	}
	transposeBytes(dst, dstRow, src, srcRow, rows, cols)
}

// transposeBytesGeneric is the reference of TransposeBytes, for rows from ≤ i < to and
// the columns from col on.
func transposeBytesGeneric(dst []byte, dstRow int, src []byte, srcRow, from, to, col, cols int) {
	for i := from; i < to; i++ {
		row := src[i*srcRow:][:cols]
		for j := col; j < cols; j++ {
			dst[j*dstRow+i] = row[j]
		}
	}
}
