package simd

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"math"
	"math/big"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"testing"
)

// needTiles skips the test where there are no AMX tiles, or nobody asked for them.
func needTiles(t *testing.T) {
	t.Helper()
	if !HasTiles() {
		t.Skip("no AMX, or CHAINRULE_SIMD is not amx")
	}
}

// newSplit has memory for n rows or columns of k elements, which holds what it should not.
func newSplit(n, k int) *Split {
	s := &Split{Tiles: make([]uint16, SplitLen(n, k)), Exponents: make([]float32, SplitExponents(n)), Smallest: -1}
	for i := range s.Tiles {
		s.Tiles[i] = 0x7fc0 // NaN
	}
	Fill(s.Exponents, float32(math.NaN()))
	return s
}

// splitOperands splits A and B of the product, whose rows are contiguous.
func splitOperands(g *Gemm[float32]) (a, b *Split) {
	a, b = newSplit(g.M, g.K), newSplit(g.N, g.K)
	SplitA(a, g.A, g.ARow, g.M, g.K)
	SplitB(b, g.B, g.BRow, g.K, g.N)
	return a, b
}

// TestTileAddRoundsOnce compares the imitated arithmetic with exact arithmetic.
func TestTileAddRoundsOnce(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	short := func() float64 { // of bfloat16
		return math.Ldexp(float64(r.IntN(256)-128), r.IntN(60)-30)
	}
	check := func(x float64, y float32) {
		t.Helper()
		sum := new(big.Float).SetPrec(2000).Add(big.NewFloat(x), big.NewFloat(float64(y)))
		rounded, _ := new(big.Float).SetPrec(24).SetMode(big.ToNearestEven).Set(sum).Float64()
		want := float32(rounded)
		if math.Abs(rounded) < 0x1p-126 {
			want = 0
		}
		if got := tileAdd(x, y); got != want {
			t.Fatalf("tileAdd(%x, %x) = %x, want %x", x, y, got, want)
		}
	}
	for range 200000 {
		x, y := short()*short(), float32(math.Ldexp(float64(r.IntN(1<<25)-1<<24), r.IntN(80)-50))
		check(x, y)
		check(x, -float32(x))
		check(x*0x1p-80, y*0x1p-70)
	}
	// Ties, and what is next to them; results next to the least normal number.
	for _, d := range []float64{0x1p-24, 0x1p-60, -0x1p-60, 0x1p-24 + 0x1p-100, 0x1p-24 - 0x1p-70} {
		for _, y := range []float32{1, 1 + 0x1p-23, -1, 1 - 0x1p-24} {
			check(d, y)
			check(d+0x1p-24, y)
		}
		check(-d*0x1p-126, 0x1p-126)
		check(-d*0x1p-127, 0x1p-126)
	}
}

// splitValues are kinds of numbers: f makes one for row or column i, where p is the step along k.
var splitValues = []struct {
	name string
	f    func(r *rand.Rand, i, p int) float32
}{
	{"normal", func(r *rand.Rand, _, _ int) float32 { return float32(r.NormFloat64()) }},
	{"rows scaled", func(r *rand.Rand, i, _ int) float32 {
		return float32(math.Ldexp(r.NormFloat64(), i*37%121-60))
	}},
	{"subnormal", func(r *rand.Rand, _, _ int) float32 { return float32(math.Ldexp(r.NormFloat64(), -135)) }},
	{"huge", func(r *rand.Rand, _, _ int) float32 { return float32(math.Ldexp(r.Float64()-0.5, 128)) }},
	{"bytes", func(r *rand.Rand, _, _ int) float32 { return float32(r.IntN(256)) }},
	{"sparse", func(r *rand.Rand, _, _ int) float32 { return float32(r.NormFloat64() * float64(r.IntN(8)/7)) }},
	{"largest", func(*rand.Rand, int, int) float32 { return math.MaxFloat32 }},
}

func TestSplitMatchesReference(t *testing.T) {
	if active < avx512 {
		t.Skip("no AVX-512")
	}
	mem := guardedFloats[float32](t, 1<<14, true)
	r := rand.New(rand.NewPCG(3, 4))
	for x, n := range []int{1, 2, 15, 16, 17, 31, 33, 50} {
		for y, k := range []int{0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 95} {
			kind := splitValues[(x+3*y)%len(splitValues)]
			name := fmt.Sprintf("%s, %d of %d", kind.name, n, k)
			for _, op := range []struct {
				name           string
				rows, cols     int
				run, reference func(s *Split, src []float32, row int)
			}{
				{"A", n, k, func(s *Split, src []float32, row int) { SplitA(s, src, row, n, k) },
					func(s *Split, src []float32, row int) { s.splitAGeneric(src, row, n, k) }},
				{"B", k, n, func(s *Split, src []float32, row int) { SplitB(s, src, row, k, n) },
					func(s *Split, src []float32, row int) { s.splitBGeneric(src, row, k, n) }},
			} {
				row := op.cols + x%3
				src := cut(mem, extent(op.rows, row, op.cols, 1), true)
				for i := range src {
					if src[i] = float32(math.NaN()); i%row < op.cols {
						src[i] = kind.f(r, i/row, i%row)
					}
				}
				got, want := newSplit(n, k), newSplit(n, k)
				op.run(got, src, row)
				op.reference(want, src, row)
				if !slices.Equal(got.Tiles, want.Tiles) || !slices.Equal(got.Exponents, want.Exponents) || got.Smallest != want.Smallest {
					t.Fatalf("%s of %s differs from the reference", op.name, name)
				}
			}
		}
	}
}

// TestSplitIsExact checks that the parts make up the number, and that no part is subnormal.
func TestSplitIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 100000 {
		x := float32(math.Ldexp(1+r.Float64(), r.IntN(158)-102)) * float32(1-2*r.IntN(2))
		sum := 0.0
		for _, part := range split(x) {
			if fromBfloat16(bfloat16(part)) != part || flush(part) != part {
				t.Fatalf("%x has part %x", x, part)
			}
			sum += float64(part)
		}
		if sum != float64(x) {
			t.Fatalf("parts of %x make %x", x, sum)
		}
	}
}

// TestMulSplit checks products of all sizes: against the tolerance of float32 arithmetic, and with
// tiles against the bits of the reference.
func TestMulSplit(t *testing.T) {
	mem := newMemory[float32](t)
	x := 0
	for _, m := range []int{1, 5, 16, 17, 32, 33, 50, 64} {
		for _, n := range []int{1, 15, 16, 17, 32, 40, 65} {
			for _, k := range []int{0, 1, 31, 32, 33, 70} {
				if x++; x%2 > 0 || testing.Short() && x%5 > 0 {
					continue
				}
				c := gemmCase{m: m, n: n, k: k, flags: x / 2 % 4, slack: x / 8 % 3, atEnd: x/2%2 == 0}
				r := rand.New(rand.NewPCG(uint64(x), 0))
				g := Gemm[float32]{M: m, N: n, K: k, CRow: n + c.slack, Accumulate: c.flags&1 != 0}
				g.A, g.ARow, g.ACol = operand(mem.a, r, m, k, byRows, c.slack, c.atEnd)
				g.B, g.BRow, g.BCol = operand(mem.b, r, k, n, byRows, c.slack, c.atEnd)
				g.C, _, _ = operand(mem.c, r, m, n, byRows, c.slack, c.atEnd)
				if c.flags&2 != 0 {
					g.Bias, _, _ = operand(mem.bias, r, 1, n, byRows, 0, c.atEnd)
				}
				before := slices.Clone(g.C)
				want, tolerance := naiveGemm(&g)
				a, b := splitOperands(&g)
				for precision := range SplitPrecision(len(splitPairs)) {
					copy(g.C, before)
					mulSplitGeneric(&g, a, b, precision)
					reference := slices.Clone(g.C)
					copy(g.C, before)
					MulSplit(&g, a, b, precision)
					if !slices.EqualFunc(g.C, reference, sameBits) {
						t.Fatalf("%v precision %v: not the bits of the reference", c, precision)
					}
					for i, w := range want {
						allowed := tolerance[i]
						if precision == SplitHigh {
							allowed *= 256
						}
						if v := float64(g.C[i/n*g.CRow+i%n]); !(math.Abs(v-w) <= allowed) {
							t.Fatalf("%v precision %v: element %d, %d is %v, want %v ± %v", c, precision, i/n, i%n, v, w, allowed)
						}
					}
				}
			}
		}
	}
}

// TestSplitAccuracy compares the errors of products of splits with those of float32 arithmetic, one
// fused multiply-add after the other, in units of 2⁻²⁴ times the sum of the magnitudes.
func TestSplitAccuracy(t *testing.T) {
	power := func(i int) int { return i*37%121 - 60 }
	normal := func(r *rand.Rand, _, _ int) float64 { return r.NormFloat64() }
	scaled := func(exponent int) func(r *rand.Rand, _, _ int) float64 {
		return func(r *rand.Rand, _, _ int) float64 { return math.Ldexp(r.NormFloat64(), exponent) }
	}
	for _, c := range []struct {
		name string
		a, b func(r *rand.Rand, i, p int) float64 // of row or column i, step p
		fits bool
	}{
		{"normal", normal, normal, true},
		{"positive", func(r *rand.Rand, _, _ int) float64 { return r.Float64() }, func(r *rand.Rand, _, _ int) float64 { return r.Float64() }, true},
		{"rows and columns scaled", func(r *rand.Rand, i, _ int) float64 { return math.Ldexp(r.NormFloat64(), power(i)) },
			func(r *rand.Rand, i, _ int) float64 { return math.Ldexp(r.NormFloat64(), power(i+50)) }, true},
		{"steps scaled", func(r *rand.Rand, _, p int) float64 { return math.Ldexp(r.NormFloat64(), power(p)) },
			func(r *rand.Rand, _, p int) float64 { return math.Ldexp(r.NormFloat64(), -power(p)) }, false},
		{"elements scaled", func(r *rand.Rand, _, _ int) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(41)-20) },
			func(r *rand.Rand, _, _ int) float64 { return math.Ldexp(r.NormFloat64(), r.IntN(41)-20) }, true},
		// The sums are about 2⁻²⁰ of their terms.
		{"cancelling", func(_ *rand.Rand, i, p int) float64 {
			return 1 + rand.New(rand.NewPCG(uint64(i), uint64(p/2))).Float64()
		},
			func(r *rand.Rand, i, p int) float64 {
				v := 1 + rand.New(rand.NewPCG(uint64(i), uint64(p/2+5000))).Float64()
				return v * float64(1-p%2*2) * (1 + 0x1p-20*r.Float64())
			}, true},
		{"subnormal A", scaled(-130), normal, true},
		{"results almost subnormal", scaled(-60), scaled(-60), true},
		{"largest A", func(r *rand.Rand, _, _ int) float64 { return math.Ldexp(r.Float64()-0.5, 128) }, scaled(-20), true},
		{"bytes", func(r *rand.Rand, _, _ int) float64 { return float64(r.IntN(256)) }, normal, true},
		{"all magnitudes", func(r *rand.Rand, _, p int) float64 { return math.Ldexp(1, p*41%277-149) }, normal, false},
		{"an infinity", func(r *rand.Rand, i, p int) float64 { return 1 / float64(i+p) }, normal, false},
		{"a NaN", normal, func(r *rand.Rand, i, p int) float64 { return math.Sqrt(float64(i + p - 1)) }, false},
	} {
		for _, k := range []int{32, 256, 1000} {
			const m, n = 16, 16
			r := rand.New(rand.NewPCG(uint64(k), 1))
			g := &Gemm[float32]{M: m, N: n, K: k, C: make([]float32, m*n), CRow: n,
				A: make([]float32, m*k), ARow: k, ACol: 1, B: make([]float32, k*n), BRow: n, BCol: 1}
			for i := range g.A {
				g.A[i] = float32(c.a(r, i/k, i%k))
			}
			for i := range g.B {
				g.B[i] = float32(c.b(r, i%n, i/n))
			}
			a, b := splitOperands(g)
			if fits := SplitFits(a, b); fits != c.fits {
				t.Fatalf("%s, %d steps: fits: %v", c.name, k, fits)
			}
			if !c.fits {
				continue
			}
			for i := range g.C {
				sum := float32(0)
				for p := range k {
					sum = float32(math.FMA(float64(g.A[i/n*k+p]), float64(g.B[p*n+i%n]), float64(sum)))
				}
				g.C[i] = sum
			}
			chain := splitErrors(g)
			MulSplit(g, a, b, SplitHighest)
			highest := splitErrors(g)
			MulSplit(g, a, b, SplitHigh)
			high := splitErrors(g)
			if testing.Verbose() {
				t.Logf("%-25s %4d steps: largest and root mean square: float32 %6.3g %6.3g; highest %7.3g %7.3g; high %5.3g %5.3g",
					c.name, k, chain[0], chain[1], highest[0], highest[1], high[0], high[1])
			}
			if !(highest[0] <= 1.1*chain[0] && highest[1] <= chain[1]) {
				t.Errorf("%s, %d steps: errors of %v, float32 arithmetic has %v", c.name, k, highest, chain)
			}
			if !(high[0] <= 512) {
				t.Errorf("%s, %d steps: errors of %v with three products", c.name, k, high)
			}
		}
	}
}

// splitErrors is the largest error of C and their root mean square, in units of 2⁻²⁴ times the sum of
// the magnitudes; rounding to a subnormal number is not counted.
func splitErrors(g *Gemm[float32]) (errors [2]float64) {
	for i, got := range g.C {
		want, size := 0.0, 0.0
		for p := range g.K {
			v := float64(g.A[i/g.N*g.K+p]) * float64(g.B[p*g.N+i%g.N])
			want += v
			size += math.Abs(v)
		}
		e := max(math.Abs(float64(got)-want)-0x1p-150, 0) / (0x1p-24 * size)
		errors[0] = max(errors[0], e)
		errors[1] += e * e / float64(len(g.C))
	}
	errors[1] = math.Sqrt(errors[1])
	return errors
}

func TestMulSplitPanics(t *testing.T) {
	for _, c := range []struct {
		name string
		run  func(g *Gemm[float32], a, b *Split)
	}{
		{"short C", func(g *Gemm[float32], a, b *Split) { g.C = g.C[:7] }},
		{"short tiles", func(g *Gemm[float32], a, b *Split) { a.Tiles = a.Tiles[1:] }},
		{"short exponents", func(g *Gemm[float32], a, b *Split) { b.Exponents = nil }},
		{"bias of rows", func(g *Gemm[float32], a, b *Split) { g.RowBias = g.A }},
		{"too many steps", func(g *Gemm[float32], a, b *Split) {
			g.K = MaxSplitSteps + 1
			a.Tiles, b.Tiles = make([]uint16, SplitLen(2, g.K)), make([]uint16, SplitLen(4, g.K))
		}},
		{"short source", func(g *Gemm[float32], a, b *Split) { SplitA(a, g.A, g.ARow, 3, 3) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := &Gemm[float32]{M: 2, N: 4, K: 3, C: make([]float32, 8), CRow: 4, A: make([]float32, 6), ARow: 3, ACol: 1,
				B: make([]float32, 12), BRow: 4, BCol: 1}
			a, b := splitOperands(g)
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			c.run(g, a, b)
			MulSplit(g, a, b, SplitHighest)
		})
	}
}

// TestTilesUnderSignals multiplies on several threads at once while profiling signals arrive,
// goroutines are preempted and memory is collected. All products must have the same bits.
func TestTilesUnderSignals(t *testing.T) {
	needTiles(t)
	rounds := 20000
	if testing.Short() {
		rounds = 40
	}
	const m, n, k = 64, 64, 256
	r := rand.New(rand.NewPCG(7, 8))
	a, b := make([]float32, m*k), make([]float32, k*n)
	for _, s := range [][]float32{a, b} {
		for i := range s {
			s[i] = float32(r.NormFloat64())
		}
	}
	x, y := splitOperands(&Gemm[float32]{M: m, N: n, K: k, A: a, ARow: k, ACol: 1, B: b, BRow: n, BCol: 1})
	product := func(c []float32) {
		MulSplit(&Gemm[float32]{M: m, N: n, K: k, C: c, CRow: n}, x, y, SplitHighest)
	}
	want := make([]float32, m*n)
	product(want)
	var profile bytes.Buffer
	if err := pprof.StartCPUProfile(&profile); err != nil {
		t.Fatal(err)
	}
	var wait sync.WaitGroup
	for range 4 * runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			c := make([]float32, m*n)
			for i := range rounds {
				if i%32 == 0 {
					runtime.GC() // which stops all goroutines
				}
				Fill(c, 0)
				product(c)
				if !slices.Equal(c, want) {
					t.Error("a product has other bits")
					return
				}
			}
		})
	}
	wait.Wait()
	pprof.StopCPUProfile()
	text, err := gzip.NewReader(&profile)
	if err != nil {
		t.Fatal(err)
	}
	names, err := io.ReadAll(text)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("a profiling signal arrived while tiles were in use: %v", bytes.Contains(names, []byte("gemmSplitHighest2x2F32AMX")))
}
