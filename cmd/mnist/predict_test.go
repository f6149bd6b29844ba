package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/data"
	"github.com/chainrule-go/chainrule/nn"
)

// writePictures draws the first test digits in each look, alternately as PNG and JPEG, and
// gives their files and labels.
func writePictures(t *testing.T, n int) (files, labels []string) {
	t.Helper()
	_, test, err := data.Digits(digitsSeed, digitsTest)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for i := range n {
		for k, l := range looks() {
			var content bytes.Buffer
			extension := "png"
			if (i+k)%2 == 0 {
				err = png.Encode(&content, render(test.Image(i), l))
			} else {
				extension = "jpg"
				err = jpeg.Encode(&content, render(test.Image(i), l), &jpeg.Options{Quality: 90})
			}
			if err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, fmt.Sprintf("%d-%d.%s", i, k, extension))
			if err := os.WriteFile(path, content.Bytes(), 0o666); err != nil {
				t.Fatal(err)
			}
			files, labels = append(files, path), append(labels, fmt.Sprint(test.Labels[i]))
		}
	}
	return files, labels
}

// TestRoundTrip trains, evaluates and predicts, as one who tries the program does.
func TestRoundTrip(t *testing.T) {
	isolate(t)
	weights := filepath.Join(t.TempDir(), "w.safetensors")
	trained := succeed(t, "train", "--dataset", digits, "--epochs", "4", "--hidden", "64,32", "--activation", "tanh", "--out", weights)

	evaluated := succeed(t, "evaluate", "--weights", weights)
	for _, want := range []string{"784-64-32-10, tanh, trained on digits", "359 test images", "Accuracy by class:\n", "Most often confused: "} {
		if !strings.Contains(evaluated.stdout, want) {
			t.Errorf("evaluate does not say %q:\n%s", want, evaluated.stdout)
		}
	}
	if a, b := accuracyOf(t, trained.stdout), accuracyOf(t, evaluated.stdout); a != b {
		t.Errorf("accuracy %.4f after training, %.4f when evaluated", a, b)
	}

	n := 6
	if testing.Short() {
		n = 2
	}
	files, labels := writePictures(t, n)
	predicted := succeed(t, append([]string{"predict", "--weights", weights}, files...)...)
	lines := strings.Split(strings.TrimSpace(predicted.stdout), "\n")
	if len(lines) != len(files) {
		t.Fatalf("%d lines for %d pictures:\n%s", len(lines), len(files), predicted.stdout)
	}
	right := 0
	for i, line := range lines {
		fields := strings.Fields(line)
		if fields[0] != files[i] || len(fields) != 6 || !strings.HasSuffix(fields[2], "%") {
			t.Fatalf("the line of %s is %q", files[i], line)
		}
		if fields[1] == labels[i] {
			right++
		}
	}
	if rate := float64(right) / float64(len(files)); rate < 0.8 {
		t.Errorf("%.2f of the pictures recognized, want 0.8 or more:\n%s", rate, predicted.stdout)
	}
}

func TestPredictJSON(t *testing.T) {
	isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "3")
	files, _ := writePictures(t, 1)
	text := strings.Split(succeed(t, append([]string{"predict"}, files...)...).stdout, "\n")
	decoder := json.NewDecoder(strings.NewReader(succeed(t, append([]string{"predict", "--json"}, files...)...).stdout))
	for i, file := range files {
		var r recognized
		if err := decoder.Decode(&r); err != nil {
			t.Fatal(err)
		}
		if r.File != file || r.RunnerUp == nil || !(r.Probability >= r.RunnerUp.Probability) || !(r.Probability <= 1) || r.Name != fmt.Sprint(r.Class) || r.Objects != 1 {
			t.Errorf("%s: %+v, runner-up %+v", file, r, r.RunnerUp)
		}
		if want := fmt.Sprintf("  %s  %5.1f%%  (or %s, ", r.Name, 100*r.Probability, r.RunnerUp.Name); !strings.Contains(text[i], want) {
			t.Errorf("%q as text, want %q in it", text[i], want)
		}
	}
	if err := decoder.Decode(new(any)); err != io.EOF {
		t.Errorf("more than a line for each picture: %v", err)
	}
}

// A picture of two digits is not one digit, and predict says so.
func TestPredictSeveral(t *testing.T) {
	isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "1")
	_, test, err := data.Digits(digitsSeed, digitsTest)
	if err != nil {
		t.Fatal(err)
	}
	picture := image.NewGray(image.Rect(0, 0, 2*imageSide, imageSide))
	for i := range 2 {
		one := &image.Gray{Pix: test.Image(i), Stride: imageSide, Rect: image.Rect(0, 0, imageSide, imageSide)}
		draw.Draw(picture, image.Rect(i*imageSide, 0, (i+1)*imageSide, imageSide), one, image.Point{}, draw.Src)
	}
	path := filepath.Join(t.TempDir(), "two.png")
	var content bytes.Buffer
	if err := png.Encode(&content, picture); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content.Bytes(), 0o666); err != nil {
		t.Fatal(err)
	}
	if o := succeed(t, "predict", path); !strings.Contains(o.stdout, "2 objects seen, taken for one") {
		t.Errorf("it says %q", o.stdout)
	}
	if o := succeed(t, "predict", "--json", path); !strings.Contains(o.stdout, `"objects":2`) {
		t.Errorf("it says %q", o.stdout)
	}
}

func TestPredictBadPictures(t *testing.T) {
	isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "1")
	files, _ := writePictures(t, 1)
	good := files[0]
	whole := readFile(t, good)
	dir := t.TempDir()
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 0xff
	cases := []struct {
		name    string
		content []byte // nil for no file
		want    string
	}{
		{"missing.png", nil, "no such file"},
		{"empty.png", []byte{}, "not a PNG or JPEG image"},
		{"text.png", []byte("not a picture"), "not a PNG or JPEG image"},
		{"flipped.png", flipped, "damaged image"},
		{"half.png", whole[:len(whole)/2], "damaged image"},
		{"huge.png", pngHeader(60_000, 60_000), "60000×60000 pixels: want 1 to"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			bad := filepath.Join(dir, c.name)
			if c.content != nil {
				if err := os.WriteFile(bad, c.content, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			fails(t, execute(t, "predict", bad).err, 1, bad+": ", c.want)
			// Among others it does not keep them from being recognized.
			o := execute(t, "predict", bad, good)
			fails(t, o.err, 1, "not all images could be recognized")
			if !strings.Contains(o.stdout, good) || strings.Contains(o.stdout, bad) || strings.Count(o.stdout, "\n") != 1 {
				t.Errorf("on stdout:\n%s", o.stdout)
			}
			if !strings.Contains(o.stderr, bad+": ") || strings.Count(o.stderr, "\n") != 1 {
				t.Errorf("on stderr:\n%s", o.stderr)
			}
		})
	}
	fails(t, execute(t, "predict", dir).err, 1, dir+": is a directory")
}

func TestPredictStopped(t *testing.T) {
	isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "1")
	files, _ := writePictures(t, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stdout := &cancelAfter{text: "\n", cancel: cancel}
	err := newTestApp(t, stdout, io.Discard).run(ctx, append([]string{"predict"}, files...))
	fails(t, err, 130, "stopped")
	if n := strings.Count(stdout.String(), "\n"); n != 1 {
		t.Errorf("%d pictures recognized, want 1", n)
	}
}

// weightsFile writes a file of weights of a network 784-8-10, with changed metadata.
func weightsFile(t *testing.T, change func(metadata map[string]string), model nn.Layer) []byte {
	t.Helper()
	r := &recipe{Hidden: []int{8}, Classes: strings.Split("0123456789", ""), Activation: "relu", Dataset: digits, Framing: digitFraming}
	metadata := r.metadata()
	change(metadata)
	if model == nil {
		model = r.build(1)
	}
	var file bytes.Buffer
	if err := nn.Save(&file, model, nn.SaveConfig{Metadata: metadata}); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

func TestBadWeights(t *testing.T) {
	isolate(t)
	files, _ := writePictures(t, 1)
	same := func(map[string]string) {}
	set := func(key, value string) func(map[string]string) {
		return func(m map[string]string) { m[key] = value }
	}
	other := nn.NewMLP(rand.New(rand.NewPCG(1, 1)), nn.MLPConfig{Sizes: []int{784, 10}})
	broken := nn.NewMLP(rand.New(rand.NewPCG(1, 1)), nn.MLPConfig{Sizes: []int{784, 8, 10}})
	for _, w := range nn.Params(broken) {
		w.Float32s()[0] = float32(math.NaN())
	}
	double := nn.NewMLP(rand.New(rand.NewPCG(1, 1)), nn.MLPConfig{Sizes: []int{784, 8, 10}, DType: autograd.Float64})
	whole := weightsFile(t, same, nil)
	cases := []struct {
		name    string
		content []byte
		want    string // "" if the file is fine
	}{
		{"whole", whole, ""},
		{"in double precision", weightsFile(t, same, double), "F64"},
		{"empty", []byte{}, ""},
		{"text", []byte("these are no weights, but text"), ""},
		{"cut off", whole[:len(whole)-10], ""},
		{"longer", append(bytes.Clone(whole), 0), ""},
		{"huge header", append([]byte{0, 0, 0, 0, 0, 0, 0, 0x7f}, whole[8:]...), ""},
		{"other network", weightsFile(t, same, other), "weights, want 6370 for 784-8-10, relu"},
		{"huge network", weightsFile(t, set("hidden", "65536,65536"), nil), "metadata: "},
		{"large network", weightsFile(t, set("hidden", "65536"), nil), "6370 weights, want "},
		{"no size", weightsFile(t, set("hidden", "x"), nil), "metadata: "},
		{"activation", weightsFile(t, set("activation", "step"), nil), "metadata: activation step: want one of"},
		{"dataset", weightsFile(t, set("dataset", "cifar"), nil), "metadata: dataset cifar: want one of"},
		{"box", weightsFile(t, set("box", "29"), nil), "metadata: box 29: want 1 to 28"},
		{"no box", weightsFile(t, set("box", ""), nil), "metadata: "},
		{"centre", weightsFile(t, set("center", "left"), nil), "metadata: center left: want one of"},
		{"pixels", weightsFile(t, set("pixels", "0..255"), nil), "metadata: pixels 0..255: want one of"},
		{"contrast", weightsFile(t, set("contrast", "much"), nil), "metadata: "},
		{"names that draw", weightsFile(t, set("classes", "0\n1\n\x1b[2J"), nil), "not the name of a class"},
		{"no names", weightsFile(t, set("classes", ""), nil), "not the name of a class"},
		{"many names", weightsFile(t, set("classes", strings.Repeat("a\n", 300)+"a"), nil), "301 classes, want at most 256"},
		{"NaN", weightsFile(t, same, broken), "no finite numbers"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "w.safetensors")
			if err := os.WriteFile(path, c.content, 0o666); err != nil {
				t.Fatal(err)
			}
			for _, args := range [][]string{{"evaluate", "--weights", path}, {"predict", "--weights", path, files[0]}} {
				o := execute(t, args...)
				if c.name == "whole" {
					if o.err != nil {
						t.Error(o.err)
					}
					continue
				}
				fails(t, o.err, 1, path, c.want)
				if o.stdout != "" {
					t.Errorf("something was done before:\n%s", o.stdout)
				}
			}
		})
	}
}

func TestMissingWeights(t *testing.T) {
	weights := isolate(t)
	dir := t.TempDir()
	cases := []struct {
		args []string
		want []string
	}{
		{[]string{"evaluate"}, []string{"no weights in " + weights, "run mnist train first"}},
		{[]string{"predict", "x.png"}, []string{"no weights in " + weights, "run mnist train first"}},
		{[]string{"evaluate", "--weights", filepath.Join(dir, "w")}, []string{filepath.Join(dir, "w") + ": no such file"}},
		{[]string{"predict", "--weights", dir, "x.png"}, []string{dir + ": is a directory"}},
		{[]string{"evaluate", "--weights", os.DevNull}, []string{os.DevNull + ": not a regular file"}},
	}
	for _, c := range cases {
		t.Run(strings.Join(c.args, " "), func(t *testing.T) { fails(t, execute(t, c.args...).err, 1, c.want...) })
	}
}

func TestEvaluateElsewhere(t *testing.T) {
	isolate(t)
	succeed(t, "--dataset", digits, "--epochs", "4")
	dir := t.TempDir()
	writeImages(t, dir, 100)
	fails(t, execute(t, "evaluate", "--data-dir", dir).err, 1, "was trained on the embedded digits", "--dataset mnist")
	o := succeed(t, "evaluate", "--dataset", mnist, "--data-dir", dir)
	if !strings.Contains(o.stdout, "Data: the images in "+dir+" (100 test images)\n") {
		t.Errorf("it does not say what it measures on:\n%s", o.stdout)
	}
	if got := accuracyOf(t, o.stdout); got < 0.9 {
		t.Errorf("accuracy %.4f, want 0.9 or more", got)
	}
	// MNIST_DIR is for MNIST: the digits the weights were trained on stay the default.
	t.Setenv(dirVariable, dir)
	if o := succeed(t, "evaluate"); !strings.Contains(o.stdout, "Data: the embedded digits (359 test images)\n") {
		t.Errorf("measured on something else:\n%s", o.stdout)
	}
}

func TestFewerClasses(t *testing.T) {
	isolate(t)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	two := nn.NewMLP(rand.New(rand.NewPCG(1, 1)), nn.MLPConfig{Sizes: []int{784, 8, 2}})
	content := weightsFile(t, func(m map[string]string) { m["classes"] = "even\nodd" }, two)
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
	fails(t, execute(t, "evaluate", "--weights", path).err, 1, "10 classes", "was trained to tell 2 apart")
	files, _ := writePictures(t, 1)
	if o := succeed(t, "predict", "--weights", path, files[0]); !strings.Contains(o.stdout, "even") || !strings.Contains(o.stdout, "odd") {
		t.Errorf("the classes have other names:\n%s", o.stdout)
	}
}
