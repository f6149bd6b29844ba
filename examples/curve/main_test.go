package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/distribution"
)

var full = flag.Bool("full", false, "learn in full size, with three seeds")

// The band holds 95 of 100 fresh points, and the prediction is near the curve.
func TestBand(t *testing.T) {
	seeds, members, epochs, limit := 1, 2, 150, 0.1
	if *full {
		seeds, members, epochs, limit = 3, 5, 300, 0.07
	}
	for seed := range seeds {
		r, err := learn(t.Context(), uint64(seed+1), members, epochs, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: coverage %.4f, distance %.4f, −ln p %.4f, single %.4f, ideal %.4f", seed+1, r.coverage, r.distance, r.nll, r.single, r.ideal)
		if !(0.93 <= r.coverage && r.coverage <= 0.97) {
			t.Errorf("seed %d: the 95 %% band holds %.1f %%", seed+1, 100*r.coverage)
		}
		if !(r.distance <= limit) {
			t.Errorf("seed %d: the prediction is %.3f away from the curve", seed+1, r.distance)
		}
		if !(r.nll <= r.ideal+0.05) {
			t.Errorf("seed %d: −ln p is %.3f, %.3f if one knew the curve", seed+1, r.nll, r.ideal)
		}
		// Not one width for all: the points lie closer on the left.
		d, err := r.predict(t.Context(), r.fresh)
		if err != nil {
			t.Fatal(err)
		}
		low, high := band(d)
		x, _ := floats(r.fresh)
		for i, x := range x {
			if ratio := (high[i] - low[i]) / (2 * 1.96 * scatter(x)); math.Abs(x) < 2.5 && !(0.5 < ratio && ratio < 1.7) {
				t.Fatalf("seed %d: at x = %.2f the band is %.2f times as wide as it should be", seed+1, x, ratio)
			}
		}
	}
}

// Two members that disagree make a wider band than either of them.
func TestDisagreementWidens(t *testing.T) {
	two := distribution.NewNormal(autograd.New([]float32{-1, 1}, 1, 2), autograd.New([]float32{0.5, 0.5}, 1, 2))
	low, high := band(distribution.NewMixture(distribution.NewCategorical(autograd.New([]float32{0, 0})), two))
	if want := 1.96 * math.Sqrt(1+0.25); math.Abs(high[0]-want) > 1e-3 || math.Abs(low[0]+want) > 1e-3 {
		t.Errorf("the band reaches from %.3f to %.3f, expected ±%.3f", low[0], high[0], want)
	}
}

func TestProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	args := []string{"-members", "2", "-epochs", "2", "-out", dir}
	var stdout, again, stderr bytes.Buffer
	if err := program(t.Context(), args, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "curve.png")); err != nil || info.Size() < 1000 {
		t.Error(info, err)
	}
	if err := program(t.Context(), args, &again, &stderr); err != nil {
		t.Fatal(err)
	}
	if stdout.String() != again.String() || !strings.Contains(again.String(), "95 % band") {
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
		{"argument", t.Context(), []string{"sine"}, "no arguments"},
		{"no networks", t.Context(), []string{"-members", "0"}, "-members"},
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
	if err := program(t.Context(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "-members") {
		t.Errorf("help: %v, %s", err, stderr.String())
	}
}
