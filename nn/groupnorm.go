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
	return autograd.GroupNorm(x, l.groups, l.Weight, l.Bias, l.eps)
}

// LocalResponseNorm divides each element by what is at the same place in the channels
// around it (Krizhevsky et al. 2012):
//
//	y = x/(k + α/size·Σx²)^β
//
// with the sum over size channels, those outside counting as 0.
type LocalResponseNorm struct {
	NoParts
	Size  int     // channels in the sum, of which size/2 lie before; positive
	Alpha float64 // α; 0 means 1e-4, None 0
	Beta  float64 // β; 0 means 0.75, None 0
	K     float64 // k; 0 means 1, None 0
}

// Forward normalizes x [batch, channels, …]. It panics with [*autograd.ShapeError] if x
// has fewer than three axes, and with [*autograd.ValueError] if Size is not positive, or
// another number is negative or not finite.
func (l LocalResponseNorm) Forward(x autograd.Variable) autograd.Variable {
	const op = "nn.LocalResponseNorm"
	alpha, beta, k := number(op, "Alpha", l.Alpha, 1e-4), number(op, "Beta", l.Beta, 0.75), number(op, "K", l.K, 1)
	if l.Size < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Size is %d, expected a positive number", l.Size)})
	}
	if x.Rank() < 3 {
		panic(shapeError(op, "expected [batch, channels, …]", x))
	}
	widths := make([][2]int, x.Rank())
	widths[1] = [2]int{l.Size / 2, (l.Size - 1) / 2}
	squares, channels := x.Square().Pad(0, widths...), x.Dim(1)
	sum := squares.Slice(1, 0, channels)
	for i := 1; i < l.Size; i++ {
		sum = sum.Add(squares.Slice(1, i, i+channels))
	}
	return x.Mul(sum.MulScalar(alpha / float64(l.Size)).AddScalar(k).PowScalar(-beta))
}
