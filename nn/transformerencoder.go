package nn

import (
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// TransformerEncoderLayer is attention of a sequence to itself and a feed-forward network,
// each with a shortcut and a normalization (Vaswani et al. 2017):
//
//	x ← norm1(x + attention(x)),  y = norm2(x + linear2(activation(linear1(x))))
//
// In training, elements of both summands and of the activations are dropped, and weights of the
// attention.
type TransformerEncoderLayer struct {
	SelfAttention *MultiheadAttention
	transformerBlock
	Norm1, Norm2 *LayerNorm
}

// NewTransformerEncoderLayer is a TransformerEncoderLayer with weights drawn from rng. It
// panics with [*autograd.ValueError] unless features and heads are positive, features can be
// divided by heads, and the numbers of config are in their range.
func NewTransformerEncoderLayer(rng *rand.Rand, features, heads int, config TransformerConfig) *TransformerEncoderLayer {
	const op = "nn.NewTransformerEncoderLayer"
	return &TransformerEncoderLayer{
		SelfAttention:    config.attention(op, rng, features, heads, config.Rotary),
		transformerBlock: newTransformerBlock(op, rng, features, config),
		Norm1:            config.norm(features), Norm2: config.norm(features),
	}
}

// Parts yields self_attn, linear1, linear2, norm1 and norm2.
func (l *TransformerEncoderLayer) Parts() iter.Seq2[string, Part] {
	return Parts(Sub("self_attn", l.SelfAttention), Sub("linear1", l.Linear1), Sub("linear2", l.Linear2),
		Sub("norm1", l.Norm1), Sub("norm2", l.Norm2))
}

// Forward is Encode without masks.
func (l *TransformerEncoderLayer) Forward(x autograd.Variable) autograd.Variable {
	return l.Encode(x, AttentionInput{})
}

// Encode is the layer for sequences x [batch, length, features] or one [length, features],
// of the same shape, where input says what each position may see. It panics with
// [*autograd.ShapeError] if x has another shape.
func (l *TransformerEncoderLayer) Encode(x autograd.Variable, input AttentionInput) autograd.Variable {
	defer in(l)
	if y, ok := l.infer(x, input); ok {
		return y
	}
	x = l.add(x, l.Norm1, func(x autograd.Variable) autograd.Variable {
		y, _ := l.SelfAttention.Attend(x, x, x, input)
		return y
	})
	return Hooked(l, l.add(x, l.Norm2, l.feedForward))
}

// infer is the layer as one operation, where no gradient is wanted and nobody looks inside.
func (l *TransformerEncoderLayer) infer(x autograd.Variable, input AttentionInput) (y autograd.Variable, ok bool) {
	a, gelu := l.SelfAttention, l.activation == Layer(GELU{})
	plain := !a.sequenceFirst && a.rotary == nil && a.extra() == 0 && a.InProjWeight != (autograd.Variable{}) &&
		(gelu || l.activation == Layer(ReLU{})) && l.Norm1.eps == l.Norm2.eps &&
		len(l.Norm1.shape) == 1 && len(l.Norm2.shape) == 1 &&
		input == (AttentionInput{Causal: input.Causal})
	tape := x.Tape()
	if !plain || tape == nil || tape.Recording() || tape.ResultHook() != nil || max(l.dropout, a.dropout) > 0 && tape.Training() {
		return y, false
	}
	if x.Rank() < 2 || x.Rank() > 3 || x.Dim(-1) != a.features || x.DType() != l.Linear1.Weight.DType() {
		return y, false // what refuses it says where
	}
	return autograd.EncoderLayer(x, autograd.EncoderWeights{
		In: a.InProjWeight, InBias: a.InProjBias, Out: a.OutProj.Weight, OutBias: a.OutProj.Bias,
		Linear1: l.Linear1.Weight, Bias1: l.Linear1.Bias, Linear2: l.Linear2.Weight, Bias2: l.Linear2.Bias,
		Norm1: l.Norm1.Weight, Norm1Bias: l.Norm1.Bias, Norm2: l.Norm2.Weight, Norm2Bias: l.Norm2.Bias,
	}, autograd.EncoderConfig{Heads: a.heads, Eps: l.Norm1.eps, NormFirst: l.normFirst, Causal: input.Causal, GELU: gelu}), true
}

// Next is the layer for the next positions x of sequences, which see what is not after
// them, as [MultiheadAttention.Next].
func (l *TransformerEncoderLayer) Next(x autograd.Variable, cache AttentionCache, input AttentionInput) (y autograd.Variable, next AttentionCache) {
	defer in(l)
	x = l.add(x, l.Norm1, func(x autograd.Variable) (y autograd.Variable) {
		y, next = l.SelfAttention.Next(x, cache, input)
		return y
	})
	return Hooked(l, l.add(x, l.Norm2, l.feedForward)), next
}

// TransformerEncoder is encoder layers, one after the other, with a normalization behind
// them if asked for.
type TransformerEncoder struct {
	Layers []*TransformerEncoderLayer
	Norm   *LayerNorm // nil for none
}

// NewTransformerEncoder is a TransformerEncoder of so many layers, each with weights of its
// own. It panics with [*autograd.ValueError] if there are none, and as
// [NewTransformerEncoderLayer].
func NewTransformerEncoder(rng *rand.Rand, layers, features, heads int, config TransformerConfig) *TransformerEncoder {
	checkStack("nn.NewTransformerEncoder", layers)
	e := &TransformerEncoder{Norm: config.finalNorm(features)}
	for range layers {
		e.Layers = append(e.Layers, NewTransformerEncoderLayer(rng, features, heads, config))
	}
	return e
}

// Parts yields layers, which are numbered, and norm.
func (e *TransformerEncoder) Parts() iter.Seq2[string, Part] {
	return Parts(Sub("layers", listOf(e.Layers)), Sub("norm", e.Norm))
}

// Forward is Encode without masks.
func (e *TransformerEncoder) Forward(x autograd.Variable) autograd.Variable {
	return e.Encode(x, AttentionInput{})
}

// Encode applies the layers in order, each with the same masks, as
// [TransformerEncoderLayer.Encode].
func (e *TransformerEncoder) Encode(x autograd.Variable, input AttentionInput) autograd.Variable {
	defer in(e)
	for _, l := range e.Layers {
		x = l.Encode(x, input)
	}
	return Hooked(e, e.normalize(x))
}

// Next applies the layers to the next positions x of sequences, which see what is not after
// them. caches is one for each layer, or nil where the sequences begin; next is those with
// the new positions. It panics with [*autograd.ValueError] for another number of caches, and
// as [MultiheadAttention.Next].
func (e *TransformerEncoder) Next(x autograd.Variable, caches []AttentionCache, input AttentionInput) (y autograd.Variable, next []AttentionCache) {
	defer in(e)
	next = nextCaches("nn.TransformerEncoder", caches, len(e.Layers))
	for i, l := range e.Layers {
		x, next[i] = l.Next(x, next[i], input)
	}
	return Hooked(e, e.normalize(x)), next
}

func (e *TransformerEncoder) normalize(x autograd.Variable) autograd.Variable {
	if e.Norm == nil {
		return x
	}
	return e.Norm.Forward(x)
}
