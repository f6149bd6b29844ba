package simd

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// accurate is a function whose error is bounded in units in the last place over
// its whole range.
type accurate struct {
	name   string
	f32    func(dst, x []float32)
	f64    func(dst, x []float64)
	ref32  func(dst, x []float32)
	ref64  func(dst, x []float64)
	oracle func(x *big.Float) *big.Float
	lo, hi float64 // where the function is neither 0 nor constant nor infinite, in float64

	// at gives the values at 0, −0, Inf, −Inf; NaN must give NaN.
	at [4]float64
}

var accurateFunctions = []accurate{
	{
		"Exp", Exp[float32], Exp[float64], expGeneric[float32], expGeneric[float64],
		bigExp, -750, 710, [4]float64{1, 1, math.Inf(1), 0},
	},
	{
		"Expm1", Expm1[float32], Expm1[float64], expm1Generic[float32], expm1Generic[float64],
		bigExpm1, -40, 710, [4]float64{0, math.Copysign(0, -1), math.Inf(1), -1},
	},
	{
		"Log", Log[float32], Log[float64], logGeneric[float32], logGeneric[float64],
		bigLog, 0, math.MaxFloat64, [4]float64{math.Inf(-1), math.Inf(-1), math.Inf(1), math.NaN()},
	},
	{
		"Log1p", Log1p[float32], Log1p[float64], log1pGeneric[float32], log1pGeneric[float64],
		bigLog1p, -1, math.MaxFloat64, [4]float64{0, math.Copysign(0, -1), math.Inf(1), math.NaN()},
	},
	{
		"Sin", Sin[float32], Sin[float64], sinGeneric[float32], sinGeneric[float64],
		func(x *big.Float) *big.Float { return bigSin(x, 0) }, -1e5, 1e5,
		[4]float64{0, math.Copysign(0, -1), math.NaN(), math.NaN()},
	},
	{
		"Cos", Cos[float32], Cos[float64], cosGeneric[float32], cosGeneric[float64],
		func(x *big.Float) *big.Float { return bigSin(x, 1) }, -1e5, 1e5,
		[4]float64{1, 1, math.NaN(), math.NaN()},
	},
	{
		"Tanh", Tanh[float32], Tanh[float64], tanhGeneric[float32], tanhGeneric[float64],
		bigTanh, -20, 20, [4]float64{0, math.Copysign(0, -1), 1, -1},
	},
	{
		"Sigmoid", Sigmoid[float32], Sigmoid[float64], sigmoidGeneric[float32], sigmoidGeneric[float64],
		bigSigmoid, -750, 40, [4]float64{0.5, 0.5, 1, 0},
	},
	{
		"LogSigmoid", LogSigmoid[float32], LogSigmoid[float64], logSigmoidGeneric[float32], logSigmoidGeneric[float64],
		func(x *big.Float) *big.Float {
			y := bigSoftplus(new(big.Float).Neg(x))
			return y.Neg(y)
		}, -750, 750, [4]float64{-math.Ln2, -math.Ln2, math.Copysign(0, -1), math.Inf(-1)},
	},
	{
		"Softplus", Softplus[float32], Softplus[float64], softplusGeneric[float32], softplusGeneric[float64],
		bigSoftplus, -750, 750, [4]float64{math.Ln2, math.Ln2, math.Inf(1), 0},
	},
	{
		"SiLU", SiLU[float32], SiLU[float64], siluGeneric[float32], siluGeneric[float64],
		func(x *big.Float) *big.Float { return bigMul(x, bigSigmoid(x)) }, -760, 40,
		[4]float64{0, math.Copysign(0, -1), math.Inf(1), math.Copysign(0, -1)},
	},
	{
		"Erf", Erf[float32], Erf[float64], erfGeneric[float32], erfGeneric[float64],
		bigErf, -6, 6, [4]float64{0, math.Copysign(0, -1), 1, -1},
	},
	{
		"Erfc", Erfc[float32], Erfc[float64], erfcGeneric[float32], erfcGeneric[float64],
		bigErfc, -6, 27.3, [4]float64{1, 1, 0, 2},
	},
	{
		"GELU", GELU[float32], GELU[float64], geluGeneric[float32], geluGeneric[float64],
		func(x *big.Float) *big.Float { return bigMul(x, bigNormalCDF(x)) }, -38.7, 9,
		[4]float64{0, math.Copysign(0, -1), math.Inf(1), math.Copysign(0, -1)},
	},
}

// TestAccuracy measures the functions, as they run on this machine and in their
// reference, against the oracle. No result may be off by more than 4 units in
// the last place.
func TestAccuracy(t *testing.T) {
	const limit = 4
	for _, f := range accurateFunctions {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			inputs := accuracyInputs(f.lo, f.hi)
			e := measure(t, f, inputs)
			t.Logf("worst errors in ulp: float32 %.2f at %g, float64 %.2f at %g; reference: float32 %.2f at %g, float64 %.2f at %g",
				e[0].ulps, e[0].at, e[1].ulps, e[1].at, e[2].ulps, e[2].at, e[3].ulps, e[3].at)
			for i, name := range []string{"float32", "float64", "float32 reference", "float64 reference"} {
				if !(e[i].ulps <= limit) {
					t.Errorf("%s: %.2f ulp at %g", name, e[i].ulps, e[i].at)
				}
			}
		})
	}
}

// accuracyInputs draws inputs in [lo, hi]: spread evenly, close to 0 at all
// scales, and the special numbers are left to TestSpecialValues.
func accuracyInputs(lo, hi float64) []float64 {
	const n = 500
	r := rand.New(rand.NewPCG(5, 6))
	var x []float64
	add := func(v float64) {
		if v >= lo && v <= hi && v != 0 && (v > -1 || lo != -1) {
			x = append(x, v)
		}
	}
	for range n {
		add(lo + (hi-lo)*r.Float64())
		add(4 * r.NormFloat64())
		add(math.Copysign(math.Exp2(-1074*r.Float64()), r.Float64()-0.5))
		add(math.Copysign(math.Exp2(-40*r.Float64()), r.Float64()-0.5))
		add(math.Copysign(math.Exp2(12*r.Float64()), r.Float64()-0.5))
		if hi == math.MaxFloat64 {
			add(math.Exp2(2048*r.Float64() - 1024))
			add(1 + 0.01*r.NormFloat64())
		}
	}
	return x
}

// worst is the largest error seen.
type worst struct{ ulps, at float64 }

func (w *worst) see(ulps, at float64) {
	if !(ulps <= w.ulps) {
		w.ulps, w.at = ulps, at
	}
}

// measure returns the worst errors of f32, f64, ref32 and ref64. float32 is
// measured at the inputs rounded to float32.
func measure(t *testing.T, f accurate, inputs []float64) (e [4]worst) {
	t.Helper()
	n := len(inputs)
	x32, x64 := make([]float32, n), make([]float64, n)
	for i, v := range inputs {
		x32[i], x64[i] = float32(v), v
	}
	y32, r32 := make([]float32, n), make([]float32, n)
	y64, r64 := make([]float64, n), make([]float64, n)
	f.f32(y32, x32)
	f.ref32(r32, x32)
	f.f64(y64, x64)
	f.ref64(r64, x64)
	for i := range inputs {
		want := f.oracle(newBig(x64[i]))
		e[1].see(ulpsOff(y64[i], want), x64[i])
		e[3].see(ulpsOff(r64[i], want), x64[i])
		if !math.IsInf(float64(x32[i]), 0) && x32[i] != 0 {
			want = f.oracle(newBig(float64(x32[i])))
			e[0].see(ulpsOff(y32[i], want), float64(x32[i]))
			e[2].see(ulpsOff(r32[i], want), float64(x32[i]))
		}
	}
	return e
}

// ulpsOff is |got − want| in units in the last place of want. What rounds to
// infinity must be infinite.
func ulpsOff[T Float](got T, want *big.Float) float64 {
	w64, _ := want.Float64()
	w := T(w64)
	if math.IsInf(float64(w), 0) || math.IsInf(float64(got), 0) || got != got {
		if got == w {
			return 0
		}
		if !math.IsInf(float64(got), int(math.Copysign(1, w64))) || math.Abs(float64(w)) < 0.999*largest[T]() {
			return math.Inf(1)
		}
		return 1 // overflows within an ulp or so of where it should
	}
	d, _ := bigSub(newBig(float64(got)), want).Float64()
	return math.Abs(d) / ulp(w)
}

// largest is the largest finite number.
func largest[T Float]() float64 {
	if is32[T]() {
		return math.MaxFloat32
	}
	return math.MaxFloat64
}

// TestSpecialValues checks zeros, infinities and NaN, in a vector's every lane.
func TestSpecialValues(t *testing.T) {
	inputs := [4]float64{0, math.Copysign(0, -1), math.Inf(1), math.Inf(-1)}
	for _, f := range accurateFunctions {
		t.Run(f.name, func(t *testing.T) {
			for lane := range 11 {
				x64, x32 := make([]float64, 11), make([]float32, 11)
				y64, y32 := make([]float64, 11), make([]float32, 11)
				for i, v := range inputs {
					x64[lane], x32[lane] = v, float32(v)
					f.f64(y64, x64)
					f.f32(y32, x32)
					if !sameValue(y64[lane], f.at[i], 0x1p-52) {
						t.Errorf("float64, lane %d: f(%g) = %g, want %g", lane, v, y64[lane], f.at[i])
					}
					if !sameValue(float64(y32[lane]), f.at[i], 0x1p-23) {
						t.Errorf("float32, lane %d: f(%g) = %g, want %g", lane, v, y32[lane], f.at[i])
					}
				}
				x64[lane], x32[lane] = math.NaN(), float32(math.NaN())
				f.f64(y64, x64)
				f.f32(y32, x32)
				if y64[lane] == y64[lane] || y32[lane] == y32[lane] {
					t.Errorf("lane %d: f(NaN) = %g, %g", lane, y64[lane], y32[lane])
				}
			}
		})
	}
}

// sameValue compares special values: zeros by sign, finite ones to a rounding.
func sameValue(got, want, eps float64) bool {
	switch {
	case want != want:
		return got != got
	case want == 0:
		return got == 0 && math.Signbit(got) == math.Signbit(want)
	case math.IsInf(want, 0):
		return got == want
	}
	return math.Abs(got-want) <= 2*eps*math.Abs(want)
}

// TestOracle checks the oracle itself at values known from tables.
func TestOracle(t *testing.T) {
	cases := []struct {
		name string
		got  *big.Float
		want string
	}{
		{"e", bigExp(bigInt(1)), "2.71828182845904523536028747135266249775724709"},
		{"e^-50", bigExp(bigInt(-50)), "1.92874984796391778301734281652701257475283265e-22"},
		{"expm1(1/1024)", bigExpm1(newBig(1. / 1024)), "0.000977039492416535242845292611606506465851629"},
		{"ln 10", bigLog(bigInt(10)), "2.30258509299404568401799145468436420760110149"},
		{"log1p(1/64)", bigLog1p(newBig(1. / 64)), "0.0155041865359652541508540460424468"},
		{"pi", bigPi(), "3.14159265358979323846264338327950288419716940"},
		{"sin 1", bigSin(bigInt(1), 0), "0.841470984807896506652502321630298999622563061"},
		{"cos 100", bigSin(bigInt(100), 1), "0.862318872287683934101938513950842535510084"},
		{"erf 1", bigErf(bigInt(1)), "0.842700792949714869341220635082609259296067"},
		{"erfc 5", bigErfc(bigInt(5)), "1.53745979442803485018834348538337889e-12"},
		{"Phi(-1)", bigNormalCDF(bigInt(-1)), "0.158655253931457051414767454367962"},
		{"tanh 1", bigTanh(bigInt(1)), "0.761594155955764888119458282604793590413"},
		{"softplus 0", bigSoftplus(bigInt(0)), "0.693147180559945309417232121458176568"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			want, _, err := big.ParseFloat(c.want, 10, precision, big.ToNearestEven)
			if err != nil {
				t.Fatal(err)
			}
			off := bigDiv(bigSub(c.got, want), want)
			if v, _ := off.Float64(); math.Abs(v) > 1e-25 {
				t.Errorf("%s = %.35g, want %s", c.name, c.got, c.want)
			}
		})
	}
}
