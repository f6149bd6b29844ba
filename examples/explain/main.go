// Explain asks two networks what they look at: one that tells three sorts of wine apart by 13
// measurements, and a convolutional one that reads digits.
//
//	go run ./examples/explain -out .
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
	fmt.Fprintln(os.Stderr, "explain:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("explain", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of weights, of what is held out, and of the methods")
	epochs := flags.Int("epochs", 20, "passes over the digits")
	out := flags.String("out", "", "`directory` for wine.png and digits.png (default: no pictures)")
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
	wine, err := explainWine(ctx, *seed)
	if err != nil {
		return err
	}
	wine.print(stdout)
	digits, err := explainDigits(ctx, *seed, *epochs)
	if err != nil {
		return err
	}
	digits.print(stdout)
	if *out == "" {
		return nil
	}
	if err := wine.draw(filepath.Join(*out, "wine.png")); err != nil {
		return err
	}
	return digits.draw(filepath.Join(*out, "digits.png"))
}
