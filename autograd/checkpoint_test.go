package autograd_test

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
)

// dropout zeroes each element with probability ½, from the tape's random source.
func dropout(x autograd.Variable) autograd.Variable {
	mask := autograd.Zeros(x.DType(), x.Shape()...)
	for i := range mask.Float64s() {
		mask.Float64s()[i] = 2 * float64(x.Tape().Rand().IntN(2))
	}
	return x.Mul(mask)
}

// deep is a chain of layers with dropout, optionally cut into checkpointed pieces.
func deep(x autograd.Variable, weights []autograd.Variable, piece int) autograd.Variable {
	for len(weights) > 0 {
		n := min(max(piece, 1), len(weights))
		part := weights[:n]
		weights = weights[n:]
		layers := func(xs []autograd.Variable) autograd.Variable {
			h := xs[0]
			for _, w := range part {
				h = dropout(h.MatMul(w).Tanh())
			}
			return h
		}
		if piece > 0 {
			x = autograd.Checkpoint(layers, x)
		} else {
			x = layers([]autograd.Variable{x})
		}
	}
	return x
}

func TestCheckpointHasEqualBitsAndLowerPeak(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	weights := make([]autograd.Variable, 36)
	for i := range weights {
		weights[i] = autograd.Parameter(autograd.Normal(rng, autograd.Float64, 0, 0.3, 16, 16))
	}
	data := autograd.Normal(rng, autograd.Float64, 0, 1, 64, 16)
	run := func(piece int) (loss float64, grads [][]float64, peak int) {
		tape := autograd.NewTape(autograd.TapeConfig{Seed: 5})
		x := tape.Watch(data)
		y := deep(x, weights, piece).Square().Sum()
		_, peak, _ = tape.MemoryUsage()
		g := y.Backward()
		grads = append(grads, append([]float64{}, g.Of(x).Float64s()...))
		for _, w := range weights {
			grads = append(grads, append([]float64{}, g.Of(w).Float64s()...))
		}
		return y.Item(), grads, peak
	}
	loss, grads, peak := run(0)
	for _, piece := range []int{1, 6, 36} {
		gotLoss, gotGrads, gotPeak := run(piece)
		if gotLoss != loss {
			t.Errorf("pieces of %d: loss %v, want %v", piece, gotLoss, loss)
		}
		if diff := cmp.Diff(grads, gotGrads); diff != "" {
			t.Errorf("pieces of %d: gradients differ", piece)
		}
		if piece > 1 && gotPeak*4 > peak {
			t.Errorf("pieces of %d: peak %d bytes, %d without checkpoints", piece, gotPeak, peak)
		}
	}
}

func TestCheckpointHigherOrderAndForwardMode(t *testing.T) {
	w := autograd.Parameter(vector(0.3, -0.7))
	f := func(xs []autograd.Variable) autograd.Variable {
		return xs[0].Mul(xs[1]).Mul(w).Sin().Sum()
	}
	checkpointed := func(xs []autograd.Variable) autograd.Variable {
		return autograd.Checkpoint(f, xs...).Square()
	}
	plain := func(xs []autograd.Variable) autograd.Variable { return f(xs).Square() }
	x, v := vector(1, 2), vector(0.5, -1)
	twice := func(g autograd.Func) autograd.Func { // the same operand in both places
		return func(xs []autograd.Variable) autograd.Variable { return g([]autograd.Variable{xs[0], xs[0]}) }
	}
	want := autograd.HVP(twice(plain), []autograd.Variable{x}, []autograd.Variable{v})[0].Float64s()
	got := autograd.HVP(twice(checkpointed), []autograd.Variable{x}, []autograd.Variable{v})[0].Float64s()
	if diff := cmp.Diff(want, got, approximately(1e-14)); diff != "" {
		t.Errorf("Hessian-vector product: %s", diff)
	}
	hessian := autograd.Hessian(func(x autograd.Variable) autograd.Variable {
		return twice(plain)([]autograd.Variable{x})
	}, x).Float64s()
	again := autograd.Hessian(func(x autograd.Variable) autograd.Variable {
		return twice(checkpointed)([]autograd.Variable{x})
	}, x).Float64s()
	if diff := cmp.Diff(hessian, again, approximately(1e-14)); diff != "" {
		t.Errorf("Hessian: %s", diff)
	}
}

// A part that runs in inference mode does so both times, whatever the tape's flag says
// later.
func TestCheckpointKeepsTheTrainingFlag(t *testing.T) {
	w := autograd.Parameter(vector(1, 2))
	layer := func(xs []autograd.Variable) autograd.Variable {
		if xs[0].Tape().Training() {
			return dropout(xs[0].Mul(w)).MulScalar(100)
		}
		return xs[0].Mul(w).Square()
	}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	x := tape.Watch(vector(3, 4))
	tape.SetTraining(false)
	y := autograd.Checkpoint(layer, x).Sum()
	tape.SetTraining(true)
	want := []float64{18, 64} // 2x²w
	if diff := cmp.Diff(want, y.Backward().Of(w).Floats()); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(want, autograd.Grad(y, w)[0].Floats()); diff != "" {
		t.Error(diff)
	}
	if !tape.Training() {
		t.Error("the tape's flag changed")
	}
}

func TestCheckpointMisuse(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	x, other := tape.Watch(vector(1)), tape.Watch(vector(2))
	for name, f := range map[string]func(){
		"captures a recorded Variable": func() {
			autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable { return xs[0].Mul(other) }, x)
		},
		"no tape": func() {
			autograd.Checkpoint(func(xs []autograd.Variable) autograd.Variable { return xs[0] }, vector(1))
		},
	} {
		if autograd.Try(f) == nil {
			t.Errorf("%s: no panic", name)
		}
	}
}

// Operands that are computed from each other, and a captured parameter that another operand
// is computed from: each path counts once, in either kind of pass.
func TestCheckpointOfDependentOperands(t *testing.T) {
	tape := autograd.NewTape(autograd.TapeConfig{})
	w := autograd.Parameter(vector(0.7))
	x := tape.Watch(vector(1.3))
	f := func(xs []autograd.Variable) autograd.Variable { return xs[0].Sin().Mul(xs[1]).Mul(w) }
	b := x.Cos().Mul(w)
	want := autograd.Grad(f([]autograd.Variable{x, b}).Sum(), x, w)
	y := autograd.Checkpoint(f, x, b).Sum()
	recorded, plain := autograd.Grad(y, x, w), y.Backward()
	for i, v := range []autograd.Variable{x, w} {
		for pass, got := range map[string]autograd.Variable{"recorded": recorded[i], "plain": plain.Of(v)} {
			if diff := cmp.Diff(want[i].Float64s(), got.Float64s(), approximately(1e-15)); diff != "" {
				t.Errorf("operand %d, %s: %s", i, pass, diff)
			}
		}
	}
}
