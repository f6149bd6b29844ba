package onnx

import (
	"bytes"
	"maps"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// FuzzRead reads damaged files and runs what can be read: errors are of this package, and memory
// is bounded. Where nodes are put together, what comes out has the type and shape that it has as
// the file is written.
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
	for _, test := range allPatterns {
		f.Add(test.bytes())
	}
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	run := func(t *testing.T, data []byte, config Config) (outputs map[string]string, err error) {
		config.MaxBytes = 1 << 20
		m, err := Read(bytes.NewReader(data), config)
		if err != nil {
			return nil, err
		}
		inputs := map[string]Value{}
		for _, in := range m.Inputs() {
			v, ok := anyOf(in)
			if !ok {
				return nil, nil
			}
			inputs[in.Name] = v
		}
		tape.Reset()
		values, err := m.Run(tape, inputs)
		outputs = map[string]string{}
		for name, v := range values {
			outputs[name] = v.describe()
		}
		return outputs, err
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		want, wrong := run(t, data, Config{asWritten: true})
		for _, config := range []Config{{}, {Inference: true}} {
			got, err := run(t, data, config)
			if err != nil && (!typedError(err) || wrong == nil) {
				t.Fatalf("%T: %v; as written the error is %v", err, err, wrong)
			}
			if wrong == nil && !maps.Equal(got, want) {
				t.Fatalf("the outputs are %v, as written %v", got, want)
			}
		}
		if wrong != nil && !typedError(wrong) {
			t.Fatalf("%T: %v", wrong, wrong)
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
