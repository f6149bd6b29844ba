package onnx

import (
	"bytes"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// FuzzRead reads damaged files and runs what can be read: errors are of this package, and memory
// is bounded.
func FuzzRead(f *testing.F) {
	tests := readNodeTests(f, "testdata/nodes.zip")
	for _, test := range tests {
		data, err := readZipped(test.files["model.onnx"])
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 1000 {
			f.Add(data)
		}
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := Read(bytes.NewReader(data), Config{MaxBytes: 1 << 20})
		if err != nil {
			if !typedError(err) {
				t.Fatalf("%T: %v", err, err)
			}
			return
		}
		inputs := map[string]Value{}
		for _, in := range m.Inputs() {
			v, ok := anyOf(in)
			if !ok {
				return
			}
			inputs[in.Name] = v
		}
		tape.Reset()
		if _, err := m.Run(tape, inputs); err != nil && !typedError(err) {
			t.Fatalf("%T: %v", err, err)
		}
	})
}

// anyOf is a small value that an input takes.
func anyOf(in Info) (v Value, ok bool) {
	var shape []int
	for _, d := range in.Shape {
		size := d.Size
		if size < 0 {
			size = 2
		}
		shape = append(shape, size)
	}
	if size, ok := sizeOf(shape); !ok || size > 1<<12 {
		return Value{}, false
	}
	ones := Tensor(autograd.Ones(autograd.Float32, shape...))
	switch {
	case in.Type == Undefined || in.Type == Float:
		return ones, true
	case in.Type.isFloat():
		return Value{dtype: in.Type, float: ones.float.AsType(in.Type.dtype())}, true
	case in.Type.isHost():
		c := call{in: []Value{ones}, out: make([]Value, 1), run: &run{}}
		c.cast(in.Type)
		return c.out[0], true
	}
	return Value{}, false
}
