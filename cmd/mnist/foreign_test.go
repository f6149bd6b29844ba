package main

import (
	"cmp"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
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

// Files of weights alone, as PyTorch's users have them.
func TestForeignWeights(t *testing.T) {
	isolate(t)
	dir := t.TempDir()
	weights := filepath.Join(dir, "w.safetensors")
	succeed(t, "train", "--dataset", digits, "--epochs", "1", "--hidden", "20,12", "--activation", "tanh", "--out", weights)
	net, err := loadTrained(source{weights: weights})
	if err != nil {
		t.Fatal(err)
	}
	bare, npz := filepath.Join(dir, "bare.safetensors"), filepath.Join(dir, "bare.npz")
	if err := nn.SaveFile(bare, net.model, nn.SaveConfig{}); err != nil {
		t.Fatal(err)
	}
	file, err := os.Create(npz)
	if err != nil {
		t.Fatal(err)
	}
	if err := cmp.Or(nn.SaveNPZ(file, net.model), file.Close()); err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(succeed(t, "evaluate", "--weights", weights).stdout, "trained on digits", "trained on mnist")
	for _, path := range []string{bare, npz} {
		got := succeed(t, "evaluate", "--weights", path, "--activation", "tanh", "--dataset", digits).stdout
		if got = strings.ReplaceAll(got, path, weights); got != want {
			t.Errorf("%s is evaluated as\n%s\nwant\n%s", path, got, want)
		}
	}
	fails(t, execute(t, "evaluate", "--weights", bare, "--activation", "softsign").err, 2, "--activation softsign", "relu")
}

// The perceptron that PyTorch wrote, by torch.save and otherwise, is one network.
func TestPyTorchWeights(t *testing.T) {
	interchange := os.Getenv("CHAINRULE_INTERCHANGE")
	if interchange == "" {
		t.Skip("CHAINRULE_INTERCHANGE names no directory of PyTorch's files")
	}
	isolate(t)
	var want string
	for _, name := range []string{"opset13.onnx", "state_dict.pt", "checkpoint.pt", "model.safetensors"} {
		path := filepath.Join(interchange, "mlp", name)
		_, got, _ := strings.Cut(succeed(t, "evaluate", "--weights", path, "--dataset", digits).stdout, "Data: ")
		if want == "" {
			want = got
		}
		if got != want {
			t.Errorf("%s: \n%s\nwant\n%s", name, got, want)
		}
	}
	fails(t, execute(t, "evaluate", "--weights", filepath.Join(interchange, "lenet", "state_dict.pt"), "--dataset", digits).err, 1, "no part of a perceptron", "ONNX")
}

func TestPerceptron(t *testing.T) {
	matrix := func(name string, out, in int) []nn.TensorInfo {
		return []nn.TensorInfo{{Name: name + ".bias", Shape: []int{out}}, {Name: name + ".weight", Shape: []int{out, in}}}
	}
	names, sizes, err := perceptron(slices.Concat(matrix("fc10", 10, 20), matrix("fc9", 20, 784)))
	if err != nil || !slices.Equal(names, []string{"fc9", "fc10"}) || !slices.Equal(sizes, []int{784, 20, 10}) {
		t.Errorf("layers %v of sizes %v, %v", names, sizes, err)
	}
	for _, c := range []struct {
		name    string
		tensors []nn.TensorInfo
		want    string
	}{
		{"nothing", nil, "0 matrices"},
		{"no biases", matrix("a", 10, 784)[1:], "0 biases"},
		{"layers that do not fit", slices.Concat(matrix("a", 20, 784), matrix("b", 10, 30)), `layer "b" has weights [10 30]`},
		{"a bias of another size", append(matrix("a", 20, 784)[1:], nn.TensorInfo{Name: "a.bias", Shape: []int{10}}), "want [out 784]"},
		{"a bias of another layer", append(matrix("a", 20, 784)[1:], nn.TensorInfo{Name: "b.bias", Shape: []int{20}}), "want [out 784]"},
		{"other tensors", append(matrix("a", 10, 784), nn.TensorInfo{Name: "a.scale", Shape: []int{1}}), `"a.scale" of shape [1]`},
		{"too many classes", matrix("a", 1000, 784), "1000 outputs"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, _, err := perceptron(c.tensors); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want one with %q", err, c.want)
			}
		})
	}
}
