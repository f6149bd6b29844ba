package explain

import (
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/integrate/quad"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// IntegratedGradientsConfig configures [IntegratedGradients].
type IntegratedGradientsConfig struct {
	// Baseline is what the examples are compared with: what has nothing in it of what the
	// model looks for, such as black images. It has the shape of x, or that of an
	// example; the zero Variable means zeros.
	Baseline autograd.Variable

	Steps int // gradients along the path; 0 means 50
}

// IntegratedGradients is what each feature adds to the output on the way from a baseline x′
// to the example (Sundararajan, Taly and Yan 2017):
//
//	(xᵢ − x′ᵢ) ∫₀¹ ∂f(x′ + α(x − x′))/∂xᵢ dα
//
// It is complete: the values add up to f(x) − f(x′). The integral is taken by the
// Gauss–Legendre rule, which with n steps is exact where the gradient is a polynomial in α
// of degree 2n − 1 or less; on the folds of ReLUs its error goes with 1/n. Attribution.Gaps
// says how much is missing: take more steps until it is small enough, a percent of the
// difference by the paper's advice. It panics with [*autograd.ShapeError] and
// [*autograd.DTypeError] for a baseline that does not fit x, and with [*autograd.ValueError]
// for a negative number of steps.
func IntegratedGradients(model nn.Layer, x autograd.Variable, targets []int, config IntegratedGradientsConfig) Attribution {
	s := newSubject("IntegratedGradients", model, x, targets)
	steps, baseline := s.orDefault("Steps", config.Steps, 50), s.baseline(config.Baseline)
	place, weight := make([]float64, steps), make([]float64, steps)
	quad.Legendre{}.FixedLocations(place, weight, 0, 1)

	from, way := baseline.Floats(), s.x.Floats()
	floats.Sub(way, from)
	sum, at := make([]float64, len(way)), make([]float64, len(way))
	for k := range steps {
		floats.AddScaledTo(at, from, place[k], way)
		floats.AddScaled(sum, weight[k], s.gradient(newConstant(s.x.DType(), at, s.x.Shape())).Floats())
	}
	floats.Mul(sum, way)
	return Attribution{
		Values:  newConstant(s.x.DType(), sum, s.x.Shape()),
		Targets: s.targets, Output: s.values(s.x, s.targets), Baseline: s.values(baseline, s.targets),
	}
}
