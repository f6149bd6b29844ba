package nn_test

import (
	"github.com/chainrule-go/chainrule/nn"
)

// activationRows are element-wise functions and softmax.
func activationRows() []layerRow {
	square := [][]int{{3, 4}}
	weight := []string{"weight"}
	return []layerRow{
		{name: "ReLU", maps: "[…] → […]", make: stateless(nn.ReLU{}), shapes: [][]int{{3, 4}}, kinks: []float64{0}},
		{name: "ReLU6", maps: "[…] → […]", make: stateless(nn.ReLU6{}), shapes: square, kinks: []float64{0, 6}},
		{name: "Sigmoid", maps: "[…] → […]", make: stateless(nn.Sigmoid{}), shapes: [][]int{{3, 4}}},
		{name: "LogSigmoid", maps: "[…] → […]", make: stateless(nn.LogSigmoid{}), shapes: square},
		{name: "Hardsigmoid", maps: "[…] → […]", make: stateless(nn.Hardsigmoid{}), shapes: square, kinks: []float64{-3, 3}},
		{name: "Tanh", maps: "[…] → […]", make: stateless(nn.Tanh{}), shapes: [][]int{{3, 4}}},
		{name: "Tanhshrink", maps: "[…] → […]", make: stateless(nn.Tanhshrink{}), shapes: square},
		{name: "Hardtanh", maps: "[…] → […]", make: stateless(nn.Hardtanh{}), shapes: square, kinks: []float64{-1, 1}},
		{name: "Hardtanh within bounds", make: stateless(nn.Hardtanh{Min: -0.5, Max: 0.25}), shapes: square, kinks: []float64{-0.5, 0.25}},
		{name: "Hardswish", maps: "[…] → […]", make: stateless(nn.Hardswish{}), shapes: square, kinks: []float64{-3, 3}},
		{name: "Hardshrink", maps: "[…] → […]", make: stateless(nn.Hardshrink{}), shapes: square, kinks: []float64{-0.5, 0.5}},
		{name: "Softshrink", maps: "[…] → […]", make: stateless(nn.Softshrink{Lambda: 0.3}), shapes: square, kinks: []float64{-0.3, 0.3}},
		{name: "Threshold", maps: "[…] → […]", make: stateless(nn.Threshold{Threshold: 0.2, Value: 3}), shapes: square, kinks: []float64{0.2}},
		{name: "LeakyReLU", maps: "[…] → […]", make: stateless(nn.LeakyReLU{}), shapes: square, kinks: []float64{0}},
		{name: "RReLU", maps: "[…] → […]", make: stateless(nn.RReLU{}), shapes: square, kinks: []float64{0}},
		{name: "ELU", maps: "[…] → […]", make: stateless(nn.ELU{Alpha: 0.7}), shapes: square, kinks: []float64{0}},
		{name: "CELU", maps: "[…] → […]", make: stateless(nn.CELU{Alpha: 2}), shapes: square, kinks: []float64{0}},
		{name: "SELU", maps: "[…] → […]", make: stateless(nn.SELU{}), shapes: square, kinks: []float64{0}},
		{name: "GELU", maps: "[…] → […]", make: stateless(nn.GELU{}), shapes: square},
		{name: "GELU by tanh", make: stateless(nn.GELU{Tanh: true}), shapes: square},
		{name: "SiLU", maps: "[…] → […]", make: stateless(nn.SiLU{}), shapes: square},
		{name: "Mish", maps: "[…] → […]", make: stateless(nn.Mish{}), shapes: square},
		{name: "Softplus", maps: "[…] → […]", make: stateless(nn.Softplus{Beta: 2}), shapes: square},
		{name: "Softsign", maps: "[…] → […]", make: stateless(nn.Softsign{}), shapes: square},
		{name: "PReLU", maps: "[batch, channels, …] → the same", state: weight, shapes: [][]int{{2, 3, 2}}, kinks: []float64{0}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewPReLU(nn.PReLUConfig{Channels: 3, DType: d})
		}},
		{name: "PReLU with one slope", state: weight, shapes: square, kinks: []float64{0}, make: func(_ uint64, d dtype) nn.Module {
			return nn.NewPReLU(nn.PReLUConfig{DType: d})
		}},
		{name: "Softmax", maps: "[…] → […]", make: stateless(nn.Softmax{}), shapes: [][]int{{3, 4}}},
		{name: "Softmax along an axis", make: stateless(nn.Softmax{Axis: 1}), shapes: [][]int{{2, 3, 2}}},
		{name: "LogSoftmax", maps: "[…] → […]", make: stateless(nn.LogSoftmax{}), shapes: square},
		{name: "Softmin", maps: "[…] → […]", make: stateless(nn.Softmin{}), shapes: square},
		{name: "Softmax2d", maps: "[(batch,) channels, height, width] → the same", make: stateless(nn.Softmax2d{}), shapes: [][]int{{2, 3, 1, 2}}},
		{name: "GLU", maps: "[…, 2·n, …] → […, n, …]", make: stateless(nn.GLU{}), shapes: square},
	}
}
