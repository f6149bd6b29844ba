// Gan trains a generator and its critic against each other, on handwritten digits and on a
// ring of eight normal distributions, and draws what the generator makes of noise as it learns.
//
//	go run ./examples/gan -seed 1 -out .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"

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
	fmt.Fprintln(os.Stderr, "gan:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("gan", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of weights, noise and the order of the data")
	what := flags.String("data", "both", "what to learn: ring, digits or both")
	mnist := flags.String("mnist", "", "`directory` with the files of MNIST, to learn instead of the embedded digits")
	scale := flags.Float64("scale", 1, "how long to train, as a multiple of the usual number of steps")
	out := flags.String("out", "", "`directory` for ring.png and digits.png (default: no pictures)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || *what != "ring" && *what != "digits" && *what != "both" || !(*scale > 0 && *scale <= 1000) {
		return errors.New("no arguments are expected, -data of ring, digits or both, and -scale above 0, of 1000 at most")
	}
	if *out != "" { // fail now, not after the work
		if err := os.MkdirAll(*out, 0o777); err != nil {
			return err
		}
	}
	if *what != "digits" {
		t := ringTraining.scaled(*scale)
		r, err := learnRing(ctx, *seed, t, stdout)
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, "ring:", r)
		if *out != "" {
			if err := drawRing(filepath.Join(*out, "ring.png"), t, r.snapshots); err != nil {
				return err
			}
		}
	}
	if *what == "ring" {
		return nil
	}
	images, test, err := load(ctx, *mnist, *seed)
	if err != nil {
		return err
	}
	r, err := learnDigits(ctx, images, test, *seed, digitsTraining.scaled(*scale), stdout)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, "digits:", r)
	if *out == "" {
		return nil
	}
	return drawDigits(filepath.Join(*out, "digits.png"), append(r.snapshots, firstImages(images, r.snapshots[0].Dim(0))))
}

// scaled is a longer or shorter training.
func (t training) scaled(factor float64) training {
	scale := func(n int) int { return int(factor * float64(n)) }
	t.steps = max(scale(t.steps), 1)
	snapshots := []int{}
	for _, s := range t.snapshots {
		snapshots = append(snapshots, min(scale(s), t.steps))
	}
	t.snapshots = snapshots
	return t
}

func load(ctx context.Context, mnist string, seed uint64) (images, test *data.Images, err error) {
	if mnist == "" {
		return data.Digits(seed, 0.1)
	}
	return data.MNIST(ctx, data.SourceConfig{Dir: mnist})
}

// firstImages are the first images of a data set, [n, 1, 28, 28], with pixels from 0 to 1.
func firstImages(images *data.Images, n int) autograd.Variable {
	pixels := make([]float32, 0, n*side*side)
	for i := range n {
		for _, b := range images.Image(i) {
			pixels = append(pixels, float32(b)/255)
		}
	}
	return autograd.New(pixels, n, 1, side, side)
}
