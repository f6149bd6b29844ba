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
)

var full = flag.Bool("full", false, "train as long as the program does, with three seeds")

// At ε = 0.1 PGD fools the network that was trained as usual nearly always, while that of
// adversarial training keeps its head, without being worse on images as they are.
func TestAdversarialTraining(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a network for some seconds")
	}
	seeds, epochs, images, robust, fooled, accuracy := 1, 5, 100, 0.4, 0.2, 0.9
	if *full {
		seeds, epochs, images, robust, fooled, accuracy = 3, 25, 359, 0.6, 0.15, 0.97
	}
	const at = 2
	if epsilons[at] != 0.1 {
		t.Fatal(epsilons)
	}
	for seed := range uint64(seeds) {
		var results []*result
		for _, epsilon := range []float64{0, 0.1} {
			m, err := train(t.Context(), seed+1, epochs, epsilon)
			if err != nil {
				t.Fatal(err)
			}
			r, err := measure(t.Context(), []string{"plain", "adversarial"}[len(results)], m.first(images), seed+1)
			if err != nil {
				t.Fatal(err)
			}
			results = append(results, r)
		}
		printResults(t.Output(), results)
		plain, hardened := results[0], results[1]
		if !(plain.pgd[at] < fooled && hardened.pgd[at] > robust) {
			t.Errorf("seed %d: under attack accuracy is %v, of adversarial training %v", seed+1, plain.pgd[at], hardened.pgd[at])
		}
		if !(plain.pgd[0] > accuracy && hardened.pgd[0] > accuracy) || plain.pgd[0] != plain.shifted[0].accuracy {
			t.Errorf("seed %d: accuracy is %v, of adversarial training %v", seed+1, plain.pgd[0], hardened.pgd[0])
		}
		for i, e := range epsilons {
			if plain.pgd[i] > plain.fgsm[i]+0.02 || hardened.pgd[i] > hardened.fgsm[i]+0.02 {
				t.Errorf("seed %d: at ε = %v FGSM fools more than PGD", seed+1, e)
			}
		}
		// The farther images are moved, the more it believes in what is wrong.
		if last := len(shifts) - 1; plain.shifted[last].calibration < 5*plain.shifted[0].calibration {
			t.Errorf("seed %d: calibration error %v, of shifted images %v", seed+1, plain.shifted[0].calibration, plain.shifted[last].calibration)
		}
	}
}

func TestPicture(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	var stdout, stderr bytes.Buffer
	if err := program(t.Context(), []string{"-epochs", "1", "-epsilon", "0", "-images", "10", "-out", dir}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if got := stdout.String(); !strings.Contains(got, "adversarial, FGSM") || !strings.Contains(got, "4 pixels") {
		t.Errorf("it says\n%s", got)
	}
	if info, err := os.Stat(filepath.Join(dir, "robust.png")); err != nil || info.Size() < 1000 {
		t.Error(info, err)
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
		{"argument", t.Context(), []string{"pgd"}, "no arguments"},
		{"no epochs", t.Context(), []string{"-epochs", "0"}, "-epochs"},
		{"epsilon", t.Context(), []string{"-epsilon", "-1"}, "-epsilon"},
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
	if err := program(t.Context(), []string{"-h"}, &stdout, &stderr); !errors.Is(err, flag.ErrHelp) || !strings.Contains(stderr.String(), "-epsilon") {
		t.Errorf("help: %v, %s", err, stderr.String())
	}
}
