package nn_test

import (
	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

// plain is a layer without options or state.
func plain(l nn.Layer) constructor {
	return func(*reference.LayerCase) *reference.Layer { return forward(l) }
}

// withOptions makes a layer of one array from the options of a case.
func withOptions[T any](build func(options T) nn.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		layer := build(decoded[T](c, c.Options))
		if layer == nil {
			return nil
		}
		return forward(layer)
	}
}

// pairOf is a layer of two arrays.
func pairOf(m interface {
	nn.Module
	ForwardPair(a, b v) v
}) *reference.Layer {
	return referenceLayer(m, func(_ *autograd.Tape, xs []v) []v { return []v{m.ForwardPair(xs[0], xs[1])} })
}

// orNone is a number that is an option: absent means the default, 0 is None.
func orNone(x *float64) float64 {
	switch {
	case x == nil:
		return 0
	case *x == 0:
		return nn.None
	}
	return *x
}

type alphaOption struct{ Alpha *float64 }
type lambdaOption struct{ Lambd *float64 }
type axisOption struct{ Dim *int }

// axis is the axis that an option says; 0 cannot be given but from the end.
func (o axisOption) axis(c *reference.LayerCase) int {
	switch {
	case o.Dim == nil:
		return 0
	case *o.Dim == 0:
		return -len(c.Inputs[0].Shape)
	}
	return *o.Dim
}

func alongAxis(build func(axis int) nn.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		return forward(build(decoded[axisOption](c, c.Options).axis(c)))
	}
}

var referenceActivations = map[string]constructor{
	"ReLU":        plain(nn.ReLU{}),
	"ReLU6":       plain(nn.ReLU6{}),
	"Sigmoid":     plain(nn.Sigmoid{}),
	"LogSigmoid":  plain(nn.LogSigmoid{}),
	"Hardsigmoid": plain(nn.Hardsigmoid{}),
	"Hardswish":   plain(nn.Hardswish{}),
	"Tanh":        plain(nn.Tanh{}),
	"Tanhshrink":  plain(nn.Tanhshrink{}),
	"SELU":        plain(nn.SELU{}),
	"SiLU":        plain(nn.SiLU{}),
	"Mish":        plain(nn.Mish{}),
	"Softsign":    plain(nn.Softsign{}),
	"Softmax2d":   plain(nn.Softmax2d{}),
	"Hardtanh":    withOptions(func(struct{}) nn.Layer { return nn.Hardtanh{} }),
	"Hardshrink":  withOptions(func(o lambdaOption) nn.Layer { return nn.Hardshrink{Lambda: orNone(o.Lambd)} }),
	"Softshrink":  withOptions(func(o lambdaOption) nn.Layer { return nn.Softshrink{Lambda: orNone(o.Lambd)} }),
	"ELU":         withOptions(func(o alphaOption) nn.Layer { return nn.ELU{Alpha: orNone(o.Alpha)} }),
	"CELU":        withOptions(func(o alphaOption) nn.Layer { return nn.CELU{Alpha: orNone(o.Alpha)} }),
	"Threshold": withOptions(func(o struct{ Threshold, Value float64 }) nn.Layer {
		return nn.Threshold{Threshold: o.Threshold, Value: o.Value}
	}),
	"LeakyReLU": withOptions(func(o struct {
		Slope *float64 `json:"negative_slope"`
	}) nn.Layer {
		return nn.LeakyReLU{Slope: orNone(o.Slope)}
	}),
	"RReLU": withOptions(func(o struct{ Lower, Upper *float64 }) nn.Layer {
		return nn.RReLU{Lower: orNone(o.Lower), Upper: orNone(o.Upper)}
	}),
	"GELU": withOptions(func(o struct{ Approximate string }) nn.Layer { return nn.GELU{Tanh: o.Approximate == "tanh"} }),
	"Softplus": withOptions(func(o struct{ Beta, Threshold *float64 }) nn.Layer {
		return nn.Softplus{Beta: orNone(o.Beta), Threshold: orNone(o.Threshold)}
	}),
	"Softmax":    alongAxis(func(axis int) nn.Layer { return nn.Softmax{Axis: axis} }),
	"LogSoftmax": alongAxis(func(axis int) nn.Layer { return nn.LogSoftmax{Axis: axis} }),
	"Softmin":    alongAxis(func(axis int) nn.Layer { return nn.Softmin{Axis: axis} }),
	"GLU":        alongAxis(func(axis int) nn.Layer { return nn.GLU{Axis: axis} }),
	"Flatten": withOptions(func(o struct {
		Start int `json:"start_dim"`
		End   int `json:"end_dim"`
	}) nn.Layer {
		return nn.Flatten{Start: o.Start, End: o.End}
	}),
	"PReLU": func(c *reference.LayerCase) *reference.Layer {
		options := decoded[struct {
			Channels int `json:"num_parameters"`
		}](c, c.Options)
		if args := decoded[[]int](c, c.Args); len(args) > 0 {
			options.Channels = args[0]
		}
		return forward(nn.NewPReLU(nn.PReLUConfig{Channels: options.Channels, DType: double}))
	},
	"PairwiseDistance": func(c *reference.LayerCase) *reference.Layer {
		decoded[struct{}](c, c.Options)
		return pairOf(nn.PairwiseDistance{})
	},
	"Bilinear": func(c *reference.LayerCase) *reference.Layer {
		options, sizes := decoded[struct{ Bias *bool }](c, c.Options), decoded[[3]int](c, c.Args)
		return pairOf(nn.NewBilinear(newRand(1), sizes[0], sizes[1], sizes[2], nn.BilinearConfig{NoBias: !isSet(options.Bias, true), DType: double}))
	},
}
