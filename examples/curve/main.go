// Curve learns a noisy curve together with how far its points are scattered: an ensemble of
// networks, each of which predicts a normal distribution for every x (Lakshminarayanan,
// Pritzel and Blundell, "Simple and scalable predictive uncertainty estimation using deep
// ensembles", 2017), and draws the band that holds 95 of 100 points.
//
//	go run ./examples/curve -seed 1 -out .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/distribution"
	"github.com/chainrule-go/chainrule/nn/optim"
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
	fmt.Fprintln(os.Stderr, "curve:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("curve", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of points, weights and the order of the points")
	members := flags.Int("members", 5, "how many `networks` learn")
	epochs := flags.Int("epochs", 300, "passes over the points")
	out := flags.String("out", "", "`directory` for curve.png (default: no picture)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || *members < 1 || *epochs < 1 {
		return errors.New("no arguments are expected, and -members and -epochs of 1 or more")
	}
	if *out != "" { // fail now, not after the work
		if err := os.MkdirAll(*out, 0o777); err != nil {
			return err
		}
	}
	r, err := learn(ctx, *seed, *members, *epochs, stdout)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d fresh points: the 95 %% band holds %.1f %%; the middle is %.3f away from the curve (root mean square)\n",
		r.fresh.Len(), 100*r.coverage, r.distance)
	fmt.Fprintf(stdout, "−ln p of a point: %.3f; of a single network %.3f; if one knew the curve %.3f\n", r.nll, r.single, r.ideal)
	if *out == "" {
		return nil
	}
	return drawBand(filepath.Join(*out, "curve.png"), r)
}

// curve is what is to be learned, and scatter the standard deviation of the points around it.
func curve(x float64) float64   { return math.Sin(2*x) + 0.3*x }
func scatter(x float64) float64 { return 0.05 + 0.35/(1+math.Exp(-2*x)) }

// points are noisy points of the curve, at random places from −3 to 3.
func points(rng *rand.Rand, n int) *data.Arrays {
	x, y := make([]float64, n), make([]float64, n)
	for i := range x {
		x[i] = 6*rng.Float64() - 3
		y[i] = curve(x[i]) + scatter(x[i])*rng.NormFloat64()
	}
	return &data.Arrays{X: data.NewArray(x, n, 1), Y: data.NewArray(y, n, 1)}
}

// member is a network that predicts two numbers: a mean, and what a standard deviation is
// made of. It is its own objective: what it makes small is −ln p of the points.
type member struct{ network nn.Sequential }

func (m member) Parts() iter.Seq2[string, nn.Part] { return m.network.Parts() }

func (m member) Loss(s *nn.StepContext) autograd.Variable {
	return normal(m.network.Forward(s.X())).LogProb(s.Target().Values).Mean().Neg()
}

// normal is the distribution that outputs [..., 2] of a network stand for.
func normal(output autograd.Variable) *distribution.Normal {
	parts := output.Split(-1, 1, 1)
	return distribution.NewNormal(parts[0], parts[1].Softplus().AddScalar(1e-3))
}

// ensemble is several of them.
type ensemble []member

// predict is the mixture of the members' distributions, for the x of a data set.
func (e ensemble) predict(ctx context.Context, xs data.Dataset) (*distribution.Mixture, error) {
	var means, stds []autograd.Variable
	for _, m := range e {
		output, err := nn.Predict(ctx, m.network, xs, nn.PredictConfig{BatchSize: 1000})
		if err != nil {
			return nil, err
		}
		d := normal(output)
		means, stds = append(means, d.Loc), append(stds, d.Scale)
	}
	equal := distribution.NewCategorical(autograd.Zeros(autograd.Float32, len(e)))
	return distribution.NewMixture(equal, distribution.NewNormal(autograd.Concat(1, means...), autograd.Concat(1, stds...))), nil
}

// result is what was learned, and how good it is on points that were not learned from.
type result struct {
	ensemble
	train, fresh       *data.Arrays
	coverage           float64 // the fraction of fresh points within the band
	distance           float64 // of the prediction from the curve
	nll, single, ideal float64 // the mean of −ln p of fresh points, by all, by each, and by the truth
}

func learn(ctx context.Context, seed uint64, members, epochs int, progress io.Writer) (*result, error) {
	rng := rand.New(rand.NewPCG(seed, 0))
	r := &result{train: points(rng, 1000), fresh: points(rng, 20_000)}
	for i := range members {
		m := member{nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{1, 64, 64, 2}, Activation: nn.SiLU{}})}
		const batch = 50
		history, err := nn.FitObjective(ctx, m, r.train, nn.FitConfig{
			Epochs: epochs, BatchSize: batch, Seed: seed + uint64(i)<<32,
			Optimizer: optim.NewAdam(nn.Params(m), optim.AdamConfig{LR: 0.01}),
			Schedule:  optim.Cosine(epochs*r.train.Len()/batch, 0),
			ClipNorm:  1,
		})
		if err != nil {
			return nil, err
		}
		own, err := ensemble{m}.predict(ctx, r.fresh)
		if err != nil {
			return nil, err
		}
		r.single += r.nllOf(own) / float64(members)
		r.ensemble = append(r.ensemble, m)
		loss, _ := history.Epochs[len(history.Epochs)-1].Train.Get(nn.LossName)
		fmt.Fprintf(progress, "network %d of %d: −ln p of a point %.3f\n", i+1, members, loss)
	}
	d, err := r.predict(ctx, r.fresh)
	if err != nil {
		return nil, err
	}
	r.measure(d)
	return r, nil
}

// nllOf is the mean of −ln p of the fresh points.
func (r *result) nllOf(d *distribution.Mixture) float64 {
	_, y := floats(r.fresh)
	return -d.LogProb(autograd.New(y).AsType(autograd.Float32)).Mean().Item()
}

func (r *result) measure(d *distribution.Mixture) {
	r.nll = r.nllOf(d)
	low, high := band(d)
	mean := d.Mean().Floats()
	x, y := floats(r.fresh)
	for i := range x {
		if low[i] <= y[i] && y[i] <= high[i] {
			r.coverage += 1 / float64(len(x))
		}
		r.distance += math.Pow(mean[i]-curve(x[i]), 2) / float64(len(x))
		z := (y[i] - curve(x[i])) / scatter(x[i])
		r.ideal += (z*z/2 + math.Log(scatter(x[i])*math.Sqrt(2*math.Pi))) / float64(len(x))
	}
	r.distance = math.Sqrt(r.distance)
}

// band is from where to where 95 of 100 points are expected: 1.96 standard deviations of the
// mixture around its mean.
func band(d *distribution.Mixture) (low, high []float64) {
	n := distribution.NewNormal(d.Mean(), d.Variance().Sqrt())
	at := func(p float32) []float64 { return n.Quantile(autograd.Scalar(p)).Floats() }
	return at(0.025), at(0.975)
}

func floats(points *data.Arrays) (x, y []float64) { return points.X.Float64s, points.Y.Float64s }
