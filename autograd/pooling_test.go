package autograd_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

var pairs = autograd.MaxPoolConfig{Kernel: []int{2, 2}}

// The gradient goes to the first of the greatest elements, and to a NaN before them.
func TestMaxPoolChoosesTheFirst(t *testing.T) {
	nan := math.NaN()
	x := autograd.New([]float64{1, 1, 2, 3, nan, 4, 1, 1, 3, 3, 1, nan}, 2, 6)
	for _, config := range []autograd.MaxPoolConfig{pairs, {Kernel: []int{2, 2}, Stride: []int{3, 2}}} { // the second has no kernel of its own
		tape := autograd.NewTape(autograd.TapeConfig{})
		watched := tape.Watch(x)
		y, indices := watched.MaxPoolIndices(config)
		if diff := cmp.Diff([]int{0, 3, 11}, indices); diff != "" {
			t.Errorf("%+v: indices (-want +got):\n%s", config, diff)
		}
		want := []float64{1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1}
		plain := y.BackwardWith(autograd.Ones(autograd.Float64, 1, 3)).Of(watched).Floats()
		recorded := autograd.GradWith(y, autograd.Ones(autograd.Float64, 1, 3), watched)[0].Floats()
		if diff := cmp.Diff(want, plain); diff != "" {
			t.Errorf("%+v: gradient (-want +got):\n%s", config, diff)
		}
		if diff := cmp.Diff(want, recorded); diff != "" {
			t.Errorf("%+v: recorded gradient (-want +got):\n%s", config, diff)
		}
	}
}

// Without a backward pass nothing is kept for it, and the result is the same.
func TestMaxPoolKeepsNothingWithoutGradients(t *testing.T) {
	x := autograd.Normal(rand.New(rand.NewPCG(1, 2)), autograd.Float32, 0, 1, 4, 3, 32, 32)
	usage := func(config autograd.TapeConfig) (int, []float64) {
		tape := autograd.NewTape(config)
		y := tape.Watch(x).MaxPool(pairs)
		inUse, _, _ := tape.MemoryUsage()
		return inUse, y.Floats()
	}
	kept, want := usage(autograd.TapeConfig{})
	plain, got := usage(autograd.TapeConfig{NoGrad: true})
	if result := 4 * len(want); plain != result || kept-plain != result/4 {
		t.Errorf("%d bytes without gradients, %d with, for a result of %d: want it alone, and a byte for each element", plain, kept, result)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-recorded +not):\n%s", diff)
	}
}

// Pooling of parameters outside any tape is recorded where it is used.
func TestPoolingOfParameters(t *testing.T) {
	w := autograd.Parameter(autograd.New([]float64{1, 2, 3, 4}, 2, 2))
	y := w.MaxPool(pairs).Add(w.AvgPool(autograd.AvgPoolConfig{Kernel: []int{2, 2}}))
	tape := autograd.NewTape(autograd.TapeConfig{})
	grads := tape.Const(autograd.Scalar(2.)).Mul(y).Sum().Backward()
	if diff := cmp.Diff([]float64{0.5, 0.5, 0.5, 2.5}, grads.Of(w).Floats()); diff != "" {
		t.Error(diff)
	}
}
