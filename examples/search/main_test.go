package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/nn/search"
)

var full = flag.Bool("full", false, "ten repeats at full size, some minutes")

// What is found is better than the defaults, on data that nobody looked at, at the same
// budget: the loss, which is what is searched by, once at reduced size, and in nine of ten
// repeats at full size.
func TestBetterThanDefaults(t *testing.T) {
	o := options{strategies: []string{"halving"}, trials: 12, epochs: 27, repeats: 1, seed: 1}
	least := 1
	if *full {
		o = options{strategies: []string{"halving"}, trials: 24, epochs: 54, repeats: 10, seed: 1}
		least = 9
	}
	losses, wrong := 0, 0
	for i := range o.repeats {
		c, err := newContest(o.seed + uint64(i))
		if err != nil {
			t.Fatal(err)
		}
		entries, err := c.all(t.Context(), o, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		defaults, found := entries[0], entries[1]
		if found.epochs > defaults.epochs {
			t.Errorf("the search takes %d epochs, more than %d", found.epochs, defaults.epochs)
		}
		if found.testLoss < defaults.testLoss {
			losses++
		}
		if found.testError < defaults.testError {
			wrong++
		}
	}
	t.Logf("of %d repeats the loss is less in %d, there are fewer errors in %d", o.repeats, losses, wrong)
	if losses < least {
		t.Errorf("the loss is better in %d of %d repeats, expected %d", losses, o.repeats, least)
	}
}

// The defaults train as often as the strategies, or more.
func TestBudget(t *testing.T) {
	for _, c := range []struct{ trials, epochs int }{{24, 54}, {9, 27}, {3, 1}, {40, 10}} {
		for _, name := range []string{"random", "tpe", "halving"} {
			result, err := search.Run(t.Context(), hyperparameters, strategyOf(name, c.trials, c.epochs),
				func(_ context.Context, t *search.Trial) (float64, error) { return t.Values.Float("rotate"), nil }, search.Config{})
			if err != nil {
				t.Fatal(err)
			}
			if got, most := epochsOf(result), c.trials*c.epochs; got > most || got < most*8/10 {
				t.Errorf("%s takes %d epochs of %d", name, got, most)
			}
			if best, _ := result.Best(); best.Budget != c.epochs {
				t.Errorf("%s: the best was trained for %d epochs, not %d", name, best.Budget, c.epochs)
			}
		}
	}
}

// A search that was interrupted goes on, and says the same.
func TestProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	args := []string{"-strategy", "tpe,asha", "-trials", "3", "-epochs", "2", "-out", dir, "-journal", dir}
	var first, second, stderr bytes.Buffer
	if err := program(t.Context(), args, &first, &stderr); err != nil {
		t.Fatal(err)
	}
	journal := filepath.Join(dir, "tpe-1.jsonl")
	text, err := os.ReadFile(journal)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(journal, text[:bytes.LastIndexByte(bytes.TrimSpace(text), '\n')+1], 0o600); err != nil {
		t.Fatal(err)
	}
	if err := program(t.Context(), append(args, "-workers", "1"), &second, &stderr); err != nil {
		t.Fatal(err)
	}
	if first.String() != second.String() || !strings.Contains(first.String(), "tpe        3 trials,    6 epochs") {
		t.Errorf("it says\n%sand then\n%s", first.String(), second.String())
	}
	for name, least := range map[string]int64{"defaults.csv": 100, "tpe.csv": 100, "asha.csv": 100, "search.png": 5000} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < least {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWrongUse(t *testing.T) {
	occupied := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(occupied, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		args []string
		want string
	}{
		{"typing error", t.Context(), []string{"-sed", "1"}, "wrong usage"},
		{"argument", t.Context(), []string{"tpe"}, "no arguments"},
		{"few trials", t.Context(), []string{"-trials", "2"}, "-trials"},
		{"strategy", t.Context(), []string{"-strategy", "tpe,gird"}, "tpe,gird"},
		{"no directory", t.Context(), []string{"-out", occupied}, "file"},
		{"cancelled", cancelled, nil, "canceled"},
	} {
		var stdout, stderr bytes.Buffer
		err := program(c.ctx, c.args, &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var stdout, stderr bytes.Buffer
	if err := program(t.Context(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "-journal") {
		t.Errorf("help: %v, %s", err, stderr.String())
	}
}
