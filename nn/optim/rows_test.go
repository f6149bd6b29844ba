package optim

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/race"
)

// What PyTorch makes of a table of 4 rows, ¼·(i−3) at first, in four steps with sparse
// gradients, of the loss Σ (k+1)·x² + x over the rows that are looked up, the k-th times k+1.
func TestRowsAreThoseOfPyTorch(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(p params) Optimizer
		want []float64
	}{
		{"SGD", func(p params) Optimizer { return NewSGD(p, SGDConfig{LR: 0.1}) },
			[]float64{-0.38, -0.3, -0.25, -0.22, 0.1, 0.3, -0.06, 0}},
		{"SparseAdam", func(p params) Optimizer {
			return NewSparseAdam(p, SparseAdamConfig{LR: 0.1, Betas: [2]float64{0.8, 0.9}, Eps: 1e-3})
		}, []float64{-0.598556318259906, -0.432638975847502, -0.25, -0.169195632648799, 0.1873118973665, 0.437278909993031, 0.562598395207479, 0.812592067069356}},
		{"Adagrad", func(p params) Optimizer {
			return NewAdagrad(p, AdagradConfig{LR: 0.1, LRDecay: 0.1, InitialAccumulator: 0.5, Eps: 1e-3})
		}, []float64{-0.617184032305518, -0.421469599453998, -0.25, -0.115904124126283, 0.180462391699148, 0.427510399495998, 0.582887047326848, 0.832161061251471}},
	} {
		w := autograd.Parameter(autograd.New([]float64{-0.75, -0.5, -0.25, 0, 0.25, 0.5, 0.75, 1}, 4, 2))
		optimizer := test.make(named(w))
		tape := autograd.NewTape(autograd.TapeConfig{})
		for _, index := range [][]int{{1, 3, 1}, {0}, {3, 3, 0}, {2, 1}} {
			tape.Reset()
			factor := autograd.New([]float64{1, 2, 3}, 3, 1).Slice(0, 0, len(index))
			x := autograd.SparseEmbedding(tape.Watch(w), index)
			optimizer.Step(x.Square().Mul(factor).Add(x).Sum().Backward())
		}
		if diff := cmp.Diff(test.want, w.Floats(), cmpopts.EquateApprox(0, 1e-12)); diff != "" {
			t.Errorf("%s (-PyTorch +got):\n%s", test.name, diff)
		}
	}
}

// A step with gradients that are kept as rows is the step with whole ones, to the bit, for
// all optimizers but the one that leaves other rows alone; that one leaves them alone.
func TestRowsAreStepsOfTheWhole(t *testing.T) {
	each(t, func(t *testing.T, make maker) {
		for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
			const rows, features = 40, 9
			start := autograd.Normal(rand.New(rand.NewPCG(1, 2)), dtype, 0, 1, rows, features)
			whole, sparse := autograd.Parameter(start), autograd.Parameter(start)
			a, b := make(named(whole)), make(named(sparse))
			rng := rand.New(rand.NewPCG(3, 4))
			ever := map[int]bool{}
			tape := autograd.NewTape(autograd.TapeConfig{})
			for range 5 {
				index := []int{rng.IntN(rows), rng.IntN(rows), rng.IntN(rows)}
				for _, row := range index {
					ever[row] = true
				}
				scale := autograd.Normal(rng, dtype, 0, 1, 3, features)
				a.Step(autograd.Embedding(tape.Watch(whole), index).Mul(scale).Sum().Backward())
				b.Step(autograd.SparseEmbedding(tape.Watch(sparse), index).Mul(scale).Sum().Backward())
				tape.Reset()
			}
			if e, ok := b.(*engine); ok && e.op == "optim.NewSparseAdam" {
				for row := range rows {
					if moved := !cmp.Equal(start.Index(row).Floats(), sparse.Index(row).Floats()); moved != ever[row] {
						t.Errorf("row %d has moved: %v, was looked up: %v", row, moved, ever[row])
					}
				}
				continue
			}
			if diff := cmp.Diff(whole.Floats(), sparse.Floats()); diff != "" {
				t.Errorf("%v (-whole +rows):\n%s", dtype, diff)
			}
		}
	})
}

// Of a large table a step visits the rows that were looked up, and allocates nothing.
func TestRowsAreAllThatIsVisited(t *testing.T) {
	const rows, features, tokens = 100_000, 8, 50
	for name, make := range map[string]func(p params) Optimizer{
		"SGD":        func(p params) Optimizer { return NewSGD(p, SGDConfig{}) },
		"Adagrad":    func(p params) Optimizer { return NewAdagrad(p, AdagradConfig{}) },
		"SparseAdam": func(p params) Optimizer { return NewSparseAdam(p, SparseAdamConfig{}) },
	} {
		w := autograd.Parameter(autograd.Ones(autograd.Float32, rows, features))
		optimizer := make(named(w)).(*engine)
		visited := 0
		step := optimizer.rule.step
		optimizer.rule.step = func(p *param, g *Group) {
			visited = p.grad.Len()
			if p.index == nil {
				visited = p.w.Len()
			}
			step(p, g)
		}
		index := append([]int{}, rand.New(rand.NewPCG(1, 2)).Perm(rows)[:tokens]...)
		tape := autograd.NewTape(autograd.TapeConfig{})
		run := func() {
			tape.Reset()
			grads := autograd.SparseEmbedding(tape.Watch(w), index).Square().Sum().Backward(w)
			ClipGradNorm(grads, 1)
			ClipGradValue(grads, 0.5)
			optimizer.Step(grads)
		}
		for range 3 {
			run()
		}
		if visited != tokens*features {
			t.Errorf("%s visits %d elements of %d, want %d", name, visited, w.Size(), tokens*features)
		}
		if optimizer.whole32 != nil {
			t.Errorf("%s makes the gradient whole", name)
		}
		moved := 0
		for i := range rows {
			if w.Float32s()[i*features] != 1 {
				moved++
			}
		}
		if moved != tokens {
			t.Errorf("%s has moved %d rows, want %d", name, moved, tokens)
		}
		if n := testing.AllocsPerRun(10, run); n != 0 && !race.Enabled {
			t.Errorf("%s: a step allocates %v times", name, n)
		}
	}
}

// With what moves all elements, momentum and decay, all are moved.
func TestRowsWithMomentum(t *testing.T) {
	w := autograd.Parameter(autograd.Ones(autograd.Float64, 3, 1))
	optimizer := NewSGD(named(w), SGDConfig{LR: 0.5, Momentum: 0.5, WeightDecay: 0.5})
	tape := autograd.NewTape(autograd.TapeConfig{})
	optimizer.Step(autograd.SparseEmbedding(tape.Watch(w), []int{2}).Sum().Backward())
	if diff := cmp.Diff([]float64{0.75, 0.75, 0.25}, w.Floats()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if norm := ClipEachGradNorm(autograd.SparseEmbedding(tape.Watch(w), []int{2, 2}).Sum().Backward(), 1); math.Abs(norm-2) > 1e-15 {
		t.Errorf("the norm of the one row is %v, want 2", norm)
	}
}
