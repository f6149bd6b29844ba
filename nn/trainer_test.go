package nn_test

import (
	"context"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/internal/race"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// Ranging over steps is what Fit does.
func TestTrainerIsFit(t *testing.T) {
	set := blobs(1, 100)
	fitted, ranged := classifier(1), classifier(1)
	history, err := nn.Fit(context.Background(), fitted, set, nn.FitConfig{Epochs: 3, Seed: 4, Metrics: []nn.Metric{nn.Accuracy{}}})
	if err != nil {
		t.Fatal(err)
	}
	trainer := nn.NewTrainer(nn.Supervised(ranged, nil), nn.TrainerConfig{Seed: 4, Metrics: []nn.Metric{nn.Accuracy{}}})
	loader := data.NewLoader(set, data.LoaderConfig{Shuffle: true, Seed: 4})
	for epoch := range 3 {
		for step, err := range trainer.Epoch(context.Background(), loader) {
			if err != nil {
				t.Fatal(err)
			}
			if step.Index == step.Total-1 && !cmp.Equal(history.Epochs[epoch].Train, step.Means()) {
				t.Errorf("epoch %d: %v, with Fit %v", epoch, step.Means(), history.Epochs[epoch].Train)
			}
		}
	}
	if !cmp.Equal(bitsOf(fitted), bitsOf(ranged)) {
		t.Error("the weights differ")
	}
}

// A loop that is left goes on where it stopped.
func TestTrainerGoesOn(t *testing.T) {
	set := blobs(1, 100)
	whole, parts := classifier(1), classifier(1)
	if _, err := nn.Fit(context.Background(), whole, set, nn.FitConfig{Epochs: 2}); err != nil {
		t.Fatal(err)
	}
	trainer := nn.NewTrainer(nn.Supervised(parts, nil), nn.TrainerConfig{})
	loader := data.NewLoader(set, data.LoaderConfig{Shuffle: true})
	var seen [][2]int
	for {
		epoch, index := trainer.Position()
		if epoch == 2 {
			break
		}
		ctx, cancel := context.WithCancel(context.Background())
		for step, err := range trainer.Epoch(ctx, loader) {
			if err != nil { // cancelled in the second round
				break
			}
			if step.Epoch != epoch || step.Index < index || step.Total != 4 {
				t.Fatalf("step %d of epoch %d came after (%d, %d)", step.Index, step.Epoch, epoch, index)
			}
			seen = append(seen, [2]int{step.Epoch, step.Index})
			if len(seen) == 2 {
				break
			}
			if len(seen) == 3 {
				cancel()
			}
		}
		cancel()
	}
	if diff := cmp.Diff([][2]int{{0, 0}, {0, 1}, {0, 2}, {0, 3}, {1, 0}, {1, 1}, {1, 2}, {1, 3}}, seen); diff != "" {
		t.Errorf("steps (-want +got):\n%s", diff)
	}
	if !cmp.Equal(bitsOf(whole), bitsOf(parts)) {
		t.Error("the weights differ from those of a run without interruption")
	}
}

// A loop that is left at the last step of an epoch has finished it.
func TestTrainerLeftAtTheLastStep(t *testing.T) {
	trainer := nn.NewTrainer(nn.Supervised(classifier(1), nil), nn.TrainerConfig{})
	loader := data.NewLoader(blobs(1, 100), data.LoaderConfig{})
	for epoch := range 3 {
		steps := 0
		for step, err := range trainer.Epoch(context.Background(), loader) {
			if err != nil {
				t.Fatal(err)
			}
			if steps++; step.Epoch != epoch {
				t.Errorf("loop %d has step %d of epoch %d", epoch, step.Index, step.Epoch)
			}
			if step.Index == step.Total-1 {
				break
			}
		}
		if next, index := trainer.Position(); steps != 4 || next != epoch+1 || index != 0 {
			t.Errorf("loop %d had %d steps and ended at (%d, %d), want 4 and (%d, 0)", epoch, steps, next, index, epoch+1)
		}
	}
}

// The epoch of an empty loader, or of one with fewer batches than there were before,
// ends at once.
func TestTrainerWithoutBatches(t *testing.T) {
	trainer := nn.NewTrainer(nn.Supervised(classifier(1), nil), nn.TrainerConfig{})
	long, short := data.NewLoader(blobs(1, 100), data.LoaderConfig{}), data.NewLoader(blobs(1, 20), data.LoaderConfig{})
	empty := data.NewLoader(blobs(1, 0), data.LoaderConfig{})
	for range trainer.Epoch(context.Background(), long) {
		break
	}
	for i, loader := range []*data.Loader{short, empty} {
		for range trainer.Epoch(context.Background(), loader) {
			t.Errorf("loader %d: there was a step", i)
		}
		if epoch, index := trainer.Position(); epoch != i+1 || index != 0 {
			t.Errorf("loader %d: ended at (%d, %d), want (%d, 0)", i, epoch, index, i+1)
		}
	}
}

// What a step reports is what a loop by hand computes.
func TestStepByHand(t *testing.T) {
	set := blobs(1, 32)
	var batch data.Batch
	indices := make([]int, 32)
	for i := range indices {
		indices[i] = i
	}
	if err := set.Fill(&batch, indices); err != nil {
		t.Fatal(err)
	}
	for _, clip := range []float64{0, 0.01} {
		model, byHand := classifier(1), classifier(1)
		trainer := nn.NewTrainer(nn.Supervised(model, nil), nn.TrainerConfig{ClipNorm: clip})
		optimizer := optim.NewAdam(nn.Params(byHand), optim.AdamConfig{})
		tape := autograd.NewTape(autograd.TapeConfig{})
		for range 3 {
			loss := nn.CrossEntropyLoss(byHand.Forward(tape.Const(autograd.New(batch.X.Float32s, 32, 2))), batch.Labels)
			grads := loss.Backward()
			norm := grads.Norm()
			if clip > 0 {
				optim.ClipGradNorm(grads, clip)
			}
			optimizer.Step(grads)
			step, err := trainer.Step(&batch)
			if err != nil {
				t.Fatal(err)
			}
			if step.Loss != loss.Item() || step.GradNorm != norm || step.Examples != 32 {
				t.Errorf("clip %v: got %+v, want loss %v and norm %v", clip, step, loss.Item(), norm)
			}
			tape.Reset()
		}
		if !cmp.Equal(bitsOf(byHand), bitsOf(model)) {
			t.Errorf("clip %v: the weights differ", clip)
		}
	}
}

func TestStepsDoNotAllocate(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	for _, test := range []struct {
		name string
		set  data.Dataset
		loss nn.Loss
		out  int
	}{
		{"classes", blobs(1, 100), nil, 3},
		{"targets", xor(), nil, 1},
		{"binary", xor(), nn.BCEWithLogits{}, 1},
		{"probabilities", xor(), nn.ForTargets(func(output, target autograd.Variable) autograd.Variable {
			return nn.BCELoss(output.Sigmoid(), target)
		}), 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 300, test.out}})
			trainer := nn.NewTrainer(nn.Supervised(model, test.loss), nn.TrainerConfig{Metrics: []nn.Metric{nn.Accuracy{}}, ClipNorm: 1})
			var batches [2]data.Batch
			for i := range batches { // two sizes in turns, as at the end of an epoch
				if err := test.set.Fill(&batches[i], []int{0, 1, 2, 3}[i:]); err != nil {
					t.Fatal(err)
				}
			}
			step := func() {
				for i := range batches {
					if _, err := trainer.Step(&batches[i]); err != nil {
						t.Fatal(err)
					}
				}
			}
			for range 3 {
				step()
			}
			if n := testing.AllocsPerRun(100, step); n != 0 {
				t.Errorf("%v allocations in two steps", n)
			}
		})
	}
}

// An epoch allocates the same, however many steps it has.
func TestEpochsDoNotAllocateBySteps(t *testing.T) {
	if race.Enabled {
		t.Skip("the race detector makes pools forget")
	}
	allocs := func(n int) float64 {
		model := classifier(1)
		trainer := nn.NewTrainer(nn.Supervised(model, nil), nn.TrainerConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
		loader := data.NewLoader(blobs(1, n), data.LoaderConfig{Shuffle: true})
		epoch := func() {
			for _, err := range trainer.Epoch(context.Background(), loader) {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
		epoch()
		return testing.AllocsPerRun(5, epoch)
	}
	if few, many := allocs(65), allocs(1025); many > few {
		t.Errorf("%v allocations in an epoch of 3 steps, %v in one of 33", few, many)
	}
}

// The running means start anew with every epoch.
func TestMeansStartAnew(t *testing.T) {
	model := classifier(1)
	trainer := nn.NewTrainer(nn.Supervised(model, nil), nn.TrainerConfig{Metrics: []nn.Metric{nn.Accuracy{}}})
	var batch data.Batch
	if err := blobs(1, 6).Fill(&batch, []int{0, 1, 2}); err != nil {
		t.Fatal(err)
	}
	var losses []float64
	for i, epoch := range []int{0, 0, 0, 1, 1} {
		batch.Epoch, batch.Number = epoch, i
		step, err := trainer.Step(&batch)
		if err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			losses = losses[:0]
		}
		losses = append(losses, step.Loss)
		sum := 0.0
		for _, loss := range losses {
			sum += loss
		}
		if got := score(t, step.Means(), "loss"); !(math.Abs(got-sum/float64(len(losses))) < 1e-12) {
			t.Errorf("step %d: the mean is %v of %v", i, got, losses)
		}
	}
}

func TestTrainingFlagOfTheTape(t *testing.T) {
	var flags []bool
	spy := nn.Func(func(x autograd.Variable) autograd.Variable {
		if x.Tape() != nil {
			flags = append(flags, x.Tape().Training())
		}
		return x
	})
	model := append(nn.Sequential{spy}, classifier(1)...)
	if _, err := nn.Fit(context.Background(), model, blobs(1, 3), nn.FitConfig{Validation: blobs(1, 3)}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]bool{false, false, true, false}, flags); diff != "" {
		t.Errorf("checks, training and then inference (-want +got):\n%s", diff)
	}
}
