// Charlm learns to write English from one book, Newton's Opticks, character by character:
// with an LSTM and with a transformer. It tells how many bits each needs for a character of
// a part of the book that it has not seen, beside an n-gram model with interpolated
// Kneser–Ney smoothing of the order that does best there, and lets both go on with a prompt.
//
//	go run ./examples/charlm
//	go run ./examples/charlm -model transformer -prompt "The Sun" -temperature 0.5
package main

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"time"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
	"github.com/chainrule-go/chainrule/nn/progress"
)

// Opticks: or, a Treatise of the Reflections, Refractions, Inflections and Colours of
// Light, the fourth edition, London 1730, as Project Gutenberg transcribed it. It is in
// the public domain.
//
//go:embed opticks.txt.gz
var opticks []byte

// settings are what can be chosen.
type settings struct {
	models      string
	file        string
	prompt      string
	temperature float64
	length      int
	epochs      int
	seed        uint64
	size        int // of the models: units of the LSTM; the transformer has half as many features
	batch       int // passages of a step
}

func main() {
	log.SetFlags(0)
	var s settings
	flag.StringVar(&s.models, "model", "both", "lstm, transformer, or both")
	flag.StringVar(&s.file, "text", "", "learn from this `file` instead, plain or compressed by gzip")
	flag.StringVar(&s.prompt, "prompt", "The Rays of Light", "the `text` to go on with")
	flag.Float64Var(&s.temperature, "temperature", 0.6, "of what is written: near 0 the likeliest character always, 1 as often as the model thinks")
	flag.IntVar(&s.length, "length", 400, "how many characters to write")
	flag.IntVar(&s.epochs, "epochs", 10, "passes over the text")
	flag.Uint64Var(&s.seed, "seed", 1, "of weights, order and what is written")
	flag.IntVar(&s.size, "size", 256, "units of the LSTM; the transformer has half as many features")
	flag.IntVar(&s.batch, "batch", 32, "passages of 128 characters that a step learns from")
	flag.Parse()
	if flag.NArg() > 0 {
		log.Fatalf("charlm: unexpected argument %q", flag.Arg(0))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, s, os.Stdout); err != nil {
		log.Fatal("charlm: ", err)
	}
}

func run(ctx context.Context, s settings, out io.Writer) error {
	names, err := s.names()
	if err != nil {
		return err
	}
	text, err := s.text()
	if err != nil {
		return err
	}
	book, err := newBook(text)
	if err != nil {
		return err
	}
	for _, c := range s.prompt {
		if !strings.ContainsRune(text, c) {
			return fmt.Errorf("the prompt has %q, which the text has not", c)
		}
	}
	order, bits := bestOrder(book)
	fmt.Fprintf(out, "%d characters to learn from, %d held out, %d different\n", len(book.train), len(book.test), book.vocabulary.Len())
	fmt.Fprintf(out, "Kneser–Ney of order %d: %.3f bits per character\n", order, bits)
	for _, name := range names {
		start := time.Now()
		model := newModel(name, s.seed, book.vocabulary.Len(), s.size)
		if err := learn(ctx, model, book, s, os.Stderr); err != nil {
			return err
		}
		took := time.Since(start)
		fmt.Fprintf(out, "\n%s: %.3f bits per character, learned in %.0f s\n", name, bitsOf(model, book.test), took.Seconds())
		fmt.Fprintf(out, "%s\n", strings.TrimSpace(s.prompt+write(model, book.vocabulary, s)))
	}
	return nil
}

// names are the models that were asked for.
func (s settings) names() ([]string, error) {
	switch s.models {
	case "both":
		return []string{"lstm", "transformer"}, nil
	case "lstm", "transformer":
		return []string{s.models}, nil
	}
	return nil, fmt.Errorf("no model %q: there are lstm and transformer", s.models)
}

// text is what is learned from.
func (s settings) text() (string, error) {
	if !(s.temperature > 0) || s.length < 0 || s.epochs < 1 || s.batch < 1 || s.size < 16 || s.size%16 != 0 || s.prompt == "" {
		return "", errors.New("want a temperature above 0, a length from 0, epochs and a batch from 1, a size that 16 divides, and a prompt")
	}
	file := opticks
	if s.file != "" {
		var err error
		if file, err = os.ReadFile(s.file); err != nil {
			return "", err
		}
	}
	if !bytes.HasPrefix(file, []byte{0x1f, 0x8b}) {
		return string(file), nil
	}
	r, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return "", err
	}
	text, err := io.ReadAll(r)
	return string(text), err
}

// book is a text as numbers of its characters, in three parts that follow each other.
type book struct {
	vocabulary              *data.Vocabulary
	train, validation, test []int
}

func newBook(text string) (*book, error) {
	b := &book{vocabulary: data.NewVocabulary([]string{text}, characters, 0)}
	numbers := b.vocabulary.Encode(characters(text))
	n := len(numbers)
	b.train, b.validation, b.test = numbers[:n*85/100], numbers[n*85/100:n*9/10], numbers[n*9/10:]
	if len(b.validation) <= window {
		return nil, fmt.Errorf("a text of %d characters is too short: want %d at least", n, 20*(window+1))
	}
	return b, nil
}

// characters takes a text apart.
func characters(text string) []string { return strings.Split(text, "") }

const window = 128 // characters that are learned from at once

// learn trains a model, tells report how far it is, and leaves it with the weights that did best on the validation part.
func learn(ctx context.Context, model *languageModel, b *book, s settings, report io.Writer) error {
	train := &data.Passages{Tokens: b.train, Length: window, Stride: window / 2}
	_, err := nn.FitObjective(ctx, model, train, nn.FitConfig{
		Epochs: s.epochs, BatchSize: s.batch, Seed: s.seed, ClipNorm: 1,
		Validation: &data.Passages{Tokens: b.validation, Length: window},
		Optimizer:  optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.003, WeightDecay: model.decay}, optim.NoDecay(nn.Params(model))),
		Schedule:   optim.OneCycle(optim.OneCycleConfig{Rise: 0.1, Steps: s.epochs * ((train.Len() + s.batch - 1) / s.batch)}),
		Callbacks: []nn.Callback{
			nn.NewEarlyStopping(nn.EarlyStoppingConfig{Patience: s.epochs}),
			progress.New(report, progress.Config{}),
		},
	})
	return err
}
