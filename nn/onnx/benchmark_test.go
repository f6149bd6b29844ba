package onnx

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// inferenceOnly is how a model is opened that is to be fast.
var inferenceOnly = Config{Inference: true}

// BenchmarkModels runs PyTorch's models in inference, one and 32 examples at once: those of the
// directory that the environment variable CHAINRULE_INTERCHANGE names, or of internal/models.
func BenchmarkModels(b *testing.B) {
	directory := os.Getenv("CHAINRULE_INTERCHANGE")
	if directory == "" {
		directory = "../../internal/models/testdata"
	}
	files, err := filepath.Glob(filepath.Join(directory, "*", "opset13.onnx"))
	if err != nil || len(files) == 0 {
		b.Fatalf("%s has the models %v (%v)", directory, files, err)
	}
	for _, file := range files {
		for _, batch := range []int{1, 32} {
			b.Run(fmt.Sprintf("%s/%d", filepath.Base(filepath.Dir(file)), batch), func(b *testing.B) {
				x, err := data.ReadNPYFile(filepath.Join(filepath.Dir(file), "input.npy"))
				if err != nil {
					b.Fatal(err)
				}
				benchmarkModel(b, file, map[string]Value{"x": batchOf(x, batch)})
			})
		}
	}
}

// benchmarkModel runs a model in inference.
func benchmarkModel(b *testing.B, file string, inputs map[string]Value) {
	m, err := Open(file, inferenceOnly)
	if err != nil {
		b.Fatal(err)
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := m.Run(tape, inputs); err != nil {
			b.Fatal(err)
		}
		tape.Reset()
	}
}

// BenchmarkPublishedModels runs the models of TestONNXModels, each with the inputs of its cases.
func BenchmarkPublishedModels(b *testing.B) {
	directory, cases := publishedCases(b)
	for _, c := range cases {
		b.Run(strings.TrimSuffix(c.Model, ".onnx")+"/"+c.Case, func(b *testing.B) {
			file := filepath.Join(directory, c.Model)
			m, err := Open(file, inferenceOnly)
			if err != nil {
				b.Fatal(err)
			}
			inputs, err := c.inputs(m, directory)
			if err != nil {
				b.Fatal(err)
			}
			benchmarkModel(b, file, inputs)
		})
	}
}

// batchOf is so many examples of an array, from the first again after the last.
func batchOf(x data.Array, batch int) Value {
	shape := slices.Clone(x.Shape)
	row := len(x.Float32s) + len(x.Float64s)
	row /= shape[0]
	shape[0] = batch
	if x.Float64s != nil { // tokens
		tokens := make([]float64, batch*row)
		for i := range tokens {
			tokens[i] = x.Float64s[i%len(x.Float64s)]
		}
		return ofHost(host.FromFloats(host.Int64, tokens, shape...))
	}
	numbers := make([]float32, batch*row)
	for i := range numbers {
		numbers[i] = x.Float32s[i%len(x.Float32s)]
	}
	return Tensor(autograd.New(numbers, shape...))
}
