package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/simd"
)

// mulCase is a product to be tested.
type mulCase struct {
	m, n, k        int
	transA, transB bool // the operand lies in memory as its transpose
	flags          int  // 1 accumulate, 2 bias
	slack          int  // elements between rows
	atEnd          bool // the data ends where memory ends, else it begins there
}

func (c mulCase) String() string {
	return fmt.Sprintf("[%d, %d]·[%d, %d] transA=%v transB=%v flags=%d slack=%d atEnd=%v",
		c.m, c.k, c.k, c.n, c.transA, c.transB, c.flags, c.slack, c.atEnd)
}

// memory is guarded memory for the operands of one case after the other.
type memory[F simd.Float] struct{ a, b, c, bias []F }

func newMemory[F simd.Float](t testing.TB, n int) *memory[F] {
	return &memory[F]{guarded[F](t, n), guarded[F](t, n), guarded[F](t, n), guarded[F](t, n)}
}

// operand is a matrix [rows, cols] of random numbers at one end of the memory. What
// lies between rows is NaN.
func operand[F simd.Float](memory []F, r *rand.Rand, rows, cols int, trans bool, slack int, atEnd bool) Matrix[F] {
	if trans {
		return operand(memory, r, cols, rows, false, slack, atEnd).T()
	}
	m := Matrix[F]{Rows: rows, Cols: cols, RowStride: cols + slack, ColStride: 1}
	n := m.extent()
	if m.Data = memory[:n:n]; atEnd {
		m.Data = memory[len(memory)-n:]
	}
	for i := range m.Data {
		if m.Data[i] = F(math.NaN()); i%m.RowStride < cols {
			m.Data[i] = F(r.NormFloat64())
		}
	}
	return m
}

// problem is a product with its operands.
type problem[F simd.Float] struct {
	c, a, b Matrix[F]
	e       Epilogue[F]
}

func newProblem[F simd.Float](mem *memory[F], c mulCase) problem[F] {
	r := rand.New(rand.NewPCG(uint64(c.m)<<20+uint64(c.n), uint64(c.k)))
	p := problem[F]{
		a: operand(mem.a, r, c.m, c.k, c.transA, c.slack, c.atEnd),
		b: operand(mem.b, r, c.k, c.n, c.transB, c.slack, c.atEnd),
		c: operand(mem.c, r, c.m, c.n, false, c.slack, c.atEnd),
		e: Epilogue[F]{Accumulate: c.flags&1 != 0},
	}
	if c.flags&2 != 0 {
		p.e.Bias = operand(mem.bias, r, 1, c.n, false, 0, c.atEnd).Data
	}
	return p
}

// expected is the result in float64 and the rounding error that each element may
// have: that of a sum in any order.
func (p *problem[F]) expected() (want, tolerance []float64) {
	eps := 0x1p-24 * pick[F](1, 0x1p-29)
	m, n, k := p.c.Rows, p.c.Cols, p.a.Cols
	want, tolerance = make([]float64, m*n), make([]float64, m*n)
	for i := range m {
		sum, size := want[i*n:(i+1)*n], tolerance[i*n:(i+1)*n]
		add := func(j int, v float64) {
			sum[j] += v
			size[j] += math.Abs(v)
		}
		for q := range k {
			x := float64(p.a.Data[i*p.a.RowStride+q*p.a.ColStride])
			for j := range n {
				add(j, x*float64(p.b.Data[q*p.b.RowStride+j*p.b.ColStride]))
			}
		}
		for j := range n {
			if p.e.Accumulate {
				add(j, float64(p.c.Data[i*p.c.RowStride+j]))
			}
			if p.e.Bias != nil {
				add(j, float64(p.e.Bias[j]))
			}
			size[j] *= eps * float64(k+3)
		}
	}
	return want, tolerance
}

func testMul[F simd.Float](t *testing.T, mem *memory[F], c mulCase) {
	t.Helper()
	p := newProblem(mem, c)
	want, tolerance := p.expected()
	if !p.e.Accumulate {
		for i := range p.c.Data {
			p.c.Data[i] = F(math.NaN())
		}
	}
	Mul(p.c, p.a, p.b, p.e)
	for i, v := range p.c.Data {
		row, col := i/p.c.RowStride, i%p.c.RowStride
		if col >= c.n {
			if v == v {
				t.Fatalf("%v: wrote %v between rows, at %d, %d", c, v, row, col)
			}
			continue
		}
		if at := row*c.n + col; !(math.Abs(float64(v)-want[at]) <= tolerance[at]) {
			t.Fatalf("%v: element %d, %d is %v, want %v ± %v", c, row, col, v, want[at], tolerance[at])
		}
	}
}

// layouts calls f with a case in all four layouts.
func layouts(c mulCase, f func(c mulCase)) {
	for _, c.transA = range []bool{false, true} {
		for _, c.transB = range []bool{false, true} {
			f(c)
		}
	}
}

// TestMulSmall covers all small shapes, going through epilogues, gaps between rows
// and ends of memory.
func TestMulSmall(t *testing.T) {
	mem32, mem64 := newMemory[float32](t, 1<<14), newMemory[float64](t, 1<<14)
	sizes := []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 16, 17, 18, 31, 33}
	x := 0
	for _, m := range sizes {
		for _, n := range sizes {
			for _, k := range sizes {
				if x++; testing.Short() && x%3 > 0 {
					continue
				}
				layouts(mulCase{m: m, n: n, k: k, flags: x % 4, slack: x / 4 % 3, atEnd: x%2 == 0}, func(c mulCase) {
					testMul(t, mem32, c)
					testMul(t, mem64, c)
				})
			}
		}
	}
}

// shapes are products that take all the paths, and cut work into tasks along all
// axes.
var shapes = []mulCase{
	{m: 1, n: 2050, k: 301},  // one row, in several tasks
	{m: 2, n: 1030, k: 301},  //
	{m: 3, n: 530, k: 501},   // few rows
	{m: 7, n: 300, k: 700},   // dot products or unpacked tiles
	{m: 301, n: 1, k: 257},   // one column
	{m: 701, n: 3, k: 300},   // few columns
	{m: 2, n: 2, k: 20001},   // dot products alone
	{m: 130, n: 100, k: 131}, // tiles
	{m: 34, n: 50, k: 1100},  // more steps than a panel has
	{m: 9, n: 1100, k: 270},  // B is wide and not packed
	{m: 7, n: 1001, k: 1024}, // a column is left when dot products are cut evenly
	{m: 1100, n: 20, k: 70},  // more rows than a task has
	{m: 200, n: 90, k: 530},  // A is packed if it is transposed
	{m: 33, n: 21, k: 4500},  // sums over parts of k
	{m: 5, n: 6, k: 4100},    // likewise, of small blocks
	{m: 128, n: 10, k: 128},  // the layers of a classifier of digits
	{m: 10, n: 128, k: 128},  //
	{m: 128, n: 128, k: 784}, //
	{m: 1, n: 128, k: 784},   // and for one digit
}

func TestMulLarge(t *testing.T) {
	mem32, mem64 := newMemory[float32](t, 1<<21), newMemory[float64](t, 1<<21)
	for i, c := range shapes {
		c.flags, c.slack, c.atEnd = i*3%4, i%2, i%4 < 2
		layouts(c, func(c mulCase) {
			testMul(t, mem32, c)
			if !testing.Short() {
				testMul(t, mem64, c)
			}
		})
	}
}

// TestMulHuge takes a product so large that A is packed whatever its layout, and
// checks the elements at the edges and others here and there.
func TestMulHuge(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second or two")
	}
	c := mulCase{m: 1030, n: hugeMinCols + 9, k: max(hugeMinA/8/1030, hugeMinRow/8) + 1}
	for _, contiguous := range []bool{false, true} {
		if !planFor[float64](c.m, c.n, c.k, contiguous, false, c.n).packA {
			t.Errorf("A is not packed, rows contiguous: %v", contiguous)
		}
	}
	mem := newMemory[float64](t, 1<<21)
	layouts(c, func(c mulCase) {
		p := newProblem(mem, c)
		Mul(p.c, p.a, p.b, p.e)
		for i := 0; i < c.m; i += min(97, max(1, c.m-1-i)) {
			for j := 0; j < c.n; j += min(53, max(1, c.n-1-j)) {
				sum := 0.0
				for q := range c.k {
					sum += p.a.from(i, q)[0] * p.b.from(q, j)[0]
				}
				if got := p.c.from(i, j)[0]; !(math.Abs(got-sum) <= 1e-11) {
					t.Fatalf("%v: element %d, %d is %v, want %v", c, i, j, got, sum)
				}
			}
		}
	})
}

// TestDotProductsHaveColumns: no task of dot products has fewer columns than the kernel takes.
func TestDotProductsHaveColumns(t *testing.T) {
	for _, k := range []int{100, 768, 2048, 5000} {
		for m := 1; m <= 12; m++ {
			for n := simd.MinDotCols; n < 3000; n++ {
				p := planFor[float32](m, n, k, true, true, 1)
				if last := n - (p.colTasks-1)*p.cols; p.path == byDot && (last < simd.MinDotCols || last > p.cols) {
					t.Fatalf("[%d, %d]·[%d, %d]: %d tasks of %d columns", m, k, k, n, p.colTasks, p.cols)
				}
			}
		}
	}
}

// TestMulNaN checks, on all paths, that a zero does not hide what it meets.
func TestMulNaN(t *testing.T) {
	for i, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if testing.Short() && i > 0 {
			break
		}
		for _, c := range shapes {
			layouts(c, func(c mulCase) {
				a := Matrix[float32]{Data: make([]float32, c.m*c.k), Rows: c.m, Cols: c.k, RowStride: c.k, ColStride: 1}
				if c.transA {
					a.RowStride, a.ColStride = 1, c.m
				}
				b := RowMajor(make([]float32, c.k*c.n), c.k, c.n)
				if c.transB {
					b.RowStride, b.ColStride = 1, c.k
				}
				b.from(c.k-1, c.n-1)[0] = float32(v)
				got := make([]float32, c.m*c.n)
				Mul(RowMajor(got, c.m, c.n), a, b, Epilogue[float32]{})
				for i, x := range got {
					if isNaN := x != x; isNaN != (i%c.n == c.n-1) {
						t.Fatalf("%v with %v: element %d, %d is %v", c, v, i/c.n, i%c.n, x)
					}
				}
			})
		}
	}
}

func TestMulPanics(t *testing.T) {
	data := make([]float64, 100)
	a, b, c := RowMajor(data[:6], 2, 3), RowMajor(data[10:22], 3, 4), RowMajor(data[30:38], 2, 4)
	for _, test := range []struct {
		name string
		want string // what the message has
		run  func()
	}{
		{"inner sizes differ", "shapes do not fit", func() { Mul(c, a, b.T(), Epilogue[float64]{}) }},
		{"rows of C", "shapes do not fit", func() { c := c; c.Rows = 1; Mul(c, a, b, Epilogue[float64]{}) }},
		{"columns of C", "shapes do not fit", func() { c := c; c.Cols = 3; Mul(c, a, b, Epilogue[float64]{}) }},
		{"short A", "A is [2, 3]", func() { a := a; a.Data = a.Data[:5]; Mul(c, a, b, Epilogue[float64]{}) }},
		{"short B", "B is [3, 4]", func() { b := b; b.Data = b.Data[:11]; Mul(c, a, b, Epilogue[float64]{}) }},
		{"short C", "C is [2, 4]", func() { c := c; c.Data = c.Data[:7]; Mul(c, a, b, Epilogue[float64]{}) }},
		{"no stride of 1", "neither is 1", func() { a := a; a.RowStride, a.ColStride = 2, 2; Mul(c, a, b, Epilogue[float64]{}) }},
		{"transposed C", "columns of C are 4 elements apart", func() { Mul(c.T(), b.T(), a.T(), Epilogue[float64]{}) }},
		{"negative stride", "negative", func() { a := a; a.RowStride = -3; Mul(c, a, b, Epilogue[float64]{}) }},
		{"negative size", "negative", func() {
			m := RowMajor(data, -1, 2)
			Mul(m, RowMajor(data, -1, 3), RowMajor(data, 3, 2), Epilogue[float64]{})
		}},
		{"bias too short", "bias has length 3", func() { Mul(c, a, b, Epilogue[float64]{Bias: data[:3]}) }},
		{"negative count", "-1 products", func() { MulBatch(-1, c, a, b, 8, 6, 12, Epilogue[float64]{}) }},
		{"negative batch stride", "negative", func() { MulBatch(1, c, a, b, 8, -6, 12, Epilogue[float64]{}) }},
		{"batch of A too short", "2 matrices A", func() { MulBatch(2, c, a, b, 0, 1, 0, Epilogue[float64]{}) }},
		{"batch of B too short", "2 matrices B", func() { MulBatch(2, c, a, b, 0, 0, 1, Epilogue[float64]{}) }},
		{"batch of C too short", "2 matrices C", func() { MulBatch(2, c, a, b, 1, 0, 0, Epilogue[float64]{}) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if message, ok := recover().(string); !ok || !strings.HasPrefix(message, "gemm: ") || !strings.Contains(message, test.want) {
					t.Errorf("panic with %q, want one with %q", message, test.want)
				}
			}()
			test.run()
		})
	}
}

// TestStridesOfSingleRowsAndColumns uses strides that mean nothing, or of which
// neither is 1 where there is a single row or column.
func TestStridesOfSingleRowsAndColumns(t *testing.T) {
	data := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	for _, c := range []struct {
		name string
		a, b Matrix[float64]
		want []float64
	}{
		{"row of every third", Matrix[float64]{data, 1, 3, 5, 3}, RowMajor(data, 3, 2), []float64{1*1 + 4*3 + 7*5, 1*2 + 4*4 + 7*6}},
		{"column of every second", RowMajor(data, 2, 3), Matrix[float64]{data, 3, 1, 2, 9}, []float64{1*1 + 2*3 + 3*5, 4*1 + 5*3 + 6*5}},
		{"outer product", Matrix[float64]{data, 2, 1, 4, 9}, Matrix[float64]{data, 1, 2, 9, 3}, []float64{1, 4, 5, 20}},
		{"outer product of five", Matrix[float64]{data, 5, 1, 2, 9}, Matrix[float64]{data, 1, 4, 9, 2}, []float64{
			1, 3, 5, 7, 3, 9, 15, 21, 5, 15, 25, 35, 7, 21, 35, 49, 9, 27, 45, 63,
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := make([]float64, len(c.want))
			Mul(RowMajor(got, c.a.Rows, c.b.Cols), c.a, c.b, Epilogue[float64]{})
			if !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}
