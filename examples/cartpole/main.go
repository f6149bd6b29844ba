// Cartpole learns to balance a pole on a cart that is pushed to the left or to the right, by
// deep Q-learning and by the policy gradient with a baseline, and draws how that went.
//
//	go run ./examples/cartpole -seed 1 -out .
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

	"github.com/chainrule-go/chainrule/nn"
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
	fmt.Fprintln(os.Stderr, "cartpole:", err)
	os.Exit(1)
}

var errUsage = errors.New("wrong usage")

func program(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	flags := flag.NewFlagSet("cartpole", flag.ContinueOnError)
	flags.SetOutput(stderr)
	seed := flags.Uint64("seed", 1, "of the first run: of weights, actions and starts")
	seeds := flags.Int("seeds", 1, "how many `runs` of each method, with one seed after the other")
	limit := flags.Int("steps", 200_000, "to be played at most in a run")
	out := flags.String("out", "", "`directory` for cartpole.png and cartpole.gif (default: no pictures)")
	if err := flags.Parse(args); errors.Is(err, flag.ErrHelp) {
		return err
	} else if err != nil {
		return errUsage
	}
	if flags.NArg() > 0 || *seeds < 1 || *limit < 1 {
		return errors.New("no arguments are expected, and -seeds and -steps of 1 or more")
	}
	if *out != "" { // fail now, not after the work
		if err := os.MkdirAll(*out, 0o777); err != nil {
			return err
		}
	}
	var runs []*run
	for _, m := range methods {
		for i := range *seeds {
			r, err := m.run(ctx, *seed+uint64(i), *limit, stdout)
			if err != nil {
				return err
			}
			verdict := "not solved"
			if r.mean >= solved {
				verdict = "solved"
			}
			fmt.Fprintf(stdout, "%-9s seed %d: %s, 100 new episodes last %.1f steps on average\n", r.method, r.seed, verdict, r.mean)
			runs = append(runs, r)
		}
	}
	if *out == "" {
		return nil
	}
	if err := drawCurves(filepath.Join(*out, "cartpole.png"), runs); err != nil {
		return err
	}
	return film(filepath.Join(*out, "cartpole.gif"), runs[0])
}

// method is a way to learn.
type method struct {
	name  string
	learn func(ctx context.Context, r *run) (nn.Layer, error)
}

var methods = []method{{"dqn", learnDQN}, {"reinforce", learnReinforce}}

// run is a whole run of a method.
func (m method) run(ctx context.Context, seed uint64, limit int, progress io.Writer) (*run, error) {
	r := &run{method: m.name, seed: seed, limit: limit, rng: rand.New(rand.NewPCG(seed, 2)), progress: progress}
	policy, err := m.learn(ctx, r)
	if err != nil {
		return nil, err
	}
	r.policy = policy
	r.mean = newPlayer(policy).meanSteps(100, rand.New(rand.NewPCG(seed, 3)))
	return r, nil
}

// run is what was played to learn from, and how good the policy was on the way.
type run struct {
	method   string
	seed     uint64
	limit    int // of steps to be played
	steps    int // played
	episodes []episode
	tests    []tested
	rng      *rand.Rand // of the tests' episodes
	progress io.Writer

	policy nn.Layer // a score for each action
	mean   float64  // length of 100 episodes at the end
}

// episode is one that was played to learn from: how many steps it had, and how many were
// played in all by its end.
type episode struct{ length, by int }

// tested is the mean length of 100 episodes with the best actions, after so many steps.
type tested struct {
	mean float64
	by   int
}

func (r *run) played(length int) {
	r.steps += length
	r.episodes = append(r.episodes, episode{length, r.steps})
}

// enough is the mean length at which learning ends. It is above that of a solution, as it is
// reached on episodes that were chosen by it.
const enough = 495

// test plays 100 episodes with the best actions, and says whether learning may end.
func (r *run) test(p *player) bool {
	mean := p.meanSteps(100, r.rng)
	r.tests = append(r.tests, tested{mean, r.steps})
	if len(r.tests)%5 == 0 || mean >= enough {
		fmt.Fprintf(r.progress, "%-9s seed %d: %4d episodes, %6d steps played: the best actions last %5.1f steps\n", r.method, r.seed, len(r.episodes), r.steps, mean)
	}
	return mean >= enough
}
