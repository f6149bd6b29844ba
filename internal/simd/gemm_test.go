package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// naiveGemm computes the product in float64 and how large a rounding error of each
// element may be.
func naiveGemm[T Float](g *Gemm[T]) (want, tolerance []float64) {
	eps := 0x1p-24
	if !is32[T]() {
		eps = 0x1p-53
	}
	for i := range g.M {
		for j := range g.N {
			sum, size := 0.0, 0.0
			add := func(v float64) {
				sum += v
				size += math.Abs(v)
			}
			for p := range g.K {
				add(float64(g.A[i*g.ARow+p*g.ACol]) * float64(g.B[p*g.BRow+j*g.BCol]))
			}
			if g.Accumulate {
				add(float64(g.C[i*g.CRow+j]))
			}
			if g.Bias != nil {
				add(float64(g.Bias[j]))
			}
			if g.RowBias != nil {
				add(float64(g.RowBias[i]))
			}
			want = append(want, sum)
			tolerance = append(tolerance, eps*size*float64(g.K+3))
		}
	}
	return want, tolerance
}

// layout is how an operand lies in memory.
type layout int

const (
	byRows layout = iota
	byCols
)

// gemmCase is a product to be tested.
type gemmCase struct {
	m, n, k int
	a, b    layout
	flags   int  // 1 accumulate, 2 bias, 4 bias of rows
	slack   int  // elements between rows
	atEnd   bool // the data ends where memory ends
}

func (c gemmCase) String() string {
	return fmt.Sprintf("[%d, %d]·[%d, %d] a=%d b=%d flags=%d slack=%d atEnd=%v", c.m, c.k, c.k, c.n, c.a, c.b, c.flags, c.slack, c.atEnd)
}

// memory is guarded on both sides and used for one case after the other.
type memory[T Float] struct{ a, b, c, bias []T }

func newMemory[T Float](t *testing.T) *memory[T] {
	const n = 1 << 19
	return &memory[T]{guardedFloats[T](t, n, true), guardedFloats[T](t, n, true), guardedFloats[T](t, n, true), guardedFloats[T](t, n, true)}
}

// cut is n elements at one end of s.
func cut[T Float](s []T, n int, atEnd bool) []T {
	if atEnd {
		return s[len(s)-n:]
	}
	return s[:n:n]
}

// operand is a matrix [rows, cols] of random numbers at one end of the memory, with
// its strides. What lies between rows is NaN.
func operand[T Float](memory []T, r *rand.Rand, rows, cols int, l layout, slack int, atEnd bool) (data []T, row, col int) {
	row, col = cols+slack, 1
	if l == byCols {
		row, col = 1, rows+slack
	}
	data = cut(memory, extent(rows, row, cols, col), atEnd)
	Fill(data, T(math.NaN()))
	for i := range rows {
		for j := range cols {
			data[i*row+j*col] = T(r.NormFloat64())
		}
	}
	return data, row, col
}

// testGemm runs the product with every instruction set, in guarded memory, and checks that
// AVX-512 gives the bits of AVX2.
func testGemm[T Float](t *testing.T, mem *memory[T], c gemmCase, run func(g *Gemm[T])) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(c.m*1000+c.n), uint64(c.k)))
	p := Gemm[T]{M: c.m, N: c.n, K: c.k, CRow: c.n + c.slack, Accumulate: c.flags&1 != 0}
	p.A, p.ARow, p.ACol = operand(mem.a, r, c.m, c.k, c.a, c.slack, c.atEnd)
	p.B, p.BRow, p.BCol = operand(mem.b, r, c.k, c.n, c.b, c.slack, c.atEnd)
	p.C = cut(mem.c, extent(c.m, p.CRow, c.n, 1), c.atEnd)
	if c.flags&2 != 0 {
		p.Bias, _, _ = operand(mem.bias, r, 1, c.n, byRows, 0, c.atEnd)
	}
	if c.flags&4 != 0 {
		p.RowBias, _, _ = operand(mem.bias, r, c.m, 1, byCols, 0, c.atEnd)
	}
	var before []T
	for _, set := range instructionSets() {
		g := p
		for i := range g.C {
			g.C[i] = 7 // between rows this must stay
			if i%g.CRow < c.n && !g.Accumulate {
				g.C[i] = T(math.NaN())
			}
		}
		want, tolerance := naiveGemm(&g)
		set.with(func() { run(&g) })
		for i, v := range p.C {
			row, col := i/p.CRow, i%p.CRow
			if col >= c.n {
				if v != 7 {
					t.Fatalf("%v set %v: wrote %v between rows, at %d, %d", c, set, v, row, col)
				}
				continue
			}
			if w := want[row*c.n+col]; !(math.Abs(float64(v)-w) <= tolerance[row*c.n+col]) {
				t.Fatalf("%v set %v: element %d, %d is %v, want %v ± %v", c, set, row, col, v, w, tolerance[row*c.n+col])
			}
		}
		if set >= avx512 && !slices.EqualFunc(p.C, before, sameBits) {
			t.Fatalf("%v: %v gives other bits than the set before it", c, set)
		}
		before = slices.Clone(p.C)
	}
}

// gemmSizes are sizes around those of tiles and vectors.
var gemmSizes = []int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 13, 15, 16, 17, 23, 31, 32, 33, 50}

// forCases calls f with products of all sizes, going through flags, slack and ends
// of memory.
func forCases(ms, ns []int, f func(c gemmCase)) {
	x := 0
	for _, m := range ms {
		for _, n := range ns {
			for _, k := range []int{0, 1, 3, 4, 8, 9, 17, 30} {
				f(gemmCase{m: m, n: n, k: k, flags: x % 4, slack: x / 4 % 3, atEnd: x%2 == 0})
				x += 5
			}
		}
	}
}

func TestMulOuter(t *testing.T) {
	mem32, mem64 := newMemory[float32](t), newMemory[float64](t)
	forCases([]int{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 19, 25, 42}, gemmSizes, func(c gemmCase) {
		for _, c.a = range []layout{byRows, byCols} {
			c.b = byRows
			testGemm(t, mem32, c, (*Gemm[float32]).MulOuter)
			testGemm(t, mem64, c, (*Gemm[float64]).MulOuter)
			for _, c.b = range []layout{byRows, byCols} {
				testGemm(t, mem32, c, mulPacked[float32])
				testGemm(t, mem64, c, mulPacked[float64])
			}
		}
	})
}

func TestMulOuterRowBias(t *testing.T) {
	mem32, mem64 := newMemory[float32](t), newMemory[float64](t)
	forCases([]int{1, 2, 5, 6, 7, 12, 13, 25, 42, 64}, []int{1, 8, 17, 33}, func(c gemmCase) {
		c.flags = c.flags&1 | 4
		testGemm(t, mem32, c, (*Gemm[float32]).MulOuter)
		testGemm(t, mem64, c, (*Gemm[float64]).MulOuter)
	})
}

// mulPacked is MulOuter on packed operands, in memory that holds NaN, while the unpacked B is fetched.
func mulPacked[T Float](g *Gemm[T]) {
	a, b := make([]T, PackedALen(g.M, g.K)), make([]T, PackedBLen[T](g.N, g.K))
	Fill(a, T(math.NaN()))
	Fill(b, T(math.NaN()))
	PackA(a, g.A, g.ARow, g.ACol, g.M, g.K)
	PackB(b, g.B, g.BRow, g.BCol, g.K, g.N)
	g.A, g.B, g.PackedA, g.PackedB, g.Ahead = a, b, true, true, g.B
	g.MulOuter()
}

func TestMulDot(t *testing.T) {
	mem32, mem64 := newMemory[float32](t), newMemory[float64](t)
	run := func(c gemmCase) {
		c.b = byCols
		testGemm(t, mem32, c, (*Gemm[float32]).MulDot)
		testGemm(t, mem64, c, (*Gemm[float64]).MulDot)
	}
	forCases([]int{1, 2, 3, 4, 5, 7, 11}, []int{4, 5, 6, 7, 8, 11, 12, 16, 27}, run)
	for m := range 17 {
		for _, k := range []int{31, 32, 33, 40, 45, 60, 63, 64} {
			run(gemmCase{m: m, n: 17, k: k, flags: k % 4, slack: m % 3, atEnd: m%2 == 0})
		}
	}
	run(gemmCase{m: 4, n: 30, k: 9001, flags: 3}) // more of B than is gone over at a time
}

func TestMulAxpy(t *testing.T) {
	mem32, mem64 := newMemory[float32](t), newMemory[float64](t)
	forCases([]int{1, 2, 3}, append([]int{2048, 2050, 4100}, gemmSizes...), func(c gemmCase) {
		c.flags &= 1
		for _, c.a = range []layout{byRows, byCols} {
			testGemm(t, mem32, c, (*Gemm[float32]).MulAxpy)
			testGemm(t, mem64, c, (*Gemm[float64]).MulAxpy)
		}
	})
}

func TestPackedMatchesReference(t *testing.T) {
	t.Run("float32", testPack[float32])
	t.Run("float64", testPack[float64])
}

func testPack[T Float](t *testing.T) {
	r, mem := rand.New(rand.NewPCG(1, 2)), newMemory[T](t)
	for i, k := range []int{1, 2, 4, 7, 8, 9, 31, 32, 33, 70} {
		for j, n := range gemmSizes {
			for _, l := range []layout{byRows, byCols} {
				atEnd := (i+j)%2 == 0
				src, row, col := operand(mem.a, r, k, n, l, 2, atEnd)
				for _, set := range instructionSets() {
					set.with(func() {
						comparePacked(t, mem.c, PackedBLen[T](n, k), atEnd,
							func(dst []T) { PackB(dst, src, row, col, k, n) }, func(dst []T) { packBGeneric(dst, src, row, col, k, n) })
						comparePacked(t, mem.c, PackedALen(n, k), atEnd,
							func(dst []T) { PackA(dst, src, col, row, n, k) }, func(dst []T) { packAGeneric(dst, src, col, row, n, k) })
					})
				}
			}
		}
	}
}

// comparePacked compares the elements that matter, which are those the reference
// writes.
func comparePacked[T Float](t *testing.T, memory []T, n int, atEnd bool, run, reference func(dst []T)) {
	t.Helper()
	got, want := cut(memory, n, atEnd), make([]T, n)
	Fill(got, T(math.NaN()))
	Fill(want, T(math.NaN()))
	run(got)
	reference(want)
	for i, w := range want {
		if w == w && got[i] != w {
			t.Fatalf("%v: element %d is %v, want %v", active, i, got[i], w)
		}
	}
}

// TestGemmNaN checks that a zero does not hide what it is multiplied with.
func TestGemmNaN(t *testing.T) {
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, kernel := range []struct {
			name string
			run  func(g *Gemm[float32])
		}{
			{"outer", (*Gemm[float32]).MulOuter},
			{"axpy", (*Gemm[float32]).MulAxpy},
			{"dot", func(g *Gemm[float32]) {
				b := make([]float32, g.N*g.K)
				for i, v := range g.B {
					b[i%g.N*g.K+i/g.N] = v
				}
				g.B, g.BRow, g.BCol = b, 1, g.K
				g.MulDot()
			}},
		} {
			for _, set := range instructionSets() {
				const m, n, k = 3, 17, 11
				g := &Gemm[float32]{M: m, N: n, K: k, C: make([]float32, m*n), CRow: n,
					A: make([]float32, m*k), ARow: k, ACol: 1, B: make([]float32, k*n), BRow: n, BCol: 1}
				g.B[5*n+16] = v
				set.with(func() { kernel.run(g) })
				for i, c := range g.C {
					if isNaN := c != c; isNaN != (i%n == 16) {
						t.Fatalf("%s with %v, set %v: element %d is %v", kernel.name, v, set, i, c)
					}
				}
			}
		}
	}
}

func TestGemmPanics(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(g *Gemm[float64])
	}{
		{"short C", func(g *Gemm[float64]) { g.C = g.C[:7]; g.MulOuter() }},
		{"short A", func(g *Gemm[float64]) { g.A = g.A[:5]; g.MulOuter() }},
		{"short B", func(g *Gemm[float64]) { g.B = g.B[:11]; g.MulAxpy() }},
		{"short bias", func(g *Gemm[float64]) { g.Bias = make([]float64, 3); g.MulOuter() }},
		{"short packed A", func(g *Gemm[float64]) { g.PackedA = true; g.MulOuter() }},
		{"short packed B", func(g *Gemm[float64]) { g.PackedB = true; g.MulOuter() }},
		{"columns of B apart", func(g *Gemm[float64]) { g.BRow, g.BCol = 1, 3; g.MulOuter() }},
		{"columns of B apart in axpy", func(g *Gemm[float64]) { g.BRow, g.BCol = 1, 3; g.MulAxpy() }},
		{"too many rows in axpy", func(g *Gemm[float64]) { g.M, g.ARow, g.CRow = 4, 0, 0; g.MulAxpy() }},
		{"rows of B apart in dot", func(g *Gemm[float64]) { g.MulDot() }},
		{"negative stride", func(g *Gemm[float64]) { g.ARow = -1; g.MulOuter() }},
		{"short destination", func(g *Gemm[float64]) { PackA(make([]float64, 6), g.A, 3, 1, 2, 3) }},
		{"short source", func(g *Gemm[float64]) { PackB(make([]float64, 24), g.A, 4, 1, 3, 4) }},
		{"no stride of 1", func(g *Gemm[float64]) { PackB(make([]float64, 24), g.A, 2, 2, 1, 2) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			c.run(&Gemm[float64]{M: 2, N: 4, K: 3, C: make([]float64, 8), CRow: 4, A: make([]float64, 6), ARow: 3, ACol: 1,
				B: make([]float64, 12), BRow: 4, BCol: 1})
		})
	}
}

// TestTilesOf checks that tiles make up all rows, none taller than there is a kernel for,
// and none low where that can be avoided.
func TestTilesOf(t *testing.T) {
	for _, set := range instructionSets() {
		set.with(func() {
			most := tileRows()
			for m := range 200 {
				rows := 0
				for h, n := range tilesOf(m) {
					rows += h * n
					if n > 0 && (h > most || m > 2*most && h < most*2/3) {
						t.Errorf("%v: %d rows have %d tiles of %d", set, m, n, h)
					}
				}
				if rows != m {
					t.Errorf("%v: tiles of %d rows have %d", set, m, rows)
				}
			}
		})
	}
}
