package nn_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// In training each channel has mean 0 and variance 1, and the running statistics move by
// the momentum towards those of the batch; in inference they normalize.
func TestBatchNormStatistics(t *testing.T) {
	b := nn.NewBatchNorm2d(2, nn.BatchNormConfig{DType: double, Eps: nn.None, Momentum: 0.25})
	x := autograd.Normal(newRand(1), double, 3, 2, 4, 2, 3, 5)
	mean, variance := x.Mean(0, 2, 3).Floats(), x.VarWith(1, 0, 2, 3).Floats()
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	y := b.Forward(tape.Const(x))
	for i, m := range y.Mean(0, 2, 3).Floats() {
		if v := y.VarWith(0, 0, 2, 3).Floats()[i]; math.Abs(m) > 1e-14 || math.Abs(v-1) > 1e-14 {
			t.Errorf("channel %d has mean %v and variance %v", i, m, v)
		}
	}
	if b.NumBatchesTracked != 0 || b.RunningMean.Floats()[0] != 0 {
		t.Error("the statistics moved before the step was committed")
	}
	tape.Commit()
	for i := range mean {
		want := []float64{0.25 * mean[i], 0.75 + 0.25*variance[i]}
		got := []float64{b.RunningMean.Floats()[i], b.RunningVar.Floats()[i]}
		if diff := cmp.Diff(want, got, closely); diff != "" {
			t.Errorf("channel %d (-want +got):\n%s", i, diff)
		}
	}
	tape.SetTraining(false)
	one := b.Forward(x.Slice(0, 0, 1)).At(0, 1, 2, 3) // off any tape
	want := (x.At(0, 1, 2, 3) - b.RunningMean.Floats()[1]) / math.Sqrt(b.RunningVar.Floats()[1])
	if math.Abs(one-want) > 1e-13 || b.NumBatchesTracked != 1 {
		t.Errorf("in inference %v, want %v; %d batches", one, want, b.NumBatchesTracked)
	}
}

// A layer that is used twice in a step sees its own first update; what a checkpointed
// segment computes again does not count.
func TestBatchNormTwiceInAStep(t *testing.T) {
	first, second := autograd.Normal(newRand(1), double, 3, 2, 6, 2), autograd.Normal(newRand(2), double, -1, 1, 4, 2)
	build := func() *nn.BatchNorm1d {
		return nn.NewBatchNorm1d(2, nn.BatchNormConfig{DType: double, Cumulative: true})
	}
	apart := build()
	for _, x := range []v{first, second} {
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		apart.Forward(tape.Const(x))
		tape.Commit()
	}
	for name, forward := range map[string]func(b *nn.BatchNorm1d, x v) v{
		"plain": (*nn.BatchNorm1d).Forward,
		"checkpoint": func(b *nn.BatchNorm1d, x v) v {
			return autograd.Checkpoint(func(xs []v) v { return b.Forward(xs[0]) }, x)
		},
	} {
		together := build()
		tape := autograd.NewTape(autograd.TapeConfig{Training: true})
		y := forward(together, tape.Watch(first)).Square().Sum().Add(forward(together, tape.Watch(second)).Sum())
		y.Backward()
		tape.Commit()
		if diff := cmp.Diff(bitsOf(apart), bitsOf(together)); diff != "" {
			t.Errorf("%s (-two steps +one step):\n%s", name, diff)
		}
	}
}

func TestBatchNormRefuses(t *testing.T) {
	b := nn.NewBatchNorm1d(3, nn.BatchNormConfig{})
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	for name, shape := range map[string][]int{
		"one number for each channel": {1, 3}, "an image": {2, 3, 4, 4}, "other channels": {4, 2}, "no channels": {4},
	} {
		var shapeError *autograd.ShapeError
		if err := autograd.Try(func() { b.Forward(tape.Const(autograd.Ones(autograd.Float32, shape...))) }); !errors.As(err, &shapeError) {
			t.Errorf("%s: got %v, want a ShapeError", name, err)
		}
	}
	tape.Commit()
	if b.NumBatchesTracked != 0 {
		t.Error("what was refused was counted")
	}
	expectValueError(t, "NewBatchNorm2d", func() { nn.NewBatchNorm2d(0, nn.BatchNormConfig{}) })
	expectValueError(t, "NewBatchNorm3d", func() { nn.NewBatchNorm3d(1, nn.BatchNormConfig{Momentum: 1.5}) })
}

// The weights of an empty batch have a gradient of 0, and the statistics stay.
func TestBatchNormOfNothing(t *testing.T) {
	b := nn.NewBatchNorm1d(3, nn.BatchNormConfig{DType: double})
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	y := b.Forward(tape.Const(autograd.Zeros(double, 0, 3)))
	grad := y.Sum().Backward().Of(b.Weight)
	tape.Commit()
	zeros := []float64{0, 0, 0}
	if !cmp.Equal(zeros, grad.Floats()) || !cmp.Equal(zeros, b.RunningMean.Floats()) || b.NumBatchesTracked != 1 {
		t.Errorf("gradient %v, mean %v, %d batches", grad, b.RunningMean, b.NumBatchesTracked)
	}
}
