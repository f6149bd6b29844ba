package nn_test

import (
	"slices"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// wrapperRows are layers around others, and positions.
func wrapperRows() []layerRow {
	linear := func(seed uint64, in, out int, d dtype) *nn.Linear {
		return nn.NewLinear(newRand(seed), in, out, nn.LinearConfig{DType: d})
	}
	normed := []string{"bias", "weight_g", "weight_v"}
	spectral := []string{"bias", "weight_orig", "weight_u", "weight_v"}
	return []layerRow{
		{name: "Residual", maps: "[…] → […]", torch: "–", state: []string{"inner.weight", "inner.bias"}, shapes: [][]int{{2, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return &nn.Residual{Inner: linear(seed, 3, 3, d)}
		}},
		{name: "Residual with a shortcut", state: []string{"inner.0.weight", "inner.0.bias", "shortcut.weight", "shortcut.bias"}, shapes: [][]int{{2, 3}},
			make: func(seed uint64, d dtype) nn.Module {
				return &nn.Residual{Inner: nn.Sequential{linear(seed, 3, 2, d), nn.Tanh{}}, Shortcut: linear(seed+1, 3, 2, d)}
			}},
		{name: "WeightNorm", maps: "of its layer", torch: "WeightNorm", state: normed, shapes: [][]int{{2, 3}}, allocates: "the layer with its weight", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewWeightNorm(linear(seed, 3, 2, d), nn.WeightNormConfig{})
		}},
		{name: "WeightNorm of a convolution", state: normed, shapes: [][]int{{1, 2, 4}}, allocates: "the layer with its weight", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewWeightNorm(nn.NewConv1d(newRand(seed), 2, 2, []int{3}, nn.ConvConfig{DType: d}), nn.WeightNormConfig{Axis: -1})
		}},
		{name: "WeightNorm of a whole weight", state: normed, shapes: [][]int{{1, 2, 2, 2}}, allocates: "the layer with its weight", make: func(seed uint64, d dtype) nn.Module {
			return nn.NewWeightNorm(nn.NewConvTranspose2d(newRand(seed), 2, 1, []int{2}, nn.ConvTransposeConfig{DType: d}), nn.WeightNormConfig{Whole: true})
		}},
		{name: "SpectralNorm", maps: "of its layer", torch: "SpectralNorm", state: spectral, shapes: [][]int{{2, 3}}, allocates: "the layer with its weight",
			assigns: true, constants: "singular vectors", make: func(seed uint64, d dtype) nn.Module {
				return nn.NewSpectralNorm(newRand(seed+7), linear(seed, 3, 2, d), nn.SpectralNormConfig{})
			}},
		{name: "SpectralNorm of a convolution", state: spectral, shapes: [][]int{{1, 2, 2, 2}}, allocates: "the layer with its weight",
			assigns: true, constants: "singular vectors", make: func(seed uint64, d dtype) nn.Module {
				return nn.NewSpectralNorm(newRand(seed+7), nn.NewConvTranspose2d(newRand(seed), 2, 3, []int{2}, nn.ConvTransposeConfig{DType: d}), nn.SpectralNormConfig{Axis: 1, Iterations: 2})
			}},
		{name: "SinusoidalPositions", maps: "[…, positions, features] → the same", torch: "–", shapes: [][]int{{2, 3, 5}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewSinusoidalPositions(4, 5, nn.PositionsConfig{DType: d})
		}},
		{name: "LearnedPositions", maps: "[…, positions, features] → the same", torch: "–", state: []string{"weight"}, shapes: [][]int{{2, 3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLearnedPositions(newRand(seed), 4, 2, nn.PositionsConfig{DType: d})
		}},
		{name: "RotaryPositions", maps: "[…, positions, features] → the same", torch: "–", shapes: [][]int{{2, 3, 4}}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewRotaryPositions(3, 4, nn.PositionsConfig{DType: d})
		}},
		{name: "RotaryPositions of halves", shapes: [][]int{{2, 2, 4}},
			make: func(_ uint64, d dtype) nn.Module {
				return nn.NewRotaryPositions(5, 4, nn.PositionsConfig{Halves: true, DType: d})
			},
			call: func(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
				return append(ys, m.(*nn.RotaryPositions).From(xs[0], 3))
			},
		},
		{
			name: "MultiheadAttention with rotary positions", state: slices.Clone(attentionNames), shapes: [][]int{{1, 3, 4}},
			make: func(seed uint64, d dtype) nn.Module {
				return nn.NewMultiheadAttention(newRand(seed), 4, 2, nn.MultiheadAttentionConfig{Rotary: nn.NewRotaryPositions(3, 2, nn.PositionsConfig{DType: d}), DType: d})
			},
		},
	}
}
