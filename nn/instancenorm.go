package nn

import (
	"fmt"

	"github.com/chainrule-go/chainrule/autograd"
)

// InstanceNormConfig configures instance normalization. The zero value is PyTorch's
// default.
type InstanceNormConfig struct {
	Eps      float64 // added to the variance; 0 means 1e-5, None 0
	Momentum float64 // share of a batch in the running statistics; 0 means 0.1, None 0

	Affine       bool           // with weight and bias
	RunningStats bool           // keep running statistics, and normalize by these in inference
	DType        autograd.DType // Float32 by default
}

// InstanceNorm is what [InstanceNorm1d], [InstanceNorm2d] and [InstanceNorm3d] have in
// common: each channel of each example is normalized over its positions (Ulyanov et al.
// 2016). Parameters and buffers are those of [BatchNorm]; running statistics are means of
// those of the examples, and as in PyTorch NumBatchesTracked stays 0.
type InstanceNorm struct{ BatchNorm }

func newInstanceNorm(op string, channels int, config InstanceNormConfig) InstanceNorm {
	return InstanceNorm{newBatchNorm(op, channels, BatchNormConfig{
		Eps: config.Eps, Momentum: config.Momentum, NoAffine: !config.Affine, NoRunningStats: !config.RunningStats, DType: config.DType,
	})}
}

// instances is the layer for x with so many axes after the channels, and the batch axis or
// not.
func (n *InstanceNorm) instances(op string, x autograd.Variable, axes int) autograd.Variable {
	rank := x.Rank()
	if rank < 1+axes || rank > 2+axes || x.Dim(-1-axes) != n.channels {
		panic(shapeError(op, fmt.Sprintf("expected [batch, %d, …] or [%d, …] with %d axes behind", n.channels, n.channels, axes), x))
	}
	if rank == 1+axes {
		return n.instances(op, x.Unsqueeze(0), axes).Squeeze(0)
	}
	training := x.Tape() != nil && x.Tape().Training()
	if !n.config.NoRunningStats && !training {
		return n.byRunningStats(x)
	}
	count := 1
	for axis := 2; axis < rank; axis++ {
		count *= x.Dim(axis)
	}
	if training && count == 1 {
		panic(shapeError(op, "expected more than one number for each channel in training", x))
	}
	weight, bias := n.affine(x)
	if !training || n.config.NoRunningStats || x.Size() == 0 {
		return autograd.GroupNorm(x, n.channels, weight, bias, n.config.Eps)
	}
	y, mean, variance := autograd.GroupNormStats(x, n.channels, weight, bias, n.config.Eps)
	n.average(x.Tape(), n.RunningMean, mean.Mean(0), n.config.Momentum, 1)
	n.average(x.Tape(), n.RunningVar, variance.Mean(0), n.config.Momentum, float64(count)/float64(count-1))
	return y
}

// InstanceNorm1d is instance normalization of [batch, channels, length] or [channels,
// length].
type InstanceNorm1d struct{ InstanceNorm }

// NewInstanceNorm1d is an InstanceNorm1d. It panics with [*autograd.ValueError] unless
// channels is positive and the numbers of config are in their range.
func NewInstanceNorm1d(channels int, config InstanceNormConfig) *InstanceNorm1d {
	return &InstanceNorm1d{newInstanceNorm("nn.NewInstanceNorm1d", channels, config)}
}

// Forward normalizes x. It panics with [*autograd.ShapeError] if x has another shape, or
// in training only one number for each channel.
func (n *InstanceNorm1d) Forward(x autograd.Variable) autograd.Variable {
	defer in(n)
	return Hooked(n, n.instances("nn.InstanceNorm1d", x, 1))
}

// InstanceNorm2d is instance normalization of [batch, channels, height, width] or
// [channels, height, width].
type InstanceNorm2d struct{ InstanceNorm }

// NewInstanceNorm2d is an InstanceNorm2d, like [NewInstanceNorm1d] otherwise.
func NewInstanceNorm2d(channels int, config InstanceNormConfig) *InstanceNorm2d {
	return &InstanceNorm2d{newInstanceNorm("nn.NewInstanceNorm2d", channels, config)}
}

// Forward normalizes x, as that of [InstanceNorm1d].
func (n *InstanceNorm2d) Forward(x autograd.Variable) autograd.Variable {
	defer in(n)
	return Hooked(n, n.instances("nn.InstanceNorm2d", x, 2))
}

// InstanceNorm3d is instance normalization of [batch, channels, depth, height, width] or
// [channels, depth, height, width].
type InstanceNorm3d struct{ InstanceNorm }

// NewInstanceNorm3d is an InstanceNorm3d, like [NewInstanceNorm1d] otherwise.
func NewInstanceNorm3d(channels int, config InstanceNormConfig) *InstanceNorm3d {
	return &InstanceNorm3d{newInstanceNorm("nn.NewInstanceNorm3d", channels, config)}
}

// Forward normalizes x, as that of [InstanceNorm1d].
func (n *InstanceNorm3d) Forward(x autograd.Variable) autograd.Variable {
	defer in(n)
	return Hooked(n, n.instances("nn.InstanceNorm3d", x, 3))
}
