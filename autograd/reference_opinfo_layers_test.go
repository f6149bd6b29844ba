package autograd_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoLayers is functions of images and attention, by PyTorch's names.
var opinfoLayers = map[string]reference.Func{
	"bilinear": func(_ *reference.Case, xs variables) variables {
		y := autograd.Einsum("...i,oij,...j->...o", xs[0], xs[2], xs[1])
		if len(xs) == 4 {
			y = y.Add(xs[3])
		}
		return one(y)
	},
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
	// Axis 1 is factor² parts of the channels, which become rows and columns.
	"pixel_shuffle": func(c *reference.Case, xs variables) variables {
		r := attributesOf[struct {
			Factor int `json:"upscale_factor"`
		}](c).Factor
		n, channels, h, w := xs[0].Dim(0), xs[0].Dim(1)/(r*r), xs[0].Dim(2), xs[0].Dim(3)
		return one(xs[0].Reshape(n, channels, r, r, h, w).Permute(0, 1, 4, 2, 5, 3).Reshape(n, channels, h*r, w*r))
	},
	"pixel_unshuffle": func(c *reference.Case, xs variables) variables {
		r := attributesOf[struct {
			Factor int `json:"downscale_factor"`
		}](c).Factor
		n, channels, h, w := xs[0].Dim(0), xs[0].Dim(1), xs[0].Dim(2)/r, xs[0].Dim(3)/r
		return one(xs[0].Reshape(n, channels, h, r, w, r).Permute(0, 1, 3, 5, 2, 4).Reshape(n, channels*r*r, h, w))
	},
}

var interpolateModes = map[string]autograd.InterpolateMode{
	"nearest": autograd.InterpolateNearest, "linear": autograd.InterpolateLinear, "bilinear": autograd.InterpolateLinear,
	"bicubic": autograd.InterpolateCubic, "area": autograd.InterpolateArea,
}
