//go:build amd64 && !noasm

package simd

import "unsafe"

// The structs that the assembly takes. All fields have 8 bytes, and the generator
// knows their order; what is called a distance is in bytes.

// gemmTiles describes tiles of C one below the other.
type gemmTiles struct {
	a, b, c, bias, mask unsafe.Pointer
	k, tiles            int
	aRow, aCol, aTile   int // distances
	bRow                int
	cRow, cTile         int
	flags               int

	// What is fetched ahead of its use, where tiles are large.
	ahead                uintptr
	aheadStep, aheadTile int // distances, of steps and tiles

	// The rest is for kernels that make some of the steps.
	index  unsafe.Pointer
	bPanel int            // distance of panels
	table  unsafe.Pointer // what bytes of A stand for
	rows   [maxIndexedRows]unsafe.Pointer
}

// gemmDots describes tiles of C side by side.
type gemmDots struct {
	a, b, c, bias, mask, kMask unsafe.Pointer
	steps, tiles               int
	aRow, bCol, cRow           int // distances
	flags                      int
}

// gemmSums describes rows of C that multiples of rows of B are added to.
type gemmSums struct {
	a, b, c, mask          unsafe.Pointer
	groups, vecs           int
	aRow, aCol, bRow, cRow int // distances
	flags                  int
}

// gemmPack describes rows that are copied or transposed.
type gemmPack struct {
	dst        unsafe.Pointer
	k          int
	step, from int // distances
	panel      int // distance
	panels     int
	mask       unsafe.Pointer
	rows       [16]unsafe.Pointer
}

const (
	gemmAccumulate = 1 << iota
	gemmBias
	gemmRest // what a mask cuts off is to be done too
	gemmCut  // the tile is masked
	gemmRowBias
)

// Forms of the tiles of outer products: a panel's vectors, and whether the last of them
// is masked.
const (
	gemmFull = iota
	gemmCutTwo
	gemmCutOne
)

// The masks of AVX2: lanes of zeros, ones, zeros, so that a vector read from the right
// place has ones at either end. Those of AVX-512 are bits.
var (
	masks32 = [24]int32{8: -1, -1, -1, -1, -1, -1, -1, -1}
	masks64 = [12]int64{4: -1, -1, -1, -1}
	opmasks = func() (bits [17]uint64) {
		for n := range bits {
			bits[n] = 1<<n - 1
		}
		return bits
	}()
)

// leading is the mask of the first n lanes, n not more than there are in a vector of the
// instruction set.
func leading[T Float](set instructionSet, n int) unsafe.Pointer {
	switch {
	case set >= avx512:
		return unsafe.Pointer(&opmasks[n])
	case is32[T]():
		return unsafe.Pointer(&masks32[16-n])
	}
	return unsafe.Pointer(&masks64[8-n])
}

// trailing is the mask, of AVX2, of the last n of four lanes.
func trailing[T Float](n int) unsafe.Pointer {
	if is32[T]() {
		return unsafe.Pointer(&masks32[4+n])
	}
	return unsafe.Pointer(&masks64[n])
}

// at is the address of element i of s.
func at[T Float](s []T, i int) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(unsafe.SliceData(s)), bytesIn[T](i))
}

// lanesOf is the number of elements in a vector of the instruction set.
func lanesOf[T Float](set instructionSet) int {
	if set >= avx512 {
		return 64 / bytesIn[T](1)
	}
	return 32 / bytesIn[T](1)
}

func (g *Gemm[T]) flags() int {
	flags := 0
	if g.Accumulate {
		flags |= gemmAccumulate
	}
	switch {
	case g.Bias != nil:
		flags |= gemmBias
	case g.RowBias != nil:
		flags |= gemmRowBias
	}
	return flags
}

func (g *Gemm[T]) outer() {
	if active < avx2 {
		g.outerGeneric()
		return
	}
	w, lanes := GemmPanel[T](), lanesOf[T](active)
	tiles := tilesOf(g.M)
	t := gemmTiles{
		k: max(g.K, 0), flags: g.flags(),
		aRow: bytesIn[T](g.ARow), aCol: bytesIn[T](g.ACol),
		bRow: bytesIn[T](g.BRow), cRow: bytesIn[T](g.CRow),
	}
	if g.PackedB {
		t.bRow = bytesIn[T](w)
	}
	if g.PackedA {
		t.aRow = bytesIn[T](1)
	}
	aheadStep := g.aheadStep()
	if aheadStep > 0 {
		t.ahead, t.aheadStep, t.aheadTile = uintptr(at(g.Ahead, 0)), aheadStep, aheadStep*g.K
	}
	for j := 0; j < g.N; j += w {
		cols := min(w, g.N-j)
		form := gemmFull
		switch {
		case cols == w:
		case cols > lanes:
			form, t.mask = gemmCutTwo, leading[T](active, cols-lanes)
		default:
			form, t.mask = gemmCutOne, leading[T](active, cols)
		}
		switch {
		case g.K <= 0:
		case g.PackedB:
			t.b = at(g.B, j*g.K)
		default:
			t.b = at(g.B, j)
		}
		if g.Bias != nil {
			t.bias = at(g.Bias, j)
		}
		i, from := 0, 0
		for h := tileRows(); h > 0; h-- {
			if tiles[h] == 0 {
				continue
			}
			step := h * g.ARow
			if g.PackedA {
				t.aCol = bytesIn[T](h)
				step = h*g.K + packPad
			}
			if g.K > 0 {
				t.a = at(g.A, from)
			}
			if t.flags&gemmRowBias != 0 {
				t.bias = at(g.RowBias, i)
			}
			t.c = at(g.C, i*g.CRow+j)
			t.tiles, t.aTile, t.cTile = tiles[h], bytesIn[T](step), h*t.cRow
			if aheadStep == 0 {
				// Far enough for packed elements of A from the third-level cache.
				t.ahead, t.aheadStep, t.aheadTile = uintptr(t.a)+uintptr(32*t.aCol), t.aCol, t.aTile
			}
			if is32[T]() {
				gemmOuterF32(h, form, &t)
			} else {
				gemmOuterF64(h, form, &t)
			}
			i += tiles[h] * h
			from += tiles[h] * step
		}
	}
}

// aheadStep is how many bytes of g.Ahead are fetched in a step along K, such that the highest
// tiles fetch all of it between them; 0 if there is nothing to fetch.
func (g *Gemm[T]) aheadStep() int {
	w := GemmPanel[T]()
	steps := g.M / tileRows() * ((g.N + w - 1) / w) * g.K
	if steps <= 0 {
		return 0
	}
	return (bytesIn[T](len(g.Ahead)) + steps - 1) / steps
}

// dotBytes is how much of B the dot products of all rows go over at a time, so that
// it stays in the second-level cache.
const dotBytes = 192 << 10

func (g *Gemm[T]) dot() {
	if active < avx2 {
		g.dotGeneric()
		return
	}
	k := max(g.K, 0)
	chunk := max(dotBytes/bytesIn[T](max(k, 1)), MinDotCols) &^ (MinDotCols - 1)
	if g.M <= 3 {
		chunk = g.N &^ (MinDotCols - 1)
	}
	for j := 0; j < g.N; j += chunk {
		if g.N-j < MinDotCols {
			break // columns that tail reaches back for
		}
		g.dotColumns(j, min(chunk, g.N-j)/MinDotCols)
	}
	if r := g.N % MinDotCols; r > 0 {
		g.dotTail(r)
	}
}

// dotColumns computes tiles of columns from column j on: as many as possible of the
// width that suits AVX-512, unless they are short.
func (g *Gemm[T]) dotColumns(j, tiles int) {
	const per = wideDotCols / MinDotCols
	if wide := tiles / per; active >= avx512 && wide > 0 && g.K >= 4*lanesOf[T](avx2) {
		t := g.dots(avx512, j, wide)
		g.wideDotRows(&t, j)
		j, tiles = j+wide*wideDotCols, tiles-wide*per
	}
	if tiles > 0 {
		t := g.dots(avx2, j, tiles)
		t.mask = leading4[T]()
		g.dotRows(&t, j)
	}
}

// dotTail computes the last r columns, fewer than a tile has: the tile is the last
// one that fits, and what has been computed already is masked.
func (g *Gemm[T]) dotTail(r int) {
	j := g.N - MinDotCols
	t := g.dots(avx2, j, 1)
	t.mask = trailing[T](r)
	t.flags |= gemmCut
	g.dotRows(&t, j)
}

// leading4 is the mask of four lanes.
func leading4[T Float]() unsafe.Pointer { return leading[T](avx2, 4) }

// dots describes tiles from column j on. Steps are those of AVX2 in any case.
func (g *Gemm[T]) dots(set instructionSet, j, tiles int) gemmDots {
	lanes, k := lanesOf[T](avx2), max(g.K, 0)
	t := gemmDots{
		steps: k / lanes, tiles: tiles, flags: g.flags(),
		aRow: bytesIn[T](g.ARow), bCol: bytesIn[T](g.BCol), cRow: bytesIn[T](g.CRow),
	}
	if k > 0 {
		t.b = at(g.B, j*g.BCol)
	}
	if g.Bias != nil {
		t.bias = at(g.Bias, j)
	}
	if r := k % lanes; r > 0 {
		t.flags |= gemmRest
		t.kMask = leading[T](set, r)
	}
	return t
}

// dotRows runs the kernel for all rows, three at a time, or two where that avoids
// a single one.
func (g *Gemm[T]) dotRows(t *gemmDots, j int) {
	for i := 0; i < g.M; {
		rows := min(3, g.M-i)
		if g.M-i == 4 {
			rows = 2
		}
		if g.K > 0 {
			t.a = at(g.A, i*g.ARow)
		}
		t.c = at(g.C, i*g.CRow+j)
		if is32[T]() {
			gemmDotF32(rows, t)
		} else {
			gemmDotF64(rows, t)
		}
		i += rows
	}
}

// Sizes of the tiles of dot products with AVX-512.
const (
	wideDotCols = 8
	wideDotRows = 5 // at most
)

// wideDotRows runs the kernel of AVX-512 for all rows, in parts of about the same size. A
// single one has a kernel with two sums for each element, as with AVX2, and is never left.
func (g *Gemm[T]) wideDotRows(t *gemmDots, j int) {
	for i := 0; i < g.M; {
		parts := (g.M - i + wideDotRows - 1) / wideDotRows
		rows := (g.M - i + parts - 1) / parts
		if g.K > 0 {
			t.a = at(g.A, i*g.ARow)
		}
		t.c = at(g.C, i*g.CRow+j)
		if is32[T]() {
			gemmWideDotF32(rows, t)
		} else {
			gemmWideDotF64(rows, t)
		}
		i += rows
	}
}

// axpyCols is how many columns of C one row is added to at a time, so that they
// stay in the first-level cache.
const axpyCols = 2048

func (g *Gemm[T]) axpy() {
	if active < avx2 {
		g.axpyGeneric()
		return
	}
	group := gemmAxpyGroup[g.M]
	for j := 0; j < g.N; j += axpyCols {
		cols, lanes := min(axpyCols, g.N-j), lanesOf[T](active)
		t := gemmSums{
			c: at(g.C, j), vecs: cols / lanes,
			aRow: bytesIn[T](g.ARow), aCol: bytesIn[T](g.ACol), bRow: bytesIn[T](g.BRow), cRow: bytesIn[T](g.CRow),
		}
		if g.Accumulate {
			t.flags |= gemmAccumulate
		}
		if r := cols % lanes; r > 0 {
			t.flags |= gemmRest
			t.mask = leading[T](active, r)
		}
		done := g.K / group * group
		g.axpyGroups(&t, j, 0, g.K/group, false)
		g.axpyGroups(&t, j, done, g.K-done, true)
	}
}

// gemmAxpyKey numbers the kernels for the functions that choose one.
func gemmAxpyKey(rows int, one bool) int {
	if one {
		return 2*rows + 1
	}
	return 2 * rows
}

// axpyGroups adds groups of rows of B, from row p on, to the columns from j on.
func (g *Gemm[T]) axpyGroups(t *gemmSums, j, p, groups int, one bool) {
	if groups == 0 {
		return
	}
	t.a, t.b, t.groups = at(g.A, p*g.ACol), at(g.B, p*g.BRow+j), groups
	if is32[T]() {
		gemmAxpyF32(g.M, one, t)
	} else {
		gemmAxpyF64(g.M, one, t)
	}
	t.flags |= gemmAccumulate
}

func packA[T Float](dst, src []T, row, col, m, k int) {
	if active < avx2 {
		packAGeneric(dst, src, row, col, m, k)
		return
	}
	tiles := tilesOf(m)
	i, to := 0, 0
	for h := tileRows(); h > 0; h-- {
		n := tiles[h]
		if n == 0 {
			continue
		}
		size := h*k + packPad
		if col == 1 && row != 1 {
			for tile := range n {
				transpose(at(dst, to+tile*size), src[(i+tile*h)*row:], row, h, h, k)
			}
		} else {
			copyRows[T](at(dst, to), at(src, i), col, h, h, k, n, size)
		}
		to += n * size
		i += n * h
	}
}

func packB[T Float](dst, src []T, row, col, k, n int) {
	if active < avx2 {
		packBGeneric(dst, src, row, col, k, n)
		return
	}
	w := GemmPanel[T]()
	if row == 1 && col != 1 {
		for j := 0; j < n; j += w {
			transpose(at(dst, j*k), src[j*col:], col, min(w, n-j), w, k)
		}
		return
	}
	if panels := n / w; panels > 0 {
		t := gemmPack{dst: at(dst, 0), k: k, step: bytesIn[T](w), from: bytesIn[T](row), panel: bytesIn[T](w * k), panels: panels}
		t.rows[0] = at(src, 0)
		if is32[T]() {
			gemmPanelsF32(&t)
		} else {
			gemmPanelsF64(&t)
		}
	}
	if j := n / w * w; j < n {
		copyRows[T](at(dst, j*k), at(src, j), row, n-j, w, k, 1, 0)
	}
}

// transpose writes k groups of h elements, width apart: element i of group p is
// src[i·row+p]. It may write up to a vector beyond each group, and beyond the last.
func transpose[T Float](dst unsafe.Pointer, src []T, row, h, width, k int) {
	lanes := lanesOf[T](active)
	t := gemmPack{k: k, step: bytesIn[T](width)}
	// From the last vector to the first: what is written beyond a group is then
	// overwritten by the elements that belong there.
	for v := (h - 1) / lanes * lanes; v >= 0; v -= lanes {
		t.dst = unsafe.Add(dst, bytesIn[T](v))
		for i := range lanes {
			t.rows[i] = at(src, min(v+i, h-1)*row)
		}
		if is32[T]() {
			gemmTransposeF32(&t)
		} else {
			gemmTransposeF64(&t)
		}
	}
}

// copyRows writes panels, size elements apart, of k groups of h elements, width apart: element
// i of group p in panel q is src[p·from+q·width+i]. It may write beyond groups as transpose does.
func copyRows[T Float](dst, src unsafe.Pointer, from, h, width, k, panels, size int) {
	lanes := lanesOf[T](active)
	vecs := (h + lanes - 1) / lanes
	t := gemmPack{
		dst: dst, k: k, step: bytesIn[T](width), from: bytesIn[T](from),
		panel: bytesIn[T](size), panels: panels, mask: leading[T](active, h-(vecs-1)*lanes),
	}
	t.rows[0] = src
	if is32[T]() {
		gemmCopyF32(vecs, &t)
	} else {
		gemmCopyF64(vecs, &t)
	}
}

// bytesIn is n elements of type T, in bytes.
func bytesIn[T Float](n int) int {
	var zero T
	return n * int(unsafe.Sizeof(zero))
}
