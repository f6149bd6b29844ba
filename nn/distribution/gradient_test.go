package distribution_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/mathext"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/nn/distribution"
)

// parameters are within the domain of each family, and points within its support.
var parameters = []struct {
	family string
	params []autograd.Variable
	x      autograd.Variable
	points bool // gradients flow to x
}{
	{"normal", vs(autograd.New([]float64{0.3, -1}, 2, 1), autograd.New([]float64{0.5, 1, 2})), autograd.New([]float64{0.4, 2, -3}), true},
	{"laplace", vs(autograd.New([]float64{0.3, -1}, 2, 1), autograd.New([]float64{0.5, 1, 2})), autograd.New([]float64{0.4, 2, -3}), true},
	{"uniform", vs(autograd.New([]float64{0.3, -1}, 2, 1), autograd.New([]float64{1.5, 1, 2})), autograd.New([]float64{0.4, 0.7, 0.9}), true},
	{"gamma", vs(autograd.New([]float64{0.3, 4}, 2, 1), autograd.New([]float64{0.5, 1, 2})), autograd.New([]float64{0.4, 2, 3}), true},
	{"beta", vs(autograd.New([]float64{0.3, 4}, 2, 1), autograd.New([]float64{0.5, 1, 2})), autograd.New([]float64{0.4, 0.2, 0.9}), true},
	{"multivariate_normal", vs(autograd.New([]float64{0.3, 4, 1, 2}, 2, 2), autograd.New([]float64{0.5, 0, 1, 2}, 2, 2)), autograd.New([]float64{0.4, 0.2}), true},
	{"bernoulli", vs(autograd.New([]float64{0.3, -2, 0, 3})), autograd.New([]float64{0, 1, 1, 0}), false},
	{"categorical", vs(autograd.New([]float64{0.3, -4, 1, 2, 0, 0.5}, 2, 3)), autograd.New([]float64{0, 2}), false},
	{"mixture_normal", vs(autograd.New([]float64{0.3, -1, 0.5}), autograd.New([]float64{0.3, -1, 2, 1, 2, 3}, 2, 3), autograd.New([]float64{0.5, 1, 2})), autograd.New([]float64{0.4, 2}), true},
}

func vs(xs ...autograd.Variable) []autograd.Variable { return xs }

// TestGradients checks first and second order derivatives of densities, entropies, moments
// and reparameterized samples, and float32 against float64.
func TestGradients(t *testing.T) {
	for _, c := range parameters {
		of := families[c.family]
		check := func(name string, f autograd.Func, inputs ...autograd.Variable) {
			t.Run(c.family+"/"+name, func(t *testing.T) {
				gradcheck.TestWith(t, gradcheck.Config{SecondOrder: true}, f, inputs...)
				float32s := []autograd.Variable{}
				for _, x := range inputs {
					float32s = append(float32s, x.AsType(autograd.Float32))
				}
				if _, err := gradcheck.CheckFloat32(f, float32s, gradcheck.Config{}); err != nil {
					t.Error(err)
				}
			})
		}
		n := len(c.params)
		if c.points {
			check("LogProb", func(xs []autograd.Variable) autograd.Variable { return of(xs[:n]).LogProb(xs[n]) }, append(vs(c.params...), c.x)...)
		} else {
			check("LogProb", func(xs []autograd.Variable) autograd.Variable {
				return of(xs).LogProb(c.x.AsType(xs[0].DType()))
			}, c.params...)
		}
		check("Mean", func(xs []autograd.Variable) autograd.Variable { return of(xs).Mean().MulScalar(1) }, c.params...)
		check("Variance", func(xs []autograd.Variable) autograd.Variable { return of(xs).Variance() }, c.params...)
		d := of(c.params)
		if _, ok := d.(distribution.Entropic); ok {
			check("Entropy", func(xs []autograd.Variable) autograd.Variable {
				return of(xs).(distribution.Entropic).Entropy()
			}, c.params...)
		}
		if _, ok := d.(distribution.Reparameterized); ok && c.family != "gamma" && c.family != "beta" {
			check("RSample", func(xs []autograd.Variable) autograd.Variable {
				x := of(xs).(distribution.Reparameterized).RSample(rand.New(rand.NewPCG(1, 0)), 5)
				return x.Square()
			}, c.params...)
		}
		if distribution.HasKL(d, d) {
			q := append(vs(c.params[:n-1]...), c.params[n-1].MulScalar(1.3))
			check("KL", func(xs []autograd.Variable) autograd.Variable {
				return distribution.KL(of(xs[:n]), of(xs[n:]))
			}, append(vs(c.params...), q...)...)
		}
	}
}

// TestGammaSlope compares the implicit derivative of a draw with differences of the
// distribution function P(a, x): ∂x/∂a = −(∂P/∂a)/p(x).
func TestGammaSlope(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 0))
	for _, a := range []float64{0.03, 0.2, 0.9, 1, 1.7, 5, 30, 400, 9000} {
		tape := autograd.NewTape(autograd.TapeConfig{})
		concentration := autograd.Parameter(autograd.Full(autograd.Float64, a, 50))
		d := distribution.NewGamma(concentration, autograd.Full(autograd.Float64, 1))
		x := tape.Const(autograd.Ones(autograd.Float64, 50)).Mul(d.RSample(rng))
		grad := x.Sum().Backward().Of(concentration).Float64s()
		for i, x := range x.Float64s() {
			if x < 1e-200 || math.Abs(x-a) > 4*math.Sqrt(a)+2 { // P is 0 or 1, but for rounding
				continue
			}
			lgamma, _ := math.Lgamma(a)
			density := math.Exp((a-1)*math.Log(x) - x - lgamma)
			slope := fd.Derivative(func(a float64) float64 { return mathext.GammaIncReg(a, x) }, a, &fd.Settings{
				Formula: fd.Formula{Stencil: []fd.Point{
					{Loc: -3, Coeff: -1. / 60}, {Loc: -2, Coeff: 3. / 20}, {Loc: -1, Coeff: -3. / 4},
					{Loc: 1, Coeff: 3. / 4}, {Loc: 2, Coeff: -3. / 20}, {Loc: 3, Coeff: 1. / 60},
				}, Derivative: 1, Step: 1}, Step: 0.01 * math.Min(a, math.Sqrt(a)),
			})
			want := -slope / density
			if !(math.Abs(grad[i]-want) <= 1e-6*math.Abs(want)) {
				t.Errorf("a = %g, x = %.15g: derivative %.12g, differences give %.12g", a, x, grad[i], want)
			}
		}
	}
}

// TestBetaGradient compares the gradient of the mean of x(1−x) over draws with that of its
// expectation, αβ/((α+β)(α+β+1)).
func TestBetaGradient(t *testing.T) {
	const n = 200_000
	for _, c := range []struct{ alpha, beta float64 }{{0.4, 0.8}, {1, 1}, {2.5, 0.7}, {20, 9}} {
		params := vs(autograd.Parameter(autograd.Scalar(c.alpha)), autograd.Parameter(autograd.Scalar(c.beta)))
		tape := autograd.NewTape(autograd.TapeConfig{})
		x := distribution.NewBeta(tape.Watch(params[0]), tape.Watch(params[1])).RSample(rand.New(rand.NewPCG(1, 0)), n)
		got := x.Mul(x.Neg().AddScalar(1)).Mean().Backward()
		sum := c.alpha + c.beta
		common := (2*sum + 1) / (sum * sum * (sum + 1) * (sum + 1)) * c.alpha * c.beta
		for i, want := range []float64{c.beta/(sum*(sum+1)) - common, c.alpha/(sum*(sum+1)) - common} {
			if grad := got.Of(params[i]).Item(); math.Abs(grad-want) > 2e-3*(math.Abs(c.beta/(sum*(sum+1)))+1) {
				t.Errorf("Beta(%g, %g): gradient %d of the mean of x(1−x) is %.5f, expected %.5f", c.alpha, c.beta, i, grad, want)
			}
		}
	}
}

func TestGammaSampleIsDifferentiatedOnce(t *testing.T) {
	err := autograd.Try(func() {
		tape := autograd.NewTape(autograd.TapeConfig{})
		a := tape.Watch(autograd.Scalar(2.0))
		x := distribution.NewGamma(a, autograd.Scalar(1.0)).RSample(rand.New(rand.NewPCG(1, 0)))
		autograd.Grad(autograd.Grad(x.Square(), a)[0], a)
	})
	if _, ok := err.(*autograd.TapeError); !ok {
		t.Errorf("a second derivative gave %v, want a *autograd.TapeError", err)
	}
}
