// Mnist trains a neural network that recognizes handwritten digits, measures how well
// it does, and reads digits from pictures.
//
//	mnist                      # train: 784-128-10, ReLU, Adam, 10 epochs
//	mnist evaluate             # the accuracy on the test images
//	mnist predict photo.jpg    # which digit is this?
//	mnist export model.onnx    # for other programs
//
// MNIST comes from the user's cache, or from the network; without either the digits
// embedded in the program are used. What is trained and how is a matter of flags, see
// mnist --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/chainrule-go/chainrule/nn/progress"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C is not waited for
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "mnist: "+oneLine(err))
	}
	os.Exit(exitCode(err))
}

// run is the program: it does what args say until it is done or ctx is cancelled. The
// report goes to stdout; what is worth knowing besides, to stderr. What makes the
// program fail is returned, not printed, see [exitCode].
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	a := &app{
		stdout:   &output{w: stdout},
		stderr:   stderr,
		terminal: progress.TerminalOf(stdout, os.Getenv),
		notes:    progress.TerminalOf(stderr, os.Getenv),
		now:      time.Now,
		patience: networkPatience,
	}
	return a.run(ctx, args)
}

// app is one run of the program with what it needs of the world.
type app struct {
	stdout   *output
	stderr   io.Writer
	terminal progress.Terminal // behind stdout
	notes    progress.Terminal // behind stderr
	now      func() time.Time
	patience time.Duration // until the network has answered
	mirrors  []string      // to download from instead of the usual ones
}

func (a *app) run(ctx context.Context, args []string) error {
	command := a.rootCommand()
	command.SetArgs(args)
	return a.outcome(command.ExecuteContext(ctx))
}

// outcome is what a run has come to: the error of its command, told as the user sees it.
func (a *app) outcome(err error) error {
	var stopped *stoppedError
	switch {
	case a.stdout.err != nil:
		return fmt.Errorf("writing the output: %w", a.stdout.err)
	case errors.Is(err, context.Canceled) && !errors.As(err, &stopped):
		return &stoppedError{}
	}
	return err
}

// output remembers the first error of writing, so that it need not be looked for at
// each line.
type output struct {
	w   io.Writer
	err error
}

func (o *output) Write(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// usageError is a mistake in the command line.
type usageError struct {
	command string // the one whose help helps
	reason  string
}

func (e *usageError) Error() string { return fmt.Sprintf("%s (see %s --help)", e.reason, e.command) }

// stoppedError is a run that was cancelled.
type stoppedError struct{ where string }

func (e *stoppedError) Error() string { return "stopped" + e.where }
func (e *stoppedError) Unwrap() error { return context.Canceled }

// exitCode is what the process ends with: 0 if all went well, 2 for a mistake in the
// command line, 130 after Ctrl-C as usual in a shell, 1 otherwise.
func exitCode(err error) int {
	var usage *usageError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &usage):
		return 2
	case errors.Is(err, context.Canceled):
		return 130
	}
	return 1
}

// oneLine is the error's message, whatever it consists of, on one line.
func oneLine(err error) string { return strings.Join(strings.Fields(err.Error()), " ") }
