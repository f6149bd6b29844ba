// Cnn trains a convolutional network on MNIST, or on Fashion-MNIST, and tells how many
// images of the test set it gets right: with batch normalization, images changed at
// random, a learning rate in one cycle, averaged weights, and a validation set that
// decides which epoch was the best.
//
//	go run ./examples/cnn -seed 1
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"github.com/chainrule-go/chainrule/nn/progress"
)

func main() {
	fashion := flag.Bool("fashion", false, "learn clothing instead of digits")
	dir := flag.String("dir", "", "`directory` with the data set's files (default: find or download them)")
	seed := flag.Uint64("seed", 1, "of weights, the order of images and what becomes of them")
	epochs := flag.Int("epochs", 15, "passes over the training images")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	load, change := data.MNIST, data.AugmentConfig{Shift: 2, Rotate: 10, Scale: 0.1, Shear: 5}
	if *fashion {
		load, change = data.FashionMNIST, data.AugmentConfig{Shift: 2, FlipX: true}
	}
	images, test, err := load(ctx, data.SourceConfig{Dir: *dir})
	if err != nil {
		log.Fatal(err)
	}
	images, test = images.Standardize(images.MeanStd()), test.Standardize(images.MeanStd())
	train, validation := data.Split(images, 0.05, *seed)

	rng := rand.New(rand.NewPCG(*seed, 0))
	block := func(in, out int, then ...nn.Layer) nn.Sequential {
		conv := nn.NewConv2d(rng, in, out, []int{3}, nn.ConvConfig{Same: true, NoBias: true})
		return append(nn.Sequential{conv, nn.NewBatchNorm2d(out, nn.BatchNormConfig{}), nn.ReLU{}}, then...)
	}
	half := nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{})
	model := nn.Sequential{
		block(1, 24, half), block(24, 48, half), block(48, 96), block(96, 96),
		nn.Flatten{}, nn.Dropout{P: 0.3}, nn.NewLinear(rng, 7*7*96, 10, nn.LinearConfig{}),
	}
	const batch = 128
	history, err := nn.Fit(ctx, model, data.Augment(train, change), nn.FitConfig{
		Epochs: *epochs, BatchSize: batch, Seed: *seed, Validation: validation, Metrics: []nn.Metric{nn.Accuracy{}}, Prefetch: 2,
		Optimizer: optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.004}),
		Schedule:  optim.OneCycle(optim.OneCycleConfig{Steps: *epochs * (train.Len() + batch - 1) / batch}),
		Callbacks: []nn.Callback{
			nn.NewEMA(model, optim.EMAConfig{Decay: 0.998, BiasCorrection: true}),
			nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "accuracy", Maximize: true, Patience: 6}),
			progress.New(os.Stderr, progress.Config{}),
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	scores, err := nn.Evaluate(ctx, model, test, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		log.Fatal(err)
	}
	accuracy, _ := scores.Get("accuracy")
	fmt.Printf("seed %d: %d epochs, test accuracy %.4f\n", *seed, len(history.Epochs), accuracy)
}
