package simd

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestAccuracy measures the functions with every instruction set, the reference
// among them, against the oracle. No result may be off by more than 4 units in the
// last place.
func TestAccuracy(t *testing.T) {
	rows32 := rows[float32]()
	for i, r64 := range rows[float64]() {
		if r64.oracle == nil {
			continue
		}
		wide := accuracyInputs(r64.lo, r64.hi)
		narrowed := slices.DeleteFunc(narrow(wide), func(x float32) bool { return x == 0 || math.IsInf(float64(x), 0) })
		results64, results32 := r64.withEverySet(wide), rows32[i].withEverySet(narrowed)
		t.Run(r64.kernel, func(t *testing.T) {
			t.Parallel()
			t.Run("float64", func(t *testing.T) { testAccuracy(t, r64.oracle, wide, results64) })
			t.Run("float32", func(t *testing.T) { testAccuracy(t, r64.oracle, narrowed, results32) })
		})
	}
}

// withEverySet returns what a unary row makes of x with each instruction set.
func (r row[T]) withEverySet(x []T) map[instructionSet][]T {
	results := map[instructionSet][]T{}
	for _, set := range instructionSets() {
		y := make([]T, len(x))
		set.with(func() { r.run([][]T{y, x}) })
		results[set] = y
	}
	return results
}

func testAccuracy[T Float](t *testing.T, oracle func(*big.Float) *big.Float, inputs []T, results map[instructionSet][]T) {
	const limit = 4
	worst, at := map[instructionSet]float64{}, map[instructionSet]T{}
	for i, x := range inputs {
		want := oracle(newBig(float64(x)))
		for set, y := range results {
			if off := ulpsOff(y[i], want); !(off <= worst[set]) {
				worst[set], at[set] = off, x
			}
		}
	}
	for set := range results {
		t.Logf("%v: at worst %.2f ulp, at %g", set, worst[set], at[set])
		if !(worst[set] <= limit) {
			t.Errorf("%v: %.2f ulp at %g", set, worst[set], at[set])
		}
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

// TestSpecialValues checks zeros, infinities and NaN in every lane of vectors, with
// every instruction set.
func TestSpecialValues(t *testing.T) {
	everyForm(t, testSpecialValues[float32], testSpecialValues[float64])
}

func testSpecialValues[T Float](t *testing.T) {
	const n = 37
	inputs := [5]float64{0, minus0, inf, -inf, nan}
	for _, r := range rows[T]() {
		if r.oracle == nil {
			continue
		}
		want := append(r.at[:], nan)
		for lane := range n {
			x, y := make([]T, n), make([]T, n)
			for i, v := range inputs {
				x[lane] = T(v)
				r.run([][]T{y, x})
				if !sameValue(float64(y[lane]), want[i], epsilon[T]()) {
					t.Errorf("%s, lane %d: f(%g) = %g, want %g", r.kernel, lane, v, y[lane], want[i])
				}
			}
		}
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
