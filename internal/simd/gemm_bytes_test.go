package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"
)

// sparseBytes fills s with bytes, most of them 0.
func sparseBytes(s []byte, r *rand.Rand) {
	for i := range s {
		s[i] = 0
		if r.IntN(4) == 0 {
			s[i] = byte(r.Uint32())
		}
	}
}

func TestPackBytes(t *testing.T) {
	t.Run("float32", testPackBytes[float32])
	t.Run("float64", testPackBytes[float64])
}

func testPackBytes[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for m := range IndexedRows + 1 {
		for k := range 70 {
			for _, row := range []int{k, k + 5} {
				src := guarded(t, max(extent(m, row, k, 1), 1), k%2 == 0)
				src = src[:extent(m, row, k, 1)]
				sparseBytes(src, r)
				values := guardedFloats[T](t, IndexedRows*BytesPitch(k), true)
				entries := guarded(t, 4*(BytesPitch(k)+8), true)
				index := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(entries))), len(entries)/4)
				for _, assembly := range []bool{true, false} {
					Fill(values, T(math.NaN()))
					n := -1
					withAssembly(assembly, func() { n = PackBytes(values, index, src, row, m, k, 1./255) })
					checkPacked(t, values, index[:n], src, row, m, k)
				}
			}
		}
	}
}

// checkPacked compares what PackBytes wrote with its definition.
func checkPacked[T Float](t *testing.T, values []T, index []int32, src []byte, row, m, k int) {
	t.Helper()
	for p := range k {
		listed := len(index) > 0 && int(index[0]) == p
		if listed {
			index = index[1:]
		}
		nonzero := false
		for i := range m {
			b := src[i*row+p]
			nonzero = nonzero || b != 0
			scale := T(1. / 255)
			if got, want := values[i*BytesPitch(k)+p], T(b)*scale; got != want {
				t.Fatalf("[%d, %d]: element %d, %d, byte %d: %v, want %v", m, k, i, p, b, got, want)
			}
		}
		if listed != nonzero {
			t.Fatalf("[%d, %d]: column %d listed: %v, want %v", m, k, p, listed, nonzero)
		}
	}
	if len(index) > 0 {
		t.Fatalf("[%d, %d]: the list ends with %v", m, k, index)
	}
}

func TestMulIndexed(t *testing.T) {
	t.Run("float32", testMulIndexed[float32])
	t.Run("float64", testMulIndexed[float64])
}

func testMulIndexed[T Float](t *testing.T) {
	mem := newMemory[T](t)
	packed := guardedFloats[T](t, 1<<15, true)
	forCases([]int{1, 2, 3}, append([]int{47, 48, 50, 64, 70}, gemmSizes...), func(c gemmCase) {
		testGemm(t, mem, c, func(g *Gemm[T]) {
			b := packed[len(packed)-PackedBLen[T](g.N, g.K):]
			PackB(b, g.B, g.BRow, g.BCol, g.K, g.N)
			h := *g
			h.A, h.ARow = make([]T, IndexedRows*g.K), g.K
			Fill(h.A, T(math.NaN())) // the rows that are none
			all := make([]int32, g.K)
			for p := range all {
				all[p] = int32(p)
				for i := range g.M {
					h.A[i*h.ARow+p] = g.A[i*g.ARow+p]
				}
			}
			h.B, h.PackedB = b, true
			h.MulIndexed(all)
		})
		r := rand.New(rand.NewPCG(uint64(c.k), uint64(c.n)))
		var some []int32
		for p := range c.k {
			if r.IntN(3) == 0 {
				some = append(some, int32(p))
			}
		}
		testIndexedGaps[T](t, c, some)
	})
}

// testIndexedGaps compares products of some of the steps with ones whose A is 0 at the
// others. There the kernel must not even look: A is NaN and B infinite.
func testIndexedGaps[T Float](t *testing.T, c gemmCase, index []int32) {
	t.Helper()
	r := rand.New(rand.NewPCG(uint64(c.m), uint64(c.k)))
	random := func(n int) []T {
		s := make([]T, n)
		for i := range s {
			s[i] = T(r.NormFloat64())
		}
		return s
	}
	zeroed := Gemm[T]{M: c.m, N: c.n, K: c.k, C: random(c.m * c.n), CRow: c.n, A: make([]T, 3*c.k), ARow: c.k, ACol: 1,
		B: random(c.k * c.n), BRow: c.n, BCol: 1, Accumulate: c.flags&1 != 0, ReLU: c.flags&4 != 0}
	if c.flags&2 != 0 {
		zeroed.Bias = random(c.n)
	}
	listed := make([]bool, c.k)
	for _, p := range index {
		listed[p] = true
		for i := range c.m {
			zeroed.A[i*c.k+int(p)] = T(r.NormFloat64())
		}
	}
	want, tolerance := naiveGemm(&zeroed)
	before := append([]T{}, zeroed.C...)
	for _, assembly := range []bool{true, false} {
		g := zeroed
		g.A, g.C = append([]T{}, zeroed.A...), append([]T{}, before...)
		b := append([]T{}, zeroed.B...)
		for p, ok := range listed {
			if !ok {
				for i := range c.m {
					g.A[i*c.k+p] = T(math.NaN())
				}
				Fill(b[p*c.n:][:c.n], T(math.Inf(1)))
			}
		}
		g.B, g.PackedB = make([]T, PackedBLen[T](c.n, c.k)), true
		PackB(g.B, b, c.n, 1, c.k, c.n)
		withAssembly(assembly, func() { g.MulIndexed(index) })
		for i, v := range g.C {
			if !(math.Abs(float64(v)-want[i]) <= tolerance[i]) {
				t.Fatalf("%v assembly=%v, %d steps: element %d is %v, want %v ± %v", c, assembly, len(index), i, v, want[i], tolerance[i])
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
