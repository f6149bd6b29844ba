package nn_test

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"maps"
	"math"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// The run that tests of what may happen to training interrupt: it has dropout, batch
// normalization, augmentation, a schedule that depends on scores, and an average of the
// weights. The tests are in kill_test.go, crash_test.go and full_test.go.

const (
	survivalEpochs = 10
	survivalSteps  = 8 // of an epoch
	survivalEvery  = 3 // steps between checkpoints, besides those of the epochs
)

// survivor is a run.
type survivor struct {
	Dir    string
	Keep   int
	Resume bool

	// Announce, if not nil, is told what comes next: "step" after a step, "validation"
	// before a batch of it.
	Announce func(phase string)

	// Configure, if not nil, prepares the checkpoints.
	Configure func(c *nn.Checkpointing)
}

// announcing tells when it is asked for a batch.
type announcing struct {
	data.Dataset
	announce func(phase string)
}

func (a *announcing) Fill(b *data.Batch, indices []int) error {
	a.announce("validation")
	return a.Dataset.Fill(b, indices)
}

// outcome is what a run has come to: where it went on, 0 for the beginning; how many
// damaged checkpoints it passed over; and a digest of all that it leaves: weights, buffers,
// optimizer, averages, history.
type outcome struct {
	Resumed, Damaged int
	Digest           string
	Factor           float64 // of the learning rate in the end
}

// run trains. The same run gives the same digest.
func (s survivor) run(ctx context.Context) (outcome, error) {
	all, _, err := data.Digits(1, 0)
	if err != nil {
		return outcome{}, err
	}
	few := make([]int, 160)
	for i := range few {
		few[i] = i
	}
	var validation data.Dataset = all.Subset(few[128:])
	if s.Announce != nil {
		validation = &announcing{validation, s.Announce}
	}
	train := data.Augment(all.Subset(few[:128]), data.AugmentConfig{Shift: 2, Rotate: 10, Scale: 0.1, Noise: 0.05, CutOut: 6})

	rng := newRand(1)
	model := nn.Sequential{
		nn.NewConv2d(rng, 1, 4, []int{5, 5}, nn.ConvConfig{Stride: []int{3}}), nn.NewBatchNorm2d(4, nn.BatchNormConfig{}), nn.ReLU{},
		nn.Flatten{}, nn.Dropout{P: 0.3}, nn.NewLinear(rng, 4*8*8, 10, nn.LinearConfig{}),
	}
	optimizer := optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.01})
	average := nn.NewEMA(model, optim.EMAConfig{})
	checkpoints := nn.NewCheckpointing(s.Dir, nn.CheckpointingConfig{Resume: s.Resume, Steps: survivalEvery, Keep: s.Keep, KeepBest: 1})
	if s.Configure != nil {
		s.Configure(checkpoints)
	}
	callbacks := []nn.Callback{checkpoints, average, nn.NewPlateau(optim.NewPlateau(optim.PlateauConfig{Factor: 0.5, Patience: optim.None, Threshold: 0.1}), nn.PlateauConfig{})}
	if s.Announce != nil {
		callbacks = append(callbacks, nn.OnStep(func(*nn.Step) error { s.Announce("step"); return nil }))
	}
	history, err := nn.Fit(ctx, model, train, nn.FitConfig{
		Epochs: survivalEpochs, BatchSize: 16, Seed: 3, Prefetch: 1, Optimizer: optimizer,
		Metrics: []nn.Metric{outputMean{}, nn.Accuracy{}, nn.ROCAUC{}}, Validation: validation, Callbacks: callbacks,
	})
	if err != nil {
		return outcome{}, err
	}
	for i := range history.Epochs {
		history.Epochs[i].Duration = 0
	}
	result := outcome{Factor: optimizer.Groups()[0].Factor, Digest: digest(bitsOf(model), arrayBits(optimizer.State()), arrayBits(average.State()), history)}
	if info := checkpoints.Resumed(); info != nil {
		result.Resumed, result.Damaged = info.Steps, len(info.Damaged)
	}
	return result, nil
}

// arrayBits are the bits of a state.
func arrayBits(state iter.Seq2[string, autograd.Variable]) map[string][]uint64 {
	bits := map[string][]uint64{}
	for name, v := range state {
		for _, x := range v.Floats() {
			bits[name] = append(bits[name], math.Float64bits(x))
		}
	}
	return bits
}

// digest is a text that is another one if any bit of the arrays or the history is.
func digest(weights, optimizer, average map[string][]uint64, history *nn.History) string {
	sum := sha256.New()
	for _, arrays := range []map[string][]uint64{weights, optimizer, average} {
		for _, name := range slices.Sorted(maps.Keys(arrays)) {
			fmt.Fprintln(sum, name)
			binary.Write(sum, binary.LittleEndian, arrays[name])
		}
	}
	for _, e := range history.Epochs {
		for _, score := range append(slices.Clone(e.Train), e.Validation...) {
			fmt.Fprintln(sum, e.Number, e.Steps, e.Partial, score.Name, math.Float64bits(score.Value))
		}
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// intact reports whether a checkpoint is as it was written: its last 32 bytes are the
// SHA-256 of those before.
func intact(t *testing.T, path string) bool {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := len(content) - sha256.Size
	return n > 0 && sha256.Sum256(content[:n]) == [sha256.Size]byte(content[n:])
}

// expectWhole sees that no checkpoint in a directory is damaged, and returns the steps of
// the latest, 0 without any.
func expectWhole(t *testing.T, dir string) (latest int) {
	t.Helper()
	files, err := nn.CheckpointDir{Path: dir}.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if !intact(t, f.Path) {
			t.Errorf("%s is damaged", f.Path)
		}
	}
	if len(files) == 0 {
		return 0
	}
	return files[0].Steps
}

// uninterrupted is what the run comes to if nothing happens to it.
func uninterrupted(t *testing.T) string {
	t.Helper()
	result, err := survivedWhole()
	if err != nil {
		t.Fatal(err)
	}
	if !(result.Factor > 0 && result.Factor < 1) {
		t.Errorf("the factor of the learning rate is %v in the end: the run does not depend on the plateau", result.Factor)
	}
	return result.Digest
}

var survivedWhole = sync.OnceValues(func() (outcome, error) {
	dir, err := os.MkdirTemp("", "uninterrupted")
	if err != nil {
		return outcome{}, err
	}
	defer os.RemoveAll(dir)
	return survivor{Dir: dir}.run(context.Background())
})
