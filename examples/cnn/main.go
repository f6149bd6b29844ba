// Cnn trains a convolutional network on MNIST, or on Fashion-MNIST, and tells how many
// images of the test set it gets right: with batch normalization, images changed at
// random, a learning rate in one cycle, averaged weights, and a validation set that
// decides which epoch was the best. Without a network and without the files it learns the
// digits that are embedded in the program.
//
//	go run ./examples/cnn -seed 1 -out .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"github.com/chainrule-go/chainrule/nn/progress"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("cnn: ")
	fashion := flag.Bool("fashion", false, "learn clothing instead of digits")
	digits := flag.Bool("digits", false, "learn the embedded digits, 1,437 images, instead of MNIST")
	dir := flag.String("dir", os.Getenv("MNIST_DIR"), "`directory` with the data set's files (default: $MNIST_DIR, or find or download them)")
	seed := flag.Uint64("seed", 1, "of weights, the order of images and what becomes of them")
	epochs := flag.Int("epochs", 12, "passes over the training images")
	out := flag.String("out", "", "`directory` for cnn.png, with mistakes and filters (default: no picture)")
	flag.Parse()
	if flag.NArg() > 0 || *epochs < 1 || *fashion && *digits {
		log.Fatal("want no arguments, 1 epoch or more, and one of -fashion and -digits at most")
	}
	if *out != "" { // fail now, not after the work
		if err := os.MkdirAll(*out, 0o777); err != nil {
			log.Fatal(err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	train, test, err := load(ctx, *fashion, *digits, *dir)
	if err != nil {
		log.Fatal(err)
	}
	model, ran, err := learn(ctx, train, *fashion, *epochs, *seed, os.Stderr)
	if err != nil {
		log.Fatal(err)
	}
	scores, err := nn.Evaluate(ctx, model, test, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		log.Fatal(err)
	}
	accuracy, _ := scores.Get("accuracy")
	fmt.Printf("seed %d: %d epochs, test accuracy %.4f\n", *seed, ran, accuracy)
	if *out != "" {
		if err := draw(ctx, filepath.Join(*out, "cnn.png"), model, test); err != nil {
			log.Fatal(err)
		}
	}
}

// load is the images asked for, standardized, or the embedded digits where MNIST is not to
// be had.
func load(ctx context.Context, fashion, digits bool, dir string) (train, test *data.Images, err error) {
	switch {
	case digits:
		train, test, err = data.Digits(0, 0.2)
	case fashion:
		train, test, err = data.FashionMNIST(ctx, data.SourceConfig{Dir: dir})
	default:
		train, test, err = data.MNIST(ctx, data.SourceConfig{Dir: dir})
		if errors.Is(err, data.ErrNotFound) && dir == "" {
			log.Print("MNIST is not in the cache and cannot be downloaded: learning the embedded digits, as -digits does")
			train, test, err = data.Digits(0, 0.2)
		}
	}
	if err != nil {
		return nil, nil, err
	}
	mean, std := train.MeanStd()
	return train.Standardize(mean, std), test.Standardize(mean, std), nil
}

// learn trains the network. It returns how many epochs that took.
func learn(ctx context.Context, images *data.Images, fashion bool, epochs int, seed uint64, report io.Writer) (nn.Sequential, int, error) {
	change := data.AugmentConfig{Shift: 2, Rotate: 10, Scale: 0.1, Shear: 5}
	if fashion {
		change = data.AugmentConfig{Shift: 2, FlipX: true}
	}
	train, validation := data.Split(images, 0.05, seed)

	rng := rand.New(rand.NewPCG(seed, 0))
	block := func(in, out int, then ...nn.Layer) nn.Sequential {
		conv := nn.NewConv2d(rng, in, out, []int{3}, nn.ConvConfig{Same: true, NoBias: true})
		return append(nn.Sequential{conv, nn.NewBatchNorm2d(out, nn.BatchNormConfig{}), nn.ReLU{}}, then...)
	}
	half := nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{})
	model := nn.Sequential{
		block(1, 24, half), block(24, 48, half), block(48, 96), block(96, 96),
		nn.Flatten{}, nn.Dropout{P: 0.3}, nn.NewLinear(rng, 7*7*96, 10, nn.LinearConfig{}),
	}
	batch := min(128, max(16, train.Len()/40))
	history, err := nn.Fit(ctx, model, data.Augment(train, change), nn.FitConfig{
		Epochs: epochs, BatchSize: batch, Seed: seed, Validation: validation, Metrics: []nn.Metric{nn.Accuracy{}}, Prefetch: 2,
		Optimizer: optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.004}),
		Schedule:  optim.OneCycle(optim.OneCycleConfig{Steps: epochs * ((train.Len() + batch - 1) / batch)}),
		Callbacks: []nn.Callback{
			nn.NewEMA(model, optim.EMAConfig{Decay: 0.998, BiasCorrection: true}),
			nn.NewEarlyStopping(nn.EarlyStoppingConfig{Score: "accuracy", Maximize: true, Patience: 6}),
			progress.New(report, progress.Config{}),
		},
	})
	if err != nil {
		return nil, 0, err
	}
	return model, len(history.Epochs), nil
}
