package nn_test

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

// attentionInput decodes the masks of a case: names says what input each keyword is for.
func attentionInput(c *reference.LayerCase, mask, keyMask string) nn.AttentionInput {
	var input nn.AttentionInput
	// PyTorch masks what is not to be seen, or adds what is no truth value.
	if text, ok := c.Keywords[mask]; ok {
		if m := decoded[reference.Tensor](c, text); m.DType == "bool" {
			input.Keep = m.Variable(double).Neg().AddScalar(1)
		} else {
			input.Bias = m.Variable(double)
		}
	}
	if text, ok := c.Keywords[keyMask]; ok {
		m := decoded[reference.Tensor](c, text)
		input.KeyKeep = m.Variable(double).Neg().AddScalar(1)
	}
	return input
}

func referenceAttention(c *reference.LayerCase) *reference.Layer {
	options := decoded[struct {
		Heads      int `json:"num_heads"`
		KDim, VDim int
		Bias       *bool
		BatchFirst bool `json:"batch_first"`
		AddBiasKV  bool `json:"add_bias_kv"`
		AddZero    bool `json:"add_zero_attn"`
	}](c, c.Options)
	features := decoded[[1]int](c, c.Args)[0]
	a := nn.NewMultiheadAttention(newRand(1), features, options.Heads, nn.MultiheadAttentionConfig{
		KeyDim: options.KDim, ValueDim: options.VDim, NoBias: !isSet(options.Bias, true), SequenceFirst: !options.BatchFirst,
		AddBiasKV: options.AddBiasKV, AddZeroAttention: options.AddZero, DType: double,
	})
	input := attentionInput(c, "attn_mask", "key_padding_mask")
	for _, mask := range []*v{&input.Keep, &input.Bias} {
		if *mask != (v{}) && mask.Rank() == 3 { // of each head, which are along one axis with the batch
			*mask = mask.Reshape(-1, options.Heads, mask.Dim(1), mask.Dim(2))
		}
	}
	input.NeedWeights = true
	for name, text := range c.Keywords {
		switch name {
		case "attn_mask", "key_padding_mask":
		case "average_attn_weights":
			input.NeedHeadWeights = !decoded[bool](c, text)
		default:
			panic(fmt.Sprintf("case %s: there is no %s", c.Name, name))
		}
	}
	return referenceLayer(a, func(_ *autograd.Tape, xs []v) []v {
		q, k, val := xs[0], xs[0], xs[0]
		if len(xs) == 3 {
			k, val = xs[1], xs[2]
		}
		y, weights := a.Attend(q, k, val, input)
		return []v{y, weights}
	})
}

type transformerOptions struct {
	Heads         int `json:"nhead"`
	FeedForward   int `json:"dim_feedforward"`
	Dropout       *float64
	Activation    string
	BatchFirst    bool    `json:"batch_first"`
	NormFirst     bool    `json:"norm_first"`
	Eps           float64 `json:"layer_norm_eps"`
	Layers        int     `json:"num_layers"`
	EncoderLayers int     `json:"num_encoder_layers"`
	DecoderLayers int     `json:"num_decoder_layers"`
	Norm          bool

	features int
}

// transformerOf decodes the options of a case.
func transformerOf(build func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		o := decoded[transformerOptions](c, c.Options)
		arguments(c, &o.features, &o.Heads)
		config := nn.TransformerConfig{
			FeedForward: o.FeedForward, Dropout: orNone(o.Dropout), NormFirst: o.NormFirst, FinalNorm: o.Norm, Eps: o.Eps, SequenceFirst: !o.BatchFirst, DType: double,
		}
		if o.Activation == "gelu" {
			config.Activation = nn.GELU{}
		}
		return build(c, o, config)
	}
}

func decoderInput(c *reference.LayerCase) nn.DecoderInput {
	return nn.DecoderInput{Self: attentionInput(c, "tgt_mask", "tgt_key_padding_mask"), Memory: attentionInput(c, "memory_mask", "memory_key_padding_mask")}
}

var referenceTransformers = map[string]constructor{
	"TransformerEncoderLayer": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		l := nn.NewTransformerEncoderLayer(newRand(1), o.features, o.Heads, config)
		input := attentionInput(c, "src_mask", "src_key_padding_mask")
		return referenceLayer(l, func(_ *autograd.Tape, xs []v) []v { return []v{l.Encode(xs[0], input)} })
	}),
	"TransformerDecoderLayer": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		l := nn.NewTransformerDecoderLayer(newRand(1), o.features, o.Heads, config)
		return referenceLayer(l, func(_ *autograd.Tape, xs []v) []v { return []v{l.Decode(xs[0], xs[1], decoderInput(c))} })
	}),
	"TransformerDecoder": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		d := nn.NewTransformerDecoder(newRand(1), o.Layers, o.features, o.Heads, config)
		return referenceLayer(d, func(_ *autograd.Tape, xs []v) []v { return []v{d.Decode(xs[0], xs[1], decoderInput(c))} })
	}),
	"Transformer": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		m := nn.NewTransformer(newRand(1), o.EncoderLayers, o.DecoderLayers, o.features, o.Heads, config)
		decoder := decoderInput(c)
		input := nn.TransformerInput{Source: attentionInput(c, "src_mask", "src_key_padding_mask"), Target: decoder.Self, Memory: decoder.Memory}
		return referenceLayer(m, func(_ *autograd.Tape, xs []v) []v { return []v{m.Run(xs[0], xs[1], input)} })
	}),
	"TransformerEncoder": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		e := nn.NewTransformerEncoder(newRand(1), o.Layers, o.features, o.Heads, config)
		input := attentionInput(c, "mask", "src_key_padding_mask")
		_, masked := c.Keywords["mask"]
		return referenceLayer(e, func(tape *autograd.Tape, xs []v) []v {
			y := e.Encode(xs[0], input)
			if !tape.Training() && !masked { // PyTorch leaves padding out in inference, and gives 0 there
				y = y.Mul(input.KeyKeep.Unsqueeze(-1))
			}
			return []v{y}
		})
	}),
}
