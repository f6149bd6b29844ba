package bench

import (
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// convolution is a convolution of square images, of float32.
type convolution struct {
	name                   string
	batch, in, out, groups int
	size, kernel, stride   int
	padding                int
}

var convolutions = []convolution{
	{"1x1", 32, 64, 64, 1, 28, 1, 1, 0},
	{"3x3", 32, 64, 64, 1, 28, 3, 1, 1},
	{"5x5", 32, 32, 64, 1, 28, 5, 1, 2},
	{"depthwise", 32, 64, 64, 64, 56, 3, 1, 1},
	{"strided", 32, 64, 128, 1, 56, 3, 2, 1},
	{"many channels", 32, 512, 512, 1, 7, 3, 1, 1},
}

func (c convolution) config() autograd.ConvConfig {
	return autograd.ConvConfig{
		Stride: [2]int{c.stride, c.stride}, Padding: [2]int{c.padding, c.padding}, Groups: c.groups,
	}
}

// flops counts the multiplications and additions, those with padding too.
func (c convolution) flops() float64 {
	side := (c.size+2*c.padding-c.kernel)/c.stride + 1
	return 2 * float64(c.batch*side*side) * float64(c.out*c.in/c.groups*c.kernel*c.kernel)
}

// BenchmarkConv2d measures convolutions alone: forward, and forward with the gradients of
// images and weights, which are as many operations each.
func BenchmarkConv2d(b *testing.B) {
	for _, c := range convolutions {
		x := uniform(autograd.Float32, c.batch, c.in, c.size, c.size)
		w := uniform(autograd.Float32, c.out, c.in/c.groups, c.kernel, c.kernel)
		bias := uniform(autograd.Float32, c.out)
		b.Run("forward/"+c.name, func(b *testing.B) {
			repeat(b, func(x autograd.Variable) autograd.Variable { return autograd.Conv2d(x, w, bias, c.config()) }, x)
			reportFlops[float32](b, c.flops())
		})
		b.Run("forward+backward/"+c.name, func(b *testing.B) {
			b.ReportAllocs()
			tape := autograd.NewTape(autograd.TapeConfig{})
			weight, offset := autograd.Parameter(w), autograd.Parameter(bias)
			y := autograd.Conv2d(x, w, bias, c.config())
			upstream := uniform(autograd.Float32, y.Shape()...)
			run := func() {
				tape.Reset()
				autograd.Conv2d(tape.Watch(x), weight, offset, c.config()).BackwardWith(upstream)
			}
			run() // makes the buffers
			for b.Loop() {
				run()
			}
			reportFlops[float32](b, 3*c.flops())
		})
	}
}
