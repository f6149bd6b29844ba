// Tutorial builds automatic differentiation from nothing: a tape for single numbers in a
// hundred lines (tape.go), checked against chainrule number by number, and at last a small
// network that learns XOR on either. The text that goes with it is tutorial.md.
//
//	go run ./examples/tutorial
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	err := program(os.Args[1:], os.Stdout, os.Stderr)
	if err == nil || errors.Is(err, flag.ErrHelp) {
		return
	}
	if !errors.Is(err, errUsage) { // else it has been said
		fmt.Fprintln(os.Stderr, "tutorial:", err)
		os.Exit(1)
	}
	os.Exit(2)
}

var errUsage = errors.New("wrong usage")

func program(args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("tutorial", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of the network's weights")
	steps := flags.Int("steps", 500, "of the network's training")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || *steps < 1 {
		fmt.Fprintln(stderr, "no arguments are expected, and -steps of 1 or more")
		return errUsage
	}
	if err := compareFunction(stdout); err != nil {
		return err
	}
	secondDerivative(stdout)
	return compareTraining(stdout, *seed, *steps)
}
