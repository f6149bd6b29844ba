package autograd_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

func zeros(shape ...int) autograd.Variable { return autograd.Zeros(autograd.Float64, shape...) }

// Weights that are parameters come onto the tape of the data, however the operation is
// made up.
func TestLayerFunctionsTakeParameters(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	weight := func(shape ...int) autograd.Variable { return autograd.Parameter(zeros(shape...)) }
	signal, image := tape.Const(zeros(2, 2, 5)), tape.Const(zeros(2, 2, 4, 4))
	w1, w2, w3, b, g := weight(2, 2, 3), weight(2, 2, 3, 3), weight(2, 2, 3, 3), weight(2), weight(2)
	k, v := weight(2, 4, 4), weight(2, 4, 4)
	sum := autograd.Conv1d(signal, w1, b, autograd.ConvConfig{}).Sum()
	for _, y := range []autograd.Variable{
		autograd.Conv2d(image, w2, b, autograd.ConvConfig{}),
		autograd.ConvTranspose2d(image, w3, b, autograd.ConvConfig{}),
		autograd.BatchNorm(image, g, b, autograd.BatchNormConfig{Eps: 1}),
		autograd.GroupNorm(image, 2, g, b, 1),
		autograd.ScaledDotProductAttention(image, k, v, autograd.AttentionConfig{}),
	} {
		sum = sum.Add(y.Sum())
	}
	grads := sum.Backward()
	for _, w := range []autograd.Variable{w1, w2, w3, b, g, k, v} {
		if _, ok := grads.Lookup(w); !ok {
			t.Errorf("a parameter of shape %v has no gradient", w.Shape())
		}
	}
}

func TestLayerFunctionsRejectWrongShapes(t *testing.T) {
	none := autograd.Variable{}
	three := autograd.Window{Kernel: [2]int{3, 3}}
	for _, test := range []struct {
		name string
		f    func()
		want string // in the error
	}{
		{"unfold of a matrix", func() { zeros(3, 3).Unfold(three) }, "[batch, channels, height, width]"},
		{"window too large", func() { zeros(1, 1, 2, 4).Unfold(three) }, "larger than the image"},
		{"window without size", func() { zeros(1, 1, 4, 4).Unfold(autograd.Window{}) }, "not positive"},
		{"negative padding", func() {
			zeros(1, 1, 4, 4).Unfold(autograd.Window{Kernel: [2]int{1, 1}, Padding: [2]int{0, -1}})
		}, "negative padding"},
		{"negative stride", func() { zeros(1, 1, 4, 4).AvgPool(autograd.AvgPoolConfig{Kernel: []int{1, 1}, Stride: []int{-1, 1}}) }, "positive numbers"},
		{"fold of other windows", func() { zeros(1, 9, 5).Fold(4, 4, three) }, "2×2 windows"},
		{"fold of other rows", func() { zeros(1, 8, 4).Fold(4, 4, three) }, "multiple of 9"},
		{"padding of max pool", func() { zeros(1, 1, 4, 4).MaxPool(autograd.MaxPoolConfig{Kernel: []int{2, 2}, Padding: []int{2, 0}}) }, "half"},
		{"padding of avg pool", func() { zeros(4).AvgPool(autograd.AvgPoolConfig{Kernel: []int{2}, Padding: []int{-1}}) }, "half"},
		{"max pool without a kernel", func() { zeros(4).MaxPool(autograd.MaxPoolConfig{}) }, "one to three"},
		{"max pool of four axes", func() { zeros(1, 1, 4, 4).AdaptiveMaxPool(1, 1, 1, 1) }, "one to three"},
		{"max pool of fewer axes", func() { zeros(4).MaxPool(autograd.MaxPoolConfig{Kernel: []int{2, 2}}) }, "2 axes at least"},
		{"strides of other axes", func() { zeros(4, 4, 4).MaxPool(autograd.MaxPoolConfig{Kernel: []int{2, 2, 2}, Stride: []int{1, 1}}) }, "Stride has 2 numbers"},
		{"large kernel", func() { zeros(4, 2).MaxPool(autograd.MaxPoolConfig{Kernel: []int{3}}) }, "larger than the padded axis"},
		{"window in the padding", func() {
			zeros(1).MaxPool(autograd.MaxPoolConfig{Kernel: []int{2}, Padding: []int{1}, Dilation: []int{2}})
		}, "as a whole"},
		{"parts of nothing", func() { zeros(2, 0).AdaptiveAvgPool(1) }, "expected elements"},
		{"probability", func() { autograd.Dropout(zeros(2), 1.5, 0) }, "from 0 to 1"},
		{"negative parts", func() { zeros(1, 1, 4, 4).AdaptiveAvgPool(-1, 1) }, "-1 parts"},
		{"channels of conv2d", func() { autograd.Conv2d(zeros(1, 3, 4, 4), zeros(2, 2, 3, 3), none, autograd.ConvConfig{}) }, "w [out, in/groups"},
		{"groups of conv2d", func() { autograd.Conv2d(zeros(1, 4, 4, 4), zeros(3, 2, 3, 3), none, autograd.ConvConfig{Groups: 2}) }, "2 groups"},
		{"bias of conv2d", func() { autograd.Conv2d(zeros(1, 2, 4, 4), zeros(3, 2, 3, 3), zeros(2), autograd.ConvConfig{}) }, "bias [3]"},
		{"types of conv2d", func() {
			autograd.Conv2d(zeros(1, 2, 4, 4), autograd.Zeros(autograd.Float32, 3, 2, 3, 3), none, autograd.ConvConfig{})
		}, "float32"},
		{"axes of conv1d", func() { autograd.Conv1d(zeros(1, 2, 4, 4), zeros(3, 2, 3), none, autograd.ConvConfig{}) }, "x [batch, in, length]"},
		{"channels of conv transpose", func() {
			autograd.ConvTranspose2d(zeros(1, 3, 4, 4), zeros(2, 2, 3, 3), none, autograd.ConvConfig{})
		}, "w [in, out/groups"},
		{"output padding", func() {
			autograd.ConvTranspose2d(zeros(1, 2, 4, 4), zeros(2, 2, 3, 3), none, autograd.ConvConfig{OutputPadding: [2]int{0, 1}})
		}, "output padding of 1"},
		{"weight of layer norm", func() { autograd.LayerNorm(zeros(2, 3), zeros(2), none, 0) }, "x's last axes"},
		{"bias of layer norm", func() { autograd.LayerNorm(zeros(2, 3), zeros(3), zeros(2, 3), 0) }, "x's last axes"},
		{"scalar layer norm", func() { autograd.LayerNorm(zeros(), none, none, 0) }, "an axis"},
		{"weight of batch norm", func() { autograd.BatchNorm(zeros(2, 3, 4), zeros(4), none, autograd.BatchNormConfig{}) }, "[3]"},
		{"mean alone", func() { autograd.BatchNorm(zeros(2, 3), none, none, autograd.BatchNormConfig{Mean: zeros(3)}) }, "mean without a variance"},
		{"groups of group norm", func() { autograd.GroupNorm(zeros(2, 3), 2, none, none, 0) }, "2 groups"},
		{"table of embedding", func() { autograd.Embedding(zeros(3), []int{0}) }, "table"},
		{"shape of embedding", func() { autograd.Embedding(zeros(3, 2), []int{0, 1}, 3) }, "2 indices"},
		{"index of embedding", func() { autograd.Embedding(zeros(3, 2), []int{3}) }, "3"},
		{"keys of attention", func() {
			autograd.ScaledDotProductAttention(zeros(4, 2), zeros(4, 3), zeros(4, 2), autograd.AttentionConfig{})
		}, "k [..., keys, features]"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := autograd.Try(test.f)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
			var tapeError *autograd.TapeError
			if errors.As(err, &tapeError) {
				t.Errorf("got %v, want an error about shapes or values", err)
			}
		})
	}
}

func TestAttentionMask(t *testing.T) {
	q, k, v := zeros(2, 3), zeros(4, 3), autograd.New([]float64{1, 2, 4, 8}, 4, 1)
	mask := autograd.New([]float64{1, 0, 0, 1, 0, 1, 1, 0}, 2, 4)
	y := autograd.ScaledDotProductAttention(q, k, v, autograd.AttentionConfig{Mask: mask})
	if diff := cmp.Diff([]float64{4.5, 3}, y.Float64s()); diff != "" {
		t.Error(diff)
	}
}

// Large images are unfolded and folded by several workers.
func TestFoldOfUnfoldCountsWindows(t *testing.T) {
	w := autograd.Window{Kernel: [2]int{3, 3}, Padding: [2]int{1, 1}}
	x := autograd.Ones(autograd.Float32, 4, 8, 64, 64)
	for i, got := range x.Unfold(w).Fold(64, 64, w).Float32s() {
		row, col := i/64%64, i%64
		want := float32(9)
		if row == 0 || row == 63 {
			want -= 3
		}
		if col == 0 || col == 63 {
			want -= want / 3
		}
		if got != want {
			t.Fatalf("row %d, column %d is in %v windows, want %v", row, col, got, want)
		}
	}
}

// Output padding of a stride and more adds what no element of x reaches.
func TestConvTranspose2dPadsTheOutputBeyondTheStride(t *testing.T) {
	x := autograd.New([]float64{1, -2, 3, 4}, 1, 1, 2, 2)
	w := autograd.New([]float64{1, 2, -1, 0.5}, 1, 1, 2, 2)
	bias := autograd.New([]float64{0.25})
	config := autograd.ConvConfig{Dilation: [2]int{2, 3}}
	want := autograd.ConvTranspose2d(x, w, autograd.Variable{}, config).Pad(0, [2]int{}, [2]int{}, [2]int{0, 1}, [2]int{0, 2}).AddScalar(0.25)
	config.OutputPadding = [2]int{1, 2}
	got := autograd.ConvTranspose2d(x, w, bias, config)
	if diff := cmp.Diff(want.Shape(), got.Shape()); diff != "" {
		t.Fatalf("shape (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want.Float64s(), got.Float64s()); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
}
