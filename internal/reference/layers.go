package reference

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
)

// Cases of whole layers: construction, state, a training step with gradients, what
// buffers are after two steps, and inference.

// LayerCase is a layer with everything that follows from calling it.
type LayerCase struct {
	Layer        string                     `json:"layer"`
	Name         string                     `json:"name"`
	Args         json.RawMessage            `json:"args"`    // of the constructor, in order
	Options      json.RawMessage            `json:"options"` // of the constructor, by name
	State        State                      `json:"state"`   // before
	Inputs       []*Tensor                  `json:"inputs"`
	Keywords     map[string]json.RawMessage `json:"keywords"`
	Outputs      []*Tensor                  `json:"outputs"`
	GradOutputs  []*Tensor                  `json:"grad_outputs"`
	InputGrads   []*Tensor                  `json:"input_grads"`
	Grads        map[string]*Tensor         `json:"grads"`
	BuffersAfter map[string]*Tensor         `json:"buffers_after"`
	EvalOutputs  []*Tensor                  `json:"eval_outputs"`
}

// State is named tensors in order.
type State struct {
	Names   []string
	Tensors map[string]*Tensor
}

// UnmarshalJSON reads an object and keeps the order of its keys.
func (s *State) UnmarshalJSON(text []byte) error {
	if err := json.Unmarshal(text, &s.Tensors); err != nil {
		return err
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	if _, err := decoder.Token(); err != nil {
		return err
	}
	for decoder.More() {
		name, err := decoder.Token()
		if err != nil {
			return err
		}
		s.Names = append(s.Names, name.(string))
		var skipped json.RawMessage
		if err := decoder.Decode(&skipped); err != nil {
			return err
		}
	}
	return nil
}

// Layer is a layer under test.
type Layer struct {
	Names           []string // of parameters, buffers and counters, in the order of its state
	Params, Buffers iter.Seq2[string, autograd.Variable]
	Counters        iter.Seq2[string, *int64]

	// Call computes all results in order, from the case's inputs: those of numbers are
	// on the tape, for those of integers there are zero Variables.
	Call func(tape *autograd.Tape, xs []autograd.Variable) []autograd.Variable
}

// LayerCases are those of this package's own file of that name.
func LayerCases(t *testing.T, file string) []*LayerCase {
	t.Helper()
	return load[LayerCase](t, testdata(), file)
}

// LayerCasesOf are those of another package's file.
func LayerCasesOf(t *testing.T, dir fs.FS, file string) []*LayerCase {
	t.Helper()
	return load[LayerCase](t, dir, file)
}

// RunLayers checks every case of the named file, like [Run]. layers has a constructor for
// each layer; it returns nil for a case with an option that the layer does not have.
func RunLayers(t *testing.T, file string, layers map[string]func(c *LayerCase) *Layer) {
	t.Helper()
	Each(t, testdata(), file, func(t *testing.T, dir fs.FS) { runLayers(t, dir, file, layers) })
}

// RunLayersOf is [RunLayers] for a file of another package's.
func RunLayersOf(t *testing.T, dir fs.FS, file string, layers map[string]func(c *LayerCase) *Layer) {
	t.Helper()
	runLayers(t, dir, file, layers)
}

func runLayers(t *testing.T, dir fs.FS, file string, layers map[string]func(c *LayerCase) *Layer) {
	var r results
	for _, c := range load[LayerCase](t, dir, file) {
		var layer *Layer
		if build, ok := layers[c.Layer]; ok {
			layer = build(c)
		}
		if layer == nil {
			r.skip(c.Layer)
			continue
		}
		r.run(t, c.Name, func() []error { return layer.Check(c) })
	}
	r.log(t, file, "layers")
	if r.skipped > 0 || r.passed+r.failed == 0 {
		t.Errorf("%s: every case should have been run", file)
	}
}

const layerTolerance = 1e-9

// Check runs one case and returns what is wrong.
func (l *Layer) Check(c *LayerCase) (errs []error) {
	if err := l.setState(c); err != nil {
		return []error{err}
	}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	xs := make([]autograd.Variable, len(c.Inputs))
	for i, in := range c.Inputs {
		if !in.isInteger() {
			xs[i] = tape.Watch(in.Variable(autograd.Float64))
		}
	}
	check := func(what string, got autograd.Variable, want *Tensor, tol float64) {
		if err := difference(got, want, tol); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", what, err))
		}
	}
	checkAll := func(what string, got []autograd.Variable, want []*Tensor) {
		if len(got) != len(want) {
			errs = append(errs, fmt.Errorf("%d of %s, want %d", len(got), what, len(want)))
			return
		}
		for i := range got {
			check(what, got[i], want[i], layerTolerance)
		}
	}
	outputs := l.Call(tape, xs)
	if checkAll("output", outputs, c.Outputs); errs != nil {
		return errs
	}
	if c.GradOutputs != nil {
		grads := inner(tape, outputs, c.GradOutputs).Backward()
		for i, want := range c.InputGrads {
			if want != nil {
				check("gradient of an input", grads.Of(xs[i]), want, max(layerTolerance, knownInaccuracy[strings.ToLower(c.Layer)]))
			}
		}
		for name, w := range l.Params {
			check("gradient of "+name, grads.Of(w), c.Grads[name], layerTolerance)
		}
	}
	tape.Commit()
	l.again(tape, c, 1.1)
	tape.Commit()
	for name, b := range l.Buffers {
		check(name+" after two steps", b, c.BuffersAfter[name], layerTolerance)
	}
	for name, n := range l.Counters {
		if want := c.BuffersAfter[name]; want.Data[0] != Number(*n) {
			errs = append(errs, fmt.Errorf("%s after two steps is %d, want %v", name, *n, want.Data))
		}
	}
	checkAll("output in inference", l.again(autograd.NewTape(autograd.TapeConfig{NoGrad: true}), c, 1), c.EvalOutputs)
	return errs
}

// Expected is what a case compares results with, by what they are.
func (c *LayerCase) Expected() map[string]*Tensor {
	all := map[string]*Tensor{}
	add := func(what string, tensors []*Tensor) {
		for i, tensor := range tensors {
			if tensor != nil {
				all[fmt.Sprint(what, " ", i)] = tensor
			}
		}
	}
	add("output", c.Outputs)
	add("gradient of input", c.InputGrads)
	add("output in inference", c.EvalOutputs)
	for name, tensor := range c.Grads {
		all["gradient of "+name] = tensor
	}
	for name, tensor := range c.BuffersAfter {
		all[name+" after two steps"] = tensor
	}
	return all
}

// again calls the layer with the case's inputs times a factor.
func (l *Layer) again(tape *autograd.Tape, c *LayerCase, factor float64) []autograd.Variable {
	xs := make([]autograd.Variable, len(c.Inputs))
	for i, in := range c.Inputs {
		if !in.isInteger() {
			xs[i] = tape.Const(in.Variable(autograd.Float64).MulScalar(factor))
		}
	}
	return l.Call(tape, xs)
}

// setState gives the layer the case's state, whose names and shapes must be its own.
func (l *Layer) setState(c *LayerCase) error {
	if !slices.Equal(l.Names, c.State.Names) {
		return fmt.Errorf("the state has names %q, want %q", l.Names, c.State.Names)
	}
	for _, arrays := range []iter.Seq2[string, autograd.Variable]{l.Params, l.Buffers} {
		for name, v := range arrays {
			v.CopyFrom(c.State.Tensors[name].Variable(v.DType()))
		}
	}
	for name, n := range l.Counters {
		*n = int64(c.State.Tensors[name].Data[0])
	}
	return nil
}
