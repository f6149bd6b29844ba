// Autoencoder learns from handwritten digits without knowing what they are: a denoising
// autoencoder, whose codes are then judged by how much 50 labels say about them, and a
// variational one with codes of two numbers, which are a map of the digits and of what
// is between them.
//
//	go run ./examples/autoencoder -seed 1 -out .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := program(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return
	case errors.Is(err, errUsage): // the flag package has said it
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	fmt.Fprintln(os.Stderr, "autoencoder:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("autoencoder", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of the split into training and test images, of weights and noise")
	mnist := flags.String("mnist", "", "`directory` with the files of MNIST, to learn instead of the embedded digits")
	epochs := flags.Int("epochs", usual.epochs, "passes of the denoising autoencoder over the images; a third as many of the other one")
	out := flags.String("out", "", "`directory` for restored.png, map.png and samples.png (default: no pictures)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || *epochs < 1 {
		return errors.New("no arguments are expected, and -epochs of 1 or more")
	}
	if *out != "" { // fail now, not after the work
		if err := os.MkdirAll(*out, 0o777); err != nil {
			return err
		}
	}
	train, test, err := load(ctx, *mnist, *seed)
	if err != nil {
		return err
	}
	size := usual
	size.epochs = *epochs
	r, err := learnCodes(ctx, train, test, size, *seed, stdout)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, r)
	v := newVariational(rand.New(rand.NewPCG(*seed, 3)), 2)
	if err := fit(ctx, v, train, max(*epochs/3, 1), data.AugmentConfig{}, *seed, "variational", stdout); err != nil {
		return err
	}
	if *out == "" {
		return nil
	}
	return draw(ctx, *out, r.model, v, test, *seed)
}

// load reads the digits: of the embedded ones a quarter are for tests.
func load(ctx context.Context, mnist string, seed uint64) (train, test *data.Images, err error) {
	if mnist == "" {
		return data.Digits(seed, 0.25)
	}
	return data.MNIST(ctx, data.SourceConfig{Dir: mnist})
}

// size is how much is done.
type size struct{ epochs, draws, starts int }

var usual = size{epochs: 300, draws: 20, starts: 10}

// change is what the denoising autoencoder has to undo, besides missing pixels.
var change = data.AugmentConfig{Shift: 2, Rotate: 15, Scale: 0.1, Shear: 5}

// codesResult is what the codes of the denoising autoencoder are good for, beside the pixels.
type codesResult struct {
	model                  *denoising
	probe, probeOfPixels   float64 // accuracy of a linear probe with 50 labels
	purity, purityOfPixels float64 // of ten clusters
}

func learnCodes(ctx context.Context, train, test *data.Images, s size, seed uint64, progress io.Writer) (*codesResult, error) {
	r := &codesResult{model: newDenoising(rand.New(rand.NewPCG(seed, 0)), train)}
	if err := fit(ctx, r.model, train, s.epochs, change, seed, "denoising", progress); err != nil {
		return nil, err
	}
	var code [2]autograd.Variable
	for i, images := range []*data.Images{train, test} {
		var err error
		if code[i], err = codes(ctx, r.model.encoder, images); err != nil {
			return nil, err
		}
	}
	pixels := features{all(train), all(test), train.Labels, test.Labels}
	coded := features{code[0], code[1], train.Labels, test.Labels}
	var err error
	roots := features{pixels.train.Sqrt(), pixels.test.Sqrt(), train.Labels, test.Labels}
	for _, f := range []features{pixels, roots} { // the better of the two
		accuracy, err := f.probe(s.draws, seed)
		if err != nil {
			return nil, err
		}
		r.probeOfPixels = max(r.probeOfPixels, accuracy)
	}
	if r.probe, err = coded.probe(s.draws, seed); err != nil {
		return nil, err
	}
	r.purity, r.purityOfPixels = coded.purity(s.starts, seed), pixels.purity(s.starts, seed)
	return r, nil
}

func (r *codesResult) String() string {
	return fmt.Sprintf("a linear probe with 50 labels is right for %.1f %% of the test images by their codes, for %.1f %% by their pixels\n"+
		"ten clusters are pure to %.1f %% by codes, to %.1f %% by pixels", 100*r.probe, 100*r.probeOfPixels, 100*r.purity, 100*r.purityOfPixels)
}
