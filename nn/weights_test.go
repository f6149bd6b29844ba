package nn_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/nn"
)

// Every file that PyTorch and NumPy wrote of a model gives its outputs: exactly those weights
// as from safetensors, but for files of 16 bits, whose weights are rounded.
func TestWeightsOfModelsFromPyTorch(t *testing.T) {
	for _, c := range models.Cases(t) {
		want := c.New(newRand(1))
		if err := nn.Load(c.Open(t, "model.safetensors"), want, nn.LoadConfig{}); err != nil {
			t.Fatal(err)
		}
		for _, file := range []string{"model.safetensors", "weights.npz", "half.safetensors", "bfloat16.safetensors"} {
			if !c.Has(file) {
				continue
			}
			t.Run(c.Name+"/"+file, func(t *testing.T) {
				content := c.Open(t, file)
				w, err := nn.NewWeights(content, content.Size())
				if err != nil {
					t.Fatal(err)
				}
				model := c.New(newRand(2))
				if err := nn.LoadWeights(w, model, nn.LoadConfig{}); err != nil {
					t.Fatal(err)
				}
				bits, ok := map[string]int{"half.safetensors": 10, "bfloat16.safetensors": 7}[file]
				if ok {
					checkRounded(t, want, model, bits)
					return
				}
				if diff := cmp.Diff(bitsOf(want), bitsOf(model)); diff != "" {
					t.Errorf("(-model.safetensors +%s):\n%s", file, diff)
				}
				y := models.Run(autograd.NewTape(autograd.TapeConfig{NoGrad: true}), model, c.Input)
				c.CheckOutput(t, y.Shape(), y.Floats())
			})
		}
	}
}

// checkRounded fails unless each number of got is the nearest to that of want with so many
// bits behind the first: exactly, but where float16 is denormal.
func checkRounded(t *testing.T, want, got nn.Module, bits int) {
	t.Helper()
	rounded := bitsOf(got)
	for name, list := range bitsOf(want) {
		for i, b := range list {
			x, y := math.Float64frombits(b), math.Float64frombits(rounded[name][i])
			if strings.HasSuffix(name, "num_batches_tracked") {
				if b != rounded[name][i] || b == 0 {
					t.Errorf("%s is %d, want %d", name, rounded[name][i], b)
				}
				continue
			}
			frac, exponent := math.Frexp(x)
			step := math.Ldexp(1, exponent-1-bits)
			if bits == 10 {
				step = max(step, math.Ldexp(1, -24))
			}
			if nearest := math.RoundToEven(frac*math.Ldexp(1, exponent)/step) * step; y != nearest {
				t.Fatalf("%s[%d] is %v, want %v, the nearest to %v", name, i, y, nearest, x)
			}
		}
	}
}

// Every one of the 65536 numbers of 16 bits is read as what it is.
func TestLoadHalfPrecision(t *testing.T) {
	all := make([]byte, 0, 1<<17)
	for bits := range 1 << 16 {
		all = binary.LittleEndian.AppendUint16(all, uint16(bits))
	}
	for dtype, fraction := range map[string]int{"F16": 10, "BF16": 7} {
		for _, to := range []autograd.DType{autograd.Float32, autograd.Float64} {
			t.Run(fmt.Sprint(dtype, " as ", to), func(t *testing.T) {
				content := file(fmt.Sprintf(`{"x":{"dtype":%q,"shape":[65536],"data_offsets":[0,131072]}}`, dtype), string(all))
				x := autograd.Parameter(autograd.Zeros(to, 1<<16))
				if err := nn.Load(bytes.NewReader(content), weights{{"x", x}}, nn.LoadConfig{}); err != nil {
					t.Fatal(err)
				}
				exponents := 15 - fraction
				bias := 1<<(exponents-1) - 1
				for bits, got := range x.Floats() {
					exponent, mantissa := bits>>fraction&(1<<exponents-1), float64(bits&(1<<fraction-1))
					want := math.Ldexp(1+mantissa/math.Ldexp(1, fraction), exponent-bias)
					switch {
					case exponent == 0:
						want = math.Ldexp(mantissa, 1-bias-fraction)
					case exponent == 1<<exponents-1 && mantissa == 0:
						want = math.Inf(1)
					case exponent == 1<<exponents-1:
						want = math.NaN()
					}
					if bits>>15 == 1 {
						want = -want
					}
					if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != math.Signbit(want) && !math.IsNaN(want) {
						t.Fatalf("%#04x is %v, want %v", bits, got, want)
					}
				}
			})
		}
	}
}

func TestLoadIntegers(t *testing.T) {
	for _, test := range []struct {
		dtype, data string
		want        []float64
	}{
		{"BOOL", "\x00\x01", []float64{0, 1}},
		{"U8", "\x07\xff", []float64{7, 255}},
		{"I8", "\x07\xff", []float64{7, -1}},
		{"U16", "\x01\x02\xff\xff", []float64{513, 65535}},
		{"I16", "\x01\x02\xff\xff", []float64{513, -1}},
		{"U32", "\x01\x00\x01\x00\x00\x00\x00\xff", []float64{65537, 255 << 24}},
		{"I32", "\x01\x00\x01\x00\xff\xff\xff\xff", []float64{65537, -1}},
		{"I64", "\x00\x00\x00\x00\x01\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", []float64{1 << 32, -1}},
	} {
		t.Run(test.dtype, func(t *testing.T) {
			content := file(fmt.Sprintf(`{"x":{"dtype":%q,"shape":[2],"data_offsets":[0,%d]}}`, test.dtype, len(test.data)), test.data)
			x := autograd.Parameter(autograd.Zeros(autograd.Float32, 2))
			if err := nn.Load(bytes.NewReader(content), weights{{"x", x}}, nn.LoadConfig{Convert: true}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, x.Floats()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			w, err := nn.NewWeights(bytes.NewReader(content), int64(len(content)))
			if err != nil {
				t.Fatal(err)
			}
			read, err := nn.ReadTensor(w, "x")
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, read.Floats()); diff != "" {
				t.Errorf("ReadTensor (-want +got):\n%s", diff)
			}
			if err := nn.Load(bytes.NewReader(content), weights{{"x", x}}, nn.LoadConfig{}); err == nil {
				t.Error("integers are loaded as numbers without Convert")
			}
		})
	}
}

// openFile saves a model to a file and opens that.
func openFile(t *testing.T, content []byte) nn.WeightsFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "model")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	w, err := nn.OpenWeights(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

func TestLoadRenames(t *testing.T) {
	numbered := regexp.MustCompile(`^layer(\d)\.(kernel|bias)$`)
	theirs := weights{
		{"net.layer0.kernel", autograd.New([]float32{1, 2, 3, 4, 5, 6}, 2, 3)}, {"net.layer0.bias", autograd.New([]float32{7, 8})},
		{"net.layer2.kernel", autograd.New([]float32{9, 10}, 1, 2)}, {"net.layer2.bias", autograd.New([]float32{11})},
		{"net.step", autograd.New([]float32{100})}, {"other", autograd.New([]float32{0})},
	}.parameters()
	rename := func(name string) string {
		m := numbered.FindStringSubmatch(name)
		if m == nil {
			return "" // not read
		}
		return m[1] + "." + map[string]string{"kernel": "weight", "bias": "bias"}[m[2]]
	}
	model := small(1, autograd.Float32)
	w := openFile(t, saved(t, theirs, nil))
	if err := nn.LoadWeights(w, model, nn.LoadConfig{Prefix: "net.", Rename: rename}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]float64{9, 10}, model[2].(*nn.Linear).Weight.Floats()); diff != "" {
		t.Error(diff)
	}
	for _, test := range []struct {
		name   string
		rename func(string) string
		says   []string
	}{
		{"to nothing of the model", func(name string) string { return rename(name) + ".x" }, []string{"unexpected: net.layer0.kernel (0.weight.x)", "missing: net.0.weight"}},
		{"two to one", func(name string) string { return strings.Replace(rename(name), "2", "0", 1) }, []string{"net.layer0.bias and net.layer2.bias are both named 0.bias"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			before := bitsOf(model)
			err := nn.LoadWeights(w, model, nn.LoadConfig{Prefix: "net.", Rename: test.rename})
			var mismatch *nn.MismatchError
			if !errors.As(err, &mismatch) {
				t.Fatalf("got %v", err)
			}
			for _, says := range test.says {
				if !strings.Contains(err.Error(), says) {
					t.Errorf("got %v, expected %q", err, says)
				}
			}
			if diff := cmp.Diff(before, bitsOf(model)); diff != "" {
				t.Errorf("the model was changed:\n%s", diff)
			}
		})
	}
}

// What cannot be loaded leaves the model as it was, also where it is found late.
func TestLoadWeightsChangesNothing(t *testing.T) {
	last := func() weights {
		return weights{{"a", autograd.New([]float64{1, 2})}, {"b", autograd.New([]float64{1, 2, 1e300})}}.parameters()
	}
	for name, content := range map[string][]byte{"safetensors": saved(t, last(), nil), "npz": savedNPZ(t, last())} {
		model := weights{{"a", autograd.Zeros(autograd.Float32, 2)}, {"b", autograd.Zeros(autograd.Float32, 3)}}.parameters()
		w := openFile(t, content)
		err := nn.LoadWeights(w, model, nn.LoadConfig{Convert: true})
		var format *nn.FormatError
		if !errors.As(err, &format) || format.Tensor != "b" || format.File == "" || !strings.Contains(err.Error(), "too large for float32") {
			t.Errorf("%s: got %v", name, err)
		}
		if got := model[0].v.Floats()[0]; got != 0 {
			t.Errorf("%s: the model was changed", name)
		}
	}
	// Tied weights of which the file has two kinds.
	one, w := tied(1)
	file := openFile(t, saved(t, &knot{parts: []nn.NamedPart{
		nn.Weight("encoder", w), nn.Weight("decoder", autograd.Parameter(autograd.New([]float32{1, 2}))), one.parts[2], one.parts[3],
	}}, nil))
	two, v := tied(5)
	if err := nn.LoadWeights(file, two, nn.LoadConfig{}); err == nil || !strings.Contains(err.Error(), "decoder and encoder differ") && !strings.Contains(err.Error(), "encoder and decoder differ") {
		t.Errorf("got %v", err)
	}
	if v.Floats()[0] != 5 {
		t.Error("the model was changed")
	}
}

// burning is weights whose data can be read once, and no more.
type burning struct {
	nn.Weights
	opened map[int]bool
}

func (f burning) Open(i int) (io.ReadCloser, error) {
	if f.opened[i] && i == 1 {
		return io.NopCloser(iotest.ErrReader(errors.New("the disk is on fire"))), nil
	}
	f.opened[i] = true
	return f.Weights.Open(i)
}

func TestLoadWeightsInPart(t *testing.T) {
	w := burning{openFile(t, saved(t, small(1, autograd.Float32), nil)), map[int]bool{}}
	err := nn.LoadWeights(w, small(2, autograd.Float32), nn.LoadConfig{})
	if err == nil || !strings.Contains(err.Error(), "the model is loaded in part") || !strings.Contains(err.Error(), "the disk is on fire") {
		t.Errorf("got %v", err)
	}
}

// A sparse file of 256 MB is loaded into a model of that size, and takes a few hundred
// kilobytes more.
func TestLoadFileTakesTheMemoryOfTheModelOnly(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a second and the memory")
	}
	const size = 64 << 20 // numbers
	path := filepath.Join(t.TempDir(), "model.safetensors")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := file(fmt.Sprintf(`{"a":{"dtype":"F32","shape":[%d],"data_offsets":[0,%d]}}`, size, 4*size), "")
	if _, err := f.Write(head); err != nil {
		t.Fatal(err)
	}
	end := int64(len(head)) + 4*size
	if _, err := f.WriteAt([]byte{0, 0, 0x80, 0x3f}, end-4); err != nil {
		t.Fatal(err)
	}
	a := autograd.Parameter(autograd.Zeros(autograd.Float32, size))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if err := nn.LoadFile(path, weights{{"a", a}}, nn.LoadConfig{}); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	used := after.TotalAlloc - before.TotalAlloc
	t.Logf("a model of %d MB took %d kB besides its own memory", 4*size>>20, used>>10)
	if used > 1<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
	if got := a.Float32s()[size-1]; got != 1 {
		t.Errorf("the last number is %v", got)
	}
}

// shards writes files and an index of them.
func shards(t *testing.T, index string, files map[string][]byte) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(dir, "model.safetensors.index.json")
	if err := os.WriteFile(path, []byte(index), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestShards(t *testing.T) {
	whole := small(1, autograd.Float32)
	part := func(i int) []byte {
		return saved(t, &knot{parts: []nn.NamedPart{nn.Sub(fmt.Sprint(i), whole[i])}}, nil)
	}
	files := map[string][]byte{"one.safetensors": part(0), "two.safetensors": part(2)}
	const good = `{"metadata": {"total_size": 44}, "weight_map": {
		"0.weight": "one.safetensors", "0.bias": "one.safetensors", "2.bias": "two.safetensors", "2.weight": "two.safetensors"}}`
	path := shards(t, good, files)
	model := small(2, autograd.Float32)
	if err := nn.LoadFile(path, model, nn.LoadConfig{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bitsOf(whole), bitsOf(model)); diff != "" {
		t.Errorf("(-saved +loaded):\n%s", diff)
	}
	for _, test := range []struct{ name, index, says string }{
		{"no JSON", "weights", "index.json: at byte"},
		{"no map", "{}", "at byte 2: expected a weight_map"},
		{"no object", `{"weight_map": []}`, "at byte 16: expected {, got ["},
		{"a number", `{"weight_map": {"a": 1}}`, `tensor "a": expected the name of a file, got 1`},
		{"twice", `{"weight_map": {"a": "one.safetensors", "a": "one.safetensors"}}`, `tensor "a": the index names it twice`},
		{"two maps", `{"weight_map": {}, "weight_map": {}}`, "two weight_maps"},
		{"more behind", good + "x", "nothing after the index"},
		{"another directory", strings.ReplaceAll(good, "one", "../one"), `has it in "../one.safetensors": expected a file beside the index`},
		{"an absolute path", strings.ReplaceAll(good, "one", "/etc/one"), `expected a file beside the index`},
		{"a drive", strings.ReplaceAll(good, "one", `C:one`), `expected a file beside the index`},
		{"backslashes", strings.ReplaceAll(good, "one", `..\\one`), `expected a file beside the index`},
		{"no safetensors", strings.ReplaceAll(good, "one.safetensors", "pytorch_model.bin"), `expected a file beside the index, NAME.safetensors`},
		{"no such file", strings.ReplaceAll(good, "one", "three"), "three.safetensors"},
		{"the wrong file", strings.Replace(good, `"0.bias": "one`, `"0.bias": "two`, 1), `one.safetensors: at byte`},
		{"not in the index", strings.Replace(good, `"0.bias": "one.safetensors", `, "", 1), `tensor "0.bias": the index does not have it in this file`},
		{"not in the file", strings.Replace(good, `"0.bias"`, `"c": "two.safetensors", "0.bias"`, 1), `index.json: at byte`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w, err := nn.OpenWeights(shards(t, test.index, files))
			if err == nil {
				w.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
			var format *nn.FormatError
			if !errors.As(err, &format) && !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

// FuzzWeights opens files of all formats, and reads all tensors. It must not take more memory
// than what is there.
func FuzzWeights(f *testing.F) {
	f.Add(saved(f, small(2, autograd.Float32), nil))
	f.Add(savedNPZ(f, small(2, autograd.Float32)))
	f.Add(savedNPZ(f, newCounted(1)))
	f.Add(file(`{"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}, "b":{"dtype":"I8","shape":[1],"data_offsets":[2,3]}}  `, "abc"))
	for _, c := range models.Cases(f) {
		if c.Name == "autoencoder" {
			content, err := fs.ReadFile(c.Files, "weights.npz")
			if err != nil {
				f.Fatal(err)
			}
			f.Add(content)
		}
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		w, err := nn.NewWeights(bytes.NewReader(content), int64(len(content)))
		if err != nil {
			if strings.Contains(err.Error(), "%!") && !bytes.Contains(content, []byte("%!")) {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		for _, info := range w.Tensors() {
			v, err := nn.ReadTensor(w, info.Name)
			if err == nil && !cmp.Equal(v.Shape(), info.Shape) {
				t.Fatalf("%v is read as %v", info, v.Shape())
			}
		}
	})
}

// FuzzIndex reads an index, beside which there are no files.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata": {"total_size": 44}, "weight_map": {"0.weight": "one.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"0.weight": "../one.safetensors", "a": "/x.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {}}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(dir, "index.json")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		w, err := nn.OpenWeights(path)
		if err != nil {
			return
		}
		defer w.Close()
		if n := len(w.Tensors()); n > 0 {
			t.Fatalf("%d tensors from nowhere", n)
		}
	})
}
