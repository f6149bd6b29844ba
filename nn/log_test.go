package nn_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// logForms are the logs with what reads them.
var logForms = map[string]struct {
	file func(path string) nn.Callback
	read func(text []byte) (*nn.History, error)
}{
	"CSV":  {nn.NewCSVLogFile, func(text []byte) (*nn.History, error) { return nn.ReadHistoryCSV(bytes.NewReader(text)) }},
	"JSON": {nn.NewJSONLogFile, func(text []byte) (*nn.History, error) { return nn.ReadHistoryJSONLines(bytes.NewReader(text)) }},
}

// A log has what the history has, also of a run that went on from a checkpoint, from one
// that is older than the log, and behind a line that was cut off.
func TestLogs(t *testing.T) {
	for name, form := range logForms {
		for _, cut := range []int{0, 5} {
			path := filepath.Join(t.TempDir(), "log")
			if err := os.WriteFile(path, []byte("what was there"), 0o666); err != nil {
				t.Fatal(err)
			}
			run := func(epochs int, first nn.Callback) (*nn.History, *saving) {
				save := &saving{}
				history, err := nn.Fit(context.Background(), classifier(1), blobs(1, 64), nn.FitConfig{
					Epochs: epochs, Validation: blobs(2, 30), Metrics: []nn.Metric{nn.Accuracy{}},
					Callbacks: []nn.Callback{form.file(path), first, save},
				})
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				return history, save
			}
			check := func(history *nn.History) {
				t.Helper()
				text, err := os.ReadFile(path)
				if err != nil {
					t.Fatal(err)
				}
				got, err := form.read(text)
				if err != nil {
					t.Fatalf("%s: %v\n%s", name, err, text)
				}
				if diff := cmp.Diff(history, got, cmpopts.IgnoreFields(nn.Epoch{}, "Duration")); diff != "" {
					t.Errorf("%s (-history +log):\n%s", name, diff)
				}
			}
			history, save := run(4, nn.NoCallback{})
			check(history)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, info.Size()-int64(cut)); err != nil {
				t.Fatal(err)
			}
			history, _ = run(6, &resuming{file: save.files[2-min(cut, 1)]})
			check(history)
		}
	}
}

// A file that is no log is not overwritten by a run that goes on.
func TestLogsGoOnWithLogsOnly(t *testing.T) {
	save := &saving{}
	if _, err := nn.Fit(context.Background(), classifier(1), blobs(1, 64), nn.FitConfig{Callbacks: []nn.Callback{save}}); err != nil {
		t.Fatal(err)
	}
	for name, form := range logForms {
		path := filepath.Join(t.TempDir(), "notes.txt")
		text := []byte("Dear diary,\ntoday I trained a model.\n")
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := nn.Fit(context.Background(), classifier(1), blobs(1, 64), nn.FitConfig{Epochs: 2,
			Callbacks: []nn.Callback{form.file(path), &resuming{file: save.files[0]}}})
		if err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "it is no log of epochs") {
			t.Errorf("%s: got %v", name, err)
		}
		if after, err := os.ReadFile(path); err != nil || !bytes.Equal(after, text) {
			t.Errorf("%s: the file is %q, %v", name, after, err)
		}
	}
}

// A file that cannot be written is noticed before the first step, a writer that fails ends
// the run.
func TestLogsThatFail(t *testing.T) {
	steps := 0
	count := nn.OnStep(func(*nn.Step) error { steps++; return nil })
	for name, form := range logForms {
		path := filepath.Join(t.TempDir(), "no", "such", "directory")
		_, err := nn.Fit(context.Background(), classifier(1), blobs(1, 64), nn.FitConfig{Callbacks: []nn.Callback{count, form.file(path)}})
		if !errors.Is(err, os.ErrNotExist) || steps > 0 {
			t.Errorf("%s: %d steps, then %v", name, steps, err)
		}
	}
	broken := errors.New("broken")
	for _, log := range []nn.Callback{nn.NewCSVLog(deafWriter{broken}), nn.NewJSONLog(deafWriter{broken})} {
		history, err := nn.Fit(context.Background(), classifier(1), blobs(1, 64), nn.FitConfig{Epochs: 3, Callbacks: []nn.Callback{log}})
		if !errors.Is(err, broken) || len(history.Epochs) != 1 {
			t.Errorf("got %d epochs, %v", len(history.Epochs), err)
		}
	}
}

type deafWriter struct{ err error }

func (f deafWriter) Write([]byte) (int, error) { return 0, f.err }

func ExampleNewCSVLog() {
	train, test, err := data.Digits(1, 0.2)
	if err != nil {
		panic(err)
	}
	model := nn.Sequential{nn.Flatten{}, nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{784, 32, 10}})}
	var table bytes.Buffer
	_, err = nn.Fit(context.Background(), model, train, nn.FitConfig{
		Epochs: 2, Validation: test, Callbacks: []nn.Callback{nn.NewCSVLog(&table)},
	})
	if err != nil {
		panic(err)
	}
	os.Stdout.WriteString(regexp.MustCompile(`\.[0-9e-]+`).ReplaceAllString(table.String(), ".…")) // without the times and digits
	// Output:
	// epoch,steps,partial,seconds,loss,val_loss
	// 0,45,false,0.…,1.…,1.…
	// 1,45,false,0.…,0.…,0.…
}
