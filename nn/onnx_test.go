package nn_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/onnxruntime"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx"
)

// exported is a layer as a file, with the first axis of its inputs dynamic where that is given.
func (row *layerRow) exported(m nn.Module, xs []v, dynamic map[int]string) ([]byte, error) {
	var inputs []onnx.ExportInput
	for i, x := range xs {
		inputs = append(inputs, onnx.ExportInput{Name: fmt.Sprintf("x%d", i), Variable: x, Dynamic: dynamic})
	}
	var file bytes.Buffer
	err := onnx.Export(&file, m, inputs, onnx.ExportConfig{Forward: func(t *autograd.Tape, in []onnx.ExportValue) []v {
		var xs []v
		for _, value := range in {
			xs = append(xs, value.Variable)
		}
		return []v{row.compute(m, t, xs)}
	}})
	return file.Bytes(), err
}

// evaluated is the output for these inputs.
func (row *layerRow) evaluated(m nn.Module, xs []v) v {
	tape := autograd.NewTape(autograd.TapeConfig{})
	var args []v
	for _, x := range xs {
		args = append(args, tape.Const(x))
	}
	return row.compute(m, tape, args).Clone()
}

// readBack has a file read by package onnx, and says what differs.
func readBack(file []byte, xs []v, want v) error {
	m, err := onnx.Read(bytes.NewReader(file), onnx.Config{})
	if err != nil {
		return err
	}
	inputs := map[string]onnx.Value{}
	for i, x := range xs {
		inputs[fmt.Sprintf("x%d", i)] = onnx.Tensor(x)
	}
	outputs, err := m.Run(autograd.NewTape(autograd.TapeConfig{}), inputs)
	if err != nil {
		return err
	}
	y := outputs["y"].Variable()
	return onnxruntime.Array{Shape: y.Shape(), Float64s: y.Floats()}.Differs(want.Shape(), want.Floats(), 1e-5)
}

// Every layer of the table becomes an ONNX file that onnx's checker accepts, and that gives, read by package onnx and
// in onnxruntime, what the layer gives: those that take a batch along the first axis, at another batch too. Layers of tokens have
// their test in package onnx.
func TestLayersONNX(t *testing.T) {
	var cases []onnxruntime.Case
	var wanted []v
	var names []string
	for _, row := range layerRows() {
		if len(row.shapes) == 0 {
			continue
		}
		m := row.build(3, autograd.Float32)
		sizes, dynamic := []int{row.shapes[0][0]}, map[int]string{}
		larger := row.resized(0, row.shapes[0][0]+3)
		if row.call == nil && larger.accepts() && row.name != "Unfold of one image" {
			sizes, dynamic = append(sizes, 1, row.shapes[0][0]+3), map[int]string{0: "batch"}
		}
		file, err := row.exported(m, row.draw(autograd.Float32), dynamic)
		if err != nil {
			t.Errorf("%s: %v", row.name, err)
			continue
		}
		for _, size := range sizes {
			r := row
			if size != row.shapes[0][0] {
				r = row.resized(0, size)
			}
			xs := r.draw(autograd.Float32)
			one := onnxruntime.Case{Model: file, Inputs: map[string]onnxruntime.Array{}}
			for i, x := range xs {
				one.Inputs[fmt.Sprintf("x%d", i)] = onnxruntime.Array{Shape: x.Shape(), Float32s: x.Float32s()}
			}
			cases, names = append(cases, one), append(names, fmt.Sprintf("%s of %d", row.name, size))
			want := r.evaluated(m, xs)
			wanted = append(wanted, want)
			if err := readBack(file, xs, want); err != nil {
				t.Errorf("%s of %d, read back: %v", row.name, size, err)
			}
		}
	}
	var files [][]byte
	for _, c := range cases {
		files = append(files, c.Model)
	}
	problems, _ := onnxruntime.Check(files)
	for i, problem := range problems {
		if problem != "" {
			t.Errorf("%s: checker: %s", names[i], problem)
		}
	}
	if !onnxruntime.Available() {
		t.Skipf("%s is not set: onnxruntime is left out", onnxruntime.Variable)
	}
	results, err := onnxruntime.Run(cases)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		err := r.Err
		if err == nil {
			err = r.Outputs["y"].Differs(wanted[i].Shape(), wanted[i].Floats(), 1e-5)
		}
		if err != nil {
			t.Errorf("%s: %v", names[i], err)
		}
	}
}
