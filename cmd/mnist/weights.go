package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/chainrule-go/chainrule/nn"
)

// This file keeps weights and finds them again: in the file that a flag names, or in one in
// the user's cache directory.

// weightsHint is where weights are kept by default, for the help.
func weightsHint() string {
	if path, err := defaultWeights(); err == nil {
		return path
	}
	return "mnist.safetensors in the user's cache directory"
}

func defaultWeights() (string, error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	return filepath.Join(dir, "chainrule", "mnist.safetensors"), nil
}

// destination is the file to keep weights in, if it can be written. A file asked for has
// to be possible. Without one, weights go to the default place if that is possible; why
// says what is in the way.
func destination(asked string) (path string, why, err error) {
	if asked != "" {
		return asked, nil, writable(asked)
	}
	if path, why = defaultWeights(); why != nil {
		return "", why, nil
	}
	if why = os.MkdirAll(filepath.Dir(path), 0o755); why == nil {
		why = writable(path)
	}
	if why != nil {
		return "", why, nil
	}
	return path, nil, nil
}

// writable finds out whether a file can be put at path, by putting a temporary one beside
// it. What is there already is replaced only if it is a regular file.
func writable(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		return fmt.Errorf("%s: %s", path, notAFile(info))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return pathError(path, err)
	}
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); err != nil {
		return pathError(dir, err)
	}
	probe, err := os.CreateTemp(dir, ".mnist-*")
	if err != nil {
		return fmt.Errorf("cannot write to %w", pathError(dir, err))
	}
	return cmp.Or(probe.Close(), os.Remove(probe.Name()))
}

// keep writes the weights and says where.
func (a *app) keep(path string, model nn.Layer, r *recipe) error {
	if err := nn.SaveFile(path, model, nn.SaveConfig{Metadata: r.metadata()}); err != nil {
		return fmt.Errorf("the weights were not kept: %w", err)
	}
	a.print("Weights: %s", path)
	return nil
}

// trained is a network with the weights that train has kept.
type trained struct {
	path   string
	text   string // what the network is, in short
	recipe *recipe
	model  nn.Layer
}

// loadTrained reads the weights asked for, or those in the default place, and builds the
// network they belong to.
func loadTrained(from source) (*trained, error) {
	path, err := findWeights(from.weights)
	if err != nil {
		return nil, err
	}
	if isONNX(path) {
		return loadONNX(path)
	}
	info, err := nn.InspectFile(path)
	if err != nil || info.Metadata["hidden"] == "" {
		return loadForeign(path, from.activation)
	}
	r, err := parseRecipe(info.Metadata)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// Only if the file has all those weights is memory taken for them.
	if got, want := elements(info), parameters(r.sizes()); got != want {
		return nil, fmt.Errorf("%s: %d weights, want %d for %s", path, got, want, r.text())
	}
	model := r.build(0)
	if err := nn.LoadFile(path, model, nn.LoadConfig{}); err != nil {
		return nil, err
	}
	if !finite(model) {
		return nil, fmt.Errorf("%s: weights that are no finite numbers", path)
	}
	return &trained{path, r.text(), r, model}, nil
}

// elements is how many weights the file says it has, no more than the program would train.
func elements(info *nn.WeightsInfo) int {
	total := 0
	for _, t := range info.Tensors {
		size := 1
		for _, n := range t.Shape {
			size = min(size*min(n, maxParameters+1), maxParameters+1)
		}
		total = min(total+size, maxParameters+1)
	}
	return total
}

// findWeights is the file of weights to read: the one asked for, or the default one.
func findWeights(asked string) (string, error) {
	path, err := asked, error(nil)
	if asked == "" {
		if path, err = defaultWeights(); err != nil {
			return "", fmt.Errorf("no weights: %w; give --weights FILE", err)
		}
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist) && asked == "":
		return "", fmt.Errorf("no weights in %s: run mnist train first, or give --weights FILE", path)
	case err != nil:
		return "", pathError(path, err)
	case !info.Mode().IsRegular():
		return "", fmt.Errorf("%s: %s", path, notAFile(info))
	}
	return path, nil
}
