package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"unsafe"
)

// sparseBytes fills s with bytes, most of them skip.
func sparseBytes(s []byte, r *rand.Rand, skip byte) {
	for i := range s {
		s[i] = skip
		if r.IntN(4) == 0 {
			s[i] = byte(r.Uint32())
		}
	}
}

func TestListColumns(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for m := range maxIndexedRows + 1 {
		for k := range 140 {
			for _, row := range []int{k, k + 5} {
				for _, skip := range []byte{0, 7} {
					src := guarded(t, extent(m, row, k, 1)+1, true)[1:]
					sparseBytes(src, r, skip)
					index := int32s(guarded(t, 4*IndexLen(k), true))
					var want []int32
					for p := range k {
						for i := range m {
							if src[i*row+p] != skip {
								want = append(want, int32(p))
								break
							}
						}
					}
					for _, set := range instructionSets() {
						n := -1
						set.with(func() { n = ListColumns(index, src, row, m, k, skip) })
						if !slices.Equal(index[:n], want) {
							t.Fatalf("[%d, %d], set %v: %v, want %v", m, k, set, index[:n], want)
						}
					}
				}
			}
		}
	}
}

func TestMulBytes(t *testing.T) {
	t.Run("float32", testMulBytes[float32])
	t.Run("float64", testMulBytes[float64])
}

func testMulBytes[T Float](t *testing.T) {
	mem := newMemory[T](t)
	forCases([]int{1, 2, 3, 4, 5, 9, 11}, append([]int{47, 48, 50, 64, 70}, gemmSizes...), func(c gemmCase) {
		checkMulBytes(t, mem, c, 200)
	})
}

// checkMulBytes compares a product with the exact one. Where three rows have the byte to
// skip the kernel must not even look: columns that it may leave out everywhere are NaN in
// B.
func checkMulBytes[T Float](t *testing.T, mem *memory[T], c gemmCase, skip byte) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(c.m), uint64(c.k)))
	var table [256]T
	for i := range table {
		table[i] = T(r.NormFloat64())
	}
	row := c.k + c.slack
	x := guarded(t, extent(c.m, row, c.k, 1)+1, true)[1:]
	sparseBytes(x, r, skip)
	exact := Gemm[T]{M: c.m, N: c.n, K: c.k, A: make([]T, c.m*c.k), ARow: c.k, ACol: 1, BRow: c.n, BCol: 1,
		CRow: c.n + c.slack, Accumulate: c.flags&1 != 0}
	exact.B, _, _ = operand(mem.a, r, c.k, c.n, byRows, 0, c.atEnd)
	b := slices.Clone(exact.B)
	for p := range c.k {
		used := false
		for i := range c.m {
			if v := x[i*row+p]; v != skip {
				exact.A[i*c.k+p] = table[v]
				used = true
			}
		}
		if !used {
			Fill(b[p*c.n:][:c.n], T(math.NaN()))
		}
	}
	table[skip] = 0
	if c.flags&2 != 0 {
		exact.Bias, _, _ = operand(mem.bias, r, 1, c.n, byRows, 0, c.atEnd)
	}
	exact.C = cut(mem.c, extent(c.m, exact.CRow, c.n, 1), c.atEnd)
	index := int32s(guarded(t, 4*IndexLen(c.k), true))
	var before []T
	for _, set := range instructionSets() {
		Fill(exact.C, 7) // between rows this must stay
		want, tolerance := naiveGemm(&exact)
		g := exact
		set.with(func() {
			g.A, g.B, g.PackedB = nil, cut(mem.b, PackedBLen[T](c.n, c.k), c.atEnd), true
			PackB(g.B, b, c.n, 1, c.k, c.n)
			g.MulBytes(x, row, &table, skip, index)
		})
		for i, v := range g.C {
			i, j := i/g.CRow, i%g.CRow
			if j >= c.n {
				if v != 7 {
					t.Fatalf("%v set %v: wrote %v between rows, at %d, %d", c, set, v, i, j)
				}
				continue
			}
			if at := i*c.n + j; !(math.Abs(float64(v)-want[at]) <= tolerance[at]) {
				t.Fatalf("%v set %v, skip %d: element %d, %d is %v, want %v ± %v", c, set, skip, i, j, v, want[at], tolerance[at])
			}
		}
		if set >= avx512 && !slices.EqualFunc(exact.C, before, sameBits) {
			t.Fatalf("%v, skip %d: %v gives other bits than the set before it", c, skip, set)
		}
		before = slices.Clone(exact.C)
	}
}

// int32s is the memory of b.
func int32s(b []byte) []int32 {
	return unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(b))), len(b)/4)
}

func TestTransposeBytes(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for _, rows := range []int{0, 1, 7, 8, 9, 15, 16, 17, 24, 40} {
		for _, cols := range []int{0, 1, 8, 15, 16, 17, 31, 32, 33, 50} {
			for _, slack := range []int{0, 3} {
				t.Run(fmt.Sprintf("%dx%d slack %d", rows, cols, slack), func(t *testing.T) {
					srcRow, dstRow := cols+slack, rows+slack
					src := guarded(t, extent(rows, srcRow, cols, 1)+1, true)[1:]
					dst := guarded(t, extent(cols, dstRow, rows, 1)+1, true)[1:]
					for i := range src {
						src[i] = byte(r.Uint32())
					}
					for _, set := range instructionSets() {
						for i := range dst {
							dst[i] = 0xa5
						}
						set.with(func() { TransposeBytes(dst, dstRow, src, srcRow, rows, cols) })
						for i, got := range dst {
							want := byte(0xa5) // between rows
							if i%dstRow < rows {
								want = src[i%dstRow*srcRow+i/dstRow]
							}
							if got != want {
								t.Fatalf("set %v: byte %d of row %d is %d, want %d", set, i%dstRow, i/dstRow, got, want)
							}
						}
					}
				})
			}
		}
	}
}
