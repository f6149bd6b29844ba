package simd

import (
	"fmt"
	"math"
)

// Products on AMX tiles: an instruction multiplies 16×32 numbers with 32×16 numbers, all of
// bfloat16, and adds to 16×16 of float32. A float32 is the sum of three bfloat16,
//
//	x = hi + mid + lo
//
// where hi is x rounded to eight bits, mid what is left rounded likewise, and lo the rest. Of the
// nine products of parts,
//
//	lo·hi + mid·hi + mid·mid + hi·mid + hi·lo + hi·hi
//
// are within 2⁻²⁴ of the product of float32; the other three are smaller.
//
// The instructions take subnormal numbers as 0 and give none. So each row of A and each column
// of B is multiplied by a power of two first, which is taken out of the result again: that leaves
// room for numbers 2¹⁵⁰ apart. What it does not leave room for, and what is infinite or NaN, is
// not to be multiplied this way; [SplitFits] tells.

const (
	splitRows  = 16 // rows of A, or columns of B, in a tile
	splitSteps = 32 // steps along k in a tile
	splitParts = 3
	splitTile  = splitRows * splitSteps // elements of a tile

	// MaxSplitSteps is how many steps along k a product of splits may have: with as many,
	// sums stay below the largest float32.
	MaxSplitSteps = 2048

	splitTop    = 56       // the exponent that the largest element of a row or column gets
	splitBottom = 0x1p-102 // the least magnitude whose parts are not subnormal, none
	splitLeast  = 0x1p-96  // the least product for which what is lost to subnormal results is within a rounding error
)

// Split is a matrix A [n, k], or B [k, n], as the sum of three of bfloat16.
type Split struct {
	// Tiles has SplitLen elements: of each 16 rows of A, or columns of B, and each 32 steps
	// along k the tiles of the three parts. A row of a tile of A holds 32 elements along k; one of
	// B holds pairs of elements along k, of each column.
	Tiles []uint16

	// Exponents has SplitExponents elements: element (i, p) of A is 2^Exponents[i] times what the
	// tiles stand for; of B likewise by columns.
	Exponents []float32

	// Smallest is the least magnitude, other than 0, that the tiles stand for; +Inf if there is
	// none, and 0 if A or B is not finite.
	Smallest float64
}

// SplitLen is the length of Tiles for n rows of A, or columns of B, of k elements.
func SplitLen(n, k int) int { return splitGroups(n) * splitBlocks(k) * splitParts * splitTile }

// SplitExponents is the length of Exponents for n rows of A, or columns of B.
func SplitExponents(n int) int { return splitGroups(n) * splitRows }

// splitGroups is the number of tiles that n rows or columns take.
func splitGroups(n int) int { return (max(n, 0) + splitRows - 1) / splitRows }

// splitBlocks is the number of tiles that k steps take.
func splitBlocks(k int) int { return (max(k, 0) + splitSteps - 1) / splitSteps }

// SplitA writes A [m, k] whose rows are contiguous and row elements apart. What the last tiles
// lack is 0.
func SplitA(dst *Split, src []float32, row, m, k int) {
	dst.check("SplitA", src, m, row, k, m, k)
	dst.splitA(src, row, max(m, 0), max(k, 0))
}

// SplitB writes B [k, n] whose rows are contiguous and row elements apart. What the last tiles
// lack is 0.
func SplitB(dst *Split, src []float32, row, k, n int) {
	dst.check("SplitB", src, k, row, n, n, k)
	dst.splitB(src, row, max(k, 0), max(n, 0))
}

// check panics unless the source has that many rows and columns, and the tiles and exponents fit.
func (s *Split) check(op string, src []float32, rows, row, cols, n, k int) {
	if want := extent(rows, row, cols, 1); len(src) < want {
		panicLength(op, "src", len(src), want)
	}
	if want := SplitLen(n, k); len(s.Tiles) < want {
		panicLength(op, "Tiles", len(s.Tiles), want)
	}
	if want := SplitExponents(n); len(s.Exponents) < want {
		panicLength(op, "Exponents", len(s.Exponents), want)
	}
}

// SplitFits reports whether MulSplit multiplies a and b as accurately as float32 arithmetic
// would.
func SplitFits(a, b *Split) bool {
	return min(a.Smallest, b.Smallest) >= splitBottom && a.Smallest*b.Smallest >= splitLeast
}

// SplitPrecision is how many products of parts [Gemm.MulSplit] adds up.
type SplitPrecision int

const (
	// SplitHighest adds up six: results are as accurate as those of float32 arithmetic.
	SplitHighest SplitPrecision = iota
	// SplitHigh adds up the three largest: products have an error of 2⁻¹⁵ or less, most of them
	// one of 2⁻¹⁸.
	SplitHigh
)

// splitPairs are the parts of A and of B that are multiplied, in order: small ones first, 0 is hi.
var splitPairs = [...][][2]int{
	SplitHighest: {{2, 0}, {1, 0}, {1, 1}, {0, 1}, {0, 2}, {0, 0}},
	SplitHigh:    {{1, 0}, {0, 1}, {0, 0}},
}

// MulSplit runs the product g of A and B, which have been split; of g itself the sizes, C, Accumulate
// and Bias count. Each element of C is a sum in an order that depends on K alone. It panics if
// slices are too short, if K is larger than MaxSplitSteps, or with RowBias.
func MulSplit(g *Gemm[float32], a, b *Split, precision SplitPrecision) {
	if g.empty() {
		return
	}
	g.checkC("MulSplit")
	if g.RowBias != nil || g.K > MaxSplitSteps {
		panic(fmt.Sprintf("simd: MulSplit: %d steps, want at most %d; a bias of rows: %v", g.K, MaxSplitSteps, g.RowBias != nil))
	}
	a.check("MulSplit", nil, 0, 0, 0, g.M, g.K)
	b.check("MulSplit", nil, 0, 0, 0, g.N, g.K)
	mulSplit(g, a, b, precision)
}

// HasTiles reports whether MulSplit runs on AMX tiles. It is to be left alone elsewhere, where it
// imitates them.
func HasTiles() bool { return active >= amx }

// splitRange is what a row or column needs to know of its elements: the bits of the largest
// magnitude, and those of the least other than 0, less one.
type splitRange struct{ largest, least uint32 }

// add takes notice of an element.
func (r *splitRange) add(x float32) {
	bits := math.Float32bits(x) &^ (1 << 31)
	r.largest, r.least = max(r.largest, bits), min(r.least, bits-1)
}

// emptyRange is that of no elements.
var emptyRange = splitRange{least: math.MaxUint32}

// scale sets the exponent of row or column i and returns the one to multiply its elements by.
func (s *Split) scale(i int, r splitRange) (exponent int) {
	const infinite = 0xff << 23
	switch {
	case r.largest >= infinite:
		s.Smallest = 0
	case r.largest > 0:
		exponent = splitTop - math.Ilogb(float64(math.Float32frombits(r.largest)))
		least := float64(math.Float32frombits(r.least + 1))
		s.Smallest = min(s.Smallest, math.Ldexp(least, exponent))
	}
	s.Exponents[i] = float32(-exponent)
	return exponent
}
