package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
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
			m := newMLP(nn.MLPConfig{Sizes: test.sizes})
			x, labels := uniform(autograd.Float32, test.batch, test.sizes[0]), classes(test.batch)
			loss := func(output autograd.Variable) autograd.Variable { return nn.CrossEntropyLoss(output, labels) }
			m.step(x, loss) // makes the buffers
			for b.Loop() {
				m.step(x, loss)
			}
			reportFlops[float32](b, m.stepFlops(test.batch))
		})
	}
	b.Run("xor", xor)
	trainNetworks(b)
}

// xor has so little arithmetic that what is measured is everything else.
func xor(b *testing.B) {
	b.ReportAllocs()
	m := newMLP(nn.MLPConfig{Sizes: []int{2, 8, 1}, Activation: nn.Tanh{}, Output: nn.Sigmoid{}})
	x := autograd.New([]float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	target := autograd.New([]float32{0, 1, 1, 0}, 4, 1)
	loss := func(output autograd.Variable) autograd.Variable { return nn.MSELoss(output, target) }
	m.step(x, loss)
	for b.Loop() {
		m.step(x, loss)
	}
}

// BenchmarkMNISTEpoch measures an epoch of a 784-128-10 perceptron in batches of
// 128, its loader included, on MNIST's files in the directory MNIST_DIR, or else on
// bytes of the same number: with pixels from 0 to 1, most of which are 0 and left out of
// products, and with standardized ones, which all count.
func BenchmarkMNISTEpoch(b *testing.B) {
	pixels := digits(b)
	mean, std := pixels.MeanStd()
	b.Run("pixels", func(b *testing.B) { epoch(b, pixels) })
	b.Run("standardized", func(b *testing.B) {
		flops := epoch(b, pixels.Standardize(mean, std))
		reportFlops[float32](b, flops)
	})
}

// epoch trains and returns the operations of an epoch, zeros counted.
func epoch(b *testing.B, digits *data.Images) (flops float64) {
	b.ReportAllocs()
	const batch = 128
	loader := data.NewLoader(digits, data.LoaderConfig{BatchSize: batch, Shuffle: true, DropLast: true, KeepBytes: true})
	m := newMLP(nn.MLPConfig{Sizes: []int{784, 128, 10}})
	trainer := nn.NewTrainer(nn.Supervised(m.model, nil), nn.TrainerConfig{Optimizer: m.adam})
	for b.Loop() {
		for _, err := range trainer.Epoch(context.Background(), loader) {
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	return float64(loader.NumBatches()) * m.stepFlops(batch)
}

func digits(b *testing.B) *data.Images {
	b.Helper()
	if dir := os.Getenv("MNIST_DIR"); dir != "" {
		train, _, err := data.MNIST(context.Background(), data.SourceConfig{Dir: dir})
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
// the softmax of its outputs, and of the networks of each kind.
func BenchmarkInference(b *testing.B) {
	for _, batch := range []int{1, 128} {
		b.Run(fmt.Sprintf("batch %d", batch), func(b *testing.B) {
			m := newMLP(nn.MLPConfig{Sizes: []int{784, 128, 10}, Output: nn.Softmax{}})
			repeat(b, m.model.Forward,
				uniform(autograd.Float32, batch, 784))
			reportFlops[float32](b, m.forwardFlops(batch))
		})
	}
	inferByNetworks(b)
}

func classes(n int) []int {
	rng := rand.New(rand.NewPCG(7, 8))
	labels := make([]int, n)
	for i := range labels {
		labels[i] = rng.IntN(10)
	}
	return labels
}
