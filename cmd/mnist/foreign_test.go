package main

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/onnx"
)

// A network that was exported and is read again does what it did.
func TestExport(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	weights, model := filepath.Join(dir, "w.safetensors"), filepath.Join(dir, "m.onnx")
	succeed(t, "train", "--dataset", digits, "--epochs", "2", "--hidden", "20,12", "--activation", "silu", "--out", weights)
	exported := succeed(t, "export", "--weights", weights, model)
	for _, want := range []string{"Weights: " + weights + " (784-20-12-10, silu, trained on digits)", "Model: " + model + " (input pixels [batch, 784]"} {
		if !strings.Contains(exported.stdout, want) {
			t.Errorf("export does not say %q:\n%s", want, exported.stdout)
		}
	}
	before, after := succeed(t, "evaluate", "--weights", weights).stdout, succeed(t, "evaluate", "--weights", model).stdout
	if got := strings.ReplaceAll(after, model, weights); got != before {
		t.Errorf("evaluated before and after:\n%s\n%s", before, got)
	}
	files, _ := writePictures(t, 1)
	predict := func(weights string) string {
		return succeed(t, append([]string{"predict", "--weights", weights}, files...)...).stdout
	}
	if a, b := predict(weights), predict(model); a != b {
		t.Errorf("predicted before and after:\n%s\n%s", a, b)
	}
	_, err := os.Stat(model)
	if err != nil {
		t.Fatal(err)
	}
	fails(t, execute(t, "export", "--weights", model, filepath.Join(dir, "again.onnx")).err, 1, "is a file of ONNX already")
	fails(t, execute(t, "export", "--weights", weights, filepath.Join(dir, "none", "m.onnx")).err, 1, "none", "no such file")
	fails(t, execute(t, "export", "--weights", weights, dir+"/m.pt").err, 2, "m.pt", "ends in .onnx")
	fails(t, execute(t, "export").err, 2, "0 files")
}

// PyTorch's convolutional network takes images with a channel, and says nothing of pixels
// and classes.
func TestForeignONNX(t *testing.T) {
	isolate(t)
	path := filepath.Join("..", "..", "internal", "models", "testdata", "cnn_batchnorm", "opset13.onnx")
	o := succeed(t, "evaluate", "--weights", path, "--dataset", digits)
	if !strings.Contains(o.stdout, "(ONNX by pytorch, trained on mnist)") {
		t.Errorf("evaluate prints\n%s", o.stdout)
	}
	accuracyOf(t, o.stdout)
}

func TestUnfitONNX(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	export := func(name string, model nn.Layer, fixed bool, metadata map[string]string, shape ...int) string {
		path := filepath.Join(dir, name+".onnx")
		in := onnx.ExportInput{Variable: autograd.Zeros(autograd.Float32, shape...)}
		if fixed {
			in.Dynamic = map[int]string{}
		}
		if err := onnx.ExportFile(path, model, []onnx.ExportInput{in}, onnx.ExportConfig{Metadata: metadata}); err != nil {
			t.Fatal(err)
		}
		return path
	}
	damaged := filepath.Join(dir, "damaged.onnx")
	if err := os.WriteFile(damaged, []byte("no model"), 0o644); err != nil {
		t.Fatal(err)
	}
	linear := func(in, out int) nn.Layer {
		return nn.NewLinear(rand.New(rand.NewPCG(1, 2)), in, out, nn.LinearConfig{})
	}
	for _, c := range []struct {
		name, path, want string
	}{
		{"damaged", damaged, "no ONNX file"},
		{"other inputs", export("inputs", linear(20, 10), false, nil, 2, 20), `input "x" has shape [batch 20]`},
		{"one axis", export("axis", nn.ReLU{}, false, nil, 784), "want [batch, 784]"},
		{"a batch of one size", export("fixed", linear(784, 10), true, nil, 2, 784), "batches of 2 only"},
		{"images as outputs", export("images", nn.ReLU{}, false, nil, 2, 1, 28, 28), `output "y" has shape`},
		{"other classes", export("classes", linear(784, 3), false, (&recipe{Classes: []string{"a", "b"}, Activation: "relu", Dataset: mnist, Framing: digitFraming}).metadata(), 2, 784), "3 outputs for 2 classes"},
		{"too few classes", export("few", linear(784, 3), false, nil, 2, 784), "10 classes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			fails(t, execute(t, "evaluate", "--weights", c.path, "--dataset", digits).err, 1, c.path, c.want)
		})
	}
}
