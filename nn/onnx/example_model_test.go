package onnx_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// written is the file of a small model.
func written() *bytes.Reader {
	model := nn.Sequential{nn.NewLinear(rand.New(rand.NewPCG(1, 2)), 2, 3, nn.LinearConfig{}), nn.ReLU{}}
	var file bytes.Buffer
	x := autograd.New([]float32{1, 2, 3, 4}, 2, 2)
	if err := onnx.Export(&file, model, []onnx.ExportInput{{Name: "x", Variable: x}}, onnx.ExportConfig{Outputs: []string{"y"}}); err != nil {
		panic(err)
	}
	return bytes.NewReader(file.Bytes())
}

// A model is read, looked at and run at a batch of any size.
func ExampleModel() {
	model, err := onnx.Read(written(), onnx.Config{}) // onnx.Open("model.onnx", …) for a file
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, in := range model.Inputs() {
		fmt.Println("input", in.Name, in.Type, in.Shape)
	}
	for name, w := range nn.Params(model) {
		fmt.Println("parameter", name, w.Shape())
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	y := model.Forward(tape.Const(autograd.Ones(autograd.Float32, 5, 2)))
	fmt.Println("output", y.Shape())
	// Output:
	// input x float [batch 2]
	// parameter 0.weight [3 2]
	// parameter 0.bias [3]
	// output [5 3]
}

// Inputs and outputs have the names of the file. Integers and truth values are Values too.
func ExampleModel_Run() {
	model, err := onnx.Read(written(), onnx.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	x := onnx.Tensor(autograd.New([]float32{0, 0}, 1, 2))
	outputs, err := model.Run(tape, map[string]onnx.Value{"x": x})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(outputs["y"].Type(), outputs["y"].Shape())

	_, err = model.Run(tape, map[string]onnx.Value{"x": onnx.Ints([]int64{1, 2}, 1, 2)})
	fmt.Println(err)
	// Output:
	// float [1 3]
	// onnx: graph "model": input "x" is int64[1 2]: the file declares float[batch 2]
}

// What was read is trained further like any model.
func ExampleModel_Forward() {
	model, err := onnx.Read(written(), onnx.Config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	adam := optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.1})
	x, target := autograd.New([]float32{1, 0, 0, 1}, 2, 2), autograd.New([]float32{1, 0, 2, 0, 1, 0}, 2, 3)
	var first, last float64
	for step := range 200 {
		loss := model.Forward(tape.Const(x)).Sub(target).Square().Mean()
		if last = loss.Item(); step == 0 {
			first = last
		}
		adam.Step(loss.Backward())
		tape.Reset()
	}
	fmt.Println(first > last)
	// Output: true
}
