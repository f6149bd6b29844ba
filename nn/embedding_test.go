package nn_test

import (
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// Rows that are too long are scaled in the table by training, and in the results alone by
// inference; others are not.
func TestEmbeddingMaxNorm(t *testing.T) {
	rows := []float64{3, 4, 0.3, 0.4, 6, 8}
	table := func() *nn.Embedding {
		e := nn.NewEmbedding(newRand(1), 3, 2, nn.EmbeddingConfig{MaxNorm: 1, DType: double})
		copy(e.Weight.Float64s(), rows)
		return e
	}
	want := []float64{0.6, 0.8, 0.3, 0.4}
	about := cmpopts.EquateApprox(1e-6, 0)
	e := table()
	for name, tape := range map[string]*autograd.Tape{"without a tape": nil, "inference": autograd.NewTape(autograd.TapeConfig{})} {
		if diff := cmp.Diff(want, e.Lookup(tape, []int{0, 1}).Floats(), about); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(rows, e.Weight.Floats()); diff != "" {
			t.Errorf("%s changes the table (-before +after):\n%s", name, diff)
		}
	}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	y := e.Lookup(tape, []int{0, 1, 0})
	if diff := cmp.Diff(append(want, 0.6, 0.8), y.Floats(), about); diff != "" {
		t.Errorf("training (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{0.6, 0.8, 0.3, 0.4, 6, 8}, e.Weight.Floats(), about); diff != "" {
		t.Errorf("the table (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]float64{2, 2, 1, 1, 0, 0}, y.Sum().Backward().Of(e.Weight).Floats()); diff != "" {
		t.Errorf("the gradient (-want +got):\n%s", diff)
	}

	shared := table()
	var wait sync.WaitGroup
	for range 8 {
		wait.Go(func() {
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			y := shared.Lookup(tape, []int{2, 0, 2})
			if !cmp.Equal([]float64{0.6, 0.8, 0.6, 0.8, 0.6, 0.8}, y.Floats(), about) {
				t.Errorf("by several goroutines: %v", y)
			}
			y.Sum().Backward()
		})
	}
	wait.Wait()
	for _, config := range []nn.EmbeddingConfig{{MaxNorm: -2}, {NormType: nn.None}, {NormType: -3}} {
		expectValueError(t, "NewEmbedding", func() { nn.NewEmbedding(newRand(1), 2, 2, config) })
	}
}

// tokenScorer sums what it has for the tokens of an example.
type tokenScorer struct {
	*nn.Embedding
	peak int // bytes that a step took
}

func (m *tokenScorer) Loss(s *nn.StepContext) autograd.Variable {
	tokens := make([]int, s.X().Size())
	for i, x := range s.X().Floats() {
		tokens[i] = int(x)
	}
	_, m.peak, _ = s.Tape.MemoryUsage()
	y := m.Lookup(s.Tape, tokens, s.X().Shape()...).Sum(1, 2).Unsqueeze(1)
	loss, _ := nn.MSE{}.Of(y, s.Target())
	return loss
}

// A trainer with a large table whose gradients are kept as rows takes memory for these, and
// learns what one with whole gradients does, to the bit.
func TestTrainingWithSparseGradients(t *testing.T) {
	const tokens, features, examples = 50_000, 4, 32
	rng := newRand(1)
	x, y := make([]float32, 2*examples), make([]float32, examples)
	for i := range x {
		x[i] = float32(rng.IntN(tokens))
		y[i/2] += x[i] / tokens
	}
	set := &data.Arrays{X: data.NewArray(x, examples, 2), Y: data.NewArray(y, examples, 1)}
	train := func(sparse bool) ([]float32, int) {
		m := &tokenScorer{Embedding: nn.NewEmbedding(newRand(2), tokens, features, nn.EmbeddingConfig{Sparse: sparse})}
		trainer := nn.NewTrainer(m, nn.TrainerConfig{Optimizer: optim.NewAdagrad(nn.Params(m), optim.AdagradConfig{LR: 0.1})})
		loader := data.NewLoader(set, data.LoaderConfig{BatchSize: 8, Shuffle: true})
		for range 3 {
			for _, err := range trainer.Epoch(context.Background(), loader) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		return slices.Clone(m.Weight.Float32s()), m.peak
	}
	whole, _ := train(false)
	rows, peak := train(true)
	if !slices.Equal(whole, rows) {
		t.Error("the tables differ")
	}
	if limit := 4 * tokens * features / 20; peak > limit {
		t.Errorf("a step takes %d bytes, a table has %d", peak, 4*tokens*features)
	}
}

// BenchmarkEmbeddingStep is a step with 1,000 tokens of a table of 1,000,000 rows of 64.
func BenchmarkEmbeddingStep(b *testing.B) {
	for name, sparse := range map[string]bool{"rows": true, "whole": false} {
		b.Run(name, func(b *testing.B) {
			e := nn.NewEmbedding(newRand(1), 1_000_000, 64, nn.EmbeddingConfig{Sparse: sparse, Init: nn.Zeros})
			optimizer := optim.NewSparseAdam(nn.Params(e), optim.SparseAdamConfig{})
			rng := newRand(2)
			tokens := make([]int, 1000)
			tape := autograd.NewTape(autograd.TapeConfig{Training: true})
			step := func() {
				tape.Reset()
				for i := range tokens {
					tokens[i] = rng.IntN(1_000_000)
				}
				optimizer.Step(e.Lookup(tape, tokens).SubScalar(1).Square().Sum().Backward())
			}
			step() // makes the averages
			for b.Loop() {
				step()
			}
			_, peak, _ := tape.MemoryUsage()
			b.ReportMetric(float64(peak), "tape-bytes")
		})
	}
}
