package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// outcome is what a run of the program left.
type outcome struct {
	stdout, stderr string
	err            error
}

// isolate gives the test a home of its own, without anything in it, and an environment
// that names no data. It returns the default file of weights.
func isolate(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	for _, variable := range []string{"HOME", "XDG_CACHE_HOME", "LocalAppData", "home"} {
		t.Setenv(variable, home)
	}
	t.Setenv(dirVariable, "")
	path, err := defaultWeights()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(path, home) {
		t.Fatalf("%s is not in %s", path, home)
	}
	return path
}

// newTestApp is a run of the program without a terminal, at a moment that does not pass,
// on a network where every file is missing.
func newTestApp(t *testing.T, stdout, stderr io.Writer) *app {
	t.Helper()
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	return &app{
		stdout:   &output{w: stdout},
		stderr:   stderr,
		now:      func() time.Time { return time.Unix(0, 0) },
		patience: time.Minute,
		mirrors:  []string{server.URL},
	}
}

// execute runs the program with these arguments.
func execute(t *testing.T, args ...string) outcome {
	t.Helper()
	var stdout, stderr bytes.Buffer
	err := newTestApp(t, &stdout, &stderr).run(t.Context(), args)
	return outcome{stdout.String(), stderr.String(), err}
}

// succeed is execute, which must not fail.
func succeed(t *testing.T, args ...string) outcome {
	t.Helper()
	o := execute(t, args...)
	if o.err != nil {
		t.Fatalf("mnist %s: %v\n%s", strings.Join(args, " "), o.err, o.stderr)
	}
	return o
}

// fails checks that an error has this exit code, and these texts on its one line.
func fails(t *testing.T, err error, code int, texts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", texts)
	}
	if got := exitCode(err); got != code {
		t.Errorf("exit code %d, want %d: %v", got, code, err)
	}
	line := oneLine(err)
	for _, text := range texts {
		if !strings.Contains(line, text) {
			t.Errorf("%q, want %q in it", line, text)
		}
	}
	for _, trace := range []string{"goroutine", "panic", "\n"} {
		if strings.Contains(line, trace) {
			t.Errorf("%q has %q in it", line, trace)
		}
	}
}

// accuracyOf is the test accuracy that the last line of a report states.
func accuracyOf(t *testing.T, stdout string) float64 {
	t.Helper()
	match := regexp.MustCompile(`(?m)^Test loss: \d+\.\d{4}\nTest accuracy: ([01]\.\d{4})\n\z`).FindStringSubmatch(stdout)
	if match == nil {
		t.Fatalf("the output does not end with loss and accuracy:\n%s", stdout)
	}
	accuracy, err := strconv.ParseFloat(match[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return accuracy
}

func TestMistakes(t *testing.T) {
	isolate(t)
	cases := []struct {
		name string
		args []string
		want []string
	}{
		{"command", []string{"trian"}, []string{`unknown command "trian"`, "did you mean train?", "mnist --help"}},
		{"command like none", []string{"xyzzy"}, []string{`unknown command "xyzzy" (see`}},
		{"argument", []string{"train", "extra"}, []string{`unexpected argument "extra"`, "mnist train --help"}},
		{"argument of evaluate", []string{"evaluate", "extra"}, []string{`unexpected argument "extra"`}},
		{"help", []string{"help", "trian"}, []string{`unknown command "trian"`, "did you mean train?"}},
		{"completion", []string{"completion", "bash", "extra"}, []string{`unexpected argument "extra"`}},
		{"flag", []string{"--epoch", "3"}, []string{"unknown flag --epoch", "did you mean --epochs?"}},
		{"flag with value", []string{"train", "--epoch=3"}, []string{"unknown flag --epoch", "did you mean --epochs?"}},
		{"flag with one dash", []string{"-epochs", "3"}, []string{"unknown flag -epochs", "did you mean --epochs?"}},
		{"flag of another command", []string{"predict", "--epochs", "3", "x.png"}, []string{"unknown flag --epochs", "mnist predict --help"}},
		{"flag without number", []string{"--epochs"}, []string{"--epochs: want a whole number"}},
		{"flag without file", []string{"train", "--out"}, []string{"--out: want a FILE"}},
		{"number in words", []string{"--epochs", "three"}, []string{"--epochs three: want a whole number"}},
		{"number too large", []string{"--batch", "99999999999999999999"}, []string{"--batch 99999999999999999999: want a whole number"}},
		{"negative seed", []string{"--seed", "-1"}, []string{"--seed -1: want a whole number from 0"}},
		{"no epochs", []string{"--epochs", "0"}, []string{"--epochs 0: want 1 or more"}},
		{"no batch", []string{"--batch", "-5"}, []string{"--batch -5: want 1 or more"}},
		{"rate zero", []string{"--rate", "0"}, []string{"--rate 0: want a positive number"}},
		{"rate NaN", []string{"--rate", "NaN"}, []string{"--rate NaN: want a positive number"}},
		{"rate infinite", []string{"--rate", "+Inf"}, []string{"--rate +Inf: want a positive number"}},
		{"rate in words", []string{"--rate", "fast"}, []string{"--rate fast: want a number"}},
		{"validation on all", []string{"--validation", "1"}, []string{"--validation 1: want 0 or a fraction below 1"}},
		{"hidden in words", []string{"--hidden", "128,many"}, []string{`"many" is no size`, "1 to 65536"}},
		{"hidden of zero", []string{"--hidden", "0"}, []string{`"0" is no size`}},
		{"hidden empty", []string{"--hidden", ""}, []string{"is no size", "or none"}},
		{"hidden too many", []string{"--hidden", strings.Repeat("8,", maxLayers) + "8"}, []string{"17 layers, want at most 16"}},
		{"hidden too large", []string{"--hidden", "65536,65536"}, []string{"parameters, want at most 100000000"}},
		{"dataset", []string{"--dataset", "mnst"}, []string{"--dataset mnst: want one of auto, mnist, fashion, digits"}},
		{"dataset of evaluate", []string{"evaluate", "--dataset", "mnst"}, []string{"--dataset mnst: want one of"}},
		{"directory of digits", []string{"--dataset", "digits", "--data-dir", "."}, []string{"the digits are embedded"}},
		{"activation", []string{"--activation", "RELU"}, []string{"--activation RELU: want one of relu, tanh, sigmoid, gelu, silu"}},
		{"optimizer", []string{"--optimizer", "lbfgs"}, []string{"--optimizer lbfgs: want one of adam, adamw, sgd, momentum"}},
		{"empty file name", []string{"--out="}, []string{"--out: want the name of a file"}},
		{"no picture", []string{"predict"}, []string{"no image given", "mnist predict --help"}},
		{"switch", []string{"predict", "--json=perhaps", "x.png"}, []string{"--json perhaps: want true or false"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			o := execute(t, c.args...)
			fails(t, o.err, 2, c.want...)
			if o.stdout+o.stderr != "" {
				t.Errorf("printed besides the error:\n%s%s", o.stdout, o.stderr)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	isolate(t)
	cases := []struct {
		args []string
		want []string
	}{
		{[]string{"--help"}, []string{"784-128-10", "MNIST_DIR", "--epochs N", "(default 10)", "(default 128)", "predict", "evaluate"}},
		{[]string{"help"}, []string{"784-128-10", "--seed N"}},
		{[]string{"train", "-h"}, []string{"--hidden SIZES", "--out FILE", "0.001 for adam"}},
		{[]string{"help", "train"}, []string{"--hidden SIZES", "--help"}},
		{[]string{"help", "evaluate"}, []string{"--weights FILE"}},
		{[]string{"predict", "--help"}, []string{"PNG or JPEG", "IMAGE...", "--json"}},
		{[]string{"export", "--help"}, []string{"onnxruntime", "FILE.onnx", "--weights FILE"}},
		{[]string{"completion", "bash"}, []string{"bash completion"}},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) {
			o := succeed(t, c.args...)
			if o.stderr != "" {
				t.Errorf("on stderr: %s", o.stderr)
			}
			for _, want := range c.want {
				if !strings.Contains(o.stdout, want) {
					t.Errorf("no %q in:\n%s", want, o.stdout)
				}
			}
		})
	}
	if bare, named := succeed(t, "help", "train").stdout, succeed(t, "train", "--help").stdout; bare != named {
		t.Errorf("help train and train --help differ:\n%s\n%s", bare, named)
	}
}

// readOnlyDir is a directory that nothing can be written to, even by root.
func readOnlyDir(t *testing.T) string {
	t.Helper()
	if os.Geteuid() != 0 && runtime.GOOS != "windows" {
		dir := t.TempDir()
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	if runtime.GOOS != "linux" {
		t.Skip("no such directory here")
	}
	return "/proc"
}

func TestUnwritableOut(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, []byte("kept"), 0o666); err != nil {
		t.Fatal(err)
	}
	cases := []struct {
		name, path string
		want       string
	}{
		{"missing directory", filepath.Join(dir, "missing", "w.safetensors"), filepath.Join(dir, "missing") + ": no such file"},
		{"directory", dir, dir + ": is a directory"},
		{"in a file", filepath.Join(file, "w.safetensors"), "not a directory"},
		{"device", os.DevNull, "not a regular file"},
		{"read-only directory", "", "cannot write to"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if c.path == "" {
				c.path = filepath.Join(readOnlyDir(t), "w.safetensors")
			}
			if runtime.GOOS == "windows" && c.name != "directory" {
				t.Skip("in other words there")
			}
			o := execute(t, "--dataset", digits, "--epochs", "1", "--out", c.path)
			fails(t, o.err, 1, "--out: ", c.want)
			if o.stdout != "" {
				t.Errorf("something was done before:\n%s", o.stdout)
			}
		})
	}
	if got, err := os.ReadFile(file); err != nil || string(got) != "kept" {
		t.Errorf("the file is %q now, %v", got, err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left in the directory: %v, %v", entries, err)
	}
}

// brokenWriter fails after some bytes, as a full disk does.
type brokenWriter struct{ room int }

var errFull = errors.New("no space left")

func (w *brokenWriter) Write(p []byte) (int, error) {
	if len(p) > w.room {
		return 0, errFull
	}
	w.room -= len(p)
	return len(p), nil
}

func TestOutputFails(t *testing.T) {
	weights := isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "1")
	cases := []struct {
		room int
		args []string
	}{
		{0, []string{"--dataset", digits}},
		{150, []string{"--dataset", digits}},
		{2000, []string{"--dataset", digits}},
		{0, []string{"evaluate"}},
		{0, []string{"--help"}},
		{0, []string{"help", "train"}},
	}
	for _, c := range cases {
		t.Run(fmt.Sprintf("%s after %d", strings.Join(c.args, " "), c.room), func(t *testing.T) {
			a := newTestApp(t, &brokenWriter{c.room}, io.Discard)
			err := a.run(t.Context(), c.args)
			fails(t, err, 1, "writing the output: no space left")
			if !errors.Is(err, errFull) {
				t.Errorf("%v does not wrap its cause", err)
			}
		})
	}
	if _, err := loadTrained(source{weights: weights}); err != nil {
		t.Errorf("the weights were damaged: %v", err)
	}
}

// TestRun is the program as main calls it.
func TestRun(t *testing.T) {
	isolate(t)
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"train", "--dataset", digits, "--epochs", "2"}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	accuracyOf(t, stdout.String())
	if stderr.Len() > 0 {
		t.Errorf("on stderr: %s", &stderr)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	fails(t, run(canceled, []string{"--dataset", digits}, io.Discard, io.Discard), 130, "stopped")
}

func TestExitCode(t *testing.T) {
	cases := []struct {
		err  error
		want int
	}{
		{nil, 0},
		{errors.New("no"), 1},
		{&usageError{"mnist", "no"}, 2},
		{fmt.Errorf("no: %w", &usageError{"mnist", "no"}), 2},
		{&stoppedError{}, 130},
		{context.DeadlineExceeded, 1},
	}
	for _, c := range cases {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}
