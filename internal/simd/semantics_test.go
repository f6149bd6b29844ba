package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var (
	nan    = math.NaN()
	inf    = math.Inf(1)
	minus0 = math.Copysign(0, -1)
)

// equalBits compares numbers by their bits, all NaN being one.
var equalBits = cmp.Comparer(func(a, b float64) bool {
	return math.Float64bits(a) == math.Float64bits(b) || a != a && b != b
})

// TestValues checks the exact functions at the points where they could be understood
// differently, with every instruction set.
func TestValues(t *testing.T) {
	everyForm(t, testValues[float32], testValues[float64])
}

func testValues[T Float](t *testing.T) {
	for _, r := range rows[T]() {
		if r.values == nil {
			continue
		}
		operands := [][]float64{points}
		if len(r.names()) == 3 {
			operands = [][]float64{pointsA, pointsB}
		}
		t.Run(r.kernel, func(t *testing.T) {
			const turns = 30 // so that there are vectors of any size
			s := [][]T{make([]T, turns*len(r.values))}
			for _, x := range operands {
				s = append(s, repeated[T](x, turns))
			}
			r.run(s)
			for i, got := range s[0] {
				if want := T(r.values[i%len(r.values)]); !within(got, want, r.roundings(), 0) {
					t.Fatalf("element %d: %v gives %v, want %v", i, column(s[1:], i), got, want)
				}
			}
		})
	}
}

// roundings is by how many ulps values, which are computed in float64 and rounded,
// may be off: not at all in float64 where results are exact.
func (r row[T]) roundings() float64 {
	if is32[T]() {
		return 1
	}
	return r.ulps
}

// repeated is x several times over.
func repeated[T Float](x []float64, times int) []T {
	var out []T
	for range times {
		for _, v := range x {
			out = append(out, T(v))
		}
	}
	return out
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	Float64To32(y, x)
	return y
}

func TestAddScaled(t *testing.T) {
	for _, set := range instructionSets() {
		dst, x := repeated[float64]([]float64{1, -2, 0, 3, inf}, 30), repeated[float64]([]float64{2, 1, 5, nan, 1}, 30)
		set.with(func() { AddScaled(dst, x, 0.5) })
		if diff := cmp.Diff(repeated[float64]([]float64{2, -1.5, 2.5, nan, inf}, 30), dst, equalBits); diff != "" {
			t.Errorf("%v (-want +got):\n%s", set, diff)
		}
	}
}

func TestFill(t *testing.T) {
	for _, set := range instructionSets() {
		dst := make([]float64, 150)
		set.with(func() { Fill(dst, -2.5) })
		if diff := cmp.Diff(repeated[float64]([]float64{-2.5}, 150), dst); diff != "" {
			t.Errorf("%v (-want +got):\n%s", set, diff)
		}
	}
}

func TestWhere(t *testing.T) {
	for _, set := range instructionSets() {
		got := make([]float64, 150)
		set.with(func() {
			Where(got, repeated[float64]([]float64{1, 0, nan, -2, minus0}, 30), []float64{7}, repeated[float64]([]float64{1, 2, 3, 4, 5}, 30))
		})
		if diff := cmp.Diff(repeated[float64]([]float64{7, 2, 7, 7, 5}, 30), got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", set, diff)
		}
	}
}

func TestPow(t *testing.T) {
	a := []float64{2, -3, 0.5, 0, minus0, inf}
	for _, p := range []float64{0, 1, 2, 3, -1, 0.5, -2} {
		t.Run(fmt.Sprint(p), func(t *testing.T) {
			got, want := make([]float64, len(a)), make([]float64, len(a))
			Pow(got, a, []float64{p})
			for i, v := range a {
				want[i] = math.Pow(v, p)
			}
			if diff := cmp.Diff(want, got, equalBits); diff != "" {
				t.Errorf("a^%g (-want +got):\n%s", p, diff)
			}
		})
	}
	got := make([]float64, 3)
	Pow(got, []float64{2}, []float64{1, 2, -1})
	if diff := cmp.Diff([]float64{2, 4, 0.5}, got); diff != "" {
		t.Errorf("2^b (-want +got):\n%s", diff)
	}
}

func TestLogAddExp(t *testing.T) {
	cases := []struct {
		name       string
		a, b, want float64
	}{
		{"equal", 1, 1, 1 + math.Ln2},
		{"far apart", 1000, -1000, 1000},
		{"large", 1000, 1001, 1001 + math.Log1p(math.Exp(-1))},
		{"minus infinities", -inf, -inf, -inf},
		{"plus infinities", inf, inf, inf},
		{"one minus infinity", -inf, 3, 3},
		{"one plus infinity", inf, 3, inf},
		{"both infinities", inf, -inf, inf},
		{"NaN", nan, 3, nan},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := []float64{0}
			LogAddExp(got, []float64{c.a}, []float64{c.b})
			if !within(got[0], c.want, 2, 0) {
				t.Errorf("LogAddExp(%g, %g) = %g, want %g", c.a, c.b, got[0], c.want)
			}
		})
	}
}

// TestLogAddExp3 compares with sums of exponentials of 128 bits, with every instruction set.
func TestLogAddExp3(t *testing.T) {
	everyForm(t, testLogAddExp3[float32], testLogAddExp3[float64])
}

func testLogAddExp3[T Float](t *testing.T) {
	r := rand.New(rand.NewPCG(3, 5))
	const n = 200
	s := make([][]T, 5)
	for i := range s {
		s[i] = make([]T, n)
		for k := range s[i] {
			s[i][k] = T(r.NormFloat64() * []float64{0.1, 3, 300}[k%3])
		}
	}
	for k := range n {
		s[4][k] = T([]float64{0, -inf}[k%2])
		for i := range 3 {
			if r.IntN(5) == 0 {
				s[1+i][k] = T(-inf)
			}
		}
	}
	s[1][0], s[3][0] = T(nan), 0
	s[3][2] = T(nan)
	LogAddExp3(s[0], s[1], s[2], s[3], s[4])
	for k, got := range s[0] {
		sum, largest, isNaN := bigInt(0), -inf, false
		for _, x := range []float64{float64(s[1][k]), float64(s[2][k]), float64(s[3][k] + s[4][k])} {
			isNaN = isNaN || x != x
			if largest = max(largest, x); !isNaN && x > -inf {
				sum = bigAdd(sum, bigExp(newBig(x)))
			}
		}
		want := nan
		if !isNaN {
			want = -inf
			if sum.Sign() > 0 {
				want, _ = bigLog(sum).Float64()
			}
		}
		if !within(got, T(want), 2, 2*epsilon[T]()) {
			t.Errorf("ln(e^%g + e^%g + e^(%g%+g)) = %g, want %g", s[1][k], s[2][k], s[3][k], s[4][k], got, want)
		}
	}
}

// TestBackward checks the fused gradients against derivatives that share no code
// with them, with every instruction set.
func TestBackward(t *testing.T) {
	everyForm(t,
		func(t *testing.T) { testBackward[float32](t, 1e-5) },
		func(t *testing.T) { testBackward[float64](t, 1e-9) })
}

func testBackward[T Float](t *testing.T, tolerance float64) {
	const n = 100
	random := rand.New(rand.NewPCG(1, 1))
	g, x, dst := make([]T, n), make([]T, n), make([]T, n)
	for i := range x {
		g[i], x[i] = T(random.NormFloat64()), T(2*random.NormFloat64())
	}
	for _, r := range rows[T]() {
		if r.derivative == nil {
			continue
		}
		r.run([][]T{dst, g, x})
		for i, got := range dst {
			want := float64(g[i]) * r.derivative(float64(x[i]))
			if !(math.Abs(float64(got)-want) <= tolerance*math.Max(1, math.Abs(want))) {
				t.Errorf("%s: gradient %g at %g = %g, want %g", r.kernel, g[i], x[i], got, want)
			}
		}
	}
}

// TestStrongZero checks that a gradient of zero stays zero whatever it meets, at
// every place of vectors.
func TestStrongZero(t *testing.T) {
	everyForm(t, testStrongZero[float32], testStrongZero[float64])
}

func testStrongZero[T Float](t *testing.T) {
	x := repeated[T]([]float64{0, minus0, 1, -1, inf, -inf, nan, 1e300, -1e300, 5e-324, nan}, 8)
	zeros := make([]T, len(x))
	for i := range zeros {
		zeros[i] = T(math.Copysign(0, float64(i%5)-2))
	}
	for _, r := range rows[T]() {
		if r.derivative == nil && r.kernel != "strongMul" {
			continue
		}
		for n := 1; n <= len(x); n++ {
			got := make([]T, n)
			r.run([][]T{got, zeros[len(x)-n:], x[len(x)-n:]})
			for i, y := range got {
				if y != 0 {
					t.Errorf("%s: a gradient of zero at %g gives %g", r.kernel, x[len(x)-n+i], y)
				}
			}
		}
	}
}

// TestBackwardLimits checks the derivatives of activations at infinity.
func TestBackwardLimits(t *testing.T) {
	cases := []struct {
		name        string
		f           func(dst, g, x []float64)
		plus, minus float64
	}{
		{"SoftplusBackward", SoftplusBackward[float64], 1, 0},
		{"SiLUBackward", SiLUBackward[float64], 1, 0},
		{"GELUBackward", GELUBackward[float64], 1, 0},
		{"GELUTanhBackward", GELUTanhBackward[float64], 1, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := make([]float64, 5)
			c.f(got, []float64{1, 1, 1, 1, 1}, []float64{inf, -inf, nan, 1e300, -1e300})
			want := []float64{c.plus, c.minus, nan, c.plus, c.minus}
			for i := range got {
				if !(got[i] == want[i] || got[i] != got[i] && want[i] != want[i]) {
					t.Errorf("element %d = %g, want %g", i, got[i], want[i])
				}
			}
		})
	}
}

// TestLengthPanics checks that lengths that do not fit panic, and say where.
func TestLengthPanics(t *testing.T) {
	one, two, three := make([]float32, 1), make([]float32, 2), make([]float32, 3)
	cases := []struct {
		name string
		call func()
		want []string
	}{
		{"Add first", func() { Add(three, two, three) }, []string{"Add", "[2 3]", "length 3"}},
		{"Add second", func() { Add(three, one, two) }, []string{"Add", "[1 2]", "length 3"}},
		{"Max", func() { Max(three, two, three) }, []string{"Max", "length 3"}},
		{"Where cond", func() { Where(three, two, three, three) }, []string{"Where", "[2 3 3]"}},
		{"Pow", func() { Pow(three, two, one) }, []string{"Pow", "[2 1]"}},
		{"Exp", func() { Exp(three, two) }, []string{"Exp", "[2]", "length 3"}},
		{"Exp does not broadcast", func() { Exp(three, one) }, []string{"Exp", "[1]", "length 3"}},
		{"Asin", func() { Asin(three, two) }, []string{"Asin"}},
		{"GELU", func() { GELU(two, three) }, []string{"GELU", "[3]", "length 2"}},
		{"Scale", func() { Scale(two, three, 2) }, []string{"Scale"}},
		{"AddScaled", func() { AddScaled(two, three, 2) }, []string{"AddScaled"}},
		{"ReLUBackward", func() { ReLUBackward(three, three, two) }, []string{"ReLUBackward", "[3 2]"}},
		{"Dot", func() { Dot(three, two) }, []string{"Dot", "length 2", "want 3"}},
		{"SumRows dst", func() { SumRows(two, three, 1, 3, false) }, []string{"SumRows", "dst"}},
		{"SumRows x", func() { SumRows(three, two, 1, 3, false) }, []string{"SumRows", "x has length 2"}},
		{"Softmax", func() { Softmax(three, two) }, []string{"Softmax"}},
		{"CrossEntropyRow length", func() { CrossEntropyRow(three, two, 0) }, []string{"CrossEntropyRow"}},
		{"CrossEntropyRow label", func() { CrossEntropyRow(three, three, 3) }, []string{"CrossEntropyRow", "label 3"}},
		{"SoftmaxBackward", func() { SoftmaxBackward(three, two, three) }, []string{"SoftmaxBackward"}},
		{"Adam", func() { Adam(three, three, three, two, AdamParams{}) }, []string{"Adam"}},
		{"SGD", func() { SGD(three, two, 1, 0) }, []string{"SGD"}},
		{"SGDMomentum", func() { SGDMomentum(three, two, three, SGDParams{}) }, []string{"SGDMomentum"}},
		{"BytesToFloats", func() { BytesToFloats(three, []byte{1}, 1, 0) }, []string{"BytesToFloats", "src"}},
		{"Float32To64", func() { Float32To64(make([]float64, 2), three) }, []string{"Float32To64"}},
		{"Float64To32", func() { Float64To32(two, make([]float64, 3)) }, []string{"Float64To32"}},
		{"Transpose", func() { Transpose(three, three, 2, 2) }, []string{"Transpose", "want 4"}},
		{"TransposeStrided src", func() { TransposeStrided(three, 1, three, 3, 2, 1) }, []string{"TransposeStrided", "src", "want 4"}},
		{"TransposeStrided dst", func() { TransposeStrided(three, 3, three, 2, 1, 2) }, []string{"TransposeStrided", "dst", "want 4"}},
		{"TransposeBytes src", func() { TransposeBytes(make([]byte, 9), 1, make([]byte, 3), 3, 2, 1) }, []string{"TransposeBytes", "src", "want 4"}},
		{"TransposeBytes dst", func() { TransposeBytes(make([]byte, 3), 3, make([]byte, 9), 2, 1, 2) }, []string{"TransposeBytes", "dst", "want 4"}},
		{"ListColumns rows", func() { ListColumns(nil, nil, 1, 5, 1, 0) }, []string{"ListColumns", "5 rows"}},
		{"ListColumns src", func() { ListColumns(nil, []byte{1}, 1, 2, 1, 0) }, []string{"ListColumns", "src"}},
		{"ListColumns index", func() { ListColumns(nil, []byte{1}, 1, 1, 1, 0) }, []string{"ListColumns", "index", "want 17"}},
		{"MulBytes B", func() { (&Gemm[float32]{M: 1, N: 1, C: one}).MulBytes(nil, 1, nil, 0, nil) }, []string{"MulBytes", "not packed"}},
		{"MulBytes x", func() { (&Gemm[float32]{M: 1, N: 1, K: 1, C: one, PackedB: true}).MulBytes(nil, 1, nil, 0, nil) }, []string{"MulBytes", "x has length 0, want 1"}},
		{"MulBytes index", func() {
			(&Gemm[float32]{M: 1, N: 1, C: one, PackedB: true}).MulBytes(nil, 1, nil, 0, nil)
		}, []string{"MulBytes", "index has length 0, want 16"}},
		{"Gather length", func() { Gather(three, three, []int{0}) }, []string{"Gather", "index"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				message := fmt.Sprint(recover())
				for _, w := range c.want {
					if !strings.Contains(message, w) {
						t.Errorf("panic %q does not contain %q", message, w)
					}
				}
			}()
			c.call()
		})
	}
}

// TestNothingAllocates checks that kernels leave the heap alone, slices on the
// caller's stack included.
func TestNothingAllocates(t *testing.T) {
	for _, set := range instructionSets() {
		for _, n := range []int{13, 100} {
			set.with(func() {
				if allocs := testing.AllocsPerRun(100, func() { runMany(n) }); allocs != 0 {
					t.Errorf("%v, %d elements: %v allocations", set, n, allocs)
				}
			})
		}
	}
}

func runMany(n int) {
	var buffer [220]float32
	x, y, scalar := buffer[:n], buffer[n:2*n], buffer[219:]
	Fill(x, 0.5)
	Add(y, x, scalar)
	Where(y, x, y, scalar)
	Exp(y, y)
	Sin(y, y)
	GELUBackward(y, x, y)
	Softmax(y, y)
	CrossEntropyRow(y, x, 1)
	Scale(y, y, Sum(x)+Dot(x, y)+LogSumExp(x)+MaxOf(x)+float32(ArgMax(x)))
	Adam(x, y, x, y, AdamParams{BiasCorrection1: 1, BiasCorrection2: 1})
	SumRows(buffer[200:202], x[:12], 6, 2, true)
	Transpose(x[:12], y[:12], 3, 4)
}
