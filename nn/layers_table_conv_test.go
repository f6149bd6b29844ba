package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// convRows are convolutions, and windows.
func convRows() []layerRow {
	affine := []string{"weight", "bias"}
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
		{name: "Unfold", maps: "[(batch,) channels, height, width] → [(batch,) channels·kernel, windows]", make: stateless(nn.Unfold{Window: autograd.Window{Kernel: [2]int{2, 3}, Padding: [2]int{1, 0}}}), shapes: [][]int{{2, 2, 2, 3}}},
		{name: "Unfold of one image", make: stateless(nn.Unfold{Window: autograd.Window{Kernel: [2]int{2, 1}, Stride: [2]int{2, 2}}}), shapes: [][]int{{2, 2, 3}}},
		{name: "Fold", maps: "[(batch,) channels·kernel, windows] → [(batch,) channels, height, width]", make: stateless(nn.Fold{Size: [2]int{3, 2}, Window: autograd.Window{Kernel: [2]int{2, 1}}}), shapes: [][]int{{2, 4, 4}}},
		{name: "Fold of one image", make: stateless(nn.Fold{Size: [2]int{2, 3}, Window: autograd.Window{Kernel: [2]int{2, 2}, Padding: [2]int{0, 1}, Stride: [2]int{1, 3}}}), shapes: [][]int{{4, 2}}},
	}
}
