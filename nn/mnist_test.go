package nn_test

import (
	"os"
	"testing"
	"time"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/internal/simd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// A convolutional network reads at least 99 of 100 of MNIST's digits that it has not seen,
// after five passes over the others.
func TestConvolutionalNetworkReadsMNIST(t *testing.T) {
	dir := os.Getenv("MNIST_DIR")
	if testing.Short() || race.Enabled || simd.InstructionSet() == "none" || dir == "" {
		t.Skip("needs MNIST in MNIST_DIR, and a minute")
	}
	train, test, err := data.MNIST(t.Context(), data.SourceConfig{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	const epochs, batch, warmup = 5, 64, 200
	rng := newRand(1)
	conv := func(in, out int) nn.Layer {
		return nn.NewConv2d(rng, in, out, []int{3}, nn.ConvConfig{Padding: []int{1}, NoBias: true})
	}
	pool := nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{})
	model := nn.Sequential{
		conv(1, 16), nn.NewBatchNorm2d(16, nn.BatchNormConfig{}), nn.ReLU{}, pool,
		conv(16, 32), nn.NewBatchNorm2d(32, nn.BatchNormConfig{}), nn.ReLU{}, pool,
		nn.Flatten{}, nn.NewLinear(rng, 32*7*7, 128, nn.LinearConfig{}), nn.ReLU{}, nn.NewLinear(rng, 128, 10, nn.LinearConfig{}),
	}
	steps := epochs * (train.Len() + batch - 1) / batch
	start := time.Now()
	history, err := nn.Fit(t.Context(), model, train, nn.FitConfig{
		Epochs: epochs, BatchSize: batch, Metrics: []nn.Metric{nn.Accuracy{}}, Validation: test, Seed: 1,
		Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.002}), Schedule: optim.Warmup(warmup, optim.Cosine(steps-warmup, 0.01)),
	})
	if err != nil {
		t.Fatal(err)
	}
	accuracies, _ := history.Validation("accuracy")
	t.Logf("%.4f after %v", accuracies, time.Since(start).Round(time.Second/10))
	if got := accuracies[epochs-1]; !(got >= 0.99) {
		t.Errorf("the accuracy is %v, want 0.99", got)
	}
}
