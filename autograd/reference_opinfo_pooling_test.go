package autograd_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
)

// opinfoPooling is pooling, by PyTorch's names.
var opinfoPooling = map[string]reference.Func{
	"max_pool1d": maxPooling(1), "max_pool2d": maxPooling(2), "max_pool3d": maxPooling(3),
	"avg_pool1d": avgPooling(1), "avg_pool2d": avgPooling(2), "avg_pool3d": avgPooling(3),
	"adaptive_max_pool1d": adaptivePooling(1, v.AdaptiveMaxPoolIndices),
	"adaptive_max_pool2d": adaptivePooling(2, v.AdaptiveMaxPoolIndices),
	"adaptive_max_pool3d": adaptivePooling(3, v.AdaptiveMaxPoolIndices),
	"adaptive_avg_pool1d": adaptivePooling(1, withoutIndices),
	"adaptive_avg_pool2d": adaptivePooling(2, withoutIndices),
}

func withoutIndices(x v, sizes ...int) (v, []int) { return x.AdaptiveAvgPool(sizes...), nil }

// poolOptions are those of pooling, one number for all axes or one for each.
type poolOptions struct {
	Kernel                    numbers `json:"kernel_size"`
	Stride, Padding, Dilation numbers
	Ceil                      bool    `json:"ceil_mode"`
	CountPadding              *bool   `json:"count_include_pad"`
	Divisor                   float64 `json:"divisor_override"`
	Indices                   bool    `json:"return_indices"`
}

// forAxes is a size for each axis.
func forAxes(sizes numbers, axes int) numbers {
	for len(sizes) < axes {
		sizes = append(sizes, sizes[0])
	}
	return sizes
}

func maxPooling(axes int) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		o := attributesOf[poolOptions](c)
		config := autograd.MaxPoolConfig{Kernel: forAxes(o.Kernel, axes), Stride: o.Stride, Padding: o.Padding, Dilation: o.Dilation, Ceil: o.Ceil}
		if !o.Indices {
			return one(xs[0].MaxPool(config))
		}
		return withPlaces(xs[0].MaxPoolIndices(config))
	}
}

// withPlaces is a result and the list of indices that comes with it.
func withPlaces(y v, indices []int) variables { return variables{y, ofInts(indices, y.Shape()...)} }

func avgPooling(axes int) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		o := attributesOf[poolOptions](c)
		return one(xs[0].AvgPool(autograd.AvgPoolConfig{
			Kernel: forAxes(o.Kernel, axes), Stride: o.Stride, Padding: o.Padding, Ceil: o.Ceil,
			ExcludePadding: o.CountPadding != nil && !*o.CountPadding, Divisor: o.Divisor,
		}))
	}
}

func adaptivePooling(axes int, f func(x v, sizes ...int) (v, []int)) reference.Func {
	return func(c *reference.Case, xs variables) variables {
		o := attributesOf[struct {
			Size    numbers `json:"output_size"` // null, for an axis as it is, becomes 0
			Indices bool    `json:"return_indices"`
		}](c)
		y, indices := f(xs[0], forAxes(o.Size, axes)...)
		if !o.Indices {
			return one(y)
		}
		return withPlaces(y, indices)
	}
}
