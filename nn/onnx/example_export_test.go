package onnx_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx"
)

// A classifier of images becomes a file whose input is "image" and whose output is "scores", for batches of any size. What
// is read back gives the same, here for more images than the example had.
func ExampleExportFile() {
	rng := rand.New(rand.NewPCG(1, 2))
	model := nn.Sequential{
		nn.NewConv2d(rng, 1, 4, []int{3}, nn.ConvConfig{}), nn.ReLU{}, nn.NewMaxPool2d([]int{2}, nn.MaxPoolConfig{}),
		nn.Flatten{}, nn.NewLinear(rng, 4*13*13, 10, nn.LinearConfig{}),
	}
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)

	images := autograd.Uniform(rng, autograd.Float32, 0, 1, 2, 1, 28, 28)
	path := filepath.Join(dir, "model.onnx")
	err = onnx.ExportFile(path, model, []onnx.ExportInput{{Name: "image", Variable: images}}, onnx.ExportConfig{Outputs: []string{"scores"}})
	if err != nil {
		fmt.Println(err)
		return
	}

	again, err := onnx.Open(path, onnx.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(again.Inputs()[0].Name, again.Inputs()[0].Shape, "→", again.Outputs()[0].Name, again.Outputs()[0].Shape)
	more := autograd.Uniform(rng, autograd.Float32, 0, 1, 5, 1, 28, 28)
	difference := again.Forward(more).Sub(model.Forward(more)).Abs().Max().Item()
	fmt.Println(difference < 1e-5)
	// Output:
	// image [batch 1 28 28] → scores [batch 10]
	// true
}

// A model of one's own with two inputs, tokens and how many of them there are, and two outputs.
func ExampleExport() {
	rng := rand.New(rand.NewPCG(1, 2))
	embedding := nn.NewEmbedding(rng, 100, 8, nn.EmbeddingConfig{})
	gru := nn.NewGRU(rng, 8, 16, nn.GRUConfig{})
	model := nn.ModuleMap[nn.Module]{"embedding": embedding, "gru": gru}

	var file bytes.Buffer
	err := onnx.Export(&file, model, []onnx.ExportInput{
		{Name: "tokens", Tokens: []int{3, 14, 15, 92, 65, 35}, Shape: []int{2, 3}},
		{Name: "lengths", Tokens: []int{3, 2}},
	}, onnx.ExportConfig{
		Outputs: []string{"outputs", "state"},
		Forward: func(t *autograd.Tape, in []onnx.ExportValue) []autograd.Variable {
			x := embedding.Lookup(t, in[0].Tokens, in[0].Shape...)
			y, h := gru.Run(x, nn.RecurrentInput{Lengths: in[1].Tokens})
			return []autograd.Variable{y, h}
		},
	})
	fmt.Println(err, file.Len() > 4*nn.NumParams(model))

	// What has no counterpart is named, and where it is.
	err = onnx.Export(&file, nn.Sequential{nn.ReLU{}, nn.Func(autograd.Variable.Lgamma)}, []onnx.ExportInput{{Variable: autograd.Arange(autograd.Float32, 1, 7, 1)}}, onnx.ExportConfig{})
	fmt.Println(err)
	// Output:
	// <nil> true
	// onnx: Export: layer 1: lgamma: it has no counterpart in ONNX: ONNX has no such special function
}
