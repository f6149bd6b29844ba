package onnx

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/onnxpb"
)

// strange is inputs that few operators take, of small sizes.
func strange() []Value {
	values := []Value{
		Tensor(autograd.Scalar(float32(1.5))),
		Tensor(autograd.Scalar(2.5)),
		Tensor(autograd.Zeros(autograd.Float32, 0)),
		Tensor(autograd.Zeros(autograd.Float32, 2, 0, 3)),
		Tensor(autograd.Ones(autograd.Float32, 1)),
		Tensor(autograd.Ones(autograd.Float32, 3)),
		Tensor(autograd.Ones(autograd.Float32, 2, 2)),
		Tensor(autograd.Ones(autograd.Float32, 1, 2, 1, 2, 2, 1)),
	}
	for _, kind := range []host.Kind{host.Bool, host.Int32, host.Int64, host.Uint8} {
		for _, shape := range [][]int{{}, {0}, {1}, {2}, {5}, {2, 2}, {1, 1, 2, 1, 2}} {
			data := make([]float64, host.SizeOf(shape))
			for i := range data {
				data[i] = float64(i * (1 - i%3)) // negative ones too
			}
			values = append(values, ofHost(host.FromFloats(kind, data, shape...)))
		}
	}
	values = append(values, Ints([]int64{-1 << 63}), Ints([]int64{1<<63 - 1, 1 << 40}))
	return values
}

// undeclared is a model without the shapes and types of its inputs and outputs.
func undeclared(t *testing.T, data []byte) []byte {
	var p onnxpb.ModelProto
	if err := proto.Unmarshal(data, &p); err != nil {
		t.Fatal(err)
	}
	for _, info := range append(p.Graph.Input, p.Graph.Output...) {
		info.Type = nil
	}
	data, err := proto.Marshal(&p)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// typedError reports whether an error is one of this package's.
func typedError(err error) bool {
	var e *Error
	var u *UnsupportedError
	return errors.As(err, &e) || errors.As(err, &u)
}

// TestStrangeInputs gives every operator inputs that are not what it expects: any error is right,
// and any result, but nothing else.
func TestStrangeInputs(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	odd := strange()
	errorCount, results := 0, 0
	for _, test := range readNodeTests(t, nodesFile()) {
		data, err := readZipped(test.files["model.onnx"])
		if err != nil {
			t.Fatal(err)
		}
		m, err := Read(bytes.NewReader(undeclared(t, data)), Config{MaxBytes: 1 << 24})
		if err != nil {
			continue // is not supported
		}
		inputs, err := test.tensors("input")
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 2))
		for try := range len(inputs)*len(odd) + 50 {
			tape.Reset()
			named := map[string]Value{}
			for k, in := range m.inputs {
				named[in.Name] = inputs[k]
				if try >= len(inputs)*len(odd) && rng.IntN(2) == 0 {
					named[in.Name] = odd[rng.IntN(len(odd))]
				}
			}
			if k := try / len(odd); k < len(inputs) {
				named[m.inputs[k].Name] = odd[try%len(odd)]
			}
			func() {
				defer func() {
					if r := recover(); r != nil {
						t.Errorf("%s of %s panics: %v", test.name, describeAll(m, named), r)
					}
				}()
				if _, err := m.Run(tape, named); err == nil {
					results++
				} else if errorCount++; !typedError(err) {
					t.Errorf("%s of %s: %T: %v", test.name, describeAll(m, named), err, err)
				}
			}()
		}
	}
	t.Logf("%d results, %d errors", results, errorCount)
}

func describeAll(m *Model, named map[string]Value) string {
	var text []string
	for _, in := range m.inputs {
		text = append(text, named[in.Name].describe())
	}
	return strings.Join(text, ", ")
}
