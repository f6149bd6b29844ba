package nn

import (
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// Transformer is an encoder of one sequence, the source, and a decoder of another, the
// target, to which what the encoder makes is the memory, both with a normalization behind
// the last layer (Vaswani et al. 2017). It is for sequences of features: tokens, positions
// and what is made of the result are layers of their own, such as [Embedding],
// [SinusoidalPositions] and [Linear].
type Transformer struct {
	Encoder *TransformerEncoder
	Decoder *TransformerDecoder
}

// NewTransformer is a Transformer of so many layers, with weights drawn from rng: those of
// the encoder first. FinalNorm of config is set. It panics as [NewTransformerEncoder].
func NewTransformer(rng *rand.Rand, encoderLayers, decoderLayers, features, heads int, config TransformerConfig) *Transformer {
	config.FinalNorm = true
	return &Transformer{
		NewTransformerEncoder(rng, encoderLayers, features, heads, config),
		NewTransformerDecoder(rng, decoderLayers, features, heads, config),
	}
}

// Parts yields encoder and decoder.
func (t *Transformer) Parts() iter.Seq2[string, Part] {
	return Parts(Sub("encoder", t.Encoder), Sub("decoder", t.Decoder))
}

// TransformerInput says what positions may see: those of the source of the source, those of
// the target of the target, as a rule with Causal, and of what the encoder makes. What is
// padding of the source is to be said twice, in Source and in Memory.
type TransformerInput struct{ Source, Target, Memory AttentionInput }

// Run is the decoder's result for source [batch, length of the source, features] and target
// [batch, length, features], both without the batch axis for one sequence; of target's
// shape. It panics with [*autograd.ShapeError] if these have another shape.
func (t *Transformer) Run(source, target autograd.Variable, input TransformerInput) autograd.Variable {
	defer in(t)
	memory := t.Encoder.Encode(source, input.Source)
	return Hooked(t, t.Decoder.Decode(target, memory, DecoderInput{Self: input.Target, Memory: input.Memory}))
}
