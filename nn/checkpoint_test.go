package nn_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// noise is a layer that draws random numbers in training.
var noise = nn.Func(func(x v) v {
	if x.Tape() == nil || !x.Tape().Training() {
		return x
	}
	return x.Add(autograd.Normal(x.Tape().Rand(), x.DType(), 0, 0.1, x.Shape()...))
})

// restless is a trainer of a model with all kinds of state.
func restless(seed uint64) (*nn.Trainer, nn.Sequential) {
	rng := newRand(seed)
	model := nn.Sequential{
		nn.NewLinear(rng, 2, 8, nn.LinearConfig{}), nn.NewBatchNorm1d(8, nn.BatchNormConfig{}), nn.ReLU{}, noise,
		nn.NewLinear(rng, 8, 3, nn.LinearConfig{}),
	}
	return nn.NewTrainer(nn.Supervised(model, nil), nn.TrainerConfig{
		Optimizer: optim.NewAdamW(nn.Params(model), optim.AdamConfig{LR: 0.01}),
		Schedule:  optim.Cosine(20, 0.1), Seed: 7,
	}), model
}

// advance makes so many steps.
func advance(t *testing.T, trainer *nn.Trainer, loader *data.Loader, steps int) {
	t.Helper()
	for steps > 0 {
		for _, err := range trainer.Epoch(context.Background(), loader) {
			if err != nil {
				t.Fatal(err)
			}
			if steps--; steps == 0 {
				break
			}
		}
	}
}

// A run that is interrupted after any number of steps, and goes on in another process,
// comes to the same bits.
func TestCheckpointsAreExact(t *testing.T) {
	loader := func() *data.Loader {
		return data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16, Shuffle: true, Seed: 3})
	}
	const steps = 13 // in the third epoch
	whole, model := restless(1)
	advance(t, whole, loader(), steps)
	for first := range steps {
		before, _ := restless(1)
		advance(t, before, loader(), first)
		var file bytes.Buffer
		if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, before); err != nil {
			t.Fatal(err)
		}
		after, resumed := restless(2)
		advance(t, after, loader(), first/2) // what it did before does not matter
		if _, err := nn.LoadCheckpoint(&file, nn.LoadCheckpointConfig{}, after); err != nil {
			t.Fatal(err)
		}
		advance(t, after, loader(), steps-first)
		if diff := cmp.Diff(bitsOf(model), bitsOf(resumed)); diff != "" {
			t.Errorf("interrupted after %d steps (-whole +resumed):\n%s", first, diff)
		}
		if diff := cmp.Diff(stateBits(whole.Optimizer()), stateBits(after.Optimizer())); diff != "" {
			t.Errorf("interrupted after %d steps, the optimizer (-whole +resumed):\n%s", first, diff)
		}
	}
}

// Two trainers that share a model are one file.
func TestCheckpointOfTwoTrainers(t *testing.T) {
	var batch data.Batch
	if err := blobs(3, 32).Fill(&batch, []int{0, 1, 2, 3, 4, 5, 6, 7}); err != nil {
		t.Fatal(err)
	}
	build := func(seed uint64) ([]*nn.Trainer, nn.Module) {
		rng := newRand(seed)
		p := adversaries{nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{2, 4, 2}}), nn.NewMLP(rng, nn.MLPConfig{Sizes: []int{2, 4, 1}})}
		return []*nn.Trainer{
			nn.NewTrainer(criticObjective{p}, nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(p.critic), optim.AdamConfig{})}),
			nn.NewTrainer(generatorObjective{p}, nn.TrainerConfig{Optimizer: optim.NewAdam(nn.Params(p.generator), optim.AdamConfig{}), Seed: 1}),
		}, p
	}
	rounds := func(trainers []*nn.Trainer, n int) {
		for range n {
			for _, trainer := range trainers {
				if _, err := trainer.Step(&batch); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	trainers, model := build(1)
	rounds(trainers, 3)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, trainers...); err != nil {
		t.Fatal(err)
	}
	saved := file.Bytes()
	info, err := nn.Inspect(bytes.NewReader(saved))
	if err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, tensor := range info.Tensors {
		count[strings.Join(strings.SplitN(tensor.Name, ".", 3)[:2], ".")]++
	}
	if count["0.model"] != 8 || count["1.model"] != 0 {
		t.Errorf("shared arrays are written more than once: %v", count)
	}
	rounds(trainers, 3)
	others, resumed := build(2)
	if _, err := nn.LoadCheckpoint(bytes.NewReader(saved), nn.LoadCheckpointConfig{}, others...); err != nil {
		t.Fatal(err)
	}
	rounds(others, 3)
	if diff := cmp.Diff(bitsOf(model), bitsOf(resumed)); diff != "" {
		t.Errorf("(-whole +resumed):\n%s", diff)
	}
	// The other way round, or one alone, is another checkpoint.
	var mismatch *nn.MismatchError
	if _, err := nn.LoadCheckpoint(bytes.NewReader(saved), nn.LoadCheckpointConfig{}, others[0]); !errors.As(err, &mismatch) || !strings.Contains(err.Error(), "unexpected: 1.trainer.epoch") && !strings.Contains(err.Error(), "1.optimizer") {
		t.Errorf("one trainer: %v", err)
	}
	before := bitsOf(resumed)
	var stateError *optim.StateError
	if _, err := nn.LoadCheckpoint(bytes.NewReader(saved), nn.LoadCheckpointConfig{}, others[1], others[0]); !errors.As(err, &stateError) || !cmp.Equal(before, bitsOf(resumed)) {
		t.Errorf("the other way round: %v", err)
	}
}

// Whatever is wrong with a checkpoint, the trainer stays as it is.
func TestDamagedCheckpoints(t *testing.T) {
	loader := data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16})
	source, _ := restless(1)
	advance(t, source, loader, 3)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, source); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	trainer, model := restless(2)
	advance(t, trainer, loader, 2)
	before, state := bitsOf(model), stateBits(trainer.Optimizer())
	try := func(name string, file []byte) {
		t.Helper()
		if _, err := nn.LoadCheckpoint(bytes.NewReader(file), nn.LoadCheckpointConfig{}, trainer); err == nil {
			t.Errorf("%s: no error", name)
		}
		if !cmp.Equal(before, bitsOf(model)) || !cmp.Equal(state, stateBits(trainer.Optimizer())) {
			t.Fatalf("%s: the trainer was changed", name)
		}
		if epoch, step := trainer.Position(); epoch != 0 || step != 2 {
			t.Fatalf("%s: the position is %d, %d", name, epoch, step)
		}
	}
	for length := 0; length < len(whole); length += 7 {
		try(fmt.Sprintf("cut off after %d bytes", length), whole[:length])
	}
	try("a byte more", append(bytes.Clone(whole), 0))
	try("another name", bytes.Replace(whole, []byte("0.model.0.weight"), []byte("0.model.0.weighs"), 1))
	try("another name of the optimizer's", bytes.Replace(whole, []byte("exp_avg_sq"), []byte("exp_avg_sp"), 1))
	try("no number", bytes.Replace(whole, []byte("0.trainer.epoch"), []byte("0.trainer.epics"), 1))
	try("weights", saved(t, model, nil))
	if _, err := nn.LoadCheckpoint(bytes.NewReader(whole), nn.LoadCheckpointConfig{}, trainer); err != nil {
		t.Errorf("the right one: %v", err)
	}
}

// To go on with other examples, or other batches of them, must be asked for.
func TestCheckpointOfAnotherLoader(t *testing.T) {
	source, _ := restless(1)
	advance(t, source, data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16, Shuffle: true, Seed: 1}), 2)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, source); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		examples int
		config   data.LoaderConfig
		what     string
	}{
		{80, data.LoaderConfig{BatchSize: 16, Shuffle: true, Seed: 1, Prefetch: 2}, ""},
		{81, data.LoaderConfig{BatchSize: 16, Shuffle: true, Seed: 1}, "number of examples"},
		{80, data.LoaderConfig{BatchSize: 8, Shuffle: true, Seed: 1}, "batch size"},
		{80, data.LoaderConfig{BatchSize: 16}, "shuffling"},
		{80, data.LoaderConfig{BatchSize: 16, Shuffle: true, Seed: 1, DropLast: true}, "leaving out the last batch"},
		{80, data.LoaderConfig{BatchSize: 16, Shuffle: true, Seed: 2}, "seed"},
	} {
		for _, other := range []bool{false, true} {
			trainer, _ := restless(1)
			if _, err := nn.LoadCheckpoint(bytes.NewReader(file.Bytes()), nn.LoadCheckpointConfig{OtherData: other}, trainer); err != nil {
				t.Fatal(err)
			}
			var err error
			for _, err = range trainer.Epoch(context.Background(), data.NewLoader(blobs(1, test.examples), test.config)) {
				break
			}
			var loaderError *nn.LoaderError
			switch refused := test.what != "" && !other; {
			case !refused && err != nil:
				t.Errorf("%s, asked for: %v", test.what, err)
			case refused && (!errors.As(err, &loaderError) || loaderError.What != test.what || !strings.Contains(err.Error(), test.what)):
				t.Errorf("%s: %v", test.what, err)
			}
		}
	}
}

// keeper is a callback that counts epochs, keeps a checkpoint after each, and goes on from
// one that is there.
type keeper struct {
	nn.NoCallback
	path    string
	trainer *nn.Trainer
	epochs  autograd.Variable
	stopAt  int
}

func (k *keeper) State() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) { yield("epochs", k.epochs) }
}

func (k *keeper) Restore(state map[string]autograd.Variable) error {
	if _, ok := state["epochs"]; !ok || len(state) != 1 {
		return fmt.Errorf("epochs expected, got %v", state)
	}
	k.epochs.CopyFrom(state["epochs"])
	return nil
}

func (k *keeper) Begin(t *nn.Trainer) error {
	k.trainer = t
	if _, err := nn.LoadCheckpointFile(k.path, nn.LoadCheckpointConfig{}, t); err != nil && !strings.Contains(err.Error(), "no such file") {
		return err
	}
	return nil
}

func (k *keeper) Epoch(e *nn.Epoch) error {
	k.epochs.Float64s()[0]++
	if err := nn.SaveCheckpointFile(k.path, nn.SaveCheckpointConfig{}, k.trainer); err != nil {
		return err
	}
	if e.Number == k.stopAt {
		return nn.ErrStop
	}
	return nil
}

// Fit goes on from a checkpoint that a callback loads, with the state of callbacks.
func TestFitGoesOn(t *testing.T) {
	run := func(path string, stopAt int) (map[string][]uint64, *nn.History, float64) {
		_, model := restless(1)
		k := &keeper{path: path, epochs: autograd.Zeros(double, 1), stopAt: stopAt}
		history, err := nn.Fit(context.Background(), model, blobs(1, 60), nn.FitConfig{
			Epochs: 4, Seed: 2, Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.01}),
			Callbacks: []nn.Callback{nn.NoCallback{}, k},
		})
		if err != nil {
			t.Fatal(err)
		}
		return bitsOf(model), history, k.epochs.Floats()[0]
	}
	dir := t.TempDir()
	whole, all, _ := run(filepath.Join(dir, "whole"), -1)
	path := filepath.Join(dir, "parts")
	_, first, _ := run(path, 1)
	resumed, rest, epochs := run(path, -1)
	if diff := cmp.Diff(whole, resumed); diff != "" {
		t.Errorf("(-whole +resumed):\n%s", diff)
	}
	if len(all.Epochs) != 4 || len(first.Epochs) != 2 || len(rest.Epochs) != 4 || rest.Epochs[3].Number != 3 || epochs != 4 {
		t.Errorf("epochs %d, %d and %d; the callback counted %v", len(all.Epochs), len(first.Epochs), len(rest.Epochs), epochs)
	}
}

func TestSaveCheckpointFails(t *testing.T) {
	trainer, _ := restless(1)
	full := errors.New("the disk is full")
	if err := nn.SaveCheckpoint(failingWriter{full}, nn.SaveCheckpointConfig{}, trainer); !errors.Is(err, full) {
		t.Errorf("got %v", err)
	}
	if _, err := nn.LoadCheckpoint(io.MultiReader(), nn.LoadCheckpointConfig{}, trainer); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", err)
	}
}

// A checkpoint in which any bit has changed is known to be damaged, be it that of a name,
// so that it would be that of another model.
func TestEveryBitOfACheckpointCounts(t *testing.T) {
	source, _ := restless(1)
	advance(t, source, data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16}), 3)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{Extra: map[string][]byte{"mine": []byte("x")}}, source); err != nil {
		t.Fatal(err)
	}
	trainer, _ := restless(2)
	stride := 1
	if testing.Short() {
		stride = 3
	}
	for i := 0; i < file.Len(); i += stride {
		damaged := bytes.Clone(file.Bytes())
		damaged[i] ^= 1 << (i % 8)
		var format *nn.FormatError
		if _, err := nn.LoadCheckpoint(bytes.NewReader(damaged), nn.LoadCheckpointConfig{}, trainer); !errors.As(err, &format) {
			t.Fatalf("byte %d of %d: %v", i, len(damaged), err)
		}
	}
}

// A checkpoint is a file of weights, with the caller's own bytes beside them.
func TestCheckpointsAreSafetensors(t *testing.T) {
	source, model := restless(1)
	advance(t, source, data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16}), 7)
	extra := map[string][]byte{"mine": {1, 2, 3}, "empty": {}}
	var file bytes.Buffer
	config := nn.SaveCheckpointConfig{Extra: extra, Metadata: map[string]string{"run": "first"}}
	if err := nn.SaveCheckpoint(&file, config, source); err != nil {
		t.Fatal(err)
	}
	whole := file.Bytes()
	info, err := nn.Inspect(bytes.NewReader(whole))
	if err != nil {
		t.Fatal(err)
	}
	metadata := map[string]string{"run": "first", "checkpoint.epoch": "1", "checkpoint.step": "2", "checkpoint.steps": "7"}
	if diff := cmp.Diff(metadata, info.Metadata); diff != "" {
		t.Errorf("metadata (-want +got):\n%s", diff)
	}
	if last := info.Tensors[len(info.Tensors)-1]; last.Name != "checksum" || last.DType != "U8" {
		t.Errorf("the last tensor is %+v", last)
	}
	trainer, _ := restless(2)
	got, err := nn.LoadCheckpoint(bytes.NewReader(whole), nn.LoadCheckpointConfig{}, trainer)
	if err != nil {
		t.Fatal(err)
	}
	want := &nn.CheckpointInfo{Epoch: 1, Step: 2, Steps: 7, Extra: extra, Metadata: metadata}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(bitsOf(model), bitsOf(trainer.Objective())); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
}

// A checkpoint of another model says all that differs, at once.
func TestCheckpointOfAnotherModel(t *testing.T) {
	source, _ := restless(1)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{}, source); err != nil {
		t.Fatal(err)
	}
	other := nn.NewTrainer(nn.Supervised(nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 9, 7, 3}}), nil), nn.TrainerConfig{})
	_, err := nn.LoadCheckpoint(&file, nn.LoadCheckpointConfig{}, other)
	var mismatch *nn.MismatchError
	if !errors.As(err, &mismatch) {
		t.Fatal(err)
	}
	for _, want := range []string{"0.model.2.weight", "0.model.1.running_mean", "0.model.0.weight is F32 [8 2]", "the model has F32 [9 2]", "0.model.4.weight is F32 [3 8]"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no %q in %v", want, err)
		}
	}
}

// FuzzLoadCheckpoint loads a header and data, with the checksum that they have, or a wrong
// one. Whatever they are, the trainer is loaded whole or not changed, and can be saved.
func FuzzLoadCheckpoint(f *testing.F) {
	trainer := func(steps int) *nn.Trainer {
		model := nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{2, 3}})
		t := nn.NewTrainer(nn.Supervised(model, nil), nn.TrainerConfig{Metrics: []nn.Metric{nn.Accuracy{}, nn.ROCAUC{}},
			Optimizer: optim.NewSGD(nn.Params(model), optim.SGDConfig{Momentum: 0.9})})
		loader := data.NewLoader(blobs(1, 8), data.LoaderConfig{BatchSize: 2})
		for range steps {
			for _, err := range t.Epoch(context.Background(), loader) {
				if err != nil {
					f.Fatal(err)
				}
				break
			}
		}
		return t
	}
	save := func(t *nn.Trainer) []byte {
		var file bytes.Buffer
		if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{Extra: map[string][]byte{"a": {1}}}, t); err != nil {
			f.Fatal(err)
		}
		return file.Bytes()
	}
	for steps := range 6 {
		file := save(trainer(steps))
		header := file[8 : 8+binary.LittleEndian.Uint64(file)]
		content := file[8+len(header) : len(file)-sha256.Size]
		f.Add(header, content, true)
		f.Add(header, content, false)
		f.Add(bytes.ReplaceAll(header, []byte("0.trainer.epoch"), []byte("0.trainer.epics")), content, true)
		f.Add(header, bytes.ReplaceAll(content, []byte{1}, []byte{255}), true)
		f.Add(header, bytes.ReplaceAll(content, []byte("counting"), []byte("COUNTING")), true)
	}
	f.Fuzz(func(t *testing.T, header, content []byte, rightSum bool) {
		file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
		file = append(file, content...)
		sum := sha256.Sum256(file)
		if !rightSum {
			sum[0]++
		}
		file = append(file, sum[:]...)
		loaded := trainer(2)
		before := save(loaded)
		if _, err := nn.LoadCheckpoint(bytes.NewReader(file), nn.LoadCheckpointConfig{OtherData: true}, loaded); err != nil {
			if !bytes.Equal(save(loaded), before) {
				t.Fatalf("%v, and yet the trainer was changed", err)
			}
			if strings.Contains(err.Error(), "%!") {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		if !rightSum {
			t.Fatal("the checksum does not matter")
		}
		again := trainer(0)
		if _, err := nn.LoadCheckpoint(bytes.NewReader(save(loaded)), nn.LoadCheckpointConfig{}, again); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(save(loaded), save(again)) {
			t.Fatal("saved and loaded it is another one")
		}
		for range 2 { // it may not train, but does not panic
			for _, err := range loaded.Epoch(context.Background(), data.NewLoader(blobs(1, 8), data.LoaderConfig{BatchSize: 2})) {
				if err != nil {
					return
				}
			}
		}
	})
}

// A file of a few bytes does not make LoadCheckpoint allocate many, whatever it claims.
func TestLoadCheckpointAllocatesByWhatIsThere(t *testing.T) {
	trainer, _ := restless(1)
	var file bytes.Buffer
	if err := nn.SaveCheckpoint(&file, nn.SaveCheckpointConfig{Extra: map[string][]byte{"a": {1}}}, trainer); err != nil {
		t.Fatal(err)
	}
	// The caller's bytes are said to be a billion.
	header := string(file.Bytes()[8 : 8+binary.LittleEndian.Uint64(file.Bytes())])
	at := strings.Index(header, `"extra.a":`)
	var begin int
	if _, err := fmt.Sscanf(header[at:], `"extra.a":{"dtype":"U8","shape":[1],"data_offsets":[%d,`, &begin); err != nil {
		t.Fatal(err)
	}
	claims := strings.NewReplacer(fmt.Sprintf(`"shape":[1],"data_offsets":[%d,%d]`, begin, begin+1), fmt.Sprintf(`"shape":[1000000000],"data_offsets":[%d,%d]`, begin, begin+1000000000),
		fmt.Sprintf(`[%d,%d]`, begin+1, begin+33), fmt.Sprintf(`[%d,%d]`, begin+1000000000, begin+1000000032)).Replace(header)
	damaged := append(binary.LittleEndian.AppendUint64(nil, uint64(len(claims))), claims...)
	damaged = append(damaged, file.Bytes()[8+len(header):]...)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := nn.LoadCheckpoint(bytes.NewReader(damaged), nn.LoadCheckpointConfig{}, trainer)
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "extra.a") || used > 1<<20 {
		t.Errorf("%d bytes were allocated, error %v", used, err)
	}
}
