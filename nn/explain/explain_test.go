package explain_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/explain"
)

type v = autograd.Variable

func near(t *testing.T, what string, got, want []float64, tolerance float64) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, tolerance)); diff != "" {
		t.Errorf("%s (-expected +got):\n%s", what, diff)
	}
}

// linear is 2·x₀ − x₁ + 0·x₂ + 5, and its negative as the second output.
var linear = nn.Func(func(x v) v {
	y := x.MatMul(autograd.New([]float64{2, -2, -1, 1, 0, 0}, 3, 2))
	return y.Add(autograd.New([]float64{5, -5}))
})

// product is x₀·x₁ + x₂², with one output.
var product = nn.Func(func(x v) v {
	return x.Slice(1, 0, 1).Mul(x.Slice(1, 1, 2)).Add(x.Slice(1, 2, 3).Square()).Reshape(x.Dim(0))
})

func TestGradients(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3, -4, -5, 6}, 2, 3)
	for _, c := range []struct {
		name    string
		model   nn.Layer
		targets []int
		f       func(nn.Layer, v, []int) v
		want    []float64
	}{
		{"linear, greatest", linear, nil, explain.Gradient, []float64{2, -1, 0, 2, -1, 0}},
		{"linear, second", linear, []int{1}, explain.Gradient, []float64{-2, 1, 0, -2, 1, 0}},
		{"linear, each", linear, []int{1, 0}, explain.Gradient, []float64{-2, 1, 0, 2, -1, 0}},
		{"linear, last", linear, []int{-1}, explain.Saliency, []float64{2, 1, 0, 2, 1, 0}},
		{"product", product, nil, explain.Gradient, []float64{2, 1, 6, -5, -4, 12}},
		{"product, saliency", product, []int{0}, explain.Saliency, []float64{2, 1, 6, 5, 4, 12}},
		{"product, input", product, nil, explain.GradientTimesInput, []float64{2, 2, 18, 20, 20, 72}},
		{"linear, smooth", linear, []int{0}, func(m nn.Layer, x v, k []int) v { return explain.SmoothGrad(m, x, k, explain.SmoothGradConfig{}) }, []float64{2, -1, 0, 2, -1, 0}},
	} {
		got := c.f(c.model, x, c.targets)
		near(t, c.name, got.Floats(), c.want, 1e-14)
		if got.Tape() != nil || !slices.Equal(got.Shape(), x.Shape()) {
			t.Errorf("%s: %v of shape %v", c.name, got.Tape(), got.Shape())
		}
		// An x that is on a tape counts by its value, and a parameter too.
		tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
		near(t, c.name+" of a Variable on a tape", c.f(c.model, tape.Const(x), c.targets).Floats(), c.want, 1e-14)
		near(t, c.name+" of a parameter", c.f(c.model, autograd.Parameter(x), c.targets).Floats(), c.want, 1e-14)
	}
}

// The greatest output is that of the example, also for methods that look elsewhere too.
func TestPredictedTargets(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3, -4, -5, 6}, 2, 3)
	got := explain.IntegratedGradients(linear, x, nil, explain.IntegratedGradientsConfig{Steps: 1})
	if want := []int{0, 0}; !slices.Equal(got.Targets, want) {
		t.Errorf("targets %v, expected %v", got.Targets, want)
	}
	x = autograd.New([]float64{1, 2, 3, -4, 5, 6}, 2, 3)
	got = explain.IntegratedGradients(linear, x, nil, explain.IntegratedGradientsConfig{Steps: 1})
	if want := []int{0, 1}; !slices.Equal(got.Targets, want) {
		t.Errorf("targets %v, expected %v", got.Targets, want)
	}
	near(t, "values", got.Values.Floats(), []float64{2, -2, 0, 8, 5, 0}, 1e-14)
	near(t, "output", got.Output, []float64{5, 8}, 1e-14)
	near(t, "baseline", got.Baseline, []float64{5, -5}, 1e-14)
}

func TestSmoothGrad(t *testing.T) {
	x := autograd.New([]float64{0, 1, 3, -4, -5, 5}, 2, 3)
	// Of a square the mean gradient is that in the middle, with an error of 2σ/√n.
	a := explain.SmoothGrad(product, x, nil, explain.SmoothGradConfig{Samples: 4000, Noise: 0.1})
	for i, want := range []float64{1, 0, 6, -5, -4, 10} {
		if got := a.Floats()[i]; math.Abs(got-want) > 4*2/math.Sqrt(4000) || got == want {
			t.Errorf("element %d is %v, expected about %v", i, got, want)
		}
	}
	// The noise is a fraction of the range: the step of |x| is seen at a distance of it alone.
	step := nn.Func(func(x v) v { return x.Slice(1, 0, 1).Abs() })
	far := explain.SmoothGrad(step, autograd.New([]float64{0.9, 0}, 1, 2), nil, explain.SmoothGradConfig{Samples: 10000, Noise: 1})
	// P(ε > −0.9) − P(ε < −0.9) with σ = 0.9
	near(t, "gradient near a fold", far.Floats()[:1], []float64{math.Erf(1 / math.Sqrt2)}, 0.03)

	again := explain.SmoothGrad(product, x, nil, explain.SmoothGradConfig{Samples: 4000, Noise: 0.1})
	other := explain.SmoothGrad(product, x, nil, explain.SmoothGradConfig{Samples: 4000, Noise: 0.1, Seed: 1})
	if !slices.Equal(a.Floats(), again.Floats()) || slices.Equal(a.Floats(), other.Floats()) {
		t.Error("the seed does not decide the noise")
	}
}

func TestIntegratedGradients(t *testing.T) {
	// ∂(x₀x₁)/∂x₀ = αx₁ along the way from 0: each has half the product.
	x := autograd.New([]float64{1, 2, 3, -4, -5, 6}, 2, 3)
	a := explain.IntegratedGradients(product, x, nil, explain.IntegratedGradientsConfig{Steps: 1})
	near(t, "product", a.Values.Floats(), []float64{1, 1, 9, 10, 10, 36}, 1e-12)
	near(t, "gaps", a.Gaps(), []float64{0, 0}, 1e-12)

	// With a baseline (1, 1, 1): for x₀ the integral is 1 + (x₁−1)/2, times x₀ − 1.
	for name, b := range map[string]v{"of an example": autograd.Ones(autograd.Float64, 3), "of all": autograd.Ones(autograd.Float64, 2, 3)} {
		a = explain.IntegratedGradients(product, x, nil, explain.IntegratedGradientsConfig{Baseline: b})
		near(t, "baseline "+name, a.Values.Floats(), []float64{0, 1, 8, 10, 9, 35}, 1e-12)
		near(t, "gaps, baseline "+name, a.Gaps(), []float64{0, 0}, 1e-12)
	}
}

// Completeness of networks, with folds and without, at random places: 50 steps leave less than
// 5 % of the difference that is explained, 500 less than 1 %, and smooth ones nearly nothing.
func TestCompleteness(t *testing.T) {
	for _, c := range []struct {
		name       string
		activation nn.Layer
		usual      float64
	}{{"ReLU", nn.ReLU{}, 0.05}, {"tanh", nn.Tanh{}, 1e-9}} {
		rng := rand.New(rand.NewPCG(3, 0))
		model := mlp(rng, c.activation)
		x, baseline := autograd.Normal(rng, autograd.Float64, 0, 1, 8, 6), autograd.Normal(rng, autograd.Float64, 0, 1, 6)
		gap := func(steps int) float64 { // of the sum of all examples
			a := explain.IntegratedGradients(model, x, nil, explain.IntegratedGradientsConfig{Steps: steps, Baseline: baseline})
			missing, explained := 0.0, 0.0
			for i, g := range a.Gaps() {
				missing, explained = missing+math.Abs(g), explained+math.Abs(a.Output[i]-a.Baseline[i])
			}
			return missing / explained
		}
		few, usual, many := gap(2), gap(0), gap(500)
		t.Logf("%s: with 2, 50, 500 steps %.1e, %.1e, %.1e of the difference are missing", c.name, few, usual, many)
		if !(usual < c.usual && many < 0.01 && few > usual && few > 1e-3) {
			t.Errorf("%s: with 2, 50, 500 steps %v, %v, %v of the difference are missing", c.name, few, usual, many)
		}
	}
}

// mlp is a network of 6 features and 3 outputs, in float64.
func mlp(rng *rand.Rand, activation nn.Layer) nn.Layer {
	return nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{6, 16, 16, 3}, Activation: activation, DType: autograd.Float64})
}

func TestOcclusion(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3, -4, -5, 6}, 2, 3)
	near(t, "one by one", explain.Occlusion(product, x, nil, explain.OcclusionConfig{}).Floats(), []float64{2, 2, 9, 20, 20, 36}, 1e-12)
	near(t, "with a baseline", explain.Occlusion(product, x, nil, explain.OcclusionConfig{Baseline: autograd.Ones(autograd.Float64, 3)}).Floats(), []float64{0, 1, 8, 25, 24, 35}, 1e-12)
	// Windows {0, 1} and {1, 2}: falls of 2 and 11, of 20 and 56.
	near(t, "windows of two", explain.Occlusion(product, x, nil, explain.OcclusionConfig{Window: []int{2}}).Floats(), []float64{2, 6.5, 11, 20, 38, 56}, 1e-12)
	near(t, "wide window", explain.Occlusion(product, x, nil, explain.OcclusionConfig{Window: []int{9}}).Floats(), []float64{11, 11, 11, 56, 56, 56}, 1e-12)

	// Of an image both channels are covered. The sum falls by that of a window; along the
	// axis of 3 windows of 2 with stride 2 begin at 0 and 1.
	sum := nn.Func(func(x v) v { return x.Sum(1, 2, 3) })
	image := autograd.New([]float64{1, 2, 3, 4, 5, 6, 10, 20, 30, 40, 50, 60}, 1, 2, 2, 3)
	got := explain.Occlusion(sum, image, nil, explain.OcclusionConfig{Window: []int{1, 2}, Stride: []int{1, 2}}).Floats()
	near(t, "image", got, []float64{33, 44, 55, 99, 110, 121, 33, 44, 55, 99, 110, 121}, 1e-12)
}

func TestGradCAM(t *testing.T) {
	// A convolution of one by one makes maps 2x and −x of x; of the sum of their squares over
	// the positions the α are means of 4x and −2x.
	conv := nn.NewConv2d(rand.New(rand.NewPCG(1, 0)), 1, 2, []int{1}, nn.ConvConfig{NoBias: true, DType: autograd.Float64})
	for _, w := range nn.Params(conv) {
		w.CopyFrom(autograd.New([]float64{2, -1}, 2, 1, 1, 1))
	}
	model := nn.Sequential{nn.Sequential{conv}, nn.Func(func(a v) v { return a.Square().Sum(1, 2, 3) })}
	x := autograd.New([]float64{1, -2, 3, 4, 0, 0, 0, -8}, 2, 1, 2, 2)
	// means of x: 1.5 and −2; the map is ReLU(x·mean(4x)·2 + x·mean(2x))
	want := []float64{15, 0, 45, 60, 0, 0, 0, 160}
	for _, name := range []string{"0", "0.0"} {
		cam := explain.GradCAM(model, x, nil, name, explain.GradCAMConfig{})
		near(t, "map of "+name, cam.Floats(), want, 1e-12)
		if !slices.Equal(cam.Shape(), []int{2, 1, 2, 2}) {
			t.Errorf("shape %v", cam.Shape())
		}
	}
	// Of a smaller layer it is enlarged, and Raw leaves it.
	pooled := nn.Sequential{conv, nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}), nn.Func(func(a v) v { return a.Sum(1, 2, 3) })}
	raw := explain.GradCAM(pooled, x, nil, "1", explain.GradCAMConfig{Raw: true})
	if cam := explain.GradCAM(pooled, x, nil, "1", explain.GradCAMConfig{}); !slices.Equal(raw.Shape(), []int{2, 1, 1, 1}) || !slices.Equal(cam.Shape(), x.Shape()) {
		t.Errorf("shapes %v and %v", raw.Shape(), cam.Shape())
	}
	near(t, "raw", raw.Floats(), []float64{2*4 + 2, 0 + 8}, 1e-12)
}

func TestPermutationImportance(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	x, y := make([]float32, 3*400), make([]float32, 400)
	for i := range y {
		for j := range 3 {
			x[3*i+j] = float32(rng.NormFloat64())
		}
		y[i] = 2*x[3*i] - x[3*i+1] + 5
	}
	model := nn.Func(func(x v) v { return x.MatMul(autograd.New([]float32{2, -1, 0}, 3, 1)).AddScalar(5) })
	set := &data.Arrays{X: data.NewArray(x, 400, 3), Y: data.NewArray(y, 400, 1)}
	got, err := explain.PermutationImportance(t.Context(), model, set, explain.PermutationConfig{})
	if err != nil {
		t.Fatal(err)
	}
	// Shuffling adds 2·w²·Var(xᵢ) to the mean squared error: 8, 2 and nothing.
	near(t, "importance", got.Mean, []float64{8, 2, 0}, 0.8)
	if got.Mean[2] != 0 || got.Score > 1e-10 || got.Std[2] != 0 || !(got.Std[0] > 0) {
		t.Errorf("%+v", got)
	}
	if want := []int{0, 1, 2}; !slices.Equal(got.Ranking(), want) {
		t.Errorf("ranking %v", got.Ranking())
	}
	// R² falls, and the mean absolute error rises.
	for _, c := range []explain.PermutationConfig{{Metric: nn.R2{}}, {Metric: nn.MeanAbsoluteError{}, Minimize: true}} {
		more, err := explain.PermutationImportance(t.Context(), model, set, c)
		if err != nil || !(more.Mean[0] > more.Mean[1] && more.Mean[1] > 0.1) || more.Mean[2] != 0 {
			t.Errorf("%s: %+v, %v", c.Metric.Name(), more, err)
		}
	}
	again, err := explain.PermutationImportance(t.Context(), model, set, explain.PermutationConfig{BatchSize: 32})
	if err != nil || !cmp.Equal(got, again) {
		t.Error("another time it is something else:", err)
	}
	// Images that are kept as bytes, channel by channel.
	images := &data.Images{Pixels: []byte{0, 9, 255, 9}, N: 2, Channels: 2, Height: 1, Width: 1, Labels: []int{0, 1}}
	first := nn.Func(func(x v) v { return x.Reshape(x.Dim(0), 2).MatMul(autograd.New([]float32{0, 1, 0.25, 0}, 2, 2)) })
	seen, err := explain.PermutationImportance(t.Context(), first, images, explain.PermutationConfig{Metric: nn.Accuracy{}, Repeats: 20})
	if err != nil || seen.Mean[1] != 0 || !(seen.Mean[0] > 0) {
		t.Errorf("%+v, %v", seen, err)
	}
}

func TestPermutationImportanceFails(t *testing.T) {
	set := &data.Arrays{X: data.NewArray([]float32{1, 2}, 2, 1), Y: data.NewArray([]float32{1, 2}, 2, 1)}
	same := nn.Func(func(x v) v { return x })
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := explain.PermutationImportance(cancelled, same, set, explain.PermutationConfig{}); !errors.Is(err, context.Canceled) {
		t.Error("cancelled:", err)
	}
	var value *autograd.ValueError
	if _, err := explain.PermutationImportance(t.Context(), same, set, explain.PermutationConfig{Repeats: -1}); !errors.As(err, &value) {
		t.Error("repeats:", err)
	}
	if _, err := explain.PermutationImportance(t.Context(), nil, set, explain.PermutationConfig{}); !errors.As(err, &value) {
		t.Error("no model:", err)
	}
	var shape *autograd.ShapeError
	if _, err := explain.PermutationImportance(t.Context(), nn.Func(func(x v) v { return x.Sum() }), set, explain.PermutationConfig{}); !errors.As(err, &shape) {
		t.Error("no outputs:", err)
	}
}
