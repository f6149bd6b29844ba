package autograd_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
)

// composedConv2d is the convolution as a product with the matrix of windows.
func composedConv2d(x, w, b autograd.Variable, c autograd.ConvConfig) autograd.Variable {
	kernel := [2]int{w.Dim(2), w.Dim(3)}
	groups := max(1, c.Groups)
	columns := x.Unfold(autograd.Window{Kernel: kernel, Stride: c.Stride, Padding: c.Padding, Dilation: c.Dilation})
	columns = columns.Reshape(x.Dim(0), groups, columns.Dim(1)/groups, columns.Dim(2))
	y := w.Reshape(groups, w.Dim(0)/groups, columns.Dim(2)).MatMul(columns)
	var size [2]int
	for axis := range size {
		size[axis] = (x.Dim(2+axis)+2*c.Padding[axis]-max(1, c.Dilation[axis])*(kernel[axis]-1)-1)/max(1, c.Stride[axis]) + 1
	}
	y = y.Reshape(x.Dim(0), w.Dim(0), size[0], size[1]).Add(b.Reshape(-1, 1, 1))
	if c.ReLU {
		y = y.ReLU()
	}
	if c.MaxPool.Kernel != nil {
		y = y.MaxPool(c.MaxPool)
	}
	return y
}

var sideBySide, overlapping = autograd.MaxPoolConfig{Kernel: []int{2, 2}}, autograd.MaxPoolConfig{
	Kernel: []int{3, 2}, Stride: []int{2, 1}, Padding: []int{1, 1}, Dilation: []int{1, 2}, Ceil: true,
}

var composedCases = []struct {
	x, w   [4]int
	config autograd.ConvConfig
}{
	{[4]int{2, 3, 5, 6}, [4]int{4, 3, 3, 2}, autograd.ConvConfig{}},
	{[4]int{2, 4, 7, 8}, [4]int{6, 2, 3, 3}, autograd.ConvConfig{Padding: [2]int{1, 2}, Stride: [2]int{2, 3}, Groups: 2}},
	{[4]int{1, 3, 9, 8}, [4]int{3, 1, 3, 3}, autograd.ConvConfig{Padding: [2]int{2, 1}, Dilation: [2]int{2, 1}, Groups: 3}},
	{[4]int{3, 16, 14, 15}, [4]int{17, 16, 3, 3}, autograd.ConvConfig{Padding: [2]int{1, 1}}}, // by tiles in float32
	{[4]int{2, 20, 6, 6}, [4]int{30, 20, 1, 1}, autograd.ConvConfig{}},
	{[4]int{2, 3, 5, 6}, [4]int{5, 3, 3, 2}, autograd.ConvConfig{ReLU: true, Padding: [2]int{1, 0}}},
	{[4]int{3, 16, 14, 15}, [4]int{17, 16, 3, 3}, autograd.ConvConfig{ReLU: true}},
	{[4]int{3, 2, 5, 6}, [4]int{5, 2, 3, 3}, autograd.ConvConfig{ReLU: true, MaxPool: sideBySide}}, // few images
	{[4]int{8, 2, 7, 6}, [4]int{5, 2, 3, 3}, autograd.ConvConfig{MaxPool: sideBySide}},
	{[4]int{8, 16, 9, 10}, [4]int{17, 16, 3, 3}, autograd.ConvConfig{ReLU: true, MaxPool: sideBySide}}, // by tiles in float32
	{[4]int{8, 16, 26, 27}, [4]int{64, 16, 3, 3}, autograd.ConvConfig{ReLU: true, MaxPool: sideBySide}},
	{[4]int{8, 4, 9, 11}, [4]int{6, 2, 3, 3}, autograd.ConvConfig{Padding: [2]int{1, 2}, Stride: [2]int{2, 1}, Groups: 2, ReLU: true, MaxPool: overlapping}},
	{[4]int{8, 2, 7, 6}, [4]int{5, 2, 3, 3}, autograd.ConvConfig{ReLU: true, MaxPool: autograd.MaxPoolConfig{Kernel: []int{2}}}}, // not of images
}

// The fused rules of convolutions, the recorded ones and those of the composition agree: in
// values, gradients, and gradients of a function of the gradients.
func TestConvolutionsAgreeWithTheirComposition(t *testing.T) {
	type function func(x, w, b autograd.Variable, c autograd.ConvConfig) autograd.Variable
	for _, test := range composedCases {
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			tolerance := 1e-12
			if dtype == autograd.Float32 {
				tolerance = 3e-5
			}
			t.Run(fmt.Sprint(test.x, test.w, test.config.ReLU, test.config.MaxPool.Kernel, " ", dtype), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				random := func(shape ...int) autograd.Variable { return autograd.Normal(rng, dtype, 0, 1, shape...) }
				x, w, b := random(test.x[:]...), random(test.w[:]...), random(test.w[0])
				run := func(f function, recorded bool) (all []autograd.Variable) {
					tape := autograd.NewTape(autograd.TapeConfig{})
					xs := []autograd.Variable{tape.Watch(x), tape.Watch(w), tape.Watch(b)}
					y := f(xs[0], xs[1], xs[2], test.config)
					loss := y.Mul(y).Mean() // upstream gradients that depend on all
					all = append(all, y)
					if !recorded {
						grads := loss.Backward()
						return append(all, grads.Of(xs[0]), grads.Of(xs[1]), grads.Of(xs[2]))
					}
					first := autograd.Grad(loss, xs...)
					all = append(all, first...)
					squares := first[0].Mul(first[0]).Sum().Add(first[1].Mul(first[1]).Sum()).Add(first[2].Sum())
					return append(all, autograd.Grad(squares, xs...)...)
				}
				want := run(composedConv2d, true)
				tangents := []autograd.Variable{random(test.x[:]...), random(test.w[:]...), random(test.w[0])}
				tangent := func(f function) autograd.Variable {
					_, tangent := autograd.JVP(func(xs []autograd.Variable) autograd.Variable { return f(xs[0], xs[1], xs[2], test.config) }, []autograd.Variable{x, w, b}, tangents)
					return tangent.Clone()
				}
				along := tangent(composedConv2d)
				if d := tangent(autograd.Conv2d).Sub(along).Abs().Max().Item(); !(d <= tolerance*along.Abs().Max().Item()) {
					t.Errorf("the tangent differs by %g", d)
				}
				for _, recorded := range []bool{false, true} {
					for i, got := range run(autograd.Conv2d, recorded) {
						scale := want[i].Abs().Max().Item()
						if d := got.Clone().Sub(want[i].Clone()).Abs().Max().Item(); !(d <= tolerance*max(1, scale)) || math.IsNaN(scale) {
							t.Errorf("recorded %v: result %d differs by %g of %g", recorded, i, d, scale)
						}
					}
				}
			})
		}
	}
}

// A convolution that is pooled as one operation gives the bits of those that it is made of, in
// values and gradients.
func TestPooledConvolutionsAreTheSame(t *testing.T) {
	for _, test := range composedCases {
		if test.config.MaxPool.Kernel == nil {
			continue
		}
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			t.Run(fmt.Sprint(test.x, test.w, test.config.ReLU, test.config.MaxPool.Kernel, " ", dtype), func(t *testing.T) {
				rng := rand.New(rand.NewPCG(1, 2))
				random := func(shape ...int) autograd.Variable { return autograd.Normal(rng, dtype, 0, 1, shape...) }
				x, w, b := random(test.x[:]...), random(test.w[:]...), random(test.w[0])
				values := b.Floats()
				values[1] = math.NaN() // a channel of the result
				b = autograd.New(values).AsType(dtype)
				run := func(apart bool) (all [][]float64) {
					tape := autograd.NewTape(autograd.TapeConfig{})
					xs := []autograd.Variable{tape.Watch(x), tape.Watch(w), tape.Watch(b)}
					config := test.config
					if apart {
						config.MaxPool = autograd.MaxPoolConfig{}
					}
					y := autograd.Conv2d(xs[0], xs[1], xs[2], config)
					if apart {
						y = y.MaxPool(test.config.MaxPool)
					}
					if op := autograd.Graph(y).Find(y).Op; !apart && (op == "conv max pool") != (test.x[0] == 8 && len(test.config.MaxPool.Kernel) == 2) {
						t.Errorf("the operation is %s", op)
					}
					upstream := autograd.Normal(rand.New(rand.NewPCG(3, 4)), dtype, 0, 1, y.Shape()...)
					grads := y.Mul(upstream).Sum().Backward()
					all = append(all, y.Floats())
					for _, v := range xs {
						all = append(all, grads.Of(v).Floats())
					}
					return all
				}
				if diff := cmp.Diff(run(true), run(false), cmpopts.EquateNaNs()); diff != "" {
					t.Errorf("(-apart +together):\n%s", diff)
				}
			})
		}
	}
}

// A transposed convolution is the adjoint of a convolution: ⟨conv(x), y⟩ = ⟨x, transposed(y)⟩.
func TestTransposedConvolutionsAreAdjoints(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	random := func(shape ...int) autograd.Variable {
		return autograd.Normal(rng, autograd.Float64, 0, 1, shape...)
	}
	none := autograd.Variable{}
	flat := autograd.ConvConfig{Stride: [2]int{2, 3}, Padding: [2]int{1, 2}, Dilation: [2]int{2, 1}, Groups: 2}
	volumes := autograd.Conv3dConfig{Stride: [3]int{2, 1, 3}, Padding: [3]int{1, 0, 2}, Dilation: [3]int{1, 2, 1}, Groups: 2}
	x1, w1 := random(2, 4, 18), random(6, 2, 4) // sizes of which strides leave no rest
	x2, w2 := random(2, 4, 11, 12), random(6, 2, 3, 4)
	x3, w3 := random(2, 4, 8, 6, 12), random(6, 2, 2, 3, 4)
	for _, test := range []struct {
		name          string
		x, w          autograd.Variable
		conv, adjoint func(x, w autograd.Variable) autograd.Variable
	}{
		{"1d", x1, w1,
			func(x, w autograd.Variable) autograd.Variable { return autograd.Conv1d(x, w, none, flat) },
			func(y, w autograd.Variable) autograd.Variable { return autograd.ConvTranspose1d(y, w, none, flat) }},
		{"2d", x2, w2,
			func(x, w autograd.Variable) autograd.Variable { return autograd.Conv2d(x, w, none, flat) },
			func(y, w autograd.Variable) autograd.Variable { return autograd.ConvTranspose2d(y, w, none, flat) }},
		{"3d", x3, w3,
			func(x, w autograd.Variable) autograd.Variable { return autograd.Conv3d(x, w, none, volumes) },
			func(y, w autograd.Variable) autograd.Variable { return autograd.ConvTranspose3d(y, w, none, volumes) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			image := test.conv(test.x, test.w)
			y := random(image.Shape()...)
			back := test.adjoint(y, test.w)
			left, right := image.Mul(y).Sum().Item(), test.x.Mul(back).Sum().Item()
			if math.Abs(left-right) > 1e-10*math.Abs(left) {
				t.Errorf("%v and %v", left, right)
			}
		})
	}
}
