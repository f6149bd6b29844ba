package nn_test

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/chainrule-go/chainrule/internal/reference"
	"github.com/chainrule-go/chainrule/nn"
)

// sizes is an option that is one number or a list of them; null stands for 0.
type sizes []int

// UnmarshalJSON reads a number or a list.
func (s *sizes) UnmarshalJSON(text []byte) error {
	if !bytes.HasPrefix(text, []byte("[")) {
		text = fmt.Appendf(nil, "[%s]", text)
	}
	return json.Unmarshal(text, (*[]int)(s))
}

// arguments decodes the constructor's arguments by position.
func arguments(c *reference.LayerCase, into ...any) {
	var list []json.RawMessage
	if err := json.Unmarshal(c.Args, &list); err != nil {
		panic(fmt.Sprintf("case %s: %v", c.Name, err))
	}
	for i, text := range list {
		if err := json.Unmarshal(text, into[i]); err != nil {
			panic(fmt.Sprintf("case %s: argument %d: %v", c.Name, i, err))
		}
	}
}

var padModes = map[string]nn.PadMode{
	"": nn.PadConstant, "zeros": nn.PadConstant, "reflect": nn.PadReflection, "replicate": nn.PadReplication, "circular": nn.PadCircular,
}

type convOptions struct {
	Stride, Dilation sizes
	Padding          json.RawMessage
	Groups           int
	Bias             *bool
	PaddingMode      string `json:"padding_mode"`
	OutputPadding    sizes  `json:"output_padding"`
}

func (o convOptions) config(c *reference.LayerCase) nn.ConvConfig {
	config := nn.ConvConfig{Stride: o.Stride, Dilation: o.Dilation, Groups: o.Groups, PadMode: padModes[o.PaddingMode], NoBias: !isSet(o.Bias, true), DType: double}
	if config.Same = string(o.Padding) == `"same"`; !config.Same && o.Padding != nil {
		config.Padding = decoded[sizes](c, o.Padding)
	}
	return config
}

// convOf makes a convolution by its constructor.
func convOf(build func(in, out int, kernel []int, o convOptions, config nn.ConvConfig) nn.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		var in, out int
		var kernel sizes
		arguments(c, &in, &out, &kernel)
		options := decoded[convOptions](c, c.Options)
		return forward(build(in, out, kernel, options, options.config(c)))
	}
}

func padOf(mode nn.PadMode) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		var widths sizes
		arguments(c, &widths)
		layer := nn.Pad{Mode: mode, Value: decoded[struct{ Value float64 }](c, c.Options).Value}
		for i := len(widths) - 2; i >= 0; i -= 2 { // the last axis comes first
			layer.Widths = append(layer.Widths, [2]int{widths[i], widths[i+1]})
		}
		return forward(layer)
	}
}

type normOptions struct {
	Eps      float64
	Momentum float64
	Affine   *bool
	Track    bool  `json:"track_running_stats"`
	Each     *bool `json:"elementwise_affine"`
}

func instanceNormOf(build func(channels int, config nn.InstanceNormConfig) nn.Layer) constructor {
	return func(c *reference.LayerCase) *reference.Layer {
		o := decoded[normOptions](c, c.Options)
		return forward(build(decoded[[1]int](c, c.Args)[0], nn.InstanceNormConfig{Eps: o.Eps, Momentum: o.Momentum, Affine: isSet(o.Affine, false), RunningStats: o.Track, DType: double}))
	}
}

func referenceLocalResponseNorm(c *reference.LayerCase) *reference.Layer {
	o := decoded[struct {
		Size           int
		Alpha, Beta, K *float64
	}](c, c.Options)
	return forward(nn.LocalResponseNorm{Size: o.Size, Alpha: orNone(o.Alpha), Beta: orNone(o.Beta), K: orNone(o.K)})
}

var referenceImages = map[string]constructor{
	"LayerNorm": func(c *reference.LayerCase) *reference.Layer {
		o := decoded[normOptions](c, c.Options)
		return forward(nn.NewLayerNorm(decoded[[1]sizes](c, c.Args)[0], nn.LayerNormConfig{Eps: o.Eps, NoAffine: !isSet(o.Each, true), DType: double}))
	},
	"GroupNorm": func(c *reference.LayerCase) *reference.Layer {
		o, args := decoded[normOptions](c, c.Options), decoded[[2]int](c, c.Args)
		return forward(nn.NewGroupNorm(args[0], args[1], nn.GroupNormConfig{Eps: o.Eps, NoAffine: !isSet(o.Affine, true), DType: double}))
	},
	"InstanceNorm1d":    instanceNormOf(func(n int, config nn.InstanceNormConfig) nn.Layer { return nn.NewInstanceNorm1d(n, config) }),
	"InstanceNorm2d":    instanceNormOf(func(n int, config nn.InstanceNormConfig) nn.Layer { return nn.NewInstanceNorm2d(n, config) }),
	"InstanceNorm3d":    instanceNormOf(func(n int, config nn.InstanceNormConfig) nn.Layer { return nn.NewInstanceNorm3d(n, config) }),
	"LocalResponseNorm": referenceLocalResponseNorm, "CrossMapLRN2d": referenceLocalResponseNorm,
	"Conv1d": convOf(func(in, out int, kernel []int, _ convOptions, config nn.ConvConfig) nn.Layer {
		return nn.NewConv1d(newRand(1), in, out, kernel, config)
	}),
	"Conv2d": convOf(func(in, out int, kernel []int, _ convOptions, config nn.ConvConfig) nn.Layer {
		return nn.NewConv2d(newRand(1), in, out, kernel, config)
	}),
	"Conv3d": convOf(func(in, out int, kernel []int, _ convOptions, config nn.ConvConfig) nn.Layer {
		return nn.NewConv3d(newRand(1), in, out, kernel, config)
	}),
	"ZeroPad2d":        padOf(nn.PadConstant),
	"ConstantPad1d":    padOf(nn.PadConstant),
	"ConstantPad2d":    padOf(nn.PadConstant),
	"ConstantPad3d":    padOf(nn.PadConstant),
	"ReflectionPad1d":  padOf(nn.PadReflection),
	"ReflectionPad2d":  padOf(nn.PadReflection),
	"ReplicationPad1d": padOf(nn.PadReplication),
	"ReplicationPad2d": padOf(nn.PadReplication),
	"ReplicationPad3d": padOf(nn.PadReplication),
}
