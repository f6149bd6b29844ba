package nn_test

import (
	"slices"
	"strings"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// attentionRows are attention, what is built of it, and positions.
func attentionRows() []layerRow {
	decoderNames := slices.Concat(encoderNames[:4], named("multihead_attn.", attentionNames), encoderNames[4:], []string{"norm3.weight", "norm3.bias"})
	keep := map[dtype]v{}
	for _, d := range []dtype{autograd.Float32, double} {
		keep[d] = autograd.New([]float64{1, 1, 0, 0, 1, 1}, 2, 3).AsType(d)
	}
	return []layerRow{
		{name: "SinusoidalPositions", maps: "[…, positions, features] → the same", torch: "–", shapes: [][]int{{2, 3, 5}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewSinusoidalPositions(4, 5, nn.PositionsConfig{DType: d})
		}},
		{name: "LearnedPositions", maps: "[…, positions, features] → the same", torch: "–", state: []string{"weight"}, shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLearnedPositions(newRand(seed), 4, 2, nn.PositionsConfig{DType: d})
		}},
		{name: "RotaryPositions", maps: "[…, positions, features] → the same", torch: "–", shapes: [][]int{{2, 3, 4}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewRotaryPositions(3, 4, nn.PositionsConfig{DType: d})
		}},
		{name: "RotaryPositions of halves", shapes: [][]int{{2, 2, 4}},
			make: func(_ uint64, d dtype) nn.Module {
				return nn.NewRotaryPositions(5, 4, nn.PositionsConfig{Halves: true, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.RotaryPositions).From(xs[0], 3))
			},
		},
		{name: "MultiheadAttention", maps: "[(batch,) queries, features], [(batch,) keys, KeyDim], [(batch,) keys, ValueDim] → [(batch,) queries, features]", state: []string{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"}, shapes: [][]int{{2, 3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewMultiheadAttention(newRand(seed), 4, 2, nn.MultiheadAttentionConfig{DType: d})
		}},
		{
			name: "MultiheadAttention with masks", state: []string{"q_proj_weight", "k_proj_weight", "v_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"},
			shapes: [][]int{{2, 2, 2}, {2, 3, 1}, {2, 3, 3}, {2, 3}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewMultiheadAttention(newRand(seed), 2, 2, nn.MultiheadAttentionConfig{KeyDim: 1, ValueDim: 3, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				y, weights := m.(*nn.MultiheadAttention).Attend(xs[0], xs[1], xs[2], nn.AttentionInput{
					KeyKeep: keep[xs[0].DType()], Bias: xs[3], Causal: true, NeedWeights: true,
				})
				return append(ys, y, weights)
			},
		},
		{name: "MultiheadAttention of one sequence", state: attentionNames, shapes: [][]int{{3, 4}, {2, 4}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewMultiheadAttention(newRand(seed), 4, 2, nn.MultiheadAttentionConfig{SequenceFirst: true, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				y, weights := m.(*nn.MultiheadAttention).Attend(xs[0], xs[1], xs[1], nn.AttentionInput{Causal: true, NeedHeadWeights: true})
				return append(ys, y, weights)
			},
		},
		{
			name: "MultiheadAttention with more keys", state: []string{"in_proj_weight", "in_proj_bias", "bias_k", "bias_v", "out_proj.weight", "out_proj.bias"},
			shapes: [][]int{{2, 3, 4}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewMultiheadAttention(newRand(seed), 4, 2, nn.MultiheadAttentionConfig{AddBiasKV: true, AddZeroAttention: true, DType: d})
			},
		},
		{
			name: "MultiheadAttention with more keys and masks", state: []string{"q_proj_weight", "k_proj_weight", "v_proj_weight", "bias_k", "bias_v", "out_proj.weight"},
			shapes: [][]int{{2, 2, 2}, {2, 3, 1}, {2, 3, 3}, {2, 2, 3}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewMultiheadAttention(newRand(seed), 2, 2, nn.MultiheadAttentionConfig{KeyDim: 1, ValueDim: 3, AddBiasKV: true, AddZeroAttention: true, NoBias: true, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				y, weights := m.(*nn.MultiheadAttention).Attend(xs[0], xs[1], xs[2], nn.AttentionInput{
					KeyKeep: keep[xs[0].DType()], Bias: xs[3], Causal: true, NeedWeights: true,
				})
				return append(ys, y, weights)
			},
		},
		{name: "MultiheadAttention with dropout", state: attentionNames, shapes: [][]int{{2, 3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewMultiheadAttention(newRand(seed), 4, 2, nn.MultiheadAttentionConfig{Dropout: 0.4, DType: d})
		}},
		{name: "MultiheadAttention with a cache", state: attentionNames, shapes: [][]int{{2, 2, 4}, {2, 1, 4}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewMultiheadAttention(newRand(seed), 4, 2, nn.MultiheadAttentionConfig{DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				first, cache := m.(*nn.MultiheadAttention).Next(xs[0], nn.AttentionCache{}, nn.AttentionInput{})
				second, cache := m.(*nn.MultiheadAttention).Next(xs[1], cache, nn.AttentionInput{})
				return append(ys, first, second, cache.Keys)
			},
		},
		{
			name: "MultiheadAttention with rotary positions", state: slices.Clone(attentionNames), shapes: [][]int{{1, 3, 4}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewMultiheadAttention(newRand(seed), 4, 2, nn.MultiheadAttentionConfig{Rotary: nn.NewRotaryPositions(3, 2, nn.PositionsConfig{DType: d}), DType: d})
			},
		},
		{name: "TransformerEncoderLayer", maps: "[(batch,) length, features] → the same", state: encoderNames, shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewTransformerEncoderLayer(newRand(seed), 2, 2, nn.TransformerConfig{FeedForward: 3, Activation: nn.GELU{}, DType: d})
		}},
		{name: "TransformerEncoder", maps: "[(batch,) length, features] → the same", state: named("layers.0.", encoderNames), shapes: [][]int{{1, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewTransformerEncoder(newRand(seed), 1, 2, 1, nn.TransformerConfig{FeedForward: 3, Activation: nn.Tanh{}, NormFirst: true, DType: d})
		}},
		{
			name: "TransformerDecoderLayer", maps: "[(batch,) length, features], [(batch,) memory, features] → [(batch,) length, features]", state: decoderNames,
			shapes: [][]int{{1, 2, 2}, {1, 3, 2}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewTransformerDecoderLayer(newRand(seed), 2, 1, nn.TransformerConfig{FeedForward: 3, Activation: nn.Tanh{}, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.TransformerDecoderLayer).Decode(xs[0], xs[1], nn.DecoderInput{Self: nn.AttentionInput{Causal: true}}))
			},
		},
		{
			name: "TransformerDecoder", maps: "[(batch,) length, features], [(batch,) memory, features] → [(batch,) length, features]", state: append(named("layers.0.", decoderNames), "norm.weight", "norm.bias"),
			shapes: [][]int{{1, 2, 2}, {1, 3, 2}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewTransformerDecoder(newRand(seed), 1, 2, 1, nn.TransformerConfig{FeedForward: 2, Activation: nn.Tanh{}, NormFirst: true, FinalNorm: true, Eps: 0.1, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.TransformerDecoder).Decode(xs[0], xs[1], nn.DecoderInput{}))
			},
		},
		{
			name: "TransformerDecoder with a cache", state: named("layers.0.", decoderNames),
			shapes: [][]int{{1, 1, 2}, {1, 2, 2}, {1, 3, 2}}, allocates: "Next gives back a list of caches, which is the caller's",
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewTransformerDecoder(newRand(seed), 1, 2, 1, nn.TransformerConfig{FeedForward: 2, Activation: nn.Tanh{}, Dropout: nn.None, Eps: 0.1, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				first, caches := m.(*nn.TransformerDecoder).Next(xs[0], xs[2], nil, nn.DecoderInput{})
				second, _ := m.(*nn.TransformerDecoder).Next(xs[1], xs[2], caches, nn.DecoderInput{})
				return append(ys, first, second)
			},
		},
		{
			name: "Transformer", maps: "[(batch,) source, features], [(batch,) target, features] → [(batch,) target, features]", shapes: [][]int{{1, 2, 2}, {1, 2, 2}},
			state: slices.Concat(
				named("encoder.", append(slices.DeleteFunc(named("layers.0.", encoderNames), isBias), "norm.weight")),
				named("decoder.", append(slices.DeleteFunc(named("layers.0.", decoderNames), isBias), "norm.weight"))),
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewTransformer(newRand(seed), 1, 1, 2, 1, nn.TransformerConfig{FeedForward: 2, Activation: nn.Tanh{}, Dropout: nn.None, NoBias: true, Eps: 0.1, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.Transformer).Run(xs[0], xs[1], nn.TransformerInput{Target: nn.AttentionInput{Causal: true}}))
			},
		},
	}
}

func isBias(name string) bool { return strings.HasSuffix(name, "bias") }

var (
	attentionNames = []string{"in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"}
	encoderNames   = append(named("self_attn.", attentionNames), "linear1.weight", "linear1.bias", "linear2.weight", "linear2.bias",
		"norm1.weight", "norm1.bias", "norm2.weight", "norm2.bias")
)

// named is names with a prefix.
func named(prefix string, names []string) []string {
	var all []string
	for _, name := range names {
		all = append(all, prefix+name)
	}
	return all
}
