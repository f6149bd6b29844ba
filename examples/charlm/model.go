package main

import (
	"iter"
	"math"
	"math/rand/v2"
	"strings"

	"gonum.org/v1/gonum/floats"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// languageModel tells from the characters of a text so far how likely each one is to come
// next: characters become vectors, a core looks back at those before, and a linear layer
// makes of what it found a score for each character.
type languageModel struct {
	embedding *nn.Embedding
	core      core
	dropout   nn.Dropout
	head      *nn.Linear
	decay     float64 // of the weights in training
}

// core is what looks back: an LSTM or a transformer.
type core interface {
	nn.Module

	// run computes from the vectors x of the next characters of each text, [batch, length,
	// features], what is known after each, given the memory of those before: nil at the
	// beginning of texts. It returns the memory to go on with.
	run(x autograd.Variable, memory any) (y autograd.Variable, next any)
}

func newModel(name string, seed uint64, characters, size int) *languageModel {
	rng := rand.New(rand.NewPCG(seed, 0))
	if name == "transformer" {
		features := size / 2
		return &languageModel{
			embedding: nn.NewEmbedding(rng, characters, features/2, nn.EmbeddingConfig{}),
			core:      newTransformer(rng, features/2, features),
			dropout:   nn.Dropout{P: 0.15},
			head:      nn.NewLinear(rng, features, characters, nn.LinearConfig{}),
			decay:     0.3,
		}
	}
	return &languageModel{
		embedding: nn.NewEmbedding(rng, characters, size/4, nn.EmbeddingConfig{}),
		core:      lstm{nn.NewLSTM(rng, size/4, size, nn.LSTMConfig{Layers: 2, Dropout: 0.3})},
		dropout:   nn.Dropout{P: 0.3},
		head:      nn.NewLinear(rng, size, characters, nn.LinearConfig{}),
		decay:     0.05,
	}
}

// Parts yields the layers.
func (m *languageModel) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("embedding", m.embedding), nn.Sub("core", m.core), nn.Sub("head", m.head))
}

// scores are the logits of the next character after each of tokens, [batch, length, characters].
func (m *languageModel) scores(tape *autograd.Tape, tokens []int, batch int, memory any) (logits autograd.Variable, next any) {
	x := m.embedding.Lookup(tape, tokens, batch, len(tokens)/batch)
	y, next := m.core.run(x, memory)
	return m.head.Forward(m.dropout.Forward(y)), next
}

// Loss is the mean of −ln p of the characters that come next.
func (m *languageModel) Loss(s *nn.StepContext) autograd.Variable {
	logits, _ := m.scores(s.Tape, s.Batch.Tokens, s.Batch.Len, nil)
	loss, count := nn.CrossEntropy{}.Of(logits, s.Target())
	s.Output(logits)
	s.Divisor(count)
	return loss
}

type lstm struct{ *nn.LSTM }

func (l lstm) run(x autograd.Variable, memory any) (autograd.Variable, any) {
	state, _ := memory.(nn.LSTMState)
	y, next := l.Run(x, nn.LSTMInput{State: state})
	return y, next
}

// transformer sees in each place first what the last few characters spell, by a convolution,
// and then by attention where that stood before, and how it went on there.
type transformer struct {
	spelling *nn.Conv1d
	encoder  *nn.TransformerEncoder
}

// transformerMemory is what a transformer needs of the characters before: the vectors of the
// last ones, [batch, spelled − 1, features], and the keys and values of all.
type transformerMemory struct {
	last   autograd.Variable
	caches []nn.AttentionCache
}

const spelled = 5 // characters that the convolution sees

func newTransformer(rng *rand.Rand, in, features int) transformer {
	return transformer{
		nn.NewConv1d(rng, in, features, []int{spelled}, nn.ConvConfig{}),
		nn.NewTransformerEncoder(rng, 3, features, 4, nn.TransformerConfig{
			FeedForward: 4 * features, Activation: nn.GELU{}, NormFirst: true, FinalNorm: true, Dropout: 0.15,
			Rotary: nn.NewRotaryPositions(window, features/4, nn.PositionsConfig{}),
		}),
	}
}

// Parts yields spelling and encoder.
func (t transformer) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("spelling", t.spelling), nn.Sub("encoder", t.encoder))
}

func (t transformer) run(x autograd.Variable, memory any) (autograd.Variable, any) {
	m, ok := memory.(transformerMemory)
	if ok {
		x = autograd.Concat(1, m.last, x)
	} else {
		x = x.Pad(0, [2]int{}, [2]int{spelled - 1, 0}, [2]int{})
	}
	last := x.Slice(1, x.Dim(1)-(spelled-1), x.Dim(1))
	x = t.spelling.Forward(x.Transpose(1, 2)).Transpose(1, 2)
	y, caches := t.encoder.Next(x, m.caches, nn.AttentionInput{})
	return y, transformerMemory{last, caches}
}

// bitsOf is how many bits the model needs for a character of a text, each given what comes
// before it: all of it for the LSTM, and three quarters of a window or more for the
// transformer, but at the beginning.
func bitsOf(m *languageModel, text []int) float64 {
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	nats := 0.0
	var memory any
	for from, known := 0, 0; from+1 < len(text); {
		// A transformer begins anew a while before what is to be measured.
		if _, ok := m.core.(transformer); ok && from > 0 {
			memory, known = nil, window*3/4
		}
		to := min(from-known+window, len(text)-1)
		logits, next := m.scores(tape, text[from-known:to], 1, memory)
		losses := nn.CrossEntropy{Reduction: nn.ReduceSum}.Loss(logits.Slice(1, known, to-from+known), text[from+1:to+1])
		nats += losses.Item()
		memory, from = keep(next), to
		tape.Reset()
	}
	return nats / float64(len(text)-1) / math.Ln2
}

// keep makes a memory outlive the tape that it was computed on.
func keep(memory any) any {
	switch memory := memory.(type) {
	case nn.LSTMState:
		return nn.LSTMState{H: memory.H.Clone(), C: memory.C.Clone()}
	case transformerMemory:
		kept := transformerMemory{last: memory.last.Clone()}
		for _, cache := range memory.caches {
			kept.caches = append(kept.caches, cache.Clone())
		}
		return kept
	}
	return nil
}

// write lets the model go on with the prompt: characters are drawn by the probabilities
// softmax(scores/temperature).
func write(m *languageModel, vocabulary *data.Vocabulary, s settings) string {
	rng := rand.New(rand.NewPCG(s.seed, 1))
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	text := vocabulary.Encode(characters(s.prompt))
	prompt := len(text)
	var memory any
	var p []float64
	for seen, known := 0, 0; ; {
		// A transformer that has seen as much as it learned from forgets the first half.
		if _, ok := m.core.(transformer); ok && known == window {
			memory, seen, known = nil, seen-window/2, 0
		}
		logits, next := m.scores(tape, text[seen:seen+1], 1, memory)
		seen, known = seen+1, known+1
		if seen == len(text) {
			if len(text) == prompt+s.length {
				break
			}
			p = append(p[:0], logits.DivScalar(s.temperature).Softmax(-1).Floats()...)
			text = append(text, draw(rng, p))
		}
		memory = keep(next)
		tape.Reset()
	}
	return strings.Join(vocabulary.Decode(text[prompt:]), "")
}

// draw is number i with probability pᵢ, but never padding or the unknown character.
func draw(rng *rand.Rand, p []float64) int {
	clear(p[:2])
	at, last := rng.Float64()*floats.Sum(p), 0
	for i, q := range p {
		if q == 0 {
			continue
		}
		if last, at = i, at-q; at < 0 {
			break
		}
	}
	return last
}
