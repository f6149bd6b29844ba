package nn_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"iter"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/nn"
)

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 0)) }

// small is a model with parameters of the shapes [2, 3], [2], [1, 2] and [1].
func small(seed uint64, dtype autograd.DType) nn.Sequential {
	return nn.NewMLP(newRand(seed), nn.MLPConfig{Sizes: []int{3, 2, 1}, DType: dtype})
}

// bitsOf is all parameters, buffers and counters of a model, bit by bit.
func bitsOf(model nn.Module) map[string][]uint64 {
	bits := map[string][]uint64{}
	for _, arrays := range []iter.Seq2[string, autograd.Variable]{nn.Params(model), nn.Buffers(model)} {
		for name, v := range arrays {
			for _, x := range v.Floats() {
				bits[name] = append(bits[name], math.Float64bits(x))
			}
		}
	}
	for name, n := range nn.Counters(model) {
		bits[name] = []uint64{uint64(*n)}
	}
	return bits
}

func saved(t testing.TB, model nn.Module, metadata map[string]string) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := nn.Save(&b, model, nn.SaveConfig{Metadata: metadata}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestSaveAndLoad(t *testing.T) {
	for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
		t.Run(dtype.String(), func(t *testing.T) {
			model, other := small(1, dtype), small(2, dtype)
			file := saved(t, model, nil)
			if !bytes.Equal(file, saved(t, model, nil)) {
				t.Error("the same model gives different bytes")
			}
			if size := binary.LittleEndian.Uint64(file); size%8 != 0 {
				t.Errorf("the data after a header of %d bytes are not aligned", size)
			}
			if err := nn.Load(bytes.NewReader(file), other, nn.LoadConfig{}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(bitsOf(model), bitsOf(other)); diff != "" {
				t.Errorf("loading changes weights (-saved +loaded):\n%s", diff)
			}
		})
	}
}

// Weights larger than what is read at once, of both types, without alignment of
// their order, and without elements.
func TestSaveAndLoadOddParameters(t *testing.T) {
	make := func(seed uint64) nn.Module {
		rng := newRand(seed)
		return weights{
			{"odd", autograd.Normal(rng, autograd.Float32, 0, 1, 3, 11_111)},
			{"wide", autograd.Normal(rng, autograd.Float64, 0, 1, 33_333)},
			{"nothing", autograd.Zeros(autograd.Float32, 0, 4)},
			{"a scalar \"<ü>\" ", autograd.New([]float32{float32(seed)}).Reshape()},
			{"special", autograd.New([]float64{math.Inf(1), math.NaN(), math.Copysign(0, -1), 5e-324})},
		}.parameters()
	}
	model, other := make(1), make(2)
	file := saved(t, model, map[string]string{"": "", "é": "\n"})
	for _, r := range []io.Reader{bytes.NewReader(file), iotest.HalfReader(bytes.NewReader(file)), iotest.DataErrReader(bytes.NewReader(file))} {
		if err := nn.Load(r, other, nn.LoadConfig{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(bitsOf(model), bitsOf(other)); diff != "" {
			t.Errorf("loading changes weights (-saved +loaded):\n%s", diff)
		}
	}
	info, err := nn.Inspect(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	want := &nn.WeightsInfo{
		Metadata: map[string]string{"": "", "é": "\n", "format": "pt"},
		Tensors: []nn.TensorInfo{
			{"wide", "F64", []int{33_333}}, {"special", "F64", []int{4}}, {"odd", "F32", []int{3, 11_111}},
			{"nothing", "F32", []int{0, 4}}, {"a scalar \"<ü>\" ", "F32", []int{}},
		},
	}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Errorf("Inspect (-want +got):\n%s", diff)
	}
}

// weights is a module of nothing but parameters.
type weights []struct {
	name string
	v    autograd.Variable
}

func (w weights) Forward(x autograd.Variable) autograd.Variable { return x }

func (w weights) Parts() iter.Seq2[string, nn.Part] {
	return func(yield func(string, nn.Part) bool) {
		for _, p := range w {
			if !yield(p.name, nn.Part{Param: p.v}) {
				return
			}
		}
	}
}

func (w weights) parameters() weights {
	for i := range w {
		w[i].v = autograd.Parameter(w[i].v)
	}
	return w
}

// The file has the parameters of a model that PyTorch made,
// Sequential(Linear(3, 5), Tanh(), Linear(5, 2)), and x and y are what goes in and
// comes out there.
func TestLoadFromPyTorch(t *testing.T) {
	x := []float32{-0.4211951494216919, -0.510699987411499, -1.5726652145385742, -0.12324775755405426, 3.586989402770996, -1.8312901258468628,
		1.5987002849578857, -1.277006983757019, 0.32550153136253357, -0.4791449308395386, 1.3790082931518555, 2.528557300567627}
	y := []float64{0.0858321338891983, 0.1998644471168518, 0.3724501430988312, -0.16038909554481506, -0.30619409680366516, 0.646396815776825,
		0.08845105767250061, 0.18375301361083984}
	const path = "testdata/torch.safetensors"
	for _, dtype := range []autograd.DType{autograd.Float32, autograd.Float64} {
		model := nn.NewMLP(newRand(1), nn.MLPConfig{Sizes: []int{3, 5, 2}, Activation: nn.Tanh{}, DType: dtype})
		if err := nn.LoadFile(path, model, nn.LoadConfig{Convert: true}); err != nil {
			t.Fatal(err)
		}
		got := autograd.NewTape(autograd.TapeConfig{NoGrad: true}).Const(autograd.New(x, 4, 3).AsType(dtype))
		for i, v := range model.Forward(got).Floats() {
			if !(math.Abs(v-y[i]) < 1e-6) {
				t.Errorf("%v: output %d is %v, want %v", dtype, i, v, y[i])
			}
		}
	}
	info, err := nn.InspectFile(path)
	if err != nil || info.Metadata["format"] != "pt" || len(info.Tensors) != 4 {
		t.Errorf("got %+v, %v", info, err)
	}
}

func TestLoadConverts(t *testing.T) {
	narrow, wide := small(1, autograd.Float32), small(2, autograd.Float64)
	var mismatch *nn.MismatchError
	if err := nn.Load(bytes.NewReader(saved(t, narrow, nil)), wide, nn.LoadConfig{}); !errors.As(err, &mismatch) {
		t.Fatalf("without Convert: %v", err)
	}
	if err := nn.Load(bytes.NewReader(saved(t, narrow, nil)), wide, nn.LoadConfig{Convert: true}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(bitsOf(narrow), bitsOf(wide)); diff != "" {
		t.Errorf("to float64 (-saved +loaded):\n%s", diff)
	}
	// What does not fit is rounded, and refused if it is too large.
	bias := wide[2].(*nn.Linear).Bias.Float64s()
	bias[0] = 0.1
	if err := nn.Load(bytes.NewReader(saved(t, wide, nil)), narrow, nn.LoadConfig{Convert: true}); err != nil {
		t.Fatal(err)
	}
	if got := narrow[2].(*nn.Linear).Bias.Float32s()[0]; got != 0.1 {
		t.Errorf("0.1 became %v", got)
	}
	for x, ok := range map[float64]bool{1e39: false, math.Inf(-1): true, math.MaxFloat32: true} {
		bias[0] = x
		err := nn.Load(bytes.NewReader(saved(t, wide, nil)), narrow, nn.LoadConfig{Convert: true})
		var format *nn.FormatError
		if ok != (err == nil) || !ok && (!errors.As(err, &format) || format.Tensor != "2.bias") {
			t.Errorf("%v: %v", x, err)
		}
	}
}

// file makes a file of a header and data.
func file(header, data string) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header+data...)
}

func TestLoadRefuses(t *testing.T) {
	const (
		weight = `"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]}`
		bias   = `"bias":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}`
	)
	data := strings.Repeat("\x00", 12)
	fresh := func() *nn.Linear { return nn.NewLinear(newRand(1), 2, 1, nn.LinearConfig{}) }
	if err := nn.Load(bytes.NewReader(file("{"+weight+","+bias+"}", data)), fresh(), nn.LoadConfig{}); err != nil {
		t.Fatalf("the right file: %v", err)
	}
	if err := nn.Load(bytes.NewReader(file("{ "+bias+" ,"+weight+"}   ", data)), fresh(), nn.LoadConfig{}); err != nil {
		t.Fatalf("the right file with spaces in another order: %v", err)
	}
	for _, test := range []struct {
		name string
		file []byte
		says string
	}{
		{"nothing", nil, "at byte 0: expected 8 bytes with the size of the header: unexpected EOF"},
		{"half a size", make([]byte, 5), "at byte 5: expected 8 bytes"},
		{"empty header", file("", ""), "at byte 8: expected the header to start with {"},
		{"huge header", []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), "said to have 18446744073709551615 bytes, expected at most 16777216"},
		{"header above the limit", binary.LittleEndian.AppendUint64(nil, 1<<24+1), "expected at most 16777216"},
		{"header cut off", file("{"+weight+"}", "")[:40], "at byte 40: expected a header of 61 bytes: unexpected EOF"},
		{"space before", file(" {"+weight+","+bias+"}", data), "expected the header to start with {"},
		{"no object", file("[]", ""), "expected the header to start with {"},
		{"text behind the header", file("{"+weight+","+bias+"}\n", data), "nothing but spaces after the object"},
		{"second object", file("{"+weight+","+bias+"}{}", data), "nothing but spaces after the object"},
		{"not UTF-8", file("{\"\xff\":{}}", data), "at byte 8: the header is not UTF-8"},
		{"not JSON", file("{"+weight+";"+bias+"}", data), "at byte 68: expected a name: invalid character ';'"},
		{"unfinished", file("{"+weight+",", data), "unexpected EOF"},
		{"tensor is a number", file(`{"weight":1}`, data), `tensor "weight": expected {, got 1`},
		{"tensor is null", file(`{"weight":null}`, data), `tensor "weight": expected {, got <nil>`},
		{"twice", file("{"+weight+","+bias+","+bias+"}", data), `tensor "bias": the header names it twice`},
		{"field twice", file(`{"weight":{"dtype":"F32","dtype":"F32"}}`, data), `tensor "weight": the header gives dtype twice`},
		{"unknown field", file(`{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8],"more":0}}`, data), `expected dtype, shape and data_offsets, got "more"`},
		{"no type", file(`{"weight":{"shape":[1,2],"data_offsets":[0,8]}}`, data), `expected dtype, shape and two data_offsets`},
		{"no shape", file(`{"weight":{"dtype":"F32","data_offsets":[0,8]}}`, data), `expected dtype, shape and two data_offsets`},
		{"no offsets", file(`{"weight":{"dtype":"F32","shape":[1,2]}}`, data), `expected dtype, shape and two data_offsets`},
		{"one offset", file(`{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[8]}}`, data), `two data_offsets`},
		{"three offsets", file(`{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8,9]}}`, data), `expected two offsets, at most 2 numbers`},
		{"unknown type", file(`{"weight":{"dtype":"F31","shape":[1,2],"data_offsets":[0,8]}}`, data), `there is no type "F31"`},
		{"type is a number", file(`{"weight":{"dtype":32,"shape":[1,2],"data_offsets":[0,8]}}`, data), `expected a type, got 32`},
		{"negative size", file(`{"weight":{"dtype":"F32","shape":[-1,-2],"data_offsets":[0,8]}}`, data), `expected a shape, an integer from 0`},
		{"broken size", file(`{"weight":{"dtype":"F32","shape":[1,2.0],"data_offsets":[0,8]}}`, data), `got 2.0`},
		{"size with exponent", file(`{"weight":{"dtype":"F32","shape":[1,2e0],"data_offsets":[0,8]}}`, data), `got 2e0`},
		{"size above int", file(`{"weight":{"dtype":"F32","shape":[9223372036854775808],"data_offsets":[0,8]}}`, data), `an integer from 0 to`},
		{"shape above int", file(`{"weight":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,0]}}`, data), `the shape [4294967296 4294967296] is too large`},
		{"shape above int with 0", file(`{"weight":{"dtype":"F32","shape":[0,4294967296,4294967296],"data_offsets":[0,0]}}`, data), `is too large`},
		{"many axes", file(`{"weight":{"dtype":"F32","shape":[`+strings.Repeat("1,", 64)+`1],"data_offsets":[0,4]}}`, data), `expected a shape, at most 64 numbers`},
		{"nested shape", file(`{"weight":{"dtype":"F32","shape":[[1,2]],"data_offsets":[0,8]}}`, data), `expected a shape, got [`},
		{"size does not fit", file(`{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[0,7]},`+bias+`}`, data), `data_offsets [0, 7] do not fit F32 of shape [1 2], which has 8 bytes`},
		{"offsets backwards", file(`{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[8,0]},`+bias+`}`, data), `data_offsets [8, 0] do not fit`},
		{"overlap", file("{"+weight+`,"bias":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}`, data), `tensor "bias": data_offsets [4, 8] overlap the tensor before it: expected it to begin at 8`},
		{"hole", file("{"+weight+`,"bias":{"dtype":"F32","shape":[1],"data_offsets":[12,16]}}`, data+"\x00\x00\x00\x00"), `tensor "bias": data_offsets [12, 16] leave a hole before it: expected it to begin at 8`},
		{"hole at the start", file(`{"weight":{"dtype":"F32","shape":[1,2],"data_offsets":[4,12]}}`, data), `expected it to begin at 0`},
		{"metadata are text", file(`{"__metadata__":"x",`+weight+","+bias+"}", data), `expected {, got x`},
		{"metadata have a number", file(`{"__metadata__":{"a":1},`+weight+","+bias+"}", data), `expected text for "a" in the metadata, got 1`},
		{"metadata twice", file(`{"__metadata__":{"a":"1","a":"2"},`+weight+","+bias+"}", data), `the metadata have "a" twice`},
		{"metadata objects twice", file(`{"__metadata__":{},"__metadata__":{},`+weight+","+bias+"}", data), `the header names it twice`},
		{"no tensors", file("{}", ""), "missing: weight, bias"},
		{"missing", file("{"+weight+"}", data[:8]), "missing: bias"},
		{"unexpected", file("{"+weight+","+bias+`,"0.weight":{"dtype":"F32","shape":[],"data_offsets":[12,16]}}`, data+"\x00\x00\x00\x00"), "unexpected: 0.weight"},
		{"other shape", file(`{"weight":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]},`+bias+`}`, data), "different: weight is F32 [2 1] at byte 126, the model has F32 [1 2]"},
		{"other rank", file("{"+weight+`,"bias":{"dtype":"F32","shape":[],"data_offsets":[8,12]}}`, data), "different: bias is F32 []"},
		{"other type", file("{"+weight+`,"bias":{"dtype":"U64","shape":[1],"data_offsets":[8,16]}}`, data), "different: bias is U64 [1]"},
		{"everything", file(`{"w":{"dtype":"F32","shape":[1,2],"data_offsets":[0,8]},"bias":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[8,9]}}`, data[:9]), "missing: weight; unexpected: w; different: bias is F8_E4M3"},
		{"data cut off", file("{"+weight+","+bias+"}", data[:11]), `at byte 137: tensor "bias": expected 4 bytes of data up to byte 138: unexpected EOF`},
		{"no data", file("{"+weight+","+bias+"}", ""), `at byte 126: tensor "weight": expected 8 bytes of data up to byte 134: unexpected EOF`},
		{"a byte more", file("{"+weight+","+bias+"}", data+"\x00"), "at byte 138: expected nothing after the data of the last tensor"},
	} {
		t.Run(test.name, func(t *testing.T) {
			model := fresh()
			err := nn.Load(bytes.NewReader(test.file), model, nn.LoadConfig{Convert: true})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
			var format *nn.FormatError
			var mismatch *nn.MismatchError
			if !errors.As(err, &format) && !errors.As(err, &mismatch) {
				t.Errorf("the error is a %T", err)
			}
			if diff := cmp.Diff(bitsOf(fresh()), bitsOf(model)); diff != "" {
				t.Errorf("the model was changed:\n%s", diff)
			}
		})
	}
}

func TestLoadFailsWithTheReader(t *testing.T) {
	broken := errors.New("the disk is on fire")
	whole := saved(t, small(1, autograd.Float32), nil)
	for length := range whole {
		model := small(2, autograd.Float32)
		r := io.MultiReader(bytes.NewReader(whole[:length]), iotest.ErrReader(broken))
		if err := nn.Load(r, model, nn.LoadConfig{}); !errors.Is(err, broken) {
			t.Fatalf("after %d bytes: %v", length, err)
		}
		if err := nn.Load(bytes.NewReader(whole[:length]), model, nn.LoadConfig{}); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Fatalf("cut off after %d bytes: %v", length, err)
		}
		if diff := cmp.Diff(bitsOf(small(2, autograd.Float32)), bitsOf(model)); diff != "" {
			t.Fatalf("after %d bytes the model is changed:\n%s", length, diff)
		}
	}
}

// A file of a few bytes does not make Load allocate many, whatever it claims.
func TestLoadAllocatesByWhatIsThere(t *testing.T) {
	claims := append(binary.LittleEndian.AppendUint64(nil, 16<<20), `{"a":{"dtype":"F64","shape":[99999999],"data_offsets":[0,799999992]}}`...)
	model := small(1, autograd.Float32)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := nn.Load(bytes.NewReader(claims), model, nn.LoadConfig{})
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; err == nil || used > 1<<20 {
		t.Errorf("%d bytes were allocated, error %v", used, err)
	}
}

func TestSaveRefuses(t *testing.T) {
	one := autograd.New([]float32{1})
	full := errors.New("the disk is full")
	for _, test := range []struct {
		name     string
		w        io.Writer
		model    weights
		metadata map[string]string
		says     string
	}{
		{"two of a name", io.Discard, weights{{"a", one}, {"a", one}}, nil, `two parts of the model are named "a"`},
		{"the metadata's name", io.Discard, weights{{"__metadata__", one}}, nil, `cannot be named "__metadata__"`},
		{"name not UTF-8", io.Discard, weights{{"\xff", one}}, nil, `cannot be named "\xff"`},
		{"metadata not UTF-8", io.Discard, weights{{"a", one}}, map[string]string{"a": "\xff"}, "not UTF-8"},
		{"metadata too long", io.Discard, weights{{"a", one}}, map[string]string{"a": strings.Repeat("x", 16<<20)}, "at most 16777216"},
		{"writing fails", failingWriter{full}, weights{{"a", one}}, nil, "the disk is full"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := nn.Save(test.w, test.model.parameters(), nn.SaveConfig{Metadata: test.metadata})
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
		})
	}
}

type failingWriter struct{ err error }

func (w failingWriter) Write([]byte) (int, error) { return 0, w.err }

func TestSaveFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.safetensors")
	config := nn.SaveConfig{Metadata: map[string]string{"trained": "no"}}
	for seed := range uint64(2) {
		model := small(seed, autograd.Float32)
		if err := nn.SaveFile(path, model, config); err != nil {
			t.Fatal(err)
		}
		other := small(7, autograd.Float32)
		if err := nn.LoadFile(path, other, nn.LoadConfig{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(bitsOf(model), bitsOf(other)); diff != "" {
			t.Errorf("(-saved +loaded):\n%s", diff)
		}
	}
	info, err := nn.InspectFile(path)
	if err != nil || info.Metadata["trained"] != "no" {
		t.Errorf("got %+v, %v", info, err)
	}
	// A model that cannot be saved leaves the file as it was, and nothing beside it.
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	one := autograd.New([]float32{1})
	if err := nn.SaveFile(path, weights{{"a", one}, {"a", one}}.parameters(), nn.SaveConfig{}); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	after, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the file was changed (%v)", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestFileErrorsNameTheFile(t *testing.T) {
	dir := t.TempDir()
	model := small(1, autograd.Float32)
	damaged, strange := filepath.Join(dir, "damaged"), filepath.Join(dir, "strange")
	if err := os.WriteFile(damaged, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(strange, file("{}", ""), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink(filepath.Join(dir, "elsewhere"), link); err != nil {
		t.Skip(err)
	}
	for _, test := range []struct {
		name string
		call func() error
		path string
		is   error
	}{
		{"no such file", func() error { return nn.LoadFile(filepath.Join(dir, "none"), model, nn.LoadConfig{}) }, filepath.Join(dir, "none"), fs.ErrNotExist},
		{"damaged file", func() error { return nn.LoadFile(damaged, model, nn.LoadConfig{}) }, damaged, io.ErrUnexpectedEOF},
		{"another model's", func() error { return nn.LoadFile(strange, model, nn.LoadConfig{}) }, strange, nil},
		{"Inspect", func() error { _, err := nn.InspectFile(damaged); return err }, damaged, io.ErrUnexpectedEOF},
		{"no such directory", func() error { return nn.SaveFile(filepath.Join(dir, "none", "x"), model, nn.SaveConfig{}) }, filepath.Join(dir, "none"), fs.ErrNotExist},
		{"a directory", func() error { return nn.SaveFile(dir, model, nn.SaveConfig{}) }, dir, nil},
		{"a link to nothing", func() error { return nn.SaveFile(link, model, nn.SaveConfig{}) }, link, fs.ErrNotExist},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := test.call()
			if err == nil || !strings.Contains(err.Error(), test.path) || strings.Contains(err.Error(), ".tmp") || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// FuzzLoad loads a header and data, with the size of the header given wrong by some
// bytes. Whatever they are, the model is loaded whole or not changed.
func FuzzLoad(f *testing.F) {
	model := func() nn.Sequential { return small(1, autograd.Float32) }
	for _, seed := range [][]byte{
		saved(f, small(2, autograd.Float32), map[string]string{"a": "b"}),
		saved(f, small(2, autograd.Float64), nil),
		file("{}", ""),
		file(`{"__metadata__":{"":""},"0.weight":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]}}`, strings.Repeat("x", 24)),
		file(`{"a":{"dtype":"F64","shape":[0,18446744073709551615],"data_offsets":[0,0]}}`, ""),
		file(`{"a":{"dtype":"BF16","shape":[],"data_offsets":[0,2]}, "b":{"dtype":"I8","shape":[1],"data_offsets":[2,3]}}  `, "abc"),
	} {
		size := 8 + binary.LittleEndian.Uint64(seed)
		f.Add(int64(0), seed[8:size], seed[size:])
		f.Add(int64(-1), seed[8:size], seed[size:])
		f.Add(int64(1), seed[8:size], seed[size:])
		f.Add(int64(0), seed[8:size], append(seed[size:], 0))
	}
	f.Fuzz(func(t *testing.T, off int64, header, data []byte) {
		file := binary.LittleEndian.AppendUint64(nil, uint64(int64(len(header))+off))
		file = append(append(file, header...), data...)
		loaded := model()
		if err := nn.Load(bytes.NewReader(file), loaded, nn.LoadConfig{Convert: true}); err != nil {
			if diff := cmp.Diff(bitsOf(model()), bitsOf(loaded)); diff != "" {
				t.Fatalf("%v, and yet the model was changed:\n%s", err, diff)
			}
			if strings.Contains(err.Error(), "%!") {
				t.Fatalf("the error is %q", err)
			}
			return
		}
		again := model()
		if err := nn.Load(bytes.NewReader(saved(t, loaded, nil)), again, nn.LoadConfig{}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(bitsOf(loaded), bitsOf(again)); diff != "" {
			t.Fatalf("(-loaded +saved and loaded):\n%s", diff)
		}
	})
}
