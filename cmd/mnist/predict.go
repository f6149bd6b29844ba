package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// predictOptions is what the flags of predict say.
type predictOptions struct {
	source
	json bool
}

// guess is a class and how probable the network thinks it is.
type guess struct {
	Class       int     `json:"class"`
	Name        string  `json:"name"`
	Probability float64 `json:"probability"`
}

// recognized is what a picture was taken for.
type recognized struct {
	File     string `json:"file"`
	guess           // the most probable class
	RunnerUp *guess `json:"runner_up,omitempty"`
	Objects  int    `json:"objects"` // seen in the picture: it was taken for one thing all the same
}

// predict is the command of that name. A picture that cannot be read does not keep the
// others from being recognized.
func (a *app) predict(ctx context.Context, o *predictOptions, files []string) error {
	net, err := loadTrained(o.source)
	if err != nil {
		return err
	}
	var failed error
	width := 0
	for _, file := range files {
		width = max(width, utf8.RuneCountInString(file))
	}
	for _, file := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		result, err := net.recognize(ctx, file)
		if err == nil {
			err = a.report(result, width, o.json)
		}
		if err != nil && len(files) == 1 {
			return err
		} else if err != nil {
			a.note("%v", err)
			failed = errors.New("not all images could be recognized")
		}
	}
	return failed
}

// report prints what a picture was taken for, with the files' names in a column of this
// width.
func (a *app) report(r *recognized, width int, asJSON bool) error {
	if asJSON {
		return json.NewEncoder(a.stdout).Encode(r)
	}
	line := fmt.Sprintf("%-*s  %s  %5.1f%%", width, r.File, r.Name, 100*r.Probability)
	if r.RunnerUp != nil {
		line += fmt.Sprintf("  (or %s, %.1f%%)", r.RunnerUp.Name, 100*r.RunnerUp.Probability)
	}
	if r.Objects > 1 {
		line += fmt.Sprintf("  %d objects seen, taken for one: give each a picture of its own", r.Objects)
	}
	a.print("%s", line)
	return nil
}

// recognize shows a picture to the network.
func (t *trained) recognize(ctx context.Context, file string) (*recognized, error) {
	picture, err := readImage(file)
	if err != nil {
		return nil, err
	}
	pixels, objects, err := t.recipe.Framing.normalize(picture)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	one := &data.Images{Pixels: pixels, N: 1, Channels: 1, Height: imageSide, Width: imageSide}
	logits, err := nn.Predict(ctx, t.model, one.Flatten(), nn.PredictConfig{})
	if err != nil {
		return nil, err
	}
	names := t.recipe.Classes
	guesses := make([]guess, len(names))
	for class, p := range logits.Softmax(-1).Floats() {
		guesses[class] = guess{class, names[class], p}
	}
	slices.SortStableFunc(guesses, func(a, b guess) int { return cmp.Compare(b.Probability, a.Probability) })
	result := &recognized{File: file, guess: guesses[0], Objects: objects}
	if len(guesses) > 1 {
		result.RunnerUp = &guesses[1]
	}
	return result, nil
}
