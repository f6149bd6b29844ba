package autograd

import (
	"fmt"
	"math/rand/v2"

	"gonum.org/v1/gonum/mat"

	"github.com/chainrule-go/chainrule/internal/tensor"
)

// New is a constant with the given elements in row-major order and the given
// shape; without a shape it has one axis. It uses data as its memory, without
// copying. It panics with [*ShapeError] if the shape does not have len(data)
// elements.
func New[T Float](data []T, shape ...int) Variable {
	if len(shape) == 0 {
		shape = []int{len(data)}
	}
	checkData("New", len(data), shape)
	n := outsideNode(Float32, shape)
	switch d := any(data).(type) {
	case []float32:
		n.F32 = d
	case []float64:
		n.DType, n.F64 = Float64, d
	}
	return n.variable()
}

// checkShape panics unless shape is one an array can have: no negative size, at
// most 64 axes, and no more elements than an int can count, those of the other axes where
// some are of size 0: an array is refused in whatever order its axes come.
func checkShape(op string, shape []int) {
	bad := func(reason string) {
		panic(&ShapeError{op, [][]int{append([]int{}, shape...)}, reason})
	}
	if len(shape) > maxRank {
		bad("more than 64 axes")
	}
	size := 1
	for _, d := range shape {
		if d < 0 {
			bad("sizes must not be negative")
		}
		if d > 0 && size > maxElements/d {
			bad("too many elements")
		}
		size *= max(d, 1)
	}
}

// maxElements keeps the number of bytes of an array within an int.
const maxElements = int(^uint(0)>>1) / 8

// Scalar is a constant of rank 0.
func Scalar[T Float](value T) Variable { return New([]T{value}).Reshape() }

// Parameter is a persistent leaf whose gradient is wanted, with a copy of v's
// elements: a weight. Operations of any tape use it directly; the gradient is in
// what Backward returns.
func Parameter(v Variable) Variable {
	p := v.Clone()
	p.n.kind = parameter
	return p
}

// Zeros is a constant of zeros. Like all functions that take a shape it panics with
// [*ShapeError] if a size is negative or there are more elements than memory can hold.
func Zeros(dtype DType, shape ...int) Variable {
	checkShape("Zeros", shape)
	return newNode(dtype, shape, constant).variable()
}

// Ones is a constant of ones. It panics as [Zeros] does.
func Ones(dtype DType, shape ...int) Variable { return Full(dtype, 1, shape...) }

// Full is a constant with all elements equal to value. It panics as [Zeros] does.
func Full(dtype DType, value float64, shape ...int) Variable {
	checkShape("Full", shape)
	n := newNode(dtype, shape, constant)
	tensor.Fill(&n.Array, value)
	return n.variable()
}

// Arange is the numbers start, start+step, … before stop, with one axis. It panics
// with [*ValueError] if step is 0 or points away from stop.
func Arange(dtype DType, start, stop, step float64) Variable {
	count := (stop - start) / step
	if step == 0 || !(count >= 0) || count > float64(maxElements) {
		panic(&ValueError{"Arange", fmt.Sprintf("no finite number of steps of %g leads from %g to %g", step, start, stop)})
	}
	size := int(count)
	if float64(size) < count {
		size++
	}
	n := newNode(dtype, []int{size}, constant)
	for i := range size {
		n.Set(i, start+float64(i)*step)
	}
	return n.variable()
}

// Linspace is count numbers evenly spaced from start to stop, both included. It
// panics with [*ValueError] if count is negative.
func Linspace(dtype DType, start, stop float64, count int) Variable {
	if count < 0 {
		panic(&ValueError{"Linspace", fmt.Sprintf("count %d is negative", count)})
	}
	checkShape("Linspace", []int{count})
	n := newNode(dtype, []int{count}, constant)
	for i := range count {
		n.Set(i, start+(stop-start)*float64(i)/float64(max(count-1, 1)))
	}
	if count > 1 {
		n.Set(count-1, stop)
	}
	return n.variable()
}

// Eye is the identity matrix [size, size]. It panics with [*ShapeError] if size is negative.
func Eye(dtype DType, size int) Variable {
	v := Zeros(dtype, size, size)
	for i := range size {
		v.n.Set(i*size+i, 1)
	}
	return v
}

// Uniform is a constant of independent random numbers, uniform in [low, high). It panics
// as [Zeros] does.
func Uniform(rng *rand.Rand, dtype DType, low, high float64, shape ...int) Variable {
	return random(dtype, shape, func() float64 { return low + (high-low)*rng.Float64() })
}

// Normal is a constant of independent random numbers with the normal distribution
// of the given mean and standard deviation. It panics as [Zeros] does.
func Normal(rng *rand.Rand, dtype DType, mean, std float64, shape ...int) Variable {
	return random(dtype, shape, func() float64 { return mean + std*rng.NormFloat64() })
}

func random(dtype DType, shape []int, next func() float64) Variable {
	v := Zeros(dtype, shape...)
	for i := range v.n.Len() {
		v.n.Set(i, next())
	}
	return v
}

// FromMat is a constant of float64 with the elements of m. Of a *mat.Dense without
// gaps between its rows, and of a *mat.VecDense without gaps, it shares the memory;
// anything else it copies. A vector gives one axis, any other matrix two.
func FromMat(m mat.Matrix) Variable {
	rows, cols := m.Dims()
	switch m := m.(type) {
	case *mat.VecDense:
		if raw := m.RawVector(); raw.Inc == 1 || raw.N == 0 {
			return New(raw.Data[:raw.N], raw.N)
		}
		return New(mat.Col(nil, 0, m), rows)
	case *mat.Dense:
		if raw := m.RawMatrix(); raw.Stride == raw.Cols {
			return New(raw.Data[:rows*cols], rows, cols)
		}
	}
	data := make([]float64, 0, rows*cols)
	for i := range rows {
		for j := range cols {
			data = append(data, m.At(i, j))
		}
	}
	return New(data, rows, cols)
}

// Mat is x as a gonum matrix: [n] as a column [n, 1], a scalar as [1, 1]. For
// float64 it shares x's memory and is valid as long as x; float32 is converted. It
// panics with [*ShapeError] if x has more than two axes, or no elements, which
// gonum does not know.
func (x Variable) Mat() *mat.Dense {
	n := x.check("Mat")
	if len(n.Shape) > 2 || n.Len() == 0 {
		panic(&ShapeError{"Mat", shapesOf(n), "expected at most two axes and at least one element"})
	}
	rows, cols := 1, 1
	if len(n.Shape) > 0 {
		rows = n.Shape[0]
	}
	if len(n.Shape) > 1 {
		cols = n.Shape[1]
	}
	if n.DType == Float64 {
		return mat.NewDense(rows, cols, n.F64)
	}
	return mat.NewDense(rows, cols, x.Floats())
}
