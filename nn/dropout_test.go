package nn_test

import (
	"math"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// In training the mean stays, whole channels go together, a new call draws anew, and the
// same seed draws the same; in inference nothing happens.
func TestDropout(t *testing.T) {
	for _, test := range []struct {
		name    string
		layer   nn.Layer
		p       float64
		shape   []int
		channel int // how many elements are dropped together
	}{
		{"Dropout", nn.Dropout{}, 0.5, []int{100, 100}, 1},
		{"Dropout of few", nn.Dropout{P: 0.1}, 0.1, []int{100, 100}, 1},
		{"Dropout1d", nn.Dropout1d{P: 0.3}, 0.3, []int{100, 100, 3}, 3},
		{"Dropout2d", nn.Dropout2d{}, 0.5, []int{100, 100, 2, 2}, 4},
		{"Dropout3d", nn.Dropout3d{}, 0.5, []int{100, 100, 1, 2, 2}, 4},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := autograd.Ones(double, test.shape...)
			draw := func(seed uint64, times int) []float64 {
				tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: seed})
				var y v
				for range times {
					y = test.layer.Forward(tape.Const(x))
				}
				return y.Floats()
			}
			got, sum := draw(1, 1), 0.
			for i, y := range got {
				if y != 0 && math.Abs(y-1/(1-test.p)) > 1e-12 {
					t.Fatalf("element %d is %v, want 0 or %v", i, y, 1/(1-test.p))
				}
				if y != got[i-i%test.channel] {
					t.Fatalf("element %d is %v, the first of its channel %v", i, y, got[i-i%test.channel])
				}
				sum += y
			}
			mean, deviation := sum/float64(len(got)), math.Sqrt(test.p/(1-test.p)/1e4)
			if math.Abs(mean-1) > 5*deviation {
				t.Errorf("the mean of ones is %v", mean)
			}
			equal := func(a, b []float64) bool {
				for i := range a {
					if a[i] != b[i] {
						return false
					}
				}
				return true
			}
			if !equal(got, draw(1, 1)) || equal(got, draw(2, 1)) || equal(got, draw(1, 2)) {
				t.Error("the same seed does not draw the same, or another seed or call does")
			}
			if y := test.layer.Forward(autograd.NewTape(autograd.TapeConfig{}).Const(x)); !equal(y.Floats(), x.Floats()) {
				t.Error("inference changes elements")
			}
		})
	}
}

// AlphaDropout keeps mean 0 and variance 1.
func TestAlphaDropoutKeepsMoments(t *testing.T) {
	for _, p := range []float64{0.1, 0.5, 0.8} {
		tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 3})
		x := tape.Const(autograd.Normal(newRand(1), double, 0, 1, 400, 400))
		y := nn.AlphaDropout{P: p}.Forward(x)
		if mean, variance := y.Mean().Item(), y.Var().Item(); math.Abs(mean) > 0.02 || math.Abs(variance-1) > 0.03 {
			t.Errorf("P %v: mean %v, variance %v", p, mean, variance)
		}
	}
}

// Slopes of RReLU are uniform between the bounds, and the gradient's too; in inference they
// are the mean.
func TestRReLUSlopes(t *testing.T) {
	const n = 100_000
	tape := autograd.NewTape(autograd.TapeConfig{Training: true, Seed: 3})
	x := tape.Watch(autograd.Full(double, -2, n))
	y := nn.RReLU{}.Forward(x)
	slopes, mean, variance := y.MulScalar(-0.5).Float64s(), 0.0, 0.0
	for _, s := range slopes {
		if s < 1./8 || s > 1./3 {
			t.Fatalf("a slope of %v", s)
		}
		mean += s / n
	}
	for _, s := range slopes {
		variance += (s - mean) * (s - mean) / n
	}
	width := 1./3 - 1./8
	if math.Abs(mean-11./48) > 0.001 || math.Abs(variance-width*width/12) > 1e-4 {
		t.Errorf("the slopes have mean %v and variance %v, want %v and %v", mean, variance, 11./48, width*width/12)
	}
	if grad := y.Sum().Backward().Of(x).Float64s(); !slices.Equal(grad, slopes) {
		t.Error("the gradient is not the slopes")
	}
	if y := (nn.RReLU{}).Forward(autograd.New([]float64{-48, 5})).Floats(); math.Abs(y[0]+11) > 1e-14 || y[1] != 5 {
		t.Errorf("in inference: %v, want [-11 5]", y) // what PyTorch gives
	}
	expectValueError(t, "RReLU", func() { nn.RReLU{Lower: 0.5}.Forward(x) })
	expectValueError(t, "RReLU", func() { nn.RReLU{Upper: math.Inf(1)}.Forward(x) })
}

func TestDropoutRejectsProbabilities(t *testing.T) {
	x := autograd.Ones(double, 2, 2)
	for _, p := range []float64{1.5, -0.5, math.NaN()} {
		if err := autograd.Try(func() { nn.Dropout{P: p}.Forward(x) }); err == nil {
			t.Errorf("P %v is accepted", p)
		}
	}
}

// The gradient is dropped where the elements were, also when others were dropped since.
func TestDropoutTwice(t *testing.T) {
	for _, dtype := range []autograd.DType{autograd.Float32, double} {
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		x1, x2 := tape.Watch(autograd.Ones(dtype, 100)), tape.Watch(autograd.Ones(dtype, 100))
		y1, y2 := nn.Dropout{}.Forward(x1), nn.Dropout{}.Forward(x2)
		grads := y1.Sum().Add(y2.Sum()).Backward()
		if !slices.Equal(y1.Floats(), grads.Of(x1).Floats()) || !slices.Equal(y2.Floats(), grads.Of(x2).Floats()) {
			t.Errorf("%v: gradients are dropped elsewhere than elements", dtype)
		}
	}
}
