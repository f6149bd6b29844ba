package nn

import (
	"fmt"
	"iter"
	"math/rand/v2"

	"github.com/chainrule-go/chainrule/autograd"
)

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
	const op = "nn.NewTransformerDecoderLayer"
	return &TransformerDecoderLayer{
		SelfAttention: config.attention(op, rng, features, heads, config.Rotary), CrossAttention: config.attention(op, rng, features, heads, nil),
		transformerBlock: newTransformerBlock(op, rng, features, config),
		Norm1:            config.norm(features), Norm2: config.norm(features), Norm3: config.norm(features),
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

// DecoderCache is what a decoder layer keeps of a sequence so far, and of the memory, when
// the sequence is generated a few positions at a time. The zero value is that of one that
// has not begun. Otherwise it is as [AttentionCache].
type DecoderCache struct{ Self, Memory AttentionCache }

// Clone is a copy that is on no tape.
func (c DecoderCache) Clone() DecoderCache { return DecoderCache{c.Self.Clone(), c.Memory.Clone()} }

// Select is the cache of some sequences of the batch, as [AttentionCache.Select].
func (c DecoderCache) Select(sequences []int) DecoderCache {
	return DecoderCache{c.Self.Select(sequences), c.Memory.Select(sequences)}
}

// Decode is the layer for sequences x [batch, length, features] and memory [batch, length of
// the memory, features], both without the batch axis for one sequence; of x's shape. It
// panics with [*autograd.ShapeError] if these have another shape.
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
	return Hooked(l, l.add(x, l.Norm3, l.feedForward))
}

// Next is the layer for the next positions x of sequences, which see what is not after
// them, as [MultiheadAttention.Next], and the memory. The memory is looked at where the
// sequences begin; later it is in the cache.
func (l *TransformerDecoderLayer) Next(x, memory autograd.Variable, cache DecoderCache, input DecoderInput) (y autograd.Variable, next DecoderCache) {
	defer in(l)
	if next = cache; next.Memory.Len() == 0 {
		next.Memory = l.CrossAttention.memorize(memory)
	}
	x = l.add(x, l.Norm1, func(x autograd.Variable) (y autograd.Variable) {
		y, next.Self = l.SelfAttention.Next(x, cache.Self, input.Self)
		return y
	})
	x = l.add(x, l.Norm2, func(x autograd.Variable) autograd.Variable {
		return l.CrossAttention.recall(x, next.Memory, input.Memory)
	})
	return Hooked(l, l.add(x, l.Norm3, l.feedForward)), next
}

// TransformerDecoder is decoder layers, one after the other, with a normalization behind
// them if asked for.
type TransformerDecoder struct {
	Layers []*TransformerDecoderLayer
	Norm   *LayerNorm // nil for none
}

// NewTransformerDecoder is a TransformerDecoder of so many layers, each with weights of its
// own. It panics as [NewTransformerEncoder].
func NewTransformerDecoder(rng *rand.Rand, layers, features, heads int, config TransformerConfig) *TransformerDecoder {
	checkStack("nn.NewTransformerDecoder", layers)
	d := &TransformerDecoder{Norm: config.finalNorm(features)}
	for range layers {
		d.Layers = append(d.Layers, NewTransformerDecoderLayer(rng, features, heads, config))
	}
	return d
}

// Parts yields layers, which are numbered, and norm.
func (d *TransformerDecoder) Parts() iter.Seq2[string, Part] {
	return Parts(Sub("layers", listOf(d.Layers)), Sub("norm", d.Norm))
}

// Decode applies the layers in order, each with the same memory and masks, as
// [TransformerDecoderLayer.Decode].
func (d *TransformerDecoder) Decode(x, memory autograd.Variable, input DecoderInput) autograd.Variable {
	defer in(d)
	for _, l := range d.Layers {
		x = l.Decode(x, memory, input)
	}
	return Hooked(d, d.normalize(x))
}

// Next applies the layers to the next positions x of sequences, as
// [TransformerDecoderLayer.Next]. caches is one for each layer, or nil where the sequences
// begin; next is those with the new positions. It panics with [*autograd.ValueError] for
// another number of caches.
func (d *TransformerDecoder) Next(x, memory autograd.Variable, caches []DecoderCache, input DecoderInput) (y autograd.Variable, next []DecoderCache) {
	defer in(d)
	next = nextCaches("nn.TransformerDecoder", caches, len(d.Layers))
	for i, l := range d.Layers {
		x, next[i] = l.Next(x, memory, next[i], input)
	}
	return Hooked(d, d.normalize(x)), next
}

func (d *TransformerDecoder) normalize(x autograd.Variable) autograd.Variable {
	if d.Norm == nil {
		return x
	}
	return d.Norm.Forward(x)
}

// nextCaches is a list for the next caches of a stack's layers, with the present ones: empty
// ones where there are none yet.
func nextCaches[C any](op string, caches []C, layers int) []C {
	if len(caches) != 0 && len(caches) != layers {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d caches for %d layers", len(caches), layers)})
	}
	next := make([]C, layers)
	copy(next, caches)
	return next
}
