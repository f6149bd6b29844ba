package nn_test

import (
	"errors"
	"fmt"
	"iter"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

// part is a module with another one.
type part struct{ inner nn.Module }

func (p *part) Parts() iter.Seq2[string, nn.Part] { return nn.Parts(nn.Sub("inner", p.inner)) }

// Every layer with an identity calls a hook, also where it is not in a Sequential, and goes
// on with what that gives.
func TestLayersCallHooks(t *testing.T) {
	for _, row := range layerRows() {
		t.Run(row.name, func(t *testing.T) {
			m := row.build(1, double)
			tape := autograd.NewTape(autograd.TapeConfig{})
			xs := row.on(tape, double)
			if kind := reflect.ValueOf(m).Kind(); kind != reflect.Pointer && kind != reflect.Slice {
				expectValueError(t, "AddHooks", func() { nn.AddHooks(tape, &part{m}, map[string]nn.Hook{"inner": seen(new(int))}) })
				return
			}
			calls := 0
			remove := nn.AddHooks(tape, &part{m}, map[string]nn.Hook{"inner": func(name string, y v) v {
				if calls++; name != "inner" {
					t.Errorf("the name is %q", name)
				}
				return y.MulScalar(0)
			}})
			result := func() []float64 {
				if row.call == nil {
					return m.(nn.Layer).Forward(xs[0]).Floats()
				}
				return row.call(m, tape, xs, nil)[0].Floats()
			}
			if y := result(); slices.ContainsFunc(y, func(x float64) bool { return x != 0 }) || calls == 0 {
				t.Errorf("after %d calls of a hook that gives 0 the result is %v", calls, y)
			}
			was := calls
			if remove(); cmp.Equal(result(), make([]float64, 0)) || calls != was {
				t.Errorf("called %d times after it was removed", calls-was)
			}
		})
	}
}

// seen counts calls and changes nothing.
func seen(n *int) nn.Hook {
	return func(string, v) v { *n++; return v{} }
}

func hookedModel() nn.Sequential {
	rng := newRand(1)
	linear := func(in, out int) *nn.Linear { return nn.NewLinear(rng, in, out, nn.LinearConfig{DType: double}) }
	return nn.Sequential{linear(3, 4), nn.ReLU{}, nn.Sequential{linear(4, 4), nn.ReLU{}}, nn.Frozen(nn.Sequential{linear(4, 2)})}
}

// What hooks see is what the layers compute, in the order in which they do.
func TestHooksSeeActivations(t *testing.T) {
	model := hookedModel()
	x := autograd.Normal(newRand(2), double, 0, 1, 5, 3)
	var order []string
	results := map[string][]float64{}
	see := func(name string, y v) v {
		order = append(order, name)
		results[name] = y.Floats()
		return v{}
	}
	names := map[string]nn.Hook{}
	for name := range nn.Modules(model) {
		names[name] = see
	}
	want := model.Forward(x).Floats()
	got := nn.WithHooks(model, names).Forward(autograd.NewTape(autograd.TapeConfig{}).Const(x)).Floats()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("looking changes the result (-without +with hooks):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"0", "1", "2.0", "2.1", "2", "3.0", "3", ""}, order); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	for name, layers := range map[string]nn.Sequential{"0": model[:1], "1": model[:2], "2.0": {model[0], model[1], model[2].(nn.Sequential)[0]}, "2.1": model[:3], "2": model[:3], "3.0": model, "3": model, "": model} {
		if diff := cmp.Diff(layers.Forward(x).Floats(), results[name]); diff != "" {
			t.Errorf("%q (-want +seen):\n%s", name, diff)
		}
	}
}

// What a hook gives in place of a result takes part in gradients; hooks of a model are of
// those tapes alone that compute with it, by several goroutines at once.
func TestHooksReplace(t *testing.T) {
	model := hookedModel()
	x := autograd.Normal(newRand(2), double, 0, 1, 5, 3)
	twice := func(_ string, y v) v { return y.MulScalar(2) }
	hooked := nn.WithHooks(model, map[string]nn.Hook{"0": twice})
	scaled := nn.Sequential{model[0], nn.Func(func(x v) v { return x.MulScalar(2) }), model[1], model[2], model[3]}
	grads := func(layer nn.Layer) []float64 {
		tape := autograd.NewTape(autograd.TapeConfig{})
		return layer.Forward(tape.Const(x)).Square().Sum().Backward().Of(model[0].(*nn.Linear).Weight).Floats()
	}
	want, plain := grads(scaled), grads(model)
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			if i%2 == 0 && !cmp.Equal(grads(hooked), want) {
				t.Error("with a hook: other gradients")
			}
			if i%2 == 1 && !cmp.Equal(grads(model), plain) {
				t.Error("without hooks: other gradients")
			}
		})
	}
	wait.Wait()
	checkpointed := nn.WithHooks(nn.Func(func(x v) v {
		return autograd.Checkpoint(func(xs []v) v { return model.Forward(xs[0]) }, x)
	}), nil)
	tape := autograd.NewTape(autograd.TapeConfig{})
	remove := nn.AddHooks(tape, model, map[string]nn.Hook{"0": twice})
	y := checkpointed.Forward(tape.Const(x))
	remove()
	if !cmp.Equal(y.Square().Sum().Backward().Of(model[0].(*nn.Linear).Weight).Floats(), want) {
		t.Error("within a checkpoint, and removed before the backward pass: other gradients")
	}
}

// Hooks come one after the other, and are removed in any order.
func TestHooksAreRemoved(t *testing.T) {
	model := hookedModel()
	tape := autograd.NewTape(autograd.TapeConfig{NoGrad: true})
	var calls []int
	hook := func(i int) map[string]nn.Hook {
		return map[string]nn.Hook{"1": func(string, v) v { calls = append(calls, i); return v{} }}
	}
	run := func(want ...int) {
		t.Helper()
		calls = nil
		model.Forward(tape.Const(autograd.Ones(double, 1, 3)))
		if !slices.Equal(calls, want) {
			t.Errorf("hooks %v were called, want %v", calls, want)
		}
		tape.Reset()
	}
	first, second := nn.AddHooks(tape, model, hook(1)), nn.AddHooks(tape, model, hook(2))
	run(1, 2)
	first()
	run(2)
	third := nn.AddHooks(tape, model, hook(3))
	run(2, 3)
	second()
	third()
	third()
	if run(); tape.ResultHook() != nil {
		t.Error("the tape still has a hook")
	}
}

func TestHooksRefuse(t *testing.T) {
	model := hookedModel()
	for name, hook := range map[string]nn.Hook{"4": seen(new(int)), "2.": seen(new(int)), "0": nil} {
		expectValueError(t, "WithHooks", func() { nn.WithHooks(model, map[string]nn.Hook{name: hook}) })
	}
	var tapeError *autograd.TapeError
	err := autograd.Try(func() { nn.WithHooks(model, nil).Forward(autograd.Ones(double, 1, 3)) })
	if !errors.As(err, &tapeError) {
		t.Errorf("off any tape: got %v, want a TapeError", err)
	}
	before, after := fmt.Sprint(slices.Collect(values(nn.Modules(model)))), fmt.Sprint(slices.Collect(values(nn.Modules(nn.WithHooks(model, nil)))))
	if len(before) == 0 || !cmp.Equal(len(slices.Collect(values(nn.Params(model)))), len(slices.Collect(values(nn.Params(nn.WithHooks(model, nil)))))) {
		t.Errorf("the parts have changed: %s, then %s", before, after)
	}
}

// Layers that could be one operation are not where a hook is on the tape of a weight.
func TestHooksOfAWeightsTape(t *testing.T) {
	c := nn.NewConv2d(newRand(1), 2, 3, []int{3, 3}, nn.ConvConfig{DType: double})
	tape := autograd.NewTape(autograd.TapeConfig{})
	c.Weight = tape.Watch(c.Weight)
	model := nn.Sequential{c, nn.ReLU{}, nn.NewMaxPool2d([]int{2, 2}, nn.MaxPoolConfig{})}
	var seen []string
	see := func(name string, y v) v {
		seen = append(seen, name)
		return v{}
	}
	nn.AddHooks(tape, model, map[string]nn.Hook{"0": see, "1": see, "2": see})
	model.Forward(autograd.Zeros(double, 9, 2, 6, 6))
	if diff := cmp.Diff([]string{"0", "1", "2"}, seen); diff != "" {
		t.Errorf("layers whose results were seen (-want +got):\n%s", diff)
	}
}
