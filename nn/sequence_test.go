package nn_test

import (
	"iter"
	"math/rand/v2"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// sequences is a data set of tokens 0 … 7 in sequences of unequal length, whose class is
// whether the last one is above 3. What pads them tells the contrary.
type sequences struct {
	tokens [][]int
	labels []int
}

func newSequences(n int) *sequences {
	rng := rand.New(rand.NewPCG(3, 4))
	s := &sequences{}
	for range n {
		tokens := make([]int, 1+rng.IntN(5))
		for i := range tokens {
			tokens[i] = rng.IntN(8)
		}
		s.tokens = append(s.tokens, tokens)
		s.labels = append(s.labels, tokens[len(tokens)-1]/4)
	}
	return s
}

func (s *sequences) Len() int { return len(s.tokens) }

func (s *sequences) Fill(batch *data.Batch, indices []int) error {
	longest := 0
	for _, i := range indices {
		longest = max(longest, len(s.tokens[i]))
	}
	batch.Reset(len(indices), 0)
	batch.ResetTokens(longest)
	batch.ResetLengths()
	batch.ResetLabels()
	for row, i := range indices {
		own := batch.Tokens[row*longest : (row+1)*longest]
		for k := copy(own, s.tokens[i]); k < longest; k++ {
			own[k] = 7 * (1 - s.labels[i])
		}
		batch.Lengths[row], batch.Labels[row] = len(s.tokens[i]), s.labels[i]
	}
	return nil
}

// reader is a classifier of sequences of tokens, and its own objective.
type reader struct {
	embedding *nn.Embedding
	lstm      *nn.LSTM
	out       *nn.Linear
}

func (m reader) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("embedding", m.embedding), nn.Sub("lstm", m.lstm), nn.Sub("out", m.out))
}

func (m reader) Loss(s *nn.StepContext) autograd.Variable {
	n := s.Batch.Len
	x := m.embedding.Lookup(s.Tape, s.Batch.Tokens, n, len(s.Batch.Tokens)/n)
	_, state := m.lstm.Run(x, nn.LSTMInput{Lengths: s.Batch.Lengths})
	logits := m.out.Forward(state.H.Squeeze(0))
	s.Output(logits)
	return nn.CrossEntropy{}.Loss(logits, s.Batch.Labels)
}

// A model of tokens learns from batches that carry them with their lengths.
func TestSequencesOfTokens(t *testing.T) {
	rng := newRand(1)
	model := reader{
		embedding: nn.NewEmbedding(rng, 8, 4, nn.EmbeddingConfig{}),
		lstm:      nn.NewLSTM(rng, 4, 8, nn.LSTMConfig{}),
		out:       nn.NewLinear(rng, 8, 2, nn.LinearConfig{}),
	}
	trainer := nn.NewTrainer(model, nn.TrainerConfig{
		Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.02}), Metrics: []nn.Metric{nn.Accuracy{}},
	})
	loader := data.NewLoader(newSequences(300), data.LoaderConfig{BatchSize: 30, Shuffle: true, Prefetch: 2})
	accuracy := 0.0
	for range 8 {
		for step, err := range trainer.Epoch(t.Context(), loader) {
			if err != nil {
				t.Fatal(err)
			}
			accuracy, _ = step.Means.Get("accuracy")
		}
	}
	if accuracy < 0.98 {
		t.Errorf("accuracy %.3f in the last epoch, want 0.98 or more", accuracy)
	}
}
