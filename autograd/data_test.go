package autograd_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestSlicesOnTheTape(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	a, b := tape.Float32s([]float32{1, 2, 3, 4, 5, 6}, 2, 3), tape.Float64s([]float64{1, 2})
	if diff := cmp.Diff([]int{2, 3}, a.Shape()); diff != "" || a.DType() != autograd.Float32 || a.At(1, 0) != 4 || a.Tape() != tape || a.Tracked() {
		t.Errorf("%v: %s", a, diff)
	}
	if diff := cmp.Diff([]int{2}, b.Shape()); diff != "" || b.DType() != autograd.Float64 || b.At(1) != 2 {
		t.Errorf("%v: %s", b, diff)
	}
	var shapeError *autograd.ShapeError
	for _, shape := range [][]int{{2, 4}, {-2, -3}, {0}, {math.MaxInt / 2, math.MaxInt / 2}} {
		if err := autograd.Try(func() { tape.Float32s(make([]float32, 6), shape...) }); !errors.As(err, &shapeError) {
			t.Errorf("shape %v: got %v", shape, err)
		}
	}
	w := autograd.Parameter(vector(3, 4))
	if diff := cmp.Diff([]float64{1, 2}, b.Mul(w).Sum().Backward().Of(w).Floats()); diff != "" {
		t.Error(diff)
	}
}

func ExampleTape_Float32s() {
	tape := autograd.NewTape(autograd.TapeConfig{})
	buffer := make([]float32, 4)
	for step := range 2 {
		for i := range buffer {
			buffer[i] = float32(step + i)
		}
		fmt.Println(tape.Float32s(buffer, 2, 2).Sum().Item())
		tape.Reset()
	}
	// Output:
	// 6
	// 10
}

// A mask that is 0 above the diagonal.
func ExampleTape_FromFunc() {
	tape := autograd.NewTape(autograd.TapeConfig{})
	mask := tape.FromFunc(autograd.Float32, func(i int) float64 {
		if row, column := i/3, i%3; column > row {
			return 0
		}
		return 1
	}, 3, 3)
	fmt.Println(mask.Float32s())
	// Output:
	// [1 0 0 1 1 0 1 1 1]
}

func TestFromFunc(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1, 2, 3}))
	tape := autograd.NewTape(autograd.TapeConfig{})
	var loss float64
	var grad [3]float64
	step := func() {
		tape.Reset()
		factors := tape.FromFunc(autograd.Float64, func(i int) float64 { return float64(i * i) }, 3)
		shift := tape.FromFunc(autograd.Float64, func(int) float64 { return 5 })
		y := factors.Mul(w).Add(shift).Sum()
		loss = y.Item()
		copy(grad[:], y.Backward().Of(w).Float64s())
	}
	step()
	if loss != 2+12+15 || grad != [3]float64{0, 1, 4} {
		t.Errorf("loss %v, gradient %v", loss, grad)
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
	none := tape.FromFunc(autograd.Float32, func(int) float64 { panic("called") }, 2, 0)
	if none.Size() != 0 {
		t.Errorf("%v", none)
	}
	var shapeError *autograd.ShapeError
	if err := autograd.Try(func() { tape.FromFunc(autograd.Float32, func(int) float64 { return 0 }, -1) }); !errors.As(err, &shapeError) {
		t.Errorf("error %v", err)
	}
}

// Taking elements out of a vector costs no memory in the steady state, nor do the
// gradients of many of them.
func TestIndexAllocatesNothing(t *testing.T) {
	w := autograd.Parameter(autograd.Ones(autograd.Float64, 50))
	tape := autograd.NewTape(autograd.TapeConfig{})
	step := func() {
		tape.Reset()
		x := tape.Watch(w)
		sum := x.Index(0)
		for i := 1; i < 50; i++ {
			sum = sum.Add(x.Index(i).Mul(x.Index(-i)))
		}
		sum.Backward()
	}
	step()
	if n := testing.AllocsPerRun(10, step); n != 0 {
		t.Errorf("%v allocations a step", n)
	}
}
