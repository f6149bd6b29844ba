package models

import (
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// Tagger gives each token of a text scores of three tags: [batch, length] to [batch,
// length, 3].
type Tagger struct {
	Embedding *nn.Embedding
	RNN       nn.Layer // two layers in both directions
	Out       *nn.Linear
}

func lstmTagger(rng *rand.Rand) nn.Module {
	return &Tagger{
		Embedding: nn.NewEmbedding(rng, 20, 6, nn.EmbeddingConfig{}),
		RNN:       nn.NewLSTM(rng, 6, 5, nn.LSTMConfig{Layers: 2, Bidirectional: true}),
		Out:       nn.NewLinear(rng, 10, 3, nn.LinearConfig{}),
	}
}

func gruTagger(rng *rand.Rand) nn.Module {
	return &Tagger{
		Embedding: nn.NewEmbedding(rng, 20, 6, nn.EmbeddingConfig{}),
		RNN:       nn.NewGRU(rng, 6, 5, nn.GRUConfig{Layers: 2, Bidirectional: true}),
		Out:       nn.NewLinear(rng, 10, 3, nn.LinearConfig{}),
	}
}

// Parts yields embedding, rnn and out.
func (m *Tagger) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("embedding", m.Embedding), nn.Sub("rnn", m.RNN), nn.Sub("out", m.Out))
}

// ForTokens is the scores of each token's tags.
func (m *Tagger) ForTokens(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable {
	return m.Out.Forward(m.RNN.Forward(m.Embedding.Lookup(t, tokens, shape...)))
}

// Encoder is a transformer's encoder of two layers between an embedding and a linear layer:
// [batch, 7] to [batch, 7, 20].
type Encoder struct {
	Position  autograd.Variable // [7, 8], added to what the tokens are embedded as
	Embedding *nn.Embedding
	Layers    *nn.TransformerEncoder
	Head      *nn.Linear
}

func transformer(rng *rand.Rand) nn.Module {
	return &Encoder{
		Position:  autograd.Parameter(autograd.Normal(rng, autograd.Float32, 0, 0.1, 7, 8)),
		Embedding: nn.NewEmbedding(rng, 20, 8, nn.EmbeddingConfig{}),
		Layers:    nn.NewTransformerEncoder(rng, 2, 8, 2, nn.TransformerConfig{FeedForward: 16, Dropout: nn.None, Activation: nn.GELU{}}),
		Head:      nn.NewLinear(rng, 8, 20, nn.LinearConfig{}),
	}
}

// Parts yields position, embedding, layers and head.
func (m *Encoder) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Weight("position", m.Position), nn.Sub("embedding", m.Embedding), nn.Sub("layers", m.Layers), nn.Sub("head", m.Head))
}

// ForTokens is the scores of twenty tokens in each place.
func (m *Encoder) ForTokens(t *autograd.Tape, tokens []int, shape ...int) autograd.Variable {
	return m.Head.Forward(m.Layers.Forward(m.Embedding.Lookup(t, tokens, shape...).Add(m.Position)))
}
