package nn_test

import "github.com/chainrule-go/chainrule/nn"

// convRows are convolutions and what pads.
func convRows() []layerRow {
	affine := []string{"weight", "bias"}
	pad := [][2]int{{1, 0}, {2, 1}}
	return []layerRow{
		{name: "Conv1d", state: affine, shapes: [][]int{{2, 2, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv1d(newRand(seed), 2, 3, []int{3}, nn.ConvConfig{Padding: []int{1}, DType: d})
		}},
		{name: "Conv1d of the same size", state: affine, shapes: [][]int{{2, 4}}, allocates: "the padding", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv1d(newRand(seed), 2, 3, []int{2}, nn.ConvConfig{Same: true, DType: d})
		}},
		{name: "Conv2d", state: affine, shapes: [][]int{{2, 2, 4, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), 2, 2, []int{3, 2}, nn.ConvConfig{Stride: []int{2, 1}, Padding: []int{1}, DType: d})
		}},
		{name: "Conv2d in groups", state: affine[:1], shapes: [][]int{{1, 4, 3, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), 4, 2, []int{2}, nn.ConvConfig{Dilation: []int{2, 1}, Groups: 2, NoBias: true, DType: d})
		}},
		{name: "Conv2d reflected", state: affine, shapes: [][]int{{1, 1, 3, 3}}, allocates: "the padding", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv2d(newRand(seed), 1, 2, []int{3}, nn.ConvConfig{Padding: []int{1, 2}, PadMode: nn.PadReflection, DType: d})
		}},
		{name: "Conv3d", state: affine, shapes: [][]int{{1, 2, 3, 2, 2}}, allocates: "the frames", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewConv3d(newRand(seed), 2, 1, []int{2}, nn.ConvConfig{DType: d})
		}},
		{name: "Pad", make: stateless(nn.Pad{Widths: pad, Value: 2}), shapes: [][]int{{2, 2, 3}}, allocates: "the padding"},
		{name: "Pad by reflection", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadReflection}), shapes: [][]int{{2, 2, 3}}, allocates: "the padding"},
		{name: "Pad by replication", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadReplication}), shapes: [][]int{{2, 2, 3}}, allocates: "the padding"},
		{name: "Pad in a circle", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadCircular}), shapes: [][]int{{2, 2, 3}}, allocates: "the padding"},
	}
}
