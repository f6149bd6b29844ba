package nn_test

import (
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

// A convolution and the ReLU behind it are one operation, with the values and gradients of
// both; hooks still see what is between them.
func TestSequentialOfConvolutionAndReLU(t *testing.T) {
	rng := newRand(1)
	conv1, conv2, conv3 := nn.NewConv1d(rng, 2, 3, []int{3}, nn.ConvConfig{}), nn.NewConv2d(rng, 2, 3, []int{3}, nn.ConvConfig{}), nn.NewConv3d(rng, 2, 3, []int{2}, nn.ConvConfig{})
	for _, test := range []struct {
		name  string
		layer nn.Layer
		shape []int
	}{
		{"Conv1d", conv1, []int{2, 2, 6}},
		{"Conv2d", conv2, []int{2, 2, 6, 5}},
		{"Conv2d of one image", conv2, []int{2, 6, 5}},
		{"Conv3d", conv3, []int{2, 2, 3, 4, 5}},
		{"a user's", doubled{conv2}, []int{2, 2, 6, 5}},
	} {
		t.Run(test.name, func(t *testing.T) {
			x := autograd.Normal(newRand(2), autograd.Float32, 0, 1, test.shape...)
			model := nn.Sequential{test.layer, nn.ReLU{}}
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
			want := run(func(x autograd.Variable) autograd.Variable { return test.layer.Forward(x).ReLU() })
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
			if diff := cmp.Diff(between.ReLU().Float32s(), y.Float32s()); diff != "" {
				t.Errorf("with a hook (-ReLU of what it saw +result):\n%s", diff)
			}
		})
	}
}
