package onnx

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/internal/onnxruntime"
	"github.com/chainrule-go/chainrule/nn"
)

// modelInput is an input for one of the nine models: of its case, or by chance.
func modelInput(kind models.Kind, x models.Input) ExportInput {
	if kind.Tokens > 0 {
		return ExportInput{Tokens: x.Tokens, Shape: x.Shape}
	}
	return ExportInput{Variable: autograd.New(x.Floats, x.Shape...)}
}

// drawnInput is an input of a batch.
func drawnInput(kind models.Kind, batch int) models.Input {
	x := models.Input{Shape: append([]int{batch}, kind.Input...)}
	if kind.Tokens > 0 {
		x.Tokens = tokensBelow(uint64(batch), kind.Tokens, product(x.Shape))
	} else {
		x.Floats = autograd.Uniform(newRand(uint64(batch)), autograd.Float32, 0, 1, x.Shape...).Float32s()
	}
	return x
}

// addModel has a model's file compared at this input.
func (r *runner) addModel(name string, file []byte, model nn.Module, kind models.Kind, x models.Input) {
	a := onnxruntime.Array{Shape: x.Shape, Float32s: x.Floats}
	for _, token := range x.Tokens {
		a.Int64s = append(a.Int64s, int64(token))
	}
	y := models.Run(autograd.NewTape(autograd.TapeConfig{NoGrad: true}), model, x)
	r.add(name, file, map[string]onnxruntime.Array{"x": a}, y.Clone())
}

// The nine models, with new weights and with those that PyTorch wrote, give in onnxruntime what they give here,
// at several sizes of the batch.
func TestExportModels(t *testing.T) {
	run := newRunner()
	for _, kind := range models.All() {
		model := kind.New(newRand(5))
		file := mustExport(t, model, []ExportInput{modelInput(kind, drawnInput(kind, 2))}, ExportConfig{})
		for _, batch := range []int{1, 2, 5} {
			run.addModel(fmt.Sprintf("%s of %d", kind.Name, batch), file, model, kind, drawnInput(kind, batch))
		}
	}
	for _, c := range models.Cases(t) {
		model := c.New(newRand(5))
		if err := nn.Load(c.Open(t, "model.safetensors"), model, nn.LoadConfig{}); err != nil {
			t.Fatal(err)
		}
		file := mustExport(t, model, []ExportInput{modelInput(c.Kind, c.Input)}, ExportConfig{})
		run.addModel(c.Name+" as PyTorch trained it", file, model, c.Kind, c.Input)
		run.addModel(c.Name+" as PyTorch trained it, of 6", file, model, c.Kind, drawnInput(c.Kind, 6))
	}
	run.compare(t)
}

// A model that is read back has the parameters that were written, by their names, and gradients for all.
func TestExportKeepsParameters(t *testing.T) {
	for _, kind := range models.All() {
		t.Run(kind.Name, func(t *testing.T) {
			model := kind.New(newRand(5))
			file := mustExport(t, model, []ExportInput{modelInput(kind, drawnInput(kind, 2))}, ExportConfig{})
			again, err := Read(bytes.NewReader(file), Config{})
			if err != nil {
				t.Fatal(err)
			}
			want, got := maps.Collect(nn.Params(model)), maps.Collect(nn.Params(again))
			if diff := cmp.Diff(slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got))); diff != "" {
				t.Errorf("parameters (-want +got):\n%s", diff)
			}
			x := drawnInput(kind, 3)
			tokens := make([]int64, len(x.Tokens))
			for i, token := range x.Tokens {
				tokens[i] = int64(token)
			}
			var input Value
			if kind.Tokens > 0 {
				input = Ints(tokens, x.Shape...)
			} else {
				input = Tensor(autograd.New(x.Floats, x.Shape...))
			}
			tape := autograd.NewTape(autograd.TapeConfig{})
			outputs, err := again.Run(tape, map[string]Value{"x": input})
			if err != nil {
				t.Fatal(err)
			}
			grads := outputs["y"].Variable().Square().Sum().Backward()
			here := models.Run(autograd.NewTape(autograd.TapeConfig{}), model, x).Square().Sum().Backward()
			for name, w := range want {
				a, b := here.Of(w), grads.Of(got[name])
				if err := (onnxruntime.Array{Shape: b.Shape(), Float64s: b.Floats()}).Differs(a.Shape(), a.Floats(), 1e-4); err != nil {
					t.Errorf("the gradient of %s: %v", name, err)
				}
			}
		})
	}
}
