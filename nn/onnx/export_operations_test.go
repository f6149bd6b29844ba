package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/onnxruntime"
	"github.com/chainrule-go/chainrule/internal/operations"
)

// operationCase is an operation of the table with operands of one shape.
type operationCase struct {
	name   string
	row    operations.Row
	xs     []autograd.Variable
	inputs []Input
}

// operationCases are all, in float32, with all operands as inputs of fixed sizes.
func operationCases() []operationCase {
	var list []operationCase
	for _, row := range operations.Table() {
		for k, shapes := range row.Variants() {
			c := operationCase{name: fmt.Sprintf("%s/%d", row.Name, k), row: row}
			for i, x := range row.Inputs(uint64(k)+1, shapes) {
				x = x.AsType(autograd.Float32)
				c.xs = append(c.xs, x)
				c.inputs = append(c.inputs, Input{Name: fmt.Sprintf("x%d", i), Variable: x, Dynamic: map[int]string{}})
			}
			list = append(list, c)
		}
	}
	return list
}

func (c *operationCase) export() ([]byte, error) {
	var file bytes.Buffer
	err := Export(&file, nil, c.inputs, ExportConfig{Forward: func(_ *autograd.Tape, in []Value) []autograd.Variable {
		var xs []autograd.Variable
		for _, v := range in {
			xs = append(xs, v.Variable)
		}
		return []autograd.Variable{c.row.F(xs)}
	}})
	return file.Bytes(), err
}

// Every operation of the table is exported, or the error says of one of its operations why not.
func TestExportOperations(t *testing.T) {
	var cases []onnxruntime.Case
	var wanted []autograd.Variable
	var names []string
	dir := t.TempDir()
	for _, c := range operationCases() {
		file, err := c.export()
		if err != nil {
			t.Logf("%s: %v", c.name, err)
			continue
		}
		one := onnxruntime.Case{Model: file, Inputs: map[string]onnxruntime.Array{}}
		for i, x := range c.xs {
			one.Inputs[fmt.Sprintf("x%d", i)] = onnxruntime.Array{Shape: x.Shape(), Float32s: x.Float32s()}
		}
		cases, names = append(cases, one), append(names, c.name)
		wanted = append(wanted, c.row.F(c.xs))
		if err := os.WriteFile(filepath.Join(dir, strings.ReplaceAll(c.name, "/", "_")+".onnx"), file, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	out, err := exec.Command("/usr/bin/python3", "-c", `
import sys, glob, onnx
for f in sorted(glob.glob(sys.argv[1] + '/*.onnx')):
    try: onnx.checker.check_model(f, full_check=True)
    except Exception as e: print(f.split('/')[-1], str(e).strip().splitlines()[:4])
`, dir).CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("checker: %v\n%s", err, out)
	}
	if !onnxruntime.Available() {
		return
	}
	results, err := onnxruntime.Run(cases)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range results {
		if r.Err != nil {
			t.Errorf("%s: %v", names[i], r.Err)
			continue
		}
		if err := sameNumbers(r.Outputs["y"], wanted[i]); err != nil {
			t.Errorf("%s: %v", names[i], err)
		}
	}
}

// sameNumbers says where results of onnxruntime differ by more than 1e-5 of the greatest, or of 1.
func sameNumbers(got onnxruntime.Array, want autograd.Variable) error {
	if fmt.Sprint(got.Shape) != fmt.Sprint(want.Shape()) {
		return fmt.Errorf("shape %v, expected %v", got.Shape, want.Shape())
	}
	if len(got.Float32s) != want.Size() {
		return errors.New("another number of elements")
	}
	scale := 1.0
	for _, x := range want.Floats() {
		if !math.IsInf(x, 0) {
			scale = max(scale, math.Abs(x))
		}
	}
	for i, x := range want.Floats() {
		y := float64(got.Float32s[i])
		if x != y && !(math.Abs(x-y) <= 1e-5*scale) && !(math.IsNaN(x) && math.IsNaN(y)) {
			return fmt.Errorf("element %d is %v, expected %v", i, y, x)
		}
	}
	return nil
}
