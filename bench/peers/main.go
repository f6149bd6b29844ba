// Peers measures chainrule beside other libraries: gorgonia, gomlx, spago and gonum,
// at the versions in go.mod, and PyTorch where Python has it. From this folder,
//
//	go run .
//
// builds a program for each library, runs all of them in turns, says what is
// missing and how to get it, and puts a table of medians into docs/benchmarks.md, in
// place of the one from the same kind of machine. It takes about half an hour, in
// which the machine should do nothing else; -only and -peers choose some of it, as in
//
//	go run . -only 'matmul|epoch' -peers chainrule,pytorch
//
// The environment variable MNIST_DIR may name a directory with MNIST's files; without
// it images of the same size are made up.
//
// What is measured is in package workload: every library starts from the same
// numbers, and what it computes is compared with what the others do. Each runs in
// a process of its own, which waits while it is not its turn. How fast PyTorch is
// depends on its settings: before each workload many are tried, and those that do best
// take part.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

type options struct {
	rounds int
	budget time.Duration
	limit  time.Duration
	only   *regexp.Regexp
	peers  []string
	output string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

func parse(args []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("peers", flag.ContinueOnError)
	flags.IntVar(&o.rounds, "rounds", 7, "measure each library this `many` times")
	flags.DurationVar(&o.budget, "time", 300*time.Millisecond, "repeat short work for about this `duration` each time")
	flags.DurationVar(&o.limit, "limit", 2*time.Minute, "give up on a library that takes longer than this `duration` for one measurement")
	only := flags.String("only", "", "measure only workloads that match this `regexp`")
	peers := flags.String("peers", "", "measure only these libraries, a comma-separated `list`")
	flags.StringVar(&o.output, "o", "", "put the table into this `file`; by default docs/benchmarks.md if everything is measured, else none")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return o, err
	}
	if *peers != "" {
		if o.peers, err = chosen(strings.Split(*peers, ",")); err != nil {
			return o, err
		}
	}
	if o.rounds < 1 {
		return o, fmt.Errorf("%d rounds: want at least 1", o.rounds)
	}
	if o.output == "" && *only == "" && *peers == "" {
		o.output = filepath.Join("..", "..", "docs", "benchmarks.md")
	}
	return o, nil
}

// chosen is the libraries of these names, in whatever case they are written.
func chosen(names []string) ([]string, error) {
	var known, peers []string
	for _, e := range entrants() {
		known = append(known, e.name)
	}
	for _, name := range names {
		i := slices.IndexFunc(known, func(k string) bool { return strings.EqualFold(k, name) })
		if i < 0 {
			return nil, fmt.Errorf("no library %q: there are %s", name, strings.Join(known, ", "))
		}
		peers = append(peers, known[i])
	}
	return peers, nil
}

func run(ctx context.Context, args []string) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	if _, err := os.Stat("workload"); err != nil {
		return errors.New("run it in the folder bench/peers")
	}
	dir, err := os.MkdirTemp("", "peers")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)

	report := newReport(o.rounds)
	if busy := report.machine.busy(); busy != "" {
		progress("%s", busy)
	}
	progress("%s", report.machine.kind())
	contestants, err := start(ctx, dir, report, entrants(), o)
	defer func() {
		for _, c := range contestants {
			c.process.stop()
		}
	}()
	if err != nil {
		return err
	}
	if len(contestants) == 0 {
		return errors.New("there is nothing to measure")
	}
	for _, name := range workload.Names() {
		if o.only.MatchString(name) && ctx.Err() == nil {
			measure(ctx, name, contestants, report, o)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	fmt.Print(report.section())
	if o.output == "" {
		return nil
	}
	return report.putInto(o.output)
}

// start starts the libraries that are wanted, and reports those that do not start.
// Without our own there is nothing to compare with, which is an error.
func start(ctx context.Context, dir string, report *report, entrants []entrant, o options) ([]*contestant, error) {
	var contestants []*contestant
	for _, e := range entrants {
		if o.peers != nil && !slices.Contains(o.peers, e.name) {
			continue
		}
		c, err := e.start(ctx, dir, o)
		if err != nil && e.name == ourName {
			return contestants, fmt.Errorf("%s does not start: %w\n%s", e.name, err, e.cure)
		}
		if err != nil {
			progress("%s is left out: %v\n%s", e.name, err, e.cure)
			report.absent(e.name, e.cure)
			continue
		}
		contestants = append(contestants, c)
		report.join(c)
	}
	return contestants, nil
}

// measure runs a workload on all libraries in turns, so that whatever else changes
// in the meantime changes for all.
func measure(ctx context.Context, name string, contestants []*contestant, report *report, o options) {
	progress("%s", name)
	var running []*process
	for _, c := range contestants {
		entered := c.enter(ctx, name, o.limit)
		defer c.leave(entered)
		running = append(running, entered...)
	}
	for range o.rounds {
		var next []*process
		for _, p := range running {
			sample, err := p.ask(ctx, name, o.limit)
			if ctx.Err() != nil {
				return
			}
			if err != nil {
				sample.Error = err.Error()
			}
			report.add(name, p, sample)
			if sample.Seconds > 0 {
				next = append(next, p)
			} else if sample.Error != "" {
				progress("  %s: %s", p.name(), sample.Error)
			}
		}
		if running = next; len(running) > 0 {
			// Another one begins the next round.
			running = append(running[1:], running[0])
		}
	}
	for _, line := range report.summary(name) {
		progress("  %s", line)
	}
}

func progress(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }
