package gradcheck_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

func TestReportText(t *testing.T) {
	uneven := &autograd.Function{
		Name:    "square",
		Forward: func(xs variables) v { return xs[0].Square() },
		VJP: func(xs variables, y, g v) variables {
			return variables{onSlice(g.Mul(xs[0]).MulScalar(2), func(g []float64) {
				for i := 1; i < len(g); i += 2 {
					g[i] *= float64(i-1) / 16
				}
			})}
		},
	}
	repeat := func(at int) string {
		x, factor := float64(int(1)<<at), float64(at-1)/16
		return fmt.Sprintf(`
  ∂y0[%[1]d]/∂signal[%[1]d] at signal[%[1]d] = %[2]g
      analytic  %[3]g
      numeric   %[4]g ± U (six points, steps S and S)
      difference %.1[5]e (allowed A), relative %.1[6]e`, at, x, 2*x*factor, 2*x, 2*x*(1-factor), 1-factor)
	}
	tests := []struct {
		name   string
		f      func(xs variables) variables
		inputs variables
		config gradcheck.Config
		want   string
	}{
		{
			name:   "right",
			f:      func(xs variables) variables { return variables{xs[0].Square()} },
			inputs: variables{autograd.New([]float64{1, 2, 3}), autograd.Scalar(4.)},
			config: gradcheck.Config{SecondOrder: true, Kinks: []float64{3}, Seed: 5},
			want: "gradcheck: 33 derivatives right, 1 element skipped, full Jacobian 3×4, " +
				"full Jacobian 4×7 of the gradient, seed 5",
		},
		{
			name: "wrong",
			f: func(xs variables) variables {
				return variables{uneven.Apply(xs[0]), xs[0].Abs()}
			},
			inputs: variables{autograd.New([]float64{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 0, 2048, 1, 8192})},
			config: gradcheck.Config{Names: []string{"signal"}},
			want: "gradcheck: 7 of 391 derivatives wrong, 1 unreliable, full Jacobian 28×14, seed 0" +
				repeat(1) + repeat(3) + repeat(5) + repeat(7) + repeat(9) + `
  and 2 more
  unreliable: ∂y1[10]/∂signal[10] at signal[10] = 0: kink or jump`,
		},
		{
			name:   "failed property",
			f:      func(xs variables) variables { return variables{xs[0].ReLU()} },
			inputs: variables{autograd.Scalar(0.)},
			config: gradcheck.Config{},
			want: `gradcheck: failed, 1 unreliable, full Jacobian 1×1, seed 0
  not true that something could be checked:
      every derivative is unreliable or skipped
  unreliable: ∂y/∂x at x = 0: kink or jump`,
		},
		{
			name:   "many unreliable",
			f:      func(xs variables) variables { return variables{xs[0].ReLU().Sum()} },
			inputs: variables{autograd.Zeros(autograd.Float64, 7), autograd.Scalar(1.)},
			config: gradcheck.Config{},
			want: `gradcheck: 1 derivative right, 7 unreliable, full Jacobian 1×8, seed 0
  unreliable: ∂y/∂x0[0] at x0[0] = 0: kink or jump
  unreliable: ∂y/∂x0[1] at x0[1] = 0: kink or jump
  unreliable: ∂y/∂x0[2] at x0[2] = 0: kink or jump
  unreliable: ∂y/∂x0[3] at x0[3] = 0: kink or jump
  unreliable: ∂y/∂x0[4] at x0[4] = 0: kink or jump
  and 2 more`,
		},
		{
			name:   "unreliable directions",
			f:      func(xs variables) variables { return variables{xs[0].ReLU()} },
			inputs: variables{autograd.Zeros(autograd.Float64, 1), autograd.Scalar(1.)},
			config: gradcheck.Config{Mode: gradcheck.Fast},
			want: `gradcheck: 4 derivatives right, 4 unreliable, random directions of the Jacobian 1×2, seed 0
  unreliable: derivative of ⟨v, f⟩ along direction 1 of x0: kink or jump
  unreliable: derivative of ⟨v, f⟩ along direction 2 of x0: kink or jump
  unreliable: derivative of ⟨v, f⟩ along direction 3 of x0: kink or jump
  unreliable: ∂⟨v, f⟩/∂x0[0] at x0[0] = 0: kink or jump`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			report, _ := gradcheck.CheckMulti(test.f, test.inputs, test.config)
			if diff := cmp.Diff(test.want, withoutSteps(report.String())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// withoutSteps replaces what depends on the step and on rounding.
func withoutSteps(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		if before, _, ok := strings.Cut(line, " ± "); ok {
			lines[i] = before + " ± U (six points, steps S and S)"
		}
		if before, after, ok := strings.Cut(line, "(allowed "); ok {
			_, after, _ = strings.Cut(after, ")")
			lines[i] = before + "(allowed A)" + after
		}
	}
	return strings.Join(lines, "\n")
}

func TestReportEntries(t *testing.T) {
	f := cube(func(x, y, g v) v { return cubeSlope(x, g).MulScalar(1.5) })
	x := autograd.New([]float64{1, -2, 0.5, 3, 1, 1}, 2, 3)
	report, err := gradcheck.Check(func(xs variables) v { return f.Apply(xs[0]).Sum(1) }, variables{x}, gradcheck.Config{})
	checkCaught(t, report, err)
	if report.Checked != 12 || report.Wrong != 6 || report.Seed != 0 {
		t.Errorf("%d checked, %d wrong", report.Checked, report.Wrong)
	}
	last := math.Inf(1)
	for _, e := range report.WrongEntries {
		if e.AbsError()/e.Allowed > last {
			t.Error("the entries are not sorted")
		}
		last = e.AbsError() / e.Allowed
		want := 3 * e.Value * e.Value
		switch {
		case e.Order != 1 || e.Input != "x" || e.InputNumber != 0 || e.Output != "y" || e.Direction != 0:
			t.Errorf("wrong place: %+v", e)
		case e.Value != x.At(e.Index...) || e.OutputIndex[0] != e.Index[0]:
			t.Errorf("wrong element: %+v", e)
		case math.Abs(e.Numeric-want) > 1e-10*want || math.Abs(e.Analytic-1.5*want) > 1e-10*want:
			t.Errorf("wrong values, expected %v and %v: %+v", want, 1.5*want, e)
		case math.Abs(e.AbsError()-0.5*want) > 1e-9*want || math.Abs(e.RelError()-1./3) > 1e-9:
			t.Errorf("wrong errors %v and %v: %+v", e.AbsError(), e.RelError(), e)
		}
	}
	if !cmp.Equal(report.Worst, report.WrongEntries[0]) {
		t.Errorf("the worst is %+v", report.Worst)
	}
}

// The worst of what is right is reported as well.
func TestReportWorst(t *testing.T) {
	report, err := gradcheck.Check(func(xs variables) v { return xs[0].Exp() },
		variables{normal(rand.New(rand.NewPCG(0, 8)), 5)}, gradcheck.Config{})
	if err != nil {
		t.Fatal(err)
	}
	if w := report.Worst; w.AbsError() > w.Allowed || w.Allowed == 0 || w.Output != "y" {
		t.Errorf("the worst is %+v", w)
	}
}

// The same seed gives the same report, another one other directions.
func TestReportDependsOnSeedAlone(t *testing.T) {
	check := func(seed uint64) string {
		f := cube(func(x, y, g v) v { return cubeSlope(x, g).MulScalar(1.01) })
		x := normal(rand.New(rand.NewPCG(0, 9)), 30)
		_, err := gradcheck.Check(func(xs variables) v { return f.Apply(xs[0]) }, variables{x},
			gradcheck.Config{Seed: seed, Mode: gradcheck.Fast})
		return err.Error()
	}
	if diff := cmp.Diff(check(1), check(1)); diff != "" {
		t.Errorf("two runs differ:\n%s", diff)
	}
	if strings.ReplaceAll(check(1), "seed 1", "") == strings.ReplaceAll(check(2), "seed 2", "") {
		t.Error("the seed makes no difference")
	}
}

// Auto takes the full Jacobian up to 10⁴ entries.
func TestAutoMode(t *testing.T) {
	for _, test := range []struct {
		size int
		want string
	}{
		{100, "full Jacobian 100×100,"},
		{101, "random directions of the Jacobian 101×101,"},
	} {
		x := normal(rand.New(rand.NewPCG(0, 12)), test.size)
		report, err := gradcheck.Check(func(xs variables) v { return xs[0].Square() }, variables{x}, gradcheck.Config{})
		if err != nil || !strings.Contains(report.String(), test.want) {
			t.Errorf("size %d: expected %q, got %v, %v", test.size, test.want, report, err)
		}
	}
}

func TestModeText(t *testing.T) {
	for mode, want := range map[gradcheck.Mode]string{gradcheck.Auto: "auto", gradcheck.Full: "full", gradcheck.Fast: "fast"} {
		if got := mode.String(); got != want {
			t.Errorf("mode %d is %q, expected %q", mode, got, want)
		}
	}
}

// recorder is a testing.TB that keeps what it is told.
type recorder struct {
	testing.TB
	failed string
	logged string
	helper bool
}

func (r *recorder) Helper()           { r.helper = true }
func (r *recorder) Fatal(args ...any) { r.failed = fmt.Sprint(args...) }
func (r *recorder) Log(args ...any)   { r.logged = fmt.Sprint(args...) }

func TestTest(t *testing.T) {
	x := autograd.New([]float64{1, 2})
	wrong := cube(func(x, y, g v) v { return cubeSlope(x, g).Neg() })
	for _, test := range []struct {
		name           string
		f              autograd.Func
		failed, logged string
	}{
		{"right", func(xs variables) v { return xs[0].Exp() }, "", ""},
		{"wrong", func(xs variables) v { return wrong.Apply(xs[0]) }, "opposite sign", ""},
		{"unusable", func(xs variables) v { return v{} }, "not a usable Variable", ""},
		{"kink", func(xs variables) v { return xs[0].SubScalar(1).Abs() }, "", "kink"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var r recorder
			gradcheck.Test(&r, test.f, x)
			if !r.helper {
				t.Error("Helper was not called")
			}
			if (r.failed != "") != (test.failed != "") || !strings.Contains(r.failed, test.failed) {
				t.Errorf("failed with %q, expected %q", r.failed, test.failed)
			}
			if (r.logged != "") != (test.logged != "") || !strings.Contains(r.logged, test.logged) {
				t.Errorf("logged %q, expected %q", r.logged, test.logged)
			}
		})
	}
	gradcheck.Test(t, func(xs variables) v { return xs[0].Mul(xs[1]) }, x, x)
	gradcheck.TestWith(t, gradcheck.Config{SecondOrder: true}, func(xs variables) v { return xs[0].Mul(xs[1]) }, x, x)
}

// Several results are checked one by one, and named.
func TestSeveralResults(t *testing.T) {
	wrong := cube(func(x, y, g v) v { return cubeSlope(x, g).MulScalar(1.25) })
	f := func(second func(x v) v) func(xs variables) variables {
		return func(xs variables) variables {
			return variables{xs[0].Exp().Sum(), second(xs[0]), xs[1].Sin(), xs[0].Detach()}
		}
	}
	xs := variables{normal(rand.New(rand.NewPCG(0, 10)), 2, 2), normal(rand.New(rand.NewPCG(0, 11)), 3)}
	for _, mode := range []gradcheck.Mode{gradcheck.Full, gradcheck.Fast} {
		t.Run(mode.String(), func(t *testing.T) {
			right := func(xs variables) variables { return f(v.Tanh)(xs)[:3] }
			config := gradcheck.Config{Mode: mode, SecondOrder: true, ForwardMode: true}
			if _, err := gradcheck.CheckMulti(right, xs, config); err != nil {
				t.Fatal(err)
			}
			broken := func(xs variables) variables { return f(func(x v) v { return wrong.Apply(x) })(xs)[:3] }
			report, err := gradcheck.CheckMulti(broken, xs, gradcheck.Config{Mode: mode})
			checkCaught(t, report, err)
			for _, e := range report.WrongEntries {
				if e.Input != "x0" || mode == gradcheck.Full && e.Output != "y1" {
					t.Errorf("∂%s/∂%s is said to be wrong", e.Output, e.Input)
				}
			}
			// A result that was detached has a gradient of 0, which is wrong.
			report, err = gradcheck.CheckMulti(f(v.Tanh), xs, gradcheck.Config{Mode: mode})
			checkCaught(t, report, err)
			if mode == gradcheck.Full && report.WrongEntries[0].Output != "y3" {
				t.Errorf("∂%s is said to be wrong", report.WrongEntries[0].Output)
			}
		})
	}
}

// What depends on nothing has nothing to be wrong.
func TestNothingToCheck(t *testing.T) {
	for _, test := range []struct {
		name   string
		f      autograd.Func
		inputs variables
	}{
		{"no inputs", func(variables) v { return autograd.Scalar(1.) }, nil},
		{"constant result", func(xs variables) v { return autograd.Scalar(1.) }, variables{autograd.Scalar(1.)}},
		{"empty input", func(xs variables) v { return xs[0].Exp() }, variables{autograd.Zeros(autograd.Float64, 0)}},
		{"empty result", func(xs variables) v { return xs[0].Slice(0, 0, 0) }, variables{autograd.Ones(autograd.Float64, 2)}},
	} {
		for _, mode := range []gradcheck.Mode{gradcheck.Auto, gradcheck.Full, gradcheck.Fast} {
			t.Run(test.name+"/"+mode.String(), func(t *testing.T) {
				config := gradcheck.Config{Mode: mode, SecondOrder: true, ForwardMode: true}
				if _, err := gradcheck.Check(test.f, test.inputs, config); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// The caller's inputs are copied: a function that modifies its own does not reach them.
func TestCallersInputsAreCopied(t *testing.T) {
	x := autograd.Parameter(autograd.New([]float64{1, 2}))
	if _, err := gradcheck.Check(func(xs variables) v {
		xs[0].Float64s()[0] = 7
		return xs[0].Exp()
	}, variables{x}, gradcheck.Config{}); err == nil {
		t.Error("the modification went unnoticed")
	}
	if diff := cmp.Diff([]float64{1, 2}, x.Float64s()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
