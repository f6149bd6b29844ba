package nn

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// PReLUConfig configures [NewPReLU]. The zero value is one slope of ¼ for all channels.
type PReLUConfig struct {
	Channels int            // slopes, one for each channel; 0 means one for all
	Init     float64        // the slopes at first; 0 means 0.25, None 0
	DType    autograd.DType // Float32 by default
}

// PReLU is x for x > 0 and slope·x elsewhere, where slopes are trained (He et al. 2015).
// Its parameter is named "weight".
type PReLU struct {
	Weight autograd.Variable // [1] or [channels]
}

// NewPReLU is a PReLU. It panics with [*autograd.ValueError] if Channels is negative or
// Init is no finite number ≥ 0.
func NewPReLU(config PReLUConfig) *PReLU {
	const op = "nn.NewPReLU"
	slope, channels := number(op, "Init", config.Init, 0.25), orDefaultInt(config.Channels, 1)
	if channels < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d channels: expected a positive number", channels)})
	}
	return &PReLU{autograd.Parameter(autograd.Full(config.DType, slope, channels))}
}

// Parts yields weight.
func (l *PReLU) Parts() iter.Seq2[string, Part] { return Parts(Weight("weight", l.Weight)) }

// Forward is x for x > 0 and slope·x elsewhere, of any shape; with a slope for each
// channel x is [batch, channels, …]. It panics with [*autograd.ShapeError] if x has
// another number of channels.
func (l *PReLU) Forward(x autograd.Variable) autograd.Variable {
	defer in(l)
	slope := watched(x, l.Weight)
	switch {
	case slope.Size() == 1:
		slope = slope.Reshape()
	case x.Rank() < 2 || x.Dim(1) != slope.Size():
		panic(shapeError("nn.PReLU", fmt.Sprintf("expected [batch, %d, …]", slope.Size()), x))
	default:
		for range x.Rank() - 2 {
			slope = slope.Unsqueeze(-1)
		}
	}
	return Hooked(l, x.ReLU().Sub(x.Neg().ReLU().Mul(slope)))
}
