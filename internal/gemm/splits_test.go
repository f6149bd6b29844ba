package gemm

import (
	"math"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// splitCases are products on AMX tiles of several blocks, with rests of all kinds.
var splitCases = []mulCase{
	{m: 32, n: 32, k: 64},
	{m: 33, n: 40, k: 515, flags: 2, slack: 2},
	{m: 33, n: 40, k: 70, flags: 1, slack: 2},
	{m: 130, n: 33, k: 100, flags: 2, atEnd: true},
	{m: 40, n: 129, k: 65, flags: 3, slack: 1, atEnd: true},
	{m: 35, n: 66, k: 515, flags: 3},
}

// TestProductsOnTiles runs them whether there are tiles or not; where there are none they are imitated.
func TestProductsOnTiles(t *testing.T) {
	mem := newMemory[float32](t, 1<<17)
	for i, c := range splitCases {
		if testing.Short() && i > 1 {
			break
		}
		layouts(c, func(c mulCase) {
			p := newProblem(mem, c)
			want, tolerance := p.expected()
			before := slices.Clone(p.c.Data)
			var errors []float64 // sums of squares
			for _, high := range []bool{false, true} {
				errors = append(errors, 0)
				copy(p.c.Data, before)
				p.e.High = high
				multiplyOnTiles(&product[float32]{c: p.c, a: p.a, b: p.b, e: p.e})
				for i, v := range p.c.Data {
					row, col := i/p.c.RowStride, i%p.c.RowStride
					if col >= c.n {
						if v == v {
							t.Fatalf("%v: wrote %v between rows, at %d, %d", c, v, row, col)
						}
						continue
					}
					at := row*c.n + col
					allowed := tolerance[at]
					if high {
						allowed *= 512 / float64(c.k)
					}
					e := math.Abs(float64(v) - want[at])
					if !(e <= allowed) {
						t.Fatalf("%v high=%v: element %d, %d is %v, want %v ± %v", c, high, row, col, v, want[at], allowed)
					}
					errors[len(errors)-1] += e * e
				}
			}
			if !(errors[0]*10 < errors[1]) {
				t.Errorf("%v: squared errors of %v with six products and of %v with three", c, errors[0], errors[1])
			}
		})
	}
}

// TestProductsOnTilesOfAnything checks that what tiles cannot multiply gives what it gives without them.
func TestProductsOnTilesOfAnything(t *testing.T) {
	mem := newMemory[float32](t, 1<<17)
	for name, v := range map[string]float32{
		"infinite": float32(math.Inf(1)), "NaN": float32(math.NaN()),
		"subnormal": 0x1p-140, "largest": math.MaxFloat32, "largest negative": -math.MaxFloat32,
	} {
		layouts(mulCase{m: 130, n: 66, k: 64, flags: 2}, func(c mulCase) {
			p := newProblem(mem, c)
			// One in the second block of A, one in the first of B.
			p.a.from(129, 7)[0], p.b.from(9, 3)[0] = v, v
			multiplyOnTiles(&product[float32]{c: p.c, a: p.a, b: p.b, e: p.e})
			got := slices.Clone(p.c.Data)
			clear(p.c.Data)
			for i := range c.m {
				g := simd.Gemm[float32]{M: 1, N: c.n, K: c.k, C: p.c.from(i, 0), CRow: p.c.RowStride, Bias: p.e.Bias,
					A: p.a.from(i, 0), ARow: p.a.RowStride, ACol: p.a.ColStride, B: p.b.Data, BRow: p.b.RowStride, BCol: p.b.ColStride}
				if p.b.ColStride != 1 {
					packed := make([]float32, simd.PackedBLen[float32](c.n, c.k))
					simd.PackB(packed, g.B, g.BRow, g.BCol, c.k, c.n)
					g.B, g.PackedB = packed, true
				}
				g.MulOuter()
			}
			_, tolerance := p.expected()
			for i, w := range p.c.Data {
				g := got[i]
				if same := g == w || g != g && w != w; !same && !(math.Abs(float64(g)-float64(w)) <= 2*tolerance[i]) {
					t.Fatalf("%s, %v: element %d is %v, want %v", name, c, i, g, w)
				}
			}
		})
	}
}

// TestProductsOnTilesAreDeterministic compares bits at several numbers of processors.
func TestProductsOnTilesAreDeterministic(t *testing.T) {
	mem := newMemory[float32](t, 1<<17)
	p := newProblem(mem, mulCase{m: 140, n: 70, k: 65})
	var want []float32
	for _, procs := range []int{1, 2, 5} {
		parallel.WithProcs(procs, func() { multiplyOnTiles(&product[float32]{c: p.c, a: p.a, b: p.b, e: p.e}) })
		if want == nil {
			want = slices.Clone(p.c.Data)
		} else if !slices.Equal(p.c.Data, want) {
			t.Errorf("GOMAXPROCS %d gives other bits than 1", procs)
		}
	}
}

func TestProductsOnTilesAllocateNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	mem := newMemory[float32](t, 1<<17)
	layouts(mulCase{m: 40, n: 33, k: 64, flags: 3}, func(c mulCase) {
		p := newProblem(mem, c)
		if n := testing.AllocsPerRun(5, func() { multiplyOnTiles(&product[float32]{c: p.c, a: p.a, b: p.b, e: p.e}) }); n != 0 {
			t.Errorf("%v: %v allocations", c, n)
		}
	})
}

// TestWhoUsesTiles checks which products go to tiles, if there are any.
func TestWhoUsesTiles(t *testing.T) {
	of := func(m, n, k int) bool {
		p := product[float32]{c: RowMajor[float32](nil, m, n), a: RowMajor[float32](nil, m, k)}
		return p.onTiles() != nil
	}
	if got := of(64, 64, 64); got != simd.HasTiles() {
		t.Errorf("a product goes to tiles: %v, there are tiles: %v", got, simd.HasTiles())
	}
	if of(31, 64, 64) || of(64, 31, 64) || of(64, 64, 63) {
		t.Error("a small product goes to tiles")
	}
	double := product[float64]{c: RowMajor[float64](nil, 64, 64), a: RowMajor[float64](nil, 64, 64)}
	if double.onTiles() != nil {
		t.Error("a product of float64 goes to tiles")
	}
}
