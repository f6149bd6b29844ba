package nn_test

import "github.com/chainrule-go/chainrule/nn"

// normRows are the layers that normalize, but for batch normalization.
func normRows() []layerRow {
	affine := []string{"weight", "bias"}
	tracked := []string{"running_mean", "running_var", "num_batches_tracked"}
	return []layerRow{
		{name: "LayerNorm", maps: "[…, shape] → the same", state: affine, shapes: [][]int{{3, 4}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewLayerNorm([]int{4}, nn.LayerNormConfig{DType: d})
		}},
		{name: "LayerNorm over two axes", state: affine[:1], shapes: [][]int{{2, 3, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewLayerNorm([]int{3, 2}, nn.LayerNormConfig{NoBias: true, Eps: 1e-3, DType: d})
		}},
		{name: "LayerNorm without parameters", shapes: [][]int{{2, 3, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewLayerNorm([]int{3, 2}, nn.LayerNormConfig{NoAffine: true, DType: d})
		}},
		{name: "RMSNorm", maps: "[…, shape] → the same", state: affine[:1], shapes: [][]int{{3, 4}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewRMSNorm([]int{4}, nn.RMSNormConfig{DType: d})
		}},
		{name: "RMSNorm without parameters", shapes: [][]int{{2, 3, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewRMSNorm([]int{3, 2}, nn.RMSNormConfig{NoAffine: true, DType: d})
		}},
		{name: "GroupNorm", maps: "[batch, channels, …] → the same", state: affine, shapes: [][]int{{2, 4, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewGroupNorm(2, 4, nn.GroupNormConfig{DType: d})
		}},
		{name: "LocalResponseNorm", maps: "[batch, channels, …] → the same", torch: "LocalResponseNorm, CrossMapLRN2d", make: stateless(nn.LocalResponseNorm{Size: 2, Alpha: 0.3}), shapes: [][]int{{2, 3, 2}}},
		{name: "InstanceNorm1d", maps: "[(batch,) channels, length] → the same", state: append(affine[:2:2], tracked...), shapes: [][]int{{2, 2, 3}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm1d(2, nn.InstanceNormConfig{Affine: true, RunningStats: true, DType: d})
		}},
		{name: "InstanceNorm2d", maps: "[(batch,) channels, height, width] → the same", shapes: [][]int{{2, 2, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm2d(2, nn.InstanceNormConfig{DType: d})
		}},
		{name: "InstanceNorm3d", maps: "[(batch,) channels, depth, height, width] → the same", state: tracked, shapes: [][]int{{2, 1, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm3d(2, nn.InstanceNormConfig{RunningStats: true, DType: d})
		}},
	}
}
