package tensor

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Every function is compared with the plainest loops over indices, for both element
// types: see the tables of cases in the other files.

// testCase computes something on random arrays, and the same by plain loops in float64.
type testCase struct {
	name string
	run  func(r *random) (got *Array, want []float64)
}

// random makes arrays of one element type.
type random struct {
	*rand.Rand
	dtype DType
}

// array is a random array. Its elements are the same numbers in either type.
func (r *random) array(shape ...int) *Array {
	a := New(r.dtype, shape)
	for i := range a.Len() {
		a.Set(i, float64(float32(r.NormFloat64())))
	}
	return &a
}

// garbage is an array whose content must not matter.
func (r *random) garbage(shape ...int) *Array {
	a := New(r.dtype, shape)
	for i := range a.Len() {
		a.Set(i, math.NaN())
	}
	return &a
}

func valuesOf(a *Array) []float64 {
	values := make([]float64, a.Len())
	for i := range values {
		values[i] = a.At(i)
	}
	return values
}

// indices are the indices of an array of this shape in row-major order. The slice is
// reused.
func indices(shape []int) iter.Seq2[int, []int] {
	return func(yield func(int, []int) bool) {
		index := make([]int, len(shape))
		for i := range SizeOf(shape) {
			rest := i
			for axis := len(shape) - 1; axis >= 0; axis-- {
				index[axis] = rest % shape[axis]
				rest /= shape[axis]
			}
			if !yield(i, index) {
				return
			}
		}
	}
}

// at is the element of a at an index of an array that a is broadcast to.
func at(a *Array, index []int) float64 {
	flat := 0
	for axis, size := range a.Shape {
		i := index[len(index)-len(a.Shape)+axis]
		if size == 1 {
			i = 0
		}
		flat = flat*size + i
	}
	return a.At(flat)
}

func runCases(t *testing.T, cases []testCase) {
	t.Helper()
	for _, c := range cases {
		for _, dtype := range []DType{Float32, Float64} {
			t.Run(fmt.Sprintf("%s/%v", c.name, dtype), func(t *testing.T) {
				got, want := c.run(&random{rand.New(rand.NewPCG(1, 2)), dtype})
				tolerance := 1e-12
				if dtype == Float32 {
					tolerance = 2e-5
				}
				compare(t, got, want, tolerance)
			})
		}
	}
}

func compare(t *testing.T, got *Array, want []float64, tolerance float64) {
	t.Helper()
	if got.Len() != len(want) {
		t.Fatalf("%d elements, want %d", got.Len(), len(want))
	}
	for i, w := range want {
		g := got.At(i)
		if g == w || math.IsNaN(g) && math.IsNaN(w) {
			continue
		}
		if !(math.Abs(g-w) <= tolerance*max(1, math.Abs(w))) {
			t.Fatalf("element %d of shape %v is %v, want %v", i, got.Shape, g, w)
		}
	}
}

// someShapes are shapes that the cases go through: scalars, empty ones, sizes that do
// not fill a vector, and one that is cut into pieces.
var someShapes = [][]int{{}, {0}, {1}, {7}, {3, 5}, {2, 0, 3}, {2, 3, 4}, {4, 1, 9}, {2, 3, 2, 5}, {130, 300}, {3, 70, 201}}

func name(parts ...any) string { return fmt.Sprint(parts...) }

func TestShapes(t *testing.T) {
	for _, test := range []struct{ a, b, want []int }{
		{nil, nil, []int{}},
		{[]int{3}, nil, []int{3}},
		{[]int{2, 3}, []int{3}, []int{2, 3}},
		{[]int{3}, []int{2, 3}, []int{2, 3}},
		{[]int{2, 1}, []int{1, 3}, []int{2, 3}},
		{[]int{0, 1}, []int{3}, []int{0, 3}},
		{[]int{1}, []int{0}, []int{0}},
		{[]int{2}, []int{3}, nil},
		{[]int{0}, []int{2}, nil},
		{[]int{2, 3}, []int{2}, nil},
	} {
		got, ok := BroadcastShape(nil, test.a, test.b)
		if ok != (test.want != nil) || ok && !slices.Equal(got, test.want) {
			t.Errorf("BroadcastShape(%v, %v) = %v, %v, want %v", test.a, test.b, got, ok, test.want)
		}
	}
	if SizeOf(nil) != 1 || SizeOf([]int{2, 3, 4}) != 24 || SizeOf([]int{5, 0}) != 0 {
		t.Error("SizeOf is wrong")
	}
	if !EqualShape(nil, []int{}) || EqualShape([]int{1}, nil) || EqualShape([]int{2, 3}, []int{3, 2}) {
		t.Error("EqualShape is wrong")
	}
}

func TestArray(t *testing.T) {
	for _, dtype := range []DType{Float32, Float64} {
		a := New(dtype, []int{2, 3})
		for i := range 6 {
			a.Set(i, float64(i))
		}
		v := a.View(2, 3, []int{3})
		v.Set(0, 20)
		if a.At(2) != 20 || v.Len() != 3 || v.DType != dtype || v.At(2) != 4 {
			t.Errorf("%v: a view of %v is %v", dtype, valuesOf(&a), valuesOf(&v))
		}
	}
	if Float32.String() != "float32" || Float64.String() != "float64" || Float32.Size() != 4 || Float64.Size() != 8 {
		t.Error("an element type has the wrong name or size")
	}
}

func TestPool(t *testing.T) {
	for n := range 5000 {
		if class, size := classOf(n); size < n || n > minSize && float64(size) > 1.25*float64(n) || class >= numClasses {
			t.Fatalf("%d elements are in class %d of size %d", n, class, size)
		} else if again, same := classOf(size); again != class || same != size {
			t.Fatalf("size %d of class %d is in class %d of size %d", size, class, again, same)
		}
	}
	var p Pool
	a, b := p.Get32(100), p.Get64(50)
	inUse, peak, held := p.Usage()
	if len(a) != 100 || len(b) != 50 || inUse < 800 || peak != inUse || held != inUse {
		t.Errorf("lengths %d and %d, %d bytes in use, peak %d, %d held", len(a), len(b), inUse, peak, held)
	}
	p.Put32(a)
	p.Put64(b)
	if inUse, after, stillHeld := p.Usage(); inUse != 0 || after != peak || stillHeld != held {
		t.Errorf("after giving back %d bytes in use, peak %d, %d held", inUse, after, stillHeld)
	}
	if again := p.Get32(97); &again[0] != &a[0] || len(again) != 97 {
		t.Error("memory of the same class is not used again")
	}
	p.ResetPeak()
	if inUse, peak, _ := p.Usage(); peak != inUse {
		t.Errorf("the peak is %d after ResetPeak, %d are in use", peak, inUse)
	}
	if n := testing.AllocsPerRun(100, func() { p.Put64(p.Get64(51)) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
