package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

type transformerOptions struct {
	Heads       int `json:"nhead"`
	FeedForward int `json:"dim_feedforward"`
	Dropout     *float64
	Activation  string
	BatchFirst  bool `json:"batch_first"`
	NormFirst   bool `json:"norm_first"`
	Layers      int  `json:"num_layers"`

	features int
}

// transformerOf decodes the options of a case.
func transformerOf(build func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		o := decoded[transformerOptions](c, c.Options)
		arguments(c, &o.features, &o.Heads)
		config := nn.TransformerConfig{FeedForward: o.FeedForward, Dropout: orNone(o.Dropout), NormFirst: o.NormFirst, SequenceFirst: !o.BatchFirst, DType: double}
		if o.Activation == "gelu" {
			config.Activation = nn.GELU{}
		}
		return build(c, o, config)
	}
}

var referenceTransformers = map[string]constructor{
	"TransformerEncoderLayer": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		return forward(nn.NewTransformerEncoderLayer(newRand(1), o.features, o.Heads, config))
	}),
	"TransformerDecoderLayer": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		l := nn.NewTransformerDecoderLayer(newRand(1), o.features, o.Heads, config)
		return referenceLayer(l, func(_ *autograd.Tape, xs []v) []v { return []v{l.Decode(xs[0], xs[1], nn.DecoderInput{})} })
	}),
	"TransformerEncoder": transformerOf(func(c *reference.LayerCase, o transformerOptions, config nn.TransformerConfig) *reference.Layer {
		e := nn.NewTransformerEncoder(newRand(1), o.Layers, o.features, o.Heads, config)
		mask := decoded[reference.Tensor](c, c.Keywords["src_key_padding_mask"])
		keep := mask.Variable(double).Neg().AddScalar(1)
		return referenceLayer(e, func(tape *autograd.Tape, xs []v) []v {
			y := e.Encode(xs[0], nn.AttentionInput{KeyKeep: keep})
			if !tape.Training() { // PyTorch leaves padding out in inference, and gives 0 there
				y = y.Mul(keep.Unsqueeze(-1))
			}
			return []v{y}
		})
	}),
}
