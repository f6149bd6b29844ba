package simd

import (
	"fmt"
)

//go:generate go run -C gen ./gemm -dir ..

// Gemm is a matrix product on slices, C = A·B with A [M, K], B [K, N] and C
// [M, N], for kernels that read the operands where they lie. The methods run it;
// they differ in the layouts that suit them. A caller that multiplies large
// matrices cuts them into blocks that fit the caches.
//
// The methods panic if the slices are too short. K may be 0, which makes all sums
// 0; negative sizes are treated as 0.
type Gemm[T Float] struct {
	M, N, K int

	C    []T // rows CRow elements apart, columns next to each other
	CRow int

	A          []T // element (i, p) at A[i·ARow+p·ACol]
	ARow, ACol int

	B          []T // element (p, j) at B[p·BRow+j·BCol]
	BRow, BCol int

	// PackedA and PackedB say that A was written by [PackA], B by [PackB]; the
	// strides are then without meaning. Only MulOuter takes packed operands, and MulBytes
	// a packed B.
	PackedA, PackedB bool

	// Ahead is what will be read after the product. Where its tiles are large, MulOuter fetches it into
	// caches while it computes.
	Ahead []T

	Accumulate bool // C + A·B instead of A·B
	Bias       []T  // unless nil, added to each row of C
	RowBias    []T  // unless nil, in place of Bias, added to each column of C; by MulOuter only
}

// maxPanel is the most columns that GemmPanel returns.
const maxPanel = 32

// GemmPanel is the number of columns of C that MulOuter computes together, 16 float32
// or 8 float64, or twice as many with AVX-512.
func GemmPanel[T Float]() int {
	w := 16
	if active >= avx512 {
		w = maxPanel
	}
	if is32[T]() {
		return w
	}
	return w / 2
}

// MaxAxpyRows is the most rows that MulAxpy takes.
const MaxAxpyRows = 3

// MinDotCols is the fewest columns that MulDot takes.
const MinDotCols = 4

// MulOuter runs the product by outer products: it suits a B whose columns are
// next to each other (BCol = 1, required unless B is packed) and any A. Each
// element of C is one sum from the first to the last step along K, at any size.
func (g *Gemm[T]) MulOuter() {
	if g.empty() {
		return
	}
	g.checkC("MulOuter")
	if g.PackedA {
		g.need("MulOuter", "A", len(g.A), PackedALen(g.M, g.K))
	} else {
		g.need("MulOuter", "A", len(g.A), extent(g.M, g.ARow, g.K, g.ACol))
	}
	switch {
	case g.PackedB:
		g.need("MulOuter", "B", len(g.B), PackedBLen[T](g.N, g.K))
	case g.BCol != 1:
		panic(fmt.Sprintf("simd: MulOuter: columns of B are %d elements apart, want 1", g.BCol))
	default:
		g.need("MulOuter", "B", len(g.B), extent(g.K, g.BRow, g.N, 1))
	}
	g.outer()
}

// MulDot runs the product by dot products of rows of A and columns of B, both of
// which must be contiguous (ACol = BRow = 1). N must be at least MinDotCols.
func (g *Gemm[T]) MulDot() {
	if g.empty() {
		return
	}
	g.checkC("MulDot")
	if g.ACol != 1 || g.BRow != 1 || g.N < MinDotCols || g.PackedA || g.PackedB {
		panic(fmt.Sprintf("simd: MulDot: strides along K of %d and %d, want 1; %d columns, want at least %d",
			g.ACol, g.BRow, g.N, MinDotCols))
	}
	g.need("MulDot", "A", len(g.A), extent(g.M, g.ARow, g.K, 1))
	g.need("MulDot", "B", len(g.B), extent(g.N, g.BCol, g.K, 1))
	g.dot()
}

// MulAxpy runs the product by adding multiples of rows of B, which must be
// contiguous (BCol = 1), to at most MaxAxpyRows rows of C. It reads B from one end
// to the other, and leaves Bias to the caller.
func (g *Gemm[T]) MulAxpy() {
	if g.empty() {
		return
	}
	g.checkC("MulAxpy")
	if g.BCol != 1 || g.M > MaxAxpyRows || g.PackedA || g.PackedB {
		panic(fmt.Sprintf("simd: MulAxpy: columns of B are %d elements apart, want 1; %d rows, want at most %d",
			g.BCol, g.M, MaxAxpyRows))
	}
	g.need("MulAxpy", "A", len(g.A), extent(g.M, g.ARow, g.K, g.ACol))
	g.need("MulAxpy", "B", len(g.B), extent(g.K, g.BRow, g.N, 1))
	if g.K > 0 {
		g.axpy()
		return
	}
	if !g.Accumulate {
		for i := range g.M {
			clear(g.C[i*g.CRow:][:g.N])
		}
	}
}

// empty reports whether C has no elements.
func (g *Gemm[T]) empty() bool { return g.M <= 0 || g.N <= 0 }

// extent is the length of data that holds m × n elements with these strides, all
// of which must not be negative.
func extent(m, row, n, col int) int {
	if m <= 0 || n <= 0 {
		return 0
	}
	if row < 0 || col < 0 {
		panic(fmt.Sprintf("simd: strides %d and %d: negative", row, col))
	}
	return (m-1)*row + (n-1)*col + 1
}

func (g *Gemm[T]) checkC(op string) {
	g.need(op, "C", len(g.C), extent(g.M, g.CRow, g.N, 1))
	if g.Bias != nil {
		g.need(op, "Bias", len(g.Bias), g.N)
	}
	if g.RowBias != nil {
		g.need(op, "RowBias", len(g.RowBias), g.M)
	}
}

func (g *Gemm[T]) need(op, name string, got, want int) {
	if got < want {
		panic(fmt.Sprintf("simd: %s: %s has length %d, want %d for [%d, %d]·[%d, %d]", op, name, got, want, g.M, g.K, g.K, g.N))
	}
}

// maxTileRows is the most rows that any instruction set's tallest tile has.
const maxTileRows = 12

// tileRows is the number of rows of the tallest tile.
func tileRows() int {
	if active >= avx512 {
		return maxTileRows
	}
	return 6
}

// tilesOf is how M rows are cut into tiles, from the top: tiles[h] is the number of
// tiles of h rows, the tallest first. All are of the tallest but for the last one, two or
// three, which share the rest evenly: tiles of less than two thirds of that cannot keep
// the multipliers busy.
func tilesOf(m int) (tiles [maxTileRows + 1]int) {
	most := tileRows()
	if m <= most {
		tiles[max(m, 0)] = 1
		return tiles
	}
	count := (m + most - 1) / most
	last, rest := 1, m-(count-1)*most
	for last < min(count, 3) && rest/last < most*2/3 {
		last++
		rest += most
	}
	tiles[most] = count - last
	for ; last > 0; last-- {
		tiles[rest/last]++
		rest -= rest / last
	}
	return tiles
}
