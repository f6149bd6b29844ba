package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
)

// bytesCase is a product of which X is bytes.
type bytesCase struct {
	mulCase
	left    bool // X is on the left
	density int  // of 8 bytes, how many are not 0
	shift   float64
}

// zero is the byte that stands for 0, if there is one.
func (c bytesCase) zero() byte { return byte(255 * c.shift) }

// pays reports whether leaving out zeros does.
func (c bytesCase) pays() bool { return c.density <= 1 && c.shift != notZero }

// notZero is a shift with which no byte stands for 0.
const notZero = 0.3

// bytesShapes have sizes around those of tiles, groups and tasks.
var bytesShapes = []mulCase{
	{m: 0, n: 3, k: 2}, {m: 3, n: 0, k: 2}, {m: 3, n: 3, k: 0}, {m: 1, n: 1, k: 1},
	{m: 2, n: 5, k: 7}, {m: 3, n: 16, k: 8}, {m: 4, n: 17, k: 9}, {m: 7, n: 33, k: 16},
	{m: 32, n: 10, k: 64}, {m: 33, n: 31, k: 65}, {m: 50, n: 100, k: 20}, {m: 100, n: 50, k: 23},
	{m: 128, n: 128, k: 784}, {m: 128, n: 784, k: 128}, {m: 10, n: 785, k: 96}, {m: 1030, n: 40, k: 50}, {m: 60, n: 200, k: 1100},
}

// bytesProblem makes the bytes, and the same product of numbers.
func bytesProblem[F simd.Float](mem *memory[F], c bytesCase) (x Bytes, p problem[F]) {
	p = newProblem(mem, c.mulCase)
	if c.left {
		p.e.Accumulate = false
	} else {
		p.e.Bias = nil
	}
	r := rand.New(rand.NewPCG(uint64(c.m), uint64(c.density)))
	x = Bytes{Rows: c.k, Cols: c.n, Scale: -1. / 255, Shift: c.shift}
	if c.left {
		x.Rows, x.Cols = c.m, c.k
	}
	x.Data = make([]byte, x.Rows*x.Cols)
	converted := make([]F, len(x.Data))
	for i := range x.Data {
		if x.Data[i] = c.zero(); r.IntN(8) < c.density {
			x.Data[i] = byte(r.Uint32())
		}
		converted[i] = F(F(x.Data[i])*F(x.Scale)) + F(x.Shift)
	}
	if c.left {
		p.a = RowMajor(converted, x.Rows, x.Cols)
	} else {
		p.b = RowMajor(converted, x.Rows, x.Cols)
	}
	return x, p
}

// mulBytes is the product with bytes.
func (p *problem[F]) mulBytes(x Bytes, left bool) (ok bool) {
	if left {
		return MulBytes(p.c, x, p.b, p.e.Bias)
	}
	return MulByBytes(p.c, p.a, x, p.e.Accumulate)
}

func TestMulBytes(t *testing.T) {
	t.Run("float32", testMulBytes[float32])
	t.Run("float64", testMulBytes[float64])
}

func testMulBytes[F simd.Float](t *testing.T) {
	mem := newMemory[F](t, 1<<18)
	i := 0
	for _, shape := range bytesShapes {
		if testing.Short() && shape.m*shape.n*shape.k > 1<<20 {
			continue // the exact products take long; TestMulBytesIsMul has large ones too
		}
		for _, left := range []bool{true, false} {
			for _, density := range []int{0, 1, 8} {
				shift := []float64{0, 0, 1, notZero}[i%4] // with 1 the byte 255 stands for 0
				shape.flags, shape.slack, shape.atEnd = i%4, i%3, i%2 == 0
				shape.transA, shape.transB = i%5 < 2, i%7 < 3
				i++
				checkMulBytes(t, mem, bytesCase{shape, left, density, shift})
			}
		}
	}
}

// checkMulBytes compares a product with bytes with the exact one.
func checkMulBytes[F simd.Float](t *testing.T, mem *memory[F], c bytesCase) {
	t.Helper()
	x, p := bytesProblem(mem, c)
	want, tolerance := p.expected()
	if !p.e.Accumulate {
		for i := range p.c.Data {
			p.c.Data[i] = F(math.NaN())
		}
	}
	before := slices.Clone(p.c.Data)
	ok := p.mulBytes(x, c.left)
	if want := c.pays() || len(x.Data) == 0 || len(p.c.Data) == 0; ok != want && !(want && len(x.Data) < 100) {
		t.Fatalf("%+v: %v, want %v", c, ok, want)
	}
	if !ok {
		if same := slices.EqualFunc(p.c.Data, before, func(a, b F) bool { return a == b || a != a && b != b }); !same {
			t.Fatalf("%+v: C has changed", c)
		}
		return
	}
	for i, v := range p.c.Data {
		row, col := i/p.c.RowStride, i%p.c.RowStride
		if col >= c.n {
			if v == v {
				t.Fatalf("%+v: wrote %v between rows, at %d, %d", c, v, row, col)
			}
			continue
		}
		if at := row*c.n + col; !(math.Abs(float64(v)-want[at]) <= tolerance[at]) {
			t.Fatalf("%+v: element %d, %d is %v, want %v ± %v", c, row, col, v, want[at], tolerance[at])
		}
	}
}

// TestMulBytesIsMul compares with the product of numbers, and with itself on other
// numbers of workers, bit by bit.
func TestMulBytesIsMul(t *testing.T) {
	mem := newMemory[float32](t, 1<<18)
	for _, left := range []bool{true, false} {
		for _, shape := range []mulCase{{m: 128, n: 128, k: 784}, {m: 96, n: 784, k: 128}, {m: 50, n: 70, k: 1000}} {
			for _, density := range []int{0, 1, 2} {
				c := bytesCase{shape, left, density, float64(density % 2)}
				x, p := bytesProblem(mem, c)
				Mul(p.c, p.a, p.b, p.e)
				want := slices.Clone(p.c.Data)
				for _, procs := range []int{1, 2, 3, 8} {
					clear(p.c.Data)
					ok := false
					parallel.WithProcs(procs, func() { ok = p.mulBytes(x, left) })
					if !ok {
						t.Errorf("%+v, %d workers: zeros were not left out", c, procs)
					}
					if !slices.Equal(p.c.Data, want) {
						t.Errorf("%+v, %d workers: not what the product of numbers gives", c, procs)
					}
				}
			}
		}
	}
}

// TestMulBytesOfLargeNumbers checks that a sum that overflows is not taken for NaN or
// infinities: how much is added up depends on the number of workers.
func TestMulBytesOfLargeNumbers(t *testing.T) {
	mem := newMemory[float32](t, 1<<18)
	for _, left := range []bool{true, false} {
		x, p := bytesProblem(mem, bytesCase{mulCase{m: 100, n: 90, k: 50}, left, 1, 0})
		y := p.b.Data
		if !left {
			y = p.a.Data
		}
		for i := range y {
			y[i] = math.MaxFloat32
		}
		if !p.mulBytes(x, left) {
			t.Errorf("bytes on the left %v: zeros were not left out", left)
		}
	}
}

// TestMulBytesNaN checks that no zeros are left out that meet NaN or infinities.
func TestMulBytesNaN(t *testing.T) {
	mem := newMemory[float32](t, 1<<18)
	for _, v := range []float32{float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1))} {
		for _, left := range []bool{true, false} {
			c := bytesCase{mulCase{m: 100, n: 90, k: 50}, left, 1, 0}
			x, p := bytesProblem(mem, c)
			if left {
				p.b.from(20, 70)[0] = v
			} else {
				p.a.from(70, 20)[0] = v
			}
			Mul(p.c, p.a, p.b, p.e)
			want := slices.Clone(p.c.Data)
			if !slices.ContainsFunc(want, func(x float32) bool { return x != x }) {
				t.Fatal("no NaN where there should be")
			}
			clear(p.c.Data)
			if !p.mulBytes(x, left) {
				t.Errorf("%v, bytes on the left %v: zeros do not pay", v, left)
			}
			if !slices.EqualFunc(p.c.Data, want, func(a, b float32) bool { return a == b || a != a && b != b }) {
				t.Errorf("%v, bytes on the left %v: not what the product of numbers gives", v, left)
			}
		}
	}
}

func TestMulBytesAllocatesNothing(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools drop what they hold")
	}
	mem := newMemory[float32](t, 1<<18)
	for _, left := range []bool{true, false} {
		x, p := bytesProblem(mem, bytesCase{mulCase{m: 128, n: 100, k: 90}, left, 2, 0})
		if n := testing.AllocsPerRun(20, func() { p.mulBytes(x, left) }); n > 0 {
			t.Errorf("bytes on the left %v: %v allocations", left, n)
		}
	}
}

func TestMulBytesPanics(t *testing.T) {
	data := make([]float64, 100)
	x := Bytes{Data: make([]byte, 6), Rows: 2, Cols: 3, Scale: 1}
	b, c := RowMajor(data[10:22], 3, 4), RowMajor(data[30:38], 2, 4)
	for _, test := range []struct {
		name string
		run  func()
	}{
		{"inner sizes differ", func() { MulBytes(c, x, b.T(), nil) }},
		{"inner sizes differ on the right", func() { MulByBytes(RowMajor(data[:12], 4, 3), b.T(), x, false) }},
		{"too few bytes", func() { x := x; x.Data = x.Data[:5]; MulBytes(c, x, b, nil) }},
		{"scale", func() { x := x; x.Scale = math.Inf(1); MulBytes(c, x, b, nil) }},
		{"shift", func() { x := x; x.Shift = math.NaN(); MulBytes(c, x, b, nil) }},
		{"bias too short", func() { MulBytes(c, x, b, data[:3]) }},
		{"transposed C", func() { c := RowMajor(data, 4, 2).T(); MulBytes(c, x, b, nil) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			test.run()
		})
	}
}

// BenchmarkMulBytes measures the products of a linear layer with pixels of which as many
// are 0 as in images of digits, and with the numbers that they stand for.
func BenchmarkMulBytes(b *testing.B) {
	x := Bytes{Data: digits(128), Rows: 128, Cols: 784, Scale: 1. / 255}
	numbers := RowMajor(make([]float32, len(x.Data)), x.Rows, x.Cols)
	simd.BytesToFloats(numbers.Data, x.Data, 1./255, 0)
	w, dw := RowMajor(make([]float32, 128*784), 128, 784), RowMajor(make([]float32, 128*784), 128, 784)
	y := RowMajor(make([]float32, 128*128), 128, 128)
	for _, run := range []struct {
		name string
		f    func()
	}{
		{"left/bytes", func() { MulBytes(y, x, w.T(), nil) }},
		{"left/numbers", func() { Mul(y, numbers, w.T(), Epilogue[float32]{}) }},
		{"right/bytes", func() { MulByBytes(dw, y.T(), x, false) }},
		{"right/numbers", func() { Mul(dw, y.T(), numbers, Epilogue[float32]{}) }},
	} {
		for _, procs := range []int{1, runtime.NumCPU()} {
			b.Run(fmt.Sprintf("%s/procs=%d", run.name, procs), func(b *testing.B) {
				was := runtime.GOMAXPROCS(procs)
				defer runtime.GOMAXPROCS(was)
				for b.Loop() {
					run.f()
				}
			})
		}
	}
}

// digits are n images of 28×28 pixels, with a stroke on each like those of digits.
func digits(n int) []byte {
	r := rand.New(rand.NewPCG(1, 2))
	pixels := make([]byte, n*28*28)
	for i := range n {
		image := pixels[i*28*28:][:28*28]
		x, y := 9+6*r.Float64(), 8.
		for range 90 { // a walk of a broad pen
			x = min(max(x+r.NormFloat64(), 5), 20)
			y = min(max(y+r.NormFloat64()+0.1, 5), 20)
			for d := range 9 {
				image[(int(y)+d/3)*28+int(x)+d%3] = byte(1 + r.IntN(255))
			}
		}
	}
	return pixels
}
