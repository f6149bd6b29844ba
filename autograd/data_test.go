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
