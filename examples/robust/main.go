// Robust measures how easily a convolutional network for digits is fooled by changes that are
// made to fool it, by noise and by shifted images, and whether it knows when it may be wrong;
// for a network that was trained as usual, and for one that was trained on attacked images.
//
//	go run ./examples/robust -out .
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
	fmt.Fprintln(os.Stderr, "robust:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("robust", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of weights, of what is held out, of attacks and noise")
	epochs := flags.Int("epochs", 25, "passes over the digits")
	epsilon := flags.Float64("epsilon", 0.1, "greatest change of a pixel, of 0 to 1, in adversarial training")
	images := flags.Int("images", 359, "how many of those that are held out to measure by, at most")
	out := flags.String("out", "", "`directory` for robust.png (default: no picture)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || *epochs < 1 || *images < 1 || !(*epsilon >= 0 && *epsilon <= 1) {
		return errors.New("no arguments are expected, -epochs and -images of 1 or more, and -epsilon of 0 to 1")
	}
	if *out != "" { // fail now, not after the work
		if err := os.MkdirAll(*out, 0o777); err != nil {
			return err
		}
	}
	var results []*result
	for _, t := range []struct {
		name    string
		epsilon float64
	}{{"plain", 0}, {"adversarial", *epsilon}} {
		fmt.Fprintf(stdout, "%s training, %d epochs\n", t.name, *epochs)
		m, err := train(ctx, *seed, *epochs, t.epsilon)
		if err != nil {
			return err
		}
		r, err := measure(ctx, t.name, m.first(*images), *seed)
		if err != nil {
			return err
		}
		results = append(results, r)
	}
	printResults(stdout, results)
	if *out == "" {
		return nil
	}
	return drawResults(filepath.Join(*out, "robust.png"), results)
}

// printResults prints tables of accuracy and of calibration.
func printResults(w io.Writer, results []*result) {
	fmt.Fprint(w, "\naccuracy when each pixel may change by ε\n    ε")
	for _, r := range results {
		fmt.Fprintf(w, "  %12s %6s", r.name+", FGSM", "PGD")
	}
	for i, e := range epsilons {
		fmt.Fprintf(w, "\n %.2f", e)
		for _, r := range results {
			fmt.Fprintf(w, "  %*.3f %6.3f", max(12, len(r.name)+6), r.fgsm[i], r.pgd[i])
		}
	}
	fmt.Fprint(w, "\n\naccuracy, and expected calibration error\n              ")
	for _, r := range results {
		fmt.Fprintf(w, "  %14s", r.name)
	}
	for i, s := range shifts {
		fmt.Fprintf(w, "\n %-13s", s.name)
		for _, r := range results {
			fmt.Fprintf(w, "   %.3f   %.3f ", r.shifted[i].accuracy, r.shifted[i].calibration)
		}
	}
	fmt.Fprintln(w)
}
