package simd

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unsafe"
)

// row compares the assembly of one kernel with its reference. Tests run the
// exported function, so that the choice between the two is tested with it.
type row[T Float] struct {
	kernel string

	// operands names the slices handed to run and ref, the written ones first.
	// A name that ends in * may have length 1, one that ends in + is read and
	// written. Operands of equal length other than those with + are also
	// tested as one and the same slice with the first.
	operands string

	// run and ref return what the function returns beside its slices.
	run, ref func(s [][]T) []T

	draw func(*rand.Rand) T // inputs; any bits at all if nil

	// ulps is how many units in the last place run may be off, slack how many
	// rounding errors of 1 for every element beside that.
	ulps, slack float64
}

// unary, binary and the like make rows of the common shapes.
func unary[T Float](kernel string, ulps float64, run, ref func(dst, x []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst x", ulps: ulps, run: two(run), ref: two(ref)}
}

func binary[T Float](kernel string, run, ref func(dst, a, b []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst a* b*", run: three(run), ref: three(ref)}
}

func pair[T Float](kernel string, ulps float64, run, ref func(dst, g, x []T)) row[T] {
	return row[T]{kernel: kernel, operands: "dst g x", ulps: ulps, run: three(run), ref: three(ref)}
}

func reduction[T Float](kernel string, slack float64, run, ref func(x []T) T) row[T] {
	one := func(f func([]T) T) func([][]T) []T { return func(s [][]T) []T { return []T{f(s[0])} } }
	return row[T]{kernel: kernel, operands: "x+", slack: slack, draw: normal[T], run: one(run), ref: one(ref)}
}

func two[T Float](f func(dst, x []T)) func([][]T) []T {
	return func(s [][]T) []T { f(s[0], s[1]); return nil }
}

func three[T Float](f func(dst, a, b []T)) func([][]T) []T {
	return func(s [][]T) []T { f(s[0], s[1], s[2]); return nil }
}

func (r row[T]) near(slack float64) row[T] {
	r.draw, r.slack = normal[T], slack
	return r
}

func normal[T Float](r *rand.Rand) T { return T(3 * r.NormFloat64()) }

// rows lists every kernel that has assembly for T. Bits are equal where ulps
// and slack are 0.
func rows[T Float]() []row[T] {
	scaled := func(kernel string, run, ref func(dst, x []T, s T)) row[T] {
		return unary(kernel, 0, func(dst, x []T) { run(dst, x, 1.7) }, func(dst, x []T) { ref(dst, x, 1.7) })
	}
	return []row[T]{
		binary("add", Add[T], addGeneric[T]),
		binary("sub", Sub[T], subGeneric[T]),
		binary("mul", Mul[T], mulGeneric[T]),
		binary("div", Div[T], divGeneric[T]),
		binary("max", Max[T], maxGeneric[T]),
		binary("min", Min[T], minGeneric[T]),
		binary("strongMul", StrongMul[T], strongMulGeneric[T]),
		binary("greater", Greater[T], greaterGeneric[T]),
		binary("greaterEqual", GreaterEqual[T], greaterEqualGeneric[T]),
		binary("less", Less[T], lessGeneric[T]),
		binary("lessEqual", LessEqual[T], lessEqualGeneric[T]),
		binary("equal", Equal[T], equalGeneric[T]),
		binary("notEqual", NotEqual[T], notEqualGeneric[T]),
		{
			kernel: "where", operands: "dst cond* a* b*",
			run: func(s [][]T) []T { Where(s[0], s[1], s[2], s[3]); return nil },
			ref: func(s [][]T) []T { whereGeneric(s[0], s[1], s[2], s[3]); return nil },
		},

		unary("neg", 0, Neg[T], negGeneric[T]),
		unary("abs", 0, Abs[T], absGeneric[T]),
		unary("sign", 0, Sign[T], signGeneric[T]),
		unary("square", 0, Square[T], squareGeneric[T]),
		unary("sqrt", 0, Sqrt[T], sqrtGeneric[T]),
		unary("rsqrt", 0, Rsqrt[T], rsqrtGeneric[T]),
		unary("reciprocal", 0, Reciprocal[T], reciprocalGeneric[T]),
		unary("floor", 0, Floor[T], floorGeneric[T]),
		unary("ceil", 0, Ceil[T], ceilGeneric[T]),
		unary("round", 0, Round[T], roundGeneric[T]),
		unary("relu", 0, ReLU[T], reluGeneric[T]),
		unary("softsign", 2, Softsign[T], softsignGeneric[T]),

		{
			kernel: "addScaled", operands: "dst+ x", draw: normal[T], slack: 8,
			run: func(s [][]T) []T { AddScaled(s[0], s[1], -0.3); return nil },
			ref: func(s [][]T) []T { addScaledGeneric(s[0], s[1], -0.3); return nil },
		},
		scaled("scale", Scale[T], scaleGeneric[T]),
		scaled("addScalar", AddScalar[T], addScalarGeneric[T]),
		unary("clamp", 0, func(dst, x []T) { Clamp(dst, x, -2, 1) }, func(dst, x []T) { clampGeneric(dst, x, -2, 1) }),
		{
			kernel: "fill", operands: "dst",
			run: func(s [][]T) []T { Fill(s[0], 2.5); return nil },
			ref: func(s [][]T) []T { fillGeneric(s[0], 2.5); return nil },
		},

		unary("exp", 4, Exp[T], expGeneric[T]),
		unary("expm1", 4, Expm1[T], expm1Generic[T]),
		unary("log", 4, Log[T], logGeneric[T]),
		unary("log1p", 4, Log1p[T], log1pGeneric[T]),
		unary("sin", 4, Sin[T], sinGeneric[T]).near(1),
		unary("cos", 4, Cos[T], cosGeneric[T]).near(1),
		unary("tanh", 5, Tanh[T], tanhGeneric[T]),
		unary("sigmoid", 5, Sigmoid[T], sigmoidGeneric[T]),
		unary("logSigmoid", 5, LogSigmoid[T], logSigmoidGeneric[T]),
		unary("softplus", 5, Softplus[T], softplusGeneric[T]),
		unary("silu", 6, SiLU[T], siluGeneric[T]).near(1),
		unary("geluTanh", 6, GELUTanh[T], geluTanhGeneric[T]).near(2),
		unary("mish", 6, Mish[T], mishGeneric[T]).near(1),
		unary("erf", 4, Erf[T], erfGeneric[T]),
		unary("erfc", 8, Erfc[T], erfcGeneric[T]),
		unary("normalCDF", 8, NormalCDF[T], normalCDFGeneric[T]),
		unary("gelu", 8, GELU[T], geluGeneric[T]),

		pair("reluBackward", 0, ReLUBackward[T], reluBackwardGeneric[T]),
		pair("sigmoidBackward", 0, SigmoidBackward[T], sigmoidBackwardGeneric[T]),
		pair("tanhBackward", 0, TanhBackward[T], tanhBackwardGeneric[T]),
		pair("sqrtBackward", 0, SqrtBackward[T], sqrtBackwardGeneric[T]),
		pair("logBackward", 0, LogBackward[T], logBackwardGeneric[T]),
		pair("squareBackward", 0, SquareBackward[T], squareBackwardGeneric[T]),
		pair("absBackward", 0, AbsBackward[T], absBackwardGeneric[T]),
		pair("softplusBackward", 6, SoftplusBackward[T], softplusBackwardGeneric[T]),
		pair("geluBackward", 4, GELUBackward[T], geluBackwardGeneric[T]).near(20),
		pair("geluTanhBackward", 4, GELUTanhBackward[T], geluTanhBackwardGeneric[T]).near(40),
		pair("siluBackward", 4, SiLUBackward[T], siluBackwardGeneric[T]).near(20),

		reduction("sum", 20, Sum[T], sumGeneric[T]),
		reduction("sumAbs", 20, SumAbs[T], sumAbsGeneric[T]),
		reduction("sumSquares", 20, SumSquares[T], sumSquaresGeneric[T]),
		reduction("sumSquaredDeviations", 20,
			func(x []T) T { return SumSquaredDeviations(x, 0.4) },
			func(x []T) T { return sumSquaredDeviationsGeneric(x, 0.4) }),
		reduction("sumExp", 40,
			func(x []T) T { return SumExp(x, 3) }, func(x []T) T { return sumExpGeneric(x, 3) }),
		{
			kernel: "dot", operands: "a+ b+", draw: normal[T], slack: 20,
			run: func(s [][]T) []T { return []T{Dot(s[0], s[1])} },
			ref: func(s [][]T) []T { return []T{dotGeneric(s[0], s[1])} },
		},
		reduction("maxOf", 0, MaxOf[T], maxOfGeneric[T]),
		reduction("minOf", 0, MinOf[T], minOfGeneric[T]),
		reduction("indexOf", 0,
			func(x []T) T { return T(ArgMax(x)) }, func(x []T) T { return T(argMaxGeneric(x)) }),
		{
			kernel: "sumRows", operands: "dst+ x+ y+", draw: normal[T], slack: 20,
			run: func(s [][]T) []T { return sumRowsCase(s, SumRows[T]) },
			ref: func(s [][]T) []T {
				return sumRowsCase(s, func(dst, x []T, rows, cols int, accumulate bool) {
					if rows > 0 {
						sumRowsGeneric(dst, x, accumulate)
					} else if !accumulate {
						clear(dst)
					}
				})
			},
		},

		unary("softmax", 16, Softmax[T], func(dst, x []T) { softmaxGeneric(dst, x) }).near(1),
		{
			kernel: "maxSumExp", operands: "x+", draw: normal[T], slack: 4,
			run: func(s [][]T) []T { return []T{LogSumExp(s[0])} },
			ref: func(s [][]T) []T {
				m, sum := maxSumExpGeneric(s[0])
				return []T{m + T(math.Log(float64(sum)))}
			},
		},
		{
			kernel: "expShiftSum", operands: "dst x", draw: normal[T], ulps: 4, slack: 4,
			run: func(s [][]T) []T { return []T{expShiftSumKernel(s[0], s[1], MaxOf(s[1]))} },
			ref: func(s [][]T) []T { return []T{expShiftSumGeneric(s[0], s[1], maxOfGeneric(s[1]))} },
		},
		unary("shiftTwice", 0,
			func(dst, x []T) { shiftTwiceKernel(dst, x, 1.5, 0.3) },
			func(dst, x []T) { shiftTwiceGeneric(dst, x, 1.5, 0.3) }),
		pair("softmaxGradient", 0,
			func(dst, g, y []T) { softmaxGradientKernel(dst, g, y, 0.3) },
			func(dst, g, y []T) { softmaxGradientGeneric(dst, g, y, 0.3) }),
		{
			kernel: "logSoftmaxGradient", operands: "dst g y", ulps: 4, slack: 8,
			draw: func(r *rand.Rand) T { return T(-5 * r.ExpFloat64()) },
			run:  three(func(dst, g, y []T) { logSoftmaxGradientKernel(dst, g, y, 0.3) }),
			ref:  three(func(dst, g, y []T) { logSoftmaxGradientGeneric(dst, g, y, 0.3) }),
		},

		{
			kernel: "adam", operands: "w+ m+ v+ g", slack: 20,
			draw: func(r *rand.Rand) T { return T(0.01 + math.Abs(r.NormFloat64())) },
			run:  func(s [][]T) []T { Adam(s[0], s[1], s[2], s[3], adamCase); return nil },
			ref: func(s [][]T) []T {
				c := adamScalars[T](adamCase)
				adamGeneric(s[0], s[1], s[2], s[3], &c)
				return nil
			},
		},
		{
			kernel: "sgd", operands: "w+ g", draw: normal[T], slack: 8,
			run: func(s [][]T) []T { SGD(s[0], s[1], 0.1, 0.01); return nil },
			ref: func(s [][]T) []T { sgdGeneric(s[0], s[1], T(1-0.1*0.01), T(-0.1)); return nil },
		},
		{
			kernel: "sgdMomentum", operands: "w+ buf+ g", draw: normal[T], ulps: 4, slack: 8,
			run: func(s [][]T) []T { SGDMomentum(s[0], s[1], s[2], momentumCase); return nil },
			ref: func(s [][]T) []T {
				c := momentumScalars[T](momentumCase)
				sgdMomentumGeneric(s[0], s[1], s[2], &c)
				return nil
			},
		},
	}
}

var adamCase = AdamParams{
	LR: 0.1, Beta1: 0.9, Beta2: 0.99, Eps: 1e-8, WeightDecay: 0.02, DecoupledDecay: 0.03,
	BiasCorrection1: 0.19, BiasCorrection2: 0.0199,
}

var momentumCase = SGDParams{LR: 0.1, Momentum: 0.9, Dampening: 0.2, WeightDecay: 0.02, Nesterov: true}

// sumRowsCase sums the elements of x and y as matrices of several shapes into a
// dst of as many columns, plainly and accumulating.
func sumRowsCase[T Float](s [][]T, f func(dst, x []T, rows, cols int, accumulate bool)) []T {
	n := len(s[0])
	f(s[0], s[1], min(n, 1), n, false)
	if n > 0 {
		f(s[0], s[2], 1, n, true)
	}
	cols := n / 3
	f(s[0][:cols], s[1][:3*cols], 3, cols, true)
	f(s[0][:cols], s[2][n-3*cols:], 3, cols, false)
	return nil
}

// otherKernels are the kernels on operands of mixed types and shapes; each has
// a test of its own name in convert_test.go.
var otherKernels = []string{"bytesToFloats", "float32To64", "float64To32", "transpose", "fmaLoop"}

// TestEveryKernelHasRow fails for an assembly kernel no row compares.
func TestEveryKernelHasRow(t *testing.T) {
	source, err := os.ReadFile("kernels_amd64.go")
	if err != nil {
		t.Fatal(err)
	}
	tested := map[string]bool{}
	for _, k := range otherKernels {
		tested[k+"F32"], tested[k+"F64"] = true, true
	}
	for _, r := range rows[float32]() {
		tested[r.kernel+"F32"] = true
	}
	for _, r := range rows[float64]() {
		tested[r.kernel+"F64"] = true
	}
	found := regexp.MustCompile(`(?m)^func (\w+F(32|64))AVX2\(`).FindAllStringSubmatch(string(source), -1)
	if len(found) < 100 {
		t.Fatalf("kernels_amd64.go declares %d assembly functions; the pattern must be wrong", len(found))
	}
	for _, m := range found {
		if !tested[m[1]] {
			t.Errorf("assembly kernel %sAVX2 has no row that compares it with its reference", m[1])
		}
	}
}

func TestKernelsAgainstReference(t *testing.T) {
	t.Run("float32", testRows[float32])
	t.Run("float64", testRows[float64])
}

func testRows[T Float](t *testing.T) {
	for _, r := range rows[T]() {
		t.Run(r.kernel, func(t *testing.T) { newRowTest(t, r).run() })
	}
}

const (
	longestTested = 1000
	margin        = 16 // elements beside a slice that must stay as they were
)

// rowTest runs one row over lengths, placements, broadcasts and aliases.
type rowTest[T Float] struct {
	t       *testing.T
	row     row[T]
	names   []string
	random  *rand.Rand
	ends    [][]T // memory that ends behind a slice placed at its end
	starts  [][]T // memory that begins before a slice placed at its start
	middles [][]T
}

func newRowTest[T Float](t *testing.T, r row[T]) *rowTest[T] {
	c := &rowTest[T]{t: t, row: r, names: strings.Fields(r.operands), random: rand.New(rand.NewPCG(1, 2))}
	for range c.names {
		c.ends = append(c.ends, guardedFloats[T](t, longestTested+margin, true))
		c.starts = append(c.starts, guardedFloats[T](t, longestTested+margin, false))
		c.middles = append(c.middles, make([]T, longestTested+2*margin+4))
	}
	return c
}

func (c *rowTest[T]) run() {
	lengths := []int{100, 257, longestTested}
	for n := range 68 {
		lengths = append(lengths, n)
	}
	for _, n := range lengths {
		for _, shape := range c.shapes() {
			for placement := range 5 {
				c.compare(n, shape, placement)
				if c.t.Failed() {
					return
				}
			}
		}
	}
}

// shape says which operands have length 1 and which one is the first's slice.
type shape struct {
	short []bool
	alias int // index of the operand that is the first's slice, 0 for none
}

func (c *rowTest[T]) shapes() []shape {
	var out []shape
	for bits := range 1 << len(c.names) {
		short, possible := make([]bool, len(c.names)), true
		for i, name := range c.names {
			short[i] = bits>>i&1 == 1
			possible = possible && (!short[i] || strings.HasSuffix(name, "*"))
		}
		if !possible {
			continue
		}
		out = append(out, shape{short: short})
		for i := 1; i < len(c.names); i++ {
			inOut := strings.HasSuffix(c.names[0], "+") || strings.HasSuffix(c.names[i], "+")
			if !inOut && !short[i] {
				out = append(out, shape{short: short, alias: i})
			}
		}
	}
	return out
}

// place returns the slice of an operand for a placement, and the memory around
// it that is watched: at the end of memory, at its start, or between, at an
// unaligned address.
func (c *rowTest[T]) place(operand, n, placement int) (memory, slice []T) {
	switch placement {
	case 0:
		m := c.ends[operand]
		m = m[len(m)-n-margin:]
		return m, m[margin:]
	case 1:
		m := c.starts[operand][:n+margin]
		return m, m[:n:n]
	}
	start := margin + (placement+operand)%4
	m := c.middles[operand][start-margin : start+n+margin]
	return m, m[margin : margin+n : margin+n]
}

// sentinel is a NaN no kernel makes.
func sentinel[T Float]() T {
	if is32[T]() {
		return T(math.Float32frombits(0x7fc12345))
	}
	return T(math.Float64frombits(0x7ff8123456789abc))
}

// anything draws bits: zeros, infinities, NaN, subnormal and all other numbers,
// half of them of a size functions are curved at.
func anything[T Float](r *rand.Rand) T {
	special := []float64{0, math.Copysign(0, -1), 1, -1, math.Inf(1), math.Inf(-1), math.NaN()}
	switch r.IntN(8) {
	case 0:
		return T(special[r.IntN(len(special))])
	case 1, 2, 3:
		return T(10 * r.NormFloat64())
	}
	if is32[T]() {
		return T(math.Float32frombits(r.Uint32()))
	}
	return T(math.Float64frombits(r.Uint64()))
}

// compare runs the row once on placed operands and once on plain copies.
func (c *rowTest[T]) compare(n int, shape shape, placement int) {
	c.t.Helper()
	draw := c.row.draw
	if draw == nil {
		draw = anything[T]
	}
	var memory, got, want, before [][]T
	for i := range c.names {
		length := n
		if shape.short[i] {
			length = 1
		}
		m, s := c.place(i, length, placement)
		for k := range m {
			m[k] = sentinel[T]()
		}
		for k := range s {
			s[k] = draw(c.random)
		}
		memory, got = append(memory, m), append(got, s)
		want = append(want, slices.Clone(s))
	}
	if shape.alias > 0 {
		copy(got[0], got[shape.alias])
		copy(want[0], want[shape.alias])
		got[shape.alias], want[shape.alias] = got[0], want[0]
	}
	for _, s := range want {
		before = append(before, slices.Clone(s))
	}

	describe := fmt.Sprintf("n=%d, operands %v of which short %v, same slice as the first: %d, placement %d",
		n, c.names, shape.short, shape.alias, placement)
	results, expected := c.row.run(got), c.row.ref(want)
	floor := c.row.slack * epsilon[T]() * float64(max(n, 1))
	for i := range expected {
		if !within(results[i], expected[i], c.row.ulps, floor) {
			c.t.Fatalf("%s: result %d is %v, reference %v", describe, i, results[i], expected[i])
		}
	}
	for i := range got {
		for k := range got[i] {
			if !within(got[i][k], want[i][k], c.row.ulps, c.row.slack*epsilon[T]()) {
				c.t.Fatalf("%s: %s[%d] is %v, reference %v; inputs were %v", describe, c.names[i], k, got[i][k], want[i][k], column(before, k))
			}
		}
		c.checkAround(describe, i, memory[i], got[i], shape)
	}
}

// column collects element k of each slice.
func column[T Float](s [][]T, k int) []T {
	var out []T
	for _, v := range s {
		if len(v) > 0 {
			out = append(out, v[min(k, len(v)-1)])
		}
	}
	return out
}

// checkAround fails if anything but the operand's own slice was written.
func (c *rowTest[T]) checkAround(describe string, operand int, memory, slice []T, shape shape) {
	if shape.alias == operand && operand > 0 {
		return // its memory is unused, the slice is the first operand's
	}
	from := 0
	if len(slice) > 0 {
		from = int(uintptr(unsafe.Pointer(&slice[0]))-uintptr(unsafe.Pointer(&memory[0]))) / int(unsafe.Sizeof(slice[0]))
	}
	for k, v := range memory {
		if (k < from || k >= from+len(slice)) && !sameBits(v, sentinel[T]()) {
			c.t.Fatalf("%s: element %d of the memory of %s, outside [%d, %d), was written", describe, k, c.names[operand], from, from+len(slice))
		}
	}
}

func sameBits[T Float](a, b T) bool {
	if is32[T]() {
		return math.Float32bits(float32(a)) == math.Float32bits(float32(b))
	}
	return math.Float64bits(float64(a)) == math.Float64bits(float64(b))
}

// epsilon is the distance from 1 to the next number.
func epsilon[T Float]() float64 {
	if is32[T]() {
		return 0x1p-23
	}
	return 0x1p-52
}

// within reports whether got is want, both NaN, or off by at most so many units
// in the last place of want plus the floor. Zeros must agree in sign if nothing
// may be off.
func within[T Float](got, want T, ulps, floor float64) bool {
	if want != want {
		return got != got
	}
	if ulps == 0 && floor == 0 {
		return sameBits(got, want)
	}
	return got == want || math.Abs(float64(got)-float64(want)) <= ulps*ulp(want)+floor
}

// ulp is the distance between numbers at the size of x; 0 for infinities.
func ulp[T Float](x T) float64 {
	a := math.Abs(float64(x))
	if math.IsInf(a, 0) {
		return 0
	}
	if is32[T]() {
		return math.Max(math.Exp2(math.Floor(math.Log2(a))-23), math.SmallestNonzeroFloat32)
	}
	if a == math.MaxFloat64 {
		return a - math.Nextafter(a, 0)
	}
	return math.Nextafter(a, math.Inf(1)) - a
}
