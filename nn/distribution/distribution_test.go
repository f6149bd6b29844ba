package distribution_test

import (
	"errors"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/distribution"
)

func TestMistakes(t *testing.T) {
	one, two, three := autograd.Scalar(1.0), autograd.New([]float64{1, 2}), autograd.New([]float64{1, 2, 3})
	matrix := autograd.Eye(autograd.Float64, 2)
	normal := distribution.NewNormal(one, one)
	for _, c := range []struct {
		name string
		f    func()
		says string
	}{
		{"shapes", func() { distribution.NewNormal(two, three) }, "Normal of [2] and [3]: the shapes do not broadcast"},
		{"types", func() { distribution.NewGamma(one, autograd.Scalar(float32(1))) }, "Gamma of float64 and float32"},
		{"negative scale", func() { distribution.NewNormal(one, autograd.New([]float64{1, -2})) }, "scale must be positive and finite, element 1 is -2"},
		{"infinite rate", func() { distribution.NewGamma(one, autograd.Scalar(math.Inf(1))) }, "rate must be positive"},
		{"empty interval", func() { distribution.NewUniform(one, one) }, "low must be less than high"},
		{"mean and factor", func() { distribution.NewMultivariateNormal(three, matrix) }, "expected a mean [..., n]"},
		{"diagonal", func() { distribution.NewMultivariateNormal(two, matrix.Neg()) }, "diagonal of scaleTril must be positive"},
		{"vectors", func() { distribution.NewMultivariateNormal(two, matrix).LogProb(three) }, "expected vectors of 2"},
		{"no classes", func() { distribution.NewCategorical(one) }, "expected logits"},
		{"class", func() { distribution.NewCategorical(two).LogProb(two) }, "element 1 is 2, expected a class from 0 to 1"},
		{"components", func() {
			distribution.NewMixture(distribution.NewCategorical(three), distribution.NewNormal(two, two))
		}, "expected weights"},
		{"pair", func() { distribution.KL(normal, distribution.NewBeta(one, one)) }, "divergence of *distribution.Beta from *distribution.Normal is known"},
		{"batches", func() { distribution.KL(distribution.NewNormal(two, two), distribution.NewNormal(three, three)) }, "do not broadcast"},
		{"numbers of classes", func() { distribution.KL(distribution.NewCategorical(two), distribution.NewCategorical(three)) }, "numbers of classes differ"},
		{"no draws", func() { distribution.EstimateKL(nil, normal, normal, 0) }, "number of draws"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if err := autograd.Try(c.f); err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("the error is %v, want one that says %q", err, c.says)
			}
		})
	}
	if err := autograd.Try(func() { distribution.NewNormal(one, autograd.Scalar(math.NaN())) }); err != nil {
		t.Errorf("NaN is refused: %v", err)
	}
	var value *autograd.ValueError
	if err := autograd.Try(func() { distribution.KL(normal, distribution.NewBernoulli(one)) }); !errors.As(err, &value) {
		t.Errorf("an unknown pair gave %v", err)
	}
	if distribution.HasKL(normal, distribution.NewBernoulli(one)) || !distribution.HasKL(normal, normal) {
		t.Error("HasKL does not tell what KL knows")
	}
}

// TestOutsideSupport: the density is 0 there, and no gradient comes back as NaN.
func TestOutsideSupport(t *testing.T) {
	for _, c := range []struct {
		family  string
		outside []float64
	}{
		{"uniform", []float64{-5, 7, math.Inf(1)}},
		{"gamma", []float64{-1, math.Inf(-1)}},
		{"beta", []float64{-0.1, 1.1, 7}},
		{"bernoulli", []float64{-1, 2}},
	} {
		tape := autograd.NewTape(autograd.TapeConfig{})
		params := []autograd.Variable{tape.Watch(autograd.Scalar(1.5)), tape.Watch(autograd.Scalar(2.5))}
		x := tape.Watch(autograd.New(c.outside))
		y := families[c.family](params).LogProb(x)
		for i, v := range y.Floats() {
			if !math.IsInf(v, -1) {
				t.Errorf("%s: ln p(%g) = %g", c.family, c.outside[i], v)
			}
		}
		for _, g := range y.Sum().Backward(params...).All() {
			if g.IsNaN().Max().Item() != 0 {
				t.Errorf("%s: gradient %v", c.family, g)
			}
		}
	}
}

func TestInfiniteDivergences(t *testing.T) {
	s := func(v float64) autograd.Variable { return autograd.Scalar(v) }
	inf := math.Inf(-1)
	excluding := distribution.NewCategorical(autograd.New([]float64{0, inf, 0}))
	all := distribution.NewCategorical(autograd.New([]float64{0, 0, 0}))
	for _, c := range []struct {
		name string
		p, q distribution.Distribution
		want float64
	}{
		{"wider", distribution.NewUniform(s(-1), s(1)), distribution.NewUniform(s(0), s(1)), math.Inf(1)},
		{"narrower", distribution.NewUniform(s(0), s(1)), distribution.NewUniform(s(-1), s(1)), math.Ln2},
		{"everywhere", distribution.NewNormal(s(0), s(1)), distribution.NewUniform(s(-9), s(9)), math.Inf(1)},
		{"excluded by q", all, excluding, math.Inf(1)},
		{"excluded by p", excluding, all, math.Log(1.5)},
		{"excluded by both", excluding, excluding, 0},
	} {
		if got := distribution.KL(c.p, c.q).Item(); got != c.want && !(math.Abs(got-c.want) < 1e-12) {
			t.Errorf("%s: the divergence is %g, want %g", c.name, got, c.want)
		}
	}
	if h := excluding.Entropy().Item(); math.Abs(h-math.Ln2) > 1e-12 {
		t.Errorf("the entropy of two classes of three is %g", h)
	}
}

// TestEstimateKL: the estimate and its gradients are near the closed form's.
func TestEstimateKL(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	loc, scale := tape.Watch(autograd.New([]float64{0, 1}, 2, 1)), tape.Watch(autograd.New([]float64{1, 2, 0.5}))
	p := distribution.NewNormal(loc, scale)
	q := distribution.NewNormal(autograd.Scalar(0.5), autograd.Scalar(1.5))
	estimate := distribution.EstimateKL(rand.New(rand.NewPCG(1, 0)), p, q, 40_000)
	closed := distribution.KL(p, q)
	near := func(what string, got, want autograd.Variable) {
		for i, w := range want.Floats() {
			if g := got.Floats()[i]; !(math.Abs(g-w) < 0.03) {
				t.Errorf("%s %d is %.4f, the closed form %.4f", what, i, g, w)
			}
		}
	}
	near("estimate", estimate, closed)
	a, b := estimate.Sum().Backward(loc, scale), closed.Sum().Backward(loc, scale)
	near("gradient of loc", a.Of(loc), b.Of(loc))
	near("gradient of scale", a.Of(scale), b.Of(scale))
}

func TestResponsibilities(t *testing.T) {
	logits, loc := autograd.New([]float64{0, 1}), autograd.New([]float64{-1, 1})
	d := distribution.NewMixture(distribution.NewCategorical(logits), distribution.NewNormal(loc, autograd.Scalar(1.0)))
	r := d.Responsibilities(autograd.New([]float64{0, 3})).Floats()
	// w₁/w₀ = e, and the densities' ratio is e^(2x)
	for i, x := range []float64{0, 3} {
		if want := 1 / (1 + math.Exp(-1-2*x)); math.Abs(r[2*i+1]-want) > 1e-12 {
			t.Errorf("of x = %g: %g, want %g", x, r[2*i+1], want)
		}
	}
}

// TestInverse: Quantile and CDF are inverse to each other.
func TestInverse(t *testing.T) {
	p := autograd.New([]float64{0.01, 0.3, 0.5, 0.8, 0.999})
	type invertible interface {
		CDF(x autograd.Variable) autograd.Variable
		Quantile(p autograd.Variable) autograd.Variable
	}
	a, b := autograd.Scalar(0.5), autograd.Scalar(2.0)
	for _, d := range []invertible{distribution.NewNormal(a, b), distribution.NewLaplace(a, b), distribution.NewUniform(a, b)} {
		for i, got := range d.CDF(d.Quantile(p)).Floats() {
			if want := p.Floats()[i]; math.Abs(got-want) > 1e-12 {
				t.Errorf("%T: %g, want %g", d, got, want)
			}
		}
	}
}
