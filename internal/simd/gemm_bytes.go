package simd

import "fmt"

// Products with bytes. Pixels and the like are bytes of which many are 0, and a step
// along K in which all of a tile's elements of A are 0 changes nothing: it is left out.

// IndexedRows is the most rows that PackBytes and MulIndexed take.
const IndexedRows = 3

// bytesGroup is how many columns PackBytes does at a time.
const bytesGroup = 8

// BytesPitch is how far apart PackBytes writes rows of k elements.
func BytesPitch(k int) int { return (k + bytesGroup - 1) / bytesGroup * bytesGroup }

// PackBytes converts a matrix of bytes [m, k], m at most IndexedRows, whose element
// (i, p) is src[i·row+p], and lists the columns that are not all 0:
//
//	values[i·BytesPitch(k)+p] = src[i·row+p]·scale
//	index[:n] = the p for which some src[i·row+p] is not 0, ascending
//
// values must have IndexedRows·BytesPitch(k) elements and index BytesPitch(k)+8; what
// they hold besides is unspecified.
func PackBytes[T Float](values []T, index []int32, src []byte, row, m, k int, scale T) (n int) {
	if m <= 0 || k <= 0 {
		return 0
	}
	if m > IndexedRows {
		panic(fmt.Sprintf("simd: PackBytes: %d rows, want at most %d", m, IndexedRows))
	}
	if want := extent(m, row, k, 1); len(src) < want {
		panicLength("PackBytes", "src", len(src), want)
	}
	if want := IndexedRows * BytesPitch(k); len(values) < want {
		panicLength("PackBytes", "values", len(values), want)
	}
	if want := BytesPitch(k) + bytesGroup; len(index) < want {
		panicLength("PackBytes", "index", len(index), want)
	}
	done, n := packBytes(values, index, src, row, m, k, scale)
	return packBytesGeneric(values, index, src, row, m, done, k, n, scale)
}

// packBytesGeneric is the reference of PackBytes, for the columns from ≤ p < k; index
// has n entries already.
func packBytesGeneric[T Float](values []T, index []int32, src []byte, row, m, from, k, n int, scale T) int {
	pitch := BytesPitch(k)
	for p := from; p < k; p++ {
		any := byte(0)
		for i := range m {
			b := src[i*row+p]
			values[i*pitch+p] = T(b) * scale
			any |= b
		}
		if any != 0 {
			index[n] = int32(p)
			n++
		}
	}
	return n
}

// MulIndexed runs the product of at most IndexedRows rows, but only the steps along K
// that index lists, each in 0 … K-1: those of A's other columns count as 0. A must have
// its columns next to each other (ACol = 1) and IndexedRows rows, whatever M is, as
// PackBytes writes them. B must be packed. Each element is one sum in the order of
// index.
func (g *Gemm[T]) MulIndexed(index []int32) {
	if g.empty() {
		return
	}
	g.checkC("MulIndexed")
	if g.M > IndexedRows || g.PackedA || g.ACol != 1 || !g.PackedB {
		panic(fmt.Sprintf("simd: MulIndexed: %d rows, want at most %d; columns of A are %d elements apart, want 1; B packed %v, want true",
			g.M, IndexedRows, g.ACol, g.PackedB))
	}
	g.need("MulIndexed", "A", len(g.A), extent(IndexedRows, g.ARow, g.K, 1))
	g.need("MulIndexed", "B", len(g.B), PackedBLen[T](g.N, g.K))
	g.indexed(index)
}

// indexedGeneric is the reference of MulIndexed.
func (g *Gemm[T]) indexedGeneric(index []int32) {
	w := GemmPanel[T]()
	for i := range g.M {
		a := g.A[i*g.ARow:]
		for j := 0; j < g.N; j += w {
			var sums [16]T
			b := g.B[j*g.K:]
			for _, p := range index {
				x := a[p]
				for d, y := range b[int(p)*w:][:w] {
					sums[d] += x * y
				}
			}
			for d := range min(w, g.N-j) {
				g.finish(i, j+d, sums[d])
			}
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
