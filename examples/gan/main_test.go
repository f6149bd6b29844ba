package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

var full = flag.Bool("full", false, "learn in full size, digits too, with three seeds")

// The generator makes points of all eight modes, and nine in ten of them are near one.
func TestRing(t *testing.T) {
	seeds, scale := 1, 0.5
	if *full {
		seeds, scale = 3, 1
	}
	for seed := range seeds {
		r, err := learnRing(t.Context(), uint64(seed+1), ringTraining.scaled(scale), io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %v", seed+1, r)
		if r.covered() != modes || !(r.near >= 0.9) {
			t.Errorf("seed %d: %v; expected all, and 90 %%. Shares: %.3f", seed+1, r, r.shares)
		}
		if untrained, _ := judge(r.snapshots[0]); untrained > 0.3 {
			t.Errorf("seed %d: before training %.1f %% of the points are right: there is nothing to learn", seed+1, 100*untrained)
		}
	}
}

// What is drawn from the ring itself passes, and points elsewhere do not.
func TestJudge(t *testing.T) {
	points := ring(rand.New(rand.NewPCG(1, 0)), 20_000).X
	near, shares := judge(autograd.New(points.Float32s, points.Shape...))
	if want := 1 - math.Exp(-4.5); math.Abs(near-want) > 0.003 { // of a normal distribution in the plane
		t.Errorf("%.4f of the data are near a mode, expected %.4f", near, want)
	}
	if r := (ringResult{near: near, shares: shares}); r.covered() != modes {
		t.Errorf("the data cover %d modes", r.covered())
	}
	near, shares = judge(autograd.New([]float64{0, 0, 2, 0.1, 1, 1}, 3, 2))
	if r := (ringResult{near: near, shares: shares}); math.Abs(near-1./3) > 1e-12 || r.covered() != 1 {
		t.Errorf("one of three points is near a mode: %v", &r)
	}
}

// All ten digits are made, and a classifier is nearly as sure of them as of real ones.
func TestDigits(t *testing.T) {
	if !*full {
		t.Skip("takes minutes: -full")
	}
	for seed := range uint64(3) {
		images, test, err := load(t.Context(), "", seed+1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := learnDigits(t.Context(), images, test, seed+1, digitsTraining, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %v", seed+1, r)
		if r.missing() > 0 || !(r.sure >= r.sureOfNew-0.2) {
			t.Errorf("seed %d: %d digits are missing; %v", seed+1, r.missing(), r)
		}
	}
}

func TestProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	args := []string{"-scale", "0.002", "-out", dir}
	var stdout, again, stderr bytes.Buffer
	if err := program(t.Context(), args, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"ring.png", "digits.png"} {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		file.Close()
	}
	if err := program(t.Context(), []string{"-scale", "0.002", "-data", "ring"}, &again, &stderr); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(stdout.String(), again.String()) || !strings.Contains(again.String(), "ring: ") || !strings.Contains(stdout.String(), "digits: ") {
		t.Errorf("the same seed says\n%s and\n%s", stdout.String(), again.String())
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
		{"argument", t.Context(), []string{"ring"}, "no arguments"},
		{"unknown data", t.Context(), []string{"-data", "letters"}, "ring, digits or both"},
		{"no steps", t.Context(), []string{"-scale", "0"}, "-scale"},
		{"no directory", t.Context(), []string{"-out", occupied}, "file"},
		{"no MNIST", t.Context(), []string{"-data", "digits", "-mnist", t.TempDir()}, "not found"},
		{"cancelled", cancelled, nil, "canceled"},
	} {
		var stdout, stderr bytes.Buffer
		err := program(c.ctx, c.args, &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var stdout, stderr bytes.Buffer
	if err := program(t.Context(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "-scale") {
		t.Errorf("help: %v, %s", err, stderr.String())
	}
}
