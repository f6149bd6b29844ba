package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx"
)

// This file reads networks that other programs have trained, or run: ONNX files in and out.

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
	if len(in.Shape) < 2 || len(in.Shape) > 4 {
		return 0, fmt.Errorf("input %q has shape %v, want [batch, %d] or [batch, 1, %d, %d]", in.Name, in.Shape, imageSide*imageSide, imageSide, imageSide)
	}
	pixels := 1
	for _, dim := range in.Shape[1:] {
		if dim.Size < 1 || dim.Size > imageSide*imageSide {
			pixels = 0
			break
		}
		pixels *= dim.Size
	}
	switch {
	case pixels != imageSide*imageSide:
		return 0, fmt.Errorf("input %q has shape %v, want [batch, %d] or [batch, 1, %d, %d]", in.Name, in.Shape, imageSide*imageSide, imageSide, imageSide)
	case in.Shape[0].Size >= 0:
		return 0, fmt.Errorf("input %q has batches of %d only, want an axis of any size", in.Name, in.Shape[0].Size)
	case len(out.Shape) != 2 || out.Shape[1].Size < 1 || out.Shape[1].Size > maxClasses:
		return 0, fmt.Errorf("output %q has shape %v, want [batch, classes]", out.Name, out.Shape)
	}
	return out.Shape[1].Size, nil
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

// exportOptions is what the flags of export say.
type exportOptions struct{ weights string }

// export is the command of that name.
func (a *app) export(o *exportOptions, path string) error {
	net, err := loadTrained(o.weights)
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
