package autograd_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// Values and gradients at kinks, poles and the borders of floating point, where finite
// differences say nothing: what holds by convention, or as a limit.
func TestConventions(t *testing.T) {
	type v = autograd.Variable
	inf, nan := math.Inf(1), math.NaN()
	half := math.Sqrt2 / 2
	for _, test := range []struct {
		name        string
		f           func(x v) v
		x           []float64
		value, grad []float64
		single      bool // in float32
	}{
		{"std of equal values", func(x v) v { return x.Std() }, []float64{3, 3, 3}, []float64{0}, []float64{0, 0, 0}, false},
		{"std of a population of equal values", func(x v) v { return x.StdWith(0) }, []float64{3, 3}, []float64{0}, []float64{0, 0}, false},
		{"std of one value", func(x v) v { return x.Std() }, []float64{3}, []float64{nan}, []float64{nan}, false},
		{"logsumexp with +Inf", func(x v) v { return x.LogSumExp() }, []float64{inf, 1}, []float64{inf}, []float64{1, 0}, false},
		{"logsumexp with two +Inf", func(x v) v { return x.LogSumExp() }, []float64{inf, 1, inf}, []float64{inf}, []float64{0.5, 0, 0.5}, false},
		{"logsumexp of −Inf", func(x v) v { return x.LogSumExp() }, []float64{-inf, -inf}, []float64{-inf}, []float64{0, 0}, false},
		{"logsumexp with −Inf", func(x v) v { return x.LogSumExp() }, []float64{-inf, 2}, []float64{2}, []float64{0, 1}, false},
		{"logsumexp with NaN", func(x v) v { return x.LogSumExp() }, []float64{nan, 2}, []float64{nan}, []float64{nan, nan}, false},
		{"logaddexp", func(x v) v { return autograd.LogAddExp(x, x.Flip()) }, []float64{-inf, -inf}, []float64{-inf, -inf}, []float64{0, 0}, false},
		{"logaddexp of +Inf", func(x v) v { return autograd.LogAddExp(x, x.Flip()) }, []float64{inf, inf}, []float64{inf, inf}, []float64{1, 1}, false},
		{"logaddexp of +Inf and a number", func(x v) v { return autograd.LogAddExp(x, x.Flip()) }, []float64{inf, 3}, []float64{inf, inf}, []float64{2, 0}, false},
		{"norm of large values", func(x v) v { return x.Norm() }, []float64{1e30, 1e30}, []float64{math.Sqrt2 * 1e30}, []float64{half, half}, true},
		{"norm of small values", func(x v) v { return x.Norm() }, []float64{1e-30, -1e-30}, []float64{math.Sqrt2 * 1e-30}, []float64{half, -half}, true},
		{"norm of huge values", func(x v) v { return x.Norm() }, []float64{3e300, 4e300}, []float64{5e300}, []float64{0.6, 0.8}, false},
		{"norm of tiny values", func(x v) v { return x.Norm() }, []float64{3e-300, 4e-300}, []float64{5e-300}, []float64{0.6, 0.8}, false},
		{"norm of zeros", func(x v) v { return x.Norm() }, []float64{0, 0}, []float64{0}, []float64{0, 0}, false},
		{"norm with an infinity", func(x v) v { return x.Norm() }, []float64{inf, 1}, []float64{inf}, []float64{nan, 0}, false},
		{"norm of a NaN", func(x v) v { return x.Norm() }, []float64{nan, 1}, []float64{nan}, []float64{nan, nan}, false},
		{"3-norm of large values", func(x v) v { return x.NormP(3) }, []float64{1e30, 1e30}, []float64{math.Cbrt(2) * 1e30}, []float64{math.Pow(2, -2./3), math.Pow(2, -2./3)}, true},
		{"½-norm with a zero", func(x v) v { return x.NormP(0.5) }, []float64{0, 4}, []float64{4}, []float64{0, 1}, false},
		{"1.5-norm of zeros", func(x v) v { return x.NormP(1.5) }, []float64{0, 0}, []float64{0}, []float64{0, 0}, false},
		{"−1-norm", func(x v) v { return x.NormP(-1) }, []float64{2, -2}, []float64{1}, []float64{0.25, -0.25}, false},
		{"−1-norm with a zero", func(x v) v { return x.NormP(-1) }, []float64{0, -2}, []float64{0}, []float64{0, 0}, false},
		{"−Inf-norm", func(x v) v { return x.NormP(-inf) }, []float64{3, -2}, []float64{2}, []float64{0, -1}, false},
		{"layer norm of equal values", func(x v) v { return autograd.LayerNorm(x, v{}, v{}, 0) }, []float64{2, 2}, []float64{0, 0}, []float64{0, 0}, false},
		{"rms norm of zeros", func(x v) v { return autograd.RMSNorm(x, v{}, 0) }, []float64{0, 0}, []float64{0, 0}, []float64{0, 0}, false},
		{"silu of infinities", v.SiLU, []float64{inf, -inf}, []float64{inf, 0}, []float64{1, 0}, false},
		{"hardswish of infinities", v.Hardswish, []float64{inf, -inf}, []float64{inf, 0}, []float64{1, 0}, false},
		{"digamma at a pole", v.Digamma, []float64{0}, []float64{-inf}, []float64{inf}, false},
		{"cumprod with a zero", func(x v) v { return x.CumProd(0) }, []float64{2, 0, 3}, []float64{2, 0, 0}, []float64{1, 2 + 2*3, 0}, false},
		{"logcumsumexp after −Inf", func(x v) v { return x.LogCumSumExp(0) }, []float64{-inf, -inf, 1}, []float64{-inf, -inf, 1}, []float64{0, 0, 1}, false},
		{"cummax with NaN", func(x v) v { y, _ := x.CumMax(0); return y.NanSum() }, []float64{1, 3, nan, 5}, []float64{4}, []float64{1, 1, 0, 0}, false},
		{"nansum", func(x v) v { return x.NanSum() }, []float64{1, nan, 3}, []float64{4}, []float64{1, 0, 1}, false},
		{"nanmean", func(x v) v { return x.NanMean() }, []float64{1, nan, 3}, []float64{2}, []float64{0.5, 0, 0.5}, false},
		{"median with NaN", func(x v) v { y, _ := x.Median(0); return y }, []float64{1, nan, 3}, []float64{nan}, []float64{0, 1, 0}, false},
		{"nanmedian with NaN", func(x v) v { y, _ := x.NanMedian(0); return y }, []float64{1, nan, 3}, []float64{1}, []float64{1, 0, 0}, false},
		{"quantile at an element", func(x v) v { return autograd.Quantile(x, autograd.Scalar(0.5), 0, autograd.QuantileLinear) }, []float64{-inf, 2, inf}, []float64{2}, []float64{0, 1, 0}, false},
		{"sort with NaN", func(x v) v { y, _ := x.Sort(0, false); return y.Slice(0, 0, 2) }, []float64{5, nan, 3}, []float64{3, 5}, []float64{1, 0, 1}, false},
		{"nan_to_num", func(x v) v { return x.NanToNum(7, nan, -1) }, []float64{nan, inf, -inf, 2}, []float64{7, math.MaxFloat64, -1, 2}, []float64{0, 0, 0, 1}, false},
		{"fmax with NaN", func(x v) v { return autograd.FMax(x, x.Flip()) }, []float64{nan, 2}, []float64{2, 2}, []float64{0, 2}, false},
		{"gather of a vector", func(x v) v { return x.Gather(0, []int{1, 1, 0}) }, []float64{5, 6}, []float64{6, 6, 5}, []float64{1, 2}, false},
	} {
		for _, pass := range []string{"plain", "recorded"} {
			t.Run(test.name+"/"+pass, func(t *testing.T) {
				tape := autograd.NewTape(autograd.TapeConfig{})
				x, tol := tape.Watch(autograd.New(test.x)), 1e-14
				if test.single {
					x, tol = tape.Watch(autograd.New(test.x).AsType(autograd.Float32)), 1e-6
				}
				y := test.f(x)
				var grad v
				if pass == "plain" {
					grad = y.Sum().Backward().Of(x)
				} else {
					grad = autograd.Grad(y.Sum(), x)[0]
				}
				for what, pair := range map[string][2][]float64{"value": {y.Floats(), test.value}, "gradient": {grad.Floats(), test.grad}} {
					for i, want := range pair[1] {
						if got := pair[0][i]; !alike(got, want, tol*math.Abs(want)/max(1, math.Abs(want))) {
							t.Errorf("%s %d is %g, want %g", what, i, got, want)
						}
					}
				}
			})
		}
	}
}

// Counting has no gradient.
func TestZeroNormCounts(t *testing.T) {
	x := autograd.NewTape(autograd.TapeConfig{}).Watch(autograd.New([]float64{0, 3, -1e-300}))
	if y := x.NormP(0); y.Item() != 2 || y.Tracked() {
		t.Errorf("got %v, tracked: %v", y.Item(), y.Tracked())
	}
}

func TestSliceErrorsNameWhatIsAllowed(t *testing.T) {
	x := autograd.New([]float64{1, 2})
	for want, f := range map[string]func(){
		"index 3 is outside 0…2":  func() { x.Slice(0, 0, 3) },
		"index -4 is outside 0…2": func() { x.Slice(0, -4, 1) },
		"index 2 is outside 0…1":  func() { x.SliceStep(0, 2, 0, -1) },
	} {
		if err := autograd.Try(f); err == nil || !strings.Contains(fmt.Sprint(err), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}
