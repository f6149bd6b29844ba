package main

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"unicode"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// This file builds the network, and describes it in the file of its weights, so that it
// can be built again without a flag.

// named is a value with the name it has on the command line.
type named[T any] struct {
	name  string
	value T
}

func namesOf[T any](list []named[T]) []string {
	names := make([]string, len(list))
	for i, n := range list {
		names[i] = n.name
	}
	return names
}

func find[T any](list []named[T], name string) (value T, ok bool) {
	for _, n := range list {
		if n.name == name {
			return n.value, true
		}
	}
	return value, false
}

// GELU and SiLU are layers of these operations, with names that a summary can show.
type (
	GELU struct{ nn.Func }
	SiLU struct{ nn.Func }
)

var activations = []named[nn.Layer]{
	{"relu", nn.ReLU{}},
	{"tanh", nn.Tanh{}},
	{"sigmoid", nn.Sigmoid{}},
	{"gelu", GELU{autograd.Variable.GELU}},
	{"silu", SiLU{autograd.Variable.SiLU}},
}

func activationNames() []string { return namesOf(activations) }

// optimizer is an optimizer with the learning rate that suits it here.
type optimizer struct {
	rate float64
	make func(model nn.Layer, rate float64) optim.Optimizer
}

var optimizers = []named[optimizer]{
	{"adam", optimizer{1e-3, func(model nn.Layer, rate float64) optim.Optimizer {
		return optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: rate})
	}}},
	{"adamw", optimizer{1e-3, func(model nn.Layer, rate float64) optim.Optimizer {
		return optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: rate})
	}}},
	{"sgd", optimizer{0.1, func(model nn.Layer, rate float64) optim.Optimizer {
		return optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: rate})
	}}},
	{"momentum", optimizer{0.01, func(model nn.Layer, rate float64) optim.Optimizer {
		return optim.NewSGD(nn.Params(model), optim.SGDConfig{LR: rate, Momentum: 0.9})
	}}},
}

// rateHint says, for the help, which optimizer has which learning rate.
func rateHint() string {
	var texts []string
	for _, o := range optimizers {
		texts = append(texts, fmt.Sprintf("%v for %s", o.value.rate, o.name))
	}
	return strings.Join(texts, ", ")
}

func optimizerNames() []string { return namesOf(optimizers) }

// recipe is all that is needed, besides the weights, to use a trained network.
type recipe struct {
	Hidden     []int    // sizes of the hidden layers
	Classes    []string // names of the classes, one for each output
	Activation string   // one of activationNames
	Dataset    string   // trained on: one of trainable
	Framing    framing  // of the images
}

// build makes the network, with initial weights that the seed determines.
func (r *recipe) build(seed uint64) nn.Sequential {
	activation, _ := find(activations, r.Activation)
	const stream = 0x696e6974 // a sequence of its own for the initial weights
	return nn.NewMLP(rand.New(rand.NewPCG(seed, stream)), nn.MLPConfig{Sizes: r.sizes(), Activation: activation})
}

// sizes is the number of inputs, of units in each hidden layer, and of outputs.
func (r *recipe) sizes() []int {
	sizes := append([]int{imageSide * imageSide}, r.Hidden...)
	return append(sizes, len(r.Classes))
}

// text is a short description, such as 784-128-10, relu.
func (r *recipe) text() string { return joinInts(r.sizes(), "-") + ", " + r.Activation }

func joinInts(numbers []int, separator string) string {
	texts := make([]string, len(numbers))
	for i, n := range numbers {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, separator)
}

// hiddenText is what parseHidden reads.
func hiddenText(sizes []int) string { return cmp.Or(joinInts(sizes, ","), noHidden) }

// metadata is the recipe as the file of the weights holds it.
func (r *recipe) metadata() map[string]string {
	center := centerBox
	if r.Framing.ByMass {
		center = centerMass
	}
	return map[string]string{
		"hidden":     hiddenText(r.Hidden),
		"activation": r.Activation,
		"classes":    strings.Join(r.Classes, "\n"),
		"dataset":    r.Dataset,
		"box":        strconv.Itoa(r.Framing.Box),
		"center":     center,
		"contrast":   strconv.FormatBool(r.Framing.Contrast),
		"pixels":     pixelRange,
	}
}

// Words of the metadata.
const (
	centerBox  = "box"
	centerMass = "mass"
	pixelRange = "0..1" // bytes divided by 255
)

// parseRecipe reads the metadata of a file of weights, which may hold anything.
func parseRecipe(metadata map[string]string) (*recipe, error) {
	r := &recipe{
		Activation: metadata["activation"],
		Classes:    strings.Split(metadata["classes"], "\n"),
		Dataset:    metadata["dataset"],
		Framing:    framing{ByMass: metadata["center"] == centerMass},
	}
	var err, errBox, errContrast error
	r.Hidden, err = parseHidden(metadata["hidden"])
	if r.Framing.Box, errBox = strconv.Atoi(metadata["box"]); errBox == nil && (r.Framing.Box < 1 || r.Framing.Box > imageSide) {
		errBox = fmt.Errorf("box %d: want 1 to %d", r.Framing.Box, imageSide)
	}
	r.Framing.Contrast, errContrast = strconv.ParseBool(metadata["contrast"])
	err = cmp.Or(err, errBox, errContrast, checkNames(r.Classes),
		choice("activation", r.Activation, activationNames()),
		choice("dataset", r.Dataset, trainable()),
		choice("center", metadata["center"], []string{centerBox, centerMass}),
		choice("pixels", metadata["pixels"], []string{pixelRange}))
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	return r, nil
}

// checkNames refuses names of classes that would not show well.
func checkNames(names []string) error {
	if len(names) > maxClasses {
		return fmt.Errorf("%d classes, want at most %d", len(names), maxClasses)
	}
	for _, name := range names {
		if name == "" || len(name) > 100 || strings.ContainsFunc(name, func(r rune) bool { return !unicode.IsPrint(r) }) {
			return fmt.Errorf("%.100q: not the name of a class", name)
		}
	}
	return nil
}

// finite reports whether all weights are numbers.
func finite(model nn.Module) bool {
	for _, w := range nn.Params(model) {
		for _, x := range w.Float32s() {
			if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
				return false
			}
		}
	}
	return true
}
