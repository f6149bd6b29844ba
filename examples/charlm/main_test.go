package main

import (
	"flag"
	"io"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

var full = flag.Bool("full", false, "train on the whole book, from three seeds")

func defaults() settings {
	return settings{models: "both", prompt: "The ", temperature: 0.6, length: 150, epochs: 10, seed: 1, size: 256, batch: 32}
}

// opticksBook is the whole book if characters is 0, or so many of them.
func opticksBook(t *testing.T, characters int) *book {
	t.Helper()
	s := defaults()
	text, err := s.text()
	if err != nil {
		t.Fatal(err)
	}
	if characters > 0 {
		text = text[5000 : 5000+characters]
	}
	b, err := newBook(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// On a tenth of the book, in a few seconds, both models learn more than which
// character follows which.
func TestLearns(t *testing.T) {
	if testing.Short() {
		t.Skip("trains two models")
	}
	b := opticksBook(t, 50_000)
	pairs := count(b.train, b.vocabulary.Len(), 2).bitsOf(b.test, 2)
	s := defaults()
	s.size, s.epochs, s.batch = 64, 6, 8
	for _, name := range []string{"lstm", "transformer"} {
		t.Run(name, func(t *testing.T) {
			model := newModel(name, s.seed, b.vocabulary.Len(), s.size)
			if err := learn(t.Context(), model, b, s, io.Discard); err != nil {
				t.Fatal(err)
			}
			got := bitsOf(model, b.test)
			t.Logf("%.3f bits per character, pairs of characters %.3f", got, pairs)
			if !(got < pairs) {
				t.Errorf("%.3f bits per character, want less than %.3f, of pairs of characters", got, pairs)
			}
			one, two := write(model, b.vocabulary, s), write(model, b.vocabulary, s)
			if one != two || len([]rune(one)) != s.length {
				t.Errorf("the same seed writes\n%s\nand\n%s", one, two)
			}
		})
	}
}

// The whole book: both models need fewer bits than the best n-gram model.
func TestFull(t *testing.T) {
	if !*full {
		t.Skip("takes half an hour of a core and more: go test ./examples/charlm -run Full -full -timeout 3h")
	}
	s := defaults()
	b := opticksBook(t, 0)
	order, best := bestOrder(b)
	for _, name := range []string{"lstm", "transformer"} {
		for s.seed = 1; s.seed <= 3; s.seed++ {
			model := newModel(name, s.seed, b.vocabulary.Len(), s.size)
			if err := learn(t.Context(), model, b, s, os.Stderr); err != nil {
				t.Fatal(err)
			}
			got := bitsOf(model, b.test)
			t.Logf("%s, seed %d: %.3f bits per character; Kneser–Ney of order %d: %.3f", name, s.seed, got, order, best)
			if !(got < best) {
				t.Errorf("%s, seed %d: %.3f bits per character, want less than %.3f", name, s.seed, got, best)
			}
		}
	}
}

// A character at a time, with what is kept of those before, gives what all at once give.
func TestMemory(t *testing.T) {
	text := []int{5, 9, 2, 3, 3, 7, 4, 8, 2, 2, 9, 6, 5, 3, 7, 8, 4, 4, 9, 2}
	for _, name := range []string{"lstm", "transformer"} {
		t.Run(name, func(t *testing.T) {
			model := newModel(name, 1, 10, 32)
			tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
			whole, _ := model.scores(tape, text, 1, nil)
			var memory any
			for i := range text {
				one, next := model.scores(tape, text[i:i+1], 1, memory)
				memory = keep(next)
				for j, want := range whole.Slice(1, i, i+1).Floats() {
					if got := one.Floats()[j]; math.Abs(got-want) > 1e-5 {
						t.Fatalf("character %d, score %d: %v with memory, %v at once", i, j, got, want)
					}
				}
			}
		})
	}
}

// What follows a context has probabilities that add up to 1, whether the context is known
// or not.
func TestKneserNey(t *testing.T) {
	b := opticksBook(t, 20_000)
	g := count(b.train, b.vocabulary.Len(), 5)
	for _, context := range [][]int{{}, b.train[100:101], b.train[200:203], b.train[300:304], {3, 3, 3, 3}} {
		sum := 0.0
		for c := range b.vocabulary.Len() {
			sum += g.probability(runesOf(append(append([]int{}, context...), c)))
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Errorf("after %v the probabilities add up to %v", context, sum)
		}
	}
	// abab: n(ab) = 2, n(ba) = 1, D = 1/(1 + 2·1) at order 2; before b stands a alone, before a
	// b alone, D = ½ where no string stands twice.
	small := count([]int{2, 3, 2, 3}, 4, 2)
	unigram := (1-0.5)/2 + 0.5*2/2/4
	want := (2-1./3)/2 + 1./3*1/2*unigram
	if got := small.probability(runesOf([]int{2, 3})); math.Abs(got-want) > 1e-12 {
		t.Errorf("p(b|a) = %v, want %v", got, want)
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(s *settings)
		want   string
	}{
		{"model", func(s *settings) { s.models = "gru" }, `no model "gru"`},
		{"temperature", func(s *settings) { s.temperature = 0 }, "temperature above 0"},
		{"file", func(s *settings) { s.file = "missing.txt" }, "missing.txt"},
		{"prompt", func(s *settings) { s.prompt = "漢" }, "'漢'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := defaults()
			c.change(&s)
			if err := run(t.Context(), s, io.Discard); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}
