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
	"github.com/chainrule-go/chainrule/data"
)

var full = flag.Bool("full", false, "learn in full size, with three seeds")

// In full size a linear probe with 50 labels is better by two points for codes than for
// pixels. After a few epochs codes are not yet better than pixels, but far better than chance.
func TestCodes(t *testing.T) {
	seeds, s := 1, size{epochs: 15, draws: 3, starts: 1}
	if *full {
		seeds, s = 3, usual
	}
	for seed := range uint64(seeds) {
		train, test, err := load(t.Context(), "", seed+1)
		if err != nil {
			t.Fatal(err)
		}
		r, err := learnCodes(t.Context(), train, test, s, seed+1, t.Output())
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("seed %d: %v", seed+1, r)
		if *full && !(r.probe >= r.probeOfPixels+0.02) {
			t.Errorf("seed %d: the probe is not better by two points", seed+1)
		}
		if !(r.probe >= 0.7) || !(r.purity >= 0.6) {
			t.Errorf("seed %d: the codes tell little about the digits: %v", seed+1, r)
		}
		if got := r.model.lost(test); !(got <= 0.75) {
			t.Errorf("seed %d: what is restored is %.2f times as far from the images as their mean, squared", seed+1, got)
		}
	}
}

// lost is the squared distance of restored test images from what they were, divided by that of
// the mean image.
func (d *denoising) lost(test *data.Images) float64 {
	x := all(test)
	damaged := damage(autograd.NewTape(autograd.TapeConfig{NoGrad: true, Seed: 1}), x)
	restored := d.decoder.Forward(d.encoder.Forward(damaged)).Sigmoid()
	return restored.Sub(x).Square().Mean().Item() / x.Sub(x.Mean(0)).Square().Mean().Item()
}

// The map has classes in places of their own: the nearest neighbour on it is mostly of the
// same class.
func TestMap(t *testing.T) {
	epochs := 15
	if *full {
		epochs = usual.epochs / 3
	}
	train, test, err := load(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	v := newVariational(rand.New(rand.NewPCG(1, 3)), 2)
	neighbours := func() float64 {
		from, to := v.posterior(all(test)).Loc, v.posterior(all(train)).Loc
		right := 0.0
		for i, nearest := range autograd.CDist(from, to, 2).ArgMin(1) {
			if test.Labels[i] == train.Labels[nearest] {
				right += 1 / float64(test.Len())
			}
		}
		return right
	}
	before := neighbours()
	if err := fit(t.Context(), v, train, epochs, data.AugmentConfig{}, 1, "variational", io.Discard); err != nil {
		t.Fatal(err)
	}
	after := neighbours()
	t.Logf("the nearest neighbour is of the same class for %.1f %%, before training for %.1f %%", 100*after, 100*before)
	if !(after >= 0.5) || !(after > before+0.1) {
		t.Errorf("the map does not tell classes apart")
	}
	// Codes of all test images together are near the prior.
	z := v.posterior(all(test)).Loc
	if mean := z.Mean().Item(); math.Abs(mean) > 0.5 || z.Std().Item() > 2 {
		t.Errorf("codes have the mean %.2f and the standard deviation %.2f", mean, z.Std().Item())
	}
}

func TestKMeans(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 0))
	var points []float64
	var labels []int
	for i := range 300 {
		c := i % 3
		points = append(points, float64(10*c)+rng.NormFloat64(), float64(c*c)+rng.NormFloat64())
		labels = append(labels, c)
	}
	cluster, inertia := kMeans(rng, autograd.New(points, 300, 2), 3)
	if p := purityOf(cluster, labels); p != 1 || inertia > 800 {
		t.Errorf("three lumps: purity %.3f, inertia %.0f", p, inertia)
	}
	if p := purityOf([]int{0, 0, 0, 1}, []int{1, 1, 2, 2}); p != 0.75 {
		t.Errorf("three of four are of the most frequent class, purity says %g", p)
	}
}

func TestProgram(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	if err := os.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	train, test, err := load(t.Context(), "", 1)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 0))
	if err := draw(t.Context(), dir, newDenoising(rng, train), newVariational(rng, 2), test, 1); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"restored.png", "map.png", "samples.png"} {
		file, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.Decode(file); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		file.Close()
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
		{"argument", t.Context(), []string{"digits"}, "no arguments"},
		{"no epochs", t.Context(), []string{"-epochs", "0"}, "-epochs"},
		{"no directory", t.Context(), []string{"-out", occupied}, "file"},
		{"no MNIST", t.Context(), []string{"-mnist", t.TempDir()}, "not found"},
		{"cancelled", cancelled, nil, "canceled"},
	} {
		var stdout, stderr bytes.Buffer
		err := program(c.ctx, c.args, &stdout, &stderr)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	var stdout, stderr bytes.Buffer
	if err := program(t.Context(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "-mnist") {
		t.Errorf("help: %v, %s", err, stderr.String())
	}
}
