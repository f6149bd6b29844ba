package onnx

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/onnxruntime"
)

// readBack is output y of a file, read by this package.
func readBack(c onnxruntime.Case) (v, error) {
	m, err := Read(bytes.NewReader(c.Model), Config{})
	if err != nil {
		return v{}, err
	}
	inputs := map[string]Value{}
	for name, a := range c.Inputs {
		switch {
		case a.Float32s != nil:
			inputs[name] = Tensor(autograd.New(a.Float32s).Reshape(a.Shape...))
		case a.Float64s != nil:
			inputs[name] = Tensor(autograd.New(a.Float64s).Reshape(a.Shape...))
		case a.Int64s != nil:
			inputs[name] = Ints(a.Int64s, a.Shape...)
		default:
			inputs[name] = Ints(a.Bytes, a.Shape...)
		}
	}
	outputs, err := m.Run(autograd.NewTape(autograd.TapeConfig{NoGrad: true}), inputs)
	if err != nil {
		return v{}, err
	}
	y := outputs["y"]
	if y.Type() != Float && y.Type() != Double {
		return v{}, fmt.Errorf("the output is of type %v", y.Type())
	}
	return y.Variable().Clone(), nil
}

// compareHere has each file read and evaluated by this package.
func (r *runner) compareHere(t *testing.T) {
	t.Helper()
	for i, c := range r.cases {
		y, err := readBack(c)
		if err == nil {
			err = onnxruntime.Array{Shape: y.Shape(), Float64s: y.Floats()}.Differs(r.wanted[i].Shape(), r.wanted[i].Floats(), 1e-5)
		}
		if err != nil {
			t.Errorf("%s, read back: %v", r.names[i], err)
		}
	}
}
