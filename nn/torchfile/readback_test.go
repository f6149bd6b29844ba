package torchfile_test

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/torchfile"
)

// What is loaded from PyTorch's files and saved again PyTorch reads as what it was, to the
// bit.
func TestSavedIsReadByPyTorch(t *testing.T) {
	if testing.Short() {
		t.Skip("starts PyTorch")
	}
	python := pythonWithTorch(t)
	dir := t.TempDir()
	args := []string{"../testdata/read_weights.py"}
	for _, c := range models.Cases(t) {
		content := c.Open(t, "state_dict.pt")
		path := filepath.Join(dir, strings.Repeat("x", len(args))) // a name for each
		file, err := os.Create(path + ".pt")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(file, content); err != nil {
			t.Fatal(err)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
		model := c.New(newRand())
		if err := torchfile.LoadFile(path+".pt", model, torchfile.Options{}, nn.LoadConfig{}); err != nil {
			t.Fatal(err)
		}
		if err := nn.SaveFile(path+".safetensors", model, nn.SaveConfig{}); err != nil {
			t.Fatal(err)
		}
		if err := nn.SaveNPZFile(path+".npz", model); err != nil {
			t.Fatal(err)
		}
		args = append(args, path+".pt", path+".safetensors", path+".npz")
	}
	text, err := exec.Command(python, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if got := strings.Count(string(text), "equal:"); got != len(args)/3 {
		t.Errorf("%d models are equal, of %d:\n%s", got, len(args)/3, text)
	}
}

// pythonWithTorch finds an interpreter that has PyTorch.
func pythonWithTorch(t *testing.T) string {
	t.Helper()
	for _, name := range []string{os.Getenv("CHAINRULE_PYTHON"), "python3", "/usr/bin/python3"} {
		if name == "" {
			continue
		}
		if exec.Command(name, "-c", "import torch, numpy").Run() == nil {
			return name
		}
	}
	t.Skip("no Python has PyTorch; CHAINRULE_PYTHON can name one")
	return ""
}
