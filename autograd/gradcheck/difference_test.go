package gradcheck

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/diff/fd"
)

// The formulas are exact for polynomials: the six-point one up to degree 6, the
// one-sided ones up to degree 4.
func TestFormulas(t *testing.T) {
	for _, test := range []struct {
		name    string
		formula fd.Formula
		degree  int
	}{
		{"six-point", sixPoint, 6},
		{"right-sided", rightSided, 4},
		{"left-sided", leftSided, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			for n := 1; n <= test.degree+1; n++ {
				power := func(x float64) float64 { return math.Pow(x, float64(n)) }
				got := fd.Derivative(power, 0, &fd.Settings{Formula: test.formula, Step: 0.5})
				want := 0.
				if n == 1 {
					want = 1
				}
				if exact := math.Abs(got-want) < 1e-12; exact != (n <= test.degree) {
					t.Errorf("the derivative of x^%d at 0 is %v", n, got)
				}
			}
		})
	}
}

func scalarLine(f func(t float64) float64) line {
	return func(t float64) ([]float64, error) { return []float64{f(t) - f(0)}, nil }
}

func TestEstimates(t *testing.T) {
	tests := []struct {
		name   string
		f      func(t float64) float64
		want   float64
		within float64
		kinked bool
		finite bool
	}{
		{"exp", math.Exp, 1, 1e-12, false, true},
		{"sine at 1", func(t float64) float64 { return math.Sin(1 + t) }, math.Cos(1), 1e-12, false, true},
		{"constant", func(t float64) float64 { return 3 }, 0, 0, false, true},
		{"kink", math.Abs, 0, 0, true, true},
		{"one-sided kink", func(t float64) float64 { return max(t, 0) }, 0.5, 1e-12, true, true},
		{"kink nearby", func(t float64) float64 { return math.Abs(t - 0.002) }, -1, 1, false, true},
		{"edge of the domain", math.Sqrt, 0, math.Inf(1), false, false},
		{"infinite beside", func(t float64) float64 { return 1 / max(t, 0) }, 0, math.Inf(1), false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := scalarLine(test.f).sample(0x1p-10)
			if err != nil {
				t.Fatal(err)
			}
			e := s.derivative(0)
			if e.finite != test.finite || e.step != 0x1p-10 {
				t.Errorf("got %+v", e)
			}
			if !test.finite {
				return
			}
			if !(math.Abs(e.value-test.want) <= test.within) || e.kinked != test.kinked {
				t.Errorf("got %+v, expected %v", e, test.want)
			}
			if sure := e.uncertainty <= 1e-11; sure != (!test.kinked && test.within < 1e-3) {
				t.Errorf("uncertainty %v", e.uncertainty)
			}
		})
	}
}

// A step that is too long for the function is shortened, and only for the components
// that need it.
func TestStepIsReduced(t *testing.T) {
	calls := 0
	l := line(func(t float64) ([]float64, error) {
		calls++
		return []float64{math.Expm1(t), math.Sin(2000 * t)}, nil
	})
	results, err := tolerance{relative: 1e-7}.compare([]target{{analytic: 1, size: 1}, {analytic: 2000, size: 1}}, l, stepsAt(0, defaultStep))
	if err != nil {
		t.Fatal(err)
	}
	if results[0].step != 0x1p-10 || results[1].step != 0x1p-15 || calls != 2*len(grid) {
		t.Errorf("steps %v and %v after %d calls", results[0].step, results[1].step, calls)
	}
	for k, r := range results {
		if r.verdict != right {
			t.Errorf("component %d: %+v", k, r)
		}
	}
}

func TestVerdicts(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	good := estimate{value: 2, uncertainty: 1e-12, step: 1e-3, finite: true}
	doubtful := estimate{value: 2, uncertainty: 0.01, step: 1e-3, finite: true}
	outside := estimate{value: nan, uncertainty: nan, step: 1e-3}
	tol := tolerance{relative: 1e-7}
	tests := []struct {
		name     string
		analytic float64
		estimate estimate
		want     verdict
	}{
		{"equal", 2, good, right},
		{"within tolerance", 2 + 1e-7, good, right},
		{"beyond tolerance", 2 + 3e-7, good, wrong},
		{"NaN", nan, good, wrong},
		{"infinite", inf, good, wrong},
		{"minus infinite", -inf, good, wrong},
		{"equal to a doubtful value", 2, doubtful, unreliable},
		{"near a doubtful value", 2.05, doubtful, unreliable},
		{"far from a doubtful value", 3, doubtful, wrong},
		{"NaN at a doubtful value", nan, doubtful, wrong},
		{"infinite at a doubtful value", inf, doubtful, unreliable},
		{"outside the domain", 2, outside, unreliable},
		{"NaN outside the domain", nan, outside, unreliable},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if c, _ := tol.judge(target{analytic: test.analytic}, test.estimate); c.verdict != test.want {
				t.Errorf("verdict %d, expected %d: %+v", c.verdict, test.want, c)
			}
		})
	}
}

func TestSteps(t *testing.T) {
	for _, test := range []struct {
		x    float64
		want []float64
	}{
		{0, []float64{0x1p-10, 0x1p-15, 0x1p-20, 0x1p-7}},
		{1, []float64{0x1p-10, 0x1p-15, 0x1p-20, 0x1p-7}},
		{-5, []float64{0x1p-8, 0x1p-13, 0x1p-18, 0x1p-5}},
		{1e-3, []float64{0x1p-10, 0x1p-15, 0x1p-20, 0x1p-7}},
		{-0x1p-12, []float64{0x1p-10, 0x1p-15, 0x1p-20, 0x1p-22, 0x1p-7}},
		{math.Inf(1), []float64{0x1p-10, 0x1p-15, 0x1p-20, 0x1p-7}},
		{math.NaN(), []float64{0x1p-10, 0x1p-15, 0x1p-20, 0x1p-7}},
	} {
		if diff := cmp.Diff(test.want, stepsAt(test.x, 1e-3*1.1)); diff != "" {
			t.Errorf("at %v (-want +got):\n%s", test.x, diff)
		}
	}
}
