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

	"github.com/chainrule-go/chainrule/autograd"
)

var full = flag.Bool("full", false, "train as long as the program does, with three seeds")

// Integrated gradients add up to the difference that they explain, but for 1 %, and find the
// ink that matters: without a fifth of it the network is lost, while it does well without any
// other fifth.
func TestDigits(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a network for some seconds")
	}
	seeds, epochs, accuracy, random := 1, 6, 0.85, 0.7
	if *full {
		seeds, epochs, accuracy, random = 3, 20, 0.95, 0.75
	}
	for seed := range seeds {
		r, err := explainDigits(t.Context(), uint64(seed+1), epochs)
		if err != nil {
			t.Fatal(err)
		}
		r.print(t.Output())
		if !(r.accuracy > accuracy && r.random > random && r.important < 0.3) {
			t.Errorf("seed %d: accuracy %v, without random ink %v, without important ink %v", seed+1, r.accuracy, r.random, r.important)
		}
		if !(r.missing < 0.01) {
			t.Errorf("seed %d: integrated gradients miss %v of the difference", seed+1, r.missing)
		}
	}
}

// Alcohol and proline are among the four most important measurements by either method, and
// Shapley values add up.
func TestWine(t *testing.T) {
	seeds := 1
	if *full {
		seeds = 3
	}
	for seed := range seeds {
		r, err := explainWine(t.Context(), uint64(seed+1))
		if err != nil {
			t.Fatal(err)
		}
		r.print(t.Output())
		if !(r.accuracy > 0.9 && r.gap < 1e-5) {
			t.Errorf("seed %d: accuracy %v, Shapley values miss %v", seed+1, r.accuracy, r.gap)
		}
		for i, name := range r.names {
			if name != "alcohol" && name != "proline" {
				continue
			}
			morePermutation, moreShapley := 0, 0
			for j := range r.names {
				if r.permutation.Mean[j] > r.permutation.Mean[i] {
					morePermutation++
				}
				if r.shapley[j] > r.shapley[i] {
					moreShapley++
				}
			}
			if morePermutation > 3 || moreShapley > 3 {
				t.Errorf("seed %d: %d measurements matter more than %s by permutation, %d by Shapley values", seed+1, morePermutation, name, moreShapley)
			}
		}
	}
}

func TestErase(t *testing.T) {
	x := autograd.Zeros(autograd.Float32, 2, 1, 28, 28)
	for i := range 10 {
		x.Float32s()[100+i], x.Float32s()[pixels+200+i] = 1, 1
	}
	scores := make([]float64, x.Size())
	scores[103], scores[104], scores[105], scores[0], scores[pixels+209] = 3, 2, -1, 9, 1
	got := erase(x, scores, 0.2)
	for i, v := range got.Floats() {
		gone := i == 103 || i == 104 || i == pixels+209 || i == pixels+200
		if want := x.Floats()[i]; (v != want) != gone {
			t.Errorf("pixel %d was %v, and is %v", i, want, v)
		}
	}
}

func TestPictures(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a network for some seconds")
	}
	dir := filepath.Join(t.TempDir(), "new")
	var stdout, stderr bytes.Buffer
	if err := program(t.Context(), []string{"-epochs", "1", "-out", dir}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); !strings.Contains(got, "wine: accuracy") || !strings.Contains(got, "digits: accuracy") {
		t.Errorf("it says\n%s", got)
	}
	for _, name := range []string{"wine.png", "digits.png"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Size() < 1000 {
			t.Error(info, err)
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
		{"argument", t.Context(), []string{"wine"}, "no arguments"},
		{"no epochs", t.Context(), []string{"-epochs", "0"}, "-epochs"},
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
	if err := program(t.Context(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "-seed") {
		t.Errorf("help: %v, %s", err, stderr.String())
	}
}
