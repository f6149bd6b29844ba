package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// convRows are convolutions, and what pools, resizes and pads.
func convRows() []layerRow {
	affine := []string{"weight", "bias"}
	pad := [][2]int{{1, 0}, {2, 1}}
	return []layerRow{
		{name: "Conv1d", maps: "[(batch,) in, length] → [(batch,) out, length′]", state: affine, shapes: [][]int{{2, 2, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv1d(newRand(seed), 2, 3, []int{3}, nn.ConvConfig{Padding: []int{1}, DType: d})
		}},
		{name: "Conv1d of the same size", state: affine, shapes: [][]int{{2, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv1d(newRand(seed), 2, 3, []int{2}, nn.ConvConfig{Same: true, DType: d})
		}},
		{name: "Conv2d", maps: "[(batch,) in, height, width] → [(batch,) out, height′, width′]", state: affine, shapes: [][]int{{2, 2, 4, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), 2, 2, []int{3, 2}, nn.ConvConfig{Stride: []int{2, 1}, Padding: []int{1}, DType: d})
		}},
		{name: "Conv2d in groups", state: affine[:1], shapes: [][]int{{1, 4, 3, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), 4, 2, []int{2}, nn.ConvConfig{Dilation: []int{2, 1}, Groups: 2, NoBias: true, DType: d})
		}},
		{name: "Conv2d reflected", state: affine, shapes: [][]int{{1, 1, 3, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), 1, 2, []int{3}, nn.ConvConfig{Padding: []int{1, 2}, PadMode: nn.PadReflection, DType: d})
		}},
		{name: "Conv3d", maps: "[(batch,) in, depth, height, width] → [(batch,) out, depth′, height′, width′]", state: affine, shapes: [][]int{{1, 2, 3, 2, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv3d(newRand(seed), 2, 1, []int{2}, nn.ConvConfig{DType: d})
		}},
		{name: "ConvTranspose1d", maps: "[(batch,) in, length] → [(batch,) out, length′]", state: affine, shapes: [][]int{{2, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConvTranspose1d(newRand(seed), 2, 2, []int{3}, nn.ConvTransposeConfig{Stride: []int{2}, OutputPadding: []int{1}, DType: d})
		}},
		{name: "ConvTranspose2d", maps: "[(batch,) in, height, width] → [(batch,) out, height′, width′]", state: affine, shapes: [][]int{{2, 2, 2, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConvTranspose2d(newRand(seed), 2, 2, []int{2, 3}, nn.ConvTransposeConfig{Padding: []int{1}, Groups: 2, DType: d})
		}},
		{name: "ConvTranspose3d", maps: "[(batch,) in, depth, height, width] → [(batch,) out, depth′, height′, width′]", state: affine[:1], shapes: [][]int{{1, 2, 2, 1, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConvTranspose3d(newRand(seed), 2, 2, []int{2, 1, 2}, nn.ConvTransposeConfig{Stride: []int{2, 1, 1}, Groups: 2, NoBias: true, DType: d})
		}},
		{name: "MaxPool1d", maps: "[(batch,) channels, length] → [(batch,) channels, length′]", make: stateless(nn.NewMaxPool1d([]int{3}, nn.MaxPoolConfig{Stride: []int{2}, Dilation: []int{2}})), shapes: [][]int{{2, 2, 7}}},
		{name: "MaxPool2d", maps: "[(batch,) channels, height, width] → [(batch,) channels, height′, width′]", make: stateless(nn.NewMaxPool2d([]int{2, 3}, nn.MaxPoolConfig{Stride: []int{1, 2}, Padding: []int{1}})), shapes: [][]int{{2, 2, 3, 4}}},
		{name: "MaxPool3d", maps: "[(batch,) channels, depth, height, width] → [(batch,) channels, depth′, height′, width′]", make: stateless(nn.NewMaxPool3d([]int{2}, nn.MaxPoolConfig{Ceil: true})), shapes: [][]int{{2, 2, 3, 2}}},
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
		{
			name: "MaxUnpool1d", maps: "[(batch,) channels, length], indices → [(batch,) channels, length′]", shapes: [][]int{{2, 3}}, allocates: "the places",
			make: stateless(nn.NewMaxUnpool1d([]int{2}, nn.MaxUnpoolConfig{})),
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.MaxUnpool1d).Unpool(xs[0], []int{1, 2, 5, 0, 3, 4}))
			},
		},
		{
			name: "MaxUnpool2d", maps: "[(batch,) channels, height, width], indices → [(batch,) channels, height′, width′]", shapes: [][]int{{2, 1, 1, 2}}, allocates: "the places",
			make: stateless(nn.NewMaxUnpool2d([]int{2}, nn.MaxUnpoolConfig{})),
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.MaxUnpool2d).Unpool(xs[0], []int{0, 8, 4, 9}, 2, 5))
			},
		},
		{
			name: "MaxUnpool3d", maps: "[(batch,) channels, depth, height, width], indices → [(batch,) channels, depth′, height′, width′]", shapes: [][]int{{1, 2, 1, 1}}, allocates: "the places",
			make: stateless(nn.NewMaxUnpool3d([]int{2, 1, 3}, nn.MaxUnpoolConfig{Stride: []int{2, 1, 1}})),
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.MaxUnpool3d).Unpool(xs[0], []int{11, 4}))
			},
		},
		{name: "Unfold", maps: "[(batch,) channels, height, width] → [(batch,) channels·kernel, windows]", make: stateless(nn.Unfold{Window: autograd.Window{Kernel: [2]int{2, 3}, Padding: [2]int{1, 0}}}), shapes: [][]int{{2, 2, 2, 3}}},
		{name: "Unfold of one image", make: stateless(nn.Unfold{Window: autograd.Window{Kernel: [2]int{2, 1}, Stride: [2]int{2, 2}}}), shapes: [][]int{{2, 2, 3}}},
		{name: "Fold", maps: "[(batch,) channels·kernel, windows] → [(batch,) channels, height, width]", make: stateless(nn.Fold{Size: [2]int{3, 2}, Window: autograd.Window{Kernel: [2]int{2, 1}}}), shapes: [][]int{{2, 4, 4}}},
		{name: "Fold of one image", make: stateless(nn.Fold{Size: [2]int{2, 3}, Window: autograd.Window{Kernel: [2]int{2, 2}, Padding: [2]int{0, 1}, Stride: [2]int{1, 3}}}), shapes: [][]int{{4, 2}}},
		{name: "Upsample", maps: "[batch, channels, …] → [batch, channels, …′]", make: stateless(nn.Upsample{Scale: []float64{2}, Mode: autograd.InterpolateLinear}), shapes: [][]int{{1, 2, 2, 3}}},
		{name: "PixelShuffle", maps: "[…, channels·Factor², height, width] → […, channels, height·Factor, width·Factor]", make: stateless(nn.PixelShuffle{Factor: 2}), shapes: [][]int{{2, 4, 1, 2}}},
		{name: "PixelUnshuffle", maps: "[…, channels, height·Factor, width·Factor] → […, channels·Factor², height, width]", make: stateless(nn.PixelUnshuffle{Factor: 2}), shapes: [][]int{{2, 1, 2, 4}}},
		{name: "Pad", maps: "[…, height, width] → […, height′, width′], and of any number of axes", torch: "ZeroPad1d, ZeroPad2d, ZeroPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d, ReflectionPad1d, ReflectionPad2d, ReflectionPad3d, ReplicationPad1d, ReplicationPad2d, ReplicationPad3d, CircularPad1d, CircularPad2d, CircularPad3d", make: stateless(nn.Pad{Widths: pad, Value: 2}), shapes: [][]int{{2, 2, 3}}},
		{name: "Pad by reflection", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadReflection}), shapes: [][]int{{2, 2, 3}}},
		{name: "Pad by replication", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadReplication}), shapes: [][]int{{2, 2, 3}}},
		{name: "Pad in a circle", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadCircular}), shapes: [][]int{{2, 2, 3}}},
	}
}
