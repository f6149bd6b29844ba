package nn_test

import (
	"bytes"
	"fmt"
	"go/ast"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/autograd/gradcheck"
	"github.com/chainrule-go/chainrule/internal/parallel"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn"
)

// compute calls the layer, and makes one array of all results.
func (row *layerRow) compute(m nn.Module, tape *autograd.Tape, xs []v) v {
	if row.call == nil {
		return m.(nn.Layer).Forward(xs[0])
	}
	results := row.call(m, tape, xs, nil)
	if len(results) == 1 {
		return results[0]
	}
	var flat []v
	for _, y := range results {
		flat = append(flat, y.Reshape(-1))
	}
	return autograd.Concat(0, flat...)
}

// total is the sum of the squares of all results.
func (row *layerRow) total(m nn.Module, tape *autograd.Tape, xs []v) v {
	if row.call == nil {
		return m.(nn.Layer).Forward(xs[0]).Square().Sum()
	}
	var sum v
	for i, y := range row.call(m, tape, xs, row.results[:0]) {
		if y = y.Square().Sum(); i == 0 {
			sum = y
		} else {
			sum = sum.Add(y)
		}
	}
	return sum
}

// build makes the layer, with parameters that are not 0 or 1, which would hide mistakes.
func (row *layerRow) build(seed uint64, dtype autograd.DType) nn.Module {
	m := row.make(seed, dtype)
	rng := newRand(seed + 100)
	for _, w := range nn.Params(m) {
		noise := autograd.Normal(rng, double, 0, 0.3, w.Shape()...).AsType(dtype)
		w.CopyFrom(w.Detach().Add(noise))
	}
	return m
}

// draw makes the inputs, those of float32 rounded from those of float64.
func (row *layerRow) draw(dtype autograd.DType) []v {
	var xs []v
	rng := newRand(11)
	for _, shape := range row.shapes {
		x := autograd.Normal(rng, double, 0, 1, shape...)
		if row.shake != 0 {
			x = x.Add(x.Mul(autograd.Normal(newRand(12), double, 0, row.shake, shape...)))
		}
		xs = append(xs, x.AsType(dtype))
	}
	return xs
}

// typeText is a type's expression as text.
func typeText(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return "*" + typeText(e.X)
	case *ast.SelectorExpr:
		return typeText(e.X) + "." + e.Sel.Name
	case *ast.Ident:
		return e.Name
	}
	return ""
}

// Gradients with respect to inputs and parameters, in training and in inference, and the
// second order.
func TestLayerGradients(t *testing.T) {
	for _, row := range layerRows() {
		for _, training := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, training %v", row.name, training), func(t *testing.T) {
				t.Parallel()
				m := row.build(3, autograd.Float32)
				if training && row.constants != "" {
					t.Skip(row.constants)
				}
				if wide := row.build(3, double); !training && slices.Equal(row.bits(wide, double, true), row.bits(wide, double, false)) {
					t.Skip("the same as in training")
				}
				gradcheck.TestModel(t, gradcheck.Config{
					SecondOrder: true, ATol: 5e-13, Kinks: row.kinks, Tape: autograd.TapeConfig{Training: training},
					Skip: func(input, element int) bool { return row.name == "Embedding with padding" && element < 3 },
				}, gradcheck.Model{
					Params: nn.Params(m), Buffers: nn.Buffers(m), Inputs: row.draw(autograd.Float32),
					Forward: func(tape *autograd.Tape, xs []v) v { return row.compute(m, tape, xs) },
				})
			})
		}
	}
}

// What is saved has PyTorch's names, and is all there is: a layer that loads it computes
// the same.
func TestLayerFiles(t *testing.T) {
	for _, row := range layerRows() {
		t.Run(row.name, func(t *testing.T) {
			for _, dtype := range []autograd.DType{autograd.Float32, double} {
				m, other := row.build(1, dtype), row.build(2, dtype)
				var got []string
				for name, p := range nn.Walk(m) {
					if p.Module == nil {
						got = append(got, name)
					}
				}
				if diff := cmp.Diff(row.state, got); diff != "" {
					t.Fatalf("state (-want +got):\n%s", diff)
				}
				row.step(m, dtype) // so that buffers are no longer what they were
				if err := nn.Load(bytes.NewReader(saved(t, m, nil)), other, nn.LoadConfig{}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(bitsOf(m), bitsOf(other)); diff != "" {
					t.Errorf("(-saved +loaded):\n%s", diff)
				}
				for _, training := range []bool{true, false} {
					if diff := cmp.Diff(row.bits(m, dtype, training), row.bits(other, dtype, training)); diff != "" {
						t.Errorf("results (-saved +loaded):\n%s", diff)
					}
				}
			}
		})
	}
}

// step computes the layer in training and commits what it assigned.
func (row *layerRow) step(m nn.Module, dtype autograd.DType) {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	row.total(m, tape, row.on(tape, dtype))
	tape.Commit()
}

// on is the inputs on a tape.
func (row *layerRow) on(tape *autograd.Tape, dtype autograd.DType) []v {
	xs := row.draw(dtype)
	for i, x := range xs {
		xs[i] = tape.Watch(x)
	}
	return xs
}

// bits is all results and gradients, bit by bit.
func (row *layerRow) bits(m nn.Module, dtype autograd.DType, training bool) []uint64 {
	var bits []uint64
	for _, x := range row.numbers(m, dtype, training) {
		bits = append(bits, math.Float64bits(x))
	}
	return bits
}

// numbers is all results and gradients.
func (row *layerRow) numbers(m nn.Module, dtype autograd.DType, training bool) []float64 {
	tape := autograd.NewTape(autograd.TapeConfig{Training: training, Seed: 5})
	xs := row.on(tape, dtype)
	y := row.compute(m, tape, xs)
	numbers := y.Floats()
	if grads := y.BackwardWith(upstream(y)); true {
		for _, x := range xs {
			numbers = append(numbers, grads.Of(x).Floats()...)
		}
		for _, w := range nn.Params(m) {
			numbers = append(numbers, grads.Of(w).Floats()...)
		}
	}
	return numbers
}

// upstream is a gradient of the shape of y, of which no layer makes nothing, as it would of
// one that is equal everywhere, or y itself.
func upstream(y v) v {
	return autograd.Normal(newRand(13), double, 0, 1, y.Shape()...).AsType(y.DType())
}

// Inference changes nothing, and without recording it gives the same; training changes
// buffers and counters when it is committed, and not before.
func TestLayerModes(t *testing.T) {
	for _, row := range layerRows() {
		t.Run(row.name, func(t *testing.T) {
			m := row.build(1, double)
			before := bitsOf(m)
			recorded, plain := autograd.NewTape(autograd.TapeConfig{}), autograd.NewTape(autograd.TapeConfig{NoGrad: true})
			y := row.compute(m, recorded, row.on(recorded, double))
			recorded.Commit()
			if diff := cmp.Diff(y.Floats(), row.compute(m, plain, row.on(plain, double)).Floats()); diff != "" {
				t.Errorf("without recording (-recorded +not):\n%s", diff)
			}
			plain.Commit()
			row.bits(m, double, true) // without a Commit
			if diff := cmp.Diff(before, bitsOf(m)); diff != "" {
				t.Errorf("the state was changed (-before +after):\n%s", diff)
			}
			row.step(m, double)
			moves := row.assigns || !strings.HasPrefix(row.name, "Frozen") && len(slices.Collect(values(nn.Counters(m)))) > 0
			if changed := !cmp.Equal(before, bitsOf(m)); changed != moves {
				t.Errorf("a training step changed the state: %v, want %v", changed, moves)
			}
		})
	}
}

func values[T any](seq func(func(string, T) bool)) func(func(T) bool) {
	return func(yield func(T) bool) {
		seq(func(_ string, x T) bool { return yield(x) })
	}
}

// Goroutines share a layer.
func TestLayersAreShared(t *testing.T) {
	for _, row := range layerRows() {
		t.Run(row.name, func(t *testing.T) {
			m := row.build(1, autograd.Float32)
			want := [2][]uint64{row.bits(m, autograd.Float32, false), row.bits(m, autograd.Float32, true)}
			var wait sync.WaitGroup
			for i := range 8 {
				wait.Go(func() {
					if got := row.bits(m, autograd.Float32, i%2 == 1); !slices.Equal(got, want[i%2]) {
						t.Error("the results differ")
					}
				})
			}
			wait.Wait()
		})
	}
}

// Results and gradients of float32 are those of float64, rounded.
func TestLayersOfFloat32(t *testing.T) {
	for _, row := range layerRows() {
		t.Run(row.name, func(t *testing.T) {
			for _, training := range []bool{true, false} {
				single, wide := row.build(1, autograd.Float32), row.build(1, double)
				got, want := row.numbers(single, autograd.Float32, training), row.numbers(wide, double, training)
				scale := 1.
				for _, x := range want {
					scale = max(scale, math.Abs(x))
				}
				for i, x := range want {
					if !(math.Abs(got[i]-x) <= 2e-5*scale) {
						t.Fatalf("training %v: number %d is %v, in float64 %v", training, i, got[i], x)
					}
				}
			}
		})
	}
}

func TestLayersDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	for _, row := range layerRows() {
		t.Run(row.name, func(t *testing.T) {
			training, inference := row.allocations(autograd.TapeConfig{Training: true}), row.allocations(autograd.TapeConfig{NoGrad: true})
			switch allocates := training+inference > 0; {
			case allocates && row.allocates == "":
				t.Errorf("%v allocations in a step of training, %v in inference", training, inference)
			case !allocates && row.allocates != "":
				t.Errorf("no allocation: the row says %q", row.allocates)
			}
		})
	}
}

// allocations is how many there are in a steady step.
func (row *layerRow) allocations(config autograd.TapeConfig) float64 {
	m := row.build(1, autograd.Float32)
	tape, inputs := autograd.NewTape(config), row.draw(autograd.Float32)
	xs := make([]v, len(inputs))
	step := func() {
		tape.Reset()
		for i, x := range inputs {
			xs[i] = tape.Watch(x)
		}
		if row.call == nil {
			y := m.(nn.Layer).Forward(xs[0])
			if !config.NoGrad {
				y.Square().Sum().Backward()
			}
		} else if y := row.total(m, tape, xs); !config.NoGrad {
			y.Backward()
		}
		tape.Commit()
	}
	for range 20 { // until every node, of which each step takes others, has the memory it needs
		step()
	}
	return testing.AllocsPerRun(20, step)
}

// Layers of sizes at which products are spread too give the same bits on any number of
// processors.
func TestLayersGiveTheSameBits(t *testing.T) {
	rng := newRand(1)
	normal := func(shape ...int) v { return autograd.Normal(rng, autograd.Float32, 0, 1, shape...) }
	for _, test := range []struct {
		name  string
		layer nn.Layer
		x     v
	}{
		{"Linear", nn.NewLinear(rng, 256, 256, nn.LinearConfig{}), normal(256, 256)},
		{"BatchNorm2d", nn.NewBatchNorm2d(16, nn.BatchNormConfig{}), normal(32, 16, 32, 32)},
		{"LSTM", nn.NewLSTM(rng, 64, 128, nn.LSTMConfig{Bidirectional: true}), normal(32, 4, 64)},
		{"GRU that makes steps together", nn.NewGRU(rng, 64, 320, nn.GRUConfig{}), normal(16, 4, 64)},
		{"MultiheadAttention", nn.NewMultiheadAttention(rng, 64, 4, nn.MultiheadAttentionConfig{}), normal(16, 64, 64)},
	} {
		t.Run(test.name, func(t *testing.T) {
			var want []float64
			for _, procs := range []int{1, 2, 3, 8} {
				var got []float64
				parallel.WithProcs(procs, func() {
					tape := autograd.NewTape(autograd.TapeConfig{Training: true})
					x := tape.Watch(test.x)
					y := test.layer.Forward(x)
					grads := y.Square().Sum().Backward()
					got = append(y.Floats(), grads.Of(x).Floats()...)
					for _, w := range nn.Params(test.layer) {
						got = append(got, grads.Of(w).Floats()...)
					}
				})
				if want == nil {
					want = got
				}
				if !slices.Equal(want, got) {
					t.Errorf("GOMAXPROCS %d changes the bits", procs)
				}
			}
		})
	}
}
