package onnx

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn/onnx/internal/host"
)

// modelCase is a case of a manifest: a model's file, and the directory with its name that has
// inputs and outputs as npy files in a directory of the case's name.
type modelCase struct {
	Model   string   `json:"model"`
	Case    string   `json:"case"`
	Inputs  []string `json:"inputs"`
	Outputs []string `json:"outputs"`
}

// readNPY is the array in a file as a Value of a type.
func readNPY(path string, dtype DataType) (Value, error) {
	a, err := data.ReadNPYFile(path)
	if err != nil {
		return Value{}, err
	}
	numbers := a.Float64s
	if numbers == nil {
		numbers = convert(a.Float32s, func(x float32) float64 { return float64(x) })
	}
	switch {
	case dtype == Double:
		return floats(dtype, numbers, a.Shape), nil
	case dtype.isFloat():
		return floats(dtype, convert(numbers, func(x float64) float32 { return float32(x) }), a.Shape), nil
	}
	return ofHost(host.FromFloats(kinds[dtype], numbers, a.Shape...)), nil
}

// folder is the directory of the case's arrays, in that of the models.
func (c modelCase) folder(directory string) string {
	return filepath.Join(directory, strings.TrimSuffix(c.Model, ".onnx"), c.Case)
}

// inputs are what a model is given in the case.
func (c modelCase) inputs(m *Model, directory string) (map[string]Value, error) {
	inputs := map[string]Value{}
	for _, in := range m.Inputs() {
		v, err := readNPY(filepath.Join(c.folder(directory), "input_"+in.Name+".npy"), in.Type)
		if err != nil {
			return nil, err
		}
		inputs[in.Name] = v
	}
	return inputs, nil
}

// run computes a case of a model in a directory and compares the outputs with those there,
// within 1e-4 of the largest element.
func (c modelCase) run(m *Model, tape *autograd.Tape, directory string) error {
	inputs, err := c.inputs(m, directory)
	if err != nil {
		return err
	}
	outputs, err := m.Run(tape, inputs)
	if err != nil {
		return err
	}
	for _, out := range m.Outputs() {
		want, err := readNPY(filepath.Join(c.folder(directory), "output_"+out.Name+".npy"), outputs[out.Name].Type())
		if err != nil {
			return err
		}
		if err := near(outputs[out.Name], want, 1e-4); err != nil {
			return fmt.Errorf("output %q: %w", out.Name, err)
		}
	}
	return nil
}

// near compares arrays within a part of the largest element.
func near(got, want Value, tolerance float64) error {
	if !slices.Equal(got.Shape(), want.Shape()) {
		return fmt.Errorf("is %s, expected %s", got.describe(), want.describe())
	}
	if want.ints != nil {
		return sameValues(got, want, 0, 0)
	}
	g, w := got.float.Floats(), want.float.Floats()
	largest := 0.0
	for _, x := range w {
		largest = max(largest, math.Abs(x))
	}
	for i, x := range w {
		if !(math.Abs(g[i]-x) <= tolerance*largest) {
			return fmt.Errorf("element %d is %v, expected %v within %v of %v", i, g[i], x, tolerance, largest)
		}
	}
	return nil
}

// publishedCases is the cases of manifest.json in the directory that the environment variable
// CHAINRULE_ONNX_MODELS names.
func publishedCases(t testing.TB) (directory string, cases []modelCase) {
	t.Helper()
	directory = os.Getenv("CHAINRULE_ONNX_MODELS")
	if directory == "" {
		t.Skip("CHAINRULE_ONNX_MODELS names no directory")
	}
	text, err := os.ReadFile(filepath.Join(directory, "manifest.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &cases); err != nil {
		t.Fatal(err)
	}
	return directory, cases
}

// TestONNXModels runs published models: every case of manifest.json in the directory that the
// environment variable CHAINRULE_ONNX_MODELS names, on tapes that record and that do not.
func TestONNXModels(t *testing.T) {
	directory, cases := publishedCases(t)
	passed, failed, unsupported := 0, 0, map[string]error{}
	for name, config := range map[string]Config{"parameters": {}, "inference": {Inference: true}} {
		models := map[string]*Model{}
		for _, c := range cases {
			m, err := models[c.Model], error(nil)
			if m == nil {
				m, err = Open(filepath.Join(directory, c.Model), config)
				models[c.Model] = m
			}
			for _, config := range []autograd.TapeConfig{{NoGrad: true}, {}} {
				if err == nil {
					err = c.run(m, autograd.NewTape(config), directory)
				}
			}
			var missing *UnsupportedError
			switch {
			case err == nil:
				passed++
			case errors.As(err, &missing):
				models[c.Model] = nil
				unsupported[c.Model+", "+c.Case] = err
			default:
				failed++
				t.Errorf("%s, %s, %s: %v", name, c.Model, c.Case, err)
			}
		}
	}
	for _, name := range sortedKeys(unsupported) {
		t.Logf("%s: %v", name, unsupported[name])
	}
	t.Logf("%d passed, %d failed, %d unsupported", passed, failed, len(unsupported))
}
