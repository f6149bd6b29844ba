package main

import (
	"flag"
	"image/png"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

var full = flag.Bool("full", false, "learn MNIST, whose directory MNIST_DIR names, from three seeds")

func accuracy(t *testing.T, model nn.Layer, test data.Dataset) float64 {
	t.Helper()
	scores, err := nn.Evaluate(t.Context(), model, test, nn.EvaluateConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		t.Fatal(err)
	}
	score, _ := scores.Get("accuracy")
	return score
}

// A few passes over the embedded digits are enough for 96 % of the test images.
func TestLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("trains a network")
	}
	train, test, err := load(t.Context(), false, true, "")
	if err != nil {
		t.Fatal(err)
	}
	model, epochs, err := learn(t.Context(), train, false, 5, 1, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if got := accuracy(t, model, test); epochs != 5 || got < 0.96 {
		t.Errorf("test accuracy %.4f after %d epochs, want 0.96 after 5", got, epochs)
	}

	path := filepath.Join(t.TempDir(), "cnn.png")
	if err := draw(t.Context(), path, model, test); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := png.Decode(file); err != nil {
		t.Error(err)
	}
	found, err := mistakesOf(t.Context(), model, test)
	if want := accuracy(t, model, test); err != nil || 1-float64(len(found))/float64(test.N) != want {
		t.Errorf("%d mistakes on %d images of which %v are right (%v)", len(found), test.N, want, err)
	}
}

// MNIST: 99.3 % of the test images, as the mean of three seeds.
func TestFull(t *testing.T) {
	dir := os.Getenv("MNIST_DIR")
	if !*full || dir == "" {
		t.Skip("takes some minutes: MNIST_DIR=… go test ./examples/cnn -run Full -full")
	}
	train, test, err := load(t.Context(), false, false, dir)
	if err != nil {
		t.Fatal(err)
	}
	mean := 0.0
	for seed := uint64(1); seed <= 3; seed++ {
		model, epochs, err := learn(t.Context(), train, false, 12, seed, os.Stderr)
		if err != nil {
			t.Fatal(err)
		}
		score := accuracy(t, model, test)
		t.Logf("seed %d: %d epochs, test accuracy %.4f", seed, epochs, score)
		mean += score / 3
	}
	if mean < 0.993 {
		t.Errorf("mean test accuracy %.4f, want 0.993", mean)
	}
}
