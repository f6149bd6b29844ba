//go:build amd64 && !noasm

package simd

import (
	"math"
	"unsafe"
)

// The structs that the assembly takes; see gemm_amd64.go.

// gemmRange describes vectors of which each lane's range is wanted.
type gemmRange struct {
	src, ranges, mask unsafe.Pointer // ranges: the largest of each lane, then the least
	step, count       int            // distance
}

// gemmSplitting describes pairs of vectors that are split, each into a row of three tiles.
type gemmSplitting struct {
	src, dst, exponents, order, mask unsafe.Pointer
	second                           int // distance of the vectors of a pair
	step, to                         int // distances of pairs and of rows
	count                            int
}

// gemmSplitTiles describes groups of tiles of C one below the other.
type gemmSplitTiles struct {
	a, b, c, bias          unsafe.Pointer
	aExponents, bExponents unsafe.Pointer
	mask, secondMask       unsafe.Pointer // of the columns of the first and of the second tile
	config, scratch        unsafe.Pointer
	blocks, rows           int
	group                  int // distance of tiles of A and of B that lie side by side
	cRow                   int // distance
	flags                  int
}

// tileConfig says that all eight tiles have 16 rows of 64 bytes.
var tileConfig = func() (c [64]byte) {
	c[0] = 1 // the palette
	for tile := range 8 {
		c[16+2*tile], c[48+tile] = 64, splitRows
	}
	return c
}()

// splitOrderA and splitOrderB are where a row of a tile takes its elements from, of a pair of
// vectors whose elements' upper halves are what is wanted: one after the other, or in turns.
var splitOrderA, splitOrderB = func() (a, b [splitSteps]uint16) {
	for i := range a {
		a[i] = uint16(2*i + 1)
		b[i] = uint16(i%2*splitSteps + i/2*2 + 1)
	}
	return a, b
}()

func (s *Split) splitA(src []float32, row, m, k int) {
	if active < avx512 || k == 0 {
		s.splitAGeneric(src, row, m, k)
		return
	}
	s.Smallest = math.Inf(1)
	groups, blocks := splitGroups(m), splitBlocks(k)
	for i := range groups * splitRows {
		dst := s.Tiles[i/splitRows*blocks*splitParts*splitTile+i%splitRows*splitSteps:]
		if i >= m {
			s.Exponents[i] = 0
			clearRow(dst, blocks)
			continue
		}
		from := src[i*row:][:k]
		lanes := rangesOf(from, splitRows, k/splitRows, splitRows)
		if r := k % splitRows; r > 0 {
			rest := rangesOf(from[k-r:], 0, 1, r)
			for l := range lanes {
				lanes[l].join(rest[l])
			}
		}
		for _, l := range lanes[1:] {
			lanes[0].join(l)
		}
		exponent := float32(s.scale(i, lanes[0]))
		var exponents [splitRows]float32
		for l := range exponents {
			exponents[l] = exponent
		}
		t := gemmSplitting{
			exponents: unsafe.Pointer(&exponents), order: unsafe.Pointer(&splitOrderA), mask: leading[float32](avx512, splitRows),
			second: 4 * splitRows, step: 4 * splitSteps, to: splitParts * splitTile * 2,
		}
		t.run(dst, from, k/splitSteps)
		if r := k % splitSteps; r > 0 {
			var rest [splitSteps]float32
			copy(rest[:], from[k-r:])
			t.run(dst[(blocks-1)*splitParts*splitTile:], rest[:], 1)
		}
	}
}

func (s *Split) splitB(src []float32, row, k, n int) {
	if active < avx512 || k == 0 {
		s.splitBGeneric(src, row, k, n)
		return
	}
	s.Smallest = math.Inf(1)
	blocks := splitBlocks(k)
	for j := 0; j < n; j += splitRows {
		cols := min(splitRows, n-j)
		lanes := rangesOf(src[j:], row, k, cols)
		var exponents [splitRows]float32
		for l := range lanes {
			exponents[l] = float32(s.scale(j+l, lanes[l]))
		}
		dst := s.Tiles[j/splitRows*blocks*splitParts*splitTile:]
		t := gemmSplitting{
			exponents: unsafe.Pointer(&exponents), order: unsafe.Pointer(&splitOrderB), mask: leading[float32](avx512, cols),
			second: 4 * row, step: 4 * splitSteps * row, to: splitParts * splitTile * 2,
		}
		full := k / splitSteps
		if full > 0 {
			for i := range splitSteps / 2 {
				t.run(dst[i*splitSteps:], src[2*i*row+j:], full)
			}
		}
		if full == blocks {
			continue
		}
		// The last steps along k, with zeros behind.
		var rest [splitSteps][splitRows]float32
		for p := full * splitSteps; p < k; p++ {
			copy(rest[p%splitSteps][:cols], src[p*row+j:])
		}
		t.second, t.mask = 4*splitRows, leading[float32](avx512, splitRows)
		for i := range splitSteps / 2 {
			t.run(dst[full*splitParts*splitTile+i*splitSteps:], rest[2*i][:], 1)
		}
	}
}

// rangesOf is the range of each lane of count vectors, of n elements each, step elements apart.
func rangesOf(src []float32, step, count, n int) (ranges [splitRows]splitRange) {
	lanes := [2][splitRows]uint32{}
	for l := range lanes[1] {
		lanes[1][l] = math.MaxUint32
	}
	if count > 0 {
		t := gemmRange{src: at(src, 0), ranges: unsafe.Pointer(&lanes), mask: leading[float32](avx512, n), step: 4 * step, count: count}
		gemmRangesF32AVX512(&t)
	}
	for l := range ranges {
		ranges[l] = splitRange{lanes[0][l], lanes[1][l]}
	}
	return ranges
}

// join takes notice of what another one has seen.
func (r *splitRange) join(other splitRange) {
	r.largest, r.least = max(r.largest, other.largest), min(r.least, other.least)
}

// run splits count pairs of vectors from src on.
func (t gemmSplitting) run(dst []uint16, src []float32, count int) {
	if count > 0 {
		t.src, t.dst, t.count = at(src, 0), unsafe.Pointer(unsafe.SliceData(dst)), count
		gemmSplitF32AVX512(&t)
	}
}

// clearRow makes a row of the tiles of all parts 0.
func clearRow(dst []uint16, blocks int) {
	for tile := range blocks * splitParts {
		clear(dst[tile*splitTile:][:splitSteps])
	}
}

func mulSplit(g *Gemm[float32], a, b *Split, precision SplitPrecision) {
	if active < amx || g.K <= 0 {
		mulSplitGeneric(g, a, b, precision)
		return
	}
	var scratch [2 * splitRows][2 * splitRows]float32
	blocks := splitBlocks(g.K)
	t := gemmSplitTiles{
		config: unsafe.Pointer(&tileConfig), scratch: unsafe.Pointer(&scratch), blocks: blocks,
		group: blocks * splitParts * splitTile * 2, cRow: 4 * g.CRow, flags: g.flags(),
	}
	tile := func(tiles []uint16, i int) unsafe.Pointer {
		return unsafe.Add(unsafe.Pointer(unsafe.SliceData(tiles)), i/splitRows*t.group)
	}
	for j := 0; j < g.N; j += 2 * splitRows {
		cols := min(2*splitRows, g.N-j)
		t.b, t.bExponents = tile(b.Tiles, j), at(b.Exponents, j)
		t.mask, t.secondMask = leading[float32](avx512, min(cols, splitRows)), leading[float32](avx512, max(cols-splitRows, 0))
		if g.Bias != nil {
			t.bias = at(g.Bias, j)
		}
		// Groups of two tiles, and a single one in the end if that is enough.
		i, wide := 0, (cols+splitRows-1)/splitRows
		if rest := g.M % (2 * splitRows); rest > 0 && rest <= splitRows {
			i = g.M - rest
			t.at(g, a, tile(a.Tiles, i), i, j, rest)
			gemmSplitTilesF32(precision, 1, wide, &t)
		} else {
			i = g.M
		}
		if i > 0 {
			t.at(g, a, tile(a.Tiles, 0), 0, j, i)
			gemmSplitTilesF32(precision, 2, wide, &t)
		}
	}
}

// at sets which rows of C, from row i and column j on, are computed from which tiles of A.
func (t *gemmSplitTiles) at(g *Gemm[float32], a *Split, tiles unsafe.Pointer, i, j, rows int) {
	t.a, t.aExponents, t.c, t.rows = tiles, at(a.Exponents, i), at(g.C, i*g.CRow+j), rows
}
