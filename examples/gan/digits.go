package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

const side, classes = 28, 10

// digitsResult is how a generator of digits did.
type digitsResult struct {
	snapshots []autograd.Variable // [images, 1, 28, 28]
	shares    [classes]float64    // of each digit, as a classifier reads what was made
	sure      float64             // how sure the classifier is of what it reads
	sureOfNew float64             // and of digits that people wrote, which it did not learn from
}

var digitsTraining = training{steps: 2500, batch: 64, rate: 1e-3, snapshots: []int{0, 80, 200, 500, 2500}}

// learnDigits trains convolutional networks on images [1, 28, 28].
func learnDigits(ctx context.Context, images, test *data.Images, seed uint64, t training, progress io.Writer) (*digitsResult, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	const width = 32
	stride := func(n int) []int { return []int{n} }
	up := nn.ConvTransposeConfig{Stride: stride(2), Padding: stride(1), NoBias: true}
	down := nn.ConvConfig{Stride: stride(2), Padding: stride(1)}
	leaky := nn.LeakyReLU{Slope: 0.2}
	g := gan{
		generator: nn.Sequential{
			nn.NewLinear(rng, 32, 2*width*7*7, nn.LinearConfig{NoBias: true}), nn.Unflatten{Axis: 1, Sizes: []int{2 * width, 7, 7}},
			nn.NewBatchNorm2d(2*width, nn.BatchNormConfig{}), nn.ReLU{},
			nn.NewConvTranspose2d(rng, 2*width, width, []int{4}, up), nn.NewBatchNorm2d(width, nn.BatchNormConfig{}), nn.ReLU{},
			nn.NewConvTranspose2d(rng, width, 1, []int{4}, nn.ConvTransposeConfig{Stride: stride(2), Padding: stride(1)}), nn.Sigmoid{},
		},
		critic: nn.Sequential{
			nn.NewConv2d(rng, 1, width, []int{4}, down), leaky,
			nn.NewConv2d(rng, width, 2*width, []int{4}, down), leaky,
			nn.Flatten{}, nn.NewLinear(rng, 2*width*7*7, 1, nn.LinearConfig{}),
		},
		noise: 32, penalty: 0.2,
	}
	seen, err := g.train(ctx, images, t, g.noiseFor(rng, 14), seed, progress)
	if err != nil {
		return nil, err
	}
	r := &digitsResult{snapshots: seen}
	made, err := g.make(ctx, g.noiseFor(rng, 2000))
	if err != nil {
		return nil, err
	}
	return r, r.read(ctx, rng, images, test, made)
}

// read has a classifier, learned from the data, read what was made.
func (r *digitsResult) read(ctx context.Context, rng *rand.Rand, images, test *data.Images, made autograd.Variable) error {
	model := nn.Sequential{nn.Flatten{}, nn.Dropout{P: 0.2}, nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{side * side, 128, classes}})}
	if _, err := nn.Fit(ctx, model, images, nn.FitConfig{Epochs: 20, BatchSize: 64}); err != nil {
		return err
	}
	sure := func(ds data.Dataset) (float64, []int, error) {
		logits, err := nn.Predict(ctx, model, ds, nn.PredictConfig{BatchSize: 500})
		if err != nil {
			return 0, nil, err
		}
		return logits.Softmax(-1).Max(-1).Mean().Item(), logits.ArgMax(-1), nil
	}
	var err error
	if r.sureOfNew, _, err = sure(test); err != nil {
		return err
	}
	var read []int
	r.sure, read, err = sure(&data.Arrays{X: data.NewArray(made.Float32s(), made.Shape()...)})
	for _, class := range read {
		r.shares[class] += 1 / float64(len(read))
	}
	return err
}

// missing is how many digits are less than a fifth as frequent as they should be.
func (r *digitsResult) missing() int {
	n := 0
	for _, share := range r.shares {
		if share < 0.2/classes {
			n++
		}
	}
	return n
}

func (r *digitsResult) String() string {
	s := "a classifier reads"
	for class, share := range r.shares {
		s += fmt.Sprintf(" %d: %.0f %%", class, 100*share)
	}
	return s + fmt.Sprintf("; it is %.1f %% sure, and %.1f %% of digits that people wrote", 100*r.sure, 100*r.sureOfNew)
}
