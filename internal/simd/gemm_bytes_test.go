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
	for m := range IndexedRows + 1 {
		for k := range 140 {
			for _, row := range []int{k, k + 5} {
				for _, skip := range []byte{0, 7} {
					src := guarded(t, extent(m, row, k, 1)+1, true)[1:]
					sparseBytes(src, r, skip)
					memory := guarded(t, 4*IndexLen(k), true)
					index := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(memory))), len(memory)/4)
					var want []int32
					for p := range k {
						for i := range m {
							if src[i*row+p] != skip {
								want = append(want, int32(p))
								break
							}
						}
					}
					for _, assembly := range []bool{true, false} {
						n := -1
						withAssembly(assembly, func() { n = ListColumns(index, src, row, m, k, skip) })
						if !slices.Equal(index[:n], want) {
							t.Fatalf("[%d, %d], assembly=%v: %v, want %v", m, k, assembly, index[:n], want)
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
	forCases([]int{1, 2, 3}, append([]int{47, 48, 50, 64, 70}, gemmSizes...), func(c gemmCase) {
		r := rand.New(rand.NewPCG(uint64(c.k), uint64(c.n)))
		var some []int32
		for p := range c.k {
			if r.IntN(3) == 0 {
				some = append(some, int32(p))
			}
		}
		checkMulBytes(t, mem, c, some)
	})
}

// checkMulBytes compares a product of some of the steps with the exact one. At the others
// the kernel must not even look: there B is NaN.
func checkMulBytes[T Float](t *testing.T, mem *memory[T], c gemmCase, steps []int32) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(c.m), uint64(c.k)))
	var table [256]T
	for i := range table {
		table[i] = T(r.NormFloat64())
	}
	row := c.k + c.slack
	x := guarded(t, extent(c.m, row, c.k, 1)+1, true)[1:]
	for i := range x {
		x[i] = byte(r.Uint32())
	}
	b := make([]T, c.k*c.n)
	Fill(b, T(math.NaN()))
	exact := Gemm[T]{M: c.m, N: c.n, K: c.k, A: make([]T, c.m*c.k), ARow: c.k, ACol: 1, B: make([]T, c.k*c.n), BRow: c.n, BCol: 1,
		CRow: c.n + c.slack, Accumulate: c.flags&1 != 0, ReLU: c.flags&4 != 0}
	for _, p := range steps {
		for i := range c.m {
			exact.A[i*c.k+int(p)] = table[x[i*row+int(p)]]
		}
		for j := range c.n {
			v := T(r.NormFloat64())
			exact.B[int(p)*c.n+j], b[int(p)*c.n+j] = v, v
		}
	}
	if c.flags&2 != 0 {
		exact.Bias, _, _ = operand(mem.bias, r, 1, c.n, byRows, 0, c.atEnd)
	}
	packed := cut(mem.b, PackedBLen[T](c.n, c.k), c.atEnd)
	PackB(packed, b, c.n, 1, c.k, c.n)
	exact.C = cut(mem.c, extent(c.m, exact.CRow, c.n, 1), c.atEnd)
	for _, assembly := range []bool{true, false} {
		Fill(exact.C, 7) // between rows this must stay
		want, tolerance := naiveGemm(&exact)
		g := exact
		g.A, g.B, g.PackedB = nil, packed, true
		withAssembly(assembly, func() { g.MulBytes(x, row, &table, steps) })
		for i, v := range g.C {
			i, j := i/g.CRow, i%g.CRow
			if j >= c.n {
				if v != 7 {
					t.Fatalf("%v assembly=%v: wrote %v between rows, at %d, %d", c, assembly, v, i, j)
				}
				continue
			}
			if at := i*c.n + j; !(math.Abs(float64(v)-want[at]) <= tolerance[at]) {
				t.Fatalf("%v assembly=%v, %d steps: element %d, %d is %v, want %v ± %v", c, assembly, len(steps), i, j, v, want[at], tolerance[at])
			}
		}
	}
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
					for _, assembly := range []bool{true, false} {
						for i := range dst {
							dst[i] = 0xa5
						}
						withAssembly(assembly, func() { TransposeBytes(dst, dstRow, src, srcRow, rows, cols) })
						for i, got := range dst {
							want := byte(0xa5) // between rows
							if i%dstRow < rows {
								want = src[i%dstRow*srcRow+i/dstRow]
							}
							if got != want {
								t.Fatalf("assembly=%v: byte %d of row %d is %d, want %d", assembly, i%dstRow, i/dstRow, got, want)
							}
						}
					}
				})
			}
		}
	}
}
