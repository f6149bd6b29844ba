package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

// BenchmarkTrainStep measures whole training steps: forward, loss, backward and
// Adam.
func BenchmarkTrainStep(b *testing.B) {
	for _, test := range []struct {
		name  string
		batch int
		sizes []int
	}{
		{"mnist-mlp", 128, []int{784, 128, 10}},
		{"mlp-large", 256, []int{1024, 2048, 2048, 10}},
	} {
		b.Run(test.name, func(b *testing.B) {
			b.ReportAllocs()
			m := newMLP(test.sizes...)
			x, labels := uniform(autograd.Float32, test.batch, test.sizes[0]), classes(test.batch)
			m.step(x, labels) // makes the buffers
			for b.Loop() {
				m.step(x, labels)
			}
			reportFlops[float32](b, m.stepFlops(test.batch))
		})
	}
	b.Run("xor", xor)
}

// xor has so little arithmetic that what is measured is everything else.
func xor(b *testing.B) {
	b.ReportAllocs()
	m := newMLP(2, 8, 1)
	x := autograd.New([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	target := autograd.New([]float32{0, 1, 1, 0}, 4, 1)
	step := func() {
		m.tape.Reset()
		h := autograd.Linear(m.tape.Const(x), m.params[0], m.params[1]).Tanh()
		y := autograd.Linear(h, m.params[2], m.params[3]).Sigmoid()
		m.adam.step(y.Sub(target).Square().Mean().Backward())
	}
	step()
	for b.Loop() {
		step()
	}
}

// BenchmarkMNISTEpoch measures an epoch of a 784-128-10 perceptron in batches of
// 128, its loader included, on MNIST's files in the directory MNIST_DIR, or else on
// bytes of the same number.
func BenchmarkMNISTEpoch(b *testing.B) {
	b.ReportAllocs()
	const batch = 128
	loader := data.NewLoader(digits(b), data.LoaderConfig{BatchSize: batch, Shuffle: true, DropLast: true})
	m := newMLP(784, 128, 10)
	for epoch := 0; b.Loop(); epoch++ {
		for batch, err := range loader.Batches(context.Background(), epoch) {
			if err != nil {
				b.Fatal(err)
			}
			m.step(autograd.New(batch.X.Float32s, batch.X.Shape...), batch.Labels)
		}
	}
	reportFlops[float32](b, float64(loader.Steps())*m.stepFlops(batch))
}

func digits(b *testing.B) *data.Images {
	b.Helper()
	if dir := os.Getenv("MNIST_DIR"); dir != "" {
		train, _, err := data.MNIST(context.Background(), data.MNISTOptions{Dir: dir})
		if err != nil {
			b.Fatal(err)
		}
		return train.Flatten()
	}
	const n = 60_000
	images := &data.Images{Pixels: make([]byte, n*28*28), N: n, Height: 28, Width: 28, Labels: classes(n)}
	rng := rand.New(rand.NewPCG(5, 6))
	for i := range images.Pixels {
		if r := rng.Uint32(); r%5 == 0 { // as many pixels as in MNIST are not black
			images.Pixels[i] = byte(r >> 24)
		}
	}
	return images.Flatten()
}

// BenchmarkInference measures the forward pass of a 784-128-10 perceptron, with
// the softmax of its outputs.
func BenchmarkInference(b *testing.B) {
	for _, batch := range []int{1, 128} {
		b.Run(fmt.Sprintf("batch %d", batch), func(b *testing.B) {
			m := newMLP(784, 128, 10)
			repeat(b, func(x autograd.Variable) autograd.Variable { return m.forward(x).Softmax(-1) },
				uniform(autograd.Float32, batch, 784))
			reportFlops[float32](b, m.forwardFlops(batch))
		})
	}
}

// BenchmarkAdam measures a step of the optimizer alone on 16 million parameters.
// It reads parameter, gradient and two moments, and writes all but the gradient.
func BenchmarkAdam(b *testing.B) {
	b.ReportAllocs()
	w := autograd.Parameter(uniform(autograd.Float32, 1<<14, 1<<10))
	tape := autograd.NewTape()
	grads := tape.Watch(w).MulScalar(0.5).Sum().Backward()
	adam := newAdam([]autograd.Variable{w})
	adam.step(grads) // gives the moments' pages memory
	for b.Loop() {
		adam.step(grads)
	}
	reportBytes(b, 7*4*float64(w.Size()))
}

func classes(n int) []int {
	rng := rand.New(rand.NewPCG(7, 8))
	labels := make([]int, n)
	for i := range labels {
		labels[i] = rng.IntN(10)
	}
	return labels
}
