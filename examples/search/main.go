// Search looks for the hyperparameters of a network that reads digits from few examples, at
// random, by successive halving and by the tree-structured Parzen estimator, and compares
// what is found with the defaults at the same budget.
//
//	go run ./examples/search -seed 1 -out .
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/nn/search"
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
		err = errors.New("interrupted; with -journal the same command goes on")
	}
	fmt.Fprintln(os.Stderr, "search:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

type options struct {
	strategies     []string
	trials, epochs int
	repeats        int
	seed           uint64
	workers        int
	journal, out   string
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	flags := flag.NewFlagSet("search", flag.ContinueOnError)
	flags.SetOutput(stderr)
	strategy := flags.String("strategy", "random,halving,tpe", "which of random, halving, asha and tpe, separated by commas")
	flags.IntVar(&o.trials, "trials", 24, "trainings that the budget is enough for")
	flags.IntVar(&o.epochs, "epochs", 54, "of a training: the budget is -trials times -epochs, for each strategy and for the defaults")
	flags.IntVar(&o.repeats, "repeats", 1, "searches by each strategy, each with other data and another seed")
	flags.Uint64Var(&o.seed, "seed", 1, "of the first: of data, weights and strategy")
	flags.IntVar(&o.workers, "workers", 0, "trainings at the same time (default: as many as processors; results do not depend on it)")
	flags.StringVar(&o.journal, "journal", "", "`directory` in which searches are kept, so that an interrupted one goes on (default: none)")
	flags.StringVar(&o.out, "out", "", "`directory` for search.png and a CSV file of each search (default: none are written)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return o, err
	} else if err != nil {
		return o, errUsage
	}
	if flags.NArg() > 0 || o.trials < 3 || o.epochs < 1 || o.repeats < 1 || o.workers < 0 || o.workers > parallel {
		return o, fmt.Errorf("no arguments are expected, -trials of 3 or more, -epochs and -repeats of 1 or more, and at most %d -workers", parallel)
	}
	o.strategies = strings.Split(*strategy, ",")
	for _, name := range o.strategies {
		if strategyOf(name, o.trials, o.epochs) == nil {
			return o, fmt.Errorf("-strategy is %q, expected some of random, halving, asha and tpe", *strategy)
		}
	}
	for _, dir := range []string{o.journal, o.out} {
		if dir != "" { // fail now, not after the work
			if err := os.MkdirAll(dir, 0o777); err != nil {
				return o, err
			}
		}
	}
	return o, nil
}

// parallel is how many trials are under way without the strategy knowing of their results.
const parallel = 8

// strategyOf is a strategy that takes as many epochs as so many trainings; nil if there is
// none of this name.
func strategyOf(name string, trials, epochs int) search.Strategy {
	least := max(1, epochs/9)
	halving := search.Halving{Trials: halvingTrials(trials, least, epochs), MinBudget: least, MaxBudget: epochs}
	switch name {
	case "random":
		return search.Random{Trials: trials, Budget: epochs}
	case "tpe":
		return search.TPE{Trials: trials, Budget: epochs}
	case "halving":
		return halving
	case "asha":
		halving.Async = true
		return halving
	}
	return nil
}

// halvingTrials is how many configurations halving can begin with, a third of which goes on
// to three times the epochs each time, for the budget of so many whole trainings.
func halvingTrials(trials, least, epochs int) int {
	for n := trials; ; n++ {
		cost, before := 0, 0
		for budget, left := least, n+1; left > 0 && before < epochs; budget, left = budget*3, left/3 {
			cost += left * (min(budget, epochs) - before)
			before = min(budget, epochs)
		}
		if cost > trials*epochs {
			return n
		}
	}
}

// entry is what one strategy, or the defaults, came to in one repeat.
type entry struct {
	name                string
	result              *search.Result
	best                search.Evaluation
	epochs              int     // that it took
	testError, testLoss float64 // on untouched data, of the model that was best on validation data
}

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	losses, wrong := map[string]int{}, map[string]int{}
	for i := range o.repeats {
		seed := o.seed + uint64(i)
		c, err := newContest(seed)
		if err != nil {
			return err
		}
		entries, err := c.all(ctx, o, stdout)
		if err != nil {
			return err
		}
		for _, e := range entries[1:] {
			if e.testLoss < entries[0].testLoss {
				losses[e.name]++
			}
			if e.testError < entries[0].testError {
				wrong[e.name]++
			}
		}
		if o.out != "" && i == 0 {
			if err := write(o.out, entries); err != nil {
				return err
			}
		}
	}
	for _, name := range o.strategies {
		fmt.Fprintf(stdout, "%s: on untouched data less loss than the defaults in %d of %d repeats, fewer errors in %d\n", name, losses[name], o.repeats, wrong[name])
	}
	return nil
}

// all is a repeat: the defaults and every strategy on the same data.
func (c *contest) all(ctx context.Context, o options, stdout io.Writer) ([]*entry, error) {
	var entries []*entry
	for _, name := range append([]string{"defaults"}, o.strategies...) {
		space, strategy, train := hyperparameters, strategyOf(name, o.trials, o.epochs), c.try
		if name == "defaults" { // the same number of trainings, which differ by their seeds
			space, strategy, train = search.Space{search.Int("run", 0, 1<<30)}, search.Random{Trials: o.trials, Budget: o.epochs}, c.tryDefaults
		}
		config := search.Config{Seed: c.seed, Parallel: parallel, Workers: o.workers}
		if o.journal != "" {
			config.Journal = filepath.Join(o.journal, fmt.Sprintf("%s-%d.jsonl", name, c.seed))
		}
		result, err := search.Run(ctx, space, strategy, train, config)
		if err != nil {
			return nil, err
		}
		e := &entry{name: name, result: result, epochs: epochsOf(result)}
		var ok bool
		if e.best, ok = result.Best(); !ok {
			return nil, fmt.Errorf("%s: every trial failed, the first one with: %w", name, result.Evaluations[0].Err)
		}
		if e.testError, e.testLoss, err = c.test(ctx, e.best, name == "defaults"); err != nil {
			return nil, err
		}
		entries = append(entries, e)
		fmt.Fprintf(stdout, "seed %d: %-8s %3d trials, %4d epochs: validation loss %.4f; untouched data: errors %.2f %%, loss %.4f%s\n",
			c.seed, name, trialsOf(result), e.epochs, e.best.Score, 100*e.testError, e.testLoss, describe(e.best.Values, name))
	}
	return entries, nil
}

func describe(v search.Values, name string) string {
	if name == "defaults" {
		return ""
	}
	text := "\n   "
	for _, name := range slices.Sorted(maps.Keys(v)) {
		value := fmt.Sprint(v[name])
		if x, ok := v[name].(float64); ok {
			value = fmt.Sprintf("%.3g", x)
		}
		text += " " + name + " " + value
	}
	return text
}

// epochsOf is how many epochs were trained: a trial that goes on counts from where it was.
func epochsOf(r *search.Result) (total int) {
	made := map[int]int{}
	for _, e := range r.Evaluations {
		total += e.Budget - made[e.Trial]
		made[e.Trial] = e.Budget
	}
	return total
}

func trialsOf(r *search.Result) int {
	trials := map[int]bool{}
	for _, e := range r.Evaluations {
		trials[e.Trial] = true
	}
	return len(trials)
}
