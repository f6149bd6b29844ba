package bench

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/simd"
)

func uniform(dtype autograd.DType, shape ...int) autograd.Variable {
	return autograd.Uniform(rand.New(rand.NewPCG(1, 2)), dtype, -1, 1, shape...)
}

// repeat measures f on a tape that only recycles memory.
func repeat(b *testing.B, f func(x autograd.Variable) autograd.Variable, x autograd.Variable) {
	b.Helper()
	b.ReportAllocs()
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	f(tape.Const(x)) // makes the buffers
	for b.Loop() {
		tape.Reset()
		f(tape.Const(x))
	}
}

// BenchmarkMatMul measures products [m, k]·[k, n]. The first three are those of a
// small perceptron, for a batch and for a single example.
func BenchmarkMatMul(b *testing.B) {
	b.Run("f32", func(b *testing.B) { matmul[float32](b, autograd.Float32) })
	b.Run("f64", func(b *testing.B) { matmul[float64](b, autograd.Float64) })
}

func matmul[T simd.Float](b *testing.B, dtype autograd.DType) {
	for _, size := range []struct{ m, k, n int }{
		{128, 784, 128}, {1, 784, 128}, {128, 128, 10},
		{512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048},
	} {
		name := fmt.Sprintf("%dx%dx%d", size.m, size.k, size.n)
		if size.m == size.k && size.k == size.n {
			name = fmt.Sprint(size.m)
		}
		b.Run(name, func(b *testing.B) {
			y := uniform(dtype, size.k, size.n)
			repeat(b, func(x autograd.Variable) autograd.Variable { return x.MatMul(y) }, uniform(dtype, size.m, size.k))
			reportFlops[T](b, 2*float64(size.m)*float64(size.k)*float64(size.n))
		})
	}
}

// BenchmarkUnary measures element-wise functions of float32: a million elements,
// which fit in a large cache, and 16 million, which do not.
func BenchmarkUnary(b *testing.B) {
	for _, op := range []struct {
		name string
		f    func(x autograd.Variable) autograd.Variable
	}{
		{"relu", autograd.Variable.ReLU},
		{"square", autograd.Variable.Square},
		{"sqrt", func(x autograd.Variable) autograd.Variable { return x.Sqrt() }},
		{"exp", autograd.Variable.Exp},
		{"log", autograd.Variable.Log},
		{"sin", autograd.Variable.Sin},
		{"tanh", autograd.Variable.Tanh},
		{"sigmoid", autograd.Variable.Sigmoid},
		{"gelu", autograd.Variable.GELU},
	} {
		b.Run(op.name, func(b *testing.B) {
			for _, size := range sizes() {
				b.Run(size.name, func(b *testing.B) {
					x := uniform(autograd.Float32, size.rows, 1024).Square() // sqrt and log want no negative numbers
					repeat(b, op.f, x)
					reportBytes(b, 2*4*float64(x.Size()))
				})
			}
		})
	}
}

type rows struct {
	name string
	rows int // of 1024 elements
}

func sizes() []rows { return []rows{{"1M", 1 << 10}, {"16M", 1 << 14}} }

// BenchmarkSoftmax measures the softmax of rows of 1024 float32.
func BenchmarkSoftmax(b *testing.B) {
	for _, size := range sizes() {
		b.Run(size.name, func(b *testing.B) {
			x := uniform(autograd.Float32, size.rows, 1024)
			repeat(b, func(x autograd.Variable) autograd.Variable { return x.Softmax(-1) }, x)
			reportBytes(b, 2*4*float64(x.Size()))
		})
	}
}

// BenchmarkLogSumExp measures the logarithm of the sum of exponentials of rows of
// 1024 float32 with its gradient: x is read twice and the gradient written once.
func BenchmarkLogSumExp(b *testing.B) {
	b.Run("forward+backward", func(b *testing.B) {
		for _, size := range sizes() {
			b.Run(size.name, func(b *testing.B) {
				b.ReportAllocs()
				x := uniform(autograd.Float32, size.rows, 1024)
				tape := autograd.NewTape(autograd.TapeConfig{})
				run := func() {
					tape.Reset()
					tape.Watch(x).LogSumExp(-1).Sum().Backward()
				}
				run() // makes the buffers
				for b.Loop() {
					run()
				}
				reportBytes(b, 3*4*float64(x.Size()))
			})
		}
	})
}
