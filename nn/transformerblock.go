package nn

import (
	"fmt"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

// TransformerConfig configures transformers and their layers. The zero value is PyTorch's
// default, but with the batch as first axis.
type TransformerConfig struct {
	FeedForward   int         // hidden units of the feed-forward network; 0 means 2048
	Dropout       float64     // also of attention's weights; from 0 to 1; 0 means 0.1, None 0
	Activation    Layer       // of the feed-forward network; nil means ReLU
	NormFirst     bool        // normalize what goes into each part, not the sum after it
	FinalNorm     bool        // of stacks: normalize the result of the last layer too
	Eps           float64     // of the normalizations; 0 means 1e-5, None 0
	NoBias        bool        // leave all biases out
	SequenceFirst bool        // arrays are [length, batch, features]
	Init          Initializer // of all matrices; nil means GlorotUniform

	// Rotary turns queries and keys of attention of a sequence to itself by their positions;
	// nil for none. It is for features/heads features.
	Rotary *RotaryPositions

	DType autograd.DType // Float32 by default
}

func (c TransformerConfig) linear(rng *rand.Rand, in, out int) *Linear {
	return NewLinear(rng, in, out, LinearConfig{NoBias: c.NoBias, Init: c.Init, DType: c.DType})
}

// attention is attention of a sequence to itself, or with rotary nil to another.
func (c TransformerConfig) attention(op string, rng *rand.Rand, features, heads int, rotary *RotaryPositions) *MultiheadAttention {
	return NewMultiheadAttention(rng, features, heads, MultiheadAttentionConfig{
		Dropout: c.probability(op), Rotary: rotary, SequenceFirst: c.SequenceFirst, NoBias: c.NoBias, Init: c.Init, DType: c.DType,
	})
}

// probability is that of dropping.
func (c TransformerConfig) probability(op string) float64 {
	p := number(op, "Dropout", c.Dropout, 0.1)
	if p > 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Dropout is %v, expected a number from 0 to 1", p)})
	}
	return p
}

func (c TransformerConfig) norm(features int) *LayerNorm {
	return NewLayerNorm([]int{features}, LayerNormConfig{Eps: c.Eps, NoBias: c.NoBias, DType: c.DType})
}

// finalNorm is the normalization behind a stack, nil if there is none.
func (c TransformerConfig) finalNorm(features int) *LayerNorm {
	if !c.FinalNorm {
		return nil
	}
	return c.norm(features)
}

// checkStack panics unless a stack has layers.
func checkStack(op string, layers int) {
	if layers < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d layers: expected a positive number", layers)})
	}
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
	b := transformerBlock{activation: config.Activation, normFirst: config.NormFirst, dropout: config.probability(op)}
	if b.activation == nil {
		b.activation = ReLU{}
	}
	b.Linear1 = config.linear(rng, features, hidden)
	b.Linear2 = config.linear(rng, hidden, features)
	return b
}

// add is x plus the result of a part of the layer, normalized before or after.
func (b *transformerBlock) add(x autograd.Variable, norm *LayerNorm, part func(x autograd.Variable) autograd.Variable) autograd.Variable {
	if b.normFirst {
		return x.Add(dropout(part(norm.Forward(x)), b.dropout, x.Rank()))
	}
	return norm.Forward(x.Add(dropout(part(x), b.dropout, x.Rank())))
}

// feedForward is the feed-forward network.
func (b *transformerBlock) feedForward(x autograd.Variable) autograd.Variable {
	return b.Linear2.Forward(dropout(b.activation.Forward(b.Linear1.Forward(x)), b.dropout, x.Rank()))
}
