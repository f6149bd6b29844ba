package distribution

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/tensor"
)

// Distribution is a batch of independent probability distributions.
type Distribution interface {
	// BatchShape is the shape of the batch, which the parameters broadcast to.
	BatchShape() []int

	// EventShape is the shape of one draw of one distribution.
	EventShape() []int

	// LogProb is the logarithm of the density, or of the probability, at x, which
	// broadcasts with [batch…, event…]. It panics with [*autograd.ShapeError] if it
	// does not.
	LogProb(x autograd.Variable) autograd.Variable

	// Sample draws from each distribution of the batch, independently for each element
	// of shape: [shape…, batch…, event…]. No gradient flows through the result.
	Sample(rng *rand.Rand, shape ...int) autograd.Variable

	// Mean and Variance have the shape [batch…, event…].
	Mean() autograd.Variable
	Variance() autograd.Variable
}

// Reparameterized is a distribution whose samples carry gradients to its parameters.
type Reparameterized interface {
	Distribution

	// RSample draws the same numbers as Sample with the same source, and gradients flow
	// through them.
	RSample(rng *rand.Rand, shape ...int) autograd.Variable
}

// Entropic is a distribution whose entropy has a closed form.
type Entropic interface {
	Distribution

	// Entropy is the expectation of −LogProb, in nats, with the shape [batch…].
	Entropy() autograd.Variable
}

// shapes are those of a distribution's batch and draws.
type shapes struct{ batch, event []int }

// BatchShape is the shape that the parameters broadcast to.
func (s *shapes) BatchShape() []int { return slices.Clone(s.batch) }

// EventShape is the shape of one draw; of a distribution of numbers it is empty.
func (s *shapes) EventShape() []int { return slices.Clone(s.event) }

// sample is the shape of draws of the given shape.
func (s *shapes) sample(shape []int) []int { return slices.Concat(shape, s.batch, s.event) }

// spread brings a parameter's function to the shape of mean and variance.
func (s *shapes) spread(x autograd.Variable) autograd.Variable {
	return x.BroadcastTo(s.sample(nil)...)
}

// scalars are the shapes of distributions of numbers, with two parameters.
func scalars(op string, a, b autograd.Variable) shapes {
	if a.DType() != b.DType() {
		panic(&autograd.DTypeError{Op: op, DTypes: []autograd.DType{a.DType(), b.DType()}, Reason: "the parameters' types must be the same"})
	}
	return shapes{batch: broadcast(op, a.Shape(), b.Shape())}
}

func broadcast(op string, a, b []int) []int {
	shape, ok := tensor.BroadcastShape(nil, a, b)
	if !ok {
		panic(&autograd.ShapeError{Op: op, Shapes: [][]int{a, b}, Reason: "the shapes do not broadcast"})
	}
	return shape
}

// positive panics unless all elements of a parameter are finite and positive, or NaN.
func positive(op, name string, x autograd.Variable) {
	each(x, func(i int, v float64) {
		if v <= 0 || math.IsInf(v, 1) {
			panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%s must be positive and finite, element %d is %g", name, i, v)})
		}
	})
}

// each calls f for each element.
func each(x autograd.Variable, f func(i int, v float64)) {
	if x.DType() == autograd.Float32 {
		for i, v := range x.Float32s() {
			f(i, float64(v))
		}
		return
	}
	for i, v := range x.Float64s() {
		f(i, v)
	}
}

// within is y where low ≤ x ≤ high, and −Inf elsewhere.
func within(x, low, high, y autograd.Variable) autograd.Variable {
	inside := x.GreaterEqual(low).Mul(x.LessEqual(high))
	return autograd.Where(inside, y, full(y, math.Inf(-1)))
}

// magnitude is |x| with the derivative 1 at 0, for functions that are smooth there all the same:
// with the one of Abs, which is 0, their second derivative would be lost.
func magnitude(x autograd.Variable) autograd.Variable {
	return autograd.Where(x.Less(full(x, 0)), x.Neg(), x)
}

// full is a constant number of the element type of x.
func full(x autograd.Variable, value float64) autograd.Variable {
	return autograd.Full(x.DType(), value)
}

// standardNormal and standardUniform are noise.
func standardNormal(rng *rand.Rand, dtype autograd.DType, shape []int) autograd.Variable {
	return autograd.Normal(rng, dtype, 0, 1, shape...)
}

// standardUniform is uniform in (0, 1), whose ends it never is.
func standardUniform(rng *rand.Rand, dtype autograd.DType, shape []int) autograd.Variable {
	u, bits := autograd.Zeros(dtype, shape...), 52
	if dtype == autograd.Float32 {
		bits = 23
	}
	fill(u, func(int) float64 { return math.Ldexp(float64(rng.Uint64()>>(64-bits))+0.5, -bits) })
	return u
}

// fill writes the elements of a Variable that was just made.
func fill(x autograd.Variable, f func(i int) float64) {
	if x.DType() == autograd.Float32 {
		xs := x.Float32s()
		for i := range xs {
			xs[i] = float32(f(i))
		}
		return
	}
	xs := x.Float64s()
	for i := range xs {
		xs[i] = f(i)
	}
}

// log2Pi is ln 2π.
var log2Pi = math.Log(2 * math.Pi)
