package onnx

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
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
	inputs []ExportInput
}

// furtherRows are operations through which no gradient flows, which the table leaves out, and forms of
// others that it does not have.
var furtherRows = func() []operations.Row {
	var rows []operations.Row
	for name, f := range map[string]func(x autograd.Variable) autograd.Variable{
		"Floor": autograd.Variable.Floor, "Ceil": autograd.Variable.Ceil, "Round": autograd.Variable.Round, "Trunc": autograd.Variable.Trunc,
		"Sign": autograd.Variable.Sign, "SignBit": autograd.Variable.SignBit, "IsNaN": autograd.Variable.IsNaN, "IsFinite": autograd.Variable.IsFinite,
		"IsInf": func(x autograd.Variable) autograd.Variable { return x.DivScalar(0).IsInf() },
		"steps": func(x autograd.Variable) autograd.Variable { return x.Flip(0).SliceStep(0, 0, 3, 2) },
		"fft": func(x autograd.Variable) autograd.Variable {
			return autograd.Complex(x, autograd.Variable{}).FFT(autograd.FFTConfig{})
		},
	} {
		rows = append(rows, operations.Row{Name: name, F: func(xs []autograd.Variable) autograd.Variable { return f(xs[0]) }, Shapes: [][][]int{{{3, 4}}}})
	}
	for name, f := range map[string]func(a, b autograd.Variable) autograd.Variable{
		"Greater": autograd.Variable.Greater, "GreaterEqual": autograd.Variable.GreaterEqual, "Less": autograd.Variable.Less,
		"LessEqual": autograd.Variable.LessEqual, "Equal": autograd.Variable.Equal, "NotEqual": autograd.Variable.NotEqual, "FloorDivide": autograd.FloorDivide,
		"masks": func(a, b autograd.Variable) autograd.Variable {
			return autograd.Where(a.Greater(b).Mul(b.Less(a)), a.MaskedFill(b.Equal(b), 2), b)
		},
	} {
		rows = append(rows, operations.Row{Name: name, F: func(xs []autograd.Variable) autograd.Variable { return f(xs[0], xs[1]) }, Shapes: [][][]int{{{3, 4}, {4}}}})
	}
	pool := func(config autograd.AvgPoolConfig) autograd.Func {
		return func(xs []autograd.Variable) autograd.Variable { return xs[0].AvgPool(config) }
	}
	images := [][][]int{{{5, 7}}, {{2, 5, 4}}, {{1, 2, 4, 6}}}
	rows = append(rows,
		operations.Row{Name: "means of windows partly outside", F: pool(autograd.AvgPoolConfig{Kernel: []int{3, 2}, Stride: []int{2, 3}, Padding: []int{1, 1}, Ceil: true}), Shapes: images},
		operations.Row{Name: "means of elements partly outside", F: pool(autograd.AvgPoolConfig{Kernel: []int{3, 2}, Stride: []int{2, 3}, Padding: []int{1, 0}, Ceil: true, ExcludePadding: true}), Shapes: images},
		operations.Row{Name: "sums of windows partly outside", F: pool(autograd.AvgPoolConfig{Kernel: []int{3, 2}, Stride: []int{2, 3}, Padding: []int{1, 1}, Ceil: true, Divisor: 2}), Shapes: images},
		operations.Row{Name: "sums of windows", F: pool(autograd.AvgPoolConfig{Kernel: []int{2}, Divisor: 3}), Shapes: images},
		operations.Row{Name: "means of images", F: func(xs []autograd.Variable) autograd.Variable { return xs[0].AdaptiveAvgPool(1, 1) }, Shapes: images},
		operations.Row{Name: "means of halves", F: func(xs []autograd.Variable) autograd.Variable { return xs[0].AdaptiveAvgPool(2) }, Shapes: images},
		operations.Row{Name: "greatest of windows partly outside", Apart: true, F: func(xs []autograd.Variable) autograd.Variable {
			return xs[0].MaxPool(autograd.MaxPoolConfig{Kernel: []int{2, 2}, Stride: []int{2, 3}, Padding: []int{1, 0}, Dilation: []int{2, 1}, Ceil: true})
		}, Shapes: images},
	)
	return append(rows,
		operations.Row{Name: "LSTM without projection", F: func(xs []autograd.Variable) autograd.Variable {
			y, h, c := autograd.LSTM(xs[0], autograd.RecurrentWeights{IH: xs[1], HH: xs[2], BiasHH: xs[3]}, autograd.RecurrentConfig{Lengths: []int{2, 1}, Reverse: true})
			return autograd.Concat(0, y.Reshape(-1), h.Reshape(-1), c.Reshape(-1))
		}, Shapes: [][][]int{{{2, 2, 3}, {8, 3}, {8, 2}, {8}}}},
		operations.Row{Name: "RNN, batch first", F: func(xs []autograd.Variable) autograd.Variable {
			y, _ := autograd.RNN(xs[0], autograd.RecurrentWeights{IH: xs[1], HH: xs[2]}, autograd.RecurrentConfig{BatchFirst: true, ReLU: true})
			return y
		}, Shapes: [][][]int{{{2, 3, 3}, {2, 3}, {2, 2}}}},
		operations.Row{Name: "LSTM, batch first", F: func(xs []autograd.Variable) autograd.Variable {
			y, _, _ := autograd.LSTM(xs[0], autograd.RecurrentWeights{IH: xs[1], HH: xs[2]}, autograd.RecurrentConfig{BatchFirst: true})
			return y
		}, Shapes: [][][]int{{{2, 3, 3}, {8, 3}, {8, 2}}}},
		operations.Row{Name: "Conv2d with ReLU", F: func(xs []autograd.Variable) autograd.Variable {
			return autograd.Conv2d(xs[0], xs[1], autograd.Variable{}, autograd.ConvConfig{ReLU: true})
		}, Shapes: [][][]int{{{1, 2, 3, 3}, {2, 2, 2, 2}}}},
	)
}()

// operationCases are all, in float32, with all operands as inputs of fixed sizes.
func operationCases() []operationCase {
	var list []operationCase
	for _, row := range append(operations.Table(), furtherRows...) {
		for k, shapes := range row.Variants() {
			c := operationCase{name: fmt.Sprintf("%s/%d", row.Name, k), row: row}
			for i, x := range row.Inputs(uint64(k)+1, shapes) {
				x = x.AsType(autograd.Float32)
				c.xs = append(c.xs, x)
				c.inputs = append(c.inputs, ExportInput{Name: fmt.Sprintf("x%d", i), Variable: x, Dynamic: map[int]string{}})
			}
			list = append(list, c)
		}
	}
	return list
}

func (c *operationCase) export() ([]byte, error) {
	var file bytes.Buffer
	err := Export(&file, nil, c.inputs, ExportConfig{Forward: func(_ *autograd.Tape, in []ExportValue) []autograd.Variable {
		var xs []autograd.Variable
		for _, v := range in {
			xs = append(xs, v.Variable)
		}
		return []autograd.Variable{c.row.F(xs)}
	}})
	return file.Bytes(), err
}

// value is what the operation gives.
func (c *operationCase) value() autograd.Variable {
	tape := autograd.NewTape(autograd.TapeConfig{})
	var xs []autograd.Variable
	for _, x := range c.xs {
		xs = append(xs, tape.Const(x))
	}
	return c.row.F(xs).Clone()
}

// valuesDecide has the operations of the table that choose among elements in a way that ONNX has no operator
// for.
var valuesDecide = []string{"Variable.Mode", "Variable.NanMedian", "Quantile", "NanQuantile"}

// Every operation of the table is exported, and what comes out is what the format and the checker allow, and gives
// in onnxruntime what the operation gives; or the table says why one of its operations has no counterpart.
func TestExportOperations(t *testing.T) {
	run := newRunner()
	met, emitted := map[string]bool{}, map[string]bool{}
	for _, c := range operationCases() {
		listed := []string{"Identity"}
		ops := c.operations()
		for _, op := range ops {
			met[op] = true
			listed = append(listed, strings.Split(exportTable()[op].onnx, ", ")...)
		}
		file, err := c.export()
		if err != nil {
			c.explain(t, err)
			continue
		}
		if err := checkStructure(file); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		for _, op := range operators(t, file) {
			for _, operation := range ops {
				emitted[operation+": "+op] = true
			}
			if !slices.Contains(listed, op) {
				t.Errorf("%s: the table does not say that %s is among the operators", c.name, op)
			}
		}
		inputs := map[string]onnxruntime.Array{}
		for i, x := range c.xs {
			inputs[fmt.Sprintf("x%d", i)] = onnxruntime.Array{Shape: x.Shape(), Float32s: x.Float32s()}
		}
		run.add(c.name, file, inputs, c.value())
	}
	run.compare(t)
	table := exportTable()
	for op := range met {
		if _, ok := table[op]; !ok {
			t.Errorf("the operation %q has no row", op)
		}
	}
	for op, row := range table {
		if !met[op] && row.emit != nil && !strings.HasPrefix(op, "strong ") { // those are made by derivatives
			t.Errorf("no case has the operation %q", op)
		}
		for operator := range strings.SplitSeq(row.onnx, ", ") {
			if met[op] && row.emit != nil && operator != "–" && !emitted[op+": "+operator] {
				t.Errorf("%s: no case has %s, which the table names", op, operator)
			}
		}
		if (row.emit == nil) == (row.reason == "") || (row.emit == nil) == (row.onnx != "") {
			t.Errorf("the row of %q has both a counterpart and a reason why not, or none", op)
		}
	}
}

// explain checks that the error gives the reason of the table.
func (c *operationCase) explain(t *testing.T, err error) {
	var e *exportError
	switch {
	case slices.ContainsFunc(c.xs, func(x autograd.Variable) bool { return x.Size() == 0 }):
		if !strings.Contains(err.Error(), "there are none") {
			t.Errorf("%s without elements: %v", c.name, err)
		}
	case slices.Contains(valuesDecide, c.row.Name):
		if !strings.Contains(err.Error(), "depends on the values") {
			t.Errorf("%s: %v", c.name, err)
		}
	case c.row.Name == "Variable.Cholesky": // of the elements in another order there may be none
	case !errors.As(err, &e) || exportTable()[e.op].reason == "" || !strings.Contains(e.reason, exportTable()[e.op].reason):
		t.Errorf("%s: %v", c.name, err)
	}
}

// operations is the names of the operations that the case is recorded as.
func (c *operationCase) operations() []string {
	tape := autograd.NewTape(autograd.TapeConfig{Trace: true})
	var xs []autograd.Variable
	for _, x := range c.xs {
		xs = append(xs, tape.Const(x))
	}
	var ops []string
	y := c.row.F(xs)
	if y.Tape() != tape {
		return nil
	}
	for nodes := autograd.Graph(y).Nodes(); nodes.Next(); {
		if n := nodes.Node().(*autograd.GraphNode); len(n.Inputs) > 0 {
			ops = append(ops, n.Op)
		}
	}
	return ops
}

// runner collects files and what they should give.
type runner struct {
	names  []string
	cases  []onnxruntime.Case
	wanted []autograd.Variable
}

func newRunner() *runner { return &runner{} }

// add has wanted compared with output y.
func (r *runner) add(name string, file []byte, inputs map[string]onnxruntime.Array, wanted autograd.Variable) {
	r.names, r.wanted = append(r.names, name), append(r.wanted, wanted)
	r.cases = append(r.cases, onnxruntime.Case{Model: file, Inputs: inputs})
}

// compare reads the files back, and asks onnx's checker and onnxruntime, where they are.
func (r *runner) compare(t *testing.T) {
	t.Helper()
	r.compareHere(t)
	var files [][]byte
	for _, c := range r.cases {
		files = append(files, c.Model)
	}
	problems, ok := onnxruntime.Check(files)
	if !ok {
		t.Log("python3 has no package onnx: its checker is left out")
	}
	for i, problem := range problems {
		if problem != "" {
			t.Errorf("%s: checker: %s", r.names[i], problem)
		}
	}
	if !onnxruntime.Available() {
		t.Logf("%s is not set: onnxruntime is left out", onnxruntime.Variable)
		return
	}
	results, err := onnxruntime.Run(r.cases)
	if err != nil {
		t.Fatal(err)
	}
	for i, result := range results {
		err := result.Err
		if err == nil {
			err = result.Outputs["y"].Differs(r.wanted[i].Shape(), r.wanted[i].Floats(), 1e-5)
		}
		if err != nil {
			t.Errorf("%s: %v", r.names[i], err)
		}
	}
}

// Operations of one operand that are exported with a first axis of any size give what they give here at other
// sizes, or the error says that they depend on the size. In the table many do not take others.
func TestExportOperationsOfAnySize(t *testing.T) {
	if testing.Short() {
		t.Skip("it computes hundreds of models")
	}
	run := newRunner()
	exported := 0
	for _, c := range operationCases() {
		if len(c.xs) != 1 || c.xs[0].Rank() < 1 || c.xs[0].Size() == 0 {
			continue
		}
		c.inputs[0].Dynamic = map[int]string{0: "n"}
		file, err := c.export()
		if err != nil {
			var e *exportError
			if !errors.As(err, &e) && !strings.Contains(err.Error(), "computing the model") && !strings.Contains(err.Error(), "operations and arrays") {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if err := checkStructure(file); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
		exported++
		for _, size := range []int{1, c.xs[0].Dim(0) + 3} {
			shape := slices.Clone(c.xs[0].Shape())
			shape[0] = size
			other := c
			other.xs = []autograd.Variable{c.row.Inputs(7, [][]int{shape})[0].AsType(autograd.Float32)}
			if err := autograd.Try(func() {
				run.add(fmt.Sprintf("%s of %d", c.name, size), file, map[string]onnxruntime.Array{"x0": {Shape: shape, Float32s: other.xs[0].Float32s()}}, other.value())
			}); err != nil && size > 1 { // one may be too few
				t.Errorf("%s of %d: %v", c.name, size, err)
			}
		}
	}
	if exported < 250 {
		t.Errorf("only %d cases are exported", exported)
	}
	run.compare(t)
}
