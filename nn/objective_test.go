package nn_test

import (
	"context"
	"errors"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// tiedAutoencoder squeezes its input through a few units and back, by one weight and its
// transpose. The decoder has PyTorch's name for its own use of it.
type tiedAutoencoder struct {
	encoder *nn.Linear
	decoded autograd.Variable // bias
}

func newTiedAutoencoder(seed uint64, in, code int) *tiedAutoencoder {
	return &tiedAutoencoder{nn.NewLinear(newRand(seed), in, code, nn.LinearConfig{}), autograd.Parameter(autograd.Zeros(autograd.Float32, in))}
}

func (a *tiedAutoencoder) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Sub("encoder", a.encoder), nn.Weight("decoder.weight", a.encoder.Weight), nn.Weight("decoder.bias", a.decoded))
}

func (a *tiedAutoencoder) Forward(x autograd.Variable) autograd.Variable {
	code := a.encoder.Forward(x).Tanh()
	return autograd.Linear(code, x.Tape().Watch(a.encoder.Weight).T(), a.decoded)
}

// Loss is the error of what comes back, and a penalty on the weights.
func (a *tiedAutoencoder) Loss(s *nn.StepContext) autograd.Variable {
	x := s.X()
	y := a.Forward(x)
	s.Output(y)
	reconstruction := nn.MSELoss(y, x)
	penalty := a.encoder.Weight.Square().Mean().MulScalar(1e-3)
	s.Log("reconstruction", reconstruction)
	s.Log("penalty", penalty)
	return reconstruction.Add(penalty)
}

func TestTiedAutoencoder(t *testing.T) {
	model := newTiedAutoencoder(1, 2, 1)
	set := &data.Arrays{X: blobs(1, 300).X}
	for i := range set.X.Float32s[:300] { // points near a line
		set.X.Float32s[2*i+1] = 0.5*set.X.Float32s[2*i] + 0.1*set.X.Float32s[2*i+1]
	}
	history, err := nn.FitObjective(context.Background(), model, set, nn.FitConfig{
		Epochs: 20, Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.02}), Validation: set,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []func(string) ([]float64, bool){history.Train, history.Validation} {
		loss, _ := values("loss")
		reconstruction, ok := values("reconstruction")
		penalty, _ := values("penalty")
		if last := len(loss) - 1; !ok || !(loss[last] < loss[0]/2) || math.Abs(loss[last]-reconstruction[last]-penalty[last]) > 1e-6 {
			t.Errorf("loss %v, reconstruction %v, penalty %v", loss, reconstruction, penalty)
		}
	}
	want := []string{"loss", "reconstruction", "penalty"}
	if got := names(scoresOf(history.Epochs[0].Train)); !slices.Equal(got, want) {
		t.Errorf("scores %v, want %v", got, want)
	}
}

// Whether the loss of a model that has one of its own is meant, or another, must be said.
func TestModelWithALossOfItsOwn(t *testing.T) {
	ctx, model, set := context.Background(), newTiedAutoencoder(1, 2, 1), blobs(1, 9)
	var valueError *autograd.ValueError
	for name, err := range map[string]error{
		"Fit":      second(nn.Fit(ctx, model, set, nn.FitConfig{})),
		"Evaluate": second(nn.Evaluate(ctx, model, set, nn.EvaluateConfig{})),
	} {
		if !errors.As(err, &valueError) || !strings.Contains(err.Error(), "nn."+name+"Objective") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := nn.Evaluate(ctx, model, set, nn.EvaluateConfig{Loss: squares{}}); err != nil {
		t.Errorf("with a loss: %v", err)
	}
}

func scoresOf(scores nn.Scores) iter.Seq2[string, float64] {
	return func(yield func(string, float64) bool) {
		for _, s := range scores {
			if !yield(s.Name, s.Value) {
				return
			}
		}
	}
}

// A model whose lower half is frozen learns by the upper half; the lower one stays as it
// is, statistics included, and nothing is computed for its gradient.
func TestFrozenLowerHalf(t *testing.T) {
	rng := newRand(1)
	lower := nn.Sequential{nn.NewLinear(rng, 2, 16, nn.LinearConfig{}), nn.NewBatchNorm1d(16, nn.BatchNormConfig{}), nn.ReLU{}}
	upper := nn.NewLinear(rng, 16, 3, nn.LinearConfig{})
	model := nn.Sequential{nn.Frozen(lower), upper}
	if diff := cmp.Diff([]string{"1.weight", "1.bias"}, names(nn.Params(model))); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	thawed := nn.Sequential{lower, upper}
	if diff := cmp.Diff(names(bitsInOrder(thawed)), names(bitsInOrder(model))); diff != "" {
		t.Errorf("names in a file (-thawed +frozen):\n%s", diff)
	}
	before := bitsOf(lower)
	history, err := nn.Fit(context.Background(), model, blobs(1, 300), nn.FitConfig{
		Epochs: 10, Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.02}), Metrics: []nn.Metric{nn.Accuracy{}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if accuracy := score(t, history.Epochs[9].Train, "accuracy"); !(accuracy > 0.9) {
		t.Errorf("the accuracy is %v", accuracy)
	}
	if diff := cmp.Diff(before, bitsOf(lower)); diff != "" {
		t.Errorf("the frozen half changed:\n%s", diff)
	}
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	loss := model.Forward(tape.Const(autograd.Ones(autograd.Float32, 4, 2))).Sum()
	if !tape.Training() {
		t.Error("the tape is no longer in training")
	}
	if grads := loss.Backward(upper.Weight, upper.Bias); grads.Len() != 2 {
		t.Errorf("%d gradients", grads.Len())
	}
	// The same by giving the optimizer a part of the parameters.
	trainer := nn.NewTrainer(nn.Supervised(thawed, nil), nn.TrainerConfig{Optimizer: optim.NewSGD(nn.Params(upper), optim.SGDConfig{})})
	weights := bitsOf(lower[0])
	var batch data.Batch
	if err := blobs(1, 8).Fill(&batch, []int{0, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	step, err := trainer.Step(&batch)
	if err != nil {
		t.Fatal(err)
	}
	if !cmp.Equal(weights, bitsOf(lower[0])) || lower[1].(*nn.BatchNorm1d).NumBatchesTracked != 1 {
		t.Error("expected weights that stay and statistics that move")
	}
	if full := fullNorm(t, thawed, &batch); !(step.GradNorm < full) {
		t.Errorf("the norm %v is that of all gradients, %v", step.GradNorm, full)
	}
}

// bitsInOrder is the names of what is saved, in order.
func bitsInOrder(m nn.Module) iter.Seq2[string, bool] {
	return func(yield func(string, bool) bool) {
		for name, p := range nn.Walk(m) {
			if p.Module == nil && !yield(name, true) {
				return
			}
		}
	}
}

// fullNorm is the norm of all gradients of a classifier.
func fullNorm(t *testing.T, model nn.Layer, batch *data.Batch) float64 {
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	x := tape.Const(autograd.New(batch.X.Float32s, batch.X.Shape...))
	return nn.CrossEntropyLoss(model.Forward(x), batch.Labels).Backward().Norm()
}

func TestFrozenRefuses(t *testing.T) {
	expectValueError(t, "Frozen", func() { nn.Frozen(nil) })
}

// A step that fails changes nothing: no weights, no statistics, no counters, no state of
// the optimizer, and it draws the same random numbers when it is made again.
func TestFailedStepsChangeNothing(t *testing.T) {
	var batch data.Batch
	if err := blobs(1, 8).Fill(&batch, []int{0, 1, 2, 3}); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("out of order")
	for _, test := range []struct {
		name string
		fail func(loss autograd.Variable) autograd.Variable
		says string
	}{
		{"the loss is infinite", func(loss autograd.Variable) autograd.Variable { return loss.AddScalar(math.Inf(1)) }, "the loss is +Inf"},
		{"a gradient is not a number", func(loss autograd.Variable) autograd.Variable { return loss.Add(loss.MulScalar(0).Sqrt()) }, "the gradient of"},
		{"an operation panics", func(loss autograd.Variable) autograd.Variable { return loss.Reshape(3) }, "reshape"},
		{"the loss has elements", func(loss autograd.Variable) autograd.Variable { return loss.BroadcastTo(2) }, "exactly one element"},
		{"it depends on nothing", func(loss autograd.Variable) autograd.Variable { return loss.Detach() }, "does not depend"},
		{"another panic", func(loss autograd.Variable) autograd.Variable { panic(broken) }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			var draws [][2]uint64
			fails := true
			model := nn.Sequential{nn.NewLinear(newRand(1), 2, 4, nn.LinearConfig{}), nn.NewBatchNorm1d(4, nn.BatchNormConfig{}), nn.NewLinear(newRand(2), 4, 3, nn.LinearConfig{})}
			optimizer := optim.NewAdam(nn.Params(model), optim.AdamConfig{})
			objective := objectiveFunc{model, func(s *nn.StepContext) autograd.Variable {
				draws = append(draws, [2]uint64{s.Tape.Rand().Uint64(), s.Tape.Rand().Uint64()})
				loss := nn.CrossEntropyLoss(model.Forward(s.X()), s.Target().Labels)
				if fails {
					return test.fail(loss)
				}
				return loss
			}}
			trainer := nn.NewTrainer(objective, nn.TrainerConfig{Optimizer: optimizer})
			before, state := bitsOf(model), stateBits(optimizer)
			for range 2 {
				func() {
					defer func() {
						if r := recover(); r != nil && r != broken {
							panic(r)
						}
					}()
					if _, err := trainer.Step(&batch); err == nil || !strings.Contains(err.Error(), test.says) {
						t.Errorf("got %v, expected %q", err, test.says)
					}
				}()
				if diff := cmp.Diff(before, bitsOf(model)); diff != "" {
					t.Errorf("the model changed:\n%s", diff)
				}
				if diff := cmp.Diff(state, stateBits(optimizer)); diff != "" {
					t.Errorf("the optimizer changed:\n%s", diff)
				}
			}
			fails = false
			for range 2 {
				if _, err := trainer.Step(&batch); err != nil {
					t.Fatal(err)
				}
			}
			// Those that look for the cause of a failure draw the same numbers, too.
			last := draws[len(draws)-1]
			if failed := slices.Compact(draws[:len(draws)-1]); len(failed) != 1 || failed[0] == last {
				t.Errorf("the steps drew %v, then %v", failed, last)
			}
			if cmp.Equal(before, bitsOf(model)) || model[1].(*nn.BatchNorm1d).NumBatchesTracked != 2 {
				t.Error("the steps that did not fail changed nothing")
			}
		})
	}
}

// objectiveFunc is an objective of a function.
type objectiveFunc struct {
	nn.Module
	loss func(s *nn.StepContext) autograd.Variable
}

func (o objectiveFunc) Loss(s *nn.StepContext) autograd.Variable { return o.loss(s) }

func stateBits(o optim.Optimizer) map[string][]float64 {
	bits := map[string][]float64{}
	for name, v := range o.State() {
		bits[name] = v.Floats()
	}
	return bits
}

func TestNewTrainerRefuses(t *testing.T) {
	model := nn.Supervised(classifier(1), nil)
	for name, f := range map[string]func(){
		"no objective": func() { nn.NewTrainer(nil, nn.TrainerConfig{}) },
		"clip norm":    func() { nn.NewTrainer(model, nn.TrainerConfig{ClipNorm: -2}) },
		"a frozen parameter": func() {
			layer := nn.NewLinear(newRand(1), 2, 3, nn.LinearConfig{})
			nn.NewTrainer(nn.Supervised(nn.Sequential{nn.Frozen(layer)}, nil), nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(layer), optim.AdamConfig{})})
		},
		"another optimizer": func() {
			nn.NewTrainer(model, nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(classifier(1)), optim.AdamConfig{})})
		},
	} {
		t.Run(name, func(t *testing.T) { expectValueError(t, "NewTrainer", f) })
	}
}

// What an objective must not do is an error that says so.
func TestObjectiveMistakes(t *testing.T) {
	model := classifier(1)
	output := func(s *nn.StepContext) autograd.Variable { return model.Forward(s.X()) }
	for _, test := range []struct {
		name string
		loss func(s *nn.StepContext) autograd.Variable
		says string
	}{
		{"no output for metrics", func(s *nn.StepContext) autograd.Variable { return output(s).Mean() }, "Loss did not call Output"},
		{"a term of two elements", func(s *nn.StepContext) autograd.Variable { s.Log("x", output(s)); return output(s).Mean() }, "exactly one element"},
		{"a negative divisor", func(s *nn.StepContext) autograd.Variable { s.Divisor(-1); return output(s).Mean() }, "nn.StepContext.Divisor: -1"},
	} {
		_, err := nn.FitObjective(context.Background(), objectiveFunc{model, test.loss}, blobs(1, 9), nn.FitConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
		if err == nil || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%s: got %v, expected %q", test.name, err, test.says)
		}
	}
}
