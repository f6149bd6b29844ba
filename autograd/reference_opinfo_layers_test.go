package autograd_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoLayers is functions of images and attention, by PyTorch's names.
var opinfoLayers = map[string]reference.Func{
	"interpolate": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Size         numbers
			Scale        *float64 `json:"scale_factor"`
			Mode         string
			AlignCorners bool `json:"align_corners"`
		}](c)
		config := autograd.InterpolateConfig{Size: a.Size, Mode: interpolateModes[a.Mode], AlignCorners: a.AlignCorners}
		if a.Scale != nil {
			config.Scale = []float64{*a.Scale}
		}
		return one(xs[0].Interpolate(config))
	},
	"grid_sample": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Mode         string
			Padding      string `json:"padding_mode"`
			AlignCorners bool   `json:"align_corners"`
		}](c)
		padding := map[string]autograd.GridPadding{"border": autograd.GridBorder, "reflection": autograd.GridReflection}[a.Padding]
		return one(autograd.GridSample(xs[0], xs[1], autograd.GridSampleConfig{Mode: interpolateModes[a.Mode], Padding: padding, AlignCorners: a.AlignCorners}))
	},
	"scaled_dot_product_attention": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Causal  bool    `json:"is_causal"`
			Dropout float64 `json:"dropout_p"`
		}](c)
		weights := autograd.AttentionWeights(xs[0], xs[1], autograd.AttentionConfig{Causal: a.Causal})
		if a.Dropout > 0 { // the weights that PyTorch dropped are 0 in its results
			dropped := c.Outputs[1].Variable(autograd.Float64).Equal(autograd.Scalar(0.))
			weights = weights.MaskedFill(dropped, 0).DivScalar(1 - a.Dropout)
		}
		return variables{weights.MatMul(xs[2]), weights}
	},
}

var interpolateModes = map[string]autograd.InterpolateMode{
	"nearest": autograd.InterpolateNearest, "linear": autograd.InterpolateLinear, "bilinear": autograd.InterpolateLinear,
	"bicubic": autograd.InterpolateCubic, "area": autograd.InterpolateArea,
}
