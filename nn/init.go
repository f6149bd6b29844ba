package nn

import (
	"fmt"
	"math"
	"math/rand/v2"

	"gonum.org/v1/gonum/mathext"

	"github.com/chainrule-go/chainrule/autograd"
)

// Initializer sets the elements of a parameter, of any shape and type, before training.
// fanIn and fanOut are how many inputs an output of the layer depends on, and how many
// outputs an input takes part in. Numbers are drawn in row-major order, so that the same
// seed gives the same weights, those of float32 rounded from those of float64. An rng
// belongs to one goroutine at a time.
type Initializer func(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int)

// GlorotUniform draws from the uniform distribution in ±√(6/(fanIn+fanOut)), which
// keeps the variance of what tanh and sigmoid layers pass forward and backward near 1
// (Glorot and Bengio 2010). PyTorch calls it xavier_uniform_.
func GlorotUniform(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	bound := math.Sqrt(6 / float64(fanIn+fanOut))
	Uniform(-bound, bound)(rng, w, fanIn, fanOut)
}

// GlorotNormal draws from the normal distribution of variance 2/(fanIn+fanOut), like
// [GlorotUniform] otherwise.
func GlorotNormal(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	Normal(0, math.Sqrt(2/float64(fanIn+fanOut)))(rng, w, fanIn, fanOut)
}

// HeUniform draws from the uniform distribution in ±√(6/fanIn), which keeps the
// variance of what ReLU layers pass forward near 1 (He et al. 2015). PyTorch calls it
// kaiming_uniform_.
func HeUniform(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	bound := math.Sqrt(6 / float64(fanIn))
	Uniform(-bound, bound)(rng, w, fanIn, fanOut)
}

// HeNormal draws from the normal distribution of variance 2/fanIn, like [HeUniform]
// otherwise.
func HeNormal(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	Normal(0, math.Sqrt(2/float64(fanIn)))(rng, w, fanIn, fanOut)
}

// LeCunUniform draws from the uniform distribution in ±√(3/fanIn), which keeps the variance of
// what linear and [SELU] layers pass forward (LeCun et al. 1998, Klambauer et al. 2017).
func LeCunUniform(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	bound := math.Sqrt(3 / float64(fanIn))
	Uniform(-bound, bound)(rng, w, fanIn, fanOut)
}

// LeCunNormal draws from the normal distribution of variance 1/fanIn, like [LeCunUniform]
// otherwise.
func LeCunNormal(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	Normal(0, math.Sqrt(1/float64(fanIn)))(rng, w, fanIn, fanOut)
}

// Zeros sets all elements to 0.
func Zeros(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	Constant(0)(rng, w, fanIn, fanOut)
}

// Ones sets all elements to 1.
func Ones(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
	Constant(1)(rng, w, fanIn, fanOut)
}

// Constant sets all elements to value.
func Constant(value float64) Initializer {
	return func(_ *rand.Rand, w autograd.Variable, _, _ int) {
		fill(w, func() float64 { return value })
	}
}

// Uniform draws from the uniform distribution in low ≤ x < high, one number for each
// element. Rounding to float32 may make one equal to high.
func Uniform(low, high float64) Initializer {
	return func(rng *rand.Rand, w autograd.Variable, _, _ int) {
		fill(w, func() float64 { return low + (high-low)*rng.Float64() })
	}
}

// Normal draws from the normal distribution of the given mean and standard deviation.
func Normal(mean, std float64) Initializer {
	return func(rng *rand.Rand, w autograd.Variable, _, _ int) {
		fill(w, func() float64 { return mean + std*rng.NormFloat64() })
	}
}

// TruncatedNormal draws from the normal distribution of the given mean and standard deviation
// what lies in low ≤ x ≤ high: two standard deviations around the mean is usual. Its own
// standard deviation is less than std. PyTorch calls it trunc_normal_. It panics with
// [*autograd.ValueError] unless std is positive and low < high.
func TruncatedNormal(mean, std, low, high float64) Initializer {
	if !(std > 0) || !(low < high) {
		panic(&autograd.ValueError{Op: "nn.TruncatedNormal", Reason: fmt.Sprintf(
			"a standard deviation of %v from %v to %v: expected a positive number, and bounds in order", std, low, high)})
	}
	// The distribution function, and its inverse, of the nearer tail: there is no cancellation.
	from, to, sign := (low-mean)/std, (high-mean)/std, 1.
	if from > 0 {
		from, to, sign = -to, -from, -1
	}
	below, above := math.Erfc(-from/math.Sqrt2)/2, math.Erfc(-to/math.Sqrt2)/2
	return func(rng *rand.Rand, w autograd.Variable, _, _ int) {
		fill(w, func() float64 {
			p := below + (above-below)*rng.Float64()
			x := mean + sign*std*mathext.NormalQuantile(p)
			return min(max(x, low), high)
		})
	}
}

// Scaled is what f draws, times factor: for the gain of an activation, such as √2 for ReLU.
func Scaled(factor float64, f Initializer) Initializer {
	return func(rng *rand.Rand, w autograd.Variable, fanIn, fanOut int) {
		v := autograd.Parameter(autograd.Zeros(autograd.Float64, w.Shape()...))
		f(rng, v, fanIn, fanOut)
		at := -1
		fill(w, func() float64 { at++; return factor * v.Float64s()[at] })
	}
}

// fill sets w's elements, in row-major order, to what next returns.
func fill(w autograd.Variable, next func() float64) {
	defer w.MarkModified()
	if w.DType() == autograd.Float32 {
		elements := w.Float32s()
		for i := range elements {
			elements[i] = float32(next())
		}
		return
	}
	elements := w.Float64s()
	for i := range elements {
		elements[i] = next()
	}
}

func orInit(f, def Initializer) Initializer {
	if f == nil {
		return def
	}
	return f
}
