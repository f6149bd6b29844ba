package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// poolRows are layers that pool, and undo it.
func poolRows() []layerRow {
	return []layerRow{
		{name: "MaxPool1d", maps: "[(batch,) channels, length] → [(batch,) channels, length′]", make: stateless(nn.NewMaxPool1d([]int{3}, nn.MaxPoolConfig{Stride: []int{2}, Dilation: []int{2}})), shapes: [][]int{{2, 2, 7}}},
		{name: "MaxPool2d", maps: "[(batch,) channels, height, width] → [(batch,) channels, height′, width′]", make: stateless(nn.NewMaxPool2d([]int{2, 3}, nn.MaxPoolConfig{Stride: []int{1, 2}, Padding: []int{1}})), shapes: [][]int{{2, 2, 3, 4}}},
		{name: "MaxPool3d", maps: "[(batch,) channels, depth, height, width] → [(batch,) channels, depth′, height′, width′]", make: stateless(nn.NewMaxPool3d([]int{2}, nn.MaxPoolConfig{Ceil: true})), shapes: [][]int{{2, 2, 3, 2}}},
		{
			name: "MaxUnpool1d", maps: "[(batch,) channels, length], indices → [(batch,) channels, length′]", shapes: [][]int{{2, 3}},
			make: stateless(nn.NewMaxUnpool1d([]int{2}, nn.MaxUnpoolConfig{})),
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.MaxUnpool1d).Unpool(xs[0], []int{1, 2, 5, 0, 3, 4}))
			},
		},
		{
			name: "MaxUnpool2d", maps: "[(batch,) channels, height, width], indices → [(batch,) channels, height′, width′]", shapes: [][]int{{2, 1, 1, 2}},
			make: stateless(nn.NewMaxUnpool2d([]int{2}, nn.MaxUnpoolConfig{})),
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.MaxUnpool2d).Unpool(xs[0], []int{0, 8, 4, 9}, 2, 5))
			},
		},
		{
			name: "MaxUnpool3d", maps: "[(batch,) channels, depth, height, width], indices → [(batch,) channels, depth′, height′, width′]", shapes: [][]int{{1, 2, 1, 1}},
			make: stateless(nn.NewMaxUnpool3d([]int{2, 1, 3}, nn.MaxUnpoolConfig{Stride: []int{2, 1, 1}})),
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.MaxUnpool3d).Unpool(xs[0], []int{11, 4}))
			},
		},
		{name: "AvgPool1d", maps: "[(batch,) channels, length] → [(batch,) channels, length′]", make: stateless(nn.NewAvgPool1d([]int{3}, nn.AvgPoolConfig{Divisor: 2})), shapes: [][]int{{2, 7}}},
		{name: "AvgPool2d", maps: "[(batch,) channels, height, width] → [(batch,) channels, height′, width′]", make: stateless(nn.NewAvgPool2d([]int{2}, nn.AvgPoolConfig{Stride: []int{1}, Padding: []int{1}, ExcludePadding: true})), shapes: [][]int{{2, 2, 3, 2}}},
		{name: "AvgPool3d", maps: "[(batch,) channels, depth, height, width] → [(batch,) channels, depth′, height′, width′]", make: stateless(nn.NewAvgPool3d([]int{2}, nn.AvgPoolConfig{Stride: []int{1}, Ceil: true, ExcludePadding: true})), shapes: [][]int{{1, 2, 2, 3, 2}}},
		{name: "LPPool", maps: "[(batch,) channels, …] → [(batch,) channels, …′]", torch: "LPPool1d, LPPool2d, LPPool3d", make: stateless(nn.NewLPPool(2, []int{2}, nn.LPPoolConfig{})), shapes: [][]int{{2, 2, 5}}},
		{name: "AdaptiveAvgPool", maps: "[(batch,) channels, …] → [(batch,) channels, Size…]", torch: "AdaptiveAvgPool1d, AdaptiveAvgPool2d, AdaptiveAvgPool3d", make: stateless(nn.AdaptiveAvgPool{Size: []int{2, 0}}), shapes: [][]int{{2, 2, 3, 2}}},
		{name: "AdaptiveAvgPool of signals", make: stateless(nn.AdaptiveAvgPool{Size: []int{3}}), shapes: [][]int{{2, 2, 5}}},
		{name: "AdaptiveAvgPool of volumes", make: stateless(nn.AdaptiveAvgPool{Size: []int{2, 1, 2}}), shapes: [][]int{{2, 2, 3, 2}}},
		{name: "AdaptiveMaxPool", maps: "[(batch,) channels, …] → [(batch,) channels, Size…]", torch: "AdaptiveMaxPool1d, AdaptiveMaxPool2d, AdaptiveMaxPool3d", make: stateless(nn.AdaptiveMaxPool{Size: []int{2, 3}}), shapes: [][]int{{2, 2, 3, 4}}},
		{name: "AdaptiveMaxPool of signals", make: stateless(nn.AdaptiveMaxPool{Size: []int{3}}), shapes: [][]int{{2, 2, 5}}},
		{name: "AdaptiveMaxPool of volumes", make: stateless(nn.AdaptiveMaxPool{Size: []int{2, 1, 2}}), shapes: [][]int{{2, 2, 3, 2}}},
	}
}
