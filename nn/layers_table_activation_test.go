package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// activationRows are the layers without a shape of their own.
func activationRows() []layerRow {
	square := [][]int{{3, 4}}
	weight := []string{"weight"}
	return []layerRow{
		{name: "Identity", maps: "[…] → […]", make: stateless(nn.Identity{}), shapes: square},
		{name: "Threshold", maps: "[…] → […]", make: stateless(nn.Threshold{Threshold: 0.2, Value: 3}), shapes: square, kinks: []float64{0.2}},
		{name: "ReLU6", maps: "[…] → […]", make: stateless(nn.ReLU6{}), shapes: square, kinks: []float64{0, 6}},
		{name: "Hardtanh", maps: "[…] → […]", make: stateless(nn.Hardtanh{}), shapes: square, kinks: []float64{-1, 1}},
		{name: "Hardtanh within bounds", make: stateless(nn.Hardtanh{Min: -0.5, Max: 0.25}), shapes: square, kinks: []float64{-0.5, 0.25}},
		{name: "Hardsigmoid", maps: "[…] → […]", make: stateless(nn.Hardsigmoid{}), shapes: square, kinks: []float64{-3, 3}},
		{name: "Hardswish", maps: "[…] → […]", make: stateless(nn.Hardswish{}), shapes: square, kinks: []float64{-3, 3}},
		{name: "Hardshrink", maps: "[…] → […]", make: stateless(nn.Hardshrink{}), shapes: square, kinks: []float64{-0.5, 0.5}},
		{name: "Softshrink", maps: "[…] → […]", make: stateless(nn.Softshrink{Lambda: 0.3}), shapes: square, kinks: []float64{-0.3, 0.3}},
		{name: "Tanhshrink", maps: "[…] → […]", make: stateless(nn.Tanhshrink{}), shapes: square},
		{name: "LeakyReLU", maps: "[…] → […]", make: stateless(nn.LeakyReLU{}), shapes: square, kinks: []float64{0}},
		{name: "PReLU", maps: "[batch, channels, …] → the same", state: weight, shapes: [][]int{{2, 3, 2}}, kinks: []float64{0}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewPReLU(nn.PReLUConfig{Channels: 3, DType: d})
		}},
		{name: "PReLU with one slope", state: weight, shapes: square, kinks: []float64{0}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewPReLU(nn.PReLUConfig{DType: d})
		}},
		{name: "ELU", maps: "[…] → […]", make: stateless(nn.ELU{Alpha: 0.7}), shapes: square, kinks: []float64{0}},
		{name: "CELU", maps: "[…] → […]", make: stateless(nn.CELU{Alpha: 2}), shapes: square, kinks: []float64{0}},
		{name: "SELU", maps: "[…] → […]", make: stateless(nn.SELU{}), shapes: square, kinks: []float64{0}},
		{name: "GELU", maps: "[…] → […]", make: stateless(nn.GELU{}), shapes: square},
		{name: "GELU by tanh", make: stateless(nn.GELU{Tanh: true}), shapes: square},
		{name: "SiLU", maps: "[…] → […]", make: stateless(nn.SiLU{}), shapes: square},
		{name: "Mish", maps: "[…] → […]", make: stateless(nn.Mish{}), shapes: square},
		{name: "Softplus", maps: "[…] → […]", make: stateless(nn.Softplus{Beta: 2}), shapes: square},
		{name: "Softsign", maps: "[…] → […]", make: stateless(nn.Softsign{}), shapes: square},
		{name: "LogSigmoid", maps: "[…] → […]", make: stateless(nn.LogSigmoid{}), shapes: square},
		{name: "GLU", maps: "[…, 2·n, …] → […, n, …]", make: stateless(nn.GLU{}), shapes: square},
		{name: "Softmax along an axis", make: stateless(nn.Softmax{Axis: 1}), shapes: [][]int{{2, 3, 2}}},
		{name: "LogSoftmax", maps: "[…] → […]", make: stateless(nn.LogSoftmax{}), shapes: square},
		{name: "Softmin", maps: "[…] → […]", make: stateless(nn.Softmin{}), shapes: square},
		{name: "Softmax2d", maps: "[(batch,) channels, height, width] → the same", make: stateless(nn.Softmax2d{}), shapes: [][]int{{2, 3, 1, 2}}},
		{name: "Flatten of some axes", make: stateless(nn.Flatten{Start: -2, End: -1}), shapes: [][]int{{2, 3, 2}}},
		{name: "Unflatten", maps: "[…, n·m, …] → […, n, m, …]", make: stateless(nn.Unflatten{Axis: 1, Sizes: []int{2, 2}}), shapes: square},
		{name: "Dropout", maps: "[…] → […]", make: stateless(nn.Dropout{}), shapes: square},
		{name: "Dropout1d", maps: "[(batch,) channels, length] → the same", make: stateless(nn.Dropout1d{P: 0.3}), shapes: [][]int{{3, 4, 2}}},
		{name: "Dropout2d", maps: "[batch, channels, height, width] → the same", make: stateless(nn.Dropout2d{}), shapes: [][]int{{3, 2, 2, 1}}},
		{name: "Dropout3d", maps: "[(batch,) channels, depth, height, width] → the same", make: stateless(nn.Dropout3d{}), shapes: [][]int{{3, 2, 1, 1, 2}}},
		{name: "Dropout1d of one example", make: stateless(nn.Dropout1d{P: 0.3}), shapes: [][]int{{4, 2}}},
		{name: "Dropout3d of one example", make: stateless(nn.Dropout3d{}), shapes: [][]int{{4, 1, 2, 1}}},
		{name: "AlphaDropout", maps: "[…] → […]", make: stateless(nn.AlphaDropout{}), shapes: square},
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
