package nn_test

import (
	"github.com/chainrule-go/chainrule/nn"
)

// dropoutRows are layers that drop elements in training.
func dropoutRows() []layerRow {
	square := [][]int{{3, 4}}
	return []layerRow{
		{name: "Dropout", maps: "[…] → […]", make: stateless(nn.Dropout{}), shapes: square},
		{name: "Dropout1d", maps: "[(batch,) channels, length] → the same", make: stateless(nn.Dropout1d{P: 0.3}), shapes: [][]int{{3, 4, 2}}},
		{name: "Dropout1d of one example", make: stateless(nn.Dropout1d{P: 0.3}), shapes: [][]int{{4, 2}}},
		{name: "Dropout2d", maps: "[batch, channels, height, width] → the same", make: stateless(nn.Dropout2d{}), shapes: [][]int{{3, 2, 2, 1}}},
		{name: "Dropout3d", maps: "[(batch,) channels, depth, height, width] → the same", make: stateless(nn.Dropout3d{}), shapes: [][]int{{3, 2, 1, 1, 2}}},
		{name: "Dropout3d of one example", make: stateless(nn.Dropout3d{}), shapes: [][]int{{4, 1, 2, 1}}},
		{name: "AlphaDropout", maps: "[…] → […]", make: stateless(nn.AlphaDropout{}), shapes: square},
	}
}
