package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// linearRows are linear layers, and layers of two arrays.
func linearRows() []layerRow {
	return []layerRow{
		{name: "Linear", maps: "[…, in] → […, out]", state: []string{"weight", "bias"}, shapes: [][]int{{2, 3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLinear(newRand(seed), 4, 5, nn.LinearConfig{DType: d})
		}},
		{name: "Linear without bias", state: []string{"weight"}, shapes: [][]int{{3, 4}}, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewLinear(newRand(seed), 4, 5, nn.LinearConfig{NoBias: true, DType: d})
		}},
		{name: "PairwiseDistance", maps: "two of […, features] → […]", make: stateless(nn.PairwiseDistance{}), shapes: [][]int{{3, 4}, {3, 4}}, call: pairCall},
		{name: "CosineSimilarityLayer", maps: "two of […, features, …] → […]", torch: "CosineSimilarity", make: stateless(nn.CosineSimilarityLayer{Axis: 1}), shapes: [][]int{{3, 4}, {3, 4}}, call: pairCall},
		{name: "Bilinear", maps: "[…, in1], […, in2] → […, out]", state: []string{"weight", "bias"}, shapes: [][]int{{3, 2}, {3, 4}}, call: pairCall, make: func(seed uint64, d dtype) nn.Module {
			return nn.NewBilinear(newRand(seed), 2, 4, 3, nn.BilinearConfig{DType: d})
		}},
	}
}

// pairCall calls a layer of two arrays.
func pairCall(m nn.Module, _ *autograd.Tape, xs, ys []v) []v {
	return append(ys, m.(interface{ ForwardPair(a, b v) v }).ForwardPair(xs[0], xs[1]))
}
