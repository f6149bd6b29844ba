package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// stopped runs the program until the clock has been looked at so often, which it is after
// each step, and returns the directory of the checkpoints.
func stopped(t *testing.T, looks int, args ...string) (dir string) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "run")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	a := newTestApp(t, io.Discard, io.Discard)
	calls := 0
	a.now = func() time.Time {
		if calls++; calls == looks {
			cancel()
		}
		return time.Unix(0, 0)
	}
	err := a.run(ctx, append([]string{"--checkpoint", dir}, args...))
	fails(t, err, 130, "stopped in epoch", fmt.Sprintf("mnist train --checkpoint %s --resume goes on", dir))
	return dir
}

// A run that is stopped in an epoch goes on with its settings, and comes to the weights of
// one that was not.
func TestResume(t *testing.T) {
	weights := isolate(t)
	settings := []string{"--dataset", digits, "--epochs", "4", "--hidden", "24,16", "--activation", "tanh", "--optimizer", "momentum", "--seed", "7", "--batch", "40", "--validation", "0.2"}
	succeed(t, settings...)
	want := readFile(t, weights)
	for _, looks := range []int{5, 40, 75} {
		dir := stopped(t, looks, settings...)
		o := succeed(t, "train", "--checkpoint", dir, "--resume")
		if !strings.Contains(o.stdout, "\nResumed: at epoch ") || !strings.Contains(o.stdout, ", from "+dir) || !strings.Contains(o.stdout, "\nEpoch 4/4 - ") {
			t.Errorf("it says:\n%s", o.stdout)
		}
		if !bytes.Equal(readFile(t, weights), want) {
			t.Errorf("stopped at %d: other weights", looks)
		}
	}
}

// A run that has come to its end goes on with more epochs, or has nothing more to do.
func TestResumeAtTheEnd(t *testing.T) {
	weights := isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "3")
	want := readFile(t, weights)
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "--dataset", digits, "--epochs", "2", "--checkpoint", dir)
	o := succeed(t, "--checkpoint", dir, "--resume")
	if strings.Contains(o.stdout, "\nEpoch ") || !strings.Contains(o.stdout, "\nResumed: at epoch 3, step 1, from ") || !strings.Contains(o.stdout, "\nTest accuracy: ") {
		t.Errorf("nothing more to do:\n%s", o.stdout)
	}
	succeed(t, "--checkpoint", dir, "--resume", "--epochs", "3")
	if !bytes.Equal(readFile(t, weights), want) {
		t.Error("with another epoch: other weights")
	}
}

// A damaged checkpoint is passed over, and named.
func TestResumePassesOverDamage(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "run")
	succeed(t, "--dataset", digits, "--epochs", "3", "--checkpoint", dir)
	newest := filepath.Join(dir, "checkpoint-000000135.safetensors")
	if err := os.Truncate(newest, 5000); err != nil {
		t.Fatal(err)
	}
	o := succeed(t, "--checkpoint", dir, "--resume")
	for _, want := range []string{"\nPassed over: nn: " + newest, "\nResumed: at epoch 3, step 1, from ", "\nEpoch 3/3 - "} {
		if !strings.Contains(o.stdout, want) {
			t.Errorf("no %q in:\n%s", want, o.stdout)
		}
	}
	for _, name := range []string{"checkpoint-000000135.safetensors", "checkpoint-000000090.safetensors"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("?"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	fails(t, execute(t, "--checkpoint", dir, "--resume").err, 1, "checkpoint-000000135.safetensors", "checkpoint-000000090.safetensors")
}

func TestResumeRefuses(t *testing.T) {
	isolate(t)
	dir := filepath.Join(t.TempDir(), "run")
	o := succeed(t, "--dataset", digits, "--epochs", "1", "--checkpoint", dir, "--resume")
	if !strings.Contains(o.stdout, "\nNo checkpoint in "+dir+": training from the beginning\n") {
		t.Errorf("it says:\n%s", o.stdout)
	}
	fails(t, execute(t, "--dataset", digits, "--checkpoint", dir).err, 1, "--checkpoint "+dir, "earlier run", "--resume")
	fails(t, execute(t, "--resume", "--checkpoint", dir, "--hidden", "64").err, 1, "--hidden 64", "has 128")
	fails(t, execute(t, "--resume", "--checkpoint", dir, "--rate", "0.5").err, 1, "--rate 0.5", "has 0.001")
	fails(t, execute(t, "--resume", "--checkpoint", dir, "--dataset", mnist).err, 1, "--dataset mnist", "has digits")
	fails(t, execute(t, "--resume").err, 2, "--checkpoint DIR")
	fails(t, execute(t, "--checkpoint", "").err, 2, "--checkpoint", "name of a directory")
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, execute(t, "--dataset", digits, "--checkpoint", file).err, 1, file)
	foreign := filepath.Join(t.TempDir(), "foreign")
	if err := os.MkdirAll(foreign, 0o755); err != nil {
		t.Fatal(err)
	}
	weights, err := defaultWeights()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(foreign, "checkpoint-000000001.safetensors"), readFile(t, weights), 0o644); err != nil {
		t.Fatal(err)
	}
	fails(t, execute(t, "--resume", "--checkpoint", foreign).err, 1, foreign, "not written by mnist train")
}
