package main

import (
	"flag"
	"image/png"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
)

// The test is never less than full; the flag is there for runs of all examples with it.
var _ = flag.Bool("full", false, "measure all, as always")

// All 27 problems from both starting points: parameters and standard errors to 6 certified
// digits at least. The residuals of Lanczos1 are the rounding errors of its data, 1e-13 beside
// data of 2.5, which float64 has to three digits; so what is computed from them has no more.
func TestCertifiedDigits(t *testing.T) {
	problems, err := readProblems()
	if err != nil {
		t.Fatal(err)
	}
	if len(problems) != 27 || len(models) != 27 {
		t.Fatalf("%d files, %d models", len(problems), len(models))
	}
	scores, err := solve(t.Context(), problems)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range scores {
		least := 6.0
		if s.name == "Lanczos1" {
			least = 2
		}
		if !(s.parameters >= 6) || !(s.deviations >= least) || !(s.ofSquares >= least) || s.fit.Status.Early() {
			t.Errorf("%s from start %d: digits of parameters %.1f, standard errors %.1f, sum of squares %.1f; %v after %d steps",
				s.name, s.start+1, s.parameters, s.deviations, s.ofSquares, s.fit.Status, s.fit.MajorIterations)
		}
	}
	var table strings.Builder
	printTable(&table, scores)
	if lines := strings.Count(table.String(), "\n"); lines != 2+2*27 {
		t.Errorf("the table has %d lines", lines)
	}

	dir := t.TempDir()
	if err := picture(dir, scores); err != nil {
		t.Fatal(err)
	}
	file, err := os.Open(filepath.Join(dir, "fit.png"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	if _, err := png.Decode(file); err != nil {
		t.Error(err)
	}
	if err := picture(filepath.Join(dir, "missing"), scores); err == nil {
		t.Error("a picture in a directory that does not exist")
	}
}

// The models' derivatives against finite differences, at the certified parameters.
func TestModels(t *testing.T) {
	problems, err := readProblems()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Run(p.name, func(t *testing.T) {
			scale := autograd.New(p.certified) // parameters of size 1
			gradcheck.Test(t, func(xs []v) v { return p.predict(xs[0].Mul(scale)) }, autograd.Ones(autograd.Float64, len(p.certified)))
		})
	}
}

func TestDigits(t *testing.T) {
	if got := digits([]float64{1.001, 2}, []float64{1, 2}); got < 2.99 || got > 3.01 {
		t.Errorf("%v digits, want 3", got)
	}
	if got := digits([]float64{-5}, []float64{1}); got != 0 {
		t.Errorf("%v digits, want 0", got)
	}
}

func TestParseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":           "",
		"a short line":      "Data (lines 2 to 2)\n 1\n",
		"no number":         "Data (lines 2 to 2)\n 1 two\n",
		"no starting point": "  b1 = x 2 3 4\n",
		"data alone":        "Data (lines 2 to 2)\n 1 2\n",
	} {
		if err := (&problem{}).parse(text); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
