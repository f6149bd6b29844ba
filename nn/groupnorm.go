package nn

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// GroupNormConfig configures [NewGroupNorm]. The zero value is PyTorch's default.
type GroupNormConfig struct {
	Eps      float64        // added to the variance; 0 means 1e-5, None 0
	NoAffine bool           // leave weight and bias out
	DType    autograd.DType // Float32 by default
}

// GroupNorm normalizes groups of channels of each example by itself (Wu and He 2018):
//
//	y = (x − mean)/√(variance + eps)·weight + bias
//
// Its parameters are named "weight" and "bias".
type GroupNorm struct {
	Weight, Bias autograd.Variable // [channels]; zero Variables without them

	groups, channels int
	eps              float64
}

// NewGroupNorm is a GroupNorm with weight 1 and bias 0. It panics with
// [*autograd.ValueError] unless groups and channels are positive and the channels can be
// divided into groups.
func NewGroupNorm(groups, channels int, config GroupNormConfig) *GroupNorm {
	const op = "nn.NewGroupNorm"
	if groups < 1 || channels < 1 || channels%groups != 0 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d channels cannot be divided into %d groups", channels, groups)})
	}
	l := &GroupNorm{groups: groups, channels: channels, eps: number(op, "Eps", config.Eps, 1e-5)}
	if !config.NoAffine {
		l.Weight = autograd.Parameter(autograd.Ones(config.DType, channels))
		l.Bias = autograd.Parameter(autograd.Zeros(config.DType, channels))
	}
	return l
}

// Parts yields weight and bias.
func (l *GroupNorm) Parts() iter.Seq2[string, Part] {
	return Parts(Weight("weight", l.Weight), Weight("bias", l.Bias))
}

// Forward normalizes x [batch, channels, …]. It panics with [*autograd.ShapeError] if x
// has another number of channels.
func (l *GroupNorm) Forward(x autograd.Variable) autograd.Variable {
	defer in(l)
	if x.Rank() < 2 || x.Dim(1) != l.channels {
		panic(shapeError("nn.GroupNorm", fmt.Sprintf("expected [batch, %d, …]", l.channels), x))
	}
	return Hooked(l, autograd.GroupNorm(x, l.groups, l.Weight, l.Bias, l.eps))
}
