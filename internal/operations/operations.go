package operations

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
)

// Row describes an operation.
type Row struct {
	Name string // as go doc names it
	F    autograd.Func

	// Shapes lists the shapes of the operands, once for each variant to test. nil stands
	// for one operand of some shapes, of which any would do.
	Shapes [][][]int

	// Operands are in [Low, High], or [−2, 2] where both are 0, and at least 0.05 away from
	// each kink.
	Low, High float64
	Kinks     []float64

	// Apart says that the operation chooses among elements by their size. Its operands have
	// elements that are all different.
	Apart bool

	// Domain, if there is one, brings operands within [Low, High] into the domain. It is
	// made of operations.
	Domain func(xs []v) []v

	// ByEquality says that the result jumps when two elements become equal, in value or in
	// shape, so that the operation has no place in random programs.
	ByEquality bool

	// Reference is the name of the recorded PyTorch cases, if there are any.
	Reference string

	// Oracle is the function in complex numbers, for the derivative by a complex step.
	Oracle func(complex128) complex128

	// Empty says that operands without elements have a meaning.
	Empty bool
}

type v = autograd.Variable

// Table is all rows.
func Table() []Row {
	return slices.Concat(elementwise, activations, binaries, reductions, matrices, linearAlgebra, transforms, movements, layers, transformations)
}

// Elementwise is the rows of operations that compute each element by itself.
func Elementwise() []Row { return slices.Concat(elementwise, activations, binaries) }

// Common lists of shapes.
var (
	anyShape  = [][][]int{{{}}, {{5}}, {{3, 4}}, {{2, 1, 3}}}
	matrixes  = [][][]int{{{3, 4}}, {{4, 4}}}
	squares   = [][][]int{{{1, 1}}, {{3, 3}}, {{4, 4}}}
	broadcast = [][][]int{{{}, {}}, {{3, 4}, {3, 4}}, {{3, 4}, {4}}, {{3, 1}, {1, 4}}, {{2, 3, 4}, {3, 1}}, {{}, {2, 2}}, {{2, 2}, {}}}
)

// of makes the Func of a function of one Variable.
func of(f func(x v) v) autograd.Func { return func(xs []v) v { return f(xs[0]) } }

// of2 makes the Func of a function of two Variables.
func of2(f func(a, b v) v) autograd.Func { return func(xs []v) v { return f(xs[0], xs[1]) } }

// of3 makes the Func of a function of three Variables.
func of3(f func(a, b, c v) v) autograd.Func {
	return func(xs []v) v { return f(xs[0], xs[1], xs[2]) }
}

// over makes the Func of a reduction over the last axis, or of all of a scalar.
func over(f func(x v, axes ...int) v) autograd.Func {
	return of(func(x v) v {
		if x.Rank() == 0 {
			return f(x)
		}
		return f(x, -1)
	})
}

// Variants is the shapes of the operands, once for each variant to test.
func (r Row) Variants() [][][]int {
	if r.Shapes == nil {
		return anyShape
	}
	return r.Shapes
}

// Inputs makes float64 operands of the given shapes; the same seed gives the same.
func (r Row) Inputs(seed uint64, shapes [][]int) []v {
	rng := rand.New(rand.NewPCG(seed, 17))
	if r.Apart {
		return r.InDomain(apart(rng, shapes))
	}
	low, high := r.bounds()
	xs := make([]v, len(shapes))
	for i, shape := range shapes {
		xs[i] = autograd.Uniform(rng, autograd.Float64, low, high, shape...)
		for j, value := range xs[i].Float64s() {
			for _, kink := range r.Kinks {
				if math.Abs(value-kink) < 0.05 {
					xs[i].Float64s()[j] = kink + math.Copysign(0.05, value-kink)
				}
			}
		}
	}
	if r.Domain != nil {
		xs = r.Domain(xs)
	}
	return xs
}

func (r Row) bounds() (low, high float64) {
	if r.Low == r.High {
		return -2, 2
	}
	return r.Low, r.High
}

// apart makes operands whose elements are all apart.
func apart(rng *rand.Rand, shapes [][]int) []v {
	total := 0
	for _, shape := range shapes {
		total += sizeOf(shape)
	}
	values := rng.Perm(total)
	xs := make([]v, len(shapes))
	for i, shape := range shapes {
		xs[i] = autograd.Zeros(autograd.Float64, shape...)
		for j := range xs[i].Float64s() {
			xs[i].Float64s()[j] = 0.25*float64(values[0]) - 1.1
			values = values[1:]
		}
	}
	return xs
}

// InDomain brings any Variables into the domain, by operations: values within the bounds
// by way of the hyperbolic tangent where the row has bounds, and then by Domain.
func (r Row) InDomain(xs []v) []v {
	inside := slices.Clone(xs)
	if r.Low != r.High {
		for i, x := range xs {
			inside[i] = x.Tanh().MulScalar((r.High - r.Low) / 2).AddScalar((r.High + r.Low) / 2)
		}
	}
	if r.Domain != nil {
		inside = r.Domain(inside)
	}
	return inside
}

// Fit gives Variables the given shapes, by operations: elements are repeated or left out as
// it takes. The zero Variable is the result where there are none to repeat.
func Fit(x v, shape []int) v {
	size, wanted := x.Size(), sizeOf(shape)
	if size == 0 && wanted > 0 {
		return v{}
	}
	x = x.Reshape(-1)
	if size < wanted {
		x = x.Tile((wanted + size - 1) / size)
	}
	return x.Slice(0, 0, wanted).Reshape(shape...)
}

func sizeOf(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// dominant makes square matrices diagonally dominant, with a positive diagonal.
func dominant(xs []v) []v {
	ys := slices.Clone(xs)
	for i, x := range xs {
		if x.Rank() >= 2 && x.Dim(-1) == x.Dim(-2) {
			ys[i] = x.Add(autograd.Eye(x.DType(), x.Dim(-1)).MulScalar(float64(x.Dim(-1)) + 0.5))
		}
	}
	return ys
}

// alternating is the constant 1, 0, 1, … of x's shape and type.
func alternating(x v) v {
	mask := autograd.Zeros(autograd.Float64, x.Shape()...)
	for i := range mask.Float64s() {
		mask.Float64s()[i] = float64((i + 1) % 2)
	}
	return mask.AsType(x.DType())
}
