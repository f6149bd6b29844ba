package simd

// packPad is the space behind each tile of a packed A: the kernels write whole
// vectors, and what goes beyond the tile's rows is overwritten by what follows or
// lands here.
const packPad = 16

// PackedALen is the length of what PackA writes for A [m, k].
func PackedALen(m, k int) int {
	tiles := 0
	for _, n := range tilesOf(max(m, 0)) {
		tiles += n
	}
	return max(m, 0)*max(k, 0) + tiles*packPad
}

// PackedBLen is the length of what PackB writes for B [k, n].
func PackedBLen[T Float](n, k int) int {
	w := GemmPanel[T]()
	return (max(n, 0) + w - 1) / w * w * max(k, 0)
}

// PackA writes A [m, k], element (i, p) of which is src[i·row+p·col], in the order
// in which MulOuter reads it: tile by tile, in a tile column by column. One of the
// strides must be 1. dst must have PackedALen elements; it does not depend on
// their values.
func PackA[T Float](dst, src []T, row, col, m, k int) {
	if m <= 0 || k <= 0 {
		return
	}
	checkPack("PackA", len(dst), PackedALen(m, k), len(src), extent(m, row, k, col), row, col)
	packA(dst, src, row, col, m, k)
}

// PackB writes B [k, n], element (p, j) of which is src[p·row+j·col], in the order
// in which MulOuter reads it: in panels of GemmPanel columns, in a panel row by
// row. One of the strides must be 1. dst must have PackedBLen elements. What stands
// in the columns that the last panel lacks is unspecified.
func PackB[T Float](dst, src []T, row, col, k, n int) {
	if n <= 0 || k <= 0 {
		return
	}
	checkPack("PackB", len(dst), PackedBLen[T](n, k), len(src), extent(k, row, n, col), row, col)
	packB(dst, src, row, col, k, n)
}

func checkPack(op string, dst, wantDst, src, wantSrc, row, col int) {
	if row != 1 && col != 1 {
		panic("simd: " + op + ": no stride is 1")
	}
	if dst < wantDst {
		panicLength(op, "dst", dst, wantDst)
	}
	if src < wantSrc {
		panicLength(op, "src", src, wantSrc)
	}
}

// packAGeneric is the reference of PackA.
func packAGeneric[T Float](dst, src []T, row, col, m, k int) {
	tiles := tilesOf(m)
	i := 0
	for h := tileRows(); h > 0; h-- {
		for range tiles[h] {
			packTile(dst, src[i*row:], row, col, h, h, k)
			dst = dst[h*k+packPad:]
			i += h
		}
	}
}

// packBGeneric is the reference of PackB.
func packBGeneric[T Float](dst, src []T, row, col, k, n int) {
	w := GemmPanel[T]()
	for j := 0; j < n; j += w {
		packTile(dst[j*k:], src[j*col:], col, row, min(w, n-j), w, k)
	}
}

// packTile writes k groups of h elements, width elements apart: element i of group
// p is src[i·row+p·col].
func packTile[T Float](dst, src []T, row, col, h, width, k int) {
	for p := range k {
		to := dst[p*width:][:h]
		for i := range to {
			to[i] = src[i*row+p*col]
		}
	}
}
