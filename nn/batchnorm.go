package nn

import (
	"fmt"
	"iter"

	"github.com/chainrule-go/chainrule/autograd"
)

// BatchNormConfig configures batch normalization. The zero value is PyTorch's default.
type BatchNormConfig struct {
	Eps      float64 // added to the variance; 0 means 1e-5, None 0
	Momentum float64 // share of a batch in the running statistics; 0 means 0.1, None 0

	// Cumulative makes the running statistics those of all batches so far, each with the
	// same weight, in place of Momentum. PyTorch has it as momentum None.
	Cumulative bool

	NoAffine       bool           // leave weight and bias out
	NoRunningStats bool           // normalize by the batch in inference too, and keep no statistics
	DType          autograd.DType // Float32 by default
}

// BatchNorm is what [BatchNorm1d], [BatchNorm2d] and [BatchNorm3d] have in common: each
// channel is normalized over the examples and all positions,
//
//	y = (x − mean)/√(variance + eps)·weight + bias
//
// in training by mean and variance of the batch, and in inference by running averages of
// these (Ioffe and Szegedy 2015). The variance that normalizes is the mean of squared
// deviations; the running one is corrected by n/(n−1).
//
// The running averages move when the tape is committed ([autograd.Tape.Commit]), which
// trainers do after a step that was made, and loops of one's own must do.
type BatchNorm struct {
	Weight, Bias            autograd.Variable // [channels]; zero Variables without them
	RunningMean, RunningVar autograd.Variable // [channels], buffers; zero Variables without them
	NumBatchesTracked       int64             // how many batches the running statistics have seen

	config   BatchNormConfig
	channels int
}

func newBatchNorm(op string, channels int, config BatchNormConfig) BatchNorm {
	if channels < 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("%d channels: expected a positive number", channels)})
	}
	config.Eps = number(op, "Eps", config.Eps, 1e-5)
	config.Momentum = number(op, "Momentum", config.Momentum, 0.1)
	if config.Momentum > 1 {
		panic(&autograd.ValueError{Op: op, Reason: fmt.Sprintf("Momentum is %v, expected a number from 0 to 1", config.Momentum)})
	}
	b := BatchNorm{config: config, channels: channels}
	if !config.NoAffine {
		b.Weight = autograd.Parameter(autograd.Ones(config.DType, channels))
		b.Bias = autograd.Parameter(autograd.Zeros(config.DType, channels))
	}
	if !config.NoRunningStats {
		b.RunningMean = autograd.Zeros(config.DType, channels)
		b.RunningVar = autograd.Ones(config.DType, channels)
	}
	return b
}

// Parts yields weight, bias, running_mean, running_var and num_batches_tracked, as far as
// they are there.
func (b *BatchNorm) Parts() iter.Seq2[string, Part] {
	counter := NamedPart{}
	if !b.config.NoRunningStats {
		counter = Counter("num_batches_tracked", &b.NumBatchesTracked)
	}
	return Parts(Weight("weight", b.Weight), Weight("bias", b.Bias),
		Buffer("running_mean", b.RunningMean), Buffer("running_var", b.RunningVar), counter)
}

// normalize is the layer for x of rank at least low and at most high.
func (b *BatchNorm) normalize(op string, x autograd.Variable, low, high int) autograd.Variable {
	rank := x.Rank()
	if rank < low || rank > high || x.Dim(1) != b.channels {
		panic(shapeError(op, fmt.Sprintf("expected [batch, %d, …] with %d to %d axes", b.channels, low, high), x))
	}
	training := x.Tape() != nil && x.Tape().Training()
	if !b.config.NoRunningStats && !training {
		return b.byRunningStats(x)
	}
	count := x.Size() / max(1, x.Dim(1))
	if training && count == 1 {
		panic(shapeError(op, "expected more than one number for each channel in training", x))
	}
	weight, bias := b.affine(x)
	if !training || b.config.NoRunningStats {
		return autograd.BatchNorm(x, weight, bias, autograd.BatchNormConfig{Eps: b.config.Eps})
	}
	y, mean, variance := autograd.BatchNormStats(x, weight, bias, b.config.Eps)
	if count == 0 { // there is nothing to learn from
		x.Tape().AssignCounter(&b.NumBatchesTracked, x.Tape().CurrentCounter(&b.NumBatchesTracked)+1)
		return y
	}
	b.track(x.Tape(), count, mean, variance)
	return y
}

// byRunningStats normalizes x by the running statistics.
func (b *BatchNorm) byRunningStats(x autograd.Variable) autograd.Variable {
	weight, bias := b.affine(x)
	return autograd.BatchNorm(x, weight, bias, autograd.BatchNormConfig{
		Eps: b.config.Eps, Mean: current(x, b.RunningMean), Var: current(x, b.RunningVar),
	})
}

// affine is weight and bias on x's tape, zero Variables without them.
func (b *BatchNorm) affine(x autograd.Variable) (weight, bias autograd.Variable) {
	if b.config.NoAffine {
		return autograd.Variable{}, autograd.Variable{}
	}
	return watched(x, b.Weight), watched(x, b.Bias)
}

// track takes a batch of so many numbers for each channel into the running statistics.
func (b *BatchNorm) track(tape *autograd.Tape, count int, mean, variance autograd.Variable) {
	batches := tape.CurrentCounter(&b.NumBatchesTracked) + 1
	tape.AssignCounter(&b.NumBatchesTracked, batches)
	share := b.config.Momentum
	if b.config.Cumulative {
		share = 1 / float64(batches)
	}
	b.average(tape, b.RunningMean, mean, share, 1)
	b.average(tape, b.RunningVar, variance, share, float64(count)/float64(count-1))
}

// average moves a running statistic towards factor times what there is now.
func (b *BatchNorm) average(tape *autograd.Tape, running, now autograd.Variable, share, factor float64) {
	tape.Assign(running, tape.Current(running).MulScalar(1-share).Add(now.MulScalar(share*factor)))
}

// BatchNorm1d is batch normalization of [batch, channels] or [batch, channels, length].
type BatchNorm1d struct{ BatchNorm }

// NewBatchNorm1d is a BatchNorm1d with weight 1 and bias 0. It panics with
// [*autograd.ValueError] unless channels is positive and the numbers of config are in
// their range.
func NewBatchNorm1d(channels int, config BatchNormConfig) *BatchNorm1d {
	return &BatchNorm1d{newBatchNorm("nn.NewBatchNorm1d", channels, config)}
}

// Forward normalizes x. It panics with [*autograd.ShapeError] if x has another shape, or
// in training only one number for each channel.
func (b *BatchNorm1d) Forward(x autograd.Variable) autograd.Variable {
	defer in(b)
	return Hooked(b, b.normalize("nn.BatchNorm1d", x, 2, 3))
}

// BatchNorm2d is batch normalization of [batch, channels, height, width].
type BatchNorm2d struct{ BatchNorm }

// NewBatchNorm2d is a BatchNorm2d, like [NewBatchNorm1d] otherwise.
func NewBatchNorm2d(channels int, config BatchNormConfig) *BatchNorm2d {
	return &BatchNorm2d{newBatchNorm("nn.NewBatchNorm2d", channels, config)}
}

// Forward normalizes x, as that of [BatchNorm1d].
func (b *BatchNorm2d) Forward(x autograd.Variable) autograd.Variable {
	defer in(b)
	return Hooked(b, b.normalize("nn.BatchNorm2d", x, 4, 4))
}

// BatchNorm3d is batch normalization of [batch, channels, depth, height, width].
type BatchNorm3d struct{ BatchNorm }

// NewBatchNorm3d is a BatchNorm3d, like [NewBatchNorm1d] otherwise.
func NewBatchNorm3d(channels int, config BatchNormConfig) *BatchNorm3d {
	return &BatchNorm3d{newBatchNorm("nn.NewBatchNorm3d", channels, config)}
}

// Forward normalizes x, as that of [BatchNorm1d].
func (b *BatchNorm3d) Forward(x autograd.Variable) autograd.Variable {
	defer in(b)
	return Hooked(b, b.normalize("nn.BatchNorm3d", x, 5, 5))
}
