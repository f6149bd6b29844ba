// Fit fits the 27 models of NIST's Statistical Reference Datasets for nonlinear regression to
// their data, each from two starting points, by the method of Levenberg and Marquardt with
// exact Jacobians, and compares parameters and standard errors with the certified values.
//
//	go run ./examples/fit
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"math"
	"os"
	"os/signal"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/optimize"
)

func main() {
	log.SetFlags(0)
	out := flag.String("out", "", "write fit.png, a picture of some fits, to this `directory` (default: no picture)")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Printf("unexpected argument %q: the program takes flags only", flag.Arg(0))
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()

	problems, err := readProblems()
	if err != nil {
		log.Fatal(err)
	}
	scores, err := solve(ctx, problems)
	if err != nil {
		log.Fatal(err)
	}
	printTable(os.Stdout, scores)
	if *out != "" {
		if err := picture(*out, scores); err != nil {
			log.Fatal(err)
		}
	}
}

// score is how a problem was solved from one starting point: with how many digits.
type score struct {
	*problem
	start                             int // 0 or 1
	fit                               *optimize.LeastSquaresResult
	parameters, deviations, ofSquares float64 // digits, of the worst parameter
}

// solve solves all problems from both starting points.
func solve(ctx context.Context, problems []*problem) ([]score, error) {
	var scores []score
	for _, p := range problems {
		for i := range p.starts {
			s, err := p.solve(ctx, i)
			if err != nil {
				return nil, fmt.Errorf("%s from start %d: %w", p.name, i+1, err)
			}
			scores = append(scores, s)
		}
	}
	return scores, nil
}

func (p *problem) solve(ctx context.Context, start int) (score, error) {
	fit, err := optimize.LeastSquares(ctx, p.residuals, p.starts[start], optimize.LeastSquaresConfig{})
	if err != nil {
		return score{}, err
	}
	deviations, err := fit.StandardErrors()
	if err != nil {
		return score{}, err
	}
	return score{p, start, fit, digits(fit.X, p.certified), digits(deviations, p.deviations),
		digits([]float64{fit.SumOfSquares}, []float64{p.sumOfSquares})}, nil
}

// residuals are the data but for what the model says with parameters b.
func (p *problem) residuals(b v) v {
	return p.response().Sub(p.predict(b))
}

// response is y, or its logarithm where the model is one of that.
func (p *problem) response() v {
	y := autograd.New(p.y)
	if p.name == "Nelson" {
		y = y.Log()
	}
	return y
}

// predict is what the model says about the data.
func (p *problem) predict(b v) v {
	numbered := []v{{}} // from 1, as NIST does
	for i := range b.Size() {
		numbered = append(numbered, b.Index(i))
	}
	var x []v
	for _, values := range p.x {
		x = append(x, autograd.New(values))
	}
	return models[p.name](numbered, x)
}

// digits is to how many decimal digits values are the certified ones, the logarithm of the
// relative error, of the worst. NIST states 11.
func digits(values, certified []float64) float64 {
	least := 11.0
	for i, c := range certified {
		if d := -math.Log10(math.Abs(values[i]-c) / math.Abs(c)); !(d >= least) {
			least = max(d, 0) // NaN stays
		}
	}
	return least
}

func printTable(w io.Writer, scores []score) {
	fmt.Fprintln(w, "                        obser-  para-                                    digits of")
	fmt.Fprintln(w, "problem   difficulty   vations meters start steps  parameters std. errors  sum of squares")
	for _, s := range scores {
		fmt.Fprintf(w, "%-9s %-11s %8d %6d %5d %5d  %10.1f %11.1f %15.1f  %v\n", s.name, s.difficulty, len(s.y), len(s.certified), s.start+1,
			s.fit.MajorIterations, s.parameters, s.deviations, s.ofSquares, s.fit.Status)
	}
}
