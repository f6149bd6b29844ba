package search

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"time"
)

// Func is what is searched: it trains as a trial says and returns a score, measured on data
// that training does not see. An error, or a score that is NaN or infinite, is recorded, and
// the search goes on. It is called by several goroutines at the same time, each with another
// trial. For a search that is deterministic the score must depend on Values, Seed and Budget
// alone; State may save time, but not change it.
//
// A panic ends the program, as anywhere: what a model's constructors panic with for
// configurations that make no sense is made an error by autograd.Try.
type Func func(ctx context.Context, t *Trial) (score float64, err error)

// Trial is a configuration, as it is given to a [Func].
type Trial struct {
	Number int    // of the configuration, from 0
	Values Values // not to be changed
	Seed   uint64 // for random numbers: another one for each configuration, the same whenever it is continued
	Budget int    // how long to train in all, such as epochs; see the strategy

	// State is for the function to keep what it needs to go on when the same configuration
	// comes again with a greater budget, such as model and optimizer: it is what the
	// function left here, or nil. It is nil, too, when a search goes on after an interruption,
	// and training begins anew then.
	State any
}

// Config configures [Run]. The zero value searches for the least score, with as many
// goroutines as there are processors, but for more than eight.
type Config struct {
	Maximize bool   // greater scores are better
	Seed     uint64 // of the search, and from which those of trials come

	// Parallel is how many evaluations may have been proposed of which the strategy does not
	// know the results; 0 means 8. It changes what is tried, see the package's comment. Twice
	// the number of workers keeps them busy when some trials take longer than others.
	Parallel int

	// Workers is how many evaluations run at the same time, at most Parallel; 0 means
	// GOMAXPROCS, or Parallel if that is less. It does not change results.
	Workers int

	// Journal is the file in which the search is kept: after each evaluation it is replaced
	// by one with its result, so that a crash at any moment, of the process or of the
	// machine, loses nothing but what was being evaluated. If it is there already, the
	// search goes on with it, and gives the result that it would have given without an
	// interruption; it must be of the same space, strategy, Seed, Parallel and Maximize. ""
	// keeps nothing. While it is in use a lock of the same name with ".lock" behind it keeps
	// other processes out.
	Journal string

	// Evaluated is called after each evaluation, but not for those of the journal, in the
	// order in which they finish, by the goroutine of Run. An error ends the search. It may
	// be nil.
	Evaluated func(e Evaluation) error
}

func (c Config) withDefaults() Config {
	c.Parallel = cmp.Or(c.Parallel, 8)
	c.Workers = cmp.Or(c.Workers, min(runtime.GOMAXPROCS(0), c.Parallel))
	return c
}

// Run searches until the strategy has nothing more to propose. When the context is cancelled
// or something fails it waits for what is being evaluated, and returns what there is, and the
// error. What is cancelled so is not recorded as a failure.
func Run(ctx context.Context, space Space, strategy Strategy, f Func, config Config) (*Result, error) {
	config = config.withDefaults()
	if config.Workers < 1 || config.Parallel < config.Workers {
		return nil, fmt.Errorf("search: %d workers and Parallel %d: expected a worker or more, and as many in parallel at least", config.Workers, config.Parallel)
	}
	if err := space.check(); err != nil {
		return nil, err
	}
	if c, ok := strategy.(interface{ check() error }); ok {
		if err := c.check(); err != nil {
			return nil, err
		}
	}
	j, err := openJournal(config.Journal, space, strategy, config)
	if err != nil {
		return nil, err
	}
	s := &searching{space: space, strategy: strategy, f: f, config: config, journal: j, states: map[int]any{},
		history: NewHistory(space, config.Maximize, config.Seed)}
	err = errors.Join(s.run(ctx), j.close())
	return &Result{Space: space, Maximize: config.Maximize, Evaluations: j.evaluations()}, err
}

// searching is a search that is going on.
type searching struct {
	space    Space
	strategy Strategy
	f        Func
	config   Config
	journal  *journal // has all results, also those that the strategy does not know yet
	history  *History
	states   map[int]any // by trial; not of those that run

	jobs    chan job
	results chan finished
}

type job struct {
	number   int
	trial    Trial
	proposal Proposal
}

type finished struct {
	Evaluation
	state any
}

func (s *searching) run(ctx context.Context) error {
	working, cancel := context.WithCancel(ctx)
	// Both hold all that can be under way, so that nobody waits to send.
	s.jobs, s.results = make(chan job, s.config.Parallel), make(chan finished, s.config.Parallel)
	var workers sync.WaitGroup
	for range s.config.Workers {
		workers.Go(func() {
			for j := range s.jobs {
				if working.Err() == nil {
					s.results <- s.evaluate(working, j)
				}
			}
		})
	}
	err := s.decide(ctx)
	if err != nil {
		cancel()
	}
	close(s.jobs)
	workers.Wait()
	close(s.results)
	for r := range s.results { // those that finished meanwhile are kept
		if recorded := s.record(working, r); recorded != nil && !errors.Is(err, recorded) {
			err = errors.Join(err, recorded)
		}
	}
	cancel()
	return err
}

// decide asks the strategy, sends what it proposes to the workers, and tells the results in
// the order of the proposals.
func (s *searching) decide(ctx context.Context) error {
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		if len(s.history.Pending) < s.config.Parallel {
			if p, ok := s.strategy.Next(s.history); ok {
				if err := s.propose(p); err != nil {
					return err
				}
				continue
			}
			if len(s.history.Pending) == 0 {
				return s.journal.complete(len(s.history.Done))
			}
		}
		number := len(s.history.Done)
		for !s.journal.has(number) {
			select {
			case r := <-s.results:
				if err := s.record(ctx, r); err != nil {
					return err
				}
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		s.history.Done = append(s.history.Done, s.journal.done[number])
		s.history.Pending = s.history.Pending[1:]
	}
}

// propose begins an evaluation, unless the journal has its result.
func (s *searching) propose(p Proposal) error {
	number := len(s.history.Done) + len(s.history.Pending)
	s.history.Pending = append(slices.Clip(s.history.Pending), p)
	if s.journal.has(number) {
		if e := s.journal.done[number]; e.Trial != p.Trial || e.Budget != p.Budget || !maps.Equal(e.Values, p.Values) {
			return fmt.Errorf("search: %s: evaluation %d is of trial %d with budget %d and %v, where the search has trial %d with budget %d and %v: it is the journal of another search",
				s.config.Journal, number, e.Trial, e.Budget, e.Values, p.Trial, p.Budget, p.Values)
		}
		return nil
	}
	trial := Trial{Number: p.Trial, Values: p.Values, Budget: p.Budget, State: s.states[p.Trial],
		Seed: trialSeed(s.config.Seed, p.Trial)}
	delete(s.states, p.Trial)
	s.jobs <- job{number: number, trial: trial, proposal: p}
	return nil
}

// trialSeed is the seed of a trial in a search with this seed.
func trialSeed(seed uint64, trial int) uint64 { return rand.NewPCG(seed, uint64(trial)).Uint64() }

// evaluate calls the function.
func (s *searching) evaluate(ctx context.Context, j job) finished {
	begin := time.Now()
	trial := j.trial
	trial.Values = maps.Clone(trial.Values)
	score, err := s.f(ctx, &trial) // which may change what it is given
	if err == nil && (math.IsNaN(score) || math.IsInf(score, 0)) {
		err = fmt.Errorf("the score is %v", score)
	}
	if err != nil {
		score = 0
	}
	return finished{Evaluation{Proposal: j.proposal, Number: j.number, Seed: j.trial.Seed, Score: score, Err: err, Seconds: time.Since(begin).Seconds()}, trial.State}
}

// record keeps a result, but not the failure of one that was cancelled.
func (s *searching) record(ctx context.Context, r finished) error {
	if r.Err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	if r.state != nil && r.Err == nil {
		s.states[r.Trial] = r.state
	}
	if err := s.journal.add(r.Evaluation); err != nil {
		return err
	}
	if s.config.Evaluated != nil {
		return s.config.Evaluated(r.Evaluation)
	}
	return nil
}
