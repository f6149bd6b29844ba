package nn_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// A padded batch gives what the single sequences give, in outputs, states and gradients,
// and padding is worth nothing.
func TestLSTMLengths(t *testing.T) {
	l := nn.NewLSTM(newRand(1), 3, 2, nn.LSTMConfig{Layers: 2, Bidirectional: true, DType: double})
	lengths := []int{4, 1, 3, 0}
	x := autograd.Normal(newRand(2), double, 0, 1, 4, 5, 3)
	tape := autograd.NewTape(autograd.TapeConfig{})
	padded := tape.Watch(x)
	y, state := l.Run(padded, nn.LSTMInput{Lengths: lengths})
	grads := y.Square().Sum().Add(state.H.Sum()).Add(state.C.Sum()).Backward()
	for i, length := range lengths {
		rows := func(v v) []float64 { return v.Slice(0, i, i+1).Floats() }
		outputs, inputGrads := rows(y), rows(grads.Of(padded))
		for _, zero := range [][]float64{outputs[4*length:], inputGrads[3*length:]} {
			for _, number := range zero {
				if number != 0 {
					t.Errorf("sequence %d: padding has %v", i, number)
				}
			}
		}
		if length == 0 {
			continue
		}
		alone := autograd.NewTape(autograd.TapeConfig{})
		single := alone.Watch(x.Slice(0, i, i+1).Slice(1, 0, length))
		want, end := l.Run(single, nn.LSTMInput{})
		wantGrads := want.Square().Sum().Add(end.H.Sum()).Add(end.C.Sum()).Backward()
		for _, pair := range []struct {
			what      string
			want, got []float64
		}{
			{"outputs", want.Floats(), outputs[:4*length]},
			{"hidden state", end.H.Floats(), state.H.Slice(1, i, i+1).Floats()},
			{"cell state", end.C.Floats(), state.C.Slice(1, i, i+1).Floats()},
			{"gradient", wantGrads.Of(single).Floats(), inputGrads[:3*length]},
		} {
			if diff := cmp.Diff(pair.want, pair.got, closely); diff != "" {
				t.Errorf("sequence %d, %s (-alone +padded):\n%s", i, pair.what, diff)
			}
		}
	}
}

// A sequence in two pieces, the state carried over as a detached copy, gives what the
// whole gives.
func TestLSTMStateIsCarried(t *testing.T) {
	l := nn.NewLSTM(newRand(1), 3, 2, nn.LSTMConfig{Layers: 2, TimeFirst: true, DType: double})
	x := autograd.Normal(newRand(2), double, 0, 1, 5, 2, 3)
	want, end := l.Run(x, nn.LSTMInput{})
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	var state nn.LSTMState
	var got []float64
	for _, piece := range []v{x.Slice(0, 0, 2), x.Slice(0, 2, 5)} {
		y, next := l.Run(tape.Const(piece), nn.LSTMInput{State: state})
		got = append(got, y.Floats()...)
		state = nn.LSTMState{H: next.H.Clone(), C: next.C.Clone()}
		tape.Reset()
	}
	if diff := cmp.Diff(want.Floats(), got, closely); diff != "" {
		t.Errorf("outputs (-whole +pieces):\n%s", diff)
	}
	if diff := cmp.Diff(end.C.Floats(), state.C.Floats(), closely); diff != "" {
		t.Errorf("the state at the end (-whole +pieces):\n%s", diff)
	}
	// A state of a step that is over is a mistake, not a state of zeros.
	_, stale := l.Run(tape.Const(x), nn.LSTMInput{})
	tape.Reset()
	var tapeError *autograd.TapeError
	if err := autograd.Try(func() { l.Run(tape.Const(x), nn.LSTMInput{State: stale}) }); !errors.As(err, &tapeError) {
		t.Errorf("a stale state: got %v, want a TapeError", err)
	}
}

func TestLSTMRefuses(t *testing.T) {
	l := nn.NewLSTM(newRand(1), 3, 2, nn.LSTMConfig{Bidirectional: true})
	x, state := autograd.Ones(autograd.Float32, 2, 4, 3), autograd.Ones(autograd.Float32, 2, 2, 2)
	var shapeError *autograd.ShapeError
	var valueError *autograd.ValueError
	var indexError *autograd.IndexError
	for _, test := range []struct {
		name  string
		x     v
		input nn.LSTMInput
		want  any
	}{
		{"other features", autograd.Ones(autograd.Float32, 2, 4, 4), nn.LSTMInput{}, &shapeError},
		{"lengths without a batch", autograd.Ones(autograd.Float32, 4, 3), nn.LSTMInput{Lengths: []int{4}}, &shapeError},
		{"one axis", autograd.Ones(autograd.Float32, 3), nn.LSTMInput{}, &shapeError},
		{"no steps", autograd.Ones(autograd.Float32, 2, 0, 3), nn.LSTMInput{}, &shapeError},
		{"states of another batch", x, nn.LSTMInput{State: nn.LSTMState{H: state, C: autograd.Ones(autograd.Float32, 2, 3, 2)}}, &shapeError},
		{"half a state", x, nn.LSTMInput{State: nn.LSTMState{H: state}}, &valueError},
		{"few lengths", x, nn.LSTMInput{Lengths: []int{4}}, &shapeError},
		{"a length above the steps", x, nn.LSTMInput{Lengths: []int{4, 5}}, &indexError},
		{"a negative length", x, nn.LSTMInput{Lengths: []int{4, -1}}, &indexError},
	} {
		if err := autograd.Try(func() { l.Run(test.x, test.input) }); !errors.As(err, test.want) {
			t.Errorf("%s: got %v, want a %T", test.name, err, test.want)
		}
	}
	expectValueError(t, "NewLSTM", func() { nn.NewLSTM(newRand(1), 0, 2, nn.LSTMConfig{}) })
	expectValueError(t, "NewLSTM", func() { nn.NewLSTM(newRand(1), 2, 2, nn.LSTMConfig{Layers: -3}) })
}
