package explain_test

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/explain"
)

// exactShapley is the definition: a sum over all sets of the features of an example [1, d],
// of output k of a model, with the mean over the background of what is absent.
func exactShapley(model nn.Layer, x, background v, k int) []float64 {
	d := x.Dim(1)
	at, rows := x.Floats(), background.Floats()
	worth := make([]float64, 1<<d)
	for set := range worth {
		mixed := slices.Clone(rows)
		for e := range mixed {
			if set>>(e%d)&1 == 1 {
				mixed[e] = at[e%d]
			}
		}
		worth[set] = model.Forward(autograd.New(mixed, background.Shape()...)).Mean(0).Index(k).Item()
	}
	factorial := func(n int) float64 { return math.Gamma(float64(n + 1)) }
	phi := make([]float64, d)
	for i := range phi {
		for set := range worth {
			if set>>i&1 == 0 {
				n := bits.OnesCount(uint(set))
				phi[i] += factorial(n) * factorial(d-n-1) / factorial(d) * (worth[set|1<<i] - worth[set])
			}
		}
	}
	return phi
}

func TestShapleyAgainstEnumeration(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 0))
	model := mlp(rng, nn.Tanh{})
	x := autograd.Normal(rng, autograd.Float64, 0, 2, 3, 6)
	background := autograd.Normal(rng, autograd.Float64, 0, 2, 5, 6)
	worst := func(permutations int) float64 {
		a := explain.Shapley(model, x, []int{2}, explain.ShapleyConfig{Background: background, Permutations: permutations})
		worst := 0.0
		for i := range x.Dim(0) {
			want := exactShapley(model, x.Slice(0, i, i+1), background, 2)
			for j, w := range want {
				worst = max(worst, math.Abs(a.Values.At(i, j)-w))
			}
		}
		return worst
	}
	few, many := worst(20), worst(8000)
	t.Logf("the greatest error is %.4f with 20 permutations, %.4f with 8,000", few, many)
	if many > 0.01 || few < 2*many {
		t.Errorf("the greatest error is %v with 20 permutations, %v with 8,000", few, many)
	}
}

// Efficiency is exact for any number of permutations; Baseline is the mean over the
// background if that was drawn evenly.
func TestShapleyEfficiency(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 0))
	model := mlp(rng, nil)
	x := autograd.Normal(rng, autograd.Float64, 0, 2, 4, 6)
	background := autograd.Normal(rng, autograd.Float64, 0, 2, 7, 6)
	for _, permutations := range []int{1, 2, 3, 14, 28} {
		a := explain.Shapley(model, x, nil, explain.ShapleyConfig{Background: background, Permutations: permutations, BatchSize: 5})
		near(t, "gaps", a.Gaps(), make([]float64, 4), 1e-12)
		if permutations%14 == 0 {
			mean := model.Forward(background).Mean(0)
			for i, k := range a.Targets {
				near(t, "baseline", a.Baseline[i:i+1], []float64{mean.At(k)}, 1e-12)
			}
		}
	}
}

func TestShapleyAxioms(t *testing.T) {
	x := autograd.New([]float64{1, 1, 3, 0.5}, 1, 4)
	background := autograd.New([]float64{0, 0, 1, 7, 2, 2, 0, -7}, 2, 4)
	// Symmetric in x₀ and x₁, with x₃ a dummy.
	symmetric := nn.Func(func(x v) v {
		a, b, c := x.Slice(1, 0, 1), x.Slice(1, 1, 2), x.Slice(1, 2, 3)
		return a.Mul(b).Mul(c).Add(a.Add(b).Tanh())
	})
	a := explain.Shapley(symmetric, x, nil, explain.ShapleyConfig{Background: background, Permutations: 4000}).Values.Floats()
	if math.Abs(a[0]-a[1]) > 0.05 || math.Abs(a[0]) < 0.1 {
		t.Errorf("of symmetric features one has %v, the other %v", a[0], a[1])
	}
	if a[3] != 0 {
		t.Errorf("a feature that is not used has %v", a[3])
	}
	// Linear: the values are wᵢ(xᵢ − mean of the background), from few permutations already;
	// and those of a sum are the sums, with the same random numbers.
	plain := nn.Func(func(x v) v { return x.MatMul(autograd.New([]float64{2, -1, 0.5, 1}, 4, 1)) })
	config := explain.ShapleyConfig{Background: background, Permutations: 4}
	b := explain.Shapley(plain, x, nil, config).Values.Floats()
	near(t, "linear", b, []float64{0, 0, 1.25, 0.5}, 1e-12)
	both := explain.Shapley(nn.Func(func(x v) v { return symmetric(x).Add(plain(x)) }), x, nil, config).Values.Floats()
	alone := explain.Shapley(symmetric, x, nil, config).Values.Floats()
	for i := range both {
		near(t, "of a sum", both[i:i+1], []float64{alone[i] + b[i]}, 1e-12)
	}
	// The same seed, the same bits; another one, others.
	again := explain.Shapley(symmetric, x, nil, config).Values.Floats()
	config.Seed = 1
	if other := explain.Shapley(symmetric, x, nil, config).Values.Floats(); !slices.Equal(alone, again) || slices.Equal(alone, other) {
		t.Error("the seed does not decide the permutations")
	}
}

// Elements of a group play as one, and share.
func TestShapleyGroups(t *testing.T) {
	x := autograd.New([]float64{2, 3, 5, 7}, 1, 2, 2)
	model := nn.Func(func(x v) v { return x.Reshape(x.Dim(0), 4).Prod(1) })
	// Against zeros there is a product only when all have come: half of it for each of two
	// groups of one and three elements.
	a := explain.Shapley(model, x, nil, explain.ShapleyConfig{Groups: []int{3, 0, 0, 0}, Permutations: 2})
	near(t, "groups", a.Values.Floats(), []float64{105, 35, 35, 35}, 1e-12)
	near(t, "gaps", a.Gaps(), []float64{0}, 1e-12)
}

func TestMistakes(t *testing.T) {
	x := autograd.New([]float64{1, 2, 3, -4, -5, 6}, 2, 3)
	image := autograd.Ones(autograd.Float64, 2, 1, 2, 2)
	sum := nn.Func(func(x v) v { return x.Sum(1, 2, 3) })
	for _, c := range []struct {
		name string
		f    func()
		want any
	}{
		{"no model", func() { explain.Gradient(nil, x, nil) }, &autograd.ValueError{}},
		{"one axis", func() { explain.Gradient(linear, autograd.New([]float64{1}), nil) }, &autograd.ShapeError{}},
		{"targets", func() { explain.Saliency(linear, x, []int{0, 0, 0}) }, &autograd.ValueError{}},
		{"no such output", func() { explain.Gradient(linear, x, []int{2}) }, &autograd.IndexError{}},
		{"outputs", func() { explain.Gradient(nn.Func(func(x v) v { return x.Sum() }), x, nil) }, &autograd.ShapeError{}},
		{"no gradient", func() { explain.Gradient(nn.Func(v.Detach), x, nil) }, &autograd.TapeError{}},
		{"element type", func() { explain.Gradient(linear, x.AsType(autograd.Float32), nil) }, &autograd.DTypeError{}},
		{"samples", func() { explain.SmoothGrad(linear, x, nil, explain.SmoothGradConfig{Samples: -1}) }, &autograd.ValueError{}},
		{"noise", func() { explain.SmoothGrad(linear, x, nil, explain.SmoothGradConfig{Noise: math.NaN()}) }, &autograd.ValueError{}},
		{"steps", func() { explain.IntegratedGradients(linear, x, nil, explain.IntegratedGradientsConfig{Steps: -1}) }, &autograd.ValueError{}},
		{"baseline", func() {
			explain.IntegratedGradients(linear, x, nil, explain.IntegratedGradientsConfig{Baseline: autograd.Zeros(autograd.Float64, 2)})
		}, &autograd.ShapeError{}},
		{"baseline's type", func() {
			explain.Occlusion(linear, x, nil, explain.OcclusionConfig{Baseline: autograd.Zeros(autograd.Float32, 3)})
		}, &autograd.DTypeError{}},
		{"window", func() { explain.Occlusion(linear, x, nil, explain.OcclusionConfig{Window: []int{0}}) }, &autograd.ValueError{}},
		{"windows", func() { explain.Occlusion(linear, x, nil, explain.OcclusionConfig{Window: []int{1, 1}}) }, &autograd.ValueError{}},
		{"gaps", func() { explain.Occlusion(sum, image, nil, explain.OcclusionConfig{Stride: []int{1, 5}}) }, &autograd.ValueError{}},
		{"background", func() {
			explain.Shapley(linear, x, nil, explain.ShapleyConfig{Background: autograd.Zeros(autograd.Float64, 2, 4)})
		}, &autograd.ShapeError{}},
		{"background's type", func() {
			explain.Shapley(linear, x, nil, explain.ShapleyConfig{Background: autograd.Zeros(autograd.Float32, 2, 3)})
		}, &autograd.DTypeError{}},
		{"permutations", func() { explain.Shapley(linear, x, nil, explain.ShapleyConfig{Permutations: -2}) }, &autograd.ValueError{}},
		{"too few groups", func() { explain.Shapley(linear, x, nil, explain.ShapleyConfig{Groups: []int{0}}) }, &autograd.ValueError{}},
		{"group", func() { explain.Shapley(linear, x, nil, explain.ShapleyConfig{Groups: []int{0, 1, 3}}) }, &autograd.ValueError{}},
		{"no such layer", func() { explain.GradCAM(sum, image, nil, "conv", explain.GradCAMConfig{}) }, &autograd.ValueError{}},
		{"no maps", func() { explain.GradCAM(nn.Sequential{linear}, x, nil, "0", explain.GradCAMConfig{}) }, &autograd.ShapeError{}},
		{"not called", func() { explain.GradCAM(idle{}, image, nil, "0.0", explain.GradCAMConfig{}) }, &autograd.ValueError{}},
	} {
		err := autograd.Try(c.f)
		if !sameType(err, c.want) {
			t.Errorf("%s: %T %v, expected a %T", c.name, err, err, c.want)
		}
	}
}
