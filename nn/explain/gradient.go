package explain

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/floats"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Attributions by the gradient at the example, or close to it.

// Gradient is the derivative of the output by the input, of x's shape:
//
//	∂f(x)/∂xᵢ
//
// It says how the output changes with a small change of a feature, which is little where the
// model is saturated, whatever the feature adds. For the rest see the package's
// documentation.
func Gradient(model nn.Layer, x autograd.Variable, targets []int) autograd.Variable {
	s := newSubject("Gradient", model, x, targets)
	return constant(s.gradient(s.x))
}

// Saliency is the magnitude of [Gradient], of x's shape (Simonyan, Vedaldi and Zisserman
// 2014):
//
//	|∂f(x)/∂xᵢ|
//
// For an image of several channels the paper shows the greatest of them, Max(1) of it.
func Saliency(model nn.Layer, x autograd.Variable, targets []int) autograd.Variable {
	s := newSubject("Saliency", model, x, targets)
	return constant(s.gradient(s.x).Detach().Abs())
}

// GradientTimesInput is the first-order share of each feature, of x's shape (Shrikumar et
// al. 2017):
//
//	xᵢ · ∂f(x)/∂xᵢ
//
// For a model that is linear but for a constant, and for one of ReLUs without biases, it adds
// up to f(x) − f(0).
func GradientTimesInput(model nn.Layer, x autograd.Variable, targets []int) autograd.Variable {
	s := newSubject("GradientTimesInput", model, x, targets)
	return constant(s.gradient(s.x).Detach().Mul(s.x))
}

// SmoothGradConfig configures [SmoothGrad].
type SmoothGradConfig struct {
	Samples int     // gradients that are averaged; 0 means 50
	Noise   float64 // σ over the range of an example's features, its maximum − minimum; 0 means 0.15
	Seed    uint64  // of the noise
}

// SmoothGrad is the mean of [Gradient] around the example, of x's shape (Smilkov et al. 2017):
//
//	1/n Σ ∂f(x + ε)/∂xᵢ, ε ~ Normal(0, σ²)
//
// with n samples and σ the noise times the example's range. It takes out what the gradient
// has of the fine folds of the model. Saliency maps of it are its absolute value. It
// panics with [*autograd.ValueError] for a negative number of samples, and noise that is
// negative or not finite.
func SmoothGrad(model nn.Layer, x autograd.Variable, targets []int, config SmoothGradConfig) autograd.Variable {
	s := newSubject("SmoothGrad", model, x, targets)
	samples, noise := s.orDefault("Samples", config.Samples, 50), config.Noise
	noise = cmp.Or(noise, 0.15)
	if !(noise > 0) || math.IsInf(noise, 1) {
		panic(&autograd.ValueError{Op: s.op, Reason: fmt.Sprintf("Noise is %v: expected a positive number", noise)})
	}
	at := s.x.Floats()
	size := len(at) / s.x.Dim(0)
	random, sigma := make([]*rand.Rand, s.x.Dim(0)), make([]float64, s.x.Dim(0))
	for i := range random {
		example := at[i*size : (i+1)*size]
		random[i], sigma[i] = rand.New(rand.NewPCG(config.Seed, uint64(i))), noise*(floats.Max(example)-floats.Min(example))
	}
	sum, moved := make([]float64, len(at)), make([]float64, len(at))
	for range samples {
		for i, v := range at {
			moved[i] = v + sigma[i/size]*random[i/size].NormFloat64()
		}
		floats.Add(sum, s.gradient(newConstant(s.x.DType(), moved, s.x.Shape())).Floats())
	}
	floats.Scale(1/float64(samples), sum)
	return newConstant(s.x.DType(), sum, s.x.Shape())
}
