package distribution_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/distribution"
)

const draws = 20_000

// TestKolmogorovSmirnov compares draws with the distribution functions of gonum: the greatest
// difference of the empirical one exceeds 1.95/√n once in a thousand seeds.
func TestKolmogorovSmirnov(t *testing.T) {
	mixture := func(x float64) float64 {
		return 0.25*distuv.Normal{Mu: -2, Sigma: 0.5}.CDF(x) + 0.75*distuv.Normal{Mu: 1, Sigma: 1}.CDF(x)
	}
	for _, c := range []struct {
		name   string
		family string
		params [][]float64
		cdf    func(x float64) float64
	}{
		{"normal", "normal", [][]float64{{1}, {2}}, distuv.Normal{Mu: 1, Sigma: 2}.CDF},
		{"laplace", "laplace", [][]float64{{1}, {2}}, distuv.Laplace{Mu: 1, Scale: 2}.CDF},
		{"uniform", "uniform", [][]float64{{-1}, {2}}, distuv.Uniform{Min: -1, Max: 2}.CDF},
		{"gamma of 0.1", "gamma", [][]float64{{0.1}, {2}}, distuv.Gamma{Alpha: 0.1, Beta: 2}.CDF},
		{"gamma of 1", "gamma", [][]float64{{1}, {2}}, distuv.Gamma{Alpha: 1, Beta: 2}.CDF},
		{"gamma of 7", "gamma", [][]float64{{7}, {0.5}}, distuv.Gamma{Alpha: 7, Beta: 0.5}.CDF},
		{"beta of 0.3 and 0.6", "beta", [][]float64{{0.3}, {0.6}}, distuv.Beta{Alpha: 0.3, Beta: 0.6}.CDF},
		{"beta of 5 and 2", "beta", [][]float64{{5}, {2}}, distuv.Beta{Alpha: 5, Beta: 2}.CDF},
		{"mixture", "mixture_normal", [][]float64{{math.Log(0.25), math.Log(0.75)}, {-2, 1}, {0.5, 1}}, mixture},
	} {
		for _, dtype := range []autograd.DType{autograd.Float64, autograd.Float32} {
			t.Run(c.name+"/"+dtype.String(), func(t *testing.T) {
				params := make([]autograd.Variable, len(c.params))
				for i, p := range c.params {
					params[i] = autograd.New(p).AsType(dtype)
				}
				xs := families[c.family](params).Sample(rand.New(rand.NewPCG(1, 2)), draws).Floats()
				slices.Sort(xs)
				greatest := 0.0
				for i, x := range xs {
					p := c.cdf(x)
					greatest = max(greatest, p-float64(i)/draws, float64(i+1)/draws-p)
				}
				if !(greatest <= 1.95/math.Sqrt(draws)) {
					t.Errorf("the distribution functions differ by %.4f", greatest)
				}
			})
		}
	}
}

// TestMoments compares means and variances of draws with Mean and Variance, within five
// standard errors, for batches too.
func TestMoments(t *testing.T) {
	for _, c := range parameters {
		t.Run(c.family, func(t *testing.T) {
			d := families[c.family](c.params)
			mean, variance := d.Mean(), d.Variance()
			x := d.Sample(rand.New(rand.NewPCG(1, 0)), draws/2, 2)
			if want := append([]int{draws / 2, 2}, mean.Shape()...); !cmp.Equal(x.Shape(), want) {
				t.Fatalf("samples have shape %v, want %v", x.Shape(), want)
			}
			deviation := x.Sub(mean)
			fourth := deviation.Square().Square().Mean(0, 1).Floats()
			for i, got := range x.Mean(0, 1).Floats() {
				want, v := mean.Floats()[i], variance.Floats()[i]
				if !(math.Abs(got-want) <= 5*math.Sqrt(v/draws)) {
					t.Errorf("element %d has mean %g, want %g", i, got, want)
				}
				if got := deviation.Square().Mean(0, 1).Floats()[i]; !(math.Abs(got-v) <= 5*math.Sqrt((fourth[i]-v*v)/draws)) {
					t.Errorf("element %d has variance %g, want %g", i, got, v)
				}
			}
		})
	}
}

// TestEntropyIsMeanOfLogProb compares entropies with means of −LogProb over draws.
func TestEntropyIsMeanOfLogProb(t *testing.T) {
	for _, c := range parameters {
		d, ok := families[c.family](c.params).(distribution.Entropic)
		if !ok {
			continue
		}
		t.Run(c.family, func(t *testing.T) {
			lost := d.LogProb(d.Sample(rand.New(rand.NewPCG(1, 0)), draws)).Neg()
			std := lost.Std(0).Floats()
			for i, want := range d.Entropy().Floats() {
				if got := lost.Mean(0).Floats()[i]; !(math.Abs(got-want) <= 5*std[i]/math.Sqrt(draws)+1e-12) {
					t.Errorf("element %d: −ln p is %g in the mean, the entropy %g", i, got, want)
				}
			}
		})
	}
}

// TestSampling: Sample and RSample draw the same, the same again with the same seed, and only
// RSample carries gradients.
func TestSampling(t *testing.T) {
	for _, c := range parameters {
		t.Run(c.family, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			params := make([]autograd.Variable, len(c.params))
			for i, p := range c.params {
				params[i] = tape.Watch(p.Clone())
			}
			d := families[c.family](params)
			x := d.Sample(rand.New(rand.NewPCG(5, 0)), 3)
			if again := d.Sample(rand.New(rand.NewPCG(5, 0)), 3); !cmp.Equal(x.Floats(), again.Floats()) {
				t.Error("the same seed gives other draws")
			}
			if other := d.Sample(rand.New(rand.NewPCG(6, 0)), 30); cmp.Equal(x.Floats(), other.Floats()[:x.Size()]) {
				t.Error("another seed gives the same draws")
			}
			grad := func(y autograd.Variable) bool {
				found := false
				autograd.Try(func() {
					for _, p := range params {
						if g, ok := y.Square().Sum().Backward(params...).Lookup(p); ok && g.Norm().Item() > 0 {
							found = true
						}
					}
				})
				return found
			}
			if grad(tape.Const(autograd.Scalar(1.0)).Mul(x)) {
				t.Error("gradients flow through Sample")
			}
			if r, ok := d.(distribution.Reparameterized); ok {
				y := r.RSample(rand.New(rand.NewPCG(5, 0)), 3)
				if !cmp.Equal(x.Floats(), y.Floats()) {
					t.Error("Sample and RSample draw different numbers")
				}
				if !grad(y) {
					t.Error("no gradients flow through RSample")
				}
			}
		})
	}
}

// TestSmallConcentrations: draws that underflow stay positive, and gradients finite.
func TestSmallConcentrations(t *testing.T) {
	for _, dtype := range []autograd.DType{autograd.Float64, autograd.Float32} {
		tape := autograd.NewTape(autograd.TapeConfig{})
		a := tape.Watch(autograd.Full(dtype, 1e-3, 1000))
		rng := rand.New(rand.NewPCG(1, 0))
		gamma := distribution.NewGamma(a, autograd.Full(dtype, 1))
		beta := distribution.NewBeta(a, a)
		for name, d := range map[string]distribution.Reparameterized{"Gamma": gamma, "Beta": beta} {
			x := d.RSample(rng)
			for _, v := range x.Floats() {
				if !(v > 0) || name == "Beta" && !(v < 1) {
					t.Fatalf("%s of %v: drew %g", name, dtype, v)
				}
			}
			for _, v := range x.Sum().Backward(a).Of(a).Floats() {
				if math.IsNaN(v) || math.IsInf(v, 0) {
					t.Fatalf("%s of %v: gradient %g", name, dtype, v)
				}
			}
			if p := d.LogProb(x); p.IsFinite().Min().Item() != 1 {
				t.Errorf("%s of %v: the density of a draw is not finite", name, dtype)
			}
		}
	}
}
