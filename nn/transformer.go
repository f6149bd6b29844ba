package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// TransformerConfig configures layers of transformers. The zero value is PyTorch's default,
// but with the batch as first axis.
type TransformerConfig struct {
	FeedForward   int            // hidden units of the feed-forward network; 0 means 2048
	Dropout       float64        // from 0 to 1; 0 means 0.1, None 0
	Activation    Layer          // of the feed-forward network; nil means ReLU
	NormFirst     bool           // normalize what goes into each part, not the sum after it
	SequenceFirst bool           // arrays are [length, batch, features]
	DType         autograd.DType // Float32 by default
}

// transformerBlock is the feed-forward network of a layer, and how parts are added up.
type transformerBlock struct {
	Linear1, Linear2 *Linear
	activation       Layer
	dropout          float64
	normFirst        bool
}

func newTransformerBlock(op string, rng *rand.Rand, features int, config TransformerConfig) transformerBlock {
	hidden := orDefaultInt(config.FeedForward, 2048)
	if features < 1 || hidden < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d features, %d hidden units: expected positive numbers", features, hidden)})
	}
	b := transformerBlock{activation: config.Activation, normFirst: config.NormFirst, dropout: number(op, "Dropout", config.Dropout, 0.1)}
	if b.dropout > 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Dropout is %v, expected a number from 0 to 1", b.dropout)})
	}
	if b.activation == nil {
		b.activation = ReLU{}
	}
	b.Linear1 = NewLinear(rng, features, hidden, LinearConfig{DType: config.DType})
	b.Linear2 = NewLinear(rng, hidden, features, LinearConfig{DType: config.DType})
	return b
}

// add is x plus the result of a part of the layer, normalized before or after.
func (b *transformerBlock) add(x autograd.Variable, norm *LayerNorm, part func(x autograd.Variable) autograd.Variable) autograd.Variable {
	if b.normFirst {
		return x.Add(dropout(part(norm.Forward(x)), b.dropout, 3))
	}
	return norm.Forward(x.Add(dropout(part(x), b.dropout, 3)))
}

// feedForward is the feed-forward network.
func (b *transformerBlock) feedForward(x autograd.Variable) autograd.Variable {
	return b.Linear2.Forward(dropout(b.activation.Forward(b.Linear1.Forward(x)), b.dropout, 3))
}

// TransformerEncoderLayer is attention of a sequence to itself and a feed-forward network,
// each with a shortcut and a normalization (Vaswani et al. 2017):
//
//	x ← norm1(x + attention(x)),  y = norm2(x + linear2(activation(linear1(x))))
//
// In training, elements of both summands and of the activations are dropped; the weights
// of the attention are not.
type TransformerEncoderLayer struct {
	SelfAttention *MultiheadAttention
	transformerBlock
	Norm1, Norm2 *LayerNorm
}

// NewTransformerEncoderLayer is a TransformerEncoderLayer with weights drawn from rng. It
// panics with [*autograd.ValueError] unless features and heads are positive, features can be
// divided by heads, and the numbers of config are in their range.
func NewTransformerEncoderLayer(rng *rand.Rand, features, heads int, config TransformerConfig) *TransformerEncoderLayer {
	norm := func() *LayerNorm { return NewLayerNorm([]int{features}, LayerNormConfig{DType: config.DType}) }
	return &TransformerEncoderLayer{
		SelfAttention:    NewMultiheadAttention(rng, features, heads, MultiheadAttentionConfig{SequenceFirst: config.SequenceFirst, DType: config.DType}),
		transformerBlock: newTransformerBlock("nn.NewTransformerEncoderLayer", rng, features, config),
		Norm1:            norm(), Norm2: norm(),
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

// Encode is the layer for sequences x [batch, length, features], of the same shape, where
// input says what each position may see. It panics with [*autograd.ShapeError] if x has
// another shape.
func (l *TransformerEncoderLayer) Encode(x autograd.Variable, input AttentionInput) autograd.Variable {
	defer in(l)
	x = l.add(x, l.Norm1, func(x autograd.Variable) autograd.Variable {
		y, _ := l.SelfAttention.Attend(x, x, x, input)
		return y
	})
	return l.add(x, l.Norm2, l.feedForward)
}

// TransformerDecoderLayer is attention of a sequence to itself, then to another one, the
// memory, and a feed-forward network, each with a shortcut and a normalization; otherwise
// like [TransformerEncoderLayer].
type TransformerDecoderLayer struct {
	SelfAttention, CrossAttention *MultiheadAttention
	transformerBlock
	Norm1, Norm2, Norm3 *LayerNorm
}

// NewTransformerDecoderLayer is a TransformerDecoderLayer, like
// [NewTransformerEncoderLayer] otherwise.
func NewTransformerDecoderLayer(rng *rand.Rand, features, heads int, config TransformerConfig) *TransformerDecoderLayer {
	norm := func() *LayerNorm { return NewLayerNorm([]int{features}, LayerNormConfig{DType: config.DType}) }
	attention := func() *MultiheadAttention {
		return NewMultiheadAttention(rng, features, heads, MultiheadAttentionConfig{SequenceFirst: config.SequenceFirst, DType: config.DType})
	}
	return &TransformerDecoderLayer{
		SelfAttention: attention(), CrossAttention: attention(),
		transformerBlock: newTransformerBlock("nn.NewTransformerDecoderLayer", rng, features, config),
		Norm1:            norm(), Norm2: norm(), Norm3: norm(),
	}
}

// Parts yields self_attn, multihead_attn, linear1, linear2, norm1, norm2 and norm3.
func (l *TransformerDecoderLayer) Parts() iter.Seq2[string, Part] {
	return Parts(Sub("self_attn", l.SelfAttention), Sub("multihead_attn", l.CrossAttention), Sub("linear1", l.Linear1), Sub("linear2", l.Linear2),
		Sub("norm1", l.Norm1), Sub("norm2", l.Norm2), Sub("norm3", l.Norm3))
}

// DecoderInput says what positions may see: of their own sequence, as a rule with Causal,
// and of the memory.
type DecoderInput struct{ Self, Memory AttentionInput }

// Decode is the layer for sequences x [batch, length, features] and memory [batch, length of
// the memory, features], of x's shape. It panics with [*autograd.ShapeError] if these have
// another shape.
func (l *TransformerDecoderLayer) Decode(x, memory autograd.Variable, input DecoderInput) autograd.Variable {
	defer in(l)
	x = l.add(x, l.Norm1, func(x autograd.Variable) autograd.Variable {
		y, _ := l.SelfAttention.Attend(x, x, x, input.Self)
		return y
	})
	x = l.add(x, l.Norm2, func(x autograd.Variable) autograd.Variable {
		y, _ := l.CrossAttention.Attend(x, memory, memory, input.Memory)
		return y
	})
	return l.add(x, l.Norm3, l.feedForward)
}

// TransformerEncoder is encoder layers, one after the other.
type TransformerEncoder struct{ Layers []*TransformerEncoderLayer }

// NewTransformerEncoder is a TransformerEncoder of so many layers, each with weights of its
// own. It panics with [*autograd.ValueError] if there are none, and as
// [NewTransformerEncoderLayer].
func NewTransformerEncoder(rng *rand.Rand, layers, features, heads int, config TransformerConfig) *TransformerEncoder {
	if layers < 1 {
		panic(&autograd.ValueError{Op: "nn.NewTransformerEncoder", Reason: fmt.Sprintf("%d layers: expected a positive number", layers)})
	}
	e := &TransformerEncoder{}
	for range layers {
		e.Layers = append(e.Layers, NewTransformerEncoderLayer(rng, features, heads, config))
	}
	return e
}

// Parts yields layers, which are numbered.
func (e *TransformerEncoder) Parts() iter.Seq2[string, Part] {
	var layers Sequential
	for _, l := range e.Layers {
		layers = append(layers, l)
	}
	return Parts(Sub("layers", layers))
}

// Forward is Encode without masks.
func (e *TransformerEncoder) Forward(x autograd.Variable) autograd.Variable {
	return e.Encode(x, AttentionInput{})
}

// Encode applies the layers in order, each with the same masks, as
// [TransformerEncoderLayer.Encode].
func (e *TransformerEncoder) Encode(x autograd.Variable, input AttentionInput) autograd.Variable {
	for _, l := range e.Layers {
		x = l.Encode(x, input)
	}
	return x
}
