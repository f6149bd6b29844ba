package search_test

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/nn/search"
)

var strategies = map[string]search.Strategy{
	"random":       search.Random{Trials: 30, Budget: 2},
	"TPE":          search.TPE{Trials: 30},
	"halving":      search.Halving{Trials: 18, MaxBudget: 9},
	"asynchronous": search.Halving{Trials: 18, MaxBudget: 9, Async: true},
}

// awkward is a function with values of all kinds, failures and NaN.
func awkward(_ context.Context, t *search.Trial) (float64, error) {
	v := t.Values
	score := v.Float("rate")*v.Float("rate") + math.Abs(math.Log10(v.Float("decay"))+3) + 1/float64(v.Int("units")*(t.Budget+1))
	switch {
	case v.Has("momentum") && v.Float("momentum") > 0.8:
		return 0, errors.New("it diverges")
	case v.Choice("optimizer") == "none" && v.Int("layers") == 4:
		return math.NaN(), nil
	case v.Has("kind"):
		score -= float64(v.Int("kind"))
	}
	return score + 1e-3*float64(t.Seed%1000), nil
}

// compareResults leaves out times, and compares errors by their texts.
func compareResults(a, b *search.Result) string {
	return cmp.Diff(a, b, cmpopts.IgnoreFields(search.Evaluation{}, "Seconds"), cmp.AllowUnexported(search.Param{}),
		cmp.Comparer(func(x, y error) bool { return (x == nil) == (y == nil) && (x == nil || x.Error() == y.Error()) }))
}

func run(t *testing.T, s search.Strategy, f search.Func, config search.Config) *search.Result {
	t.Helper()
	result, err := search.Run(t.Context(), allKinds, s, f, config)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

// The number of workers, and the order in which they finish, change nothing.
func TestDeterministic(t *testing.T) {
	for name, s := range strategies {
		t.Run(name, func(t *testing.T) {
			config := search.Config{Seed: 3, Parallel: 6, Workers: 1}
			want := run(t, s, awkward, config)
			config.Workers = 6
			for range 5 {
				rng, mutex := newRand(5), sync.Mutex{}
				got := run(t, s, func(ctx context.Context, trial *search.Trial) (float64, error) {
					mutex.Lock()
					n := rng.IntN(200)
					mutex.Unlock()
					for range n {
						runtime.Gosched()
					}
					return awkward(ctx, trial)
				}, config)
				if diff := compareResults(want, got); diff != "" {
					t.Fatal(diff)
				}
			}
			config.Seed = 4
			if other := run(t, s, awkward, config); compareResults(want, other) == "" {
				t.Error("another seed gives the same")
			}
		})
	}
}

// Errors and scores that are no numbers are recorded, and the search goes on.
func TestFailures(t *testing.T) {
	result := run(t, search.Random{Trials: 60}, awkward, search.Config{})
	kinds := map[string]int{}
	for _, e := range result.Evaluations {
		if e.Err != nil {
			kinds[e.Err.Error()]++
		}
	}
	if len(result.Evaluations) != 60 || kinds["it diverges"] == 0 || kinds["the score is NaN"] == 0 || len(kinds) != 2 {
		t.Errorf("of %d evaluations failed %v", len(result.Evaluations), kinds)
	}
	failing := func(context.Context, *search.Trial) (float64, error) { return 0, errors.New("no") }
	for name, s := range strategies {
		result := run(t, s, failing, search.Config{})
		if best, ok := result.Best(); ok {
			t.Errorf("%s: of failures the best is %v", name, best)
		}
	}
}

// Workers bounds what runs at the same time, and nothing runs when Run has returned.
func TestWorkers(t *testing.T) {
	var running, most atomic.Int64
	run(t, search.Random{Trials: 200}, func(context.Context, *search.Trial) (float64, error) {
		now := running.Add(1)
		for {
			m := most.Load()
			if now <= m || most.CompareAndSwap(m, now) {
				break
			}
		}
		runtime.Gosched()
		running.Add(-1)
		return 0, nil
	}, search.Config{Workers: 3})
	if most.Load() > 3 || running.Load() != 0 {
		t.Errorf("%d ran at the same time, %d at the end", most.Load(), running.Load())
	}
}

// State comes back with the same configuration, and budgets grow.
func TestState(t *testing.T) {
	result := run(t, search.Halving{Trials: 27, MaxBudget: 9}, func(_ context.Context, t *search.Trial) (float64, error) {
		before, _ := t.State.(int)
		if want := map[int]int{1: 0, 3: 1, 9: 3}[t.Budget]; before != want {
			return 0, errors.New("wrong state")
		}
		t.State = t.Budget
		return t.Values.Float("rate"), nil
	}, search.Config{})
	for _, e := range result.Evaluations {
		if e.Err != nil {
			t.Errorf("%v", e)
		}
	}
}

// A search that is interrupted anywhere, or whose process is killed, comes to the same.
func TestResume(t *testing.T) {
	for name, s := range strategies {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "journal")
			var snapshots [][]byte // what a process that is killed leaves
			config := search.Config{Seed: 8, Parallel: 4, Workers: 4, Journal: path}
			config.Evaluated = func(search.Evaluation) error {
				text, err := os.ReadFile(path)
				snapshots = append(snapshots, text)
				return err
			}
			want := run(t, s, awkward, config)
			if len(snapshots) != len(want.Evaluations) {
				t.Fatalf("%d states of the journal, %d evaluations", len(snapshots), len(want.Evaluations))
			}
			stride := 4 // bringing files to the disk takes time
			if testing.Short() {
				stride = 13
			}
			for i := 0; i < len(snapshots); i += stride {
				path := filepath.Join(t.TempDir(), "journal")
				if err := os.WriteFile(path, snapshots[i], 0o600); err != nil {
					t.Fatal(err)
				}
				made := 0
				got := run(t, s, awkward, search.Config{Seed: 8, Parallel: 4, Journal: path, Workers: 1 + i/stride%4, Evaluated: func(search.Evaluation) error {
					made++
					return nil
				}})
				if diff := compareResults(want, got); diff != "" {
					t.Fatalf("after %d evaluations: %s", i+1, diff)
				}
				if made != len(snapshots)-i-1 {
					t.Errorf("after %d of %d evaluations %d are made", i+1, len(snapshots), made)
				}
			}
		})
	}
}

// What was finished when the context is cancelled is kept; what was cancelled is not there.
func TestCancel(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	ctx, cancel := context.WithCancel(t.Context())
	var calls atomic.Int64
	s := search.TPE{Trials: 40}
	config := search.Config{Parallel: 4, Workers: 2, Journal: path}
	result, err := search.Run(ctx, allKinds, s, func(ctx context.Context, t *search.Trial) (float64, error) {
		if calls.Add(1) == 12 {
			cancel()
			return 0, context.Cause(ctx)
		}
		return awkward(ctx, t)
	}, config)
	if !errors.Is(err, context.Canceled) || len(result.Evaluations) < 9 || len(result.Evaluations) > 12 {
		t.Fatalf("%v after %d evaluations", err, len(result.Evaluations))
	}
	for _, e := range result.Evaluations {
		if e.Err != nil && strings.Contains(e.Err.Error(), "cancel") {
			t.Errorf("a cancelled evaluation was kept: %v", e)
		}
	}
	got := run(t, s, awkward, config)
	config.Journal = ""
	if diff := compareResults(run(t, s, awkward, config), got); diff != "" {
		t.Error(diff)
	}
}

func TestEvaluatedFails(t *testing.T) {
	broken := errors.New("broken")
	_, err := search.Run(t.Context(), allKinds, search.Random{Trials: 50}, awkward, search.Config{Evaluated: func(search.Evaluation) error { return broken }})
	if !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestJournalOfAnother(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	s, config := search.TPE{Trials: 12}, search.Config{Seed: 1, Parallel: 3, Workers: 1, Journal: path}
	run(t, s, awkward, config)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.SplitAfter(string(text), "\n")
	again := func(space search.Space, s search.Strategy, change func(c *search.Config)) error {
		c := config
		if change != nil {
			change(&c)
		}
		_, err := search.Run(t.Context(), space, s, awkward, c)
		return err
	}
	for _, c := range []struct {
		name, want string
		text       string
		err        func() error
	}{
		{name: "space", want: "its space is", err: func() error { return again(allKinds[:6], s, nil) }},
		{name: "strategy", want: "its strategy is", err: func() error { return again(allKinds, search.TPE{Trials: 13}, nil) }},
		{name: "seed", want: "its Seed is 1, not 2", err: func() error { return again(allKinds, s, func(c *search.Config) { c.Seed = 2 }) }},
		{name: "parallel", want: "its Parallel", err: func() error { return again(allKinds, s, func(c *search.Config) { c.Parallel = 4 }) }},
		{name: "maximize", want: "its Maximize", err: func() error { return again(allKinds, s, func(c *search.Config) { c.Maximize = true }) }},
		{name: "empty", text: "\n", want: "line 1: it is not the journal"},
		{name: "other file", text: "{\"a\": 1}\n", want: "line 1: it is not the journal"},
		{name: "damaged", text: lines[0] + lines[1] + "{\"number\":\n", want: "line 3: it is damaged"},
		{name: "twice", text: lines[0] + lines[1] + lines[1], want: "comes twice"},
		{name: "kind", text: lines[0] + strings.Replace(lines[1], "\"layers\":", "\"layers\":0.5,\"other\":", 1), want: "\"layers\": its value is 0.5"},
		{name: "value", text: lines[0] + strings.Replace(lines[1], "\"rate\":", "\"rate\":-", 1), want: "damaged"},
		{name: "score", text: string(text) + strings.Replace(lines[1], "\"number\":0", "\"number\":12", 1), want: "it has 13 evaluations, where the search ends with 12"},
		{name: "trial", text: lines[0] + strings.Replace(lines[1], "\"trial\":0", "\"trial\":5", 1), want: "evaluation 0 is of trial 5"},
	} {
		if c.err == nil {
			if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
				t.Fatal(err)
			}
			c.err = func() error { return again(allKinds, s, nil) }
		}
		if err := c.err(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, expected %q", c.name, err, c.want)
		}
	}
	if err := again(allKinds, s, func(c *search.Config) { c.Journal = filepath.Join(path, "below") }); err == nil {
		t.Error("a journal below a file")
	}
}

// Two searches do not write the same journal.
func TestLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "journal")
	var inner error
	run(t, search.Random{Trials: 1}, func(ctx context.Context, trial *search.Trial) (float64, error) {
		_, inner = search.Run(ctx, allKinds, search.Random{Trials: 1}, awkward, search.Config{Journal: path})
		return 0, nil
	}, search.Config{Journal: path})
	if inner == nil {
		t.Skip("there are no locks here")
	}
	if !strings.Contains(inner.Error(), "locked") {
		t.Error(inner)
	}
}

func TestWriteCSV(t *testing.T) {
	space := search.Space{search.Choice("a", "x", "y,z"), search.Int("n", 1, 9).When("a", "x")}
	result := &search.Result{Space: space, Evaluations: []search.Evaluation{
		{Proposal: search.Proposal{Trial: 0, Budget: 3, Values: search.Values{"a": "x", "n": 4}}, Score: 0.25, Seconds: 1.5},
		{Proposal: search.Proposal{Trial: 1, Budget: 3, Values: search.Values{"a": "y,z"}}, Number: 1, Err: errors.New("no"), Seconds: 2},
	}}
	var text strings.Builder
	if err := result.WriteCSV(&text); err != nil {
		t.Fatal(err)
	}
	const want = "number,trial,budget,score,error,seconds,a,n\n0,0,3,0.25,,1.500,x,4\n1,1,3,,no,2.000,\"y,z\",\n"
	if text.String() != want {
		t.Errorf("it is\n%s", text.String())
	}
}
