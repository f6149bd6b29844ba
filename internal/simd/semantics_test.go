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

// TestBinarySemantics checks the two-operand functions at the pairs where they
// could be understood differently.
func TestBinarySemantics(t *testing.T) {
	a := []float64{1, 2, 2, nan, 1, nan, inf, -inf, 0, -3}
	b := []float64{2, 1, 2, 1, nan, nan, inf, inf, inf, -4}
	cases := []struct {
		name string
		f32  func(dst, a, b []float32)
		f64  func(dst, a, b []float64)
		want []float64
	}{
		{"Add", Add[float32], Add[float64], []float64{3, 3, 4, nan, nan, nan, inf, nan, inf, -7}},
		{"Sub", Sub[float32], Sub[float64], []float64{-1, 1, 0, nan, nan, nan, nan, -inf, -inf, 1}},
		{"Mul", Mul[float32], Mul[float64], []float64{2, 2, 4, nan, nan, nan, inf, -inf, nan, 12}},
		{"Div", Div[float32], Div[float64], []float64{0.5, 2, 1, nan, nan, nan, nan, nan, 0, 0.75}},
		{"Max", Max[float32], Max[float64], []float64{2, 2, 2, nan, nan, nan, inf, inf, inf, -3}},
		{"Min", Min[float32], Min[float64], []float64{1, 1, 2, nan, nan, nan, inf, -inf, 0, -4}},
		{"StrongMul", StrongMul[float32], StrongMul[float64], []float64{2, 2, 4, nan, nan, nan, inf, -inf, 0, 12}},
		{"Greater", Greater[float32], Greater[float64], []float64{0, 1, 0, 0, 0, 0, 0, 0, 0, 1}},
		{"GreaterEqual", GreaterEqual[float32], GreaterEqual[float64], []float64{0, 1, 1, 0, 0, 0, 1, 0, 0, 1}},
		{"Less", Less[float32], Less[float64], []float64{1, 0, 0, 0, 0, 0, 0, 1, 1, 0}},
		{"LessEqual", LessEqual[float32], LessEqual[float64], []float64{1, 0, 1, 0, 0, 0, 1, 1, 1, 0}},
		{"Equal", Equal[float32], Equal[float64], []float64{0, 0, 1, 0, 0, 0, 1, 0, 0, 0}},
		{"NotEqual", NotEqual[float32], NotEqual[float64], []float64{1, 1, 0, 1, 1, 1, 0, 1, 1, 1}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := make([]float64, len(a))
			c.f64(got, a, b)
			if diff := cmp.Diff(c.want, got, equalBits); diff != "" {
				t.Errorf("float64 (-want +got):\n%s", diff)
			}
			got32 := make([]float32, len(a))
			c.f32(got32, narrow(a), narrow(b))
			if diff := cmp.Diff(c.want, widen(got32), equalBits); diff != "" {
				t.Errorf("float32 (-want +got):\n%s", diff)
			}
		})
	}
}

func narrow(x []float64) []float32 {
	y := make([]float32, len(x))
	Float64To32(y, x)
	return y
}

func widen(x []float32) []float64 {
	y := make([]float64, len(x))
	Float32To64(y, x)
	return y
}

// TestUnarySemantics checks the exact one-operand functions.
func TestUnarySemantics(t *testing.T) {
	x := []float64{1.5, -1.5, 2.5, -2.5, 0.25, 0, minus0, inf, -inf, nan, 4}
	cases := []struct {
		name string
		f32  func(dst, x []float32)
		f64  func(dst, x []float64)
		want []float64
	}{
		{"Neg", Neg[float32], Neg[float64], []float64{-1.5, 1.5, -2.5, 2.5, -0.25, minus0, 0, -inf, inf, nan, -4}},
		{"Abs", Abs[float32], Abs[float64], []float64{1.5, 1.5, 2.5, 2.5, 0.25, 0, 0, inf, inf, nan, 4}},
		{"Sign", Sign[float32], Sign[float64], []float64{1, -1, 1, -1, 1, 0, minus0, 1, -1, nan, 1}},
		{"Square", Square[float32], Square[float64], []float64{2.25, 2.25, 6.25, 6.25, 0.0625, 0, 0, inf, inf, nan, 16}},
		{"Reciprocal", Reciprocal[float32], Reciprocal[float64], []float64{1 / 1.5, -1 / 1.5, 0.4, -0.4, 4, inf, -inf, 0, minus0, nan, 0.25}},
		{"Floor", Floor[float32], Floor[float64], []float64{1, -2, 2, -3, 0, 0, minus0, inf, -inf, nan, 4}},
		{"Ceil", Ceil[float32], Ceil[float64], []float64{2, -1, 3, -2, 1, 0, minus0, inf, -inf, nan, 4}},
		{"Round", Round[float32], Round[float64], []float64{2, -2, 2, -2, 0, 0, minus0, inf, -inf, nan, 4}},
		{"ReLU", ReLU[float32], ReLU[float64], []float64{1.5, 0, 2.5, 0, 0.25, 0, minus0, inf, 0, nan, 4}},
		{"Softsign", Softsign[float32], Softsign[float64], []float64{0.6, -0.6, 2.5 / 3.5, -2.5 / 3.5, 0.2, 0, minus0, 1, -1, nan, 0.8}},
		{
			"Clamp",
			func(dst, x []float32) { Clamp(dst, x, -2, 1) }, func(dst, x []float64) { Clamp(dst, x, -2, 1) },
			[]float64{1, -1.5, 1, -2, 0.25, 0, minus0, 1, -2, nan, 1},
		},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := make([]float64, len(x))
			c.f64(got, x)
			if diff := cmp.Diff(c.want, got, equalBits); diff != "" {
				t.Errorf("float64 (-want +got):\n%s", diff)
			}
			got32 := make([]float32, len(x))
			c.f32(got32, narrow(x))
			if diff := cmp.Diff(narrow(c.want), got32, cmp.Comparer(func(a, b float32) bool { return within(a, b, 1, 0) })); diff != "" {
				t.Errorf("float32 (-want +got):\n%s", diff)
			}
		})
	}
}

func TestWhere(t *testing.T) {
	got := make([]float64, 5)
	Where(got, []float64{1, 0, nan, -2, minus0}, []float64{7}, []float64{1, 2, 3, 4, 5})
	if diff := cmp.Diff([]float64{7, 2, 7, 7, 5}, got); diff != "" {
		t.Errorf("Where (-want +got):\n%s", diff)
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

// backwardFunctions are the fused gradients, with the derivative they multiply
// by as a function of their second operand.
var backwardFunctions = []struct {
	name       string
	f32        func(dst, g, x []float32)
	f64        func(dst, g, x []float64)
	derivative func(x float64) float64
}{
	{"ReLUBackward", ReLUBackward[float32], ReLUBackward[float64], func(y float64) float64 {
		if y > 0 {
			return 1
		}
		return 0
	}},
	{"SigmoidBackward", SigmoidBackward[float32], SigmoidBackward[float64], func(y float64) float64 { return y * (1 - y) }},
	{"TanhBackward", TanhBackward[float32], TanhBackward[float64], func(y float64) float64 { return 1 - y*y }},
	{"SqrtBackward", SqrtBackward[float32], SqrtBackward[float64], func(y float64) float64 { return 1 / (2 * y) }},
	{"LogBackward", LogBackward[float32], LogBackward[float64], func(x float64) float64 { return 1 / x }},
	{"SquareBackward", SquareBackward[float32], SquareBackward[float64], func(x float64) float64 { return 2 * x }},
	{"AbsBackward", AbsBackward[float32], AbsBackward[float64], func(x float64) float64 { return sign(x) }},
	{"SoftplusBackward", SoftplusBackward[float32], SoftplusBackward[float64], slope(func(x float64) float64 { return math.Log1p(math.Exp(x)) })},
	{"SiLUBackward", SiLUBackward[float32], SiLUBackward[float64], slope(func(x float64) float64 { return x / (1 + math.Exp(-x)) })},
	{"GELUBackward", GELUBackward[float32], GELUBackward[float64], slope(func(x float64) float64 { return x * math.Erfc(-x/math.Sqrt2) / 2 })},
	{"GELUTanhBackward", GELUTanhBackward[float32], GELUTanhBackward[float64], slope(func(x float64) float64 {
		return x / 2 * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	})},
}

// slope differentiates f by differences of fourth order.
func slope(f func(float64) float64) func(float64) float64 {
	const h = 1e-3
	return func(x float64) float64 {
		return (8*(f(x+h)-f(x-h)) - (f(x+2*h) - f(x-2*h))) / (12 * h)
	}
}

// TestBackward checks the fused gradients against derivatives that share no code
// with them.
func TestBackward(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const n = 100
	g, x := make([]float64, n), make([]float64, n)
	for i := range x {
		g[i], x[i] = r.NormFloat64(), 2*r.NormFloat64()
	}
	for _, f := range backwardFunctions {
		t.Run(f.name, func(t *testing.T) {
			got, got32 := make([]float64, n), make([]float32, n)
			f.f64(got, g, x)
			f.f32(got32, narrow(g), narrow(x))
			for i := range got {
				want := g[i] * f.derivative(x[i])
				if !(math.Abs(got[i]-want) <= 1e-9*math.Max(1, math.Abs(want))) {
					t.Errorf("float64: gradient %g at %g = %g, want %g", g[i], x[i], got[i], want)
				}
				if !(math.Abs(float64(got32[i])-want) <= 1e-5*math.Max(1, math.Abs(want))) {
					t.Errorf("float32: gradient %g at %g = %g, want %g", g[i], x[i], got32[i], want)
				}
			}
		})
	}
}

// TestStrongZero checks that a gradient of zero stays zero whatever it meets.
func TestStrongZero(t *testing.T) {
	x := []float64{0, minus0, 1, -1, inf, -inf, nan, 1e300, -1e300, 5e-324, nan}
	zeros := make([]float64, len(x))
	zeros[len(x)-2], zeros[len(x)-1] = minus0, minus0
	functions := append(backwardFunctions[:len(backwardFunctions):len(backwardFunctions)], struct {
		name       string
		f32        func(dst, g, x []float32)
		f64        func(dst, g, x []float64)
		derivative func(x float64) float64
	}{"StrongMul", StrongMul[float32], StrongMul[float64], nil})
	for _, f := range functions {
		t.Run(f.name, func(t *testing.T) {
			for n := 1; n <= len(x); n++ {
				got, got32 := make([]float64, n), make([]float32, n)
				f.f64(got, zeros[len(x)-n:], x[len(x)-n:])
				f.f32(got32, narrow(zeros[len(x)-n:]), narrow(x[len(x)-n:]))
				for i := range n {
					if got[i] != 0 || got32[i] != 0 {
						t.Errorf("zero gradient at %g gives %g (float64), %g (float32)", x[len(x)-n+i], got[i], got32[i])
					}
				}
			}
		})
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
		{"ListColumns rows", func() { ListColumns(nil, nil, 1, 4, 1, 0) }, []string{"ListColumns", "4 rows"}},
		{"ListColumns src", func() { ListColumns(nil, []byte{1}, 1, 2, 1, 0) }, []string{"ListColumns", "src"}},
		{"ListColumns index", func() { ListColumns(nil, []byte{1}, 1, 1, 1, 0) }, []string{"ListColumns", "index", "want 9"}},
		{"MulBytes B", func() { (&Gemm[float32]{M: 1, N: 1, C: one}).MulBytes(nil, 1, nil, 0, nil) }, []string{"MulBytes", "not packed"}},
		{"MulBytes x", func() { (&Gemm[float32]{M: 1, N: 1, K: 1, C: one, PackedB: true}).MulBytes(nil, 1, nil, 0, nil) }, []string{"MulBytes", "x has length 0, want 1"}},
		{"MulBytes index", func() {
			(&Gemm[float32]{M: 1, N: 1, C: one, PackedB: true}).MulBytes(nil, 1, nil, 0, nil)
		}, []string{"MulBytes", "index has length 0, want 8"}},
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
	allocs := testing.AllocsPerRun(100, func() {
		var buffer [40]float32
		x, y, scalar := buffer[:13], buffer[13:26], buffer[39:]
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
		SumRows(buffer[26:28], x[:12], 6, 2, true)
	})
	if allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
