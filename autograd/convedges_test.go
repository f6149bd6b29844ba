package autograd_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

func TestConvolutionsWithoutChannels(t *testing.T) {
	for _, test := range []struct {
		name string
		x, w []int
	}{
		{"no input channels", []int{2, 0, 4, 4}, []int{3, 0, 3, 3}},
		{"no output channels", []int{2, 3, 4, 4}, []int{0, 3, 3, 3}},
		{"none at all", []int{9, 0, 4, 4}, []int{0, 0, 3, 3}},
	} {
		t.Run(test.name, func(t *testing.T) {
			tape := autograd.NewTape(autograd.TapeConfig{})
			x, w := tape.Watch(autograd.Zeros(autograd.Float32, test.x...)), tape.Watch(autograd.Zeros(autograd.Float32, test.w...))
			y := autograd.Conv2d(x, w, autograd.Variable{}, autograd.ConvConfig{})
			if want := []int{test.x[0], test.w[0], 2, 2}; !slices.Equal(y.Shape(), want) {
				t.Errorf("shape %v, want %v", y.Shape(), want)
			}
			grads := y.Sum().Backward()
			for _, g := range gradientOf(grads, x) {
				if g != 0 {
					t.Fatalf("the gradient of x is %v, want zeros", grads.Of(x))
				}
			}
			if got := grads.Of(w).Shape(); !slices.Equal(got, test.w) {
				t.Errorf("the gradient of w is %v, want %v", got, test.w)
			}
		})
	}
}

// A kernel of one element, whose windows do nothing along an axis, but for elements that an
// output padding adds.
func TestTransposedConvolutionPadsOutputByDilation(t *testing.T) {
	w := autograd.New([]float64{2}, 1, 1, 1)
	y := autograd.ConvTranspose1d(autograd.New([]float64{1, 2, 3}, 1, 1, 3), w, autograd.Variable{},
		autograd.ConvConfig{Dilation: [2]int{1, 2}, OutputPadding: [2]int{0, 1}})
	if want := []float64{2, 4, 6, 0}; !slices.Equal(y.Floats(), want) {
		t.Errorf("got %v, want %v", y.Floats(), want)
	}
	w = autograd.New([]float64{2}, 1, 1, 1, 1)
	y = autograd.ConvTranspose2d(autograd.New([]float64{1, 2, 3, 4, 5, 6}, 1, 1, 2, 3), w, autograd.Variable{},
		autograd.ConvConfig{Dilation: [2]int{2, 2}, OutputPadding: [2]int{1, 1}})
	if want := []float64{2, 4, 6, 0, 8, 10, 12, 0, 0, 0, 0, 0}; !slices.Equal(y.Floats(), want) {
		t.Errorf("got %v, want %v", y.Floats(), want)
	}
}

// A stride far beyond the image leaves one window, and no work but for that.
func TestConvolutionWithAHugeStride(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x := tape.Watch(autograd.New([]float64{1, 2, 3, 4, 5}, 1, 1, 5))
	y := autograd.Conv1d(x, autograd.New([]float64{2, 3}, 1, 1, 2), autograd.Variable{}, autograd.ConvConfig{Stride: [2]int{1, math.MaxInt32}})
	if want := []float64{8}; !slices.Equal(y.Floats(), want) {
		t.Errorf("got %v, want %v", y.Floats(), want)
	}
	if got, want := y.Sum().Backward().Of(x).Floats(), []float64{2, 3, 0, 0, 0}; !slices.Equal(got, want) {
		t.Errorf("gradient %v, want %v", got, want)
	}
}

func TestWindowsThatOverflowAreRefused(t *testing.T) {
	x, w := autograd.Zeros(autograd.Float32, 1, 1, 5), autograd.Zeros(autograd.Float32, 1, 1, 3)
	images := autograd.Zeros(autograd.Float32, 1, 1, 5, 5)
	conv := func(c autograd.ConvConfig) func() {
		return func() { autograd.Conv1d(x, w, autograd.Variable{}, c) }
	}
	for name, f := range map[string]func(){
		"padding":  conv(autograd.ConvConfig{Padding: [2]int{0, math.MaxInt}}),
		"dilation": conv(autograd.ConvConfig{Dilation: [2]int{1, 1 << 62}}),
		"stride":   conv(autograd.ConvConfig{Stride: [2]int{1, 1 << 61}}),
		"transposed": func() {
			autograd.ConvTranspose1d(x, w, autograd.Variable{}, autograd.ConvConfig{Stride: [2]int{1, 1 << 61}, Padding: [2]int{0, 1 << 62}})
		},
		"pooling": func() { x.MaxPool(autograd.MaxPoolConfig{Kernel: []int{2}, Dilation: []int{1 << 62}}) },
		"unfold":  func() { images.Unfold(autograd.Window{Kernel: [2]int{3, 3}, Dilation: [2]int{1 << 62, 1}}) },
	} {
		t.Run(name, func(t *testing.T) {
			var refused *autograd.ValueError
			if err := autograd.Try(f); !errors.As(err, &refused) {
				t.Errorf("got %v, want a *ValueError", err)
			}
		})
	}
}

func TestTracedConvolutionsPoolByThemselves(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
	b := tape.Watch(autograd.Zeros(autograd.Float32, 3))
	y := autograd.Conv2d(autograd.Zeros(autograd.Float32, 9, 2, 6, 6), autograd.Zeros(autograd.Float32, 3, 2, 3, 3), b,
		autograd.ConvConfig{MaxPool: autograd.MaxPoolConfig{Kernel: []int{2, 2}}})
	if got := autograd.Graph(y).Find(y).Op; got != "max pool" {
		t.Errorf("the result is of %q, want max pool", got)
	}
}
