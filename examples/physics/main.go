// Physics shows what derivatives of higher order, and derivatives of solvers, are for.
//
// A network learns Burgers' equation from the equation alone: its own second derivatives
// must obey it. The solution is compared with one by finite differences.
//
// Another network is the right-hand side of an ordinary differential equation, and learns
// from points of a spiral: gradients go through the steps of an adaptive solver, and are
// compared with those of the adjoint equation.
//
//	go run ./examples/physics -out .
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
	"path/filepath"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	err := program(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
		return
	case errors.Is(err, errUsage): // it has been said
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		err = errors.New("interrupted")
	}
	fmt.Fprintln(os.Stderr, "physics:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("physics", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of weights, and of where the equations are asked for")
	only := flags.String("only", "", "`part` to run: burgers or ode (default: both)")
	out := flags.String("out", "", "`directory` for burgers.png and ode.png (default: no pictures)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || *only != "" && *only != "burgers" && *only != "ode" {
		fmt.Fprintln(stderr, "no arguments are expected, and -only burgers or -only ode")
		return errUsage
	}
	if *out != "" { // fail now, not after the work
		if err := os.MkdirAll(*out, 0o777); err != nil {
			return err
		}
	}
	if *only != "ode" {
		r, err := runBurgers(ctx, fullBurgers, *seed, stdout)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "Burgers' equation, seed %d: relative error in L2 %.4f%%\n", *seed, 100*r.network.distance(r.reference))
		if *out != "" {
			if err := r.draw(filepath.Join(*out, "burgers.png")); err != nil {
				return err
			}
		}
	}
	if *only != "burgers" {
		r, err := runSpiral(ctx, fullSpiral, *seed, stdout)
		if err != nil {
			return err
		}
		fmt.Fprintf(stdout, "the spiral, seed %d: relative error in L2 over %v units of time %.3f%%; gradients through the steps and by the adjoint equation differ by %.1e\n",
			*seed, (spiralPoints-1)*spiralInterval, 100*r.miss(), r.disagreement)
		if *out != "" {
			return r.draw(filepath.Join(*out, "ode.png"))
		}
	}
	return nil
}

// burgersResult is what a network learned, and what it should have, on a grid.
type burgersResult struct{ network, reference field }

func runBurgers(ctx context.Context, b burgers, seed uint64, log io.Writer) (burgersResult, error) {
	const times, places = 51, 201
	model, err := b.learn(ctx, seed, log)
	if err != nil {
		return burgersResult{}, err
	}
	return burgersResult{fieldOf(model, times, places), b.finiteDifferences(times, places, 8)}, nil
}

// spiralResult is trajectories of a network and of the true equation, [points, 2].
type spiralResult struct {
	before, after, truth v
	disagreement         float64 // of the two ways to the gradient
}

// miss is ‖after − truth‖/‖truth‖.
func (r spiralResult) miss() float64 {
	return r.after.Sub(r.truth).Norm().Item() / r.truth.Norm().Item()
}

func runSpiral(ctx context.Context, p spiral, seed uint64, log io.Writer) (r spiralResult, err error) {
	if r.truth, err = truth(); err != nil {
		return r, err
	}
	_, untrained := newField(rand.New(rand.NewPCG(seed, 1)), p.hidden)
	if r.before, err = (solver{untrained, 1e-6}).states(); err != nil {
		return r, err
	}
	model, f := newField(rand.New(rand.NewPCG(seed, 1)), p.hidden)
	if err = p.learn(ctx, model, solver{f, 1e-6}, r.truth, log); err != nil {
		return r, err
	}
	if r.after, err = (solver{f, 1e-8}).states(); err != nil {
		return r, err
	}
	r.disagreement, err = compareGradients(model, solver{f, 1e-9}, r.truth)
	return r, err
}

// compareGradients is ‖a − b‖/‖b‖ for the gradients a by the adjoint equation and b through
// the solver's steps, of what 20 intervals from the spiral's start miss.
func compareGradients(model nn.Sequential, s solver, points v) (float64, error) {
	const count = 20
	var params []v
	for _, w := range nn.Params(model) {
		params = append(params, w)
	}
	tape := autograd.NewTape(autograd.TapeConfig{})
	states, err := s.trajectory(tape.Const(points.Slice(0, 0, 1)), spiralInterval, count)
	if err != nil {
		return 0, err
	}
	loss := autograd.Scalar(0.)
	upstream := make([]v, count) // ∂loss/∂state
	for i, y := range states {
		miss := y.Sub(points.Slice(0, i+1, i+2))
		loss = loss.Add(miss.Square().Sum())
		upstream[i] = miss.MulScalar(2).Detach()
	}
	through := loss.Backward(params...)
	adjoint, err := s.adjoint(states, upstream, spiralInterval, params)
	if err != nil {
		return 0, err
	}
	difference, norm := autograd.Scalar(0.), autograd.Scalar(0.)
	for i, w := range params {
		g := through.Of(w)
		difference = difference.Add(g.Sub(adjoint[i]).Square().Sum())
		norm = norm.Add(g.Square().Sum())
	}
	return difference.Div(norm).Sqrt().Item(), nil
}
