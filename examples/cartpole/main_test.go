package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image/gif"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var full = flag.Bool("full", false, "learn with three seeds")

// Each method solves the task: 475 of 500 steps on average over 100 episodes that are not
// those that ended the learning.
func TestSolved(t *testing.T) {
	seeds := 1
	if *full {
		seeds = 3
	}
	for _, m := range methods {
		for seed := range seeds {
			r, err := m.run(t.Context(), uint64(seed+1), 60_000, t.Output())
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s, seed %d: %.2f after %d episodes, %d steps", m.name, r.seed, r.mean, len(r.episodes), r.steps)
			if !(r.mean >= solved) {
				t.Errorf("%s, seed %d: episodes last %.1f steps, expected %d", m.name, r.seed, r.mean, solved)
			}
			if first := r.tests[0].mean; first > 300 {
				t.Errorf("%s, seed %d: at first episodes last %.1f steps: there is nothing to learn", m.name, r.seed, first)
			}
		}
	}
}

// One interval by hand, with the accelerations in the form that Barto, Sutton and Anderson
// give: the force F to the right on a cart with a pole that leans and turns.
func TestPhysics(t *testing.T) {
	s := state{0.1, -0.3, 0.15, 0.4}
	const F, m, M, l, g = 10.0, 0.1, 1.1, 0.5, 9.8 // M is that of cart and pole
	sin, cos := math.Sin(0.15), math.Cos(0.15)
	spin := (g*sin + cos*(-F-m*l*0.4*0.4*sin)/M) / (l * (4.0/3 - m*cos*cos/M))
	push := (F + m*l*(0.4*0.4*sin-spin*cos)) / M
	want := state{0.1 - 0.02*0.3, -0.3 + 0.02*push, 0.15 + 0.02*0.4, 0.4 + 0.02*spin}
	got := s.next(1)
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("the next state is %v, expected %v", got, want)
			break
		}
	}
	// The world has no preferred side.
	mirrored := state{-0.1, 0.3, -0.15, -0.4}.next(0)
	for i := range mirrored {
		if math.Abs(mirrored[i]+got[i]) > 1e-15 {
			t.Errorf("mirrored it is %v, expected the negative of %v", mirrored, got)
			break
		}
	}
}

func TestLost(t *testing.T) {
	for _, c := range []struct {
		at   state
		want bool
	}{
		{state{}, false},
		{state{2.4, 9, 0, 9}, false},
		{state{2.41, 0, 0, 0}, true},
		{state{-2.41, 0, 0, 0}, true},
		{state{0, 0, 11.9 * math.Pi / 180, 0}, false},
		{state{0, 0, -12.1 * math.Pi / 180, 0}, true},
		{state{math.NaN(), 0, 0, 0}, true},
	} {
		if got := c.at.lost(); got != c.want {
			t.Errorf("%v: lost is %v", c.at, got)
		}
	}
}

// The usual benchmark: with random actions episodes last some 22 steps.
func TestRandomActions(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	const episodes = 2000
	total := 0
	for range episodes {
		for s := start(rng); !s.lost(); s = s.next(rng.IntN(actions)) {
			total++
		}
	}
	if mean := float64(total) / episodes; mean < 21 || mean > 23.5 {
		t.Errorf("episodes last %.2f steps with random actions", mean)
	}
}

func TestPictures(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var stdout, stderr bytes.Buffer
	if err := program(t.Context(), []string{"-steps", "3000", "-out", dir}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); !strings.Contains(got, "dqn       seed 1: not solved") {
		t.Errorf("after few steps it says\n%s", got)
	}
	if info, err := os.Stat(filepath.Join(dir, "cartpole.png")); err != nil || info.Size() < 1000 {
		t.Error(info, err)
	}
	file, err := os.Open(filepath.Join(dir, "cartpole.gif"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if movie, err := gif.DecodeAll(file); err != nil || len(movie.Image) != frames {
		t.Error("the film cannot be read: ", err)
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
		{"argument", t.Context(), []string{"dqn"}, "no arguments"},
		{"no runs", t.Context(), []string{"-seeds", "0"}, "-seeds"},
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
	if err := program(t.Context(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "-seeds") {
		t.Errorf("help: %v, %s", err, stderr.String())
	}
}
