package torchfile_test

import (
	"archive/zip"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/chainrule-go/chainrule/autograd"
	"github.com/chainrule-go/chainrule/internal/models"
	"github.com/chainrule-go/chainrule/nn"
	"github.com/chainrule-go/chainrule/nn/torchfile"
)

// opened opens a file in memory.
func opened(content []byte, options torchfile.Options) (*torchfile.File, error) {
	return torchfile.New(bytes.NewReader(content), int64(len(content)), options)
}

// bitsOf is all parameters, buffers and counters of a model.
func bitsOf(model nn.Module) map[string][]uint64 {
	bits := map[string][]uint64{}
	for name, part := range nn.Walk(model) {
		v := part.Param
		if (part.Buffer != autograd.Variable{}) {
			v = part.Buffer
		}
		switch {
		case part.Counter != nil:
			bits[name] = []uint64{uint64(*part.Counter)}
		case v != autograd.Variable{}:
			for _, x := range v.Floats() {
				bits[name] = append(bits[name], math.Float64bits(x))
			}
		}
	}
	return bits
}

func newRand() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// Every file that torch.save wrote of a model gives the weights of model.safetensors, to the
// bit, and PyTorch's outputs.
func TestModels(t *testing.T) {
	for _, c := range models.Cases(t) {
		want := c.New(newRand())
		if err := nn.Load(c.Open(t, "model.safetensors"), want, nn.LoadConfig{}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"state_dict.pt", "checkpoint.pt", "legacy.pt"} {
			if !c.Has(name) {
				continue
			}
			t.Run(c.Name+"/"+name, func(t *testing.T) {
				content := c.Open(t, name)
				f, err := torchfile.New(content, content.Size(), torchfile.Options{})
				if err != nil {
					t.Fatal(err)
				}
				model := c.New(newRand())
				if err := nn.LoadWeights(f, model, nn.LoadConfig{}); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(bitsOf(want), bitsOf(model)); diff != "" {
					t.Errorf("(-model.safetensors +%s):\n%s", name, diff)
				}
				y := models.Run(autograd.NewTape(autograd.TapeConfig{NoGrad: true}), model, c.Input)
				c.CheckOutput(t, y.Shape(), y.Floats())
			})
		}
	}
}

type described struct {
	Name, DType string
	Shape       []int
	Values      []float64
}

// Tensors of all types, and parts of others in any order, are what PyTorch says they are.
func TestTensors(t *testing.T) {
	text, err := os.ReadFile("testdata/state.json")
	if err != nil {
		t.Fatal(err)
	}
	var want []described
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		file    string
		options torchfile.Options
	}{
		{"state.pt", torchfile.Options{}},
		{"legacy.pt", torchfile.Options{}},
		{"checkpoint.pt", torchfile.Options{}},
		{"protocol4.pt", torchfile.Options{}},
		{"protocol4.pt", torchfile.Options{Key: []string{"state_dict"}}},
		{"namespace.pt", torchfile.Options{Opaque: []string{"argparse.*"}}},
	} {
		t.Run(test.file, func(t *testing.T) {
			f, err := torchfile.Open(filepath.Join("testdata", test.file), test.options)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			var got []described
			for _, info := range f.Tensors() {
				if info.Name == "long" {
					// 2⁴⁰ and −1 are float64 exactly, which is what is compared below.
					if info.DType != "I64" {
						t.Errorf("long is %s", info.DType)
					}
				}
				v, err := nn.ReadTensor(f, info.Name)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, described{info.Name, info.DType, info.Shape, append([]float64{}, v.Floats()...)})
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-PyTorch +read):\n%s", diff)
			}
		})
	}
}

// Elements can be read in pieces of any size.
func TestReadInPieces(t *testing.T) {
	f, err := torchfile.Open("testdata/state.pt", torchfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for i, info := range f.Tensors() {
		r, err := f.Open(i)
		if err != nil {
			t.Fatal(err)
		}
		whole, err := io.ReadAll(r)
		r.Close()
		if err != nil {
			t.Fatal(err)
		}
		for piece := 1; piece < 12; piece++ {
			r, err := f.Open(i)
			if err != nil {
				t.Fatal(err)
			}
			var got []byte
			for {
				p := make([]byte, piece)
				n, err := r.Read(p)
				got = append(got, p[:n]...)
				if err != nil {
					break
				}
			}
			r.Close()
			if !bytes.Equal(whole, got) {
				t.Fatalf("%s in pieces of %d: % x, want % x", info.Name, piece, got, whole)
			}
		}
	}
}

func TestRefuses(t *testing.T) {
	file := func(name string) []byte {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		return content
	}
	const empty = "\x80\x02}q\x00."
	const dict = "\x80\x02}("
	tensor := func(storage, offset, sizes, strides string) string {
		return dict + "X\x01\x00\x00\x00w" + "ctorch._utils\n_rebuild_tensor_v2\n((" + storage + "tQ" + offset + sizes + strides + "tRu."
	}
	const float4 = "X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04"
	good := tensor(float4, "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86")
	if _, err := opened(pickled(t, good), torchfile.Options{}); err != nil {
		t.Fatalf("what is right: %v", err)
	}
	for _, test := range []struct {
		name    string
		content []byte
		options torchfile.Options
		says    string
	}{
		{"nothing", nil, torchfile.Options{}, "at byte 0: expected a file of torch.save"},
		{"text", []byte("weights\n"), torchfile.Options{}, "at byte 0: expected a file of torch.save"},
		{"another pickle", []byte(empty), torchfile.Options{}, "at byte 0: expected a file of torch.save"},
		{"another archive", archived(t, map[string]string{"x": ""}, zip.Store), torchfile.Options{}, "the archive has no data.pkl"},
		{"a whole model", file("module.pt"), torchfile.Options{}, `the pickle names "torch.nn.modules.linear.Linear", which is none of the globals of state_dicts: it is refused`},
		{"TorchScript", file("script.pt"), torchfile.Options{}, "a program of TorchScript"},
		{"a class of Python", file("namespace.pt"), torchfile.Options{}, `the pickle names "argparse.Namespace"`},
		{"no such key", file("checkpoint.pt"), torchfile.Options{Key: []string{"net"}}, `there is no dict under the key "net": the keys are ["epoch" "best"`},
		{"a key of no dict", file("checkpoint.pt"), torchfile.Options{Key: []string{"epoch"}}, `there is no dict under the key "epoch"`},
		{"no tensors", pickled(t, empty), torchfile.Options{}, "the keys are []"},
		{"a bad pattern", pickled(t, empty), torchfile.Options{Opaque: []string{"["}}, `Opaque: "[" is no pattern`},
		{"compressed", archived(t, map[string]string{"a/data.pkl": empty}, zip.Deflate), torchfile.Options{}, `"a/data.pkl" is compressed`},
		{"big-endian", archived(t, map[string]string{"a/data.pkl": empty, "a/byteorder": "big"}, zip.Store), torchfile.Options{}, `the byte order is "big"`},

		{"os.system", pickled(t, "\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R."), torchfile.Options{}, `the pickle names "posix.system"`},
		{"builtins.eval", pickled(t, "\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x010\x85R."), torchfile.Options{}, `the pickle names "builtins.eval"`},
		{"an opcode", pickled(t, "\x80\x02i"), torchfile.Options{}, "the opcode 0x69 is none that PyTorch's files have"},
		{"the last opcode", pickled(t, "\x80\x02\xff."), torchfile.Options{}, "the opcode 0xff"},
		{"protocol 9", pickled(t, "\x80\x09."), torchfile.Options{}, "pickle protocol 9: expected 2 to 5"},
		{"no end", pickled(t, "\x80\x02}"), torchfile.Options{}, "unexpected EOF"},
		{"nothing on the stack", pickled(t, "\x80\x02."), torchfile.Options{}, "nothing is on the stack"},
		{"below a mark", pickled(t, "\x80\x02}(s."), torchfile.Options{}, "nothing is on the stack"},
		{"no mark", pickled(t, "\x80\x02}u."), torchfile.Options{}, "there is no mark"},
		{"a huge text", pickled(t, "\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\x7f."), torchfile.Options{}, "expected 9223372036854775807 bytes"},
		{"a huge integer", pickled(t, "\x80\x02\x8b\xff\xff\xff\xff."), torchfile.Options{}, "expected 4294967295 bytes"},
		{"a memo of nothing", pickled(t, "\x80\x02h\x07."), torchfile.Options{}, "nothing is kept under the number 7"},
		{"half a pair", pickled(t, "\x80\x02}(K\x01u."), torchfile.Options{}, "a key has no value"},
		{"a call of a text", pickled(t, "\x80\x02U\x01a)R."), torchfile.Options{}, `"a" cannot be called`},
		{"a call of a class of storages", pickled(t, "\x80\x02ctorch\nFloatStorage\n)R."), torchfile.Options{}, "torch.FloatStorage cannot be called"},
		{"arguments that are no tuple", pickled(t, "\x80\x02ccollections\nOrderedDict\n}R."), torchfile.Options{}, "expected a tuple of arguments, got a dict"},
		{"a list", pickled(t, "\x80\x02]."), torchfile.Options{}, "expected a dict of tensors, got a list"},
		{"copies", pickled(t, "\x80\x02}("+strings.Repeat("K\x01K\x02", 1000)+"uq\x01"+strings.Repeat("0ccollections\nCounter\nh\x01\x85R", 30)+"."), torchfile.Options{}, "more values copied than it has bytes"},

		{"no such storage", pickled(t, tensor(strings.Replace(float4, "\x000X", "\x001X", 1), "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86")), torchfile.Options{}, `no storage "1"`},
		{"a storage of another size", pickled(t, tensor(strings.Replace(float4, "K\x04", "K\x05", 1), "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86")), torchfile.Options{}, "has 16 bytes, expected 20"},
		{"a storage of another type", pickled(t, tensor(strings.Replace(float4, "Float", "Double", 1), "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86")), torchfile.Options{}, "has 16 bytes, expected 32"},
		{"a negative storage", pickled(t, tensor(strings.Replace(float4, "K\x04", "J\xff\xff\xff\xff", 1), "K\x00", "K\x02K\x02\x86", "K\x02K\x01\x86")), torchfile.Options{}, "expected the number of elements of a storage, got -1"},
		{"an offset behind", pickled(t, tensor(float4, "K\x01", "K\x02K\x02\x86", "K\x02K\x01\x86")), torchfile.Options{}, "the last element is number 4 of a storage of 4"},
		{"a negative offset", pickled(t, tensor(float4, "J\xff\xff\xff\xff", "K\x02K\x02\x86", "K\x02K\x01\x86")), torchfile.Options{}, "expected an offset, got -1"},
		{"a large stride", pickled(t, tensor(float4, "K\x00", "K\x02K\x02\x86", "K\x03K\x01\x86")), torchfile.Options{}, "the last element is number 4"},
		{"a negative stride", pickled(t, tensor(float4, "K\x00", "K\x02K\x02\x86", "J\xff\xff\xff\xffK\x01\x86")), torchfile.Options{}, "expected strides: got -1"},
		{"a stride too few", pickled(t, tensor(float4, "K\x00", "K\x02K\x02\x86", "K\x01\x85")), torchfile.Options{}, "2 sizes and 1 strides"},
		{"strides that overflow", pickled(t, tensor(float4, "K\x00", "K\x02K\x03\x86", "K\x01\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f\x86")), torchfile.Options{}, "are too large"},
		{"sizes that overflow", pickled(t, tensor(float4, "K\x00", "J\xff\xff\xff\x7fJ\xff\xff\xff\x7f\x86", "K\x00K\x00\x86")), torchfile.Options{}, "is too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := opened(test.content, test.options)
			if err == nil || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, expected %q", err, test.says)
			}
			var format *nn.FormatError
			if !errors.As(err, &format) && test.name != "a bad pattern" {
				t.Errorf("the error is a %T", err)
			}
		})
	}
}

// archived is an archive of files.
func archived(t testing.TB, files map[string]string, method uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	archive := zip.NewWriter(&b)
	for name, content := range files {
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: method})
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, content)
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// pickled is a file of a pickle with a storage of 16 bytes.
func pickled(t testing.TB, pickle string) []byte {
	t.Helper()
	return archived(t, map[string]string{"a/data.pkl": pickle, "a/data/0": strings.Repeat("\x00\x00\x80\x3f", 4)}, zip.Store)
}

// A tensor of one element that is said to be there 2⁴⁰ times takes no memory.
func TestExpandedTakesNoMemory(t *testing.T) {
	pickle := "\x80\x02}(X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00" +
		"J\x00\x00\x10\x00J\x00\x00\x10\x00\x86" + "K\x00K\x00\x86" + "tRu."
	f, err := opened(pickled(t, pickle), torchfile.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]nn.TensorInfo{{Name: "w", DType: "F32", Shape: []int{1 << 20, 1 << 20}}}, f.Tensors()); diff != "" {
		t.Fatal(diff)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r, err := f.Open(0)
	if err != nil {
		t.Fatal(err)
	}
	p := make([]byte, 1<<12)
	if _, err := io.ReadFull(r, p); err != nil || binary.LittleEndian.Uint32(p[1<<12-4:]) != 0x3f800000 {
		t.Errorf("%v: % x", err, p)
	}
	runtime.ReadMemStats(&after)
	if used := after.TotalAlloc - before.TotalAlloc; used > 1<<20 {
		t.Errorf("%d bytes were allocated", used)
	}
	if err := nn.LoadWeights(f, nn.NewLinear(newRand(), 1, 1, nn.LinearConfig{NoBias: true}), nn.LoadConfig{}); err == nil {
		t.Error("it is loaded")
	}
}

// Files cut off anywhere and files with any byte changed are refused, or loaded as they were:
// ZIP archives have checksums of all that counts.
func TestDamaged(t *testing.T) {
	for _, c := range models.Cases(t) {
		if c.Name != "autoencoder" {
			continue
		}
		whole, err := fs.ReadFile(c.Files, "state_dict.pt")
		if err != nil {
			t.Fatal(err)
		}
		load := func(content []byte) (nn.Module, error) {
			model := c.New(newRand())
			f, err := opened(content, torchfile.Options{})
			if err == nil {
				err = nn.LoadWeights(f, model, nn.LoadConfig{})
			}
			return model, err
		}
		model, err := load(whole)
		if err != nil {
			t.Fatal(err)
		}
		want, fresh := bitsOf(model), bitsOf(c.New(newRand()))
		step := 1
		if testing.Short() {
			step = 7 // which meets all bits
		}
		for i := 0; i < len(whole); i += step {
			if cut, err := load(whole[:i]); err == nil || !cmp.Equal(fresh, bitsOf(cut)) {
				t.Fatalf("cut off after %d bytes: %v", i, err)
			}
			damaged := bytes.Clone(whole)
			damaged[i] ^= 1 << (i % 8)
			if got, err := load(damaged); err == nil && !cmp.Equal(want, bitsOf(got)) || err != nil && !cmp.Equal(fresh, bitsOf(got)) {
				t.Fatalf("byte %d: error %v, and the weights are others", i, err)
			}
		}
		return
	}
}

// Legacy files have no checksums: those cut off are refused.
func TestLegacyCutOff(t *testing.T) {
	whole, err := os.ReadFile("testdata/legacy.pt")
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		_, err := opened(whole[:i], torchfile.Options{})
		var format *nn.FormatError
		if !errors.As(err, &format) {
			t.Fatalf("cut off after %d bytes: %v", i, err)
		}
	}
	if _, err := opened(append(whole, 0), torchfile.Options{}); err == nil || !strings.Contains(err.Error(), "nothing after the last storage") {
		t.Errorf("got %v", err)
	}
}

func TestErrorsNameTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.pt")
	if _, err := torchfile.Open(path, torchfile.Options{}); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("got %v", err)
	}
	if err := os.WriteFile(path, pickled(t, "\x80\x02cposix\nsystem\n."), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := torchfile.Open(path, torchfile.Options{}); err == nil || !strings.Contains(err.Error(), path+": at byte ") {
		t.Errorf("got %v", err)
	}
	if _, err := torchfile.Open(filepath.Dir(path), torchfile.Options{}); err == nil || !strings.Contains(err.Error(), "is no regular file") {
		t.Errorf("got %v", err)
	}
	model := nn.NewLinear(newRand(), 1, 1, nn.LinearConfig{})
	err := torchfile.LoadFile("testdata/state.pt", model, torchfile.Options{}, nn.LoadConfig{})
	var mismatch *nn.MismatchError
	if !errors.As(err, &mismatch) || mismatch.File != "testdata/state.pt" || !strings.Contains(err.Error(), "missing: weight, bias; unexpected: whole") {
		t.Errorf("got %v", err)
	}
}

// FuzzOpen opens files and reads their tensors.
func FuzzOpen(f *testing.F) {
	names, err := filepath.Glob("testdata/*.pt")
	if err != nil || len(names) == 0 {
		f.Fatal(err, names)
	}
	for _, name := range names {
		content, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(content)
	}
	f.Fuzz(func(t *testing.T, content []byte) { openAll(t, content) })
}

// FuzzPickle runs pickles that lie in an archive.
func FuzzPickle(f *testing.F) {
	for _, name := range []string{"state.pt", "checkpoint.pt", "protocol4.pt", "namespace.pt"} {
		z, err := zip.OpenReader(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		for _, entry := range z.File {
			if strings.HasSuffix(entry.Name, "/data.pkl") {
				r, err := entry.Open()
				if err != nil {
					f.Fatal(err)
				}
				pickle, err := io.ReadAll(r)
				if err != nil {
					f.Fatal(err)
				}
				f.Add(string(pickle))
			}
		}
		z.Close()
	}
	f.Add("\x80\x02}(X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQK\x00K\x02K\x02\x86K\x02K\x01\x86tRu.")
	f.Fuzz(func(t *testing.T, pickle string) { openAll(t, pickled(t, pickle)) })
}

func openAll(t *testing.T, content []byte) {
	f, err := opened(content, torchfile.Options{})
	if err != nil {
		if strings.Contains(err.Error(), "%!") && !bytes.Contains(content, []byte("%!")) {
			t.Fatalf("the error is %q", err)
		}
		return
	}
	for i, info := range f.Tensors() {
		f.Place(i)
		r, err := f.Open(i)
		if err != nil {
			continue
		}
		n, err := io.Copy(io.Discard, io.LimitReader(r, 1<<16))
		r.Close()
		if err == nil && n < 1<<16 {
			want := int64(1)
			for _, size := range info.Shape {
				want *= int64(size)
			}
			if want > n {
				t.Fatalf("%v has %d bytes", info, n)
			}
		}
	}
}
