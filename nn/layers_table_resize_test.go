package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// resizeRows are layers that resize, pad and rearrange.
func resizeRows() []layerRow {
	square := [][]int{{3, 4}}
	pad := [][2]int{{1, 0}, {2, 1}}
	return []layerRow{
		{name: "Upsample", maps: "[batch, channels, …] → [batch, channels, …′]", make: stateless(nn.Upsample{Scale: []float64{2}, Mode: autograd.InterpolateLinear}), shapes: [][]int{{1, 2, 2, 3}}},
		{name: "PixelShuffle", maps: "[…, channels·Factor², height, width] → […, channels, height·Factor, width·Factor]", make: stateless(nn.PixelShuffle{Factor: 2}), shapes: [][]int{{2, 4, 1, 2}}},
		{name: "PixelUnshuffle", maps: "[…, channels, height·Factor, width·Factor] → […, channels·Factor², height, width]", make: stateless(nn.PixelUnshuffle{Factor: 2}), shapes: [][]int{{2, 1, 2, 4}}},
		{name: "Pad", maps: "[…, height, width] → […, height′, width′], and of any number of axes", torch: "ZeroPad1d, ZeroPad2d, ZeroPad3d, ConstantPad1d, ConstantPad2d, ConstantPad3d, ReflectionPad1d, ReflectionPad2d, ReflectionPad3d, ReplicationPad1d, ReplicationPad2d, ReplicationPad3d, CircularPad1d, CircularPad2d, CircularPad3d", make: stateless(nn.Pad{Widths: pad, Value: 2}), shapes: [][]int{{2, 2, 3}}},
		{name: "Pad by reflection", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadReflection}), shapes: [][]int{{2, 2, 3}}},
		{name: "Pad by replication", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadReplication}), shapes: [][]int{{2, 2, 3}}},
		{name: "Pad in a circle", make: stateless(nn.Pad{Widths: pad, Mode: nn.PadCircular}), shapes: [][]int{{2, 2, 3}}},
		{name: "Flatten", maps: "[batch, …] → [batch, features]", make: stateless(nn.Flatten{}), shapes: [][]int{{2, 3, 4}}},
		{name: "Flatten of some axes", make: stateless(nn.Flatten{Start: -2, End: -1}), shapes: [][]int{{2, 3, 2}}},
		{name: "Unflatten", maps: "[…, n·m, …] → […, n, m, …]", make: stateless(nn.Unflatten{Axis: 1, Sizes: []int{2, 2}}), shapes: square},
	}
}
