package nn_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// doubled is a layer of a user, made of a convolution.
type doubled struct{ *nn.Conv2d }

func (d doubled) Forward(x autograd.Variable) autograd.Variable {
	return d.Conv2d.Forward(x).MulScalar(2)
}

// A convolution and the ReLU and pooling behind it are one operation, with the values and
// gradients of all; hooks still see what is between them.
func TestSequentialOfWhatIsFolded(t *testing.T) {
	rng := newRand(1)
	conv1, conv2, conv3 := nn.NewConv1d(rng, 2, 3, []int{3}, nn.ConvConfig{}), nn.NewConv2d(rng, 2, 3, []int{3}, nn.ConvConfig{}), nn.NewConv3d(rng, 2, 3, []int{2}, nn.ConvConfig{})
	reflecting := nn.NewConv2d(rng, 2, 3, []int{3}, nn.ConvConfig{Padding: []int{1}, PadMode: nn.PadReflection})
	pool1, pool2, pool3 := nn.NewMaxPool1d([]int{2}, nn.MaxPoolConfig{}), nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}), nn.NewMaxPool3d([]int{2, 1, 2}, nn.MaxPoolConfig{})
	overlapping := nn.NewMaxPool2d([]int{3}, nn.MaxPoolConfig{Stride: []int{2}, Padding: []int{1}, Ceil: true})
	for _, test := range []struct {
		name   string
		layer  nn.Layer
		shape  []int
		behind []nn.Layer
	}{
		{"Conv1d, ReLU", conv1, []int{2, 2, 6}, []nn.Layer{nn.ReLU{}}},
		{"Conv2d, ReLU", conv2, []int{2, 2, 6, 5}, []nn.Layer{nn.ReLU{}}},
		{"Conv2d, ReLU of one image", conv2, []int{2, 6, 5}, []nn.Layer{nn.ReLU{}}},
		{"Conv3d, ReLU", conv3, []int{2, 2, 3, 4, 5}, []nn.Layer{nn.ReLU{}}},
		{"Conv1d, ReLU, MaxPool1d", conv1, []int{8, 2, 7}, []nn.Layer{nn.ReLU{}, pool1}},
		{"Conv2d, ReLU, MaxPool2d", conv2, []int{9, 2, 6, 5}, []nn.Layer{nn.ReLU{}, pool2}},
		{"Conv2d, ReLU, MaxPool2d of few images", conv2, []int{3, 2, 6, 5}, []nn.Layer{nn.ReLU{}, pool2}},
		{"Conv2d, ReLU, MaxPool2d of one image", conv2, []int{2, 6, 5}, []nn.Layer{nn.ReLU{}, pool2}},
		{"Conv2d, ReLU, overlapping MaxPool2d", reflecting, []int{9, 2, 6, 5}, []nn.Layer{nn.ReLU{}, overlapping}},
		{"Conv2d, MaxPool2d", conv2, []int{9, 2, 6, 5}, []nn.Layer{pool2}},
		{"Conv2d, MaxPool2d, ReLU", conv2, []int{9, 2, 6, 5}, []nn.Layer{pool2, nn.ReLU{}}},
		{"Conv3d, ReLU, MaxPool3d", conv3, []int{8, 2, 3, 4, 5}, []nn.Layer{nn.ReLU{}, pool3}},
		{"a user's", doubled{conv2}, []int{9, 2, 6, 5}, []nn.Layer{nn.ReLU{}, pool2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := autograd.Normal(newRand(2), autograd.Float32, 0, 1, test.shape...)
			model := append(nn.Sequential{test.layer}, test.behind...)
			run := func(forward func(x autograd.Variable) autograd.Variable) (values [][]float32) {
				tape := autograd.NewTape(autograd.TapeConfig{})
				input := tape.Watch(x)
				y := forward(input)
				grads := y.Square().Sum().Backward()
				values = append(values, y.Float32s(), grads.Of(input).Float32s())
				for _, w := range nn.Params(model) {
					values = append(values, grads.Of(w).Float32s())
				}
				return values
			}
			behind := func(x autograd.Variable) autograd.Variable {
				for _, layer := range test.behind {
					x = layer.Forward(x)
				}
				return x
			}
			want := run(func(x autograd.Variable) autograd.Variable { return behind(test.layer.Forward(x)) })
			if diff := cmp.Diff(want, run(model.Forward)); diff != "" {
				t.Errorf("(-apart +together):\n%s", diff)
			}
			tape := autograd.NewTape(autograd.TapeConfig{})
			var between autograd.Variable
			remove := nn.AddHooks(tape, model, map[string]nn.Hook{"0": func(_ string, y autograd.Variable) autograd.Variable {
				between = y
				return autograd.Variable{}
			}})
			defer remove()
			y := model.Forward(tape.Const(x))
			if diff := cmp.Diff(behind(between).Float32s(), y.Float32s()); diff != "" {
				t.Errorf("with a hook (-of what it saw +result):\n%s", diff)
			}
		})
	}
}

// Errors name the layer that they come from, also where it is one operation with others.
func TestErrorsOfWhatIsFolded(t *testing.T) {
	rng := newRand(1)
	for _, test := range []struct {
		name  string
		model nn.Sequential
		shape []int
		layer string
	}{
		{"small for the convolution", nn.Sequential{nn.NewConv2d(rng, 2, 3, []int{5}, nn.ConvConfig{}), nn.ReLU{}, nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{})}, []int{9, 2, 4, 4}, "0"},
		{"small for the pooling", nn.Sequential{nn.NewConv2d(rng, 2, 3, []int{3}, nn.ConvConfig{}), nn.ReLU{}, nn.NewMaxPool2d([]int{3}, nn.MaxPoolConfig{})}, []int{9, 2, 4, 4}, "2"},
		{"of other axes", nn.Sequential{nn.NewConv1d(rng, 2, 3, []int{3}, nn.ConvConfig{}), nn.NewMaxPool3d([]int{1}, nn.MaxPoolConfig{})}, []int{9, 2, 4}, "1"},
		{"a window in the padding", nn.Sequential{nn.NewConv1d(rng, 2, 3, []int{2}, nn.ConvConfig{}), nn.NewMaxPool1d([]int{2}, nn.MaxPoolConfig{Padding: []int{1}, Dilation: []int{2}})}, []int{9, 2, 2}, "1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			defer func() {
				var e *nn.LayerError
				if err, ok := recover().(error); !ok || !errors.As(err, &e) || !strings.HasPrefix(err.Error(), test.layer+" (") {
					t.Errorf("%v", err)
				}
			}()
			test.model.Forward(autograd.Zeros(autograd.Float32, test.shape...))
			t.Error("no error")
		})
	}
}
