package nn_test

import (
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// What is put around a layer does not change its results at first, or divides its weight by
// the greatest singular value, which the power method finds.
func TestWeightAndSpectralNorm(t *testing.T) {
	x := autograd.Normal(newRand(2), double, 0, 1, 2, 3, 6, 6)
	conv := nn.NewConv2d(newRand(1), 3, 4, []int{3}, nn.ConvConfig{DType: double})
	want := conv.Forward(x)
	for _, config := range []nn.WeightNormConfig{{}, {Axis: 2}, {Axis: -1}, {Whole: true}} {
		if diff := cmp.Diff(want.Floats(), nn.NewWeightNorm(conv, config).Forward(x).Floats(), closely); diff != "" {
			t.Errorf("%+v (-before +after):\n%s", config, diff)
		}
	}
	n := nn.NewSpectralNorm(newRand(3), conv, nn.SpectralNormConfig{})
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	for range 200 {
		tape.Reset()
		n.Forward(tape.Const(x))
		tape.Commit()
	}
	sigma := conv.Weight.Detach().Flatten(1).SVDVals().At(0)
	bias := conv.Bias.Detach().Reshape(4, 1, 1)
	if diff := cmp.Diff(want.Detach().Sub(bias).DivScalar(sigma).Add(bias).Floats(), n.Forward(x).Floats(), cmpopts.EquateApprox(1e-9, 0)); diff != "" {
		t.Errorf("(-divided by the greatest singular value +got):\n%s", diff)
	}
}

// A layer that is called twice in a step moves its singular vectors twice, and a step that is
// not committed not at all.
func TestSpectralNormInAStep(t *testing.T) {
	x := autograd.Normal(newRand(2), double, 0, 1, 2, 3)
	build := func() *nn.SpectralNorm {
		return nn.NewSpectralNorm(newRand(3), nn.NewLinear(newRand(1), 3, 4, nn.LinearConfig{DType: double}), nn.SpectralNormConfig{})
	}
	twice, steps := build(), build()
	start := twice.U.Floats()
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	twice.Forward(tape.Const(x))
	twice.Forward(tape.Const(x))
	if !cmp.Equal(start, twice.U.Floats()) {
		t.Error("the vectors move before the step is made")
	}
	tape.Commit()
	for range 2 {
		tape.Reset()
		steps.Forward(tape.Const(x))
		tape.Commit()
	}
	if diff := cmp.Diff(steps.U.Floats(), twice.U.Floats()); diff != "" {
		t.Errorf("(-two steps +twice in one):\n%s", diff)
	}
	if norm := twice.V.Norm().Item(); math.Abs(norm-1) > 1e-12 {
		t.Errorf("the length of v is %v", norm)
	}
}

// ownLinear is a layer of one's own that can be put into a WeightNorm.
type ownLinear struct{ nn.Linear }

func (l *ownLinear) ForwardWith(x, weight autograd.Variable) autograd.Variable {
	return autograd.Linear(x, weight, l.Bias)
}

func TestWeightNormOfOnesOwn(t *testing.T) {
	own := &ownLinear{*nn.NewLinear(newRand(1), 3, 2, nn.LinearConfig{DType: double})}
	x := autograd.Ones(double, 1, 3)
	if diff := cmp.Diff(own.Forward(x).Floats(), nn.NewWeightNorm(own, nn.WeightNormConfig{}).Forward(x).Floats(), closely); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

func TestWrappersRefuse(t *testing.T) {
	linear := nn.NewLinear(newRand(1), 3, 2, nn.LinearConfig{DType: double})
	expectValueError(t, "NewWeightNorm", func() { nn.NewWeightNorm(nil, nn.WeightNormConfig{}) })
	expectValueError(t, "NewSpectralNorm", func() { nn.NewSpectralNorm(newRand(1), (*nn.Linear)(nil), nn.SpectralNormConfig{}) })
	expectValueError(t, "NewSpectralNorm", func() { nn.NewSpectralNorm(newRand(1), linear, nn.SpectralNormConfig{Iterations: -1}) })
	expectValueError(t, "NewWeightNorm", func() { nn.NewWeightNorm(&weightless{}, nn.WeightNormConfig{}) })
	var axisError *autograd.AxisError
	if err := autograd.Try(func() { nn.NewWeightNorm(linear, nn.WeightNormConfig{Axis: 2}) }); !errors.As(err, &axisError) {
		t.Errorf("axis 2 of a matrix: got %v, want an AxisError", err)
	}
	var shapeError *autograd.ShapeError
	if err := autograd.Try(func() { (&nn.Residual{Inner: linear}).Forward(autograd.Ones(double, 2, 3)) }); !errors.As(err, &shapeError) {
		t.Errorf("a shortcut around a layer that changes the shape: got %v, want a ShapeError", err)
	}
}

// weightless is a layer without a weight.
type weightless struct{ nn.Tanh }

func (l *weightless) ForwardWith(x, _ autograd.Variable) autograd.Variable { return l.Forward(x) }
