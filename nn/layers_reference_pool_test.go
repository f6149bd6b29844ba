package nn_test

import (
	"encoding/json"
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

type poolOptions struct {
	Kernel                    sizes `json:"kernel_size"`
	Stride, Padding, Dilation sizes
	Ceil                      bool  `json:"ceil_mode"`
	CountPadding              *bool `json:"count_include_pad"`
	Indices                   bool  `json:"return_indices"`
}

// pooling is a layer that says where the greatest elements are.
type pooling interface {
	ForwardIndices(x v) (y v, indices []int)
}

func maxPoolOf(build func(kernel []int, config nn.MaxPoolConfig) nn.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		o := decoded[poolOptions](c, c.Options)
		arguments(c, &o.Kernel)
		layer := build(o.Kernel, nn.MaxPoolConfig{Stride: o.Stride, Padding: o.Padding, Dilation: o.Dilation, Ceil: o.Ceil})
		if !o.Indices {
			return forward(layer)
		}
		return referenceLayer(layer, func(_ *autograd.Tape, xs []v) []v {
			y, indices := layer.(pooling).ForwardIndices(xs[0])
			numbers := make([]float64, len(indices))
			for i, index := range indices {
				numbers[i] = float64(index)
			}
			return []v{y, autograd.New(numbers, y.Shape()...)}
		})
	}
}

func avgPoolOf(build func(kernel []int, config nn.AvgPoolConfig) nn.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		o := decoded[poolOptions](c, c.Options)
		arguments(c, &o.Kernel)
		return forward(build(o.Kernel, nn.AvgPoolConfig{Stride: o.Stride, Padding: o.Padding, Ceil: o.Ceil, ExcludePadding: !isSet(o.CountPadding, true)}))
	}
}

func lpPoolOf(axes int) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		o, p := decoded[poolOptions](c, c.Options), 0.
		arguments(c, &p)
		for len(o.Kernel) < axes {
			o.Kernel = append(o.Kernel, o.Kernel[0])
		}
		return forward(nn.NewLPPool(p, o.Kernel, nn.LPPoolConfig{Stride: o.Stride, Ceil: o.Ceil}))
	}
}

func adaptiveOf(axes int, build func(size []int) nn.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		var size sizes
		arguments(c, &size)
		for len(size) < axes {
			size = append(size, size[0])
		}
		return forward(build(size))
	}
}

func adaptiveAvg(size []int) nn.Layer { return nn.AdaptiveAvgPool{Size: size} }
func adaptiveMax(size []int) nn.Layer { return nn.AdaptiveMaxPool{Size: size} }

// transposed is the configuration of a transposed convolution.
func (o convOptions) transposed(config nn.ConvConfig) nn.ConvTransposeConfig {
	return nn.ConvTransposeConfig{
		Stride: config.Stride, Padding: config.Padding, OutputPadding: o.OutputPadding, Dilation: config.Dilation,
		Groups: config.Groups, NoBias: config.NoBias, DType: double,
	}
}

// referenceSequential makes layers of lines such as "Conv2d 1 4 3".
func referenceSequential(c *reference.LayerCase) *reference.Layer {
	var model nn.Sequential
	for _, line := range decoded[struct{ Layers []string }](c, c.Options).Layers {
		var kind string
		var a, b, k int
		fmt.Sscan(line, &kind, &a, &b, &k) // what is not there stays 0
		switch kind {
		case "Conv2d":
			model = append(model, nn.NewConv2d(newRand(1), a, b, []int{k}, nn.ConvConfig{DType: double}))
		case "BatchNorm2d":
			model = append(model, nn.NewBatchNorm2d(a, nn.BatchNormConfig{DType: double}))
		case "ReLU":
			model = append(model, nn.ReLU{})
		case "MaxPool2d":
			model = append(model, nn.NewMaxPool2d([]int{a}, nn.MaxPoolConfig{}))
		case "Flatten":
			model = append(model, nn.Flatten{})
		case "Linear":
			model = append(model, nn.NewLinear(newRand(1), a, b, nn.LinearConfig{DType: double}))
		default:
			panic(fmt.Sprintf("case %s: there is no %s", c.Name, kind))
		}
	}
	return forward(model)
}

var upsampleModes = map[string]autograd.InterpolateMode{
	"nearest": autograd.InterpolateNearest, "linear": autograd.InterpolateLinear, "bilinear": autograd.InterpolateLinear,
	"trilinear": autograd.InterpolateLinear, "bicubic": autograd.InterpolateCubic,
}

var referencePools = map[string]constructor{
	"MaxPool1d": maxPoolOf(func(kernel []int, config nn.MaxPoolConfig) nn.Layer { return nn.NewMaxPool1d(kernel, config) }),
	"MaxPool2d": maxPoolOf(func(kernel []int, config nn.MaxPoolConfig) nn.Layer { return nn.NewMaxPool2d(kernel, config) }),
	"AvgPool1d": avgPoolOf(func(kernel []int, config nn.AvgPoolConfig) nn.Layer { return nn.NewAvgPool1d(kernel, config) }),
	"AvgPool2d": avgPoolOf(func(kernel []int, config nn.AvgPoolConfig) nn.Layer { return nn.NewAvgPool2d(kernel, config) }),
	"AvgPool3d": avgPoolOf(func(kernel []int, config nn.AvgPoolConfig) nn.Layer { return nn.NewAvgPool3d(kernel, config) }),
	"LPPool1d":  lpPoolOf(1), "LPPool2d": lpPoolOf(2),
	"AdaptiveAvgPool1d": adaptiveOf(1, adaptiveAvg), "AdaptiveAvgPool2d": adaptiveOf(2, adaptiveAvg), "AdaptiveAvgPool3d": adaptiveOf(3, adaptiveAvg),
	"AdaptiveMaxPool1d": adaptiveOf(1, adaptiveMax), "AdaptiveMaxPool2d": adaptiveOf(2, adaptiveMax),
	"ConvTranspose1d": convOf(func(in, out int, kernel []int, o convOptions, config nn.ConvConfig) nn.Layer {
		return nn.NewConvTranspose1d(newRand(1), in, out, kernel, o.transposed(config))
	}),
	"ConvTranspose2d": convOf(func(in, out int, kernel []int, o convOptions, config nn.ConvConfig) nn.Layer {
		return nn.NewConvTranspose2d(newRand(1), in, out, kernel, o.transposed(config))
	}),
	"ConvTranspose3d": convOf(func(in, out int, kernel []int, o convOptions, config nn.ConvConfig) nn.Layer {
		return nn.NewConvTranspose3d(newRand(1), in, out, kernel, o.transposed(config))
	}),
	"Sequential": referenceSequential,
	"Upsample": withOptions(func(o struct {
		Size         sizes
		Scale        json.Number `json:"scale_factor"`
		Mode         string
		AlignCorners bool `json:"align_corners"`
	}) nn.Layer {
		layer := nn.Upsample{Size: o.Size, Mode: upsampleModes[o.Mode], AlignCorners: o.AlignCorners}
		if scale, err := o.Scale.Float64(); err == nil {
			layer.Scale = []float64{scale}
		}
		return layer
	}),
	"PixelShuffle": func(c *reference.LayerCase) *reference.Layer {
		return forward(nn.PixelShuffle{Factor: decoded[[1]int](c, c.Args)[0]})
	},
	"PixelUnshuffle": func(c *reference.LayerCase) *reference.Layer {
		return forward(nn.PixelUnshuffle{Factor: decoded[[1]int](c, c.Args)[0]})
	},
}
