package autograd_test

import (
	"encoding/json"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoNN is what layers are made of, by PyTorch's names. PyTorch's functions take a single
// example too, without an axis for the batch.
var opinfoNN = map[string]reference.Func{
	"linear":           func(_ *reference.Case, xs variables) variables { return one(autograd.Linear(xs[0], xs[1], third(xs))) },
	"conv1d":           convolution(1, flatConvolution(autograd.Conv1d)),
	"conv2d":           convolution(2, flatConvolution(autograd.Conv2d)),
	"conv_transpose1d": convolution(1, flatConvolution(autograd.ConvTranspose1d)),
	"conv_transpose2d": convolution(2, flatConvolution(autograd.ConvTranspose2d)),
	"conv_transpose3d": convolution(3, autograd.ConvTranspose3d),
	"unfold": func(c *reference.Case, xs variables) variables {
		a := attributesOf[windowOptions](c)
		return one(xs[0].Unfold(autograd.Window{Kernel: pair(a.Kernel, 0), Stride: pair(a.Stride, 1), Padding: a.padding(), Dilation: pair(a.Dilation, 1)}))
	},
	"layer_norm": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Shape numbers `json:"normalized_shape"`
			Eps   *float64
		}](c)
		weight, bias := autograd.Ones(autograd.Float64, a.Shape...), v{}
		if len(xs) > 1 {
			weight, bias = xs[1], xs[2]
		}
		return one(autograd.LayerNorm(xs[0], weight, bias, floatOr(a.Eps, 1e-5)))
	},
	"group_norm": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Groups int `json:"num_groups"`
			Eps    *float64
		}](c)
		var weight, bias v
		if len(xs) > 1 {
			weight, bias = xs[1], xs[2]
		}
		return one(autograd.GroupNorm(xs[0], a.Groups, weight, bias, floatOr(a.Eps, 1e-5)))
	},
	// Every channel is a group. Running statistics are not read.
	"instance_norm": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct{ Eps *float64 }](c)
		var weight, bias v
		if len(xs) > 3 {
			weight = xs[3]
		}
		if len(xs) > 4 {
			bias = xs[4]
		}
		return one(autograd.GroupNorm(xs[0], xs[0].Dim(1), weight, bias, floatOr(a.Eps, 1e-5)))
	},
	"local_response_norm": func(c *reference.Case, xs variables) variables {
		a := attributesOf[struct {
			Size           int
			Alpha, Beta, K *float64
		}](c)
		widths := make([][2]int, xs[0].Rank())
		widths[1] = [2]int{a.Size / 2, (a.Size - 1) / 2}
		squares := xs[0].Square().Pad(0, widths...).UnfoldDim(1, a.Size, 1).Mean(-1)
		return one(xs[0].Div(squares.MulScalar(floatOr(a.Alpha, 1e-4)).AddScalar(floatOr(a.K, 1)).PowScalar(floatOr(a.Beta, 0.75))))
	},
}

// windowOptions are those of windows and convolutions, one number for all axes or one for each.
type windowOptions struct {
	Kernel        numbers `json:"kernel_size"`
	Stride        numbers
	Padding       json.RawMessage
	Dilation      numbers
	Groups        int
	OutputPadding numbers `json:"output_padding"`
}

// pair is two numbers of a list of one or two.
func pair(list numbers, otherwise int) [2]int {
	switch len(list) {
	case 0:
		return [2]int{otherwise, otherwise}
	case 1:
		return [2]int{list[0], list[0]}
	}
	return [2]int{list[0], list[1]}
}

// padding is the padding that is given as numbers.
func (o windowOptions) padding() [2]int { return pair(o.paddings(), 0) }

func (o windowOptions) paddings() (list numbers) {
	if len(o.Padding) > 0 && o.Padding[0] != '"' {
		if err := json.Unmarshal(o.Padding, &list); err != nil {
			panic(err)
		}
	}
	return list
}

func third(xs variables) v {
	if len(xs) > 2 {
		return xs[2]
	}
	return v{}
}

// batched calls f with an axis for the batch where x lacks it.
func batched(x v, rank int, f func(x v) v) v {
	if x.Rank() == rank {
		return f(x)
	}
	return f(x.Unsqueeze(0)).Squeeze(0)
}

// convolution is a case of a convolution along the last axes.
func convolution(axes int, f func(x, w, b v, config autograd.Conv3dConfig) v) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		o := attributesOf[windowOptions](c)
		last := func(list numbers, otherwise int) (all [3]int) {
			for i := range axes {
				switch len(list) {
				case 0:
					all[3-axes+i] = otherwise
				default:
					all[3-axes+i] = list[i%len(list)]
				}
			}
			return all
		}
		config := autograd.Conv3dConfig{
			Stride: last(o.Stride, 1), Padding: last(o.paddings(), 0), Dilation: last(o.Dilation, 1), Groups: o.Groups, OutputPadding: last(o.OutputPadding, 0),
		}
		w := xs[1]
		return one(batched(xs[0], axes+2, func(x v) v {
			if string(o.Padding) == `"same"` {
				widths := make([][2]int, axes+2)
				for axis := range axes {
					total := config.Dilation[3-axes+axis] * (w.Dim(2+axis) - 1)
					widths[2+axis] = [2]int{total / 2, total - total/2}
				}
				x = x.Pad(0, widths...)
			}
			return f(x, w, third(xs), config)
		}))
	}
}

// flatConvolution is a convolution along one or two axes with a configuration for three.
func flatConvolution(f func(x, w, b v, config autograd.ConvConfig) v) func(x, w, b v, config autograd.Conv3dConfig) v {
	return func(x, w, b v, c autograd.Conv3dConfig) v {
		last := func(triple [3]int) [2]int { return [2]int{triple[1], triple[2]} }
		return f(x, w, b, autograd.ConvConfig{Stride: last(c.Stride), Padding: last(c.Padding), Dilation: last(c.Dilation), Groups: c.Groups, OutputPadding: last(c.OutputPadding)})
	}
}
