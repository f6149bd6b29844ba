package nn

import (
	"fmt"
	"math"

	"github.com/chainrule-go/chainrule/autograd"
)

// Activation functions as layers: element by element, of any shape, without parts. Func
// makes a layer of any other operation.

// ReLU is the layer max(x, 0).
type ReLU struct{ NoParts }

// Forward is max(x, 0), whose derivative at 0 is 0.
func (ReLU) Forward(x autograd.Variable) autograd.Variable { return x.ReLU() }

// ReLU6 is the layer min(max(x, 0), 6) (Krizhevsky 2010).
type ReLU6 struct{ NoParts }

// Forward is min(max(x, 0), 6), whose derivative at 0 and 6 is 1.
func (ReLU6) Forward(x autograd.Variable) autograd.Variable { return x.Clamp(0, 6) }

// Sigmoid is the layer 1/(1+e⁻ˣ).
type Sigmoid struct{ NoParts }

// Forward is 1/(1+e⁻ˣ).
func (Sigmoid) Forward(x autograd.Variable) autograd.Variable { return x.Sigmoid() }

// LogSigmoid is the layer ln(1/(1+e⁻ˣ)).
type LogSigmoid struct{ NoParts }

// Forward is the logarithm of the sigmoid, which does not overflow.
func (LogSigmoid) Forward(x autograd.Variable) autograd.Variable { return x.LogSigmoid() }

// Hardsigmoid is the layer x/6 + ½ limited to 0 … 1.
type Hardsigmoid struct{ NoParts }

// Forward is x/6 + ½ limited to 0 … 1.
func (Hardsigmoid) Forward(x autograd.Variable) autograd.Variable { return x.Hardsigmoid() }

// Tanh is the layer of hyperbolic tangents.
type Tanh struct{ NoParts }

// Forward is the hyperbolic tangent of x.
func (Tanh) Forward(x autograd.Variable) autograd.Variable { return x.Tanh() }

// Tanhshrink is the layer x − tanh x.
type Tanhshrink struct{ NoParts }

// Forward is x − tanh x.
func (Tanhshrink) Forward(x autograd.Variable) autograd.Variable { return x.Sub(x.Tanh()) }

// Hardtanh is the layer that limits x to Min ≤ x ≤ Max; both 0 mean −1 and 1.
type Hardtanh struct {
	NoParts
	Min, Max float64
}

// Forward limits x. It panics with [*autograd.ValueError] if Min > Max or one is NaN.
func (l Hardtanh) Forward(x autograd.Variable) autograd.Variable {
	if l.Min == 0 && l.Max == 0 {
		return x.Hardtanh()
	}
	return x.Clamp(l.Min, l.Max)
}

// Hardswish is the layer x·Hardsigmoid(x) (Howard et al. 2019).
type Hardswish struct{ NoParts }

// Forward is x times x/6 + ½ limited to 0 … 1.
func (Hardswish) Forward(x autograd.Variable) autograd.Variable { return x.Hardswish() }

// Hardshrink is the layer that is x where |x| > λ, and 0 elsewhere.
type Hardshrink struct {
	NoParts
	Lambda float64 // λ; 0 means 0.5, None 0
}

// Forward is x where |x| > λ, and 0 elsewhere. It panics with [*autograd.ValueError] if λ
// is negative or not finite.
func (l Hardshrink) Forward(x autograd.Variable) autograd.Variable {
	lambda := number("nn.Hardshrink", "Lambda", l.Lambda, 0.5)
	return x.MaskedFill(x.Equal(x.Clamp(-lambda, lambda)), 0)
}

// Softshrink is the layer that brings x nearer to 0 by λ, and those within λ to 0.
type Softshrink struct {
	NoParts
	Lambda float64 // λ; 0 means 0.5, None 0
}

// Forward is x − λ for x > λ, x + λ for x < −λ, and 0 between. It panics with
// [*autograd.ValueError] if λ is negative or not finite.
func (l Softshrink) Forward(x autograd.Variable) autograd.Variable {
	lambda := number("nn.Softshrink", "Lambda", l.Lambda, 0.5)
	return x.Sub(x.Clamp(-lambda, lambda))
}

// Threshold is the layer that is x where x > Threshold, and Value elsewhere.
type Threshold struct {
	NoParts
	Threshold, Value float64
}

// Forward is x where x > Threshold, and Value elsewhere.
func (l Threshold) Forward(x autograd.Variable) autograd.Variable {
	return x.MaskedFill(x.Equal(x.Clamp(math.Inf(-1), l.Threshold)), l.Value)
}

// LeakyReLU is the layer that is x for x > 0, and Slope·x elsewhere (Maas et al. 2013).
type LeakyReLU struct {
	NoParts
	Slope float64 // 0 means 0.01, None 0
}

// Forward is x for x > 0, and Slope·x elsewhere.
func (l LeakyReLU) Forward(x autograd.Variable) autograd.Variable {
	return x.LeakyReLU(orDefault(l.Slope, 0.01))
}

// ELU is the exponential linear unit: x for x > 0, and α(eˣ−1) elsewhere (Clevert et al. 2015).
type ELU struct {
	NoParts
	Alpha float64 // α; 0 means 1, None 0
}

// Forward is x for x > 0, and α(eˣ−1) elsewhere.
func (l ELU) Forward(x autograd.Variable) autograd.Variable { return x.ELU(orDefault(l.Alpha, 1)) }

// CELU is the layer that is x for x > 0, and α(e^(x/α)−1) elsewhere: an [ELU] whose
// derivative is continuous (Barron 2017).
type CELU struct {
	NoParts
	Alpha float64 // α; 0 means 1
}

// Forward is x for x > 0, and α(e^(x/α)−1) elsewhere. It panics with
// [*autograd.ValueError] unless α is positive.
func (l CELU) Forward(x autograd.Variable) autograd.Variable {
	alpha := orDefault(l.Alpha, 1)
	if !(alpha > 0) {
		panic(&autograd.ValueError{Op: "nn.CELU", Reason: fmt.Sprintf("Alpha is %v, expected a positive number", l.Alpha)})
	}
	return x.DivScalar(alpha).ELU(1).MulScalar(alpha)
}

// SELU is the [ELU] whose constants keep activations normalized (Klambauer et al. 2017).
type SELU struct{ NoParts }

// Forward is 1.0507·ELU(x) with α = 1.6733.
func (SELU) Forward(x autograd.Variable) autograd.Variable { return x.SELU() }

// GELU is the layer x·Φ(x), with the normal distribution function (Hendrycks and Gimpel 2016).
type GELU struct {
	NoParts
	Tanh bool // by the approximation with a hyperbolic tangent
}

// Forward is x·Φ(x).
func (l GELU) Forward(x autograd.Variable) autograd.Variable {
	if l.Tanh {
		return x.GELUTanh()
	}
	return x.GELU()
}

// SiLU is the layer x·sigmoid(x), also called swish.
type SiLU struct{ NoParts }

// Forward is x·sigmoid(x).
func (SiLU) Forward(x autograd.Variable) autograd.Variable { return x.SiLU() }

// Mish is the layer x·tanh(softplus(x)) (Misra 2019).
type Mish struct{ NoParts }

// Forward is x·tanh(softplus(x)).
func (Mish) Forward(x autograd.Variable) autograd.Variable { return x.Mish() }

// Softplus is the layer ln(1+e^(βx))/β, a smooth ReLU.
type Softplus struct {
	NoParts
	Beta      float64 // β; 0 means 1
	Threshold float64 // where βx is above it the result is x; 0 means 20, None 0
}

// Forward is ln(1+e^(βx))/β, and x where βx is above the threshold. It panics with
// [*autograd.ValueError] unless β is positive.
func (l Softplus) Forward(x autograd.Variable) autograd.Variable {
	beta := orDefault(l.Beta, 1)
	if !(beta > 0) {
		panic(&autograd.ValueError{Op: "nn.Softplus", Reason: fmt.Sprintf("Beta is %v, expected a positive number", l.Beta)})
	}
	limit := orDefault(l.Threshold, 20) / beta
	return autograd.Where(x.Greater(x.Clamp(math.Inf(-1), limit)), x, x.SoftplusBeta(beta))
}

// Softsign is the layer x/(1+|x|).
type Softsign struct{ NoParts }

// Forward is x/(1+|x|).
func (Softsign) Forward(x autograd.Variable) autograd.Variable { return x.Softsign() }
