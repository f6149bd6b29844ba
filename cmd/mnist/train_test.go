package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/data"
)

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// onlyFile checks that nothing else was left beside path.
func onlyFile(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 || entries[0].Name() != filepath.Base(path) {
		t.Errorf("beside %s: %v", path, entries)
	}
}

// TestTrainWithoutNetwork is the first thing a newcomer sees who is offline.
func TestTrainWithoutNetwork(t *testing.T) {
	weights := isolate(t)
	o := succeed(t)
	first, _, _ := strings.Cut(o.stdout, "\n")
	for _, want := range []string{"the embedded digits", "batches of 32", "MNIST", "404 Not Found", "--data-dir"} {
		if !strings.Contains(first, want) {
			t.Errorf("no %q in the first line: %s", want, first)
		}
	}
	if strings.Count(o.stdout, "--data-dir")+strings.Count(o.stderr, "\n") != 1 {
		t.Errorf("said more than once:\n%s%s", o.stdout, o.stderr)
	}
	if n := strings.Count(o.stdout, "\nEpoch "); n != 10 || !strings.Contains(o.stdout, "\nEpoch 10/10 - 45/45 - ") {
		t.Errorf("%d lines of epochs, want 10 of 45 steps:\n%s", n, o.stdout)
	}
	if got := accuracyOf(t, o.stdout); got < 0.95 {
		t.Errorf("accuracy %.4f, want 0.95 or more", got)
	}
	if !strings.Contains(o.stdout, "\nWeights: "+weights+"\n") {
		t.Errorf("it does not say where the weights are:\n%s", o.stdout)
	}
	onlyFile(t, weights)
}

// TestSilentNetwork has a mirror that takes the connection and never says a word.
func TestSilentNetwork(t *testing.T) {
	isolate(t)
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-done:
		}
	}))
	defer server.Close()
	defer close(done)
	var stdout bytes.Buffer
	a := newTestApp(t, &stdout, io.Discard)
	a.mirrors, a.patience = []string{server.URL}, 10*time.Millisecond
	if err := a.run(t.Context(), []string{"--epochs", "1"}); err != nil {
		t.Fatal(err)
	}
	if first, _, _ := strings.Cut(stdout.String(), "\n"); !strings.Contains(first, "(no answer)") {
		t.Errorf("the first line is %s", first)
	}
	a = newTestApp(t, io.Discard, io.Discard)
	a.mirrors, a.patience = []string{server.URL}, 10*time.Millisecond
	fails(t, a.run(t.Context(), []string{"--dataset", mnist}), 1, "MNIST is not in the cache", "no answer", "--data-dir")
}

func TestMissingDataset(t *testing.T) {
	weights := isolate(t)
	fails(t, execute(t, "--dataset", mnist).err, 1, "MNIST is not in the cache", "404 Not Found", "--data-dir")
	if _, err := os.Stat(weights); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("weights of nothing: %v", err)
	}
}

func TestBatchOfDigits(t *testing.T) {
	isolate(t)
	cases := []struct {
		args  []string
		batch string
	}{
		{nil, "batches of 32)"},
		{[]string{"--batch", "128"}, "batches of 128)"},
		{[]string{"--batch", "5000"}, "batches of 5000)"},
	}
	for _, c := range cases {
		o := succeed(t, append([]string{"--dataset", digits, "--epochs", "1"}, c.args...)...)
		if !strings.Contains(o.stdout, c.batch) {
			t.Errorf("%v: no %q in:\n%s", c.args, c.batch, o.stdout)
		}
	}
}

func TestSameSeedSameOutput(t *testing.T) {
	weights := isolate(t)
	train := func(seed string) (stdout string, file []byte) {
		o := succeed(t, "--dataset", digits, "--epochs", "2", "--seed", seed)
		return o.stdout, readFile(t, weights)
	}
	stdout, file := train("7")
	again, fileAgain := train("7")
	if diff := cmp.Diff(stdout, again); diff != "" {
		t.Errorf("the same seed prints something else: %s", diff)
	}
	if !bytes.Equal(file, fileAgain) {
		t.Error("the same seed gives other weights")
	}
	other, fileOther := train("8")
	if other == stdout || bytes.Equal(fileOther, file) {
		t.Error("another seed makes no difference")
	}
}

// TestChoices trains with each of what can be chosen.
func TestChoices(t *testing.T) {
	isolate(t)
	var cases [][]string
	for _, name := range activationNames() {
		cases = append(cases, []string{"--activation", name})
	}
	for _, name := range optimizerNames() {
		cases = append(cases, []string{"--optimizer", name})
	}
	for _, sizes := range []string{noHidden, "16", "64, 32"} {
		cases = append(cases, []string{"--hidden", sizes})
	}
	cases = append(cases, []string{"--validation", "0.2"}, []string{"--rate", "0.003"})
	epochs, least := "5", 0.8
	if testing.Short() {
		epochs, least = "2", 0.5
	}
	for _, args := range cases {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			o := succeed(t, append([]string{"--dataset", digits, "--epochs", epochs}, args...)...)
			trained := accuracyOf(t, o.stdout)
			if trained < least {
				t.Errorf("accuracy %.4f, want %v or more", trained, least)
			}
			if evaluated := accuracyOf(t, succeed(t, "evaluate").stdout); evaluated != trained {
				t.Errorf("accuracy %.4f after training, %.4f when evaluated", trained, evaluated)
			}
		})
	}
}

func TestValidationLeavesNothing(t *testing.T) {
	isolate(t)
	o := execute(t, "--dataset", digits, "--validation", "0.00001")
	fails(t, o.err, 1, "--validation 1e-05 of 1438 images leaves nothing to validate on")
}

func TestDiverging(t *testing.T) {
	weights := isolate(t)
	o := execute(t, "--dataset", digits, "--optimizer", "sgd", "--rate", "1e30")
	fails(t, o.err, 1, "training diverged in epoch 1, step ", "--rate", "no weights were kept")
	if _, err := os.Stat(weights); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there are weights: %v", err)
	}
}

// cancelAfter cancels a run when it has written a text.
type cancelAfter struct {
	bytes.Buffer
	text   string
	cancel context.CancelFunc
}

func (w *cancelAfter) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if strings.Contains(w.String(), w.text) {
		w.cancel()
	}
	return n, err
}

// TestStoppedAfterEpoch cancels a long run: it must leave what a run of as many epochs as
// were done leaves.
func TestStoppedAfterEpoch(t *testing.T) {
	weights := isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "2")
	want := readFile(t, weights)
	if err := os.Remove(weights); err != nil {
		t.Fatal(err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout := &cancelAfter{text: "\nEpoch 2/1000 - ", cancel: cancel}
	err := newTestApp(t, stdout, io.Discard).run(ctx, []string{"--dataset", digits, "--epochs", "1000"})
	fails(t, err, 130, "stopped in epoch 2, after 45 steps of it")
	if !strings.HasSuffix(stdout.String(), "\nWeights: "+weights+"\n") {
		t.Errorf("it does not end with where the weights are:\n%s", stdout)
	}
	if !bytes.Equal(readFile(t, weights), want) {
		t.Error("the weights are not those of two epochs")
	}
	onlyFile(t, weights)
	if got := accuracyOf(t, succeed(t, "evaluate").stdout); got < 0.85 {
		t.Errorf("accuracy %.4f of the weights kept, want 0.85 or more", got)
	}
}

// TestStoppedInEpoch cancels at some step: once before anything was learned, once after.
func TestStoppedInEpoch(t *testing.T) {
	cases := []struct {
		steps int
		want  string
	}{
		{0, "stopped before anything was learned"},
		{20, "stopped in epoch 1, after 20 steps of it"},
	}
	for _, c := range cases {
		t.Run(fmt.Sprint(c.steps), func(t *testing.T) {
			weights := isolate(t)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			a := newTestApp(t, &cancelAfter{text: "Parameters: ", cancel: func() {
				if c.steps == 0 {
					cancel()
				}
			}}, io.Discard)
			calls := 0
			a.now = func() time.Time { // called at the start of the epoch and after each step
				if calls++; calls == 1+c.steps {
					cancel()
				}
				return time.Unix(0, 0)
			}
			fails(t, a.run(ctx, []string{"--dataset", digits}), 130, c.want)
			_, err := loadTrained(source{})
			if kept := err == nil; kept != (c.steps > 0) {
				t.Errorf("weights in %s: %v", weights, err)
			}
		})
	}
}

func TestStoppedEarly(t *testing.T) {
	isolate(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, args := range [][]string{nil, {"--dataset", mnist}, {"--dataset", digits}} {
		err := newTestApp(t, io.Discard, io.Discard).run(ctx, args)
		fails(t, err, 130, "stopped")
		if strings.Contains(err.Error(), "context") {
			t.Errorf("%v: %v", args, err)
		}
	}
}

// TestTwoWriters trains twice at once into one file, which must be of one or the other.
func TestTwoWriters(t *testing.T) {
	isolate(t)
	shared := filepath.Join(t.TempDir(), "w.safetensors")
	train := func(seed, out string) error {
		return newTestApp(t, io.Discard, io.Discard).run(t.Context(),
			[]string{"--dataset", digits, "--epochs", "1", "--seed", seed, "--out", out})
	}
	var alone [][]byte
	for _, seed := range []string{"1", "2"} {
		path := filepath.Join(t.TempDir(), "alone.safetensors")
		if err := train(seed, path); err != nil {
			t.Fatal(err)
		}
		alone = append(alone, readFile(t, path))
	}
	var group sync.WaitGroup
	for _, seed := range []string{"1", "2", "1", "2"} {
		group.Go(func() {
			if err := train(seed, shared); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	got := readFile(t, shared)
	if !slices.ContainsFunc(alone, func(file []byte) bool { return bytes.Equal(file, got) }) {
		t.Error("the file is of neither run")
	}
	onlyFile(t, shared)
}

// TestKeepsWithoutHome trains where there is no place for weights.
func TestKeepsWithoutHome(t *testing.T) {
	isolate(t)
	for _, variable := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(variable, "")
	}
	o := succeed(t, "--dataset", digits, "--epochs", "1")
	if !strings.Contains(o.stdout, "\nThe weights will not be kept: ") || !strings.Contains(o.stdout, "--out FILE") {
		t.Errorf("it does not say that weights are lost:\n%s", o.stdout)
	}
	fails(t, execute(t, "evaluate").err, 1, "no weights", "--weights FILE")
}

// writeImages writes images in the form of MNIST, the first n of the embedded digits.
func writeImages(t *testing.T, dir string, n int) {
	t.Helper()
	train, test, err := data.Digits(0, 0.2)
	if err != nil {
		t.Fatal(err)
	}
	for prefix, images := range map[string]*data.Images{"train": train, "t10k": test} {
		labels := make([]byte, n)
		for i := range labels {
			labels[i] = byte(images.Labels[i])
		}
		for name, x := range map[string]*data.IDX{
			"-images-idx3-ubyte": {Type: data.IDXUint8, Shape: []int{n, 28, 28}, Data: images.Pixels[:n*28*28]},
			"-labels-idx1-ubyte": {Type: data.IDXUint8, Shape: []int{n}, Data: labels},
		} {
			var file bytes.Buffer
			if _, err := x.WriteTo(&file); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, prefix+name), file.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestDataDirectory(t *testing.T) {
	cases := []struct {
		name   string
		change func(t *testing.T, dir string) // of a whole data set
		want   []string                       // of the error; none if it is fine
	}{
		{"whole", func(*testing.T, string) {}, nil},
		{"missing", func(t *testing.T, dir string) {
			if err := os.RemoveAll(dir); err != nil {
				t.Fatal(err)
			}
		}, []string{"train-images-idx3-ubyte", "no such file or directory"}},
		{"incomplete", func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, "t10k-labels-idx1-ubyte")); err != nil {
				t.Fatal(err)
			}
		}, []string{"t10k-labels-idx1-ubyte"}},
		{"cut off", func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, "train-images-idx3-ubyte"), 1000); err != nil {
				t.Fatal(err)
			}
		}, []string{"train-images-idx3-ubyte"}},
		{"not images", func(t *testing.T, dir string) {
			if err := os.WriteFile(filepath.Join(dir, "train-images-idx3-ubyte"), []byte("hello"), 0o666); err != nil {
				t.Fatal(err)
			}
		}, []string{"train-images-idx3-ubyte", "at byte"}},
		{"fewer labels", func(t *testing.T, dir string) {
			other := t.TempDir()
			writeImages(t, other, 50)
			from, to := filepath.Join(other, "train-labels-idx1-ubyte"), filepath.Join(dir, "train-labels-idx1-ubyte")
			if err := os.WriteFile(to, readFile(t, from), 0o666); err != nil {
				t.Fatal(err)
			}
		}, []string{"50", "100"}},
	}
	for _, c := range cases {
		for _, way := range []string{"MNIST_DIR", "--data-dir"} {
			t.Run(c.name+" "+way, func(t *testing.T) {
				isolate(t)
				dir := filepath.Join(t.TempDir(), "mnist")
				if err := os.Mkdir(dir, 0o777); err != nil {
					t.Fatal(err)
				}
				writeImages(t, dir, 100)
				c.change(t, dir)
				args := []string{"--epochs", "1"}
				if way == "--data-dir" {
					args = append(args, way, dir)
				} else {
					t.Setenv(dirVariable, dir)
				}
				o := execute(t, args...)
				if c.want != nil {
					fails(t, o.err, 1, append(c.want, dir)...)
					return
				}
				if o.err != nil {
					t.Fatal(o.err)
				}
				if !strings.HasPrefix(o.stdout, "Data: the images in "+dir+" (100 images") || !strings.Contains(o.stderr, "not the files of MNIST as published") {
					t.Errorf("it does not say what it trains on:\n%s%s", o.stdout, o.stderr)
				}
			})
		}
	}
}

// realMNIST is the directory of the original files, read before tests change the
// environment.
var realMNIST = os.Getenv(dirVariable)

func TestMNIST(t *testing.T) {
	if realMNIST == "" {
		t.Skip("MNIST_DIR does not name a directory with the files of MNIST")
	}
	isolate(t)
	t.Setenv(dirVariable, realMNIST)
	o := succeed(t, "--epochs", "2")
	if !strings.HasPrefix(o.stdout, "Data: MNIST in "+realMNIST+" (60,000 images to train on, 10,000 to test with, batches of 128)\n") {
		t.Errorf("begins with another line:\n%s", o.stdout)
	}
	trained := accuracyOf(t, o.stdout)
	if trained < 0.95 {
		t.Errorf("accuracy %.4f after two epochs, want 0.95 or more", trained)
	}
	if evaluated := accuracyOf(t, succeed(t, "evaluate").stdout); evaluated != trained {
		t.Errorf("accuracy %.4f after training, %.4f when evaluated", trained, evaluated)
	}
}
