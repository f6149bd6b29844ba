package nn_test

import (
	"context"
	"iter"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// recalls is a data set of sequences of tokens 1 to 4, of 2 to 6 of them, padded with 0. The
// class of one is its first token, to be recalled at its end.
type recalls struct{ n int }

const longest = 6

func (r recalls) Len() int { return r.n }

func (r recalls) Fill(b *data.Batch, indices []int) error {
	b.Reset(len(indices))
	b.ResetTokens(longest)
	b.ResetLengths()
	b.ResetLabels()
	for row, i := range indices {
		rng := newRand(uint64(i))
		tokens := b.Tokens[row*longest : (row+1)*longest]
		b.Lengths[row] = 2 + rng.IntN(longest-1)
		for t := range tokens {
			if tokens[t] = 0; t < b.Lengths[row] {
				tokens[t] = 1 + rng.IntN(4)
			}
		}
		b.Labels[row] = tokens[0] - 1
	}
	return nil
}

// reader tells the class of a sequence of tokens by the state in which it leaves an LSTM.
type reader struct {
	embedding *nn.Embedding
	lstm      *nn.LSTM
	head      *nn.Linear
}

func newReader(seed uint64) *reader {
	rng := newRand(seed)
	return &reader{
		nn.NewEmbedding(rng, 5, 8, nn.EmbeddingConfig{Padding: []int{0}}),
		nn.NewLSTM(rng, 8, 16, nn.LSTMConfig{}),
		nn.NewLinear(rng, 16, 4, nn.LinearConfig{}),
	}
}

func (r *reader) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("embedding", r.embedding), nn.Sub("lstm", r.lstm), nn.Sub("head", r.head))
}

// logits are the scores of the classes.
func (r *reader) logits(s *nn.StepContext) autograd.Variable {
	x := r.embedding.Lookup(s.Tape, s.Batch.Tokens, s.Batch.Len, longest)
	_, state := r.lstm.Run(x, nn.LSTMInput{Lengths: s.Batch.Lengths})
	return r.head.Forward(state.H.Squeeze(0))
}

func (r *reader) Loss(s *nn.StepContext) autograd.Variable {
	logits := r.logits(s)
	s.Output(logits)
	return nn.CrossEntropyLoss(logits, s.Target().Labels)
}

// A model of tokens with lengths is trained, measured and used as one of numbers is.
func TestSequences(t *testing.T) {
	ctx, model := context.Background(), newReader(1)
	accuracy := []nn.Metric{nn.Accuracy{}}
	_, err := nn.FitObjective(ctx, model, recalls{600}, nn.FitConfig{
		Epochs: 12, Metrics: accuracy, Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.02}),
	})
	if err != nil {
		t.Fatal(err)
	}
	test := recalls{700}
	scores, err := nn.EvaluateObjective(ctx, model, test, nn.EvaluateConfig{Metrics: accuracy, BatchSize: 64})
	if err != nil {
		t.Fatal(err)
	}
	if got := score(t, scores, "accuracy"); !(got > 0.99) {
		t.Errorf("the accuracy is %v", got)
	}
	logits, err := nn.PredictBy(ctx, model, model.logits, test, nn.PredictConfig{})
	if err != nil {
		t.Fatal(err)
	}
	var batch data.Batch
	if err := test.Fill(&batch, []int{0, 1, 2, 3, 4}); err != nil {
		t.Fatal(err)
	}
	for i, class := range logits.Slice(0, 0, 5).ArgMax(-1) {
		if class != batch.Labels[i] {
			t.Errorf("sequence %d is said to be of class %d, it is of %d", i, class, batch.Labels[i])
		}
	}
}
