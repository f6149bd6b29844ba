package nn_test

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

// inside is the layer that a case puts something around: its type and sizes are the arguments.
func inside(c *reference.LayerCase) nn.Reweighted {
	var list []json.RawMessage
	if err := json.Unmarshal(c.Args, &list); err != nil {
		panic(fmt.Sprintf("case %s: %v", c.Name, err))
	}
	var sizes []int
	for _, text := range list[1:] {
		sizes = append(sizes, decoded[int](c, text))
	}
	switch name := decoded[string](c, list[0]); name {
	case "Linear":
		return nn.NewLinear(newRand(1), sizes[0], sizes[1], nn.LinearConfig{DType: double})
	case "Conv2d":
		return nn.NewConv2d(newRand(1), sizes[0], sizes[1], sizes[2:], nn.ConvConfig{DType: double})
	case "ConvTranspose1d":
		return nn.NewConvTranspose1d(newRand(1), sizes[0], sizes[1], sizes[2:], nn.ConvTransposeConfig{DType: double})
	default:
		panic(fmt.Sprintf("case %s: there is no %s", c.Name, name))
	}
}

var referenceWrappers = map[string]constructor{
	"WeightNorm": func(c *reference.LayerCase) *reference.Layer {
		var config nn.WeightNormConfig
		if o := decoded[struct{ Dim json.RawMessage }](c, c.Options); o.Dim != nil {
			axis := decoded[*int](c, o.Dim)
			if config.Whole = axis == nil; axis != nil {
				config.Axis = *axis
			}
		}
		return forward(nn.NewWeightNorm(inside(c), config))
	},
	"SpectralNorm": func(c *reference.LayerCase) *reference.Layer {
		o := decoded[struct {
			Dim        *int
			Iterations int `json:"n_power_iterations"`
		}](c, c.Options)
		config := nn.SpectralNormConfig{Iterations: o.Iterations}
		switch {
		case o.Dim != nil:
			config.Axis = *o.Dim
		case bytes.Contains(c.Args, []byte("ConvTranspose")):
			config.Axis = 1 // PyTorch's default for these
		}
		return forward(nn.NewSpectralNorm(newRand(1), inside(c), config))
	},
}
