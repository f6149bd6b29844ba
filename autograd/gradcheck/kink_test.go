package gradcheck_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// Where a function has no derivative nothing is right or wrong.
func TestKinksAreUnreliable(t *testing.T) {
	square := func(x v) v { return x.Square() }
	tests := []struct {
		name       string
		f          func(x v) v
		xs         []float64
		unreliable []string // element of the result / element of x
		reason     string
	}{
		{"relu at 0", v.ReLU, []float64{-1, 0, 2}, []string{"1/1"}, "kink"},
		{"abs at 0", v.Abs, []float64{0, -1, 2}, []string{"0/0"}, "kink"},
		{"clamp at both bounds", func(x v) v { return x.Clamp(-1, 1) }, []float64{-1, 0, 1, 3}, []string{"0/0", "2/2"}, "kink"},
		{"maximum of equal numbers", func(x v) v { return x.Maximum(square(x)) }, []float64{1, 2}, []string{"0/0"}, "kink"},
		{"jump", func(x v) v {
			return autograd.Where(x.Greater(x.Tape().Const(autograd.Zeros(autograd.Float64))), x.Cos(), x.Sin())
		}, []float64{0, -1, 1}, []string{"0/0"}, "kink or jump"},
		{"sign at 0", func(x v) v { return x.Add(x.Sign()) }, []float64{0, -1, 1}, []string{"0/0"}, "kink or jump"},
		{"sqrt at 0", v.Sqrt, []float64{4, 0}, []string{"1/1"}, "edge of its domain"},
		{"log at 0", v.Log, []float64{0, 1}, []string{"0/0", "0/1"}, "edge of its domain"},
		{"log below 0", v.Log, []float64{-1, 1}, []string{"0/0", "0/1"}, "edge of its domain"},
		{"close to kinks", v.Abs, []float64{1e-3, -2e-3, 1e-5, -3e-6}, nil, ""},
		{"close to the edge", v.Sqrt, []float64{1e-3, 1e-5, 1e-7}, nil, ""},
		{"jump in the second derivative", func(x v) v { return x.Abs().Mul(x) }, []float64{1e-4, 1, -2e-3}, nil, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := func(xs variables) v { return test.f(xs[0]) }
			report, err := gradcheck.Check(f, variables{autograd.New(test.xs)}, gradcheck.Config{Mode: gradcheck.Full})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, e := range report.UnreliableEntries {
				got = append(got, fmt.Sprintf("%d/%d", e.OutputIndex[0], e.Index[0]))
				if !strings.Contains(e.Reason, test.reason) {
					t.Errorf("the reason for %v is %q, expected %q", e.Index, e.Reason, test.reason)
				}
			}
			if diff := cmp.Diff(test.unreliable, slices.Sorted(slices.Values(got))); diff != "" {
				t.Errorf("unreliable elements (-want +got):\n%s\n%v", diff, report)
			}
			if want := len(test.xs)*len(test.xs) - len(got); report.Checked != want {
				t.Errorf("checked %d, expected %d", report.Checked, want)
			}
		})
	}
}

// A kink is no excuse for what is wrong elsewhere, nor for NaN.
func TestWrongBesideKinks(t *testing.T) {
	wrongAt := func(at int, value float64) autograd.Func {
		f := &autograd.Function{
			Name:    "abs",
			Forward: func(xs variables) v { return xs[0].Abs() },
			VJP: func(xs variables, y, g v) variables {
				return variables{onSlice(g.Mul(xs[0].Sign()), func(g []float64) {
					if g[at] != 0 || xs[0].Float64s()[at] == 0 && sum(g) != 0 {
						g[at] = value
					}
				})}
			},
		}
		return func(xs variables) v { return f.Apply(xs[0]).Sum() }
	}
	tests := []struct {
		name  string
		at    int
		value float64
	}{
		{"wrong beside a kink", 2, 0.5},
		{"NaN at a kink", 0, math.NaN()},
		{"out of all proportion at a kink", 0, 1e6},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			x := autograd.New([]float64{0, -1, 2, 3})
			report, err := gradcheck.Check(wrongAt(test.at, test.value), variables{x}, gradcheck.Config{Mode: gradcheck.Full})
			checkCaught(t, report, err)
			if len(report.WrongEntries) > 0 && report.WrongEntries[0].Index[0] != test.at {
				t.Errorf("expected x[%d] to be wrong: %v", test.at, report)
			}
		})
	}
}

// The chain rule gives ∞·0 at the cusp of √|x|: a NaN that a user should hear of.
func TestNaNAtCusp(t *testing.T) {
	report, err := gradcheck.Check(func(xs variables) v { return xs[0].Abs().Sqrt() },
		variables{autograd.New([]float64{0, 1, -1})}, gradcheck.Config{})
	checkCaught(t, report, err)
	if report.Wrong != 1 || !math.IsNaN(report.WrongEntries[0].Analytic) {
		t.Error(report)
	}
}

func sum(xs []float64) float64 {
	s := 0.
	for _, x := range xs {
		s += x
	}
	return s
}

// A check that could compare nothing proves nothing and must not pass.
func TestNothingCheckedIsAFailure(t *testing.T) {
	relu := func(xs variables) v { return xs[0].ReLU() }
	for _, test := range []struct {
		name   string
		config gradcheck.Config
	}{
		{"unreliable", gradcheck.Config{}},
		{"unreliable in fast mode", gradcheck.Config{Mode: gradcheck.Fast}},
		{"skipped by value", gradcheck.Config{Kinks: []float64{0}}},
		{"skipped by position", gradcheck.Config{Skip: func(int, int) bool { return true }}},
		{"skipped in fast mode", gradcheck.Config{Kinks: []float64{0}, Mode: gradcheck.Fast}},
	} {
		t.Run(test.name, func(t *testing.T) {
			report, err := gradcheck.Check(relu, variables{autograd.New([]float64{0})}, test.config)
			checkCaught(t, report, err)
			checkProperty(t, report, gradcheck.Conclusive)
		})
	}
}

func TestSkippedElements(t *testing.T) {
	relu := func(xs variables) v { return xs[0].ReLU().Mul(xs[1]) }
	xs := variables{autograd.New([]float64{0, 1, -1, 0.009, 0.02}), autograd.New([]float64{0, 0, 1, 1, 1})}
	for _, mode := range []gradcheck.Mode{gradcheck.Full, gradcheck.Fast} {
		t.Run(mode.String(), func(t *testing.T) {
			report, err := gradcheck.Check(relu, xs, gradcheck.Config{Mode: mode, Kinks: []float64{0}, SecondOrder: true})
			if err != nil {
				t.Fatal(err)
			}
			if report.Skipped != 4 || report.Unreliable != 0 {
				t.Errorf("expected 4 skipped and none unreliable: %v", report)
			}
			report, err = gradcheck.Check(relu, xs, gradcheck.Config{
				Mode: mode, Skip: func(input, element int) bool { return input == 0 && element == 0 },
			})
			if err != nil {
				t.Fatal(err)
			}
			if report.Skipped != 1 || report.Unreliable != 0 {
				t.Errorf("expected 1 skipped and none unreliable: %v", report)
			}
		})
	}
}

// In fast mode an element at a kink makes whole directions unreliable; most of the
// others are checked all the same, and a wrong one among them is found.
func TestFastModeBesideKinks(t *testing.T) {
	x := normal(rand.New(rand.NewPCG(0, 6)), 256)
	x.Float64s()[100] = 0
	report, err := gradcheck.Check(func(xs variables) v { return xs[0].ReLU() }, variables{x},
		gradcheck.Config{Mode: gradcheck.Fast})
	if err != nil {
		t.Fatal(err)
	}
	if report.Unreliable == 0 || report.Unreliable > 4 || report.Checked < 12 {
		t.Errorf("expected few unreliable parts: %v", report)
	}
	f := &autograd.Function{
		Name:    "relu",
		Forward: func(xs variables) v { return xs[0].ReLU() },
		VJP: func(xs variables, y, g v) variables {
			return variables{onSlice(g.Mul(y.Sign()), func(g []float64) { g[200] += 0.01 * g[199] })}
		},
	}
	x.Float64s()[199] = 1
	report, err = gradcheck.Check(func(xs variables) v { return f.Apply(xs[0]) }, variables{x},
		gradcheck.Config{Mode: gradcheck.Fast})
	checkCaught(t, report, err)
	if at := report.WrongEntries[0].Index; !cmp.Equal(at, []int{200}) {
		t.Errorf("expected x[200] to be wrong, got %v: %v", at, err)
	}
}

// Noise beyond rounding is not a wrong gradient; with a tolerance it can be checked.
func TestNoisyFunction(t *testing.T) {
	noisy := func(xs variables) v { return xs[0].Square().AddScalar(1e9).SubScalar(1e9) }
	x := autograd.New([]float64{0.3, 1.7})
	report, err := gradcheck.Check(noisy, variables{x}, gradcheck.Config{Mode: gradcheck.Full})
	var e *gradcheck.Error
	if errors.As(err, &e) && e.Report.Wrong > 0 || report == nil {
		t.Fatalf("noise was taken for a wrong gradient: %v", err)
	}
	if report.Unreliable == 0 {
		t.Fatalf("noise went unnoticed: %v", report)
	}
	report, err = gradcheck.Check(noisy, variables{x}, gradcheck.Config{Mode: gradcheck.Full, ATol: 0.1})
	if err != nil || report.Unreliable > 0 {
		t.Fatalf("with a tolerance for noise: %v, %v", report, err)
	}
}
