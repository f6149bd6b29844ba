package autograd_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestWithDType(t *testing.T) {
	w, c := autograd.Parameter(autograd.New([]float32{1.5, 2.5})), vector(3, 4)
	memory := &w.Float32s()[0]
	func() {
		defer func() { recover() }()
		autograd.WithDType(autograd.Float64, []autograd.Variable{w, c, w}, func() {
			tape := autograd.NewTape(autograd.TapeConfig{})
			grads := tape.Const(c).Mul(w).Sum().Backward()
			if diff := cmp.Diff([]float64{3, 4}, grads.Of(w).Float64s()); diff != "" {
				t.Error(diff)
			}
			w.Float64s()[0] = 7
			c.Float64s()[0] = 8 // its own: it was float64 before
			panic("any")
		})
	}()
	if w.DType() != autograd.Float32 || &w.Float32s()[0] != memory || w.At(0) != 1.5 || c.At(0) != 8 {
		t.Errorf("afterwards %v and %v", w, c)
	}
	var tapeError *autograd.TapeError
	recorded := autograd.NewTape(autograd.TapeConfig{}).Const(c)
	if err := autograd.Try(func() { autograd.WithDType(autograd.Float32, []autograd.Variable{recorded}, func() {}) }); !errors.As(err, &tapeError) {
		t.Errorf("got %v", err)
	}
}

// How much of a result is rounding: the same weights, computed with in float64.
func ExampleWithDType() {
	w := autograd.Parameter(autograd.New([]float32{0.1, 0.2, 0.3}))
	fmt.Printf("%.9f\n", w.Exp().Sum().Item())
	autograd.WithDType(autograd.Float64, []autograd.Variable{w}, func() {
		fmt.Printf("%.9f\n", w.Exp().Sum().Item())
	})
	fmt.Println(w.DType())
	// Output:
	// 3.676432610
	// 3.676432505
	// float32
}
