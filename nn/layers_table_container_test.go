package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// containerRows are layers of layers and of functions.
func containerRows() []layerRow {
	square := [][]int{{3, 4}}
	linear := func(seed uint64, in, out int, d dtype) *nn.Linear {
		return nn.NewLinear(newRand(seed), in, out, nn.LinearConfig{DType: d})
	}
	return []layerRow{
		{name: "Identity", maps: "[…] → […]", make: stateless(nn.Identity{}), shapes: square},
		{name: "Residual", maps: "[…] → […]", torch: "–", state: []string{"inner.weight", "inner.bias"}, shapes: [][]int{{2, 3}}, make: func(seed uint64, d dtype) nn.Module {
			return &nn.Residual{Inner: linear(seed, 3, 3, d)}
		}},
		{name: "Residual with a shortcut", state: []string{"inner.0.weight", "inner.0.bias", "shortcut.weight", "shortcut.bias"}, shapes: [][]int{{2, 3}},
			make: func(seed uint64, d dtype) nn.Module {
				return &nn.Residual{Inner: nn.Sequential{linear(seed, 3, 2, d), nn.Tanh{}}, Shortcut: linear(seed+1, 3, 2, d)}
			}},
		{name: "Sequential", maps: "of its layers", state: []string{"0.weight", "0.bias", "2.0.weight", "2.0.bias"}, shapes: [][]int{{3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			rng := newRand(seed)
			return nn.Sequential{nn.NewLinear(rng, 4, 3, nn.LinearConfig{DType: d}), nn.Tanh{}, nn.Sequential{nn.NewLinear(rng, 3, 2, nn.LinearConfig{DType: d})}}
		}},
		{name: "Func", maps: "[…] → […]", torch: "–", make: stateless(nn.Func(autograd.Variable.GELU)), shapes: [][]int{{3, 4}}},
		{name: "Frozen", maps: "of its layer", torch: "–", state: []string{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"}, shapes: [][]int{{3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.Frozen(nn.Sequential{nn.NewLinear(newRand(seed), 2, 3, nn.LinearConfig{DType: d}), nn.NewBatchNorm1d(3, nn.BatchNormConfig{DType: d})})
		}},
		{name: "WithHooks", maps: "of its layer", torch: "–", state: []string{"0.weight", "0.bias"}, shapes: [][]int{{3, 2}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.WithHooks(nn.Sequential{nn.NewLinear(newRand(seed), 2, 3, nn.LinearConfig{DType: d}), nn.Tanh{}}, map[string]nn.Hook{"0": func(_ string, y v) v { return y.Square() }})
		}},
	}
}
