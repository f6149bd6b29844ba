package nn_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// The statistics are those of torch.optim.swa_utils.update_bn (PyTorch 1.13), and nothing
// else moves.
func TestUpdateBatchNormIsPyTorchs(t *testing.T) {
	linear := nn.NewLinear(newRand(1), 2, 3, nn.LinearConfig{DType: double})
	copy(linear.Weight.Float64s(), []float64{1, 2, -1, 0.5, 0.25, -3})
	copy(linear.Bias.Float64s(), []float64{0.5, -1, 2})
	norm := nn.NewBatchNorm1d(3, nn.BatchNormConfig{DType: double})
	norm.RunningMean.CopyFrom(autograd.Full(double, 7, 3))
	norm.RunningVar.CopyFrom(autograd.Full(double, 9, 3))
	norm.NumBatchesTracked = 33
	other := newTrackingLayer()
	model := nn.Sequential{linear, norm, other, nn.Frozen(nn.NewBatchNorm1d(3, nn.BatchNormConfig{DType: double}))}
	before := bitsOf(model)
	set := &data.Arrays{X: data.NewArray([]float64{0.5, 1, -1, 2, 3, 0.25, 1.5, -2, 0.125, 0.75, 2, 2, -0.5, -0.25}, 7, 2), Labels: make([]int, 7)}
	loader := data.NewLoader(uneven{set}, data.LoaderConfig{BatchSize: 4, DType: data.Float64})
	if err := nn.UpdateBatchNorm(context.Background(), nn.Supervised(model, nil), loader); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct{ got, want []float64 }{
		"mean":     {norm.RunningMean.Floats(), []float64{2.515625, -1.5052083333333335, 0.38932291666666663}},
		"variance": {norm.RunningVar.Floats(), []float64{7.064453125, 3.900390625, 17.5723876953125}},
		"count":    {[]float64{float64(norm.NumBatchesTracked)}, []float64{2}},
	} {
		for i := range test.want {
			if !(math.Abs(test.got[i]-test.want[i]) <= 1e-14*math.Abs(test.want[i])) {
				t.Errorf("%s is %v, PyTorch's %v", name, test.got, test.want)
			}
		}
	}
	after := bitsOf(model)
	for name, bits := range before {
		statistic := name == "1.running_mean" || name == "1.running_var" || name == "1.num_batches_tracked"
		if moved := !cmp.Equal(bits, after[name]); moved != statistic {
			t.Errorf("%s moved: %v", name, moved)
		}
	}
	// Training goes on with the momentum that it had.
	tape := autograd.NewTape(autograd.TapeConfig{Training: true})
	want := norm.RunningMean.Float64s()[0]*0.9 + 0.1*5
	norm.Forward(tape.Const(autograd.New([]float64{4, 0, 0, 6, 0, 0}, 2, 3)))
	if tape.Commit(); math.Abs(norm.RunningMean.Float64s()[0]-want) > 1e-14 {
		t.Errorf("after another batch the mean is %v, want %v", norm.RunningMean.Float64s()[0], want)
	}
}

// uneven is a data set whose first batch of four comes as three, as in the case above.
type uneven struct{ *data.Arrays }

func (u uneven) Fill(batch *data.Batch, indices []int) error {
	if indices[0] == 0 {
		return u.Arrays.Fill(batch, []int{0, 1, 2})
	}
	return u.Arrays.Fill(batch, append([]int{3}, indices...))
}

// trackingLayer keeps the sum of what it sees in training.
type trackingLayer struct {
	sum   autograd.Variable
	calls int64
}

func newTrackingLayer() *trackingLayer { return &trackingLayer{sum: autograd.Zeros(double, 3)} }

func (l *trackingLayer) Parts() iter.Seq2[string, nn.Part] {
	return nn.Parts(nn.Buffer("sum", l.sum), nn.Counter("calls", &l.calls))
}

func (l *trackingLayer) Forward(x v) v {
	if t := x.Tape(); t != nil && t.Training() {
		t.Assign(l.sum, t.Current(l.sum).Add(x.Sum(0)))
		t.AssignCounter(&l.calls, t.CurrentCounter(&l.calls)+1)
	}
	return x
}

// After an error everything is as it was; without batch normalization there is no pass.
func TestUpdateBatchNormFails(t *testing.T) {
	model := normalizing(1)
	before := bitsOf(model)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	loader := data.NewLoader(blobs(1, 40), data.LoaderConfig{DType: data.Float64})
	if err := nn.UpdateBatchNorm(ctx, nn.Supervised(model, nil), loader); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	odd := data.NewLoader(blobs(1, 33), data.LoaderConfig{DType: data.Float64})
	if err := nn.UpdateBatchNorm(context.Background(), nn.Supervised(model, nil), odd); err == nil || !strings.Contains(err.Error(), "batch 1: 1 (BatchNorm1d)") {
		t.Errorf("got %v", err)
	}
	if diff := cmp.Diff(before, bitsOf(model)); diff != "" {
		t.Errorf("the model changed:\n%s", diff)
	}
	if err := nn.UpdateBatchNorm(ctx, nn.Supervised(classifier(1), nil), loader); err != nil {
		t.Errorf("without batch normalization: %v", err)
	}
}

// SWA in Fit is SWA by hand.
func TestSWA(t *testing.T) {
	train, test := blobs(1, 80), blobs(2, 40)
	loader := data.NewLoader(train, data.LoaderConfig{BatchSize: 16, Shuffle: true, DType: data.Float64, KeepBytes: true})
	byHand := normalizing(1)
	objective := nn.Supervised(byHand, nil)
	trainer := nn.NewTrainer(objective, nn.TrainerConfig{})
	average := optim.NewSWA(nn.Params(byHand))
	var want []nn.Scores
	var trained map[string][]uint64
	for epoch := range 5 {
		for _, err := range trainer.Epoch(context.Background(), loader) {
			if err != nil {
				t.Fatal(err)
			}
		}
		trained = bitsOf(byHand)
		norm := byHand[1].(*nn.BatchNorm1d)
		mean, variance, count := norm.RunningMean.Clone(), norm.RunningVar.Clone(), norm.NumBatchesTracked
		if epoch >= 2 {
			average.Update()
			average.Swap()
			if err := nn.UpdateBatchNorm(context.Background(), objective, loader); err != nil {
				t.Fatal(err)
			}
		}
		scores, err := nn.Evaluate(context.Background(), byHand, test, nn.EvaluateConfig{BatchSize: 16})
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, scores)
		if epoch >= 2 && epoch < 4 {
			average.Swap()
			norm.RunningMean.CopyFrom(mean)
			norm.RunningVar.CopyFrom(variance)
			norm.NumBatchesTracked = count
		}
	}
	for _, name := range []string{"whole", "resumed"} {
		run := func(epochs int, first nn.Callback) (nn.Sequential, *nn.History, *saving, *epochBits) {
			model := normalizing(1)
			swa, seen, save := nn.NewSWA(model, nn.SWAConfig{Start: 2}), &epochBits{model: model}, &saving{}
			history, err := nn.Fit(context.Background(), model, train, nn.FitConfig{Epochs: epochs, BatchSize: 16, Validation: test,
				Callbacks: []nn.Callback{first, swa, seen, save}})
			if err != nil {
				t.Fatal(err)
			}
			return model, history, save, seen
		}
		model, history, save, seen := run(5, nn.NoCallback{})
		if name == "resumed" {
			model, history, _, seen = run(5, &resuming{file: save.files[3]})
		}
		for i, scores := range want {
			if diff := cmp.Diff(scores, history.Epochs[i].Validation); diff != "" {
				t.Errorf("%s: validation of epoch %d (-want +got):\n%s", name, i, diff)
			}
		}
		if diff := cmp.Diff(trained, seen.bits[len(seen.bits)-1]); diff != "" {
			t.Errorf("%s: what is trained (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(bitsOf(byHand), bitsOf(model)); diff != "" {
			t.Errorf("%s: the model (-want +got):\n%s", name, diff)
		}
	}
}

// A run that is over before there is a mean leaves the weights as they are; one that is
// cancelled has their mean, or where the statistics are not those of it, the weights.
func TestSWAOfShortRuns(t *testing.T) {
	train := blobs(1, 80)
	for _, test := range []struct {
		config nn.SWAConfig
		cancel bool
	}{{nn.SWAConfig{Start: 5}, false}, {nn.SWAConfig{Every: 1}, true}} {
		model := normalizing(1)
		seen := &lastBits{model: model}
		ctx, cancel := context.WithCancel(context.Background())
		defer cancel()
		if test.cancel {
			seen.after = cancel
		}
		_, err := nn.Fit(ctx, model, train, nn.FitConfig{Epochs: 3, Callbacks: []nn.Callback{nn.NewSWA(model, test.config), seen}})
		if errors.Is(err, context.Canceled) != test.cancel || !test.cancel && err != nil {
			t.Errorf("%+v: got %v", test.config, err)
		}
		if diff := cmp.Diff(seen.bits, bitsOf(model)); diff != "" {
			t.Errorf("%+v: the model is not as it was trained:\n%s", test.config, diff)
		}
	}
}

// lastBits notes what the model has after each step.
type lastBits struct {
	nn.NoCallback
	model nn.Module
	bits  map[string][]uint64
	after func()
}

func (l *lastBits) Step(*nn.Step) error {
	l.bits = bitsOf(l.model)
	if l.after != nil {
		l.after()
	}
	return nil
}

func ExampleNewSWA() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{784, 64, 10}})}
	swa := nn.NewSWA(model, nn.SWAConfig{Start: 5})
	_, err = nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs:     10,
		Validation: test, // with the mean, from epoch 5 on
		Callbacks:  []nn.Callback{swa},
	})
	if err != nil {
		panic(err)
	}
	fmt.Println("the mean of", swa.Average().Updates(), "epochs")
	// Output:
	// the mean of 5 epochs
}
