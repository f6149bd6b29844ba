package nn_test

import (
	"github.com/chainrule-go/chainrule/nn"
)

// normRows are layers that normalize, and layers with a normalized weight.
func normRows() []layerRow {
	norm := []string{"weight", "bias", "running_mean", "running_var", "num_batches_tracked"}
	affine := []string{"weight", "bias"}
	tracked := []string{"running_mean", "running_var", "num_batches_tracked"}
	linear := func(seed uint64, in, out int, d dtype) *nn.Linear {
		return nn.NewLinear(newRand(seed), in, out, nn.LinearConfig{DType: d})
	}
	normed := []string{"bias", "weight_g", "weight_v"}
	spectral := []string{"bias", "weight_orig", "weight_u", "weight_v"}
	return []layerRow{
		{name: "BatchNorm1d", maps: "[batch, channels(, length)] → the same", state: norm, shapes: [][]int{{5, 3}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm1d(3, nn.BatchNormConfig{DType: d})
		}},
		{name: "BatchNorm1d of sequences", state: norm, shapes: [][]int{{3, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm1d(2, nn.BatchNormConfig{DType: d, Momentum: 0.3})
		}},
		{name: "BatchNorm2d", maps: "[batch, channels, height, width] → the same", state: norm, shapes: [][]int{{2, 3, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm2d(3, nn.BatchNormConfig{DType: d})
		}},
		{name: "BatchNorm2d cumulative", state: norm, shapes: [][]int{{2, 2, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm2d(2, nn.BatchNormConfig{DType: d, Cumulative: true})
		}},
		{name: "BatchNorm2d without parameters", state: norm[2:], shapes: [][]int{{2, 2, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm2d(2, nn.BatchNormConfig{DType: d, NoAffine: true})
		}},
		{name: "BatchNorm3d", maps: "[batch, channels, depth, height, width] → the same", state: norm[:2], shapes: [][]int{{2, 2, 1, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewBatchNorm3d(2, nn.BatchNormConfig{DType: d, NoRunningStats: true})
		}},
		{name: "InstanceNorm1d", maps: "[(batch,) channels, length] → the same", state: append(affine[:2:2], tracked...), shapes: [][]int{{2, 2, 3}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm1d(2, nn.InstanceNormConfig{Affine: true, RunningStats: true, DType: d})
		}},
		{name: "InstanceNorm2d", maps: "[(batch,) channels, height, width] → the same", shapes: [][]int{{2, 2, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm2d(2, nn.InstanceNormConfig{DType: d})
		}},
		{name: "InstanceNorm3d", maps: "[(batch,) channels, depth, height, width] → the same", state: tracked, shapes: [][]int{{2, 1, 2, 2}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewInstanceNorm3d(2, nn.InstanceNormConfig{RunningStats: true, DType: d})
		}},
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
		{name: "WeightNorm", maps: "of its layer", torch: "WeightNorm", state: normed, shapes: [][]int{{2, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewWeightNorm(linear(seed, 3, 2, d), nn.WeightNormConfig{})
		}},
		{name: "WeightNorm of a convolution", state: normed, shapes: [][]int{{1, 2, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewWeightNorm(nn.NewConv1d(newRand(seed), 2, 2, []int{3}, nn.ConvConfig{DType: d}), nn.WeightNormConfig{Axis: -1})
		}},
		{name: "WeightNorm of a whole weight", state: normed, shapes: [][]int{{1, 2, 2, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewWeightNorm(nn.NewConvTranspose2d(newRand(seed), 2, 1, []int{2}, nn.ConvTransposeConfig{DType: d}), nn.WeightNormConfig{Whole: true})
		}},
		{name: "SpectralNorm", maps: "of its layer", torch: "SpectralNorm", state: spectral, shapes: [][]int{{2, 3}},
			assigns: true, constants: "singular vectors", make: func(seed uint64, d dtype) nn.Module {
				return nn.NewSpectralNorm(newRand(seed+7), linear(seed, 3, 2, d), nn.SpectralNormConfig{})
			}},
		{name: "SpectralNorm of a convolution", state: spectral, shapes: [][]int{{1, 2, 2, 2}},
			assigns: true, constants: "singular vectors", make: func(seed uint64, d dtype) nn.Module {
				return nn.NewSpectralNorm(newRand(seed+7), nn.NewConvTranspose2d(newRand(seed), 2, 3, []int{2}, nn.ConvTransposeConfig{DType: d}), nn.SpectralNormConfig{Axis: 1, Iterations: 2})
			}},
	}
}
