// Explain asks two networks what they look at: one that tells three sorts of wine apart by 13
// measurements, and a convolutional one that reads digits.
//
//	go run ./examples/explain -out .
package main

import (
	"context"
	"errors"
	"io"
	"path/filepath"

	"github.com/chainrule-go/chainrule/examples/internal/example"
)

func main() { example.Main("explain", program) }

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := example.Flags("explain", stderr)
	seed := flags.Uint64("seed", 1, "of weights, of what is held out, and of the methods")
	epochs := flags.Int("epochs", 20, "passes over the digits")
	out := flags.String("out", "", "`directory` for wine.png and digits.png (default: no pictures)")
	if err := example.Parse(flags, args); err != nil {
		return err
	}
	if flags.NArg() > 0 || *epochs < 1 {
		return errors.New("no arguments are expected, and -epochs of 1 or more")
	}
	if err := example.MakeDir(*out); err != nil {
		return err
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
