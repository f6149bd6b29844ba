package main

import (
	"context"
	"fmt"
	"io"
	"math"

	gonum "gonum.org/v1/gonum/optimize"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/optimize"
	"github.com/chainrule-go/chainrule/nn"
)

// minimize trains a model by gonum's L-BFGS, which sees all of the loss at once: it takes so
// many steps at most, and leaves the model with the best parameters it found.
func minimize(ctx context.Context, model nn.Module, steps int, log io.Writer, what string, loss func(tape *autograd.Tape) (v, error)) error {
	var params []v
	for _, w := range nn.Params(model) {
		params = append(params, w)
	}
	problem, start, set := optimize.OverParameters(params, func(tape *autograd.Tape) v {
		l, err := loss(tape)
		if err != nil { // too far: the line search turns back
			return tape.Watch(params[0]).Sum().MulScalar(math.NaN())
		}
		return l
	})
	settings := &gonum.Settings{MajorIterations: steps, Converger: gonum.NeverTerminate{}, Recorder: progress{ctx, log, what}}
	result, err := gonum.Minimize(problem, start, settings, &gonum.LBFGS{Store: 50})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if result == nil {
		return err
	}
	// An error here is a line search that finds nothing better, which is an end like others.
	set(result.X)
	fmt.Fprintf(log, "L-BFGS %5d: mean square %s %.2e\n", result.MajorIterations, what, result.F)
	return nil
}

// progress tells how L-BFGS goes, and ends it when the context is done.
type progress struct {
	ctx  context.Context
	log  io.Writer
	what string
}

func (progress) Init() error { return nil }

func (p progress) Record(l *gonum.Location, op gonum.Operation, stats *gonum.Stats) error {
	if op == gonum.MajorIteration && stats.MajorIterations%250 == 0 {
		fmt.Fprintf(p.log, "L-BFGS %5d: mean square %s %.2e\n", stats.MajorIterations, p.what, l.F)
	}
	return p.ctx.Err()
}
