// Package onnxruntime runs ONNX models by Microsoft's onnxruntime, for tests that compare with it. It takes
// Node.js and the package onnxruntime-node; without them there is nothing to compare with.
package onnxruntime

import (
	"bytes"
	_ "embed"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
)

// Variable is the environment variable that names a directory with node_modules/onnxruntime-node.
const Variable = "CHAINRULE_ONNXRUNTIME"

// Available reports whether there is an onnxruntime: whether the environment names one.
func Available() bool { return os.Getenv(Variable) != "" }

// Array is an input or output of a model: numbers of float32 or float64, int64, or bytes.
type Array struct {
	Shape    []int
	Float32s []float32
	Float64s []float64
	Int64s   []int64
	Bytes    []byte
}

// Case is a model and its inputs by name.
type Case struct {
	Model  []byte
	Inputs map[string]Array
}

// Result is the outputs of a case by name, or what onnxruntime says is wrong.
type Result struct {
	Outputs map[string]Array
	Err     error
}

//go:embed run.js
var script string

type jsonArray struct {
	Type string `json:"type"`
	Dims []int  `json:"dims"`
	Data string `json:"data"`
}

// Run runs all cases, in one process. The error is that of the process.
func Run(cases []Case) ([]Result, error) {
	type input struct {
		Model  string               `json:"model"`
		Inputs map[string]jsonArray `json:"inputs"`
	}
	var list []input
	for _, c := range cases {
		in := input{base64.StdEncoding.EncodeToString(c.Model), map[string]jsonArray{}}
		for name, a := range c.Inputs {
			in.Inputs[name] = a.json()
		}
		list = append(list, in)
	}
	stdin, err := json.Marshal(list)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	node := exec.Command("node", "-e", script)
	node.Env = append(os.Environ(), "NODE_PATH="+filepath.Join(os.Getenv(Variable), "node_modules"))
	node.Stdin, node.Stdout, node.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := node.Run(); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w: %s", err, stderr.Bytes())
	}
	var answers []struct {
		Outputs map[string]jsonArray `json:"outputs"`
		Error   string               `json:"error"`
	}
	if err := json.Unmarshal(stdout.Bytes(), &answers); err != nil {
		return nil, fmt.Errorf("onnxruntime: %w: %s", err, stderr.Bytes())
	}
	var results []Result
	for _, answer := range answers {
		r := Result{Outputs: map[string]Array{}}
		if answer.Error != "" {
			r.Err = errors.New(answer.Error)
		}
		for name, a := range answer.Outputs {
			if r.Outputs[name], err = a.array(); err != nil {
				return nil, fmt.Errorf("onnxruntime: output %s: %w", name, err)
			}
		}
		results = append(results, r)
	}
	return results, nil
}

func (a Array) json() jsonArray {
	j := jsonArray{Dims: a.Shape, Type: "uint8"}
	if j.Dims == nil {
		j.Dims = []int{}
	}
	raw := a.Bytes
	switch {
	case a.Float32s != nil:
		j.Type = "float32"
		for _, x := range a.Float32s {
			raw = binary.LittleEndian.AppendUint32(raw, math.Float32bits(x))
		}
	case a.Float64s != nil:
		j.Type = "float64"
		for _, x := range a.Float64s {
			raw = binary.LittleEndian.AppendUint64(raw, math.Float64bits(x))
		}
	case a.Int64s != nil:
		j.Type = "int64"
		for _, x := range a.Int64s {
			raw = binary.LittleEndian.AppendUint64(raw, uint64(x))
		}
	}
	j.Data = base64.StdEncoding.EncodeToString(raw)
	return j
}

func (j jsonArray) array() (Array, error) {
	raw, err := base64.StdEncoding.DecodeString(j.Data)
	a := Array{Shape: j.Dims}
	switch j.Type {
	case "float32":
		a.Float32s = []float32{}
		for ; len(raw) >= 4; raw = raw[4:] {
			a.Float32s = append(a.Float32s, math.Float32frombits(binary.LittleEndian.Uint32(raw)))
		}
	case "float64":
		a.Float64s = []float64{}
		for ; len(raw) >= 8; raw = raw[8:] {
			a.Float64s = append(a.Float64s, math.Float64frombits(binary.LittleEndian.Uint64(raw)))
		}
	case "int64":
		a.Int64s = []int64{}
		for ; len(raw) >= 8; raw = raw[8:] {
			a.Int64s = append(a.Int64s, int64(binary.LittleEndian.Uint64(raw)))
		}
	default:
		a.Bytes = raw
	}
	return a, err
}

// Differs says where an array differs from the expected one by more than tolerance times the greatest of its
// elements, or 1.
func (a Array) Differs(shape []int, elements []float64, tolerance float64) error {
	if !slices.Equal(a.Shape, shape) {
		return fmt.Errorf("the shape is %v, expected %v", a.Shape, shape)
	}
	got := a.Float64s
	for _, x := range a.Float32s {
		got = append(got, float64(x))
	}
	if len(got) != len(elements) {
		return fmt.Errorf("%d numbers, expected %d", len(got), len(elements))
	}
	scale := 1.0
	for _, x := range elements {
		if !math.IsInf(x, 0) && !math.IsNaN(x) {
			scale = math.Max(scale, math.Abs(x))
		}
	}
	for i, x := range elements {
		if y := got[i]; x != y && !(math.Abs(x-y) <= tolerance*scale) && !(math.IsNaN(x) && math.IsNaN(y)) {
			return fmt.Errorf("element %d is %v, expected %v", i, y, x)
		}
	}
	return nil
}
