package main

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx"
	"github.com/chainrule-go/chainrule/nn/torchfile"
)

// This file reads networks that other programs have trained, and writes them for others to
// run: ONNX files, and files of weights that do not say what they are the weights of.

// source is where a network comes from, as flags say it.
type source struct {
	weights    string
	activation string // for a file that does not say it
}

func (s *source) flags(f *pflag.FlagSet) {
	f.StringVar(&s.weights, "weights", "", "`FILE` of weights: what train keeps, ONNX, or those of a perceptron by PyTorch (.pt, .pth), in safetensors or NPZ (default: where train keeps them)")
	f.StringVar(&s.activation, "activation", "relu", "`NAME` for a file that does not say it: "+strings.Join(activationNames(), ", "))
}

func (s *source) check() error { return choice("--activation", s.activation, activationNames()) }

const onnxEnding = ".onnx"

// isONNX reports whether a file is one of ONNX, by its name.
func isONNX(path string) bool { return strings.EqualFold(filepath.Ext(path), onnxEnding) }

// loadONNX reads a network from an ONNX file. Where export has not written what it is, it is
// taken for one of digits with pixels from 0 to 1.
func loadONNX(path string) (*trained, error) {
	model, err := onnx.Open(path, onnx.Config{Trainable: func(string) bool { return false }})
	if err != nil {
		return nil, err
	}
	classes, err := checkONNX(model)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &recipe{Dataset: mnist, Framing: publicationOf(mnist).framing}
	for i := range classes {
		r.Classes = append(r.Classes, strconv.Itoa(i))
	}
	text := "ONNX"
	if producer := model.Producer(); producer != "" {
		text += " by " + producer
	}
	if metadata := model.Metadata(); metadata["hidden"] != "" {
		if r, err = parseRecipe(metadata); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		text = r.text()
	}
	if len(r.Classes) != classes {
		return nil, fmt.Errorf("%s: %d outputs for %d classes", path, classes, len(r.Classes))
	}
	return &trained{path, text, r, &imageModel{Model: model, axes: len(model.Inputs()[0].Shape)}}, nil
}

// checkONNX refuses what is no classifier of images of this size. It returns the number of
// classes.
func checkONNX(model *onnx.Model) (classes int, err error) {
	inputs, outputs := model.Inputs(), model.Outputs()
	if len(inputs) != 1 || len(outputs) != 1 {
		return 0, fmt.Errorf("%d inputs and %d outputs, want one each", len(inputs), len(outputs))
	}
	in, out := inputs[0], outputs[0]
	switch {
	case !isImage(in.Shape):
		return 0, fmt.Errorf("input %q has shape %v, want [batch, %d] or [batch, 1, %d, %d]", in.Name, in.Shape, imageSide*imageSide, imageSide, imageSide)
	case in.Shape[0].Size >= 0:
		return 0, fmt.Errorf("input %q has batches of %d only, want an axis of any size", in.Name, in.Shape[0].Size)
	case len(out.Shape) != 2 || out.Shape[1].Size < 1 || out.Shape[1].Size > maxClasses:
		return 0, fmt.Errorf("output %q has shape %v, want [batch, classes]", out.Name, out.Shape)
	}
	return out.Shape[1].Size, nil
}

// isImage reports whether an input takes a batch of images, with their pixels along one axis
// or in rows, with an axis for the channel or without.
func isImage(shape []onnx.Dim) bool {
	sizes := make([]int, len(shape))
	for i, dim := range shape {
		sizes[i] = dim.Size
	}
	switch len(sizes) {
	case 2:
		return sizes[1] == imageSide*imageSide
	case 3:
		return sizes[1] == imageSide && sizes[2] == imageSide
	case 4:
		return sizes[1] == 1 && sizes[2] == imageSide && sizes[3] == imageSide
	}
	return false
}

// imageModel gives a model images of as many axes as it takes.
type imageModel struct {
	*onnx.Model
	axes int
}

// Forward takes pixels [batch, 784].
func (m *imageModel) Forward(x autograd.Variable) autograd.Variable {
	switch m.axes {
	case 3:
		x = x.Reshape(x.Dim(0), imageSide, imageSide)
	case 4:
		x = x.Reshape(x.Dim(0), 1, imageSide, imageSide)
	}
	return m.Model.Forward(x)
}

// openForeign opens a file of weights: PyTorch's by its ending, else what package nn knows.
func openForeign(path string) (nn.WeightsFile, error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".pt", ".pth", ".bin":
		return torchfile.Open(path, torchfile.Options{})
	}
	return nn.OpenWeights(path)
}

// loadForeign reads the weights of a perceptron out of a file that does not say what it is:
// its layers are the matrices in the order of their names.
func loadForeign(path, activation string) (*trained, error) {
	file, err := openForeign(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	names, sizes, err := perceptron(file.Tensors())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	r := &recipe{Hidden: sizes[1 : len(sizes)-1], Activation: activation, Dataset: mnist, Framing: publicationOf(mnist).framing}
	for i := range sizes[len(sizes)-1] {
		r.Classes = append(r.Classes, strconv.Itoa(i))
	}
	model := r.build(0)
	rename := func(name string) string {
		layer, part := name[:strings.LastIndex(name, ".")], name[strings.LastIndex(name, "."):]
		return strconv.Itoa(2*slices.Index(names, layer)) + part // activations stand between
	}
	if err := nn.LoadWeights(file, model, nn.LoadConfig{Convert: true, Rename: rename}); err != nil {
		return nil, err
	}
	if !finite(model) {
		return nil, fmt.Errorf("%s: weights that are no finite numbers", path)
	}
	return &trained{path, r.text(), r, model}, nil
}

// perceptron is the names of the layers and the sizes of a perceptron that has these tensors.
func perceptron(tensors []nn.TensorInfo) (names []string, sizes []int, err error) {
	weights, biases := map[string][]int{}, map[string][]int{}
	for _, t := range tensors {
		layer, isWeight := strings.CutSuffix(t.Name, ".weight")
		switch bias, isBias := strings.CutSuffix(t.Name, ".bias"); {
		case isWeight && len(t.Shape) == 2:
			weights[layer] = t.Shape
		case isBias && len(t.Shape) == 1:
			biases[bias] = t.Shape
		default:
			return nil, nil, fmt.Errorf("%q of shape %v is no part of a perceptron; a network of another kind can be read from an ONNX file", t.Name, t.Shape)
		}
	}
	names = slices.SortedFunc(maps.Keys(weights), byNumbers)
	if len(names) == 0 || len(names) > maxLayers+1 || len(biases) != len(names) {
		return nil, nil, fmt.Errorf("%d matrices and %d biases, want as many of both, 1 to %d", len(names), len(biases), maxLayers+1)
	}
	sizes = []int{imageSide * imageSide}
	for _, name := range names {
		in, w := sizes[len(sizes)-1], weights[name]
		if w[1] != in || w[0] < 1 || w[0] > maxLayerSize || len(biases[name]) != 1 || biases[name][0] != w[0] {
			return nil, nil, fmt.Errorf("layer %q has weights %v and bias %v, want [out %d] and [out] of at most %d", name, w, biases[name], in, maxLayerSize)
		}
		sizes = append(sizes, w[0])
	}
	if classes := sizes[len(sizes)-1]; classes > maxClasses || parameters(sizes) > maxParameters {
		return nil, nil, fmt.Errorf("%d weights and %d outputs, want at most %d and %d", parameters(sizes), classes, maxParameters, maxClasses)
	}
	return names, sizes, nil
}

// byNumbers compares names, the numbers in them by size: "fc2" comes before "fc10".
func byNumbers(a, b string) int {
	for a != "" && b != "" {
		x, restA := leadingNumber(a)
		y, restB := leadingNumber(b)
		if order := cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)); x != "" && y != "" && order != 0 {
			return order
		}
		if x == "" || y == "" {
			if a[0] != b[0] {
				return cmp.Compare(a[0], b[0])
			}
			restA, restB = a[1:], b[1:]
		}
		a, b = restA, restB
	}
	return cmp.Compare(len(a), len(b))
}

// leadingNumber is the digits that a name begins with, without zeros before them, and the
// rest.
func leadingNumber(name string) (number, rest string) {
	rest = strings.TrimLeft(name, "0123456789")
	return strings.TrimLeft(name[:len(name)-len(rest)], "0"), rest
}

// exportOptions is what the flags of export say.
type exportOptions struct{ source }

// export is the command of that name.
func (a *app) export(o *exportOptions, path string) error {
	net, err := loadTrained(o.source)
	if err != nil {
		return err
	}
	model, ok := net.model.(nn.Sequential)
	if !ok {
		return fmt.Errorf("%s is a file of ONNX already", net.path)
	}
	if err := writable(path); err != nil {
		return err
	}
	inputs := []onnx.ExportInput{{Name: "pixels", Variable: autograd.Zeros(autograd.Float32, 1, imageSide*imageSide)}}
	err = onnx.ExportFile(path, model, inputs, onnx.ExportConfig{
		Outputs: []string{"logits"}, Name: "mnist", Metadata: net.recipe.metadata(),
		Doc: fmt.Sprintf("%s, trained on %s: pixels from 0 to 1, row by row", net.text, net.recipe.Dataset),
	})
	if err != nil {
		return err
	}
	a.print("Weights: %s (%s, trained on %s)", net.path, net.text, net.recipe.Dataset)
	a.print("Model: %s (input pixels [batch, %d] from 0 to 1, output logits [batch, %d])", path, imageSide*imageSide, len(net.recipe.Classes))
	return nil
}
