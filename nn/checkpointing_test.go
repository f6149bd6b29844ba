package nn_test

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/optim"
)

// fitted is what a run of Fit comes to.
type fitted struct {
	Weights map[string][]uint64
	History *nn.History
}

// sameRun compares all of two runs but the time that they took. NaN equals NaN.
func sameRun(a, b fitted) string {
	return cmp.Diff(a, b, cmpopts.IgnoreFields(nn.Epoch{}, "Duration"), cmpopts.EquateNaNs())
}

// outputMean is a metric of one's own whose measurements are saved in checkpoints: the mean
// of all outputs.
type outputMean struct{}

func (outputMean) Name() string    { return "output" }
func (outputMean) Begin() nn.Meter { return &outputMeter{} }

type outputMeter struct{ sum, count float64 }

func (m *outputMeter) Add(output data.Array, _ *data.Batch) {
	for _, x := range output.Float32s {
		m.sum += float64(x)
		m.count++
	}
}

func (m *outputMeter) Merge(other nn.Meter) {
	o := other.(*outputMeter)
	m.sum, m.count = m.sum+o.sum, m.count+o.count
}

func (m *outputMeter) Value() float64 { return m.sum / m.count }

func (m *outputMeter) State() iter.Seq2[string, autograd.Variable] {
	return func(yield func(string, autograd.Variable) bool) {
		yield("sums", autograd.New([]float64{m.sum, m.count}))
	}
}

func (m *outputMeter) Restore(state map[string]autograd.Variable) error {
	sums, ok := state["sums"]
	if !ok || len(state) != 1 || sums.Size() != 2 {
		return fmt.Errorf("sums expected, got %v", state)
	}
	m.sum, m.count = sums.Floats()[0], sums.Floats()[1]
	return nil
}

const epochsFitted, stepsFitted = 4, 5

// fitRestless trains a model with all kinds of state on 60 examples, 5 steps an epoch.
func fitRestless(ctx context.Context, validation data.Dataset, callbacks ...nn.Callback) (fitted, error) {
	_, model := restless(1)
	history, err := nn.Fit(ctx, model, blobs(1, 60), nn.FitConfig{
		Epochs: epochsFitted, BatchSize: 12, Seed: 2, Optimizer: optim.NewAdam(nn.Params(model), optim.AdamConfig{LR: 0.01}),
		Metrics: []nn.Metric{outputMean{}}, Validation: validation, Callbacks: callbacks,
	})
	return fitted{bitsOf(model), history}, err
}

// interruption cancels a run at a step, or in the validation after one.
type interruption struct {
	data.Dataset // to validate on
	cancel       context.CancelFunc
	steps        int
	at           int
	inValidation bool
}

func (i *interruption) Step() nn.Callback {
	return nn.OnStep(func(*nn.Step) error {
		if i.steps++; i.steps == i.at && !i.inValidation {
			i.cancel()
		}
		return nil
	})
}

func (i *interruption) Fill(b *data.Batch, indices []int) error {
	if i.steps == i.at && i.inValidation {
		i.cancel()
	}
	return i.Dataset.Fill(b, indices)
}

// A run that is cancelled at any step, or in a validation, and started again ends with the
// same weights and the same history.
func TestCheckpointingGoesOn(t *testing.T) {
	whole, err := fitRestless(t.Context(), blobs(2, 40))
	if err != nil {
		t.Fatal(err)
	}
	for at := 1; at <= epochsFitted*stepsFitted; at++ {
		for _, inValidation := range []bool{false, true} {
			if inValidation && at%stepsFitted != 0 {
				continue
			}
			t.Run(fmt.Sprintf("step %d, in validation %v", at, inValidation), func(t *testing.T) {
				dir := t.TempDir()
				ctx, cancel := context.WithCancel(t.Context())
				stop := &interruption{Dataset: blobs(2, 40), cancel: cancel, at: at, inValidation: inValidation}
				checkpoints := nn.NewCheckpointing(dir, nn.CheckpointingConfig{Resume: true})
				// Wherever they are in the list, checkpoints come last.
				first, err := fitRestless(ctx, stop, checkpoints, stop.Step())
				if !errors.Is(err, context.Canceled) || checkpoints.Resumed() != nil {
					t.Fatalf("%v; resumed %v", err, checkpoints.Resumed())
				}
				checkpoints = nn.NewCheckpointing(dir, nn.CheckpointingConfig{Resume: true})
				second, err := fitRestless(t.Context(), blobs(2, 40), checkpoints)
				if err != nil {
					t.Fatal(err)
				}
				if diff := sameRun(whole, second); diff != "" {
					t.Errorf("(-whole +resumed):\n%s", diff)
				}
				if got := checkpoints.Resumed(); got == nil || got.Steps != at {
					t.Errorf("resumed at %+v, the first run has %v", got, first.History)
				}
			})
		}
	}
}

// filesIn are the files in a directory, but for that of the lock.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if e.Name() != ".lock" {
			list = append(list, e.Name())
		}
	}
	return list
}

func TestCheckpointsAreRotated(t *testing.T) {
	validation := blobs(2, 40)
	for _, test := range []struct {
		name   string
		config nn.CheckpointingConfig
		want   []string
	}{
		{"epochs", nn.CheckpointingConfig{}, []string{"checkpoint-000000015.safetensors", "checkpoint-000000020.safetensors"}},
		{"one", nn.CheckpointingConfig{Keep: 1}, []string{"checkpoint-000000020.safetensors"}},
		{"steps", nn.CheckpointingConfig{Steps: 6, Keep: 3},
			[]string{"checkpoint-000000015.safetensors", "checkpoint-000000018.safetensors", "checkpoint-000000020.safetensors"}},
		{"all", nn.CheckpointingConfig{Steps: 9, Keep: 100}, []string{"checkpoint-000000005.safetensors", "checkpoint-000000009.safetensors",
			"checkpoint-000000010.safetensors", "checkpoint-000000015.safetensors", "checkpoint-000000018.safetensors", "checkpoint-000000020.safetensors"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "new", "directory")
			if _, err := fitRestless(t.Context(), validation, nn.NewCheckpointing(dir, test.config)); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, filesIn(t, dir)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// The best epochs are kept besides the latest, by any score, and in either direction.
func TestBestCheckpointsAreKept(t *testing.T) {
	for _, test := range []struct {
		config nn.CheckpointingConfig
		score  func(e *nn.Epoch) float64 // lower is better
	}{
		{nn.CheckpointingConfig{KeepBest: 2}, func(e *nn.Epoch) float64 { x, _ := e.Validation.Get("loss"); return x }},
		{nn.CheckpointingConfig{KeepBest: 2, Maximize: true}, func(e *nn.Epoch) float64 { x, _ := e.Validation.Get("loss"); return -x }},
		{nn.CheckpointingConfig{KeepBest: 1, Score: "output", Training: true, Maximize: true},
			func(e *nn.Epoch) float64 { x, _ := e.Train.Get("output"); return -x }},
	} {
		dir := t.TempDir()
		test.config.Keep = 1
		checkpoints := nn.NewCheckpointing(dir, test.config)
		run, err := fitRestless(t.Context(), blobs(2, 40), checkpoints)
		if err != nil {
			t.Fatal(err)
		}
		best, err := checkpoints.Dir().Best()
		if err != nil || len(best) != test.config.KeepBest {
			t.Fatalf("best %v, %v", best, err)
		}
		kept := map[int]bool{}
		worst := math.Inf(-1)
		for _, f := range best {
			number := f.Steps/stepsFitted - 1
			kept[number] = true
			worst = max(worst, test.score(&run.History.Epochs[number]))
		}
		for i := range run.History.Epochs {
			if score := test.score(&run.History.Epochs[i]); !kept[i] && score < worst {
				t.Errorf("%+v: epoch %d is better than the worst of the best, %v: %v", test.config, i, kept, worst)
			}
		}
		if files, err := checkpoints.Dir().Files(); err != nil || len(files) > test.config.KeepBest+1 || files[0].Steps != epochsFitted*stepsFitted {
			t.Errorf("%v, %v", files, err)
		}
	}
	missing := nn.NewCheckpointing(t.TempDir(), nn.CheckpointingConfig{KeepBest: 1, Score: "luck"})
	if _, err := fitRestless(t.Context(), blobs(2, 40), missing); err == nil || !strings.Contains(err.Error(), `no score "luck"`) {
		t.Errorf("a score that there is not: %v", err)
	}
}

// half is a run whose latest checkpoint is of step 10.
func half(t *testing.T, dir string, config nn.CheckpointingConfig) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	stop := &interruption{Dataset: blobs(2, 40), cancel: cancel, at: 10}
	if _, err := fitRestless(ctx, stop, nn.NewCheckpointing(dir, config), stop.Step()); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// A damaged checkpoint is passed over for the one before it, which is said.
func TestDamagedCheckpointsArePassedOver(t *testing.T) {
	whole, err := fitRestless(t.Context(), blobs(2, 40))
	if err != nil {
		t.Fatal(err)
	}
	for _, keep := range []int{1, 2, 3} {
		for _, damage := range []struct {
			name string
			do   func(b []byte) []byte
		}{
			{"empty", func([]byte) []byte { return nil }},
			{"zeros", func(b []byte) []byte { return make([]byte, len(b)) }},
			{"half", func(b []byte) []byte { return b[:len(b)/2] }},
			{"one bit", func(b []byte) []byte { b[len(b)/2] ^= 1; return b }},
		} {
			dir := t.TempDir()
			half(t, dir, nn.CheckpointingConfig{Steps: 3, Keep: 3})
			newest := filepath.Join(dir, "checkpoint-000000010.safetensors")
			content, err := os.ReadFile(newest)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(newest, damage.do(content), 0o644); err != nil {
				t.Fatal(err)
			}
			checkpoints := nn.NewCheckpointing(dir, nn.CheckpointingConfig{Resume: true, Keep: keep})
			resumed, err := fitRestless(t.Context(), blobs(2, 40), checkpoints)
			if err != nil {
				t.Fatalf("%s: %v", damage.name, err)
			}
			if diff := sameRun(whole, resumed); diff != "" {
				t.Errorf("%s (-whole +resumed):\n%s", damage.name, diff)
			}
			info := checkpoints.Resumed()
			if info.Steps != 9 || len(info.Damaged) != 1 || !strings.Contains(info.Damaged[0].Error(), newest) {
				t.Errorf("%s: %+v", damage.name, info)
			}
		}
	}
}

// A directory of damaged checkpoints is none to begin anew in.
func TestOnlyDamagedCheckpoints(t *testing.T) {
	dir := t.TempDir()
	for i := range 3 {
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("checkpoint-%09d.safetensors", i)), []byte("?"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	_, err := fitRestless(t.Context(), nil, nn.NewCheckpointing(dir, nn.CheckpointingConfig{Resume: true}))
	var format *nn.FormatError
	if !errors.As(err, &format) || strings.Count(err.Error(), "checkpoint-00000000") != 3 {
		t.Errorf("got %v", err)
	}
}

func TestCheckpointingRefuses(t *testing.T) {
	dir := t.TempDir()
	half(t, dir, nn.CheckpointingConfig{})
	if _, err := fitRestless(t.Context(), nil, nn.NewCheckpointing(dir, nn.CheckpointingConfig{})); !errors.Is(err, fs.ErrExist) || !strings.Contains(err.Error(), dir) {
		t.Errorf("an earlier run's: %v", err)
	}
	first := nn.NewCheckpointing(t.TempDir(), nn.CheckpointingConfig{})
	inside := nn.OnStep(func(*nn.Step) error {
		_, err := fitRestless(t.Context(), nil, nn.NewCheckpointing(first.Dir().Path, nn.CheckpointingConfig{}))
		if err == nil || !strings.Contains(err.Error(), "another process") || !strings.Contains(err.Error(), first.Dir().Path) {
			t.Errorf("two at once: %v", err)
		}
		return nil
	})
	if _, err := fitRestless(t.Context(), nil, first, inside); err != nil {
		t.Error(err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := fitRestless(t.Context(), nil, nn.NewCheckpointing(file, nn.CheckpointingConfig{})); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a file: %v", err)
	}
	if err := autograd.Try(func() { nn.NewCheckpointing("", nn.CheckpointingConfig{Keep: -1}) }); err == nil || !strings.Contains(err.Error(), "Keep is -1") {
		t.Errorf("got %v", err)
	}
}

// What a process that was killed has left half-written is removed; other files stay.
func TestCheckpointingSweeps(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{".checkpoint-000000003.safetensors-123.tmp", "notes.txt", "checkpoint-3.safetensors"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("?"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := fitRestless(t.Context(), nil, nn.NewCheckpointing(dir, nn.CheckpointingConfig{Keep: 1})); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"checkpoint-000000020.safetensors", "checkpoint-3.safetensors", "notes.txt"}, filesIn(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Checkpoints by the clock, with bytes of the caller's.
func TestCheckpointsByTheClock(t *testing.T) {
	dir := t.TempDir()
	clock := time.Unix(0, 0)
	tick := nn.OnStep(func(*nn.Step) error { clock = clock.Add(time.Minute); return nil })
	count := 0
	checkpoints := nn.NewCheckpointing(dir, nn.CheckpointingConfig{
		Interval: 3 * time.Minute, Keep: 100,
		Extra: func() (map[string][]byte, error) { count++; return map[string][]byte{"count": {byte(count)}}, nil },
	})
	checkpoints.SetClock(func() time.Time { return clock })
	if _, err := fitRestless(t.Context(), nil, checkpoints, tick); err != nil {
		t.Fatal(err)
	}
	var steps []int
	files, err := checkpoints.Dir().Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		steps = append(steps, f.Steps)
	}
	// Every three minutes, counted anew from each epoch's.
	if diff := cmp.Diff([]int{20, 18, 15, 13, 10, 8, 5, 3}, steps); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	again := nn.NewCheckpointing(dir, nn.CheckpointingConfig{Resume: true})
	if _, err := fitRestless(t.Context(), nil, again); err != nil || again.Resumed().Extra["count"][0] != 8 {
		t.Errorf("%v, %+v", err, again.Resumed())
	}
	failed := errors.New("no bytes")
	failing := nn.NewCheckpointing(t.TempDir(), nn.CheckpointingConfig{Extra: func() (map[string][]byte, error) { return nil, failed }})
	if _, err := fitRestless(t.Context(), nil, failing); !errors.Is(err, failed) {
		t.Errorf("got %v", err)
	}
}

// Two trainers in a loop of one's own.
func TestCheckpointDirOfTwoTrainers(t *testing.T) {
	dir := nn.CheckpointDir{Path: filepath.Join(t.TempDir(), "run"), Keep: 1}
	if _, err := dir.Load(nn.LoadCheckpointConfig{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("without a directory: %v", err)
	}
	loader := data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16})
	a, modelA := restless(1)
	b, modelB := restless(2)
	for range 2 {
		advance(t, a, loader, 2)
		advance(t, b, loader, 3)
		if path, err := dir.Save(math.NaN(), nn.SaveCheckpointConfig{}, a, b); err != nil || filepath.Dir(path) != dir.Path {
			t.Fatalf("%s, %v", path, err)
		}
	}
	a2, modelA2 := restless(3)
	b2, modelB2 := restless(4)
	info, err := dir.Load(nn.LoadCheckpointConfig{}, a2, b2)
	if err != nil || info.Steps != 4 || len(filesIn(t, dir.Path)) != 1 {
		t.Errorf("%+v, %v", info, err)
	}
	if diff := cmp.Diff(bitsOf(modelA), bitsOf(modelA2)) + cmp.Diff(bitsOf(modelB), bitsOf(modelB2)); diff != "" {
		t.Error(diff)
	}
	if _, err := dir.Save(math.NaN(), nn.SaveCheckpointConfig{}); err == nil {
		t.Error("a checkpoint of nothing")
	}
}

// Whoever reads a directory to which two runs write at once, without a lock, finds whole
// checkpoints at all times.
func TestCheckpointsWhileTheyAreReplaced(t *testing.T) {
	path := t.TempDir()
	loader := data.NewLoader(blobs(1, 80), data.LoaderConfig{BatchSize: 16})
	first, _ := restless(1)
	advance(t, first, loader, 1)
	if _, err := (nn.CheckpointDir{Path: path}).Save(math.NaN(), nn.SaveCheckpointConfig{}, first); err != nil {
		t.Fatal(err)
	}
	var writers sync.WaitGroup
	done := make(chan struct{})
	for seed := range uint64(2) {
		trainer, _ := restless(seed)
		writers.Go(func() {
			for range 30 {
				for _, err := range trainer.Epoch(context.Background(), loader) {
					if err != nil {
						t.Error(err)
					}
					break
				}
				dir := nn.CheckpointDir{Path: path, Keep: 1}
				dir.SetFiles(&brokenFiles{at: -1}) // which does not sync
				if _, err := dir.Save(math.NaN(), nn.SaveCheckpointConfig{}, trainer); err != nil {
					t.Error(err)
				}
			}
		})
	}
	go func() { writers.Wait(); close(done) }()
	reads, trainer := 0, first
	for running := true; running; reads++ {
		info, err := nn.CheckpointDir{Path: path}.Load(nn.LoadCheckpointConfig{}, trainer)
		if err != nil || len(info.Damaged) > 0 {
			t.Fatalf("%+v, %v", info, err)
		}
		select {
		case <-done:
			running = false
		default:
		}
	}
	if files, err := (nn.CheckpointDir{Path: path}).Files(); err != nil || len(files) != 1 || files[0].Steps != 30 {
		t.Errorf("%v, %v after %d reads", files, err, reads)
	}
}
