// Package example has what the programs of the examples do alike: how they start, read their
// flags and end, and how they write pictures.
//
// What does not live here: anything that an example is about.
package example

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
)

// ErrUsage is the error of a program that has told its user what is wrong with the arguments.
var ErrUsage = errors.New("wrong usage")

// Main runs a program, whose context ends when Ctrl-C is pressed. If it fails, Main prints
// the error and exits with status 1, or without a word with status 2 if it is [ErrUsage].
func Main(name string, program func(ctx context.Context, args []string, stdout, stderr io.Writer) error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := program(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return
	case errors.Is(err, ErrUsage):
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	fmt.Fprintf(os.Stderr, "%s: %v\n", name, err)
	os.Exit(1)
}

// Flags is an empty set of flags that prints its help and what is wrong to stderr.
func Flags(name string, stderr io.Writer) *flag.FlagSet {
	flags := flag.NewFlagSet(name, flag.ContinueOnError)
	flags.SetOutput(stderr)
	return flags
}

// Parse reads the flags. The error is [flag.ErrHelp] or [ErrUsage].
func Parse(flags *flag.FlagSet, args []string) error {
	err := flags.Parse(args)
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		return ErrUsage
	}
	return err
}

// MakeDir makes a directory for results, with those that it is in, so that a program fails
// before the work and not after it. No name is no directory.
func MakeDir(name string) error {
	if name == "" {
		return nil
	}
	return os.MkdirAll(name, 0o777)
}

// Create writes a file.
func Create(path string, write func(w io.Writer) error) error {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	return errors.Join(write(file), file.Close())
}
