package onnx

import (
	"io"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// openCase is the model that PyTorch exported.
func openCase(t *testing.T, c models.Case, config Config) *Model {
	t.Helper()
	m, err := Read(c.Open(t, "opset13.onnx"), config)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// valueOf is an input of one of the nine models.
func valueOf(x models.Input) Value {
	if x.Tokens != nil {
		return Ints(convert(x.Tokens, func(token int) int64 { return int64(token) }), x.Shape...)
	}
	return Tensor(autograd.New(x.Floats, x.Shape...))
}

// outputOf is the output of one of the nine models on a tape.
func outputOf(t testing.TB, m *Model, tape *autograd.Tape, x models.Input) autograd.Variable {
	t.Helper()
	y, err := m.Run(tape, map[string]Value{"x": valueOf(x)})
	if err != nil {
		t.Fatal(err)
	}
	return y["y"].Variable()
}

// examples is n examples of an input, which it repeats.
func examples(x models.Input, n int) models.Input {
	size := len(x.Floats)/x.Shape[0] + len(x.Tokens)/x.Shape[0]
	y := models.Input{Shape: append([]int{n}, x.Shape[1:]...)}
	for i := range n * size {
		at := i % (size * x.Shape[0])
		if x.Tokens != nil {
			y.Tokens = append(y.Tokens, x.Tokens[at])
		} else {
			y.Floats = append(y.Floats, x.Floats[at])
		}
	}
	return y
}

// TestONNXInterchange runs models that PyTorch exported: of package models, and of the directory
// that the environment variable CHAINRULE_INTERCHANGE names.
func TestONNXInterchange(t *testing.T) {
	for _, c := range models.Cases(t) {
		t.Run(c.Name, func(t *testing.T) {
			for name, config := range map[string]Config{
				"parameters": {}, "constants": {Trainable: func(string) bool { return false }}, "inference": {Inference: true}, "as written": {asWritten: true},
			} {
				m := openCase(t, c, config)
				tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
				for range 2 { // with new memory and with the same again
					tape.Reset()
					y := outputOf(t, m, tape, c.Input)
					c.CheckOutput(t, y.Shape(), y.Floats())
				}
				// A batch of another size has the same outputs for the same examples.
				for _, n := range []int{1, 5} {
					y := outputOf(t, m, tape, examples(c.Input, n))
					size := y.Size() / n
					var got []float64
					for i := range c.Output.Shape[0] {
						got = append(got, y.Floats()[i%n*size:(i%n+1)*size]...)
						if i >= n { // not computed: taken as it should be
							copy(got[i*size:], toFloat64(c.Output.Float32s[i*size:(i+1)*size]))
						}
					}
					c.CheckOutput(t, c.Output.Shape, got)
				}
				if count := nn.NumParams(m); (count > 0) != (config.Trainable == nil && !config.Inference) {
					t.Errorf("%s: there are %d parameters", name, count)
				}
			}
		})
	}
}

func toFloat64(data []float32) []float64 {
	return convert(data, func(x float32) float64 { return float64(x) })
}

// Goroutines share a model, each with a tape, and all compute the same bits.
func TestConcurrentRuns(t *testing.T) {
	for _, c := range models.Cases(t)[:3] {
		m := openCase(t, c, Config{})
		results := make([][]float32, 4)
		var group sync.WaitGroup
		for i := range results {
			group.Go(func() {
				tape := autograd.NewTape(autograd.TapeConfig{NoGrad: i%2 == 0})
				for range 3 {
					tape.Reset()
					results[i] = bytesOfFloats(outputOf(t, m, tape, c.Input))
				}
			})
		}
		group.Wait()
		for i, r := range results {
			for j := range r {
				if math.Float32bits(r[j]) != math.Float32bits(results[0][j]) {
					t.Fatalf("%s: goroutine %d has %v in place %d, the first %v", c.Name, i, r[j], j, results[0][j])
				}
			}
		}
	}
}

func bytesOfFloats(v autograd.Variable) []float32 { return append([]float32{}, v.Float32s()...) }

// The memory of a tape does not grow from run to run.
func TestSteadyMemory(t *testing.T) {
	for _, c := range models.Cases(t) {
		m := openCase(t, c, Config{})
		tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
		var held int
		for i := range 6 {
			tape.Reset()
			outputOf(t, m, tape, c.Input)
			_, _, now := tape.MemoryUsage()
			if i > 2 && now > held {
				t.Errorf("%s: the tape holds %d bytes in run %d, and had %d", c.Name, now, i, held)
			}
			held = now
		}
	}
}

// readArrays is the arrays of an NPZ file whose names have a prefix, which is cut off.
func readArrays(t *testing.T, path, prefix string) map[string][]float32 {
	t.Helper()
	file, err := nn.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	arrays := map[string][]float32{}
	for i, info := range file.Tensors() {
		name, ok := strings.CutPrefix(info.Name, prefix)
		if !ok {
			continue
		}
		r, err := file.Open(i)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		arrays[name] = decode(Float, raw, []int{len(raw) / 4}).float.Float32s()
	}
	return arrays
}

// adamSteps trains a model as testdata/finetune.py does.
func adamSteps(t *testing.T, m *Model, x models.Input) {
	t.Helper()
	tape := autograd.NewTape(autograd.TapeConfig{})
	adam := optim.NewAdam(nn.Params(m), optim.AdamConfig{LR: 1e-3})
	for range 3 {
		adam.Step(outputOf(t, m, tape, x).Square().Mean().Backward())
		tape.Reset()
	}
}

// TestFineTuning trains models that PyTorch exported, as PyTorch trains what it exported them
// from. The weights of a file lie otherwise than PyTorch's, and some have other names: each number
// is found by the one that it was before.
func TestFineTuning(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range models.Cases(t) {
		if seen[c.Name] {
			continue // has other weights
		}
		seen[c.Name] = true
		before := readArrays(t, "testdata/finetune.npz", c.Name+"/before/")
		after := readArrays(t, "testdata/finetune.npz", c.Name+"/after/")
		if len(before) == 0 {
			continue // is not among those trained
		}
		t.Run(c.Name, func(t *testing.T) {
			m := openCase(t, c, Config{})
			become, largest := map[float32][]float32{}, 0.0
			for name, data := range before {
				for i, x := range data {
					become[x] = append(become[x], after[name][i])
					if v := math.Abs(float64(after[name][i])); v > largest {
						largest = v
					}
				}
			}
			start := map[string][]float32{}
			for name, p := range nn.Params(m) {
				start[name] = bytesOfFloats(p)
			}
			adamSteps(t, m, c.Input)
			worst, random := 0.0, 0
			for name, p := range nn.Params(m) {
				for i, x := range start[name] {
					if slices.ContainsFunc(become[x], isNaN32) {
						random++
						continue
					}
					least := math.Inf(1)
					for _, want := range become[x] {
						least = min(least, math.Abs(float64(p.Float32s()[i]-want)))
					}
					if !(least <= 1e-5*largest) {
						t.Errorf("%s[%d] was %v, is %v, expected %v", name, i, x, p.Float32s()[i], become[x])
					}
					worst = max(worst, least)
				}
			}
			t.Logf("%d numbers differ by %.1e at most; %d more have no gradient", nn.NumParams(m)-random, worst, random)
			y := outputOf(t, m, autograd.NewTape(autograd.TapeConfig{NoGrad: true}), c.Input)
			c.Output = data.NewArray(readArrays(t, "testdata/finetune.npz", c.Name+"/output")[""], c.Output.Shape...)
			c.CheckOutput(t, y.Shape(), y.Floats())
			if random > nn.NumParams(m)/10 {
				t.Errorf("%d of %d numbers are not compared", random, nn.NumParams(m))
			}
		})
	}
}

func isNaN32(x float32) bool { return x != x }
