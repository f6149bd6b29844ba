package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/nn/onnx"

	"github.com/chainrule-go/chainrule/bench/peers/workload"
)

// addModels adds the inference of models of ONNX files.
func addModels(makers map[string]workload.Maker) {
	for _, model := range workload.Models() {
		for _, batch := range workload.ImportedBatches() {
			makers[workload.Imported(model, batch)] = func() (workload.Work, error) { return imported(model, batch) }
		}
	}
}

func imported(name string, batch int) (workload.Work, error) {
	dir := os.Getenv("CHAINRULE_INTERCHANGE")
	if dir == "" {
		return workload.Work{}, errors.New("the environment variable CHAINRULE_INTERCHANGE does not name a directory of models")
	}
	model, err := onnx.Open(filepath.Join(dir, name, "opset13.onnx"), onnx.Config{Inference: true})
	if err != nil {
		return workload.Work{}, err
	}
	x, err := inputOf(dir, name, batch)
	if err != nil {
		return workload.Work{}, err
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	inputs := map[string]onnx.Value{}
	var y autograd.Variable
	run := func() error {
		tape.Reset()
		inputs["x"] = x(tape)
		outputs, err := model.Run(tape, inputs)
		if err == nil {
			y = outputs["y"].Variable()
		}
		return err
	}
	if err := run(); err != nil {
		return workload.Work{}, err
	}
	return workload.Work{Check: workload.Probe(y.Float32s()), Run: run}, nil
}

// inputOf is what a model is given: the examples of its file over and over.
func inputOf(dir, name string, batch int) (func(*autograd.Tape) onnx.Value, error) {
	cases, err := models.ReadCases(os.DirFS(dir))
	if err != nil {
		return nil, err
	}
	for _, c := range cases {
		if c.Name != name {
			continue
		}
		shape, size := append([]int{batch}, c.Input.Shape[1:]...), batch
		for _, n := range shape[1:] {
			size *= n
		}
		if c.Input.Tokens != nil {
			tokens := make([]int64, size)
			for i := range tokens {
				tokens[i] = int64(c.Input.Tokens[i%len(c.Input.Tokens)])
			}
			return func(*autograd.Tape) onnx.Value { return onnx.Ints(tokens, shape...) }, nil
		}
		numbers := make([]float32, size)
		for i := range numbers {
			numbers[i] = c.Input.Floats[i%len(c.Input.Floats)]
		}
		return func(tape *autograd.Tape) onnx.Value { return onnx.Tensor(tape.Float32s(numbers, shape...)) }, nil
	}
	return nil, fmt.Errorf("%s holds no model %s", dir, name)
}
